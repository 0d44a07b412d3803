"""A plan in a sentence (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Action, Plan

_PUT_BACK: Mapping[Action, str] = {"create": "make again", "update": "lead back", "delete": "delete"}
"""What an undo does to a route or a table, by the row's action."""
_SWITCHES = ((False, "off"), (True, "on"))


def summary(plan: Plan) -> str:
    """Return what a plan changes: `enable forwarding on 6 instances, add 6 routes, …`; an undo only what it does."""
    return _undo(plan) if plan.undoes else _wanted(plan)


def _wanted(plan: Plan) -> str:
    counts = Counter((change.kind, change.action) for change in plan)
    parts = [f"enable forwarding on {_count(counts['forwarding', 'update'], _unit(plan))}"] if plan.forwarding else []
    if plan.routes:
        parts.append(f"add {_count(counts['route', 'create'], 'route')}")
        parts.append(f"replace {counts['route', 'update'] or 'none'}, delete {counts['route', 'delete'] or 'none'}")
    made, given = counts["table", "create"], counts["association", "update"]
    parts += [f"make {_count(made, 'route table')}"] if made else []
    parts += [f"give {_count(given, 'subnet')} a route table"] if given else []
    parts += _filters(plan)
    templates = counts["template", "update"]
    parts += [f"change {_count(templates, 'template')}"] if templates else []
    marked = {row.resource for row in plan if row.kind in ("claim", "mark") and row.writes}
    parts += [f"mark {_count(len(marked), 'route table')}"] if marked else []
    sentence = ", ".join(parts) or "nothing to change: here is no cloud whose network has to be told"
    return sentence + (f"; {_count(len(plan.conflicts), 'conflict')} in the way" if plan.conflicts else "")


def _undo(plan: Plan) -> str:
    parts = [*_switched(plan, "forwarding", "on", _unit(plan)), *_switched(plan, "template", "in", "template")]
    counts = Counter((row.kind, row.action) for row in plan.writes)
    for kind, what in (("route", "route"), ("table", "route table")):
        parts += [(counts[kind, action], verb, what) for action, verb in _PUT_BACK.items()]
    given = Counter(bool(row.after.get("table")) for row in plan.writes if row.kind == "association")
    parts += [(given[False], "take the route table off", "subnet"), (given[True], "give a route table to", "subnet")]
    marked = {row.resource for row in plan.writes if row.kind in ("claim", "mark")}
    parts.append((len(marked), "change the marks of", "route table"))
    told = [f"{verb} {_count(number, what)}" for number, verb, what in parts if number]
    sentence = ", ".join([*told, *_filters(plan)]) or "nothing to put back"
    return sentence + (f"; {_count(len(plan.conflicts), 'row')} changed by others since" if plan.conflicts else "")


def _switched(plan: Plan, kind: str, where: str, what: str) -> Iterator[tuple[int, str, str]]:
    """Give how many are switched off, and on."""
    rows = Counter(bool(row.after.get("forwarding")) for row in plan.writes if row.kind == kind)
    return ((rows[on], f"turn forwarding {switch} {where}", what) for on, switch in _SWITCHES)


def _filters(plan: Plan) -> list[str]:
    """Return what is opened and closed: `open 1 firewall rule to the pod CIDRs`."""
    rows = [change for change in plan.writes if change.kind == "filter"]
    told = []
    for verb, some in (("open", True), ("close", False)):
        sides = [row.after or row.before for row in rows if bool(row.after) is some]
        lists = {(one["list"], one["name"] if one["kind"] == FIREWALL else "") for one in sides}
        whole = verb == "open" and any(one["kind"] == FIREWALL for one in sides)
        where = f" on every machine of network {plan.network.rpartition('/')[2]}" if whole else ""
        told += [f"{verb} {_count(len(lists), sides[0]['kind'])} to the pod CIDRs{where}"] if lists else []
    return told


def _unit(plan: Plan) -> str:
    return "NIC" if dialect_of(plan.platform).forwarding_per_nic else "instance"


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
