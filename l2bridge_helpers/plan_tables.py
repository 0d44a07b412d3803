"""The tables themselves: one that is to be made, and the subnets that are given one (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.changes import Change
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.tables import bare_subnets, chosen_table, node_subnets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from l2bridge_helpers.fabric import RouteTable
    from l2bridge_helpers.plan_state import State


def table_changes(routes: list[Change], state: State) -> Iterator[Change]:
    """Return the rows of tables and associations; a table that no route will be in is not made."""
    if not state.dialect.associates_tables:
        return
    for subnet in node_subnets(state.placed, state.fabric):
        if subnet.table:
            sides = {"table": subnet.table}
            yield Change("none", "association", subnet.id, "", sides, sides, "the subnet keeps the table that it has")
    chosen = chosen_table(state.placed, state.fabric)
    filled = [row.after["destination"] for row in routes if chosen and row.after.get("table") == chosen.id]
    if chosen is None or not filled:
        return
    if not chosen.exists:
        yield _new(chosen, filled, state)
    for bare in bare_subnets(state.placed, state.fabric):
        command = state.dialect.associate_command(bare, chosen.id)
        reason = "without a route table the network drops what this subnet sends to pods"
        yield Change("update", "association", bare, "", {"table": ""}, {"table": chosen.id}, reason, command)


def _new(table: RouteTable, destinations: list[str], state: State) -> Change:
    """Return the row of a table that is made, with the marks that say whose its routes are."""
    reason = "the nodes' subnets have no route table that leads to pods alone"
    try:
        marks = state.dialect.marks(state.cluster, destinations)
    except DataError as err:
        return Change("conflict", "table", table.id, "", {}, {}, str(err))
    after = {"location": table.location, "marks": marks}
    command = state.dialect.table_command(table.id, table.location, marks)
    return Change("create", "table", table.id, "", {}, after, reason, command)
