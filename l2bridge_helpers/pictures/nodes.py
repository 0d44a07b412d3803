"""What the picture of a network says of each node, and which nodes it speaks of in one breath (pure)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.placement import Placed, Placement, Unplaced
from l2bridge_helpers.reachability.result import REACHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.result import Family, Reachability

NOWHERE = ""
"""The site of nodes that cannot be placed in the network."""
_SEVERAL = "cannot be placed, each for its own reason"


@dataclass(frozen=True)
class Flow:
    """How many of the other nodes of a family a node sends to, and receives from."""

    version: int
    sends: int
    receives: int
    others: int


@dataclass(frozen=True)
class Look:
    """What is seen of a node, but for names and numbers: nodes with the same look can be drawn as one.

    Attributes:
        site: its subnet; `NOWHERE`.
        zone: where the machine is, where its id tells.
        os: as Kubernetes calls it.
        forwarding: `on`, `off`; empty where nothing checks addresses.
        machine: the state of a machine that does not run; empty: it runs.
        routes: for each pod CIDR where tables lead it; empty: no table is asked.
        problem: why it cannot be placed, or one of its pod CIDRs cannot.
        causes: numbers of the causes that are at this node.

    """

    site: str
    zone: str = ""
    os: str = ""
    forwarding: str = ""
    machine: str = ""
    routes: tuple[str, ...] = ()
    problem: str = ""
    causes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """A node, or several that are drawn as one.

    Attributes:
        names: their names, in the table's order.
        cidrs: the pod CIDRs of each.
        looks: how they look, each look once.
        flows: of each, by family.

    """

    names: tuple[str, ...]
    cidrs: tuple[tuple[str, ...], ...]
    looks: tuple[Look, ...]
    flows: tuple[Flow, ...]

    @property
    def causes(self) -> tuple[int, ...]:
        """The causes that are at any of them."""
        return tuple(sorted({cause for look in self.looks for cause in look.causes}))

    def told_flows(self) -> list[str]:
        """Return in a sentence per family how many others they reach and are reached by."""
        families = sorted({flow.version for flow in self.flows})
        return [
            _told_flow([flow for flow in self.flows if flow.version == version], named=len(families) > 1)
            for version in families
        ]


def see(nodes: pd.DataFrame, fabric: Fabric, placement: Placement, states: Mapping[tuple[str, str], str]) -> list[Seen]:
    """Return every node by itself, in the table's order, without what reachability says of it.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        placement: of these nodes.
        states: where tables lead each node and pod CIDR.

    """
    spots: dict[str, Placed] = {}
    for spot in placement.placed:
        spots.setdefault(spot.row.nodeName, spot)
    lost: dict[str, Unplaced] = {}
    for one in placement.unplaced:
        lost.setdefault(one.row.nodeName, one)
    cidrs: dict[str, dict[str, None]] = defaultdict(dict)
    systems = {}
    for row in node_rows(nodes):
        systems[row.nodeName] = row.os
        cidrs[row.nodeName] |= {row.routeDestination: None} if row.routeDestination else {}
    checked = dialect_of(fabric.platform).checks_addresses
    seen = []
    for name, system in systems.items():
        look = _look(spots.get(name), checked=checked)
        routes = tuple(states.get((name, cidr), "") for cidr in cidrs[name])
        problem = lost[name].found if name in lost else ""
        look = replace(look, os=system, routes=routes, problem=problem)
        seen.append(Seen((name,), (tuple(cidrs[name]),), (look,), ()))
    return seen


def judged(seen: Iterable[Seen], reachability: Reachability) -> list[Seen]:
    """Return the nodes with the causes that are at them, and whom they reach."""
    causes: dict[str, list[int]] = defaultdict(list)
    for number, cause in enumerate(reachability.causes):
        for name in dict.fromkeys(cause.nodes):
            causes[name].append(number)
    flows: dict[str, list[Flow]] = defaultdict(list)
    for family in reachability.families:
        for name, flow in zip(family.names, _flows(family), strict=True):
            flows[name].append(flow)
    return [
        replace(
            one,
            looks=tuple(replace(look, causes=tuple(causes[one.names[0]])) for look in one.looks),
            flows=tuple(flows[one.names[0]]),
        )
        for one in seen
    ]


def alike(seen: Iterable[Seen], *, zones: bool) -> list[Seen]:
    """Return nodes that look alike as one each, the largest groups first; without `zones` also across zones."""
    groups: dict[Look, list[Seen]] = defaultdict(list)
    for one in seen:
        (look,) = one.looks
        groups[replace(look, zone=look.zone if zones else "", problem=_SEVERAL if look.problem else "")].append(one)
    made = []
    for look, group in groups.items():
        problems = {one.looks[0].problem for one in group}
        known = replace(look, problem=problems.pop()) if len(problems) == 1 else look
        made.append(replace(summed(group), looks=(known,)))
    return sorted(made, key=lambda one: -len(one.names))


def summed(seen: Sequence[Seen]) -> Seen:
    """Return several as one."""
    return Seen(
        tuple(name for one in seen for name in one.names),
        tuple(cidrs for one in seen for cidrs in one.cidrs),
        tuple(dict.fromkeys(look for one in seen for look in one.looks)),
        tuple(flow for one in seen for flow in one.flows),
    )


def _look(spot: Placed | None, *, checked: bool) -> Look:
    if spot is None:
        return Look(NOWHERE)
    zone = re.search(r"/zones/([^/]+)/", spot.instance.id)
    return Look(
        spot.nic.subnet,
        zone=zone[1] if zone else "",
        forwarding=("on" if spot.nic.forwarding else "off") if checked else "",
        machine="" if spot.instance.running else spot.instance.status or "state unknown",
    )


def _flows(family: Family) -> list[Flow]:
    reaches = family.verdicts == REACHES
    own = np.diagonal(reaches)
    sends = np.einsum("ij,j->i", reaches, family.sizes) - own
    receives = np.einsum("ij,i->j", reaches, family.sizes) - own
    others = len(family.names) - 1
    each = [Flow(family.version, int(out), int(into), others) for out, into in zip(sends, receives, strict=True)]
    return [each[number] for number in family.classes]


def _told_flow(flows: Sequence[Flow], *, named: bool) -> str:
    sends = _span([flow.sends for flow in flows])
    receives = _span([flow.receives for flow in flows])
    others = flows[0].others
    told = f"sends to {sends}, receives from {receives} of {others:,}" if others else "no other node"
    return f"IPv{flows[0].version}: {told}" if named else told


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,}-{most:,}"
