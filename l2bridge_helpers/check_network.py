"""What the cloud's network does to the pod CIDRs: ranges, other writers, machines, templates, filters (pure)."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.findings import Finding, names_of
from l2bridge_helpers.nodes import Network, parse_cidr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from l2bridge_helpers.clouds.base import Dialect
    from l2bridge_helpers.fabric import Fabric, Filter, Route
    from l2bridge_helpers.placement import Placed


def check_network(placed: tuple[Placed, ...], fabric: Fabric) -> list[Finding]:
    """Return the findings about nodes whose instances are known."""
    return [
        *_hidden_subnets(placed, fabric),
        *_other_writers(placed, fabric),
        *_not_running(placed),
        *_templates(placed, fabric),
        *_filters(placed, fabric),
        *_unread(fabric),
    ]


def _hidden_subnets(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    taken = [
        (network, f"subnet {subnet.id}")
        for subnet in fabric.subnets
        for cidr in subnet.cidrs
        if (network := parse_cidr(cidr))
    ]
    taken += [(network, "the network's own range") for cidr in fabric.table.reserved if (network := parse_cidr(cidr))]
    for spot in placed:
        network = spot.row.network
        hits = [f"{other} of {what}" for other, what in taken if network and _overlap(network, other)]
        if hits:
            found = f"has the pod CIDR {network}, which overlaps {names_of(hits)}"
            meaning = "the cloud refuses a route that hides a subnet, and delivers the overlap to the subnet"
            todo = "choose a cluster CIDR outside every range of the network (primary and secondary)"
            yield Finding("blocking", f"node {spot.row.nodeName}", found, meaning, todo)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _other_writers(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Block when a cloud controller manager's routes concern these nodes; another cluster's are its own affair."""
    dialect = dialect_of(fabric.platform)
    around = _merge(network.supernet(new_prefix=_near(network)) for spot in placed if (network := spot.row.network))
    names = [
        route.name
        for route in fabric.table.routes
        if dialect.is_route_controller(route) and _concerns(route, placed, around, dialect)
    ]
    if names:
        count = "1 route" if len(names) == 1 else f"{len(names)} routes"
        found = f"holds {count} of a cloud controller manager for these nodes: {names_of(names)}"
        meaning = "another program writes pod routes in this network: two writers would undo each other's work"
        todo = "let it do the job, or start it with --configure-cloud-routes=false and remove its routes"
        yield Finding("blocking", f"network {fabric.network}", found, meaning, todo)


def _concerns(route: Route, placed: tuple[Placed, ...], around: list[Network], dialect: Dialect) -> bool:
    """Return whether a route takes packets for the pod CIDRs or what is beside them, or leads to a node."""
    destination = parse_cidr(route.destination)
    beside = destination is not None and any(_overlap(destination, network) for network in around)
    return beside or any(dialect.leads_to(route, spot.instance, spot.nic) for spot in placed)


def _near(network: Network) -> int:
    """Return the prefix length of a usual cluster CIDR around a pod CIDR: 16 for IPv4, 48 for IPv6."""
    return min(network.prefixlen, 16 if network.version == 4 else 48)  # noqa: PLR2004 - IPv4


def _not_running(placed: tuple[Placed, ...]) -> Iterator[Finding]:
    for spot in {spot.instance.id: spot for spot in placed}.values():
        if spot.instance.status != "RUNNING":
            found = f"is on {spot.instance.id}, which is {spot.instance.status or 'in an unknown state'}"
            meaning = "its route stays inactive until the machine runs"
            yield Finding(
                "warning", f"node {spot.row.nodeName}", found, meaning, "start the machine, or remove the node"
            )


def _templates(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    members: dict[str, list[str]] = defaultdict(list)
    for spot in placed:
        members[spot.instance.group].append(spot.row.nodeName)
    for template in fabric.templates:
        if not template.forwarding and members[template.group]:
            found = f"makes machines from {template.id}, which leaves forwarding off"
            meaning = (
                f"the next machine of this group (now: {names_of(members[template.group])}) drops pod packets again"
            )
            todo = "make a template with forwarding on and set it on the group, or run this runbook on a schedule"
            yield Finding("warning", f"group {template.group}", found, meaning, todo)


def _filters(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Warn about pod CIDRs from which no rule lets packets in to the nodes.

    A rule that selects senders by tag or account never matches a pod's address, so only source ranges count.
    """
    if any(unread.what == "firewall rules" for unread in fabric.unread):
        return
    open_to = _merge(network for rule in fabric.filters if _lets_pods_in(rule, placed) for network in _sources(rule))
    closed = sorted({spot.row.routeDestination for spot in placed if not _covered(spot.row.network, open_to)})
    for version in (4, 6):
        cidrs = tuple(cidr for cidr in closed if (":" in cidr) == (version == 6))  # noqa: PLR2004 - IPv6
        if cidrs:
            found = f"has no enabled allow rule for TCP whose source ranges hold {names_of(_merged(cidrs))}"
            meaning = "packets from these pods can be dropped at the other nodes although the routes are right"
            todo = dialect_of(fabric.platform).allow_command(fabric, _merged(cidrs))
            yield Finding("warning", f"network {fabric.network}", found, meaning, f"allow them: {todo}")


def _merged(cidrs: tuple[str, ...]) -> tuple[str, ...]:
    networks = ipaddress.collapse_addresses(ipaddress.ip_network(cidr) for cidr in cidrs)  # type: ignore[type-var]
    return tuple(str(network) for network in networks)


def _lets_pods_in(rule: Filter, placed: tuple[Placed, ...]) -> bool:
    usable = rule.allow and rule.enabled and any(protocol in ("all", "tcp", "6") for protocol in rule.protocols)
    marks = [{*spot.instance.tags, *spot.instance.accounts} for spot in placed]
    everywhere = not rule.targets or all(set(rule.targets) & own for own in marks)
    return usable and everywhere


def _sources(rule: Filter) -> list[Network]:
    return [network for source in rule.sources if (network := parse_cidr(source))]


def _merge(networks: Iterable[Network]) -> list[Network]:
    """Return as few networks as hold the same addresses."""
    every = list(networks)
    families = [[network for network in every if network.version == version] for version in (4, 6)]
    return [merged for family in families for merged in ipaddress.collapse_addresses(family)]  # type: ignore[type-var]


def _covered(network: Network | None, sources: list[Network]) -> bool:
    return network is None or any(
        network.version == source.version and network.subnet_of(source)  # type: ignore[arg-type]
        for source in sources
    )


def _unread(fabric: Fabric) -> Iterator[Finding]:
    for unread in fabric.unread:
        found = f"could not be read: {unread.why}"
        meaning = "what depends on it was not checked"
        yield Finding("warning", unread.what, found, meaning, "grant the permission, or check it by hand")
