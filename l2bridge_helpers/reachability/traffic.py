"""What kind of packets a question is about, and which rules speak of such packets (pure).

Packets are cut where any rule begins or ends to speak of them, as addresses are: all packets of one part are treated
alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2bridge_helpers.filters import Rule

Range = tuple[int, int]
"""The first and the last one."""
_NUMBERS = {"icmp": "1", "igmp": "2", "ipip": "4", "tcp": "6", "udp": "17", "gre": "47", "esp": "50", "ah": "51"}
_NUMBERS |= {"icmpv6": "58", "icmp6": "58", "ipv6-icmp": "58", "sctp": "132"}
_ICMP = {4: "1", 6: "58"}
_WITH_PORTS = ("6", "17", "132")
_MOST = 65535
_EVERY = ("all", "-1", "*")
_WHOLE = (0, _MOST)
_ANY = (1, _MOST)
"""No port in particular: rules that speak of some of them only do not count."""
_CHOSEN = {"linux": (32768, 60999), "windows": (49152, _MOST)}
"""The ports that a sender chooses from (Linux `net.ipv4.ip_local_port_range`, Windows `netsh int ipv4 show
dynamicport`; defaults, read 2026-11)."""
_BOTH = (32768, _MOST)


@dataclass(frozen=True)
class Traffic:
    """A protocol and the port that packets are sent to.

    Attributes:
        protocol: `tcp`, `udp`, `sctp`, `icmp`, or a protocol number; case does not count. ICMP is that of the address
            family.
        port: 1 to 65535, without meaning where the protocol has no ports; 0: any port that no rule singles out.

    """

    protocol: str = "tcp"
    port: int = 443

    @property
    def has_ports(self) -> bool:
        """Whether the protocol has ports."""
        return _number(self.protocol) in _WITH_PORTS

    def __str__(self) -> str:
        """Return `TCP 443`."""
        name = self.protocol.upper() if not self.protocol.isdecimal() else f"protocol {self.protocol}"
        return f"{name} {self.port or 'to any port'}" if self.has_ports else name

    def packet(self, version: int, systems: Collection[str] = ()) -> Ports:
        """Return the packets of the question in an address family, from nodes with these operating systems."""
        if not self.has_ports:
            return Ports(_in_family(self.protocol, version), _WHOLE)
        return Ports(_number(self.protocol), self._asked, _chosen(systems))

    def answer(self, version: int, systems: Collection[str] = ()) -> Ports:
        """Return the packets of the answer: they are sent to the port that the sender has chosen."""
        if not self.has_ports:
            return self.packet(version)
        return Ports(_number(self.protocol), _chosen(systems), self._asked)

    @property
    def _asked(self) -> Range:
        return (self.port, self.port) if self.port else _ANY


HTTPS = Traffic()
ANY_PORT = Traffic(port=0)


@dataclass(frozen=True)
class Ports:
    """Packets of a protocol between ports of two ranges; of ICMP between a first and a last message.

    Attributes:
        protocol: its number.
        sent: the ports that they are sent to; of ICMP 256 times the type, plus the code.
        origins: the ports that they come from.

    """

    protocol: str
    sent: Range
    origins: Range = _ANY

    def met_by(self, protocols: Iterable[str]) -> bool:
        """Return whether protocols with ports, as rules write them, hold some of these packets."""
        held = self._held(protocols)
        return any(_hold(held, part) for part in _cut(self.sent, [held]))

    def spoken(self, rules: Sequence[Rule]) -> list[tuple[bool, ...]]:
        """Return of which parts of these packets each rule speaks; parts of which the same rules speak are one."""
        sent = [self._held(rule.protocols) for rule in rules]
        origins = [_merged(_ranges(",".join(rule.origins))) if rule.origins else [_WHOLE] for rule in rules]
        both = list(zip(sent, origins, strict=True))
        parts = itertools.product(_cut(self.sent, sent), _cut(self.origins, origins))
        return list(
            dict.fromkeys(tuple(_hold(to, one) and _hold(by, other) for to, by in both) for one, other in parts)
        )

    def _held(self, protocols: Iterable[str]) -> list[Range]:
        return _merged(part for text in protocols for part in _sent(text, self.protocol))


def _in_family(protocol: str, version: int) -> str:
    """Return the number of a protocol; each address family has an ICMP of its own."""
    number = _number(protocol)
    return _ICMP[version] if number in _ICMP.values() else number


def _number(protocol: str) -> str:
    return _NUMBERS.get(protocol.lower(), protocol.lower())


def _chosen(systems: Collection[str]) -> Range:
    """Return the ports that nodes with these systems choose from; one that is not known may be any system."""
    ranges = [_CHOSEN.get(system, _BOTH) for system in systems or ("",)]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _sent(text: str, number: str) -> list[Range]:
    """Return what `tcp:80,8000-8080` or `icmp:8` holds of a protocol; nothing when it speaks of another one."""
    name, _, written = text.lower().partition(":")
    every = name in _EVERY
    if not every and _number(name) != number:
        return []
    if not written:
        return [_WHOLE]
    if number in _WITH_PORTS:
        return _ranges(written)
    if every:
        return [_WHOLE] if _hold(_merged(_ranges(written)), _ANY) else []
    return _messages(written) if number in _ICMP.values() else [_WHOLE]


def _ranges(written: str) -> list[Range]:
    """Return the ranges of ports that `80,8000-8080` names."""
    parts = (part.strip().partition("-") for part in written.split(","))
    return [
        (int(low), int(high or low)) for low, _, high in parts if low.isdecimal() and (high.isdecimal() or not high)
    ]


def _messages(written: str) -> list[Range]:
    """Return the ICMP messages that `8`, a type, or `3-4`, a type and a code, stands for."""
    parts = [part.strip().partition("-") for part in written.split(",")]
    known = [(256 * int(kind), code) for kind, _, code in parts if kind.isdecimal()]
    return [(kind + int(code), kind + int(code)) if code.isdecimal() else (kind, kind + 255) for kind, code in known]


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Return ranges in order, those that touch or overlap as one."""
    found: list[Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], high)
        else:
            found.append((low, high))
    return found


def _hold(ranges: Iterable[Range], part: Range) -> bool:
    """Return whether one of the ranges holds a part."""
    return any(low <= part[0] and part[1] <= high for low, high in ranges)


def _cut(whole: Range, ranges: Iterable[Iterable[Range]]) -> list[Range]:
    """Return the parts of a range between which any of the ranges begins or ends; any port is one part."""
    if whole == _ANY:
        return [whole]
    first, last = whole
    edges = {edge for own in ranges for low, high in own for edge in (low, high + 1) if first < edge <= last}
    starts = [first, *sorted(edges)]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), last], strict=True))
