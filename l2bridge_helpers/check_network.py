"""What the cloud's network does to the pod CIDRs: ranges, other writers, machines, templates, filters (pure)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.findings import Finding, Severity, names_of
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.prefixes import merge
from l2bridge_helpers.reachability.nodes import ranges_in_use
from l2bridge_helpers.tables import bare_subnets, beyond_pods, chosen_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from l2bridge_helpers.clouds.base import Dialect
    from l2bridge_helpers.fabric import Fabric, Route
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.scope import Scope


def check_network(placed: tuple[Placed, ...], fabric: Fabric, scope: Scope) -> list[Finding]:
    """Return the findings about nodes whose instances are known."""
    return [
        *_hidden_subnets(placed, fabric),
        *_other_writers(placed, fabric),
        *_namesakes(placed, fabric),
        *_fixed(placed),
        *_not_running(placed),
        *_unmanaged_routes(placed, fabric, scope),
        *_templates(placed, fabric, scope),
        *_upgrades(placed, fabric, scope),
        *_tables(placed, fabric, scope),
        *_denied(fabric),
        *_unread(fabric),
    ]


def _hidden_subnets(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    taken = ranges_in_use(fabric)
    for spot in placed:
        network = spot.row.network
        hits = [f"{other} of {what}" for other, what in taken if network and _overlap(network, other)]
        if hits:
            found = f"has the pod CIDR {network}, which overlaps {names_of(hits)}"
            meaning = "one address would be in two places: what is there would be cut off, or the pods would"
            todo = "choose a cluster CIDR outside every range of the network and its peers"
            yield Finding("blocking", f"node {spot.row.nodeName}", found, meaning, todo)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _other_writers(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Block when a cloud controller manager's routes concern these nodes; another cluster's are its own affair."""
    dialect = dialect_of(fabric.platform)
    around = merge(network.supernet(new_prefix=_near(network)) for spot in placed if (network := spot.row.network))
    names = [
        route.name
        for route in fabric.routes
        if dialect.is_route_controller(route) and _concerns(route, placed, around, dialect)
    ]
    if names:
        count = "1 route" if len(names) == 1 else f"{len(names)} routes"
        found = f"holds {count} of a cloud controller manager for these nodes: {names_of(names)}"
        meaning = "another program writes pod routes in this network: two writers would undo each other's work"
        todo = "let it do the job, or start it with --configure-cloud-routes=false and remove its routes"
        yield Finding("blocking", f"network {fabric.network}", found, meaning, todo)


def _namesakes(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Warn about routes that are called as a cloud controller manager calls its own: people call theirs so, too."""
    if not dialect_of(fabric.platform).controller_names_nodes:
        return
    nodes = {spot.row.nodeName.lower() for spot in placed}
    routes = (route for route in fabric.routes if not route.cluster)
    names = [route.name for route in routes if route.name.rpartition("/")[2].lower() in nodes]
    if names:
        found = f"are called like their nodes, as a cloud controller manager calls its routes: {names_of(names)}"
        meaning = "if one runs with its route controller, two writers would undo each other's work"
        todo = "make sure that none does (--configure-cloud-routes=false); routes made by hand are left as they are"
        yield Finding("warning", "routes", found, meaning, todo)


def _concerns(route: Route, placed: tuple[Placed, ...], around: list[Network], dialect: Dialect) -> bool:
    """Return whether a route takes packets for the pod CIDRs or what is beside them, or leads to a node."""
    destination = parse_cidr(route.destination)
    beside = destination is not None and any(_overlap(destination, network) for network in around)
    return beside or any(dialect.leads_to(route.next_hop, spot.instance, spot.nic) for spot in placed)


def _near(network: Network) -> int:
    """Return the prefix length of a usual cluster CIDR around a pod CIDR: 16 for IPv4, 48 for IPv6."""
    return min(network.prefixlen, 16 if network.version == 4 else 48)  # noqa: PLR2004 - IPv4


def _fixed(placed: tuple[Placed, ...]) -> Iterator[Finding]:
    """Say whose own interface cannot forward."""
    for spot in {spot.nic.id: spot for spot in placed}.values():
        if spot.nic.fixed and not spot.nic.forwarding:
            found = f"has its address on {spot.nic.id}, where forwarding cannot be turned on: {spot.nic.fixed}"
            meaning = "the cloud drops the packets of its pods; the other nodes are served"
            todo = spot.nic.remedy or "give the node an address on an ordinary interface (--node-ip, flannel's --iface)"
            yield Finding("error", f"node {spot.row.nodeName}", found, meaning, todo)


def _not_running(placed: tuple[Placed, ...]) -> Iterator[Finding]:
    for spot in {spot.instance.id: spot for spot in placed}.values():
        if not spot.instance.running:
            found = f"is on {spot.instance.id}, which is {spot.instance.status or 'in an unknown state'}"
            meaning = "nothing reaches its pods until the machine runs"
            yield Finding(
                "warning", f"node {spot.row.nodeName}", found, meaning, "start the machine, or remove the node"
            )


def _unmanaged_routes(placed: tuple[Placed, ...], fabric: Fabric, scope: Scope) -> Iterator[Finding]:
    """Warn about routes for pod CIDRs where routes are not this run's affair."""
    if scope.routes:
        return
    dialect = dialect_of(fabric.platform)
    homes = {spot.row.routeDestination: spot for spot in placed}
    for route in fabric.routes:
        spot = homes.get(route.destination)
        if spot and not dialect.leads_to(route.next_hop, spot.instance, spot.nic):
            found = f"leads {route.destination} of node {spot.row.nodeName} to {route.next_hop}"
            meaning = "inside one subnet packets need no route, but what else uses this table is led astray"
            todo = f"if it is not needed, remove it: {dialect.delete_command(route)}"
            yield Finding("warning", f"route {route.name}", found, meaning, todo)


def _members(placed: tuple[Placed, ...]) -> dict[str, list[str]]:
    """Return the names of the nodes that each managed group has made."""
    members: dict[str, list[str]] = defaultdict(list)
    for spot in placed:
        members[spot.instance.group].append(spot.row.nodeName)
    return members


def _templates(placed: tuple[Placed, ...], fabric: Fabric, scope: Scope) -> Iterator[Finding]:
    members = _members(placed)
    for template in fabric.templates:
        if not template.forwarding and members[template.group] and not (template.changeable and scope.forwarding):
            source = f"makes machines from {template.id}, which leaves" if template.id else "makes machines with"
            found = f"{source} forwarding off"
            meaning = (
                f"the next machine of this group (now: {names_of(members[template.group])}) drops pod packets again"
            )
            better = "make a template with forwarding on and set it on the group, or " if template.id else ""
            todo = f"{better}run this runbook on a schedule"
            yield Finding("warning", f"group {template.group}", found, meaning, todo)


def _upgrades(placed: tuple[Placed, ...], fabric: Fabric, scope: Scope) -> Iterator[Finding]:
    """Say where a changed template reaches machines that run, by the group's own policy."""
    members = _members(placed)
    for template in fabric.templates:
        names = members[template.group] if template.rolls_out and scope.forwarding else []
        if names and template.changeable and not template.forwarding:
            found = f"brings a changed model to its machines by itself ({template.rolls_out}): {names_of(names)}"
            meaning = "the cloud may restart them while it does, as with every change of the model"
            todo = "apply when that is all right, or set another upgrade policy first"
            yield Finding("warning", f"group {template.group}", found, meaning, todo)


def _tables(placed: tuple[Placed, ...], fabric: Fabric, scope: Scope) -> Iterator[Finding]:
    """Say what stands against the table that subnets without one are given, and what else it does to them."""
    bare = names_of(bare_subnets(placed, fabric)) if scope.routes else ""
    if not bare:
        return
    table = chosen_table(placed, fabric)
    if table is None:
        meaning, todo = "their pods stay out of reach", "look at the parameters that name the route table"
        yield Finding("blocking", f"subnets {bare}", "have no route table, and none is known for them", meaning, todo)
        return
    if table.location != fabric.location:
        found = f"is in {table.location}, and the network is in {fabric.location}"
        meaning = f"{bare} cannot be given a table of another region"
        yield Finding("blocking", f"route table {table.id}", found, meaning, "name a table of the network's region")
    more = beyond_pods(table, placed)
    if more:
        found = f"is to be given to {bare}, and does more than lead to our pods: {names_of(more)}"
        meaning = "that will hold for all that these subnets send"
        todo = (
            "make sure that this is meant"
            if fabric.spare_named
            else "name it as route_table if that is meant, or clean it"
        )
        severity: Severity = "warning" if fabric.spare_named else "blocking"
        yield Finding(severity, f"route table {table.id}", found, meaning, todo)


def _denied(fabric: Fabric) -> Iterator[Finding]:
    for denied in fabric.denied:
        found = f"may not {denied.action}: {denied.why}"
        meaning = "the changes that this run is to make would be refused half-way"
        yield Finding("blocking", "these credentials", found, meaning, "grant it, or use other credentials")


def _unread(fabric: Fabric) -> Iterator[Finding]:
    for unread in fabric.unread:
        found = unread.why if unread.may else f"could not be read: {unread.why}"
        yield Finding("warning", unread.what, found, unread.meaning, unread.todo)
