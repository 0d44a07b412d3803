"""Which route tables packets from the nodes are looked up in, and which one a subnet without any is given (pure).

A table that a subnet is given leads everything that the subnet sends. So one that leads anything but pods is given to
no other subnet, unless the operator names it: such a subnet gets a table of its own making.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from l2bridge_helpers.fabric import Fabric, RouteTable, Subnet
    from l2bridge_helpers.placement import Placed


def node_subnets(placed: Iterable[Placed], fabric: Fabric) -> list[Subnet]:
    """Return the subnets that nodes have their addresses in, by their ids."""
    used = {spot.nic.subnet for spot in placed}
    return sorted((subnet for subnet in fabric.subnets if subnet.id in used), key=lambda subnet: subnet.id)


def bare_subnets(placed: Iterable[Placed], fabric: Fabric) -> list[str]:
    """Return the ids of the nodes' subnets that have no table, where subnets are given one."""
    associates = dialect_of(fabric.platform).associates_tables
    return [subnet.id for subnet in node_subnets(placed, fabric) if associates and not subnet.table]


def chosen_table(placed: tuple[Placed, ...], fabric: Fabric) -> RouteTable | None:
    """Return the table that subnets without one are given; None where each has one."""
    if not bare_subnets(placed, fabric):
        return None
    spare = fabric.table(fabric.spare_table)
    if fabric.spare_named:
        return spare
    present = dict.fromkeys(subnet.table for subnet in node_subnets(placed, fabric) if subnet.table)
    tables = [table for table in map(fabric.table, present) if table and not beyond_pods(table, placed)]
    return tables[0] if len(tables) == 1 else spare


def tables_in_use(placed: tuple[Placed, ...], fabric: Fabric) -> tuple[str, ...]:
    """Return the ids of the tables that packets from the nodes are looked up in once each subnet has one, sorted."""
    chosen = chosen_table(placed, fabric)
    known = {table.id for table in fabric.tables}
    present = {subnet.table for subnet in node_subnets(placed, fabric) if subnet.table in known}
    return tuple(sorted(present | ({chosen.id} if chosen else set())))


def beyond_pods(table: RouteTable, placed: Iterable[Placed]) -> list[str]:
    """Return what else a table does to a subnet than lead to pods: others' routes by name, and what it hides."""
    pods = {spot.row.routeDestination for spot in placed}
    routes = [route.name for route in table.routes if not route.cluster and route.destination not in pods]
    return [*routes, *filter(None, [table.hides])]
