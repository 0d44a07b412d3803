"""Why a pod on one node reaches a pod on another, or does not: hop by hop, with the evidence (pure)."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.flannel import HOST_GW
from l2bridge_helpers.nodes import Network
from l2bridge_helpers.placement import place
from l2bridge_helpers.prefixes import within
from l2bridge_helpers.reachability.delivery import Delivery
from l2bridge_helpers.reachability.ends import ends_of
from l2bridge_helpers.reachability.explanation import BACK, THERE, Explanation, Hop
from l2bridge_helpers.reachability.filtered import Filtered
from l2bridge_helpers.reachability.filters import Filters
from l2bridge_helpers.reachability.nodes import backend_fault
from l2bridge_helpers.reachability.result import VERDICTS, Fault
from l2bridge_helpers.reachability.traffic import HTTPS, Traffic
from l2bridge_helpers.reachability.ways import NO_ROUTE, Ways

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.reachability.ends import End
    from l2bridge_helpers.reachability.filtered import Step

_WORST = {"passes": 0, "unproven": 1, "blocked": 2}


def explain(
    nodes: pd.DataFrame,
    fabric: Fabric,
    source: str,
    destination: str,
    *,
    traffic: Traffic = HTTPS,
    cluster: str = "",
) -> Explanation:
    """Return the way from a pod on one node to a pod on another, and back.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        source: a node's name, a pod CIDR, or a pod's address.
        destination: the same.
        traffic: what the packet is.
        cluster: the name that marks this cluster's routes, for the commands that make them.

    Raises:
        ParameterError: no node has such a name or pod, both are on one node, or of different address families.

    """
    return Explainer(nodes, fabric, traffic=traffic, cluster=cluster).explain(source, destination)


class Explainer:
    """What is looked up once for any number of questions about one state; see `explain` for the arguments."""

    def __init__(self, nodes: pd.DataFrame, fabric: Fabric, *, traffic: Traffic = HTTPS, cluster: str = "") -> None:
        """Look it up."""
        self.traffic = traffic
        placement = place(nodes, fabric)
        delivery, filters = Delivery(placement.placed, fabric), Filters(placement.placed, fabric)
        self._families = []
        for ends in ends_of(nodes, placement):
            ways = Ways(ends, nodes, fabric, delivery, cluster)
            self._families.append(_Path(ways, Filtered(ways, filters, traffic)))

    def explain(self, source: str, destination: str) -> Explanation:
        """Return the way from a pod on one node to a pod on another, and back.

        Raises:
            ParameterError: see `explain`.

        """
        found = [(path, path.find(source), path.find(destination)) for path in self._families]
        for name, text, place_ in (("source", source, 1), ("destination", destination, 2)):
            if not any(one[place_] for one in found):
                raise ParameterError(self._unknown(name, text))
        both = [(path, one, other) for path, one, other in found if one and other]
        if not both:
            raise ParameterError(
                f"parameters source and destination: {source!r} and {destination!r} are of different address families; "
                "name nodes, or pods of one family"
            )
        path, (one, part), (other, far) = both[0]
        if one.node == other.node:
            raise ParameterError(
                f"parameter destination: {destination!r} is on node {one.node}, as the source is; packets between them "
                "do not leave it: name another node"
            )
        hops = (*path.there(one, other, (part, far)), *path.back(one, other, (part, far)))
        asked = [hop for hop in hops if hop.way == THERE or hop.hop.startswith("filter")]
        told = [_told(end, chosen) for end, chosen in ((one, part), (other, far))]
        answers = [hop for hop in hops if hop.way == BACK]
        return Explanation(told[0], told[1], self.traffic, hops, _verdict(asked), _verdict(answers))

    def _unknown(self, name: str, text: str) -> str:
        """Return why a text names no pod, with the nodes that may be meant."""
        names = list(dict.fromkeys(end.node for path in self._families for end in path.ways.ends.items))
        near = difflib.get_close_matches(text, names, n=3, cutoff=0.5) or names[:5]
        nodes = (
            f"; nodes are {', '.join(near)}{', …' if len(near) < len(names) else ''}" if names else "; there are none"
        )
        return f"parameter {name}: {text!r} is no node of this cluster, and in no node's pod CIDR{nodes}"


class _Path:
    """The hops between ends of one family."""

    def __init__(self, ways: Ways, filtered: Filtered) -> None:
        self.ways = ways
        self.filtered = filtered
        self._named = {end.node: end for end in ways.ends.items}

    def find(self, text: str) -> tuple[End, Network | None] | None:
        """Return the end that a text names, and the part of its pods."""
        if text in self._named:
            end = self._named[text]
            return end, end.row.network
        try:
            network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            return None
        ends = (end for end in self.ways.ends.items if within(network, end.row.network))
        return next(((end, network) for end in ends), None)

    def there(self, one: End, other: End, parts: tuple[Network | None, Network | None]) -> Iterator[Hop]:
        """Give the hops from one end to the other."""
        yield from self._way(THERE, one, other, parts)

    def back(self, one: End, other: End, parts: tuple[Network | None, Network | None]) -> Iterator[Hop]:
        """Give the hops of the answer."""
        yield from self._way(BACK, other, one, parts[::-1])

    def _way(self, way: str, one: End, other: End, parts: tuple[Network | None, Network | None]) -> Iterator[Hop]:
        if one.spot is None or other.spot is None:
            for end in (one, other):
                if end.spot is None:
                    yield from self._at(way, "node", end, sending=True)
            return
        steps = list(self._steps(way, one, other, (parts[0] or one.network, parts[1] or other.network)))
        yield from self._at(way, "pod CIDR", one, sending=True)
        yield from self._at(way, "flannel", one, sending=True)
        yield from self._backend(way, one, other)
        yield from self._at(way, "machine", one, sending=True)
        yield from self._at(way, "forwarding", one, sending=True)
        yield from (self._filter(way, step) for step in steps if step.at is one)
        yield from self._delivery(way, (one, one.spot), (other, other.spot), parts[1])
        yield from (self._filter(way, step) for step in steps if step.at is other)
        yield from self._not_read(way, one.spot, other.spot)
        yield from self._at(way, "forwarding", other, sending=False)
        yield from self._at(way, "machine", other, sending=False)
        yield from self._at(way, "flannel", other, sending=False)
        yield from self._at(way, "pod CIDR", other, sending=False)

    def _steps(self, way: str, one: End, other: End, parts: tuple[Network, Network]) -> Iterator[Step]:
        """Give the lists of rules on a way; the answer's are those that remember no question."""
        if way == THERE:
            yield from (step for step in self.filtered.steps(one, other, parts) if not step.look.answer)
        else:
            yield from (step for step in self.filtered.steps(other, one, parts[::-1]) if step.look.answer)

    def _at(self, way: str, kind: str, end: End, *, sending: bool) -> Iterator[Hop]:
        """Give what is wrong at a node, or that nothing is."""
        hops = [hop for hop in self.ways.hops if hop.reason.kind == kind and (hop.sends if sending else hop.receives)]
        wrong = [(hop, hop.faults[end.number]) for hop in hops if end.number in hop.faults]
        for hop, fault in wrong:
            yield _hop(way, kind, end, hop.reason.verdict, fault)
        if not wrong and (kind != "flannel" or not sending):
            told = self._fine(kind, end)
            if told:
                yield Hop(way, kind, end.node, "passes", *told, "")

    def _fine(self, kind: str, end: End) -> tuple[str, str] | None:
        """Return what decided that a node lets packets through, and what was read of it; None: it is not looked at."""
        spot = end.spot
        if spot is None:
            return None
        if kind == "pod CIDR":
            return end.node, f"{end.row.routeDestination} is this node's alone"
        if kind == "machine":
            status = spot.instance.status
            return spot.instance.id, f"the machine runs ({status})" if status else "not read; Kubernetes says Ready"
        if kind == "forwarding" and self.ways.dialect.checks_addresses:
            on = _opposite(self.ways.dialect.forwarding_off)
            return (spot.nic.id if self.ways.dialect.forwarding_per_nic else spot.instance.id), on
        if kind == "flannel" and end.row.flannelPublicIP:
            return end.node, f"flannel's public IP is the InternalIP {end.row.nodeIP}"
        return None

    def _backend(self, way: str, one: End, other: End) -> Iterator[Hop]:
        """Give whether the sender's host has a route to the other one's pods, and which; nothing without flannel."""
        own, far = (self.ways.backends.get(end.number, "") for end in (one, other))
        if own and far and own != far:
            odd = one if own != HOST_GW else other
            yield _hop(way, "host route", odd, "blocked", backend_fault(odd))
        elif own and far and own != HOST_GW:
            yield _hop(way, "host route", one, "unproven", backend_fault(one))
        elif own or far:
            hop = other.row.flannelPublicIP or other.row.nodeIP
            routed = "" if self.ways.dialect.one_segment else "; where it goes, the network's routes decide"
            seen = f"flannel's route to {other.row.routeDestination} names {hop}{routed}"
            yield Hop(way, "host route", one.node, "passes", one.node, seen, "")

    def _filter(self, way: str, step: Step) -> Hop:
        direction = "in" if step.look.inbound else "out"
        return _hop(way, f"filter {direction}", step.at, step.decision.outcome, step.fault)

    def _not_read(self, way: str, one: Placed, other: Placed) -> Iterator[Hop]:
        if way == THERE:
            for what, faults in self.ways.unread().items():
                if self.ways.concerns(what, one, other):
                    for fault in faults:
                        yield Hop(way, "filter", "", "unproven", fault.object, fault.found, fault.mend)
            for fault in self.filtered.unjudged():
                yield Hop(way, "filter", "", "unproven", fault.object, fault.found, fault.mend)

    def _delivery(
        self, way: str, sender: tuple[End, Placed], receiver: tuple[End, Placed], part: Network | None
    ) -> Iterator[Hop]:
        """Give how the network finds the other node."""
        (one, near), (other, far) = sender, receiver
        ways, delivery, version = self.ways, self.ways.delivery, self.ways.ends.version
        here, there = (ways.dialect.segment(spot.nic, version) for spot in (near, far))
        view = delivery.view(near)
        if delivery.straight(near, far, version):
            yield Hop(way, "delivery", one.node, "passes", here, f"both nodes are in {here}: straight", "")
        elif not delivery.routed:
            found = f"{one.node} is in {here or 'no segment'}, {other.node} in {there or 'no segment'}"
            odd = here if here != ways.most else there
            yield Hop(way, "delivery", one.node, "blocked", odd, found, ways.dialect.across_segments)
        elif view is None:
            yield _hop(way, "delivery", one, "blocked", ways.no_table(near.nic.subnet))
        else:
            lookup = delivery.look_up(view, far, part)
            wrong = None if lookup.arrives and not lookup.doubtful else ways.route_fault(view, other)
            if wrong or not lookup.arrives:
                reason, fault = wrong or (NO_ROUTE, ways.missing_fault(view, other, far))
                yield _hop(way, "delivery", one, reason.verdict, fault)
            else:
                told = delivery.told(lookup.routes)
                yield Hop(way, "delivery", one.node, "passes", delivery.noun(view.table), told, "")
            for fault in ways.unread_ranges(view):
                yield _hop(way, "delivery", one, "unproven", fault)


def _hop(way: str, hop: str, end: End, verdict: str, fault: Fault) -> Hop:
    return Hop(way, hop, end.node, verdict, fault.object, fault.found, fault.mend)


def _verdict(hops: list[Hop]) -> str:
    return VERDICTS[max((_WORST[hop.verdict] for hop in hops), default=0)]


def _told(end: End, part: Network | None) -> str:
    if part is None:
        return f"{end.node} (no pod CIDR)"
    single = part.num_addresses == 1
    return f"{end.node} ({'pod ' if single else ''}{part.network_address if single else part})"


def _opposite(text: str) -> str:
    """Return `… off` for `… on`, and the other way round."""
    return f"{text.removesuffix(' on')} off" if text.endswith(" on") else f"{text.removesuffix(' off')} on"
