"""Everything that is in the way of packets in one address family, as blocks of the matrix of pairs (pure).

Blocks are made per node, per list of rules and per route table; never per pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL_POLICIES, FIREWALL_RULES, LAYERS, NETWORK_ACLS
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.flannel import HOST_GW
from l2bridge_helpers.reach_blocks import Block
from l2bridge_helpers.reach_delivery import Delivery, View
from l2bridge_helpers.reach_nodes import Reason, backend_fault, backends, node_hops
from l2bridge_helpers.reach_result import Fault

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.reach_blocks import Mask
    from l2bridge_helpers.reach_ends import End, Ends

NO_ROUTE = Reason("route", "no route to the pods of {nodes}")
ASTRAY = Reason("route", "routes to the pods of {nodes} lead elsewhere")
NO_TABLE = Reason("route table", "no route table on {objects}")
SEGMENTS = Reason("segment", "another layer-2 segment than most at {nodes}")
BACKENDS = Reason("flannel", "another backend than host-gw at {nodes}")
ENCAPSULATED = Reason("flannel", "pods are encapsulated at {nodes}", "unproven", fails=False)


class Ways:
    """The ways between the ends of one family."""

    def __init__(self, ends: Ends, nodes: pd.DataFrame, fabric: Fabric, delivery: Delivery, cluster: str) -> None:
        """Look at every node once."""
        self.ends = ends
        self.fabric = fabric
        self.cluster = cluster
        self.dialect = dialect_of(fabric.platform)
        self.delivery = delivery
        self.hops = node_hops(ends, nodes, fabric)
        self.backends = backends(ends)

    def blocks(self) -> Iterator[Block]:
        """Give what is in the way at nodes and on the way; filters are looked at elsewhere."""
        yield from self._at_nodes()
        yield from self._of_backends()
        yield from self._unread()
        yield from self._delivered() if self.delivery.routed else self._segments()

    # Nodes.

    def _at_nodes(self) -> Iterator[Block]:
        for hop in self.hops:
            here = self.ends.mask(hop.faults)
            every = self.everyone if hop.reason.kind == "node" else self.known
            faults = hop.faults.values()
            if hop.sends:
                yield Block(hop.reason, here, every, hop.faults, faults)
            if hop.receives:
                yield Block(hop.reason, every, here, hop.faults, faults)

    @cached_property
    def everyone(self) -> Mask:
        """All ends."""
        return np.ones(len(self.ends.items), dtype=np.bool_)

    @cached_property
    def known(self) -> Mask:
        """The ends that are somewhere."""
        return self.ends.mask(self.ends.known.tolist())

    def _of_backends(self) -> Iterator[Block]:
        """Give what nodes with different backends, or with another one than host-gw, do to each other."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, backend in self.backends.items():
            groups[backend].append(number)
        masks = {backend: self.ends.mask(numbers) for backend, numbers in groups.items()}
        odd = [number for backend, numbers in groups.items() if backend != HOST_GW for number in numbers]
        faults = {number: backend_fault(self.ends.items[number]) for number in odd}
        for backend, mask in masks.items():
            others = self.ends.mask(number for name, numbers in groups.items() if name != backend for number in numbers)
            if others.any():
                yield Block(BACKENDS, mask, others, odd, faults.values())
            if backend != HOST_GW:
                own = groups[backend]
                yield Block(ENCAPSULATED, mask, mask, own, [faults[one] for one in own])

    # What could not be read.

    def unread(self) -> dict[str, list[Fault]]:
        """Return which filters could not be read."""
        found: dict[str, list[Fault]] = defaultdict(list)
        for one in self.fabric.unread if LAYERS[self.fabric.platform] else ():
            if one.what in (FIREWALL_RULES, FIREWALL_POLICIES, NETWORK_ACLS):
                found[one.what].append(Fault(one.what, "", f"not read: {one.why}", one.todo))
        return found

    def concerns(self, what: str, one: Placed, other: Placed) -> bool:
        """Return whether packets between two nodes pass such filters."""
        return what != NETWORK_ACLS or one.nic.subnet != other.nic.subnet

    def _unread(self) -> Iterator[Block]:
        for what, faults in self.unread().items():
            reason = Reason("filter", f"{what} were not read", "unproven", fails=False)
            for senders, receivers in self._across() if what == NETWORK_ACLS else [(self.known, self.known)]:
                yield Block(reason, senders, receivers, (), faults)

    def _across(self) -> Iterator[tuple[Mask, Mask]]:
        """Give the senders of each subnet, with the receivers in the others."""
        subnets: dict[str, list[int]] = defaultdict(list)
        for end, spot in self.ends.placed:
            subnets[spot.nic.subnet].append(end.number)
        for numbers in subnets.values():
            here = self.ends.mask(numbers)
            yield here, self.known & ~here

    # Delivery.

    def _segments(self) -> Iterator[Block]:
        """Give what keeps nodes of different segments apart where no route can help."""
        groups = self._by_segment(self.ends.known.tolist())
        most = max(groups, key=lambda segment: len(groups[segment]), default="")
        odd = {segment: numbers for segment, numbers in groups.items() if segment != most}
        faults = [self.segment_fault(segment, numbers) for segment, numbers in odd.items()]
        at = [number for numbers in odd.values() for number in numbers]
        for numbers in groups.values() if odd else ():
            here = self.ends.mask(numbers)
            yield Block(SEGMENTS, here, self.known & ~here, at, faults)

    def segment_fault(self, segment: str, numbers: list[int]) -> Fault:
        """Return what is wrong with nodes in a segment of their own."""
        names = names_of(self.ends.items[number].node for number in numbers)
        found = f"not in the other nodes' segment: {names} in {segment or 'none'}"
        return Fault(segment or "no segment", "", found, self.dialect.across_segments)

    def _by_segment(self, numbers: list[int]) -> dict[str, list[int]]:
        groups: dict[str, list[int]] = defaultdict(list)
        for number in numbers:
            spot = self.ends.items[number].spot
            if spot:
                groups[self.dialect.segment(spot.nic, self.ends.version)].append(number)
        return dict(sorted(groups.items()))

    def _delivered(self) -> Iterator[Block]:
        """Give what the tables of the senders' subnets do to packets that are looked up there."""
        groups: dict[View | None, list[int]] = defaultdict(list)
        for end, spot in self.ends.placed:
            groups[self.delivery.view(spot)].append(end.number)
        for view, numbers in groups.items():
            parts = list(self._by_segment(numbers).values()) if self.dialect.one_segment else [numbers]
            for part in parts:
                senders = self.ends.mask(part)
                receivers = self.known & ~senders if self.dialect.one_segment else self.known
                looked_up = view or self.delivery.spare_view()
                if view is None and receivers.any():
                    yield self._bare(part, senders, receivers)
                if looked_up:
                    yield from self._looked_up(looked_up, senders, receivers)

    def _bare(self, numbers: list[int], senders: Mask, receivers: Mask) -> Block:
        """Return what stops packets from subnets without a table."""
        subnets = {spot.nic.subnet: end for number in numbers if (spot := (end := self.ends.items[number]).spot)}
        return Block(NO_TABLE, senders, receivers, numbers, [*map(self.no_table, subnets)])

    def no_table(self, subnet: str) -> Fault:
        """Return what is wrong with a subnet without a table."""
        given = self.delivery.spare
        mend = self.dialect.associate_command(subnet, given) if given else ""
        todo = "give it a route table that leads to the pods (apply the plan)"
        return Fault(subnet, "", "the subnet has no route table", mend or todo)

    def _looked_up(self, view: View, senders: Mask, receivers: Mask) -> Iterator[Block]:
        """Give the pod CIDRs that a table does not lead to their nodes."""
        missing: dict[int, Fault] = {}
        astray: dict[int, Fault] = {}
        for number in np.flatnonzero(receivers).tolist():
            end = self.ends.items[number]
            fault, lacks = self.route_fault(view, end)
            if fault:
                (missing if lacks else astray)[number] = fault
        for reason, found in ((NO_ROUTE, missing), (ASTRAY, astray)):
            if found:
                yield Block(reason, senders, self.ends.mask(found), found, found.values())

    def route_fault(self, view: View, end: End) -> tuple[Fault | None, bool]:
        """Return what is wrong with the routes to an end, and whether there simply is none."""
        spot = end.spot
        if spot is None:
            return None, False
        lookup = self.delivery.look_up(view, spot)
        if lookup.arrives:
            return None, False
        if lookup.missing(spot):
            fault = self.missing_fault(view.table, end, spot)
            wider = f", and {self.delivery.told(lookup)} takes the packets" if lookup.routes else ""
            return replace(fault, found=f"{fault.found}{wider}"), True
        mend = self.delivery.astray_mend(spot, lookup, view.table, self.cluster)
        objects = names_of(route.name for route in lookup.astray)
        found = f"{end.row.routeDestination}: {self.delivery.told(lookup)}"
        return Fault(objects, end.node, found, mend), False

    def missing_fault(self, table: str, end: End, spot: Placed) -> Fault:
        """Return what is wrong where a table has no route to an end."""
        mend = self.delivery.missing_mend(spot, table, self.cluster)
        return Fault(table, end.node, f"no route to {end.row.routeDestination} in it", mend)


def numbers_of(mask: NDArray[np.bool_]) -> list[int]:
    """Return the numbers of the ends that a mask holds."""
    found: list[int] = np.flatnonzero(mask).tolist()
    return found
