"""After `apply`: read again until the cloud shows what was asked for, or time is up."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from l2bridge_helpers.check_segment import prove_segment
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.in_force import prove_in_force
from l2bridge_helpers.proof import Check, Proof
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import APPLIED
from l2bridge_helpers.verify import verify

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.result import Reachability
    from l2bridge_helpers.results import Results

PATIENCE = 30.0
"""Seconds that the cloud may take to show what it has accepted: its route states follow writes with a delay."""
PAUSE = 2.0
"""Seconds between two looks."""
_FEW = 3


def is_read_already(changes: Plan, results: Results) -> bool:
    """Return whether the read that the plan was made from still is fresh: neither we nor others have applied it."""
    return not results.sent and bool(results.items or not changes.writes)


def standing(changes: Plan) -> Plan:
    """Return the rows of a plan that need no change: what can be judged when nothing was sent."""
    return replace(changes, changes=tuple(change for change in changes if change.action == "none"))


def _reaches(wanted: Reachability, found: Reachability) -> Check:
    """Return whether every pair of nodes reaches each other that the plan leads to it."""
    worse = found.worse_than(wanted)
    if not worse:
        if found.failing:
            return Check("note", "reachability", "", "every pair reaches", found.why())
        return Check("ok", "reachability", "", wanted.summary(), found.summary())
    pairs = ", ".join(f"{sender} to {receiver}" for sender, receiver in worse[:_FEW])
    more = f" and {len(worse) - _FEW} more" if len(worse) > _FEW else ""
    return Check("wrong", "reachability", "", wanted.summary(), f"not {pairs}{more}; {found.why()}")


def prove(
    changes: Plan, results: Results, cloud: Cloud, nodes: pd.DataFrame, before: Fabric, *, patience: float = PATIENCE
) -> Proof:
    """Return what stands now.

    When something was sent, or another apply had made all of it, a fresh read is compared with the whole plan. When
    nothing was, the read at hand is fresh, and only the rows that need no change are judged.

    Args:
        changes: the plan.
        results: what `apply` returned.
        cloud: where.
        nodes: as `list_nodes` returned them.
        before: what the plan was made from.
        patience: seconds to wait for what is not yet to be seen; four times as long for routes to become effective.

    Raises:
        CloudError: the state cannot be read.

    """
    if is_read_already(changes, results):
        stands = standing(changes)
        more = [*prove_segment(nodes, before, routes=changes.routes)]
        if any(change.kind == "route" for change in stands):
            more += prove_in_force(stands, before, cloud.in_force(nodes, before))
        return Proof.of([*verify(stands, before, before), *more])
    deadline, more_patience = time.monotonic() + patience, 3 * patience
    based_on = results.based_on
    while True:
        after = cloud.observe(nodes)
        proof = verify(changes, before, after, based_on)
        effective = prove_in_force(changes, after, cloud.in_force(nodes, after))
        ineffective = any(check.verdict == "wrong" for check in effective)
        end = deadline + (more_patience if ineffective and not proof.wrong else 0.0)
        if not (proof.wrong or ineffective) or results.failed or time.monotonic() >= end:
            segments = prove_segment(nodes, after, routes=changes.routes)
            found = reach(nodes, after, cluster=changes.cluster, moment=APPLIED)
            reaches = _reaches(reach(nodes, foresee(before, changes)), found)
            return Proof.of([*proof, *effective, *segments, reaches], after, found)
        time.sleep(PAUSE)
