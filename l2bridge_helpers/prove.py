"""After `apply`: read again until the cloud shows what was asked for, or time is up."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from l2bridge_helpers.check_segment import prove_segment
from l2bridge_helpers.verify import Proof, verify

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.results import Results

_PATIENCE = 30.0
"""Seconds that the cloud may take to show what it has accepted: its route states follow writes with a delay."""
_PAUSE = 2.0


def prove(
    changes: Plan, results: Results, cloud: Cloud, nodes: pd.DataFrame, before: Fabric, *, patience: float = _PATIENCE
) -> Proof:
    """Return what stands now.

    When something was sent, a fresh read is compared with the whole plan. When nothing was, the read at hand is
    fresh, and only the rows that need no change are judged.

    Args:
        changes: the plan.
        results: what `apply` returned.
        cloud: where.
        nodes: as `list_nodes` returned them.
        before: what the plan was made from.
        patience: seconds to wait for what is not yet to be seen.

    Raises:
        CloudError: the state cannot be read.

    """
    if not results.sent:
        standing = tuple(change for change in changes if change.action == "none")
        segments = prove_segment(nodes, before, routes=changes.routes)
        return Proof.of([*verify(replace(changes, changes=standing), before, before), *segments])
    deadline = time.monotonic() + patience
    based_on = {result.change.resource: result.based_on for result in results if result.based_on}
    while True:
        after = cloud.observe(nodes)
        proof = verify(changes, before, after, based_on)
        if not proof.wrong or results.failed or time.monotonic() >= deadline:
            return Proof.of([*proof, *prove_segment(nodes, after, routes=changes.routes)])
        time.sleep(_PAUSE)
