"""Fabric + Plan -> the fabric as it will be read when the plan has been applied (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import Instance, Nic, Route, RouteTable
from l2bridge_helpers.filters import Rule

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.fabric import Fabric


def foresee(fabric: Fabric, changes: Plan) -> Fabric:
    """Return the network with every change of the plan made; what a plan does not hold stays as it is."""
    by_kind: dict[str, list[Change]] = {}
    for change in changes.writes:
        by_kind.setdefault(change.kind, []).append(change)
    for kind, make in _MAKERS.items():
        fabric = make(fabric, by_kind.get(kind, []))
    return fabric


def _forwarding(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    wanted = {row.resource: bool(row.after["forwarding"]) for row in rows}
    per_nic = dialect_of(fabric.platform).forwarding_per_nic

    def nic_of(nic: Nic, instance: Instance) -> Nic:
        return replace(nic, forwarding=wanted.get(nic.id if per_nic else instance.id, nic.forwarding))

    return replace(
        fabric,
        instances=tuple(replace(one, nics=tuple(nic_of(nic, one) for nic in one.nics)) for one in fabric.instances),
    )


def _templates(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    wanted = {row.resource: bool(row.after["forwarding"]) for row in rows}
    return replace(
        fabric,
        templates=tuple(replace(one, forwarding=wanted.get(one.group, one.forwarding)) for one in fabric.templates),
    )


def _filters(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    sides = [(row.before, row.after) for row in rows]
    gone = {Rule.from_facts(before).id for before, _ in sides if before}
    made = tuple(Rule.from_facts(after) for _, after in sides if after)
    return replace(fabric, rules=(*(rule for rule in fabric.rules if rule.id not in gone), *made))


def _tables(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    made = {row.resource: row for row in rows}

    def table_of(table: RouteTable) -> RouteTable:
        row = made.get(table.id)
        if row is None:
            return table
        if row.action == "delete":
            return replace(table, routes=(), marks={}, exists=False, properties={}, hides="")
        return replace(table, exists=True, marks={**table.marks, **row.after["marks"]})

    return replace(fabric, tables=tuple(map(table_of, fabric.tables)))


def _routes(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    gone = {str(row.before.get("name")) for row in rows}
    made = [Route.from_facts(row.after) for row in rows if row.after]
    tables = []
    for table in fabric.tables:
        kept = tuple(route for route in table.routes if route.name not in gone)
        tables.append(replace(table, routes=(*kept, *(route for route in made if route.table == table.id))))
    return replace(fabric, tables=tuple(tables))


def _marks(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    marks: dict[str, dict[str, str]] = {table.id: dict(table.marks) for table in fabric.tables}
    for row in rows:
        kept: Mapping[str, str] = {name: text for name, text in marks[row.resource].items() if name not in row.before}
        marks[row.resource] = {**kept, **row.after}
    return replace(fabric, tables=tuple(replace(table, marks=marks[table.id]) for table in fabric.tables))


def _associations(fabric: Fabric, rows: Iterable[Change]) -> Fabric:
    given = {row.resource: str(row.after["table"]) for row in rows}
    return replace(
        fabric,
        subnets=tuple(replace(subnet, table=given.get(subnet.id, subnet.table)) for subnet in fabric.subnets),
    )


_MAKERS: Mapping[str, Callable[[Fabric, list[Change]], Fabric]] = {
    "template": _templates,
    "forwarding": _forwarding,
    "filter": _filters,
    "route": _routes,
    "claim": _marks,
    "mark": _marks,
    "table": _tables,
    "association": _associations,
}
"""Kind of change -> how it is made, in the order of application."""
