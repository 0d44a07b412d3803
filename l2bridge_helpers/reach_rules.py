"""One list of rules in front of some nodes, and what it does with packets between ranges (pure).

Addresses are cut where any rule begins or ends to match, so that all addresses of one piece are treated alike. A range
that lies in one piece is decided once for all such ranges; one that is cut is let through only if every piece is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from l2bridge_helpers.prefixes import merge
from l2bridge_helpers.reach_ends import bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from l2bridge_helpers.filters import Layer, Rule
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.reach_traffic import Ports

Outcome = Literal["passes", "unproven", "blocked"]
_PREFIX_LIST = "pl-"
Pieces = tuple[int, int]
"""The numbers of the first and the last piece that a range lies in."""


@dataclass(frozen=True)
class Decision:
    """What a list does with packets: which rule decides; None: no rule matches, so the list's own end does."""

    outcome: Outcome
    rule: Rule | None = None


@dataclass(frozen=True)
class Match:
    """What a rule matches one side by.

    Attributes:
        every: whether any address will do.
        networks: the ranges, merged.
        groups: what it names beside ranges; it may match those that are in them.

    """

    every: bool
    networks: tuple[Network, ...]
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, networks: Sequence[Network], *, every: bool, groups: Sequence[str] = ()) -> Match:
        """Merge the ranges."""
        return cls(every, tuple(merge(networks)), frozenset(groups))

    def spans(self, version: int) -> list[tuple[int, int]]:
        """Return the ranges of one family as numbers."""
        return [bounds(network) for network in self.networks if network.version == version]


class Cuts:
    """Addresses of one family, cut where any of some matches begins or ends."""

    def __init__(self, matches: Sequence[Match], version: int) -> None:
        """Cut them."""
        spans = [match.spans(version) for match in matches]
        self.at = sorted({edge for own in spans for low, high in own for edge in (low, high + 1)})
        self.hits = np.zeros((len(matches), len(self.at) + 1), dtype=np.bool_)
        for place, (match, own) in enumerate(zip(matches, spans, strict=True)):
            if match.every:
                self.hits[place] = True
            for low, high in own:
                first, last = self.pieces(low, high)
                self.hits[place, first : last + 1] = True

    def pieces(self, low: int, high: int) -> Pieces:
        """Return the pieces that a range lies in."""
        return bisect_right(self.at, low), bisect_right(self.at, high)


@dataclass(frozen=True)
class Sided:
    """A rule with what it matches each side by."""

    rule: Rule
    source: Match
    destination: Match


@dataclass
class RuleList:
    """One list in one direction, as packets of one family meet it.

    Attributes:
        layer: where it stands.
        name: its id; of several that count as one, the first one's.
        label: what people call it.
        inbound: whether packets come in there.
        entries: its rules that are in force, in the order in which they count.
        version: the address family.
        ports: the packets that are asked about.

    """

    layer: Layer
    name: str
    label: str
    inbound: bool
    entries: tuple[Sided, ...]
    version: int
    ports: Ports
    _seen: dict[tuple[Pieces, Pieces, frozenset[str]], Decision] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep the rules that speak of such packets."""
        self._spoken = [entry for entry in self.entries if self._speaks(entry.rule)]
        self.sources = Cuts([entry.source for entry in self._spoken], self.version)
        self.destinations = Cuts([entry.destination for entry in self._spoken], self.version)
        sides = [entry.source if self.inbound else entry.destination for entry in self._spoken]
        self._groups = [side.groups if self.layer.peers == "unproven" else frozenset[str]() for side in sides]
        self.groups = frozenset().union(*self._groups)
        """Groups that decide for those who are in them."""

    def _speaks(self, rule: Rule) -> bool:
        """Return whether a rule counts: one that lets only a part of the ports through lets nothing through."""
        whole = rule.allow or self.ports.every
        return self.ports.held_by(rule.protocols) if whole else self.ports.met_by(rule.protocols)

    def decide(self, source: Pieces, destination: Pieces, groups: frozenset[str] = frozenset()) -> Decision:
        """Return what happens to packets from one range to another; `groups`: those that the other side is in."""
        key = (source, destination, groups & self.groups)
        if key not in self._seen:
            self._seen[key] = self._worst(*key)
        return self._seen[key]

    def _worst(self, source: Pieces, destination: Pieces, groups: frozenset[str]) -> Decision:
        """Return the worst over all pieces."""
        worst = Decision("passes")
        for one in range(source[0], source[1] + 1):
            for other in range(destination[0], destination[1] + 1):
                found = self._first(self.sources.hits[:, one] & self.destinations.hits[:, other], one, other, groups)
                if _RANK[found.outcome] > _RANK[worst.outcome] or worst.rule is None:
                    worst = found
                if worst.outcome == "blocked":
                    return worst
        return worst

    def _first(self, sure: NDArray[np.bool_], source: int, destination: int, groups: frozenset[str]) -> Decision:
        """Return what the first rule that matches says, and whether one before it might say otherwise."""
        place = int(sure.argmax()) if sure.any() else len(self._spoken)
        rule = self._spoken[place].rule if place < len(self._spoken) else None
        if rule.allow if rule else self.layer.open_out and not self.inbound:
            return Decision("passes", rule)
        mine = self.destinations.hits[:, destination] if self.inbound else self.sources.hits[:, source]
        for number in range(place):
            entry = self._spoken[number].rule
            if entry.allow and mine[number] and self._may_match(number, groups):
                return Decision("unproven", entry)
        return Decision("blocked", rule)

    def _may_match(self, number: int, groups: frozenset[str]) -> bool:
        named = self._groups[number]
        return bool(named & groups) or any(name.startswith(_PREFIX_LIST) for name in named)


_RANK = {"passes": 0, "unproven": 1, "blocked": 2}
