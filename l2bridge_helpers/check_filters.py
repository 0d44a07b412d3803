"""Whether filters let packets from the pod CIDRs through: those on interfaces, and those on subnets (pure)."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import FIREWALL_RULES
from l2bridge_helpers.findings import Finding, names_of, nodes_called
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.prefixes import within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from l2bridge_helpers.fabric import Fabric, Filter, SubnetFilter
    from l2bridge_helpers.placement import Placed

_TCP = ("all", "tcp", "6")
Closed = dict[tuple[str, ...], list["Placed"]]
"""Pod CIDRs that are not let in -> the nodes where that is so."""


def check_filters(placed: tuple[Placed, ...], fabric: Fabric) -> list[Finding]:
    """Return the findings about filters that can drop packets between pods."""
    return [*_on_interfaces(placed, fabric), *_on_subnets(placed, fabric)]


def merge(networks: Iterable[Network]) -> list[Network]:
    """Return as few networks as hold the same addresses."""
    every = list(networks)
    families = [[network for network in every if network.version == version] for version in (4, 6)]
    return [merged for family in families for merged in ipaddress.collapse_addresses(family)]  # type: ignore[type-var]


def _on_interfaces(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Warn about nodes whose rules let packets from some pod CIDRs in by no range.

    A rule that selects senders by tag, account or group is not known to match a pod's address, so only ranges count.
    """
    if any(unread.what == FIREWALL_RULES for unread in fabric.unread):
        return
    for cidrs, spots in _closed(placed, fabric).items():
        for family in _by_family(cidrs):
            where, verb = _where(spots, placed, fabric)
            found = f"{verb} no enabled allow rule for TCP whose source ranges hold {names_of(family)}"
            meaning = "packets from these pods can be dropped there although everything else is right"
            nics = tuple({spot.nic.id: spot.nic for spot in spots}.values())
            todo = dialect_of(fabric.platform).allow_command(fabric, family, nics)
            yield Finding("warning", where, found, meaning, f"allow them: {todo}" if todo else "allow them")


def _where(spots: list[Placed], placed: tuple[Placed, ...], fabric: Fabric) -> tuple[str, str]:
    """Return what a finding is about, and its verb: the whole network, or these nodes."""
    names = list(dict.fromkeys(spot.row.nodeName for spot in spots))
    if len(names) == len({spot.row.nodeName for spot in placed}):
        return f"network {fabric.network}", "has"
    return nodes_called(names), "has" if len(names) == 1 else "have"


def _closed(placed: tuple[Placed, ...], fabric: Fabric) -> Closed:
    """Return the pod CIDRs that are not let in, and where; nodes with the same marks are looked at once."""
    pods = {spot.row.routeDestination: network for spot in placed if (network := spot.row.network)}
    groups: dict[frozenset[str], list[Placed]] = defaultdict(list)
    for spot in placed:
        groups[_marks(spot)].append(spot)
    closed: Closed = defaultdict(list)
    for marks, spots in groups.items():
        rules = [rule for rule in fabric.filters if _lets_in(rule, marks)]
        open_to = merge(network for rule in rules for network in _sources(rule))
        shut = tuple(cidr for cidr, network in sorted(pods.items()) if not _covered(network, open_to))
        if shut:
            closed[shut] += spots
    return closed


def _marks(spot: Placed) -> frozenset[str]:
    return frozenset({*spot.instance.tags, *spot.instance.accounts, *spot.nic.filters})


def _lets_in(rule: Filter, marks: frozenset[str]) -> bool:
    usable = rule.allow and rule.enabled and any(protocol in _TCP for protocol in rule.protocols)
    return usable and (not rule.targets or bool(marks & set(rule.targets)))


def _sources(rule: Filter) -> list[Network]:
    return [network for source in rule.sources if (network := parse_cidr(source))]


def _covered(network: Network, sources: list[Network]) -> bool:
    return any(within(network, source) for source in sources)


def _by_family(cidrs: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give the CIDRs of each family, as few as hold them all."""
    merged = merge(ipaddress.ip_network(cidr) for cidr in cidrs)
    for version in (4, 6):
        family = tuple(str(network) for network in merged if network.version == version)
        if family:
            yield family


def _on_subnets(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Warn about subnets whose stateless filter drops other subnets' pod CIDRs, in either direction.

    Packets that stay inside a subnet do not pass it (VPC documentation, network ACL basics, read 2026-11).
    """
    for subnet in dict.fromkeys(spot.nic.subnet for spot in placed):
        others = [spot for spot in placed if spot.nic.subnet != subnet]
        pods = {spot.row.routeDestination: network for spot in others if (network := spot.row.network)}
        rules = [rule for rule in fabric.subnet_filters if subnet in rule.subnets]
        for inbound in (True, False):
            way = sorted((rule for rule in rules if rule.inbound is inbound), key=lambda rule: rule.number)
            shut = tuple(cidr for cidr, network in sorted(pods.items()) if way and not _passes(network, way))
            for family in _by_family(shut):
                found = (
                    f"lets packets {'from' if inbound else 'to'} {names_of(family)} not {'in' if inbound else 'out'}"
                )
                meaning = "it is stateless and sees the pods' own addresses: their packets are dropped at this subnet"
                todo = "allow the pod CIDRs in both directions, with a lower number than what denies them"
                yield Finding("warning", f"{way[0].id} on {subnet}", found, meaning, todo)


def _passes(network: Network, rules: list[SubnetFilter]) -> bool:
    """Return whether the whole range gets through: the first rule that meets it has to allow all of it."""
    for rule in rules:
        other = parse_cidr(rule.cidr)
        if other is None or other.version != network.version or not other.overlaps(network):
            continue
        if any(protocol in _TCP for protocol in rule.protocols):
            return rule.allow and within(network, other)
    return False
