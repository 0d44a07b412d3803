"""What filters do to one packet: as slow and plain as dull.py, where `[filters]` and the other documents are named."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.filters import (
    FIREWALL_POLICIES,
    FIREWALL_RULES,
    LETS_IN,
    LETS_IN_LATE,
    LETS_OUT,
    NETWORK_ACL,
    NETWORK_ACLS,
    Layer,
    Rule,
)
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.placement import Placed

REACHES, UNPROVEN, BLOCKED = "reaches", "unproven", "blocked"
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "132": "sctp"}
"""Protocol numbers (IANA), as network ACLs write protocols."""
_PORTED = ("tcp", "udp", "sctp")
ICMP = {4: "icmp", 6: "icmpv6"}
"""Each address family has a protocol of its own for its messages (RFC 792, RFC 4443)."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Traffic = tuple[str, int]
"""Protocol, and the port that it is sent to."""


@dataclass(frozen=True)
class Header:
    """What a filter sees of a packet beside its addresses: ports, or ICMP's type and code."""

    protocol: str
    port: int = 0
    origin: int = 0
    message: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Packet:
    """What a filter sees of a packet."""

    source: Address
    destination: Address
    header: Header


def unread(layer: Layer, fabric: Fabric) -> bool:
    """Return whether the layer's rules could not be read."""
    parts = {part.what for part in fabric.unread}
    return (NETWORK_ACLS if layer.kind == NETWORK_ACL else FIREWALL_RULES) in parts


def through(layer: Layer, sender: Placed, receiver: Placed, packet: Packet, fabric: Fabric) -> list[str]:
    """Return what the layer does to a packet on its way out, and in."""
    out = _look(layer, sender, receiver, packet, fabric, inbound=False)
    return [out, _look(layer, receiver, sender, packet, fabric, inbound=True)]


def may(effect: str, fabric: Fabric, header: Header) -> bool:
    """Return whether some policy may do this to a packet; one that was not read may do anything [filters]."""
    policies = [part.may for part in fabric.unread if part.what == FIREWALL_POLICIES]
    return any(not told or any(_carries(entry, header) for entry in told.get(effect, ())) for told in policies)


def _look(layer: Layer, here: Placed, there: Placed, packet: Packet, fabric: Fabric, *, inbound: bool) -> str:
    """Return what the layer at `here` does to a packet from or to `there`: the first rule that matches decides."""
    lists = [rule for rule in fabric.rules if rule.kind == layer.kind and _is_on(rule, layer, here)]
    if (layer.place == "groups" and not here.nic.filters) or (layer.optional and not lists):
        return REACHES
    rules = [rule for rule in lists if rule.inbound == inbound and rule.enabled]
    perhaps = False
    before = may(LETS_IN if inbound else LETS_OUT, fabric, packet.header)
    for rule in sorted(rules, key=lambda rule: (rule.number, rule.allow)):
        matches = _matches(rule, layer, here, there, packet, fabric)
        if matches == "maybe":
            perhaps = True
        elif matches == "yes":
            return REACHES if rule.allow else UNPROVEN if perhaps or before else BLOCKED
    if layer.open_out and not inbound:
        return REACHES
    late = inbound and may(LETS_IN_LATE, fabric, packet.header)
    return UNPROVEN if perhaps or before or late else BLOCKED


def _is_on(rule: Rule, layer: Layer, here: Placed) -> bool:
    if rule.on is None:
        return True
    nic = here.nic
    every = {*here.instance.tags, *here.instance.accounts, *nic.filters, nic.id, nic.subnet}
    names = {"interface": {nic.id}, "subnet": {nic.subnet}}.get(layer.place, every)
    return any(name in names for name in rule.on)


def _matches(rule: Rule, layer: Layer, here: Placed, there: Placed, packet: Packet, fabric: Fabric) -> str:
    """Return yes, no or maybe: what rules that name the other side by groups see of pods is not known [filters]."""
    own, other = ("destination", "source") if rule.inbound else ("source", "destination")
    sides = {"source": rule.sources, "destination": rule.destinations}
    addresses = {"source": packet.source, "destination": packet.destination}
    if not any(_carries(entry, packet.header) for entry in rule.protocols) or not _comes(rule, packet.header):
        return "no"
    if sides[own] and not _holds(sides[own], addresses[own], here, fabric):
        return "no"
    if not sides[other] and not rule.peers:
        return "yes"
    if sides[other] and _holds(sides[other], addresses[other], here, fabric):
        return "yes"
    named = any(peer in there.nic.filters or peer.startswith("pl-") for peer in rule.peers)
    return "maybe" if named and layer.peers == "unproven" else "no"


def _holds(names: Iterable[str], address: Address, here: Placed, fabric: Fabric) -> bool:
    """Return whether one of the ranges holds the address; a name stands for ranges, or for nothing here [filters]."""
    subnet = fabric.subnet(here.nic.subnet)
    table = fabric.table(subnet.table) if subnet else None
    routed = [route.destination for route in table.routes] if table else []
    for name in names:
        written = [name] if parse_cidr(name) else dialect_of(fabric.platform).named_ranges(name, fabric, routed)
        if any(address in network for network in networks(written)):
            return True
    return False


def _carries(entry: str, header: Header) -> bool:
    """Return whether `tcp:80,8000-8080`, `icmp:8` (a type) or `icmp:3-4` (with a code) hold a packet [filters]."""
    name, _, written = entry.lower().partition(":")
    if name == "all":
        return not written or _among(written, header)
    if _NUMBERS.get(name, name) != header.protocol:
        return False
    if written and header.protocol in ICMP.values():
        kind, _, code = written.partition("-")
        return header.message[0] == int(kind) and code in ("", str(header.message[1]))
    return not written or _among(written, header)


def _comes(rule: Rule, header: Header) -> bool:
    """Return whether a packet comes from the ports that a rule asks for: one without ports never does [filters]."""
    if not rule.origins:
        return True
    ranges = (ports for text in rule.origins for ports in port_ranges(text))
    return header.protocol in _PORTED and any(first <= header.origin <= last for first, last in ranges)


def _among(written: str, header: Header) -> bool:
    return header.protocol in _PORTED and any(first <= header.port <= last for first, last in port_ranges(written))


def port_ranges(ports: str) -> Iterator[tuple[int, int]]:
    """Give the first and last port of each range that a rule names."""
    for part in ports.split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            yield int(first), int(last or first)


def networks(written: Iterable[str]) -> list[Network]:
    """Return those of the texts that are ranges."""
    return [network for text in written if (network := parse_cidr(text))]
