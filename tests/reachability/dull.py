"""Who reaches whom, decided packet by packet: slow, plain, and without a line of what it is compared with.

A pair's verdict is the worst that happens to any packet between its pods. It is enough to send them from and to the
first and last address of each piece into which rules and routes cut the two pod CIDRs: inside a piece nothing tells
two addresses apart. Documents, read 2026-11:

[routes]  VPC routes, applicability and order (GCE); route priority (AWS); how Azure selects a route (Azure)
[filters] VPC firewall rules (GCE); security groups, network ACLs (AWS); network security groups, service tags (Azure)
[ports]   ip-sysctl (Linux), default dynamic port range (Windows); ephemeral ports (network ACLs, AWS)
[spoof]   IP forwarding (GCE, Azure), source/destination checks (AWS)
[flannel] backends.md, hostgw.go, kube.go (flannel-io/flannel)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import Fabric, Route
from l2bridge_helpers.filters import DROP, LAYERS, Layer
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import Network, NodeRow, net_conf, node_rows, parse_cidr
from l2bridge_helpers.placement import Placed, place
from tests.reachability.dull_filters import (
    BLOCKED,
    ICMP,
    REACHES,
    UNPROVEN,
    Address,
    Header,
    Packet,
    Traffic,
    may,
    networks,
    port_ranges,
    through,
    unread,
)

HTTPS = ("tcp", 443)
EPHEMERAL = {"linux": (32768, 60999), "windows": (49152, 65535)}
"""Ports that senders choose, and that answers are sent to [ports]."""


@dataclass(frozen=True)
class State:
    """What was read, and what is asked."""

    rows: tuple[NodeRow, ...]
    flannel: NetConf
    fabric: Fabric
    traffic: Traffic


def matrix(nodes: pd.DataFrame, fabric: Fabric, traffic: Traffic = HTTPS) -> dict[tuple[int, str, str], str]:
    """Return the verdict of every ordered pair, by (IP version, sender, receiver)."""
    state = State(node_rows(nodes), net_conf(nodes), fabric, traffic)
    verdicts = {}
    for version in (4, 6):
        every = ends(nodes, fabric, version)
        for a, sender in every.items():
            for b, receiver in every.items():
                if a != b:
                    verdicts[version, a, b] = _judge(sender, receiver, state)
    return verdicts


def packet(
    nodes: pd.DataFrame, fabric: Fabric, source: Address, destination: Address, traffic: Traffic = HTTPS
) -> tuple[str, str]:
    """Return what happens to a packet between two pods' addresses, and to the packets of the answer."""
    state = State(node_rows(nodes), net_conf(nodes), fabric, traffic)
    every = ends(nodes, fabric, source.version).values()
    sender, receiver = (next(spot for spot in every if spot and one in _range(spot)) for one in (source, destination))
    there = _worst([*_known(sender, receiver, state), *_sent(sender, receiver, state, ([source], [destination]))])
    back = [*_known(receiver, sender, state), _delivery(receiver, sender, source, fabric)]
    for layer in _layers(sender, receiver, fabric):
        back += _answered(layer, sender, receiver, (source, destination), state)
    return there, _worst(back)


def ends(nodes: pd.DataFrame, fabric: Fabric, version: int) -> dict[str, Placed | None]:
    """Return the nodes that count in a family, each with its place, None where it has none."""
    spots = {(spot.row.nodeName, spot.row.routeDestination): spot for spot in place(nodes, fabric).placed}
    counted = _counted(node_rows(nodes), version)
    return {name: spots.get((name, row.routeDestination)) for name, row in counted.items()}


def _counted(rows: tuple[NodeRow, ...], version: int) -> dict[str, NodeRow]:
    """Return each node's row in a family: the first one, as flannel takes the first CIDR [flannel, kube.go]."""
    found: dict[str, NodeRow] = {}
    versions = {_version(row, 4) for row in rows if row.routeDestination}
    main = 6 if versions == {6} else 4
    for row in rows:
        windows = row.os == "windows" and version == 6  # flannel makes only IPv4 routes there [flannel]
        if _version(row, main) == version and not windows:
            found.setdefault(row.nodeName, row)
    return found


def _judge(sender: Placed | None, receiver: Placed | None, state: State) -> str:
    if sender is None or receiver is None:
        return BLOCKED
    addresses = (samples(sender, state.fabric), samples(receiver, state.fabric))
    return _worst([*_known(sender, receiver, state), *_sent(sender, receiver, state, addresses)])


def _known(sender: Placed, receiver: Placed, state: State) -> list[str]:
    """Return what is known without looking at a packet."""
    return [
        *_pod_cidr(sender, state),
        *_pod_cidr(receiver, state),
        *_flannel(sender.row, receiver.row, state),
        *_machines(sender, receiver, state.fabric),
    ]


def _version(row: NodeRow, main: int) -> int:
    """Return the family of a row; without any pod CIDR it is the cluster's."""
    if not row.routeDestination:
        return main
    return 6 if ":" in row.routeDestination else 4


# What is known without looking at a packet.


def _pod_cidr(spot: Placed, state: State) -> Iterator[str]:
    fabric = state.fabric
    own = _range(spot)
    for name, row in _counted(state.rows, own.version).items():
        if name != spot.row.nodeName and _overlap(own, row.network):
            yield BLOCKED
    ranges = [cidr for subnet in fabric.subnets for cidr in subnet.cidrs]
    ranges += [cidr for table in fabric.tables for cidr in table.reserved]
    ranges += _neighbours(fabric)
    if any(_overlap(own, network) for network in networks(ranges)):
        yield BLOCKED
    if own.is_loopback or own.is_link_local or own.is_multicast or own.is_unspecified or own.prefixlen == 0:
        yield BLOCKED
    yield from _flannel_network(own, state.flannel)


def _flannel_network(own: Network, conf: NetConf) -> Iterator[str]:
    """A pod CIDR outside Network is an error of flannel's [flannel, kube.go]."""
    if not conf.source or conf.problem:
        return
    of_family = [network for network in networks(conf.networks) if network.version == own.version]
    if not of_family:
        yield UNPROVEN
    elif not any(_inside(own, network) for network in of_family):
        yield BLOCKED


def _flannel(sender: NodeRow, receiver: NodeRow, state: State) -> Iterator[str]:
    """Flannel routes to peers of its own backend only, via their public IP [flannel, hostgw.go]."""
    if receiver.flannelPublicIP not in ("", receiver.nodeIP):
        yield BLOCKED
    if not any(row.backendType for row in state.rows):
        return
    backends = {sender.backendType, receiver.backendType}
    if "" in backends:
        yield UNPROVEN
    elif len(backends) == 2:
        yield BLOCKED
    elif backends != {"host-gw"}:
        yield UNPROVEN


def _machines(sender: Placed, receiver: Placed, fabric: Fabric) -> Iterator[str]:
    """Both machines run, and their interfaces may carry packets of other addresses than their own [spoof]."""
    if not (sender.instance.running and receiver.instance.running):
        yield BLOCKED
    if fabric.platform != "bare_metal" and not (sender.nic.forwarding and receiver.nic.forwarding):
        yield BLOCKED


# Packets.


def _sent(
    sender: Placed, receiver: Placed, state: State, addresses: tuple[list[Address], list[Address]]
) -> Iterator[str]:
    """Give what happens to packets from each of the addresses to each of the others, and to answers by filters."""
    sources, destinations = addresses
    for destination in destinations:
        yield _delivery(sender, receiver, destination, state.fabric)
    if any(may(DROP, state.fabric, header) for header in _questions(state, sources[0].version)):
        yield UNPROVEN  # by a policy before the rules, or behind them [filters]
    for layer in _layers(sender, receiver, state.fabric):
        if unread(layer, state.fabric):
            yield UNPROVEN
            continue
        for source in sources:
            for destination in destinations:
                for header in _questions(state, source.version):
                    sent = Packet(source, destination, header)
                    yield from through(layer, sender, receiver, sent, state.fabric)
                yield from _answered(layer, sender, receiver, (source, destination), state)


def _layers(sender: Placed, receiver: Placed, fabric: Fabric) -> list[Layer]:
    """Return the layers between two nodes: network ACLs stand at the edge of a subnet [filters]."""
    across = sender.nic.subnet != receiver.nic.subnet
    return [layer for layer in LAYERS[fabric.platform] if across or layer.inside_subnets]


def _answered(
    layer: Layer, sender: Placed, receiver: Placed, ways: tuple[Address, Address], state: State
) -> Iterator[str]:
    """Give what a layer that remembers nothing does to the answers, whatever port they are sent to [filters]."""
    if not layer.stateful:
        for header in _answers(state, ways[0].version):
            yield from through(layer, receiver, sender, Packet(ways[1], ways[0], header), state.fabric)


def samples(spot: Placed, fabric: Fabric) -> list[Address]:
    """Return the first and last address of each piece into which rules and routes cut a pod CIDR."""
    own = _range(spot)
    written = [route.destination for route in fabric.routes]
    written += [cidr for rule in fabric.rules for cidr in (*rule.sources, *rule.destinations)]
    written += [*fabric.cidrs, *_neighbours(fabric)]
    first, last = int(own.network_address), int(own.broadcast_address)
    starts = {first}
    for network in networks(written):
        if network.version == own.version:
            starts |= {int(network.network_address), int(network.broadcast_address) + 1}
    inside = sorted(start for start in starts if first <= start <= last)
    ends_of_pieces = [start - 1 for start in inside[1:]] + [last]
    kind = type(own.network_address)
    return [kind(number) for number in sorted({*inside, *ends_of_pieces})]


def _questions(state: State, version: int) -> list[Header]:
    """Return the packets of the question: from every kind of port that senders choose, or every message."""
    protocol, port = state.traffic
    if protocol == "icmp":
        return [Header(ICMP[version], message=message) for message in _messages(state.fabric)]
    written = [text for rule in state.fabric.rules for text in rule.origins]
    return [Header(protocol, port, origin) for origin in _chosen(state, version, written)]


def _answers(state: State, version: int) -> list[Header]:
    """Return the packets of the answer: to every kind of port that the question may have come from."""
    protocol, port = state.traffic
    if protocol == "icmp":
        return _questions(state, version)
    written = [entry.partition(":")[2] for rule in state.fabric.rules for entry in rule.protocols]
    return [Header(protocol, chosen, port) for chosen in _chosen(state, version, written)]


def _chosen(state: State, version: int, written: Iterable[str]) -> list[int]:
    """Return the first and last port of each piece into which rules cut the ports that a family's nodes choose."""
    systems = {row.os for row in _counted(state.rows, version).values()}
    known = [EPHEMERAL[system] for system in systems if system in EPHEMERAL]
    known = known if len(known) == len(systems) else list(EPHEMERAL.values())
    lowest, highest = min(known)[0], max(last for _, last in known)
    starts = {lowest}
    for text in written:
        for first, last in port_ranges(text):
            starts |= {first, last + 1}
    inside = sorted(start for start in starts if lowest <= start <= highest)
    return sorted({*inside, *(start - 1 for start in inside[1:]), highest})


def _messages(fabric: Fabric) -> list[tuple[int, int]]:
    """Return ICMP messages of each type and code that a rule names, and of those that none does."""
    entries = {entry.partition(":")[::2] for rule in fabric.rules for entry in rule.protocols}
    written = [message for name, message in entries if name in ("icmp", "icmpv6", "1", "58") and message]
    named = {int(number) for message in written for number in message.split("-")}
    numbers = [*sorted(named), next(number for number in range(256) if number not in named)]
    return [(kind, code) for kind in numbers for code in numbers]


def _delivery(sender: Placed, receiver: Placed, destination: Address, fabric: Fabric) -> str:
    """Inside a segment the frame goes straight to the node; else the table of the sender's subnet decides [routes]."""
    dialect = dialect_of(fabric.platform)
    if fabric.platform in ("aws", "bare_metal"):
        if dialect.segment(sender.nic, destination.version) == dialect.segment(receiver.nic, destination.version):
            return REACHES
        if fabric.platform == "bare_metal":
            return BLOCKED
    best = _lookup(sender, destination, fabric)
    leads = [dialect.leads_to(hop, receiver.instance, receiver.nic) for hop in best]
    return REACHES if leads and all(leads) else BLOCKED


def _lookup(sender: Placed, destination: Address, fabric: Fabric) -> list[str]:
    """Return the next hops that a packet can take: longest prefix, lowest priority, and of equal ones any [routes]."""
    subnet = fabric.subnet(sender.nic.subnet)
    table = fabric.table(subnet.table) if subnet else None
    if table is None:
        return []
    candidates = []
    for route in table.routes:
        network = parse_cidr(route.destination)
        if network and destination in network and _usable(route, sender, fabric.platform):
            candidates.append((-network.prefixlen, 0, route.priority, "" if route.status else route.next_hop))
    if fabric.platform == "azure":  # system routes, which a user-defined one wins over at equal length
        system = [network for network in networks([*fabric.cidrs, *_neighbours(fabric)]) if destination in network]
        candidates += [(-network.prefixlen, 1, 0, "") for network in system]
    best = min((candidate[:3] for candidate in candidates), default=None)
    return [candidate[3] for candidate in candidates if candidate[:3] == best]


def _usable(route: Route, sender: Placed, platform: str) -> bool:
    """Return whether packets of the sender take it. AWS keeps blackholes in the lookup, GCE leaves out what is down."""
    follows = not route.tags or any(tag in sender.instance.tags for tag in route.tags)
    return follows and (not route.status or (platform == "aws" and route.status == "blackhole"))


# Ranges.


def _neighbours(fabric: Fabric) -> list[str]:
    return [cidr for cidrs in fabric.neighbours.values() for cidr in cidrs]


def _range(spot: Placed) -> Network:
    return ipaddress.ip_network(spot.row.routeDestination)


def _overlap(one: Network, other: Network | None) -> bool:
    return other is not None and one.version == other.version and one.overlaps(other)


def _inside(one: Network, other: Network) -> bool:
    return one.network_address in other and one.broadcast_address in other


def _worst(verdicts: Iterable[str]) -> str:
    seen = set(verdicts)
    return next((one for one in (BLOCKED, UNPROVEN) if one in seen), REACHES)
