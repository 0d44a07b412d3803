"""One list of rules in front of some nodes, and what it does with packets between ranges (pure).

Addresses are cut where any rule begins or ends to match, so that all addresses of one piece are treated alike. A range
that lies in one piece is decided once for all such ranges; one that is cut is let through only if every piece is. So
are packets that are cut by what rules say of ports.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from l2bridge_helpers.prefixes import merge
from l2bridge_helpers.reachability.ends import bounds
from l2bridge_helpers.reachability.policies import NO_DOUBT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from l2bridge_helpers.filters import Layer, Rule
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.reachability.policies import Doubt
    from l2bridge_helpers.reachability.traffic import Ports

Outcome = Literal["passes", "unproven", "blocked"]
OUTCOMES: tuple[Outcome, ...] = ("passes", "unproven", "blocked")
_PREFIX_LIST = "pl-"
Pieces = tuple[int, int]
"""The numbers of the first and the last piece that a range lies in."""


@dataclass(frozen=True)
class Decision:
    """What a list does with packets: which rule decides; None: no rule matches, so the list's own end does."""

    outcome: Outcome
    rule: Rule | None = None


@dataclass(frozen=True, eq=False)
class Match:
    """What a rule matches one side by; one and the same is used for all rules that say the same.

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


class Program:
    """What lists with the same matches do, whatever their rules are called: most groups of a cloud are alike.

    A code says what happens to packets and by which rule: three times its place, plus 0 (passes), 1 (unproven) or 2
    (blocked). The place behind the last rule is the list's own end.
    """

    def __init__(
        self,
        entries: Sequence[Sided],
        spoken: NDArray[np.bool_],
        layer: Layer,
        version: int,
        *,
        inbound: bool,
        doubt: Doubt = NO_DOUBT,
    ) -> None:
        """Cut the addresses; `spoken` says for each part of the packets which of the rules speak of it."""
        self._inbound = inbound
        self._spoken = spoken
        self._allows = np.array([*(entry.rule.allow for entry in entries), layer.open_out and not inbound])
        against = np.full(len(self._allows), 1 if doubt.denials else 2)
        against[-1] = 1 if doubt.end else 2
        self._outcomes = np.where(self._allows, 0, against)
        self.sources = Cuts([entry.source for entry in entries], version)
        self.destinations = Cuts([entry.destination for entry in entries], version)
        sides = [entry.source if inbound else entry.destination for entry in entries]
        self._groups = [side.groups if layer.peers == "unproven" else frozenset[str]() for side in sides]
        self.groups = frozenset().union(*self._groups)
        """Groups that decide for those who are in them."""
        self._may = [place for place, named in enumerate(self._groups) if named and self._allows[place]]
        self._seen: dict[tuple[Pieces, Pieces, frozenset[str]], int] = {}
        self._judged: dict[tuple[Pieces, tuple[Pieces, ...]], NDArray[np.intp]] = {}

    @property
    def _last(self) -> int:
        return len(self._allows) - 1

    def decide(self, source: Pieces, destination: Pieces, groups: frozenset[str]) -> int:
        """Return the code of packets from one range to another; `groups`: those that the other side is in."""
        key = (source, destination, groups & self.groups)
        if key not in self._seen:
            parts = product(_every(source), _every(destination), self._spoken)
            codes = (self._first(one, other, spoken, key[2]) for one, other, spoken in parts)
            self._seen[key] = max(codes, key=lambda code: (code % 3, -code))  # what stands before it is before all
        return self._seen[key]

    def judge(self, near: Pieces, far: tuple[Pieces, ...]) -> NDArray[np.intp]:
        """Return the codes of packets between one range of this side and each of the other's, who are in no group."""
        key = (near, far)
        if key not in self._judged:
            codes = self._at_once(near, far)
            for place, other in enumerate(far):
                if codes[place] < 0:
                    sides = (other, near) if self._inbound else (near, other)
                    codes[place] = self.decide(*sides, frozenset())
            self._judged[key] = codes
        return self._judged[key]

    def _at_once(self, near: Pieces, far: tuple[Pieces, ...]) -> NDArray[np.intp]:
        """Return the codes where no range is cut and no rule is in doubt, -1 for the others."""
        own, others = (self.destinations, self.sources) if self._inbound else (self.sources, self.destinations)
        pieces = np.array(far, dtype=np.intp).reshape(-1, 2)
        hits = others.hits[:, pieces[:, 0]] & own.hits[:, near[0]][:, None]
        codes = np.stack([self._firsts(hits & spoken[:, None]) for spoken in self._spoken])
        worst = np.argmax(codes % 3 * 3 * len(self._allows) - codes, axis=0)  # what stands before it is before all
        sure = (pieces[:, 0] == pieces[:, 1]) & (near[0] == near[1]) & (codes >= 0).all(axis=0)
        found: NDArray[np.intp] = np.where(sure, codes[worst, np.arange(len(far))], -1)
        return found

    def _firsts(self, hits: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return what the first rule says that matches in each column, -1 where one before it might say otherwise."""
        first = np.where(hits.any(axis=0), hits.argmax(axis=0) if len(hits) else 0, self._last)
        against = -1 if self._may else 3 * first + self._outcomes[first]
        found: NDArray[np.intp] = np.where(self._allows[first], 3 * first, against)
        return found

    def _first(self, source: int, destination: int, spoken: NDArray[np.bool_], groups: frozenset[str]) -> int:
        """Return what the first rule that matches says, and whether one before it might say otherwise."""
        hits = self.sources.hits[:, source] & self.destinations.hits[:, destination] & spoken
        place = int(hits.argmax()) if hits.any() else self._last
        if self._allows[place]:
            return 3 * place
        mine = (self.destinations.hits[:, destination] if self._inbound else self.sources.hits[:, source]) & spoken
        for number in self._may:
            if number < place and mine[number] and self._may_match(number, groups):
                return 3 * number + 1
        return 3 * place + int(self._outcomes[place])

    def _may_match(self, number: int, groups: frozenset[str]) -> bool:
        named = self._groups[number]
        return bool(named & groups) or any(name.startswith(_PREFIX_LIST) for name in named)


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
        programs: those of other lists; one with the same matches is used again.
        doubt: what of its word against packets is not proven.

    """

    layer: Layer
    name: str
    label: str
    inbound: bool
    entries: tuple[Sided, ...]
    version: int
    ports: Ports
    programs: dict[object, Program] = field(default_factory=dict, repr=False)
    doubt: Doubt = NO_DOUBT
    program: Program = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep the rules that speak of some of these packets."""
        parts = np.array(self.ports.spoken([entry.rule for entry in self.entries]), dtype=np.bool_)
        some = np.flatnonzero(parts.any(axis=0))
        spoken, entries = parts[:, some], [self.entries[number] for number in some]
        self._rules = [*(entry.rule for entry in entries), None]
        alike = tuple((entry.rule.allow, entry.source, entry.destination) for entry in entries)
        key = (self.layer, self.inbound, self.version, self.doubt, alike, spoken.tobytes())
        if key not in self.programs:
            program = Program(entries, spoken, self.layer, self.version, inbound=self.inbound, doubt=self.doubt)
            self.programs[key] = program
        self.program = self.programs[key]

    @property
    def sources(self) -> Cuts:
        """Senders, as its rules tell them apart."""
        return self.program.sources

    @property
    def destinations(self) -> Cuts:
        """Receivers, as its rules tell them apart."""
        return self.program.destinations

    @property
    def groups(self) -> frozenset[str]:
        """Groups that decide for those who are in them."""
        return self.program.groups

    def decide(self, source: Pieces, destination: Pieces, groups: frozenset[str] = frozenset()) -> Decision:
        """Return what happens to packets from one range to another; `groups`: those that the other side is in."""
        return self.told(self.program.decide(source, destination, groups))

    def told(self, code: int) -> Decision:
        """Return what a code of its program means."""
        return Decision(OUTCOMES[code % 3], self._rules[code // 3])


def _every(pieces: Pieces) -> range:
    return range(pieces[0], pieces[1] + 1)
