"""In which order the changes of an undo are made (pure).

The order follows from what a change does, not from whose it is: an undo of an undo leads forward again.

* Subnets lose their table before its routes go, and get one when its routes are there.
* What says that routes are ours stands before they come back, and goes after they are gone.
* Forwarding is on before a route leads there, and goes off after none does.
* A scale set's model changes before its instances follow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change

_ORDER = (
    ("association", False),
    ("claim", True),
    ("template", True),
    ("forwarding", True),
    ("filter", True),
    ("table", True),
    ("route", True),
    ("route", False),
    ("filter", False),
    ("mark", True),
    ("table", False),
    ("template", False),
    ("forwarding", False),
    ("association", True),
)
"""Kind of change, and whether it leads forward, in the order in which they are made."""
_PLACES = {step: place for place, step in enumerate(_ORDER)}


def leads_forward(change: Change) -> bool:
    """Return whether a change makes something that pods need, or turns it on; else it takes it away."""
    if change.kind in ("forwarding", "template"):
        return bool(change.after.get("forwarding"))
    if change.kind == "association":
        return bool(change.after.get("table"))
    return change.kind in ("claim", "mark") or change.action != "delete"


def undo_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes as they are made: conflicts stand first, to be seen; what stays as it is stands last."""
    outside = {"conflict": -1, "none": len(_ORDER)}
    return tuple(
        sorted(changes, key=lambda row: outside.get(row.action, _PLACES[row.kind, leads_forward(row)])),
    )
