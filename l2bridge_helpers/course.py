"""A whole runbook, its steps one after the other: what a click runs beside the cells.

The steps are those of the notebook's cells, in their order, and call what these call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.checks import check
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.pictures import matrix, topology
from l2bridge_helpers.plan import plan
from l2bridge_helpers.prove import prove
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import PLANNED

if TYPE_CHECKING:
    from l2bridge_helpers.run import Run
    from l2bridge_helpers.undoing import UndoRun


def carry_out(run: Run) -> None:
    """Run all steps of a platform's runbook, up to the files that it leaves.

    Raises:
        L2BridgeError: as the step does that raises it; `Run.finish` says what the run came to.

    """
    with run.step("Target") as step:
        step.show(run.target())
    with run.step("Nodes") as step:
        nodes = list_nodes(run.kubeconfig, run.context)
        step.show(nodes)
    with run.step("Findings") as step:
        fabric = run.observe(nodes)
        findings = check(nodes, fabric, scope=run.scope, cluster=run.cluster)
        step.show(findings)
    with run.step("Reachability now") as step:
        now = reach(nodes, fabric, cluster=run.cluster)
        step.show(now)
        step.show(topology(nodes, fabric, now))
        step.show(matrix(now))
    with run.step("Plan") as step:
        changes = plan(nodes, fabric, cluster=run.cluster, scope=run.scope)
        planned = reach(nodes, foresee(fabric, changes), cluster=run.cluster, moment=PLANNED)
        step.show(changes)
        run.check_plan_file(changes)
        step.show(planned)
    with run.step("Apply") as step:
        results = run.apply(changes, findings, planned)
        step.show(results)
    with run.step("Verify") as step:
        step.show(prove(changes, results, run.cloud, nodes, fabric))
    with run.step("Undo") as step:
        step.show(run.undo())
    run.finish()


def put_back(run: UndoRun) -> None:
    """Run all steps of an undo, up to the files that it leaves.

    Raises:
        L2BridgeError: as the step does that raises it; `Run.finish` says what the run came to.

    """
    with run.step("Target") as step:
        step.show(run.target())
    with run.step("Changes") as step:
        step.show(run.recorded)
    with run.step("Plan") as step:
        changes = run.plan()
        planned = reach(run.nodes, foresee(run.seen, changes), cluster=run.cluster, moment=PLANNED)
        step.show(changes)
        run.check_plan_file(changes)
        step.show(planned)
    with run.step("Apply") as step:
        results = run.put_back(changes)
        step.show(results)
    with run.step("Verify") as step:
        step.show(run.prove(changes, results))
    with run.step("Undo") as step:
        step.show(run.undo())
    run.finish()
