"""Where route tables lead the pods of each node, as it is drawn (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.reachability.delivery import Delivery

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.reachability.delivery import Lookup, View

ROUTED, MISSING, ELSEWHERE = "routed", "no route", "led elsewhere"
Pod = tuple[str, str]
"""A node, and one of its pod CIDRs."""


@dataclass(frozen=True)
class Asked:
    """A route table that packets between nodes are looked up in.

    Attributes:
        table: its id; empty: these subnets have none.
        subnets: those that ask it, in order.
        led: where it leads the pods that it is asked for: `ROUTED`, `MISSING`, `ELSEWHERE`.
        hops: where the latter are led, in a few words.

    """

    table: str
    subnets: tuple[str, ...]
    led: Mapping[Pod, str]
    hops: Mapping[Pod, str]

    def pods(self, state: str) -> list[Pod]:
        """Return the pods that are led there."""
        return [pod for pod, led in self.led.items() if led == state]


def asked_tables(placed: tuple[Placed, ...], fabric: Fabric) -> list[Asked]:
    """Return the tables that packets between nodes are looked up in, by id; none where none is asked."""
    delivery = Delivery(placed, fabric)
    if not delivery.routed:
        return []
    lookers: dict[str, list[Placed]] = defaultdict(list)
    for spot in placed:
        view = delivery.view(spot)
        lookers[view.table if view else ""].append(spot)
    asked = (_asked(table, lookers[table], placed, delivery) for table in sorted(lookers))
    return [one for one in asked if one.led]


def states_of(asked: Iterable[Asked]) -> dict[Pod, str]:
    """Return where pods are led by all tables together."""
    every: dict[Pod, list[str]] = defaultdict(list)
    for one in asked:
        for pod, led in one.led.items():
            every[pod].append(led)
    return {pod: _together(states) for pod, states in every.items()}


def _together(states: list[str]) -> str:
    if len(set(states)) == 1:
        return states[0]
    right = states.count(ROUTED)
    return f"routed in {right} of {len(states)}" if right else "never routed"


def _asked(table: str, lookers: list[Placed], placed: tuple[Placed, ...], delivery: Delivery) -> Asked:
    led, hops = {}, {}
    views = dict.fromkeys(delivery.view(spot) for spot in lookers)
    segments = _segments(lookers, delivery)
    for spot in placed:
        version = spot.row.network.version if spot.row.network else 0
        if segments.get(version) == {delivery.dialect.segment(spot.nic, version)}:
            continue  # whoever asks this table reaches the node without it
        pod = (spot.row.nodeName, spot.row.routeDestination)
        led[pod], hops[pod] = _led(views, spot, delivery)
    return Asked(table, tuple(dict.fromkeys(spot.nic.subnet for spot in lookers)), led, hops)


def _segments(spots: list[Placed], delivery: Delivery) -> dict[int, set[str]]:
    """Return the layer-2 segments that nodes are in, by IP version; nothing where all packets are routed."""
    if not delivery.dialect.one_segment:
        return {}
    return {version: {delivery.dialect.segment(spot.nic, version) for spot in spots} for version in (4, 6)}


def _led(views: Iterable[View | None], spot: Placed, delivery: Delivery) -> tuple[str, str]:
    lookups = [delivery.look_up(view, spot) if view else None for view in views]
    if any(lookup is None or lookup.missing(spot) or not lookup.routes for lookup in lookups):
        return MISSING, ""
    astray = [lookup for lookup in lookups if lookup and not lookup.arrives]
    return (ELSEWHERE, _hop(astray[0], delivery)) if astray else (ROUTED, "")


def _hop(lookup: Lookup, delivery: Delivery) -> str:
    route = lookup.astray[0]
    hop = delivery.owner(route.next_hop) or route.next_hop.rpartition("/")[2]
    return f"{hop} ({route.status})" if route.status else hop
