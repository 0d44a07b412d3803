"""The tables themselves: one that is to be made, and the subnets that are given one (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.changes import Change
from l2bridge_helpers.tables import bare_subnets, chosen_table, node_subnets

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    filled = chosen and any(row.after.get("table") == chosen.id for row in routes if row.action != "conflict")
    if chosen is None or not filled:
        return
    if not chosen.exists:
        command = state.dialect.table_command(chosen.id, chosen.location)
        reason = "the nodes' subnets have no route table that leads to pods alone"
        yield Change("create", "table", chosen.id, "", {}, {"location": chosen.location}, reason, command)
    for bare in bare_subnets(state.placed, state.fabric):
        command = state.dialect.associate_command(bare, chosen.id)
        reason = "without a route table the network drops what this subnet sends to pods"
        yield Change("update", "association", bare, "", {"table": ""}, {"table": chosen.id}, reason, command)
