"""The ends of pairs: each node's pods of one address family, and where they stand in the network (pure)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.nodes import Network, natural_key, node_rows
from l2bridge_helpers.placement import Placed, Placement, Unplaced

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from l2bridge_helpers.nodes import NodeRow

IPV4, IPV6 = 4, 6


@dataclass(frozen=True)
class End:
    """One node's pods of one address family.

    Attributes:
        number: its place among the ends of its family.
        row: the node's row.
        spot: where it has to lead; None: nobody knows.
        problem: why not.

    """

    number: int
    row: NodeRow
    spot: Placed | None
    problem: Unplaced | None = None

    @property
    def node(self) -> str:
        """The node's name."""
        return self.row.nodeName

    @property
    def network(self) -> Network:
        """The pod CIDR of an end whose spot is known."""
        network = self.row.network
        if network is None:
            raise ValueError(f"node {self.node} has no pod CIDR")  # a placed node has one
        return network


@dataclass(frozen=True)
class Ends:
    """All ends of one family, by the nodes' names as people count."""

    version: int
    items: tuple[End, ...]

    @cached_property
    def placed(self) -> tuple[tuple[End, Placed], ...]:
        """Those that are somewhere, with their spots."""
        return tuple((end, end.spot) for end in self.items if end.spot)

    @cached_property
    def known(self) -> NDArray[np.intp]:
        """The numbers of those that are somewhere."""
        return np.array([end.number for end, _ in self.placed], dtype=np.intp)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The nodes' names."""
        return tuple(end.node for end in self.items)

    @cached_property
    def systems(self) -> frozenset[str]:
        """The operating systems of the nodes."""
        return frozenset(end.row.os for end in self.items)

    def mask(self, numbers: Iterable[int]) -> NDArray[np.bool_]:
        """Return which of them have these numbers."""
        chosen = np.zeros(len(self.items), dtype=np.bool_)
        chosen[list(numbers)] = True
        return chosen


def ends_of(nodes: pd.DataFrame, placement: Placement) -> tuple[Ends, ...]:
    """Return the ends of each family that has any.

    A node counts once in a family, by its first pod CIDR: flannel takes no other. Without a pod CIDR it counts in the
    cluster's main family. Windows nodes have no IPv6: flannel's Windows backend routes IPv4 only.
    """
    spots = {id_of(spot.row): spot for spot in reversed(placement.placed)}
    problems = {id_of(other.row): other for other in reversed(placement.unplaced)}
    rows = node_rows(nodes)
    main = IPV6 if not any(_version(row, 0) == IPV4 for row in rows) and _has_six(rows) else IPV4
    families: dict[int, dict[str, NodeRow]] = {IPV4: {}, IPV6: {}}
    for row in rows:
        version = _version(row, main)
        if not (version == IPV6 and row.os == "windows"):
            families[version].setdefault(row.nodeName, row)
    return tuple(
        Ends(version, tuple(_end(number, row, spots, problems) for number, row in enumerate(_sorted(found.values()))))
        for version, found in families.items()
        if found
    )


def id_of(row: NodeRow) -> tuple[str, str]:
    """Return what tells a row from the others: node and pod CIDR."""
    return row.nodeName, row.routeDestination


def _sorted(rows: Iterable[NodeRow]) -> list[NodeRow]:
    return sorted(rows, key=lambda row: natural_key(row.nodeName))


def _end(
    number: int,
    row: NodeRow,
    spots: dict[tuple[str, str], Placed],
    problems: dict[tuple[str, str], Unplaced],
) -> End:
    spot = spots.get(id_of(row))
    return End(number, row, spot, None if spot else problems.get(id_of(row)))


def _has_six(rows: Iterable[NodeRow]) -> bool:
    return any(_version(row, 0) == IPV6 for row in rows)


def _version(row: NodeRow, otherwise: int) -> int:
    """Return the family of the row's pod CIDR, also of one that cannot be read; `otherwise` when it has none."""
    if not row.routeDestination:
        return otherwise
    network = row.network
    return network.version if network else IPV6 if ":" in row.routeDestination else IPV4


def bounds(network: Network) -> tuple[int, int]:
    """Return the first and the last address as numbers."""
    return int(network.network_address), int(network.broadcast_address)


def network_of(text: str) -> Network | None:
    """Return the range, or single address, that a text writes; None for a name."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
