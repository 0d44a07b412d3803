"""A change in few words: a row of the table of a plan (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change

PLAN_COLUMNS = ("action", "kind", "node", "resource", "before", "after", "reason")


def plan_row(change: Change) -> tuple[str, ...]:
    """Return a change as people should see it, in `PLAN_COLUMNS`."""
    state = [_state(change.kind, side) for side in (change.before, change.after)]
    unlike = change.kind == "route" and change.before != change.after
    if unlike and state[0] == state[1]:  # what differs is what the short form leaves out
        state = [f"{side['destination']} via {side['next_hop']}" for side in (change.before, change.after)]
    return (change.action, change.kind, change.node, short_name(change), *state, change.reason)


def short_name(change: Change) -> str:
    """Return the resource's name, without the path before it; a route's is whole, a subnet's has its network's."""
    parts = change.resource.split("/")
    return "/".join(parts[-_PARTS[change.kind] :]) if change.kind in _PARTS else change.resource


def _state(kind: str, side: Mapping[str, object]) -> str:
    """Return one side of a change in a few words."""
    if not side:
        return "—"
    if kind == "forwarding":
        return _on(side)
    if kind in _STATES:
        return _STATES[kind](side)
    if kind in ("claim", "mark"):
        return _marks(side)
    return f"{side['destination']} via {str(side['next_hop']).rpartition('/')[2]}"


def _marks(marks: object) -> str:
    return "; ".join(f"{name}={text}" for name, text in marks.items()) if isinstance(marks, Mapping) else ""


def _joined(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else ""


def _on(side: Mapping[str, object]) -> str:
    return "on" if side["forwarding"] else "off"


_PARTS = {"forwarding": 1, "filter": 1, "template": 1, "table": 2, "claim": 2, "mark": 2, "association": 2}
"""So many parts of a resource's id say which one it is, in a table of one network."""
_STATES: dict[str, Callable[[Mapping[str, object]], str]] = {
    "template": _on,
    "table": lambda side: f"in {side['location']}, {_marks(side['marks'])}",
    "association": lambda side: str(side["table"]).rpartition("/")[2] or "no table",
    "filter": lambda side: f"from {_joined(side['sources'])}",
}
