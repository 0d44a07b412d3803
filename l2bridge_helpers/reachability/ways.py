"""Everything that is in the way of packets in one address family, as blocks of the matrix of pairs (pure).

Blocks are made per node, per list of rules and per route table; never per pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL_RULES, LAYERS, NETWORK_ACLS
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.flannel import HOST_GW
from l2bridge_helpers.nodes import net_conf, parse_cidr
from l2bridge_helpers.reachability.blocks import Block
from l2bridge_helpers.reachability.delivery import Delivery, View
from l2bridge_helpers.reachability.nodes import Reason, backend_fault, backends, node_hops
from l2bridge_helpers.reachability.result import Fault

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.reachability.blocks import Mask
    from l2bridge_helpers.reachability.ends import End, Ends

NO_ROUTE = Reason("route", "no route to the pods of {nodes}")
ASTRAY = Reason("route", "routes to the pods of {nodes} lead elsewhere")
STALE = Reason("route", "routes to dead next hops beside those to the pods of {nodes}", "unproven", fails=False)
UNREAD_RANGES = Reason("route", "routes to prefix lists that were not read, at {nodes}", "unproven", fails=False)
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
        ranges = [network for text in net_conf(nodes).networks if (network := parse_cidr(text))]
        self.flannel = [network for network in ranges if network.version == ends.version]
        """Flannel's own ranges, as far as they are known."""

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
            if one.what in (FIREWALL_RULES, NETWORK_ACLS):
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
        odd = {segment: numbers for segment, numbers in groups.items() if segment != self.most}
        faults = [self.segment_fault(segment, numbers) for segment, numbers in odd.items()]
        at = [number for numbers in odd.values() for number in numbers]
        for numbers in groups.values() if odd else ():
            here = self.ends.mask(numbers)
            yield Block(SEGMENTS, here, self.known & ~here, at, faults)

    @cached_property
    def most(self) -> str:
        """The layer-2 segment that most nodes are in."""
        groups = self._by_segment(self.ends.known.tolist())
        return max(groups, key=lambda segment: len(groups[segment]), default="")

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
                if view is None and (len(part) > 1 or (receivers & ~senders).any()):
                    yield self._bare(part, senders, receivers)
                if looked_up:
                    yield from self._looked_up(looked_up, senders, receivers)
                    yield from self._unread_ranges(looked_up, senders, receivers)

    def _bare(self, numbers: list[int], senders: Mask, receivers: Mask) -> Block:
        """Return what stops packets from subnets without a table."""
        subnets = {spot.nic.subnet: end for number in numbers if (spot := (end := self.ends.items[number]).spot)}
        return Block(NO_TABLE, senders, receivers, numbers, [*map(self.no_table, subnets)])

    def no_table(self, subnet: str) -> Fault:
        """Return what is wrong with a subnet without a table."""
        given = self.delivery.spare
        todo = "give it a route table that leads to the pods"
        steps = [self.delivery.table_mend(given, self.cluster), self.dialect.associate_command(subnet, given)]
        return Fault(subnet, "", "the subnet has no route table", " && ".join(filter(None, steps)) if given else todo)

    def _looked_up(self, view: View, senders: Mask, receivers: Mask) -> Iterator[Block]:
        """Give the pod CIDRs that a table does not lead to their nodes."""
        found: dict[Reason, dict[int, Fault]] = defaultdict(dict)
        several = np.count_nonzero(senders) > 1
        for number in numbers_of(receivers):
            concerns = several or not senders[number]  # packets to itself do not leave a node
            wrong = self.route_fault(view, self.ends.items[number]) if concerns else None
            if wrong:
                found[wrong[0]][number] = wrong[1]
        for reason, faults in found.items():
            yield Block(reason, senders, self.ends.mask(faults), faults, faults.values())

    def _unread_ranges(self, view: View, senders: Mask, receivers: Mask) -> Iterator[Block]:
        """Give the tables in which ranges that were not read may be parts of pod CIDRs."""
        faults = self.unread_ranges(view)
        if faults and receivers.any():
            yield Block(UNREAD_RANGES, senders, receivers, numbers_of(senders), faults)

    def unread_ranges(self, view: View) -> list[Fault]:
        """Return what is not known of a table."""
        mend = "make sure that no pod CIDR is in these lists (aws ec2 get-managed-prefix-list-entries)"
        return [
            Fault(
                route.name, "", f"{self.delivery.noun(view.table)} leads {route.destination} to {route.next_hop}", mend
            )
            for route in self.delivery.unread_ranges(view)
        ]

    def route_fault(self, view: View, end: End) -> tuple[Reason, Fault] | None:
        """Return what is wrong with the routes to an end; None: nothing."""
        spot = end.spot
        if spot is None:
            return None
        delivery, lookup = self.delivery, self.delivery.look_up(view, spot)
        if lookup.arrives and not lookup.doubtful:
            return None
        if lookup.missing(spot):
            return NO_ROUTE, self.missing_fault(view, end, spot)
        table = delivery.noun(view.table)
        if lookup.arrives:
            found = f"{table} also has {delivery.told(lookup.doubtful)}"
            mend = delivery.doubtful_mend(lookup, self.cluster)
            return STALE, Fault(names_of(route.name for route in lookup.doubtful), end.node, found, mend)
        mend = delivery.astray_mend(spot, lookup, view.table, self.cluster)
        objects = names_of(route.name for route in lookup.astray)
        found = f"{table} leads {end.row.routeDestination} elsewhere: {delivery.told(lookup.astray)}"
        return ASTRAY, Fault(objects, end.node, found, mend)

    def missing_fault(self, view: View, end: End, spot: Placed) -> Fault:
        """Return what is wrong where a table has no route to an end."""
        mend = self.delivery.missing_mend(spot, view.table, self.cluster)
        wider = self.delivery.look_up(view, spot).routes
        taken = f"; {self.delivery.told(wider)} takes the packets" if wider else ""
        found = f"{self.delivery.noun(view.table)} has no route to {end.row.routeDestination}{taken}"
        return Fault(view.table, end.node, found, mend)


def numbers_of(mask: NDArray[np.bool_]) -> list[int]:
    """Return the numbers of the ends that a mask holds."""
    found: list[int] = np.flatnonzero(mask).tolist()
    return found
