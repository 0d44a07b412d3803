"""What lists of rules do to packets between the ends of one family, as blocks of the matrix of pairs (pure).

Each list is asked once for each kind of address that it tells apart, whatever the number of nodes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.findings import names_of
from l2bridge_helpers.prefixes import merge
from l2bridge_helpers.reachability.blocks import Block
from l2bridge_helpers.reachability.ends import IPV4, bounds, network_of
from l2bridge_helpers.reachability.filter_words import reason_of, told_of
from l2bridge_helpers.reachability.mend import Mends, Stopped, Targets
from l2bridge_helpers.reachability.policies import UNJUDGED, unjudged
from l2bridge_helpers.reachability.result import Fault
from l2bridge_helpers.reachability.ways import NO_ROUTE, NO_TABLE, Ways, numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.reachability.blocks import Mask
    from l2bridge_helpers.reachability.delivery import View
    from l2bridge_helpers.reachability.ends import End
    from l2bridge_helpers.reachability.filters import Filters, Stage
    from l2bridge_helpers.reachability.mend import Numbers
    from l2bridge_helpers.reachability.rules import Cuts, Decision, Pieces, RuleList
    from l2bridge_helpers.reachability.traffic import Ports, Traffic


@dataclass(frozen=True)
class Look:
    """One way of looking at packets: on their way out or in, at the question or at the answer."""

    inbound: bool
    answer: bool
    ports: Ports


@dataclass(frozen=True)
class Held:
    """What a list does to packets between the nodes that it is in front of and others.

    Attributes:
        decision: it does not let them through, and by which rule.
        own: the ends that it is in front of.
        others: the ends of the other side.

    """

    decision: Decision
    own: Mask
    others: Mask


@dataclass(frozen=True)
class Step:
    """What one list does to packets of one pair.

    Attributes:
        look: how it looks at them.
        at: the end that it is in front of.
        decision: what it does.
        fault: what decides and mends that; where it lets them through, what decides.

    """

    look: Look
    at: End
    decision: Decision
    fault: Fault


class Filtered:
    """The lists of rules that packets between the ends of one family pass."""

    def __init__(self, ways: Ways, filters: Filters, traffic: Traffic) -> None:
        """Belong to the ways of a family."""
        self.ways = ways
        self.ends = ways.ends
        self.filters = filters
        self._packet = traffic.packet(self.ends.version, self.ends.systems)
        self._answer = traffic.answer(self.ends.version, self.ends.systems)
        self._sorted: dict[tuple[int, ...], tuple[tuple[Pieces, ...], NDArray[np.intp]]] = {}
        self._merged: dict[bytes, list[Network]] = {}
        self._unheld: dict[str, dict[int, Fault]] = {}
        self._spans = [bounds(end.network) for end, _ in self.ends.placed]
        ways_v4 = self.ends.version == IPV4
        self._firsts = np.array([first for first, _ in self._spans], dtype=np.int64) if ways_v4 else None
        self._lasts = np.array([last for _, last in self._spans], dtype=np.int64) if ways_v4 else None

    def looks(self) -> Iterator[Look]:
        """Give how packets are looked at; answers only where a layer does not remember the question."""
        yield Look(inbound=False, answer=False, ports=self._packet)
        yield Look(inbound=True, answer=False, ports=self._packet)
        if any(not layer.stateful for layer in self.filters.layers):
            yield Look(inbound=False, answer=True, ports=self._answer)
            yield Look(inbound=True, answer=True, ports=self._answer)

    def blocks(self) -> Iterator[Block]:
        """Give what lists of rules stop."""
        faults = self.unjudged()
        if faults:
            yield Block(UNJUDGED, self.ways.known, self.ways.known, (), faults)
        stages = [(look, *stage) for look in self.looks() for stage in self._stages(look)]
        found: list[tuple[Look, Stage, Held]] = []
        unrouted: list[Block] = []
        for look, stage, members in stages:
            stopped, by_name = self._today(stage, members)
            found += [(look, stage, held) for held in stopped]
            unrouted += [self._unrouted(look, *sides) for sides in by_name]
        asked = {_decider(stage, held) for look, stage, held in found if not look.answer}
        mends = self._mends(self.filters.given).commands([self._stopped(stage, held) for _, stage, held in found])
        for (look, stage, held), mend in zip(found, mends, strict=True):
            what = "answers" if look.answer and _decider(stage, held) not in asked else "packets"
            yield self._block(look, stage, held, what, mend)
        yield from unrouted

    def unjudged(self) -> list[Fault]:
        """Return the policies that may drop what the rules let through."""
        return unjudged(self.filters.fabric, self._packet)

    def steps(self, one: End, other: End, parts: tuple[Network, Network]) -> Iterator[Step]:
        """Give what each list does to packets from a part of one end's pods to a part of another's, in order."""
        if one.spot is None or other.spot is None:
            return
        for look in self.looks():
            near, far = (other, one) if look.inbound is not look.answer else (one, other)
            sides = parts if near is one else parts[::-1]
            for stage in self._stages_of(look, near):
                if stage.rules.layer.inside_subnets or one.spot.nic.subnet != other.spot.nic.subnet:
                    yield self._step(look, stage, near, far, sides)

    def _stages_of(self, look: Look, end: End) -> Iterator[Stage]:
        if end.spot:
            stages = self.filters.stages(end.spot, inbound=look.inbound, version=self.ends.version, ports=look.ports)
            yield from (stage for stage in stages if not (look.answer and stage.rules.layer.stateful))

    def _step(self, look: Look, stage: Stage, near: End, far: End, parts: tuple[Network, Network]) -> Step:
        """Return what a list in front of one end does to packets of the other; `parts`: of the one, of the other."""
        masks = self.ends.mask([near.number]), self.ends.mask([far.number])
        ideal = self._decide(stage.rules, far, parts)
        now = self._decide(stage.now, far, parts) if stage.now else ideal
        if now.outcome == "passes":
            by = f"rule {now.rule.name or now.rule.number}" if now.rule else "no rule is against it"
            return Step(look, near, now, Fault(stage.rules.name, near.node, f"{stage.rules.label}: {by}", ""))
        if ideal.outcome != "passes":
            return Step(look, near, ideal, self._mended(look, stage, Held(ideal, *masks)))
        lacking = (
            *self._unrouted(look, [near.number], masks[1]).faults,
            self._mended(look, stage, Held(now, *masks)),
        )
        rule = ideal.rule
        names = names_of(name for name in (*rule.sources, *rule.destinations) if not network_of(name)) if rule else ""
        by = f"rule {rule.name or rule.number} lets" if rule else "it lets"
        found = f"{stage.rules.label}: {by} pods through as {names or 'a range'}, which holds them only once routes do"
        return Step(
            look, near, now, replace(lacking[0], found=f"{found} ({names_of(one.found for one in lacking[:-1])})")
        )

    def _decide(self, rules: RuleList, far: End, parts: tuple[Network, Network]) -> Decision:
        near_cuts, far_cuts = (rules.sources, rules.destinations)[:: -1 if rules.inbound else 1]
        sides = far_cuts.pieces(*bounds(parts[1])), near_cuts.pieces(*bounds(parts[0]))
        groups = frozenset(far.spot.nic.filters) if far.spot else frozenset[str]()
        return rules.decide(*(sides if rules.inbound else sides[::-1]), groups)

    def _stages(self, look: Look) -> Iterator[tuple[Stage, list[int]]]:
        """Give each list once, with the places (in `Ends.placed`) of the ends that it is in front of."""
        found: dict[int, tuple[Stage, list[int]]] = {}
        for place, (end, _) in enumerate(self.ends.placed):
            for stage in self._stages_of(look, end):
                found.setdefault(id(stage), (stage, []))[1].append(place)
        return iter(found.values())

    def _held(self, stage: Stage, rules: RuleList, members: list[int]) -> Iterator[Held]:
        """Give what a list does not let through."""
        near, far = (rules.destinations, rules.sources) if rules.inbound else (rules.sources, rules.destinations)
        near_pieces, near_class = self._classes(near)
        far_pieces, far_class = self._classes(far)
        others = self._others(stage, members)
        own: dict[int, list[int]] = defaultdict(list)
        for place in members:
            own[int(near_class[place])].append(place)
        for kind, places in own.items():
            codes = self._codes(rules, near_pieces[kind], far_pieces, far_class)
            for code in np.unique(codes[codes % 3 > 0]).tolist():
                far_side = np.flatnonzero((codes == code) & others).tolist()
                behind = _but_itself(places, far_side)
                if behind and far_side:
                    yield Held(rules.told(code), self._mask(np.array(behind)), self._mask(np.array(far_side)))

    def _codes(
        self, rules: RuleList, near: Pieces, far: tuple[Pieces, ...], classes: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Return what a list does to packets between one range and each placed end's, as its program's codes."""
        codes = rules.program.judge(near, far)[classes]
        if rules.groups:
            for place, (_, spot) in enumerate(self.ends.placed):
                groups = rules.groups & frozenset(spot.nic.filters)
                if codes[place] % 3 and groups:
                    sides = (far[classes[place]], near) if rules.inbound else (near, far[classes[place]])
                    codes[place] = rules.program.decide(sides[0], sides[1], groups)
        return codes

    def _others(self, stage: Stage, members: list[int]) -> NDArray[np.bool_]:
        """Return which of the placed ends have packets that the list looks at."""
        every = np.ones(len(self.ends.placed), dtype=np.bool_)
        if not stage.rules.layer.inside_subnets:
            inside = self.ends.placed[members[0]][1].nic.subnet
            every &= np.array([spot.nic.subnet != inside for _, spot in self.ends.placed])
        return every

    def _classes(self, cuts: Cuts) -> tuple[tuple[Pieces, ...], NDArray[np.intp]]:
        """Return the pieces that pod CIDRs lie in, each once, and which of them each placed end's does."""
        key = tuple(cuts.at)
        if key not in self._sorted:
            if self._firsts is not None and self._lasts is not None:
                at = np.array(cuts.at, dtype=np.int64)
                both = np.stack([np.searchsorted(at, side, "right") for side in (self._firsts, self._lasts)], axis=1)
            else:
                both = np.array([cuts.pieces(*span) for span in self._spans], dtype=np.intp).reshape(-1, 2)
            unique, inverse = np.unique(both, axis=0, return_inverse=True)
            self._sorted[key] = (tuple((int(low), int(high)) for low, high in unique), inverse.reshape(-1))
        return self._sorted[key]

    def _mask(self, places: NDArray[np.intp]) -> Mask:
        chosen = np.zeros(len(self.ends.items), dtype=np.bool_)
        chosen[self.ends.known[places]] = True
        return chosen

    # Names of ranges that stand for routes.

    def _today(self, stage: Stage, members: list[int]) -> tuple[list[Held], list[tuple[list[int], Mask]]]:
        """Return what a list stops by its rules, and what only because its subnet's table has no routes yet.

        The latter as the ends that it is in front of, and those of the other side. What the rules would stop once all
        routes are there is not stopped yet.
        """
        ideal = list(self._held(stage, stage.rules, members))
        if stage.now is None:
            return ideal, []
        by_rule: dict[tuple[int, bytes], tuple[Decision, list[int], Mask]] = {}
        by_name: dict[bytes, tuple[list[int], Mask]] = {}
        for held in self._held(stage, stage.now, members):
            for number in numbers_of(held.own):
                rest = held.others.copy()
                for place, same in enumerate(ideal):
                    both = held.others & same.others
                    if same.own[number] and both.any():
                        by_rule.setdefault((place, both.tobytes()), (same.decision, [], both))[1].append(number)
                        rest &= ~both
                by_name.setdefault(rest.tobytes(), ([], rest))[0].append(number)
        sides = [(_but_itself(numbers, numbers_of(others)), others) for numbers, others in by_name.values()]
        stopped = [
            Held(decision, self.ends.mask(behind), others)
            for decision, numbers, others in by_rule.values()
            if (behind := _but_itself(numbers, numbers_of(others)))
        ]
        return stopped, [(numbers, others) for numbers, others in sides if numbers and others.any()]

    def _unrouted(self, look: Look, numbers: list[int], others: Mask) -> Block:
        """Return what packets of a subnet's nodes are stopped by until its table has all routes."""
        own = self.ends.mask(numbers)
        sides = (others, own) if look.inbound else (own, others)
        spot = self.ends.items[numbers[0]].spot
        view = self.ways.delivery.view(spot) if spot else None
        if spot and view is None:
            return Block(NO_TABLE, *sides, numbers, [self.ways.no_table(spot.nic.subnet)])
        lacking = self._lacking(view) if view else {}
        concerned = others | own
        faults = [fault for number, fault in lacking.items() if concerned[number]]
        return Block(NO_ROUTE, *sides, [number for number in lacking if concerned[number]], faults)

    def _lacking(self, view: View) -> dict[int, Fault]:
        """Return the ends whose pods no route of a table holds, with what is wrong there."""
        table = view.table
        if table not in self._unheld:
            routes = self.ways.delivery.tables[table].routes
            held = merge(network for route in routes if (network := network_of(route.destination)))
            spans = sorted(bounds(network) for network in held if network.version == self.ends.version)
            starts = [first for first, _ in spans]
            self._unheld[table] = {
                end.number: self.ways.missing_fault(view, end, spot)
                for (end, spot), (first, last) in zip(self.ends.placed, self._spans, strict=True)
                if not (place := bisect_right(starts, first)) or spans[place - 1][1] < last
            }
        return self._unheld[table]

    # What people are told.

    def _block(self, look: Look, stage: Stage, held: Held, what: str, mend: str) -> Block:
        reason = reason_of(stage.rules, held.decision, what)
        packets_in = look.inbound is not look.answer
        senders, receivers = (held.others, held.own) if packets_in else (held.own, held.others)
        at = numbers_of(held.own)
        return Block(reason, senders, receivers, at, [self._fault(stage, held, what, mend)])

    def _mended(self, look: Look, stage: Stage, held: Held) -> Fault:
        """Return what one list does to one pair, with the command for that alone."""
        (mend,) = self._mends({}).commands([self._stopped(stage, held)])
        return self._fault(stage, held, "answers" if look.answer else "packets", mend)

    def _mends(self, given: Numbers) -> Mends:
        return Mends(self.filters.fabric, self._networks, given, known=self.ways.flannel, targets=self._targets)

    @cached_property
    def _targets(self) -> Targets:
        return Targets(self.filters.fabric, {spot.instance.id for _, spot in self.ends.placed})

    def _stopped(self, stage: Stage, held: Held) -> Stopped:
        spots = [spot for number in numbers_of(held.own) if (spot := self.ends.items[number].spot)]
        return Stopped(stage.rules, held.decision.rule, held.own, held.others, tuple(spot.nic for spot in spots))

    def _fault(self, stage: Stage, held: Held, what: str, mend: str) -> Fault:
        rules, rule, at = stage.rules, held.decision.rule, numbers_of(held.own)
        far = f"{'from' if rules.inbound else 'to'} {names_of(map(str, self._networks(held.others)))}"
        told = told_of(rules, held.decision, f"{what} {far}")
        node = self.ends.items[at[0]].node if len(at) == 1 else ""
        return Fault(rule.id if rule else rules.name, node, told, mend)

    def _networks(self, mask: Mask) -> list[Network]:
        key = mask.tobytes()
        if key not in self._merged:
            self._merged[key] = merge(self.ends.items[number].network for number in numbers_of(mask))
        return self._merged[key]


def _but_itself(own: list[int], others: list[int]) -> list[int]:
    """Return those that have others at all: a node's packets to itself do not leave it."""
    return [number for number in own if others != [number]]


def _decider(stage: Stage, held: Held) -> tuple[str, bool, str, str]:
    """Return what tells a list's rule, or its end, from every other one."""
    rules, decision = stage.rules, held.decision
    return rules.label, rules.inbound, decision.outcome, decision.rule.id if decision.rule else ""
