"""Plan + two reads -> Proof: the network is as the plan wanted it, and nothing else of it changed (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.nodes import parse_cidr

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route

Verdict = Literal["ok", "wrong", "note"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; the fields are the table's columns, in their order.

    Attributes:
        verdict: `ok`; `wrong`: fails the run; `note`: someone else's change, to be known.
        object: the route, instance or other resource.
        node: the node that it is for, where there is one.
        wanted: what should be there.
        found: what is there.

    """

    verdict: Verdict
    object: str
    node: str
    wanted: str
    found: str


COLUMNS = tuple(field.name for field in fields(Check))


@dataclass(frozen=True)
class Proof:
    """What a fresh read shows, the wrong things first."""

    items: tuple[Check, ...] = ()

    @classmethod
    def of(cls, checks: Iterable[Check]) -> Proof:
        """Collect and sort."""
        order = {"wrong": 0, "note": 1, "ok": 2}
        return cls(tuple(sorted(checks, key=lambda check: order[check.verdict])))

    def __iter__(self) -> Iterator[Check]:
        """Iterate, the wrong things first."""
        return iter(self.items)

    @property
    def wrong(self) -> tuple[Check, ...]:
        """What is not as it should be."""
        return tuple(check for check in self.items if check.verdict == "wrong")

    def table(self) -> pd.DataFrame:
        """Return one row per check; columns as in `Check`."""
        return pd.DataFrame([astuple(check) for check in self.items], columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the counts in a sentence."""
        if not self.items:
            return "nothing to verify"
        good = sum(check.verdict == "ok" for check in self.items)
        notes = sum(check.verdict == "note" for check in self.items)
        told = [f"{good} as wanted", f"{len(self.wrong)} wrong"] + ([f"{notes} to note"] if notes else [])
        return ", ".join(told)


def verify(
    changes: Plan, before: Fabric, after: Fabric, based_on: Mapping[str, Mapping[str, Any]] | None = None
) -> Proof:
    """Compare a fresh read with the plan and with the read that the plan was made from.

    Args:
        changes: the plan.
        before: what the plan was made from.
        after: read after `apply`; the same as `before` to judge what stands now.
        based_on: id of an instance or NIC -> the properties that a full write of it carried back; what others changed
            before that is no fault of ours.

    """
    wanted = _Wanted(after)
    rows = (change for change in changes if change.action != "conflict" and change.kind != "claim")
    checks = [*map(wanted.check, rows), *_nothing_else(changes, before, after, based_on or {})]
    return Proof.of(checks)


class _Wanted:
    """What the rows of a plan ask for, looked up in a fresh read."""

    def __init__(self, after: Fabric) -> None:
        self._after = after
        self._dialect = dialect_of(after.platform)
        self._routes = {route.name: route for route in after.routes}
        self._tables = {table.id: table for table in after.tables}
        self._forwarders = dict(self._find_forwarders())

    def _find_forwarders(self) -> Iterator[tuple[str, tuple[Instance, Nic]]]:
        for instance in self._after.instances:
            for nic in instance.nics_in(self._after.network):
                yield (nic.id if self._dialect.forwarding_per_nic else instance.id), (instance, nic)

    def check(self, change: Change) -> Check:
        """Return how a row stands."""
        if change.kind == "forwarding":
            return self._forwarding(change)
        if change.kind == "mark":
            return self._mark(change)
        if change.action == "delete":
            return _gone(change, self._routes)
        return self._in_place(change)

    def _forwarding(self, change: Change) -> Check:
        instance, nic = self._forwarders.get(change.resource, (None, None))
        on = "on" if change.after["forwarding"] else "off"
        found = "no such instance" if instance is None or nic is None else "on" if nic.forwarding else "off"
        if instance is not None and instance.uid != change.before.get("uid"):
            found = "another machine under the same name"
        return Check("ok" if found == on else "wrong", change.resource, change.node, f"forwarding {on}", found)

    def _mark(self, change: Change) -> Check:
        table = self._tables.get(change.resource)
        marks = table.marks if table else {}
        there = {name: text for name, text in marks.items() if name in {*change.before, *change.after}}
        right = there == change.after
        return Check("ok" if right else "wrong", change.resource, "", _told(change.after), _told(there))

    def _in_place(self, change: Change) -> Check:
        wanted = f"{change.after['destination']} via {_short(change.after['next_hop'])}"
        found = _route_state(change, self._routes)
        if found:
            excused = self._waits_for_its_machine(self._routes.get(change.resource))
            return Check("note" if excused else "wrong", change.resource, change.node, wanted, found)
        return Check("ok", change.resource, change.node, wanted, "in place, no warnings")

    def _waits_for_its_machine(self, route: Route | None) -> bool:
        """Return whether all that is wrong with a route is that its machine does not run, which `check` has said."""
        if route is None or not self._dialect.waits(route):
            return False
        machine, _ = _machine(route.next_hop, self._after) or (None, None)
        return machine is not None and not machine.running


def _told(marks: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in marks.items()) or "no marks of ours"


def _gone(change: Change, routes: Mapping[str, Route]) -> Check:
    there = change.resource in routes
    return Check(
        "wrong" if there else "ok", change.resource, change.node, "no such route", "still there" if there else "gone"
    )


def _route_state(change: Change, routes: Mapping[str, Route]) -> str:
    """Return what is wrong with the route that the change is about, or ""."""
    route = routes.get(change.resource)
    if route is None:
        return "no such route"
    if (route.destination, route.next_hop) != (change.after["destination"], change.after["next_hop"]):
        return f"{route.destination} via {_short(route.next_hop)}"
    facts = route.facts()
    other = [f"{name} {facts[name]}" for name in sorted(facts) if facts[name] != change.after.get(name)]
    if other:
        return f"has {', '.join(other)}"
    old = change.before.get("name", change.resource)
    if change.action == "update" and old != change.resource and old in routes:
        return f"the route that it replaces, {old}, is still there"
    if route.warnings:
        return "; ".join(route.warnings)
    return f"status {route.status}" if route.status else ""


def _nothing_else(
    changes: Plan, before: Fabric, after: Fabric, based_on: Mapping[str, Mapping[str, Any]]
) -> Iterator[Check]:
    """Return what changed beside the plan: in what we wrote it is wrong, elsewhere it is someone else's work."""
    yield from _resources(changes, before, after, based_on)
    touched = {change.resource for change in changes} | {str(change.before.get("name")) for change in changes}
    yield from _rivals(changes, after)
    yield from _others("route", _routes(before, touched), _routes(after, touched))
    yield from _others(
        "subnet",
        {subnet.id: (subnet.cidrs, subnet.table) for subnet in before.subnets},
        {subnet.id: (subnet.cidrs, subnet.table) for subnet in after.subnets},
    )
    yield from _others("filter rule", _rules(before), _rules(after))


def _resources(
    changes: Plan, before: Fabric, after: Fabric, based_on: Mapping[str, Mapping[str, Any]]
) -> Iterator[Check]:
    ours = {change.resource: change.node for change in changes.writes if change.kind == "forwarding"}
    dialect = dialect_of(after.platform)
    allowed = dialect.written_properties | dialect.reported_properties
    now = after.resources()
    for resource, then in before.resources().items():
        fresh = now.get(resource)
        if fresh is None:
            yield Check("note", resource, ours.get(resource, ""), "unchanged", "gone; removed by others")
            continue
        changed = sorted(_differing(then, fresh) - allowed)
        written = based_on.get(resource)
        if written and changed:
            by_others = sorted(_differing(then, written) - allowed)
            changed = sorted(_differing(written, fresh) - allowed)
            if by_others:
                found = f"changed by others before it was written: {', '.join(by_others)}"
                yield Check("note", resource, ours[resource], "unchanged", found)
        if resource in ours and not (changed and not dialect.writes_whole):
            found = f"changed: {', '.join(changed)}" if changed else "nothing but forwarding changed"
            yield Check("wrong" if changed else "ok", resource, ours[resource], "every other property as before", found)
        elif changed:
            yield Check(
                "note", resource, ours.get(resource, ""), "unchanged", f"changed by others: {', '.join(changed)}"
            )


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {key for key in one.keys() | other.keys() if _lasting(one.get(key)) != _lasting(other.get(key))}


def _lasting(value: Any) -> Any:
    """Return a property without the fingerprints in it: they are renewed by every write."""
    if isinstance(value, Mapping):
        return {key: _lasting(part) for key, part in value.items() if key not in ("fingerprint", "labelFingerprint")}
    return [_lasting(part) for part in value] if isinstance(value, list) else value


def _routes(fabric: Fabric, touched: set[str]) -> dict[str, tuple[str, str, int]]:
    return {
        route.name: (route.destination, route.next_hop, route.priority)
        for route in fabric.routes
        if route.name not in touched
    }


def _rules(fabric: Fabric) -> dict[str, str]:
    return {rule.id: json.dumps(rule.properties, sort_keys=True, default=str) for rule in fabric.filters}


def _rivals(changes: Plan, after: Fabric) -> Iterator[Check]:
    """Return the routes that take packets for a pod CIDR away from its node: new ones, or left by an older run."""
    rows = [row for row in changes if row.kind == "route" and row.after and not row.reason.startswith("kept")]
    wanted = {(row.after["table"], network): row for row in rows if (network := parse_cidr(row.after["destination"]))}
    lengths = {(network.version, network.prefixlen) for _, network in wanted}
    tags = {tag for instance in after.instances for tag in instance.tags}
    for route in after.routes:
        destination = parse_cidr(route.destination)
        if destination is None or (route.tags and not tags & set(route.tags)):
            continue
        for version, length in sorted(lengths):
            if version == destination.version and length <= destination.prefixlen:
                row = wanted.get((route.table, destination.supernet(new_prefix=length)))
                if row and row.resource != route.name and _wins(route, row) and not _leads_home(route, row, after):
                    found = f"route {route.name} leads {route.destination} elsewhere"
                    yield Check("wrong", row.resource, row.node, f"{row.after['destination']} to its node alone", found)


def _wins(route: Route, row: Change) -> bool:
    """Return whether packets follow a route to the pod CIDR or a part of it: by a longer prefix, else by priority."""
    return parse_cidr(route.destination) != parse_cidr(row.after["destination"]) or (
        route.priority <= row.after["priority"]
    )


def _leads_home(route: Route, row: Change, after: Fabric) -> bool:
    """Return whether the route leads where the row's own one does, by instance, interface or address."""
    home = _machine(row.after["next_hop"], after)
    leads = dialect_of(after.platform).leads_to(route.next_hop, *home) if home else False
    return leads or route.next_hop == row.after["next_hop"]


def _machine(next_hop: str, fabric: Fabric) -> tuple[Instance, Nic] | None:
    """Return the instance and the NIC that a next hop is."""
    dialect = dialect_of(fabric.platform)
    pairs = ((instance, nic) for instance in fabric.instances for nic in instance.nics_in(fabric.network))
    return next((pair for pair in pairs if dialect.leads_to(next_hop, *pair)), None)


def _others(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterable[Check]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            found = "removed" if name not in after else "added" if name not in before else "changed"
            yield Check("note", f"{kind} {name}", "", "unchanged", f"{found} by others while this ran")


def _short(next_hop: str) -> str:
    return next_hop.rpartition("/")[2]
