"""Ranges: merged, inside each other, and routes by them, to find those that take packets from a pod CIDR (pure)."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable

from l2bridge_helpers.fabric import Route
from l2bridge_helpers.nodes import Network, parse_cidr


class Prefixes:
    """The routes of one table, by destination."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Sort them in; what leads to no range (a prefix list) is left out."""
        self._exact: dict[str, list[Route]] = defaultdict(list)
        self._by_length: dict[tuple[int, int], dict[int, list[Route]]] = defaultdict(lambda: defaultdict(list))
        for route in routes:
            if network := parse_cidr(route.destination):
                self._exact[str(network)].append(route)
                key = (network.version, network.prefixlen)
                self._by_length[key][int(network.network_address)].append(route)

    def exact(self, destination: str) -> list[Route]:
        """Return the routes with just this destination."""
        return self._exact.get(destination, [])

    def inside(self, destination: str) -> list[Route]:
        """Return the routes with a longer prefix inside the destination: they win for their part of it."""
        network = ipaddress.ip_network(destination)
        first, last = int(network.network_address), int(network.broadcast_address)
        lengths = [key for key in self._by_length if key[0] == network.version and key[1] > network.prefixlen]
        return [
            route
            for key in sorted(lengths)
            for address, routes in sorted(self._by_length[key].items())
            if first <= address <= last
            for route in routes
        ]


def merge(networks: Iterable[Network]) -> list[Network]:
    """Return as few networks as hold the same addresses."""
    every = list(networks)
    families = [[network for network in every if network.version == version] for version in (4, 6)]
    return [merged for family in families for merged in ipaddress.collapse_addresses(family)]  # type: ignore[type-var]


def to_let_through(pods: Iterable[Network], known: Iterable[Network], subnets: Iterable[Network]) -> list[Network]:
    """Return what to write into a rule for these pod CIDRs, all of one family.

    Flannel's own ranges (`known`) where they hold them all and no subnet: they also hold the nodes to come.
    """
    wanted, wide = list(pods), list(known)
    hold = bool(wide) and all(any(within(network, one) for one in wide) for network in wanted)
    apart = not any(one.version == other.version and one.overlaps(other) for one in wide for other in subnets)
    return merge(wide if wanted and hold and apart else wanted)


def within(network: Network | None, other: Network | None) -> bool:
    """Return whether a network lies inside another one, or is it."""
    if network is None or other is None or network.version != other.version:
        return False
    return network.subnet_of(other)  # type: ignore[arg-type]
