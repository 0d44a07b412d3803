"""Reviews on the lab, and hands that click."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from l2bridge_helpers import check, foresee, list_nodes, plan, reach
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.proposal import Proposal
from l2bridge_helpers.run import start
from l2bridge_helpers.widgets.review import Review

_PATIENCE = 60.0


def reviewed(lab: Lab, runs: Path, **changed: Any) -> Proposal:
    """Return what a run of the platform's runbook proposes."""
    run = start(lab.platform, **{**lab.parameters, "runs": str(runs), **changed})
    nodes = list_nodes(run.kubeconfig, run.context)
    with run.step("Plan") as step:
        fabric = run.observe(nodes)
        findings = check(nodes, fabric, scope=run.scope, cluster=run.cluster)
        step.show(findings)
        step.show(reach(nodes, fabric, cluster=run.cluster))
        changes = plan(nodes, fabric, cluster=run.cluster, scope=run.scope)
        step.show(changes)
        planned = reach(nodes, foresee(fabric, changes), cluster=run.cluster, moment="after the plan")
        step.show(planned)
    return run.propose(changes, planned, findings)


def wait_for(review: Review) -> None:
    """Wait until the run that the button began has ended."""
    end = time.monotonic() + _PATIENCE
    while review.state == "running":
        assert time.monotonic() < end, "the run that applies did not end"
        time.sleep(0.02)
