"""The steps of the runbooks as their cells make them, without Jupyter and without pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from l2bridge_helpers import check, foresee, list_nodes, plan, prove, reach
from l2bridge_helpers.run import Run, start
from l2bridge_helpers.undo_choice import UNDO
from l2bridge_helpers.undoing import UndoRun
from l2bridge_helpers.undoing import start as start_undo

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.base import Cloud

Parameters = dict[str, Any]
PATIENCE = 5.0
"""Seconds in which a fresh read may still show old values: a lab that says nothing else lags in no read."""


def make_run(platform: str, parameters: Parameters, *, lanes: int = 0) -> Run:
    """Make one run of a platform's runbook.

    Args:
        platform: whose.
        parameters: the runbook's.
        lanes: so many changes may be under way at once; 0: as many as the platform bears.

    """
    run = start(platform, **parameters)
    _narrow(run.cloud, lanes)
    with run.step("Nodes") as step:
        nodes = list_nodes(run.kubeconfig, run.context)
        step.show(nodes)
    with run.step("Findings") as step:
        fabric = run.observe(nodes)
        findings = check(nodes, fabric, scope=run.scope, cluster=run.cluster)
        step.show(findings)
    with run.step("Reachability now") as step:
        step.show(reach(nodes, fabric, cluster=run.cluster))
    with run.step("Plan") as step:
        changes = plan(nodes, fabric, cluster=run.cluster, scope=run.scope)
        planned = reach(nodes, foresee(fabric, changes), cluster=run.cluster, moment="after the plan")
        step.show(changes)
        step.show(planned)
        run.check_plan_file(changes)
    with run.step("Apply") as step:
        results = run.apply(changes, findings, planned)
        step.show(results)
    with run.step("Verify") as step:
        step.show(prove(changes, results, run.cloud, nodes, fabric, patience=PATIENCE))
    run.finish()
    return run


def _narrow(cloud: Cloud, lanes: int) -> None:
    if lanes:
        cloud.pace._limits = replace(cloud.pace._limits, lanes=lanes)


def make_undo(run: str, parameters: Parameters, *, lanes: int = 0) -> UndoRun:
    """Put back what a run did, as the cells of undo.ipynb do it.

    Args:
        run: its name; empty: the cluster's last one that is no undo.
        parameters: as that run had them.
        lanes: so many changes may be under way at once; 0: as many as the platform bears.

    """
    names = {parameter.name for parameter in UNDO}
    undoing = start_undo(**{name: value for name, value in parameters.items() if name in names}, run=run)
    _narrow(undoing.cloud, lanes)
    with undoing.step("Changes") as step:
        step.show(undoing.recorded)
    with undoing.step("Plan") as step:
        changes = undoing.plan()
        step.show(changes)
        foreseen = foresee(undoing.seen, changes)
        step.show(reach(undoing.nodes, foreseen, cluster=undoing.cluster, moment="after the plan"))
    with undoing.step("Apply") as step:
        results = undoing.put_back(changes)
        step.show(results)
    with undoing.step("Verify") as step:
        step.show(undoing.prove(changes, results, patience=PATIENCE))
    undoing.finish()
    return undoing
