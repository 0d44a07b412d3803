"""What tests of the journal write into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from l2bridge_helpers.changes import Change
from l2bridge_helpers.journal_records import JournalRun

RUN = JournalRun(
    run="20261124T120000Z-lab-gce",
    cluster="lab",
    platform="gce",
    network="projects/lab/global/networks/nodes",
    plan_hash="0123456789abcdef",
    user="alice@desk-7",
    identity="alice@example.com",
    started="2026-11-24T12:00:00+00:00",
    parameters={"project": "lab", "network": "", "open_firewall": False},
    nodes=[{"nodeName": "node-1", "nodeIP": "10.0.0.1", "routeDestination": None}],
)
ROUTE = Change(
    action="create",
    kind="route",
    resource="l2b-lab-1",
    node="node-1",
    before={},
    after={"destination": "10.244.1.0/24", "nextHop": "instance-1", "priority": 1000},
    reason="no route leads to this node's pods",
    command="gcloud compute routes create …",
)


def a_run(run: str = RUN.run, **changed: Any) -> JournalRun:
    """Return a run of this name."""
    return replace(RUN, run=run, **changed)


def a_change(number: int, **changed: Any) -> Change:
    """Return the route of the node with this number."""
    return replace(ROUTE, resource=f"l2b-lab-{number}", **{"node": f"node-{number}", **changed})
