"""One row for each pod CIDR and table, and one for each route of ours that none asks for (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.changes import KEPT, SIDE_BY_SIDE, Change

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Limit, Route, RouteTable
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.plan_state import State


def route_changes(state: State) -> list[Change]:
    """Return the rows of all routes. What no table will hold is a conflict."""
    claims: dict[str, list[str]] = defaultdict(list)
    for spot in state.placed:
        claims[spot.row.routeDestination].append(spot.row.nodeName)
    wanted = [(spot, route) for spot in state.placed for route in _wanted(spot, state)]
    for _, route in wanted:
        state.own.pop(route.name, None)
    changes = [_route_change(spot, route, claims, state) for spot, route in wanted]
    served = {(row.after["table"], row.after["destination"]) for row in changes if row.action != "conflict"}
    changes += [_leftover(route, served, state) for route in state.own.values()]
    for table in state.fabric.tables:
        for limit in table.limits:
            changes = _fit(changes, table, limit, state)
    return changes


def _wanted(spot: Placed, state: State) -> list[Route]:
    """Return the routes that lead a pod CIDR to its node: one in every table that nodes use."""
    tables = state.tables if state.scope.routes else ()
    return [state.dialect.route(spot.row, spot.instance, spot.nic, table, state.cluster) for table in tables]


def _route_change(spot: Placed, route: Route, claims: dict[str, list[str]], state: State) -> Change:
    """Return the row of one node's pod CIDR in one table."""
    node = spot.row.nodeName
    if len(claims[route.destination]) > 1:
        others = ", ".join(claims[route.destination])
        reason = f"pod CIDR {route.destination} is used by several nodes: {others}"
        return _conflict(route, node, reason, state.names.get(route.name))
    blocker = _in_the_way(spot, route, state)
    if blocker is not None:
        return _conflict(route, node, _blocked_by(route, blocker, state), blocker)
    return _unless_there(spot, route, state) or _made(route, node, state)


def _unless_there(spot: Placed, route: Route, state: State) -> Change | None:
    """Return the row of a route that need not or cannot be made, because there is one."""
    node, existing = spot.row.nodeName, state.names.get(route.name)
    if existing is not None and _same(existing, route):
        return _stays(existing, node, "the route is in place")
    satisfying = _satisfying(spot, route, state)
    if satisfying is not None:
        reason = f"route {satisfying.name}, made by others, already leads {route.destination} to this node"
        return _stays(satisfying, node, reason)
    if existing is None or (state.dialect.replaces_in_place and existing.name in state.ours):
        return None
    reason = f"a route called {route.name} exists and is not what we would make; look at it"
    return _conflict(route, node, reason, existing)


def _made(route: Route, node: str, state: State) -> Change:
    """Return the row of a route that is to be made, alone or in the place of an old one."""
    old = state.names.get(route.name) or _replaced(route, state)
    if old is None:
        return _create(route, node, state)
    state.own.pop(old.name, None)
    return _replace(old, route, node, state)


def _create(route: Route, node: str, state: State) -> Change:
    reason = f"the network does not know where {route.destination} is"
    command = state.dialect.create_command(route)
    return Change("create", "route", route.name, node, {}, route.facts(), reason, command)


def _replace(old: Route, route: Route, node: str, state: State) -> Change:
    if old.destination != route.destination:
        reason = f"the node's pod CIDR is now {route.destination}, not {old.destination}"
    else:
        reason = f"{route.destination} leads to {old.next_hop}, not to this node"
    command = state.dialect.replace_command(old, route)
    return Change("update", "route", route.name, node, old.facts(), route.facts(), reason, command)


def _conflict(route: Route, node: str, reason: str, found: Route | None) -> Change:
    return Change("conflict", "route", route.name, node, found.facts() if found else {}, route.facts(), reason)


def _stays(route: Route, node: str, reason: str) -> Change:
    return Change("none", "route", route.name, node, route.facts(), route.facts(), reason)


def _same(existing: Route, route: Route) -> bool:
    """Return whether an existing route is the very one that we would make."""
    return existing.facts() == route.facts()


def _in_the_way(spot: Placed, route: Route, state: State) -> Route | None:
    """Return someone else's route that takes packets for the pod CIDR away from the node."""
    foreign = state.foreign[route.table]
    same = [other for other in foreign.exact(route.destination) if other.priority <= route.priority]
    rivals = [*same, *foreign.inside(route.destination)]
    used = (rival for rival in rivals if _applies(rival, state))
    return next((rival for rival in used if not state.dialect.leads_to(rival.next_hop, spot.instance, spot.nic)), None)


def _applies(route: Route, state: State) -> bool:
    """Return whether any machine of the network follows the route."""
    return not route.tags or any(set(route.tags) & set(instance.tags) for instance in state.fabric.instances)


def _blocked_by(route: Route, blocker: Route, state: State) -> str:
    mark = state.dialect.marks(state.cluster, [route.destination])
    if state.dialect.names_mark_routes and blocker.name == route.name and mark:
        return (
            f"route {blocker.name} is called as ours are and leads {blocker.destination} to {blocker.next_hop}, but "
            f"its table does not say that it is ours; if it is: {state.dialect.mark_command(route.table, {}, mark)}"
        )
    owner = f"cluster {blocker.cluster}" if blocker.cluster else "others"
    command = state.dialect.delete_command(blocker)
    return (
        f"route {blocker.name}, made by {owner}, leads {blocker.destination} to {blocker.next_hop} and would take "
        f"packets for {route.destination}; if it is not needed, remove it: {command}"
    )


def _satisfying(spot: Placed, route: Route, state: State) -> Route | None:
    """Return someone else's route that does the job for every machine, and that no other one competes with."""
    routes = [other for other in state.foreign[route.table].exact(route.destination) if _applies(other, state)]
    best = [other for other in routes if other.priority == min(rival.priority for rival in routes)]
    fitting = all(not other.tags and state.dialect.leads_to(other.next_hop, spot.instance, spot.nic) for other in best)
    return min(best, key=lambda other: other.name) if best and fitting else None


def _replaced(route: Route, state: State) -> Route | None:
    """Return the route of ours that this one takes the place of: same destination first, then same node and family."""
    if state.dialect.replaces_in_place:  # the name is the destination, so there is none with another name
        return None
    beside = [own for own in state.own.values() if own.table == route.table]
    same = [own for own in beside if own.destination == route.destination]
    if same or not state.whole:
        return min(same, key=lambda own: own.name, default=None)
    gone = [own for own in beside if own.node == route.node and own.destination not in state.held]
    moved = [own for own in gone if (":" in own.destination) == (":" in route.destination)]
    return min(moved, key=lambda own: own.name, default=None)


def _leftover(route: Route, served: set[tuple[str, str]], state: State) -> Change:
    """Return the row of a route of ours that no pod CIDR asks for."""
    if not state.scope.routes:
        return _stays(route, route.node, f"{KEPT}: this run was told to leave routes alone (routes=False)")
    if not state.whole:
        return _stays(route, route.node, f"{KEPT}: the node list is empty or not whole, and so deletes nothing")
    if state.leads_to_stranger(route):
        reason = (
            f"{KEPT}: it leads to a machine that is no node of this cluster, and flannel's Network is not known: "
            f"another cluster may be called {state.cluster}, too; if none is: {state.dialect.delete_command(route)}"
        )
        return _stays(route, route.node, reason)
    why = _why_delete(route, served, state)
    if not why:
        return _stays(
            route, route.node, f"{KEPT}: its node, or one with the same pod CIDR, exists and is not served otherwise"
        )
    command = state.dialect.delete_command(route)
    return Change("delete", "route", route.name, route.node, route.facts(), {}, why, command)


def _why_delete(route: Route, served: set[tuple[str, str]], state: State) -> str:
    if (route.table, route.destination) in served:
        return f"left over: another route leads {route.destination} to its node"
    if route.destination in state.held:
        return ""
    if not route.node:
        unclear = any("" in cidrs for cidrs in state.cidrs.values())
        return "" if unclear else f"no node has the pod CIDR {route.destination} any more"
    if route.node not in state.cidrs:
        return f"node {route.node} is gone"
    if not state.cidrs[route.node] & {"", route.destination}:
        return f"node {route.node} no longer has the pod CIDR {route.destination}"
    return ""


def _fit(changes: list[Change], table: RouteTable, limit: Limit, state: State) -> list[Change]:
    """Turn routes that the table will not hold into conflicts.

    A replacement that is not made in place needs room for both for a moment.
    """
    counted = [change for change in changes if _counts(change.after, table, limit)]
    adding = [change for change in counted if change.action == "create"]
    moving = [change for change in counted if change.action == "update"]
    moving = [] if state.dialect.replaces_in_place else moving[:SIDE_BY_SIDE]
    freed = [change for change in changes if _frees(change, table, limit, state)]
    needing, room = adding + moving, max(limit.most - limit.used + len(freed), 0)
    if len(needing) <= room:
        return changes
    excess = {change.resource for change in needing[room:]}
    reason = (
        f"{limit.source}: {limit.used} of {limit.most} routes are used, {len(adding)} are to be added"
        f"{f', and room for {len(moving)} more while routes are replaced' if moving else ''}; "
        "ask for a higher limit, or remove routes that nobody needs"
    )
    return [_as_conflict(change, reason) if change.resource in excess else change for change in changes]


def _counts(side: Mapping[str, Any], table: RouteTable, limit: Limit) -> bool:
    """Return whether one side of a change is a route that counts against the limit."""
    if side.get("table") != table.id:
        return False
    return limit.version == 0 or (limit.version == 6) == (":" in side["destination"])  # noqa: PLR2004 - IPv6


def _frees(change: Change, table: RouteTable, limit: Limit, state: State) -> bool:
    """Return whether a row is a deletion that makes room in time: of the same write as what is added."""
    gone = change.action == "delete" and _counts(change.before, table, limit)
    return gone and bool(state.dialect.together(change))


def _as_conflict(change: Change, reason: str) -> Change:
    return Change("conflict", change.kind, change.resource, change.node, change.before, change.after, reason)
