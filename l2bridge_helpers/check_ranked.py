"""Whether ordered lists of rules (AWS: network ACL, Azure: NSG) let packets between pods through (pure).

Such a list sees the pods' own addresses, in both directions: on their way out at the sender, in at the receiver.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.findings import Finding, names_of, nodes_called
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.prefixes import within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.filters import RankedRule
    from l2bridge_helpers.placement import Placed

TCP = ("all", "tcp", "6")
_MEANING = "it sees the pods' own addresses: packets to or from these pods are dropped there"


@dataclass(frozen=True)
class _Ranges:
    """What a rule matches one side by; `any`: everything."""

    any: bool
    networks: tuple[Network, ...]

    def meets(self, network: Network) -> bool:
        return self.any or any(one.version == network.version and one.overlaps(network) for one in self.networks)

    def holds(self, network: Network) -> bool:
        return self.any or any(within(network, one) for one in self.networks)


@dataclass(frozen=True)
class _Rule:
    """A rule with its names of ranges looked up."""

    rule: RankedRule
    sources: _Ranges
    destinations: _Ranges

    def meets(self, source: Network, destination: Network) -> bool:
        return self.sources.meets(source) and self.destinations.meets(destination)

    def holds(self, source: Network, destination: Network) -> bool:
        return self.sources.holds(source) and self.destinations.holds(destination)


@dataclass(frozen=True)
class _Way:
    """One list in one direction, the nodes behind it, and the pods that these nodes' pods talk to."""

    name: str
    rules: tuple[_Rule, ...]
    inbound: bool
    behind: tuple[Placed, ...]
    peers: tuple[Network, ...]
    around: tuple[Network, ...]
    """As few ranges as hold all pods, also those of the nodes behind the list."""


class _Ground:
    """What is looked up once for all lists: pod CIDRs, who is where, and what names of ranges stand for."""

    def __init__(self, placed: tuple[Placed, ...], fabric: Fabric, routed: Collection[str]) -> None:
        """Look it up; `routed` are the destinations of the routes that are there."""
        self.fabric = fabric
        self.routed = tuple(routed)
        pods = {(spot.row.nodeName, network) for spot in placed if (network := spot.row.network)}
        self.pods = sorted(pods, key=lambda pod: (pod[1].version, int(pod[1].network_address), pod[0]))
        self.around = tuple(merge(network for _, network in self.pods))
        self._placed = placed
        self._at: dict[str, set[int]] = defaultdict(set)
        for number, spot in enumerate(placed):
            self._at[spot.nic.subnet].add(number)
            self._at[spot.nic.id].add(number)
        self._ranges: dict[tuple[str, ...], _Ranges] = {}

    def behind(self, places: Iterable[str]) -> tuple[Placed, ...]:
        """Return the nodes that a list on these subnets and interfaces is in front of."""
        numbers = set().union(*(self._at.get(place, set()) for place in places))
        return tuple(self._placed[number] for number in sorted(numbers))

    def peers(self, behind: tuple[Placed, ...], *, inside: bool) -> tuple[Network, ...]:
        """Return the pods that those of these nodes talk to; `inside`: also to each other, where they are several."""
        names = {spot.row.nodeName for spot in behind}
        every = inside and len(names) > 1
        return tuple(dict.fromkeys(network for node, network in self.pods if every or node not in names))

    def rule(self, rule: RankedRule) -> _Rule:
        """Return the rule with its names looked up."""
        return _Rule(rule, self._look_up(rule.sources), self._look_up(rule.destinations))

    def _look_up(self, names: tuple[str, ...]) -> _Ranges:
        if names not in self._ranges:
            dialect = dialect_of(self.fabric.platform)
            cidrs = [cidr for name in names for cidr in dialect.named_ranges(name, self.fabric, self.routed) or (name,)]
            networks = merge(network for cidr in cidrs if (network := parse_cidr(cidr)))
            self._ranges[names] = _Ranges(not names, tuple(networks))
        return self._ranges[names]


def check_ranked(placed: tuple[Placed, ...], fabric: Fabric) -> list[Finding]:
    """Return the findings about lists that drop packets between pods once every pod CIDR has its route."""
    found, fine = [], set()
    for way in _ways(_Ground(placed, fabric, [str(network) for network in merge(pods_of(placed))])):
        shut = [*_shut(way)]
        found += [_finding(way, shut, family, fabric) for family in by_family(shut)]
        fine |= {way.name} if way.inbound and not shut else set()
    return [*found, *_relying(placed, fabric, fine)]


def merge(networks: Iterable[Network]) -> list[Network]:
    """Return as few networks as hold the same addresses."""
    every = list(networks)
    families = [[network for network in every if network.version == version] for version in (4, 6)]
    return [merged for family in families for merged in ipaddress.collapse_addresses(family)]  # type: ignore[type-var]


def by_family(cidrs: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Give the CIDRs of each family, as few as hold them all."""
    merged = merge(ipaddress.ip_network(cidr) for cidr in cidrs)
    for version in (4, 6):
        family = tuple(str(network) for network in merged if network.version == version)
        if family:
            yield family


def pods_of(placed: Iterable[Placed]) -> list[Network]:
    """Return the pod CIDRs, in order."""
    return [network for spot in placed if (network := spot.row.network)]


def _ways(ground: _Ground) -> Iterator[_Way]:
    """Give every list that nodes are behind, in both directions."""
    dialect = dialect_of(ground.fabric.platform)
    inside = dialect.filters_inside_subnets
    for name, rules in _lists(ground.fabric).items():
        for where in (rules[0].on,) if inside else ((place,) for place in rules[0].on):
            behind = ground.behind(where)
            peers = ground.peers(behind, inside=inside)
            label = f"{dialect.filter_list} {name}" if inside else f"{dialect.filter_list} {name} on {where[0]}"
            for inbound in (True, False) if behind and peers else ():
                way = tuple(ground.rule(rule) for rule in rules if rule.inbound is inbound)
                if way:
                    yield _Way(label, way, inbound, behind, peers, ground.around)


def _lists(fabric: Fabric) -> dict[str, list[RankedRule]]:
    """Return the rules of each list in the order in which they count."""
    lists: dict[str, list[RankedRule]] = defaultdict(list)
    for rule in sorted(fabric.ranked_rules, key=lambda rule: rule.number):
        lists[rule.list].append(rule)
    return lists


def _shut(way: _Way) -> Iterator[str]:
    """Give the peers whose packets do not pass."""
    own = merge(pods_of(way.behind))
    if all(_passes(one, mine, way) for one in way.around for mine in own if one.version == mine.version):
        return  # what lets all pods through lets each of them
    for peer in way.peers:
        if not all(_passes(peer, one, way) for one in own if one.version == peer.version):
            yield str(peer)


def _passes(peer: Network, own: Network, way: _Way) -> bool:
    """Return whether all packets between two ranges get through: the first rule that meets them has to allow all."""
    decider = _decider(peer, own, way)
    return decider is not None and decider.rule.allow and decider.holds(*_packet(peer, own, way))


def _decider(peer: Network, own: Network, way: _Way) -> _Rule | None:
    """Return the first rule that meets packets between two ranges, and is not for other protocols or some ports."""
    packet = _packet(peer, own, way)
    usable = (rule for rule in way.rules if any(protocol in TCP for protocol in rule.rule.protocols))
    return next((rule for rule in usable if rule.meets(*packet)), None)


def _packet(peer: Network, own: Network, way: _Way) -> tuple[Network, Network]:
    return (peer, own) if way.inbound else (own, peer)


def _deciders(peers: Iterable[Network], way: _Way) -> list[_Rule]:
    """Return the rules by which packets of these peers are dropped, in the order in which they count."""
    own = merge(pods_of(way.behind))
    pairs = ((peer, one) for peer in peers for one in own if one.version == peer.version)
    found = (_decider(peer, one, way) for peer, one in pairs if not _passes(peer, one, way))
    by_number = {rule.rule.number: rule for rule in found if rule}
    return [by_number[number] for number in sorted(by_number)]


def _finding(way: _Way, shut: list[str], family: tuple[str, ...], fabric: Fabric) -> Finding:
    version = ipaddress.ip_network(family[0]).version
    deciders = _deciders((peer for peer in map(ipaddress.ip_network, shut) if peer.version == version), way)
    names = names_of(decider.rule.name for decider in deciders if decider.rule.name)
    by = f" (rule{'s' if ', ' in names else ''} {names})" if names else ""
    where = f" at {nodes_called(spot.row.nodeName for spot in way.behind)}" if by else ""
    sides = ("from", "in") if way.inbound else ("to", "out")
    found = f"does not let packets {sides[0]} {names_of(family)} {sides[1]}{where}{by}"
    command = _command(way, family, deciders, fabric)
    todo = "allow the pod CIDRs in both directions, with a lower number than what denies them"
    return Finding("warning", way.name, found, _MEANING, f"allow them: {command}" if command else todo)


def _command(way: _Way, family: tuple[str, ...], deciders: list[_Rule], fabric: Fabric) -> str:
    """Return the command for a rule in front of those that decide; "" when there is no room for it."""
    taken = {rule.rule.number for rule in way.rules}
    numbers = dialect_of(fabric.platform).rule_numbers
    below = min((decider.rule.number for decider in deciders), default=numbers.stop)
    free = [number for number in numbers if number < below and number not in taken]
    if not free:
        return ""
    six = ":" in family[0]
    own = tuple(str(network) for network in merge(pods_of(way.behind)) if (":" in str(network)) == six)
    sources, destinations = (family, own) if way.inbound else (own, family)
    name = f"allow-pods-{'in' if way.inbound else 'out'}{'-v6' if six else ''}"
    if name in {rule.rule.name.lower() for rule in way.rules}:  # a command with its name would change that rule
        name = f"{name}-{free[-1]}"
    first = way.rules[0].rule
    new = replace(first, name=name, number=free[-1], allow=True, sources=sources, destinations=destinations)
    return dialect_of(fabric.platform).pass_command(fabric, new)


def _relying(placed: tuple[Placed, ...], fabric: Fabric, fine: Collection[str]) -> Iterator[Finding]:
    """Say which subnets let pods in only by a name that does not hold their CIDRs yet; `fine`: lists that will do."""
    for subnet in dict.fromkeys(spot.nic.subnet for spot in placed):
        there = fabric.subnet(subnet)
        table = fabric.table(there.table) if there else None
        routed = [route.destination for route in table.routes] if table else []
        ways = (way for way in _ways(_Ground(placed, fabric, routed)) if way.inbound and way.name in fine)
        here = [replace(way, behind=_in_subnet(way, subnet)) for way in ways if _in_subnet(way, subnet)]
        shut = {way.name: way for way in here if any(_shut(way))}
        if shut:
            name = _name_of(next(iter(shut.values())), fabric)
            missing = _missing(shut.values(), dialect_of(fabric.platform).named_ranges(name, fabric, routed))
            found = (
                f"lets pods in only by the name {name} ({names_of(shut)}), which does not hold "
                f"{len(missing)} of their CIDRs while its route table does not lead there"
            )
            meaning = "until it does, packets of these pods are dropped on arrival"
            todo = "apply the plan: it adds the routes, no rule is needed"
            yield Finding("warning", f"subnet {subnet}", found, meaning, todo)


def _missing(shut: Iterable[_Way], held: Iterable[str]) -> set[Network]:
    """Return the pod CIDRs, of senders and receivers, that a name has to hold before packets pass, and does not."""
    ranges = merge(network for cidr in held if (network := parse_cidr(cidr)))
    pods = {network for way in shut for network in (*map(ipaddress.ip_network, _shut(way)), *pods_of(way.behind))}
    return {pod for pod in pods if not any(within(pod, one) for one in ranges)}


def _in_subnet(way: _Way, subnet: str) -> tuple[Placed, ...]:
    return tuple(spot for spot in way.behind if spot.nic.subnet == subnet)


def _name_of(way: _Way, fabric: Fabric) -> str:
    """Return the first name in a rule that lets packets in and can stand for pods, "" when there is none."""
    dialect, routed = dialect_of(fabric.platform), [str(way.peers[0])]
    names = (name for rule in way.rules if rule.rule.allow for name in rule.rule.sources)
    return next((name for name in names if dialect.named_ranges(name, fabric, routed)), "")
