"""Plan + two reads -> Proof: the network is as the plan wanted it, and nothing else of it changed (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import Rule
from l2bridge_helpers.proof import Check, Proof
from l2bridge_helpers.verify_others import machine_of, nothing_else

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.fabric import Fabric, Route


def verify(
    changes: Plan, before: Fabric, after: Fabric, based_on: Mapping[str, Mapping[str, Any]] | None = None
) -> Proof:
    """Compare a fresh read with the plan and with the read that the plan was made from.

    Args:
        changes: the plan.
        before: what the plan was made from.
        after: read after `apply`; the same as `before` to judge what stands now.
        based_on: id of a resource -> the properties that a full write of it carried back; what others changed
            before that is no fault of ours.

    """
    wanted = _Wanted(after, undo=bool(changes.undoes))
    marked = {change.resource for change in changes if change.kind == "mark"}
    rows = (change for change in changes if change.action != "conflict" and not _passing(change, marked))
    checks = [*map(wanted.check, rows), *nothing_else(changes, before, after, based_on or {})]
    return Proof.of(checks)


def _passing(change: Change, marked: set[str]) -> bool:
    """Return whether a row is undone by a later one: a claim that a mark takes the place of."""
    return change.kind == "claim" and change.resource in marked


class _Wanted:
    """What the rows of a plan ask for, looked up in a fresh read."""

    def __init__(self, after: Fabric, *, undo: bool) -> None:
        self._after = after
        self._undo = undo
        self._dialect = dialect_of(after.platform)
        self._routes = {route.name: route for route in after.routes}
        self._tables = {table.id: table for table in after.tables}
        self._rules = {rule.id: rule for rule in after.rules}
        self._forwarders = after.forwarders(per_nic=self._dialect.forwarding_per_nic)

    def check(self, change: Change) -> Check:
        """Return how a row stands."""
        looks = {
            "forwarding": self._forwarding,
            "claim": self._mark,
            "mark": self._mark,
            "template": self._template,
            "table": self._table,
            "association": self._association,
            "filter": self._filter,
        }
        if change.action == "none" and not change.after:
            return Check("ok", change.resource, change.node, "left as it is", change.reason)
        if change.kind in looks:
            return looks[change.kind](change)
        if change.action == "delete":
            return _gone(change, self._routes)
        return self._in_place(change)

    def _forwarding(self, change: Change) -> Check:
        instance, nic = self._forwarders.get(change.resource, (None, None))
        on = "on" if change.after["forwarding"] else "off"
        found = "no such instance" if instance is None or nic is None else "on" if nic.forwarding else "off"
        if instance is not None and instance.uid != change.before.get("uid"):
            found = "another machine under the same name"
        if change.action == "none" and not self._undo and not change.after["forwarding"] and found == on:
            return Check("note", change.resource, change.node, "forwarding on", "off, and left alone")
        return Check("ok" if found == on else "wrong", change.resource, change.node, f"forwarding {on}", found)

    def _mark(self, change: Change) -> Check:
        table = self._tables.get(change.resource)
        marks = table.marks if table else {}
        there = {name: text for name, text in marks.items() if name in {*change.before, *change.after}}
        right = there == change.after
        return Check("ok" if right else "wrong", change.resource, "", _told(change.after), _told(there))

    def _template(self, change: Change) -> Check:
        found = {template.group: template.forwarding for template in self._after.templates}.get(change.resource)
        told = "no such group" if found is None else "on" if found else "off"
        wanted = "on" if change.after["forwarding"] else "off"
        return Check(
            "ok" if told == wanted else "wrong", change.resource, "", f"forwarding {wanted} in its template", told
        )

    def _table(self, change: Change) -> Check:
        table = self._tables.get(change.resource)
        if change.action == "delete":
            stands = table is not None and table.exists
            found = "still there" if stands else "gone"
            return Check("wrong" if stands else "ok", change.resource, "", "no such route table", found)
        marks = change.after["marks"]
        if table is None or not table.exists:
            return Check("wrong", change.resource, "", "the route table is there", "no such table")
        there = {name: text for name, text in table.marks.items() if name in marks}
        return Check("ok" if there == marks else "wrong", change.resource, "", _told(marks), _told(there))

    def _association(self, change: Change) -> Check:
        subnet = self._after.subnet(change.resource)
        found = "no such subnet" if subnet is None else _end(subnet.table) or "no route table"
        right = subnet is not None and subnet.table == change.after["table"]
        wanted = f"route table {_end(change.after['table'])}" if change.after["table"] else "no route table"
        return Check("ok" if right else "wrong", change.resource, "", wanted, found)

    def _filter(self, change: Change) -> Check:
        rule = self._rules.get(Rule.from_facts(change.after or change.before).id)
        found = f"lets {', '.join(rule.sources)} in" if rule else "no such rule"
        if not change.after:
            return Check("wrong" if rule else "ok", change.resource, "", "no such rule", found)
        facts = rule.facts() if rule else {}
        other = [name for name, value in change.after.items() if name != "sources" and facts.get(name, value) != value]
        found += f", but differs in {', '.join(other)}" if other else ""
        wanted = f"lets {', '.join(change.after['sources'])} in"
        return Check("ok" if facts == change.after else "wrong", change.resource, "", wanted, found)

    def _in_place(self, change: Change) -> Check:
        wanted = f"{change.after['destination']} via {_short(change.after['next_hop'])}"
        found = _route_state(change, self._routes)
        if found:
            excused = self._excused(self._routes.get(change.resource), change)
            return Check("note" if excused else "wrong", change.resource, change.node, wanted, found)
        return Check("ok", change.resource, change.node, wanted, "in place, no warnings")

    def _excused(self, route: Route | None, change: Change) -> bool:
        """Return whether the cloud may say so of a route: an undo brings back also what never worked."""
        came_back = self._undo and route is not None and route.facts() == change.after
        return came_back or self._waits_for_its_machine(route)

    def _waits_for_its_machine(self, route: Route | None) -> bool:
        """Return whether all that is wrong with a route is that its machine does not run, which `check` has said."""
        if route is None or not self._dialect.waits(route):
            return False
        machine, _ = machine_of(route.next_hop, self._after) or (None, None)
        return machine is not None and not machine.running


def _end(table: str) -> str:
    """Return a table's name with its group: what is before it is the same all over the network."""
    return "/".join(table.split("/")[-2:])


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


def _short(next_hop: str) -> str:
    return next_hop.rpartition("/")[2]
