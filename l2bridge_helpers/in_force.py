"""Whether the routes that interfaces really use are the plan's (pure): what was written need not be effective."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import is_kept
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.proof import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.observed import InForce


def prove_in_force(changes: Plan, fabric: Fabric, seen: Iterable[InForce]) -> list[Check]:
    """Return one check for each interface that was asked.

    Its routes have to lead every pod CIDR where the plan leads it in its subnet's table. What could not be asked is a
    note.
    """
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for row in changes:
        if row.kind == "route" and row.after and row.action not in ("conflict", "delete") and not is_kept(row):
            wanted[row.after["table"]][row.after["destination"]] = row.after["next_hop"]
    tables = {subnet.id: subnet.table for subnet in fabric.subnets}
    return [_check(one, wanted[tables.get(one.subnet, "")]) for one in seen]


def _check(seen: InForce, wanted: dict[str, str]) -> Check:
    count = "1 route" if len(wanted) == 1 else f"{len(wanted)} routes"
    asked = f"{count} to pods in force"
    if seen.problem:
        return Check("note", seen.nic, "", asked, seen.problem)
    missing = [cidr for cidr, hop in wanted.items() if seen.routes.get(cidr) != hop]
    if not missing:
        return Check("ok", seen.nic, "", asked, f"{count} effective")
    return Check("wrong", seen.nic, "", asked, f"not effective: {names_of(missing)}")
