"""Whether the nodes share one layer-2 subnet, where nothing but that can carry pod packets (pure)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.findings import Finding, names_of
from l2bridge_helpers.placement import Placed, place
from l2bridge_helpers.proof import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from l2bridge_helpers.fabric import Fabric

Groups = dict[str, list[str]]
"""Segment -> the names of the nodes in it."""


def check_segment(placed: tuple[Placed, ...], fabric: Fabric, *, routes: bool) -> Iterator[Finding]:
    """Block when nodes of one address family are in several subnets and no route leads from one to the other."""
    for version, groups in _groups(placed, fabric, routes=routes):
        if len(groups) > 1:
            found = f"are in {len(groups)} subnets (IPv{version}), not in one: {_told(groups, fabric)}"
            meaning = "host-gw sends pod packets straight to the other node, which works inside one layer-2 subnet"
            yield Finding("blocking", "nodes", found, meaning, dialect_of(fabric.platform).across_segments)


def prove_segment(nodes: pd.DataFrame, fabric: Fabric, *, routes: bool) -> Iterator[Check]:
    """Say which one subnet the nodes of each address family share, where they have to."""
    for version, groups in _groups(place(nodes, fabric).placed, fabric, routes=routes):
        count = sum(map(len, groups.values()))
        wanted = f"one subnet for {count} node{'' if count == 1 else 's'} with IPv{version}"
        yield Check("ok" if len(groups) == 1 else "wrong", "layer-2 subnet", "", wanted, _told(groups, fabric))


def _groups(placed: tuple[Placed, ...], fabric: Fabric, *, routes: bool) -> Iterator[tuple[int, Groups]]:
    """Give each IP version with its groups; nothing where routes lead from one to the other."""
    dialect = dialect_of(fabric.platform)
    for version in (4, 6) if dialect.one_segment and not routes else ():
        groups: Groups = defaultdict(list)
        for spot in placed:
            if spot.row.network and spot.row.network.version == version:
                groups[dialect.segment(spot.nic, version)].append(spot.row.nodeName)
        if groups:
            yield version, groups


def _told(groups: Groups, fabric: Fabric) -> str:
    return " | ".join(f"{_subnet(subnet, fabric)}: {names_of(names)}" for subnet, names in sorted(groups.items()))


def _subnet(subnet_id: str, fabric: Fabric) -> str:
    """Return a subnet as people know it: its id, its ranges, its zone."""
    subnet = fabric.subnet(subnet_id)
    if subnet is None:
        return subnet_id or "no subnet"
    about = ", ".join(filter(None, [*(cidr for cidr in subnet.cidrs if cidr != subnet.id), subnet.zone]))
    return f"{subnet.id} ({about})" if about else subnet.id
