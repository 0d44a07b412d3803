"""Nodes + Fabric -> Plan: what has to change so that the network delivers every pod CIDR to its node (pure).

The rules, each of which has tests:

* A route is ours only by its mark. Someone else's is never changed or deleted: it satisfies, or it is a conflict.
* A route of ours goes only when its node is gone from a node list that is whole, or when it is left over.
* A replacement is one row, and never leaves a gap: the adapter makes the new route before it removes the old one.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import SIDE_BY_SIDE, Change, Plan, ordered
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.nodes import Network, net_conf, node_rows, parse_cidr
from l2bridge_helpers.placement import Placed, place

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from l2bridge_helpers.clouds.base import Dialect
    from l2bridge_helpers.fabric import Fabric, Route


def plan(nodes: pd.DataFrame, fabric: Fabric, *, cluster: str) -> Plan:
    """Return the changes that lead every pod CIDR to its node, in the order in which they are applied.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        cluster: the name that marks this cluster's routes.

    """
    placed = place(nodes, fabric).placed
    state = _State(nodes, fabric, cluster)
    own_routes = len(state.own)
    routes = _fit_the_limit(_route_changes(placed, state), fabric)
    changes = [*_forwarding_changes(placed, state), *routes]
    return Plan(fabric.platform, cluster, fabric.network, ordered(changes), own_routes)


@dataclass
class _State:
    """Nodes and existing routes, as planning looks at them."""

    nodes: InitVar[pd.DataFrame]
    fabric: Fabric
    cluster: str
    dialect: Dialect = field(init=False)
    names: dict[str, Route] = field(init=False)
    own: dict[str, Route] = field(init=False)
    """Our routes by name; those that a row has dealt with are taken out."""
    foreign: _Prefixes = field(init=False)
    cidrs: dict[str, set[str]] = field(init=False)
    """Each node's pod CIDRs, also those that cannot be read; `""` for none."""
    held: set[str] = field(init=False)
    """Every pod CIDR that some node has."""
    whole: bool = field(init=False)
    """Whether the node list may be the reason of a deletion: not empty, and every pod CIDR in it readable."""

    def __post_init__(self, nodes: pd.DataFrame) -> None:
        routes = sorted(self.fabric.table.routes, key=lambda route: route.name)
        self.dialect = dialect_of(self.fabric.platform)
        self.names = {route.name: route for route in routes}
        clusters = [network for text in net_conf(nodes).networks if (network := parse_cidr(text))]
        self.own = {route.name: route for route in routes if self._is_own(route, clusters)}
        self.foreign = _Prefixes(route for route in routes if route.name not in self.own)
        self.cidrs = defaultdict(set)
        rows = node_rows(nodes)
        for row in rows:
            self.cidrs[row.nodeName].add(row.routeDestination)
        self.held = {row.routeDestination for row in rows}
        self.whole = bool(rows) and all(row.network or not row.routeDestination for row in rows)

    def _is_own(self, route: Route, clusters: list[Network]) -> bool:
        """Return whether a route is this cluster's: by its mark, and by its range where flannel's is known.

        Many clusters are called `kubernetes` or `default`; what is outside flannel's Network is a namesake's.
        """
        destination = parse_cidr(route.destination)
        inside = not clusters or any(_within(destination, cluster) for cluster in clusters)
        return route.cluster == self.cluster and inside


def _within(network: Network | None, other: Network) -> bool:
    return network is not None and network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]


class _Prefixes:
    """Routes by destination, to find those that take packets away from a pod CIDR."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, list[Route]] = defaultdict(list)
        self._by_length: dict[tuple[int, int], dict[int, list[Route]]] = defaultdict(lambda: defaultdict(list))
        for route in routes:
            if network := parse_cidr(route.destination):
                self._exact[str(network)].append(route)
                key = (network.version, network.prefixlen)
                self._by_length[key][int(network.network_address)].append(route)

    def exact(self, destination: str) -> list[Route]:
        """Return the routes with just this destination."""
        return self._exact.get(destination, [])

    def inside(self, destination: str) -> list[Route]:
        """Return the routes with a longer prefix inside the destination: they win for their part of it."""
        network = ipaddress.ip_network(destination)
        first, last = int(network.network_address), int(network.broadcast_address)
        lengths = [key for key in self._by_length if key[0] == network.version and key[1] > network.prefixlen]
        return [
            route
            for key in sorted(lengths)
            for address, routes in sorted(self._by_length[key].items())
            if first <= address <= last
            for route in routes
        ]


def _forwarding_changes(placed: tuple[Placed, ...], state: _State) -> Iterable[Change]:
    by_instance = {spot.instance.id: spot for spot in placed}
    for spot in by_instance.values():
        instance, node = spot.instance, spot.row.nodeName
        before = {"forwarding": spot.nic.forwarding, "uid": instance.uid}
        if spot.nic.forwarding:
            yield Change("none", "forwarding", instance.id, node, before, before, "forwarding is on")
        else:
            after = {"forwarding": True, "uid": instance.uid}
            command = state.dialect.enable_command(instance)
            reason = "the cloud drops packets that do not carry this machine's own address"
            yield Change("update", "forwarding", instance.id, node, before, after, reason, command)


def _route_changes(placed: tuple[Placed, ...], state: _State) -> list[Change]:
    claims: dict[str, list[str]] = defaultdict(list)
    for spot in placed:
        claims[spot.row.routeDestination].append(spot.row.nodeName)
    wanted = [(spot, _wanted(spot, state)) for spot in placed]
    for _, route in wanted:
        state.own.pop(route.name, None)
    changes = [_route_change(spot, route, claims, state) for spot, route in wanted]
    served = {change.after["destination"] for change in changes if change.action != "conflict"}
    return changes + [_leftover(route, served, state) for route in state.own.values()]


def _wanted(spot: Placed, state: _State) -> Route:
    return state.dialect.route(spot.row, spot.instance, spot.nic, state.fabric, state.cluster)


def _route_change(spot: Placed, route: Route, claims: dict[str, list[str]], state: _State) -> Change:
    """Return the row of one node's pod CIDR."""
    if len(claims[route.destination]) > 1:
        others = ", ".join(claims[route.destination])
        return _conflict(
            route, f"pod CIDR {route.destination} is used by several nodes: {others}", state.names.get(route.name)
        )
    blocker = _in_the_way(spot, route, state)
    if blocker is not None:
        return _conflict(route, _blocked_by(route, blocker, state), blocker)
    existing = state.names.get(route.name)
    if existing is not None:
        if _same(existing, route):
            return _stays(existing, route.node, "the route is in place")
        return _conflict(
            route, f"a route called {route.name} exists and is not what we would make; look at it", existing
        )
    satisfying = _satisfying(spot, state)
    if satisfying is not None:
        reason = f"route {satisfying.name}, made by others, already leads {route.destination} to this node"
        return _stays(satisfying, route.node, reason)
    old = _replaced(route, state)
    return _replace(old, route, state) if old else _create(route, state)


def _create(route: Route, state: _State) -> Change:
    reason = f"the network does not know where {route.destination} is"
    command = state.dialect.create_command(route)
    return Change("create", "route", route.name, route.node, {}, route.facts(), reason, command)


def _replace(old: Route, route: Route, state: _State) -> Change:
    del state.own[old.name]
    if old.destination != route.destination:
        reason = f"the node's pod CIDR is now {route.destination}, not {old.destination}"
    else:
        reason = f"{route.destination} leads to {old.next_hop}, not to this node"
    create = state.dialect.create_command(route)
    command = f"{create} && {state.dialect.delete_command(old)}"
    return Change("update", "route", route.name, route.node, old.facts(), route.facts(), reason, command)


def _conflict(route: Route, reason: str, found: Route | None) -> Change:
    return Change("conflict", "route", route.name, route.node, found.facts() if found else {}, route.facts(), reason)


def _stays(route: Route, node: str, reason: str) -> Change:
    return Change("none", "route", route.name, node, route.facts(), route.facts(), reason)


def _same(existing: Route, route: Route) -> bool:
    """Return whether an existing route is the very one that we would make."""
    return existing.facts() == route.facts()


def _in_the_way(spot: Placed, route: Route, state: _State) -> Route | None:
    """Return someone else's route that takes packets for the pod CIDR away from the node."""
    same = [other for other in state.foreign.exact(route.destination) if other.priority <= route.priority]
    rivals = [*same, *state.foreign.inside(route.destination)]
    used = (rival for rival in rivals if _applies(rival, state))
    return next((rival for rival in used if not state.dialect.leads_to(rival, spot.instance, spot.nic)), None)


def _applies(route: Route, state: _State) -> bool:
    """Return whether any machine of the network follows the route."""
    return not route.tags or any(set(route.tags) & set(instance.tags) for instance in state.fabric.instances)


def _blocked_by(route: Route, blocker: Route, state: _State) -> str:
    owner = f"cluster {blocker.cluster}" if blocker.cluster else "others"
    command = state.dialect.delete_command(blocker)
    return (
        f"route {blocker.name}, made by {owner}, leads {blocker.destination} to {blocker.next_hop} and would take "
        f"packets for {route.destination}; if it is not needed, remove it: {command}"
    )


def _satisfying(spot: Placed, state: _State) -> Route | None:
    """Return someone else's route that does the job for every machine, and that no other one competes with."""
    routes = [route for route in state.foreign.exact(spot.row.routeDestination) if _applies(route, state)]
    best = [route for route in routes if route.priority == min(other.priority for other in routes)]
    fitting = all(not route.tags and state.dialect.leads_to(route, spot.instance, spot.nic) for route in best)
    return min(best, key=lambda route: route.name) if best and fitting else None


def _replaced(route: Route, state: _State) -> Route | None:
    """Return the route of ours that this one takes the place of: same destination first, then same node and family."""
    same = [own for own in state.own.values() if own.destination == route.destination]
    if same or not state.whole:
        return min(same, key=lambda own: own.name, default=None)
    gone = [own for own in state.own.values() if own.node == route.node and own.destination not in state.held]
    moved = [own for own in gone if (":" in own.destination) == (":" in route.destination)]
    return min(moved, key=lambda own: own.name, default=None)


def _leftover(route: Route, served: set[str], state: _State) -> Change:
    """Return the row of a route of ours that no pod CIDR asks for."""
    if not state.whole:
        return _stays(route, route.node, "kept: the node list is empty or not whole, and so deletes nothing")
    why = _why_delete(route, served, state)
    if not why:
        return _stays(
            route, route.node, "kept: its node, or one with the same pod CIDR, exists and is not served otherwise"
        )
    command = state.dialect.delete_command(route)
    return Change("delete", "route", route.name, route.node, route.facts(), {}, why, command)


def _why_delete(route: Route, served: set[str], state: _State) -> str:
    if route.destination in served:
        return f"left over: another route leads {route.destination} to its node"
    if route.destination in state.held:
        return ""
    if route.node not in state.cidrs:
        return f"node {route.node} is gone"
    if not state.cidrs[route.node] & {"", route.destination}:
        return f"node {route.node} no longer has the pod CIDR {route.destination}"
    return ""


def _fit_the_limit(changes: list[Change], fabric: Fabric) -> list[Change]:
    """Turn routes that the cloud will not hold into conflicts. A replacement needs room for both for a moment."""
    table = fabric.table
    adding = [change for change in changes if change.action == "create"]
    moving = [change for change in changes if change.action == "update"][:SIDE_BY_SIDE]
    needing, room = adding + moving, max(table.limit - table.used, 0)
    if not table.limit or len(needing) <= room:
        return changes
    excess = {change.resource for change in needing[room:]}
    reason = (
        f"{table.limit_source}: {table.used} of {table.limit} routes are used, {len(adding)} are to be added"
        f"{f', and room for {len(moving)} more while routes are replaced' if moving else ''}; "
        "ask for a higher limit, or remove routes that nobody needs"
    )
    return [_as_conflict(change, reason) if change.resource in excess else change for change in changes]


def _as_conflict(change: Change, reason: str) -> Change:
    return Change("conflict", change.kind, change.resource, change.node, change.before, change.after, reason)
