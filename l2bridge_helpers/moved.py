"""What has moved between a saved plan and one that is made anew from the world as it is (pure)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.printable import printable

_WAS = {
    "create": "was to be made",
    "update": "was to be changed",
    "delete": "was to be deleted",
    "none": "was to stay as it is",
    "conflict": "was in conflict",
}
_IS = {
    "create": "is to be made now",
    "update": "is to be changed now",
    "delete": "is to be deleted now",
    "none": "is to stay as it is now",
    "conflict": "is in conflict now",
}
_DONE = {"create": "is there now", "update": "is as it should be now"}
"""What a row that is to stay says of what was to be done."""
_PLAIN = tuple(field.name for field in fields(Plan) if field.name != "changes")
_SAME = ("action", "kind", "resource", "node", "before", "after")
"""What makes two writes the same: not the reason, nor the command, which say the same in other words."""
_LONGEST = 80


def moved(saved: Plan, fresh: Plan) -> list[str]:
    """Return a sentence for each row that differs; empty if and only if the two plans have the same hash.

    Args:
        saved: the plan that was looked at.
        fresh: what the same parameters make of the world now.

    """
    if saved.hash == fresh.hash:
        return []
    told = [*_plain(saved, fresh), *_rows(saved, fresh)]
    return [printable(text) for text in told or ["the rows are the same, in another order"]]


def remaining(saved: Plan, fresh: Plan) -> Plan | None:
    """Return the fresh plan when it does nothing that the saved one would not: others have done a part meanwhile.

    None when a row that writes, or that is in conflict, is not one of the saved plan's, or when another network,
    cluster or scope is meant.
    """
    frame = [name for name in _PLAIN if name != "own_routes"]
    if any(_text(getattr(saved, name)) != _text(getattr(fresh, name)) for name in frame):
        return None
    known, found = (Counter(map(_identity, (*plan.writes, *plan.conflicts))) for plan in (saved, fresh))
    return fresh if found <= known else None


def _plain(saved: Plan, fresh: Plan) -> Iterator[str]:
    for name in _PLAIN:
        was, now = getattr(saved, name), getattr(fresh, name)
        if _text(was) != _text(now):
            yield f"the plan's {name} was {_short(was)} and is {_short(now)} now"


def _rows(saved: Plan, fresh: Plan) -> Iterator[str]:
    """Give the differences row by row, those of the saved plan first."""
    ones, others = _without(saved, fresh), _without(fresh, saved)
    left: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for change in others:
        left[_key(change)].append(change)
    for was in ones:
        same = left[_key(was)]
        yield f"{_named(was)} {_told(was, same.pop(0) if same else None)}"
    for new in others:
        if any(new is change for change in left[_key(new)]):
            yield f"{_named(new)} was not in the plan and {_is(new)}"


def _without(plan: Plan, other: Plan) -> list[Change]:
    """Return the rows of a plan that the other does not have just so."""
    known = Counter(_text(asdict(change)) for change in other)
    rows = []
    for change in plan:
        text = _text(asdict(change))
        if not known[text]:
            rows.append(change)
        known[text] -= known[text] > 0
    return rows


def _told(was: Change, now: Change | None) -> str:
    """Return what became of a row."""
    if now is None:
        gone = "is gone now" if was.action == "delete" else "is not asked for any more"
        return f"{_WAS[was.action]} and {gone}"
    if was.action != now.action:
        done = _DONE.get(was.action) if now.action == "none" else ""
        return f"{_WAS[was.action]} and {done or _is(now)}"
    differences = [*_differences("before", was.before, now.before), *_differences("after", was.after, now.after)]
    differences += [
        f"{name} was {_short(getattr(was, name))} and is {_short(getattr(now, name))} now"
        for name in ("reason", "command")
        if not differences and getattr(was, name) != getattr(now, name)
    ]
    return f"{_WAS[was.action]} and still is, but {', '.join(differences)}"


def _is(now: Change) -> str:
    return f"{_IS[now.action]} ({_short(now.reason)})" if now.action in ("none", "conflict") else _IS[now.action]


def _differences(side: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*was, *now}, key=str):
        one, other = (_short(part[name]) if name in part else "nothing" for part in (was, now))
        if name not in was or name not in now or _text(was[name]) != _text(now[name]):
            yield f"{side}: {name} was {one} and is {other} now"


def _named(change: Change) -> str:
    where = f"{change.node}: " if change.node else ""
    return f"{where}{change.kind} {change.resource}"


def _key(change: Change) -> tuple[str, str, str]:
    return change.kind, change.resource, change.node


def _identity(change: Change) -> str:
    return _text([getattr(change, name) for name in _SAME])


def _text(value: object) -> str:
    """Return a value as a plan's file has it, where tuples are lists."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def _short(value: object) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
