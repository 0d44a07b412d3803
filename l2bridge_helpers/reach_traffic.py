"""What kind of packet a question is about, and which rules speak of such packets (pure)."""

from __future__ import annotations

from dataclasses import dataclass

_NUMBERS = {"icmp": "1", "igmp": "2", "ipip": "4", "tcp": "6", "udp": "17", "gre": "47", "esp": "50", "ah": "51"}
_NUMBERS |= {"icmpv6": "58", "icmp6": "58", "ipv6-icmp": "58", "sctp": "132"}
_WITH_PORTS = ("6", "17", "132")
_MOST = 65535
_EVERY = ("all", "-1", "*")


@dataclass(frozen=True)
class Traffic:
    """A protocol and the port that packets are sent to.

    Attributes:
        protocol: `tcp`, `udp`, `sctp`, `icmp`, or a protocol number; case does not count.
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

    @property
    def packet(self) -> Ports:
        """The packets of the question."""
        return Ports(self.protocol, self.port, self.port) if self.has_ports and self.port else _every(self.protocol)

    @property
    def answer(self) -> Ports:
        """The packets of the answer: they are sent to the port that the sender has chosen."""
        return Ports(self.protocol, 32768, 60999) if self.has_ports else _every(self.protocol)


HTTPS = Traffic()
ANY_PORT = Traffic(port=0)


@dataclass(frozen=True)
class Ports:
    """Packets of a protocol to any port of a range.

    Linux chooses 32768 to 60999 (`net.ipv4.ip_local_port_range`), Windows 49152 to 65535; a rule that lets the whole of
    the former through is taken to mean both.
    """

    protocol: str
    low: int
    high: int

    @property
    def every(self) -> bool:
        """Whether no port is meant in particular: rules that speak of some ports only do not count."""
        return self.low == 1 and self.high == _MOST

    def met_by(self, protocols: tuple[str, ...]) -> bool:
        """Return whether some of these packets are spoken of."""
        return any(low <= self.high and self.low <= high for low, high in self._ranges(protocols))

    def held_by(self, protocols: tuple[str, ...]) -> bool:
        """Return whether all of these packets are spoken of."""
        at = self.low
        for low, high in sorted(self._ranges(protocols)):
            at = max(at, high + 1) if low <= at else at
        return at > self.high

    def _ranges(self, protocols: tuple[str, ...]) -> list[tuple[int, int]]:
        return [ports for text in protocols for ports in _ports(text, _number(self.protocol))]


def _every(protocol: str) -> Ports:
    return Ports(protocol, 1, _MOST)


def _number(protocol: str) -> str:
    return _NUMBERS.get(protocol.lower(), protocol.lower())


def _ports(text: str, number: str) -> list[tuple[int, int]]:
    """Return the port ranges that `tcp:80,8000-8080` holds of a protocol; nothing when it speaks of another one."""
    name, _, written = text.partition(":")
    if name not in _EVERY and _number(name) != number:
        return []
    if not written or (name not in _EVERY and number not in _WITH_PORTS):
        return [(0, _MOST)]
    parts = (part.partition("-") for part in written.split(","))
    return [
        (int(low), int(high or low)) for low, _, high in parts if low.isdecimal() and (high.isdecimal() or not high)
    ]
