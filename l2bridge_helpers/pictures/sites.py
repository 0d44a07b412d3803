"""Which boxes the picture of a network has: subnets, in them zones, in them nodes or groups of nodes (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.nodes import natural_key
from l2bridge_helpers.pictures.nodes import NOWHERE, Seen, alike, summed

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric

SINGLE = 16
"""Up to so many nodes each is drawn by itself."""
_SITES = 4
"""So many subnets have a box of their own."""
_HEIGHT, _BOX, _ROW = 1040, 64, 90
"""What all boxes together may be high, and about how high the frame of one is, and a row of cards."""


@dataclass(frozen=True)
class Site:
    """A box around nodes.

    Attributes:
        subnets: the id of its subnet; several in the box for the rest; none for nodes without a place.
        title: what it is.
        subtitle: its ranges, and where it is.
        zones: zone -> what is drawn there; one zone without a name where nothing tells them apart.

    """

    subnets: tuple[str, ...]
    title: str
    subtitle: str
    zones: tuple[tuple[str, tuple[Seen, ...]], ...]

    @property
    def cards(self) -> tuple[Seen, ...]:
        """All that is drawn in it."""
        return tuple(one for _, cards in self.zones for one in cards)


def sites_of(seen: Sequence[Seen], fabric: Fabric) -> list[Site]:
    """Return the boxes, subnets by name; at most `SINGLE` nodes one by one, else those that look alike as one."""
    members: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        members[one.looks[0].site].append(one)
    known = sorted((subnet for subnet in members if subnet != NOWHERE), key=natural_key)
    if len(known) > _SITES + 1:
        known = sorted(sorted(known, key=lambda subnet: -len(members[subnet]))[:_SITES], key=natural_key)
    rest = [subnet for subnet in members if subnet not in (*known, NOWHERE)]
    drawn = [subnet for subnet in (*known, NOWHERE) if subnet in members]
    cards = {subnet: members[subnet] for subnet in drawn} if len(seen) <= SINGLE else _grouped(members, drawn)
    sites = [_site(subnet, cards[subnet], members[subnet], fabric) for subnet in drawn]
    if rest:
        every = summed([one for subnet in rest for one in members[subnet]])
        title = f"{len(rest)} more subnets"
        sites.append(Site(tuple(rest), title, "all their nodes summed up", (("", (every,)),)))
    return sites


def _grouped(members: dict[str, list[Seen]], drawn: Sequence[str]) -> dict[str, list[Seen]]:
    """Return the groups of each subnet: by zone where there is room for that, else across zones."""
    boxes = len(drawn) + (len(drawn) < len(members))
    room = (_HEIGHT - boxes * _BOX) // _ROW - (len(drawn) < len(members))
    groups = {subnet: alike(members[subnet], zones=True) for subnet in drawn}
    if sum(map(_rows, groups.values())) > room:
        groups = {subnet: alike(members[subnet], zones=False) for subnet in drawn}
    given = _shared({subnet: _rows(own) for subnet, own in groups.items()}, room)
    return {subnet: _cut(own, 2 * given[subnet]) for subnet, own in groups.items()}


def _rows(groups: Sequence[Seen]) -> int:
    """Return how many rows of two cards they need; each zone begins its own."""
    zones = Counter(seen.looks[0].zone for seen in groups)
    return sum((count + 1) // 2 for count in zones.values())


def _shared(wanted: dict[str, int], room: int) -> dict[str, int]:
    """Return how many rows each subnet is given: as many as wanted, or in turns while there is room."""
    given = dict.fromkeys(wanted, 1)
    while sum(given.values()) < room and given != wanted:
        least = min((subnet for subnet in wanted if given[subnet] < wanted[subnet]), key=given.__getitem__)
        given[least] += 1
    return given


def _cut(groups: list[Seen], room: int) -> list[Seen]:
    if len(groups) <= room or any(seen.looks[0].zone for seen in groups):
        return groups
    return [*groups[: room - 1], summed(groups[room - 1 :])]


def _site(subnet_id: str, cards: Sequence[Seen], members: Sequence[Seen], fabric: Fabric) -> Site:
    count = f"{len(members):,} node{'' if len(members) == 1 else 's'}"
    every = sorted({one.looks[0].zone for one in members} - {""}, key=natural_key)
    drawn = _zones(cards) if len(every) > 1 else (("", tuple(cards)),)
    if subnet_id == NOWHERE:
        return Site((), "Nodes that are left out", count, drawn)
    name = subnet_id.rpartition("/")[2] if dialect_of(fabric.platform).routes_pods else subnet_id
    subnet = fabric.subnet(subnet_id)
    told = [count, *(cidr for cidr in (subnet.cidrs if subnet else ()) if cidr != name)]
    told += [f"zones {', '.join(every)}" if len(every) > 1 else every[0]] if every else []
    told += [subnet.zone] if subnet and subnet.zone else []
    title = name if name.startswith("subnet") else f"Subnet {name}"
    return Site((subnet_id,), title, " · ".join(told), drawn)


def _zones(cards: Sequence[Seen]) -> tuple[tuple[str, tuple[Seen, ...]], ...]:
    """Return what is drawn by zone; what stands for several zones comes last."""
    zones: dict[str, list[Seen]] = defaultdict(list)
    for card in cards:
        zones[card.looks[0].zone if len(card.looks) == 1 else ""].append(card)
    ordered = sorted(zones, key=lambda zone: (zone == "", natural_key(zone)))
    return tuple((zone, tuple(zones[zone])) for zone in ordered)
