"""A packet's way and its answer's as two lanes of stops, and what there is to say about each (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from l2bridge_helpers.pictures.svg import fit, isolated
from l2bridge_helpers.reachability.explanation import BACK, THERE, Explanation, Hop

LEFT, MIDDLE, RIGHT = range(3)
"""Where a hop is: the ends keep their sides in both lanes, the network is between them."""
_NAME, _SIZE = 340, 13
"""How wide a node's name may be in a heading, and the size of its letters."""
_NAMED = 6
"""So many further obstacles are named by their numbers."""


@dataclass(frozen=True)
class Stop:
    """One hop, and what it is on its lane.

    Attributes:
        number: its place on the lane, from 1.
        place: `LEFT`, `MIDDLE` or `RIGHT`.
        pale: whether the packet does not come to it.
        chosen: whether it is the one that decides.
        node: the node that it is at, where that is not told by its place.

    """

    hop: Hop
    number: int
    place: int
    pale: bool
    chosen: bool
    node: str

    @property
    def name(self) -> str:
        """What it is, and at which node."""
        return f"{self.hop.hop} at {isolated(self.hop.at)}" if self.hop.at else self.hop.hop

    @property
    def short(self) -> str:
        """The same, for a heading."""
        return f"{self.hop.hop} at {fit(isolated(self.hop.at), _NAME, _SIZE)}" if self.hop.at else self.hop.hop


@dataclass(frozen=True)
class Lane:
    """One direction.

    Attributes:
        way: `there` or `back`.
        ends: name and pods of the node on the left, and of that on the right.
        stops: in the packet's order.
        sent: whether there is a packet to begin with.

    """

    way: str
    ends: tuple[tuple[str, str], tuple[str, str]]
    stops: tuple[Stop, ...]
    sent: bool

    @property
    def order(self) -> tuple[int, int, int]:
        """The places in the packet's order."""
        return (LEFT, MIDDLE, RIGHT) if self.way == THERE else (RIGHT, MIDDLE, LEFT)

    @property
    def verdict(self) -> str:
        """The worst verdict of its hops; `passes` when there are none."""
        found = {stop.hop.verdict for stop in self.stops}
        return next((verdict for verdict in ("blocked", "unproven") if verdict in found), "passes")

    @property
    def chosen(self) -> Stop | None:
        """The hop that decides; None: nothing is in the way, or nothing is sent."""
        return next((stop for stop in self.stops if stop.chosen), None)

    @property
    def others(self) -> list[Stop]:
        """What would be in the way if the hop that decides were not."""
        return [stop for stop in self.stops if stop.hop.verdict != "passes" and not stop.chosen]

    def told(self) -> str:
        """Return what becomes of the packet, in a sentence for those who see the numbers."""
        return self._told(self.chosen.short if self.chosen else "", _numbers(self.others))

    def spoken(self) -> str:
        """Return the same for those who do not see them: every hop by its name, the one that decides with evidence."""
        chosen = self.chosen
        evidence = f" ({chosen.hop.evidence})" if chosen and chosen.hop.evidence else ""
        named = ", ".join(f"hop {stop.number} ({stop.name}, {stop.hop.verdict})" for stop in self.others)
        return self._told(f"{chosen.name}{evidence}" if chosen else "", named)

    def _told(self, decides: str, others: str) -> str:
        if not self.stops:
            return "nothing is known of it"
        if not self.sent:
            waits = f"; in its way would be {others}" if others else "; its own way is free"
            return f"no answer, because the packet does not arrive{waits}"
        if self.chosen is None:
            return f"passes {_all(len(self.stops))}"
        blocked = self.chosen.hop.verdict == "blocked"
        verb, also = ("blocked at", "in the way") if blocked else ("not proven to pass", "not proven")
        return f"{verb} hop {self.chosen.number}, {decides}{f'; also {also}: {others}' if others else ''}"


def lanes_of(way: Explanation) -> tuple[Lane, Lane]:
    """Return the way there, and the way back."""
    ends = (_end(way.source), _end(way.destination))
    hops = {name: [hop for hop in way.hops if hop.way == name] for name in (THERE, BACK)}
    there = _lane(THERE, hops[THERE], ends, sent=True)
    return there, _lane(BACK, hops[BACK], ends, sent=there.verdict != "blocked")


def _end(told: str) -> tuple[str, str]:
    """Return the name and the pods of `node-1 (10.42.0.0/24)`."""
    name, separator, pods = told.rpartition(" (")
    return (name, pods.removesuffix(")")) if separator else (told, "")


def _lane(way: str, hops: Sequence[Hop], ends: tuple[tuple[str, str], tuple[str, str]], *, sent: bool) -> Lane:
    verdicts = [hop.verdict for hop in hops]
    end = verdicts.index("blocked") if "blocked" in verdicts else len(hops)
    chosen = verdicts.index("unproven") if end == len(hops) and "unproven" in verdicts else end
    places = _places(hops, (ends[0][0], ends[1][0]), sender=LEFT if way == THERE else RIGHT)
    homes = {LEFT: ends[0][0], RIGHT: ends[1][0]}
    stops = [
        Stop(
            hop,
            number + 1,
            place,
            pale=not sent or number > end,
            chosen=sent and number == chosen,
            node="" if homes.get(place, hop.at) == hop.at else hop.at,
        )
        for number, (hop, place) in enumerate(zip(hops, places, strict=True))
    ]
    return Lane(way, ends, tuple(stops), sent)


def _places(hops: Sequence[Hop], ends: tuple[str, str], sender: int) -> list[int]:
    """Return where each hop is: before the network at the sender, after it at the receiver."""
    kinds = [hop.hop for hop in hops]
    if "delivery" not in kinds:
        sides = {ends[1]: RIGHT, ends[0]: LEFT}
        return [sides.get(hop.at, MIDDLE) for hop in hops]
    first = kinds.index("delivery")
    receiver = LEFT + RIGHT - sender
    return [
        MIDDLE if kind == "delivery" else sender if number < first else receiver for number, kind in enumerate(kinds)
    ]


def _numbers(stops: Iterable[Stop]) -> str:
    """Return `hops 4 and 6`; "" for none."""
    told = [str(stop.number) for stop in stops]
    if not told:
        return ""
    if len(told) > _NAMED:
        return f"hops {', '.join(told[:_NAMED])} and {len(told) - _NAMED} more"
    if len(told) == 1:
        return f"hop {told[0]}"
    return f"hops {', '.join(told[:-1])} and {told[-1]}"


def _all(count: int) -> str:
    return "its only hop" if count == 1 else f"all {count} hops"
