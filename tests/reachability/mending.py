"""How each fault that reachability tells is mended, on values: nothing else is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import Fabric, Nic, Route
from l2bridge_helpers.filters import Rule
from l2bridge_helpers.placement import Placed, place
from l2bridge_helpers.reachability.result import Cause, Fault
from l2bridge_helpers.tables import chosen_table

State = tuple[pd.DataFrame, Fabric]
FIRST_FREE = 200
"""Pod CIDRs that nodes without one are given: 10.42.200.0/24, …"""


def mend(state: State, faults: Iterable[tuple[Cause, Fault]]) -> State:
    """Return nodes and network with these faults mended: nodes first, tables before the routes in them."""
    order = ("node", "pod CIDR", "flannel", "segment", "machine", "forwarding", "route table", "route", "filter")
    for cause, fault in sorted(faults, key=lambda pair: order.index(pair[0].kind)):
        state = _MENDERS[cause.kind](state, cause, fault)
    return state


def _node(state: State, cause: Cause, fault: Fault) -> State:
    """Give the node a pod CIDR, start flannel there, and do what a plan does for a node that joins."""
    assert cause.title.startswith("no pod CIDR")
    nodes, fabric = state
    table = nodes.copy()
    row = table.index[table["nodeName"] == fault.node][0]
    table.loc[row, "routeDestination"] = f"10.42.{FIRST_FREE + int(row)}.0/24"
    table.loc[row, "backendType"] = "host-gw"
    table.loc[row, "flannelPublicIP"] = table.loc[row, "nodeIP"]
    (spot,) = _spots((table, fabric), fault.node)
    fabric = _with_forwarding(fabric, {spot.nic.id})
    for there in fabric.tables if dialect_of(fabric.platform).routes_pods else ():
        fabric = _led(fabric, there.id, spot)
    return table, fabric


def _flannel(state: State, cause: Cause, fault: Fault) -> State:
    nodes, fabric = state
    table = nodes.copy()
    mine = table["nodeName"] == fault.node
    if "public IP" in cause.title:
        table.loc[mine, "flannelPublicIP"] = table.loc[mine, "nodeIP"]
    else:
        table.loc[mine, "backendType"] = "host-gw"
    return table, fabric


def _segment(state: State, _: Cause, fault: Fault) -> State:
    """Move the nodes of a segment to the one that the first instance is in."""
    nodes, fabric = state
    home = fabric.instances[0].nics[0].subnet
    return nodes, _with_nics(fabric, lambda nic: replace(nic, subnet=home) if nic.subnet == fault.object else nic)


def _forwarding(state: State, _: Cause, fault: Fault) -> State:
    nodes, fabric = state
    if dialect_of(fabric.platform).forwarding_per_nic:
        return nodes, _with_forwarding(fabric, {fault.object})
    return nodes, _with_forwarding(
        fabric, {nic.id for one in fabric.instances if one.id == fault.object for nic in one.nics}
    )


def _route(state: State, cause: Cause, fault: Fault) -> State:
    """Lead the node's pod CIDR to it: in the table that has no route, or in the place of what leads elsewhere."""
    nodes, fabric = state
    astray = fault.object.split(", ") if "elsewhere" in cause.title else []
    homes = {route.name: route.table for route in fabric.routes}
    gone = tuple(
        replace(table, routes=tuple(route for route in table.routes if route.name not in astray))
        for table in fabric.tables
    )
    fabric = replace(fabric, tables=gone)
    for spot in _spots(state, fault.node):
        if spot.row.routeDestination in fault.found:
            fabric = _led(fabric, homes[astray[0]] if astray else fault.object, spot)
    return nodes, fabric


def _route_table(state: State, _: Cause, fault: Fault) -> State:
    """Make the table that subnets without any are given, empty where it is not there, and give it to the subnet."""
    nodes, fabric = state
    given = chosen_table(place(*state).placed, fabric)
    assert given is not None
    assert given.id.rpartition("/")[2] in fault.mend
    tables = tuple(replace(one, exists=True) if one.id == given.id else one for one in fabric.tables)
    subnets = tuple(replace(one, table=given.id) if one.id == fault.object else one for one in fabric.subnets)
    return nodes, replace(fabric, tables=tables, subnets=subnets)


def _filter(state: State, cause: Cause, fault: Fault) -> State:
    """Let the ranges that are named through, and nothing else: before the rule that drops them, or at the list's end.

    The pod CIDRs that nodes without any were given could not be named.
    """
    nodes, fabric = state
    inbound = " in " in cause.title
    rules = [rule for rule in fabric.rules if fault.object in (rule.id, rule.list) and rule.inbound is inbound]
    deciders = [rule.number for rule in rules if rule.id == fault.object]
    number = deciders[0] - 1 if deciders else max(rule.number for rule in rules) + 1
    named = re.findall(r"(?:[0-9.]+|[0-9a-f:]+)/\d+", fault.found)
    assert named
    given = [cidr for cidr in nodes["routeDestination"] if re.match(rf"10\.42\.{FIRST_FREE // 100}\d\d\.", cidr)]
    sides = {"sources" if inbound else "destinations": (*named, *given)}
    first, name = rules[0], f"mended {len(fabric.rules)}"
    new = Rule(first.kind, first.list, name, number, allow=True, inbound=inbound, on=first.on, **sides)  # type: ignore[arg-type] # one of two fields
    return nodes, replace(fabric, rules=(*fabric.rules, new))


_MENDERS: dict[str, Callable[[State, Cause, Fault], State]] = {
    "node": _node,
    "flannel": _flannel,
    "segment": _segment,
    "forwarding": _forwarding,
    "route": _route,
    "route table": _route_table,
    "filter": _filter,
}


def _spots(state: State, node: str) -> list[Placed]:
    return [spot for spot in place(*state).placed if spot.row.nodeName == node]


def _led(fabric: Fabric, table: str, spot: Placed) -> Fabric:
    """Return the network with one route more, unless it has it."""
    dialect = dialect_of(fabric.platform)
    wanted: Route = dialect.route(spot.row, spot.instance, spot.nic, table, "mended")
    tables = tuple(
        replace(one, routes=(*(route for route in one.routes if route.name != wanted.name), wanted))
        if one.id == table
        else one
        for one in fabric.tables
    )
    return replace(fabric, tables=tables)


def _with_forwarding(fabric: Fabric, nics: set[str]) -> Fabric:
    return _with_nics(fabric, lambda nic: replace(nic, forwarding=True) if nic.id in nics else nic)


def _with_nics(fabric: Fabric, change: Callable[[Nic], Nic]) -> Fabric:
    return replace(fabric, instances=tuple(replace(one, nics=tuple(map(change, one.nics))) for one in fabric.instances))
