"""One row for each rule of ours that lets packets from pods in, by the operator's wish (pure).

* Only what nothing lets through is opened. A rule that denies is someone's decision: ours comes after it.
* A rule of ours gets other ranges, or goes, only when the node list is whole and flannel's Network is known: clusters
  that are called alike may share a network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import KEPT, Change
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.filters import FIREWALL, FIREWALL_POLICIES, LAYERS, Rule, fewest
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.nodes import parse_cidr
from l2bridge_helpers.placement import pods_of
from l2bridge_helpers.prefixes import merge, to_let_through, within
from l2bridge_helpers.reachability.ends import bounds
from l2bridge_helpers.reachability.filters import Filters
from l2bridge_helpers.reachability.traffic import ANY_PORT

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric, Nic
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.plan_state import State
    from l2bridge_helpers.reachability.rules import Pieces, RuleList

_OPENED = ("network", "groups")
"""The places of lists that a plan opens."""


def filter_changes(state: State) -> list[Change]:
    """Return the rows of all rules of ours."""
    own = _own(state)
    if not state.scope.open_firewall:
        reason = f"{KEPT}: made by a run with open_firewall=True; this run leaves filters alone"
        return [_stays(rule, reason) for rule in own]
    return [row for version in (4, 6) for row in _Family(version, own, state).rows()]


def closed(placed: Iterable[Placed], fabric: Fabric, version: int) -> list[Placed]:
    """Return the nodes of one family that no rule surely lets packets from others' pods in at, nor one keeps them out.

    Looked at are the lists that a plan opens, for any port.
    """
    every = tuple(placed)
    spots = [spot for spot in every if spot.row.network and spot.row.network.version == version]
    filters, senders = Filters(every, fabric), _Senders(pods_of(spots))
    packet = ANY_PORT.packet(version, {spot.row.os for spot in spots})
    return [
        spot
        for spot in spots
        for stage in filters.stages(spot, inbound=True, version=version, ports=packet)
        if stage.rules.layer.place in _OPENED and senders.shut_out(spot, stage.rules)
    ]


class _Senders:
    """The pods that send, sorted by what a list of rules tells apart."""

    def __init__(self, pods: list[Network]) -> None:
        self._pods = pods
        self._sorted: dict[int, Counter[Pieces]] = {}

    def shut_out(self, spot: Placed, rules: RuleList) -> bool:
        """Return whether a list surely drops packets of some other node's pods, or may, and no rule says so."""
        if id(rules) not in self._sorted:
            self._sorted[id(rules)] = Counter(rules.sources.pieces(*bounds(pods)) for pods in self._pods)
        own = spot.row.network
        if own is None:
            return False
        others = self._sorted[id(rules)] - Counter([rules.sources.pieces(*bounds(own))])
        target = rules.destinations.pieces(*bounds(own))
        found = (rules.decide(source, target) for source in others)
        return any(one.outcome != "passes" and (one.rule is None or one.rule.allow) for one in found)


@dataclass
class _Family:
    """What is to be open to the pods of one address family."""

    version: int
    every: list[Rule]
    state: State

    def __post_init__(self) -> None:
        """Look everything up once."""
        self._own = [rule for rule in self.every if _version(rule) == self.version]
        self._known = [network for network in self.state.networks if network.version == self.version]
        self._ranges = tuple(map(str, _ranges(self.version, self._known, self.state)))
        others = [rule for rule in self.state.fabric.rules if rule.cluster != self.state.cluster]
        self._others = [rule for rule in others if rule.inbound and rule.enabled]
        foreign = replace(self.state.fabric, rules=tuple(self._foreign()))
        self._closed = closed(self.state.placed, foreign, self.version) if self._ranges else []
        self._narrows = self.state.whole and bool(self._known)

    def rows(self) -> Iterator[Change]:
        """Give a row for each list that is to be open, then one for each rule that nothing asks for."""
        left = {rule.id: rule for rule in self._own}
        for place in self._places():
            there = next((rule for rule in self._own if rule.list == place), None)
            row = self._opened(place, there)
            if there:
                left.pop(there.id)
            if row:
                yield row
        for rule in left.values():
            yield self._leftover(rule)

    def _foreign(self) -> Iterator[Rule]:
        """Give the rules that are not ours."""
        own = {rule.id for rule in self.every}
        return (rule for rule in self.state.fabric.rules if rule.id not in own)

    def _places(self) -> list[str]:
        """Return the lists that are open by rules of ours and in use, and as few more as serve what is closed."""
        if not self._ranges:
            return []
        used = {place for spot in self.state.placed for place in _lists(self.state.fabric, spot.nic)}
        kept = [place for place in dict.fromkeys(rule.list for rule in self._own) if place in used]
        needy = [places for spot in self._closed if not set(places := _lists(self.state.fabric, spot.nic)) & set(kept)]
        return [*kept, *fewest(needy)]

    def _opened(self, place: str, there: Rule | None) -> Change | None:
        """Return the row of a list that is to be open; None where others' rules have all the ranges."""
        wanted = self._wanted(place, there)
        if isinstance(wanted, Change):
            return wanted
        if wanted is None:
            return _stays(there, f"{KEPT}: the rule has no other ranges") if there else None
        if there is None:
            return self._made(wanted)
        altered = [name for name, value in there.facts().items() if value != wanted.facts()[name]]
        if not altered:
            return _stays(there, "the rule is in place")
        reason = f"the pods have {_told(wanted.sources)}, not {_told(there.sources)}"
        command = self.state.dialect.opening_command(self.state.fabric, there, wanted)
        return Change("update", "filter", resource_of(wanted), "", there.facts(), wanted.facts(), reason, command)

    def _wanted(self, place: str, there: Rule | None) -> Rule | Change | None:
        """Return the rule that is to be there, the conflict for which none can be, or None for no rule at all."""
        dialect, fabric = self.state.dialect, self.state.fabric
        ranges = self._missing(place, there)
        if not ranges:
            return None
        try:
            rule = dialect.opening(self.state.cluster, fabric, place, ranges, tuple(map(str, self._known)))
        except DataError as err:
            return Change("conflict", "filter", place, "", {}, {}, str(err))
        if rule is None:
            return None
        rule = replace(rule, number=self._after_denials(rule))
        if there is None:
            namesake = next((other for other in fabric.rules if other.id == rule.id), None)
            return rule if namesake is None else self._in_the_way(namesake)
        changed = _changed(there, rule)
        return self._tampered(there, changed) if changed else replace(there, sources=ranges)

    def _missing(self, place: str, there: Rule | None) -> tuple[str, ...]:
        """Return the ranges that a rule of ours is to have: those that no other rule of a group has already."""
        mine = there.sources if there else ()
        wanted = self._ranges if self._narrows else _joined(self._ranges, mine)
        if place == self.state.fabric.network:
            return wanted
        same = (rule for rule in self._foreign() if rule.list == place and rule.inbound and rule.protocols == ("all",))
        taken = {cidr for rule in same for cidr in rule.sources}
        return tuple(cidr for cidr in wanted if cidr not in taken)

    def _after_denials(self, rule: Rule) -> int:
        """Return the rule's number, or a later one: after every rule that keeps some of the pods out."""
        mine = [network for cidr in rule.sources if (network := parse_cidr(cidr))]
        denials = (other for other in self._others if other.kind == rule.kind and not other.allow)
        return max([rule.number, *(other.number for other in denials if _meets(other, mine))])

    def _made(self, rule: Rule) -> Change:
        shut = [spot.row.nodeName for spot in self._closed if rule.list in _lists(self.state.fabric, spot.nic)]
        reason = f"no rule surely lets packets from the pod CIDRs in at {names_of(dict.fromkeys(shut))}"
        opened = self.state.dialect.opens(self.state.fabric, rule.list)
        reason += f"; this one opens {opened} to them" if opened else ""
        if any(one.what == FIREWALL_POLICIES for one in self.state.fabric.unread):
            reason += "; firewall policies were not judged: one may let them in already, or drop them nevertheless"
        command = self.state.dialect.opening_command(self.state.fabric, None, rule)
        return Change("create", "filter", resource_of(rule), "", {}, rule.facts(), reason, command)

    def _leftover(self, rule: Rule) -> Change:
        """Return the row of a rule of ours that nothing asks for."""
        command = self.state.dialect.opening_command(self.state.fabric, rule, None)
        if not self.state.whole:
            return _stays(rule, f"{KEPT}: the node list is empty or not whole, and so deletes nothing")
        if not self._known:
            reason = f"{KEPT}: flannel's Network is not known: another cluster may be called {self.state.cluster}, too"
            return _stays(rule, f"{reason}; if none is: {command}")
        why = "no node is behind it any more" if self._ranges else f"no node has an IPv{self.version} pod CIDR any more"
        if rule.list in self._places():
            why = "left over: another rule of ours lets the pods in"
        return Change("delete", "filter", resource_of(rule), "", rule.facts(), {}, why, command)

    def _in_the_way(self, rule: Rule) -> Change:
        reason = f"{rule.kind} {rule.name} is called as ours would be, but does not say that it is ours; look at it"
        return Change("conflict", "filter", resource_of(rule), "", rule.facts(), {}, reason)

    def _tampered(self, rule: Rule, changed: list[str]) -> Change:
        command = self.state.dialect.opening_command(self.state.fabric, rule, None)
        reason = (
            f"{rule.kind} {rule.name} carries our mark, but somebody has changed it ({', '.join(changed)}); "
            f"put it back, or delete it and run again: {command}"
        )
        return Change("conflict", "filter", resource_of(rule), "", rule.facts(), {}, reason)


def resource_of(rule: Rule) -> str:
    """Return what people know a rule of ours by: its name, or its group and address family."""
    return rule.name if rule.kind == FIREWALL else f"{rule.list} IPv{_version(rule)}"


def _own(state: State) -> list[Rule]:
    """Return this cluster's rules: by their mark, and by their ranges where flannel's are known, as with routes."""
    marked = sorted((rule for rule in state.fabric.rules if rule.cluster == state.cluster), key=lambda rule: rule.id)
    return [rule for rule in marked if _inside(rule, state.networks)]


def _inside(rule: Rule, networks: list[Network]) -> bool:
    return not networks or all(any(within(parse_cidr(cidr), one) for one in networks) for cidr in rule.sources)


def _ranges(version: int, known: list[Network], state: State) -> list[Network]:
    """Return what to open to: flannel's Network where it holds the pod CIDRs and no subnet, else these CIDRs."""
    parts = (cidr for subnet in state.fabric.subnets for cidr in subnet.cidrs)
    taken = [network for cidr in parts if (network := parse_cidr(cidr)) and network.version == version]
    pods = [network for network in pods_of(state.placed) if network.version == version]
    pods = [network for network in pods if not any(network.overlaps(other) for other in taken)]
    return to_let_through(pods, known, taken)


def _joined(wanted: tuple[str, ...], there: tuple[str, ...]) -> tuple[str, ...]:
    """Return ranges that hold both: those that are there, if they do."""
    held = merge(network for cidr in there if (network := parse_cidr(cidr)))
    more = [network for cidr in wanted if (network := parse_cidr(cidr))]
    if all(any(within(network, one) for one in held) for network in more):
        return there
    return tuple(map(str, merge([*held, *more])))


def _lists(fabric: Fabric, nic: Nic) -> tuple[str, ...]:
    """Return the lists in front of an interface, of which one that is open will do."""
    places = {layer.place for layer in LAYERS[fabric.platform]}
    return nic.filters if "groups" in places else (fabric.network,) if "network" in places else ()


def _changed(there: Rule, rule: Rule) -> list[str]:
    """Return what somebody has changed of a rule of ours, beside its ranges: what we never change."""
    free = ("sources", "name", "number", "description")
    was, would = there.facts(), rule.facts()
    return [name for name in was if name not in free and was[name] != would[name]]


def _meets(rule: Rule, networks: list[Network]) -> bool:
    ranges = [network for cidr in rule.sources if (network := parse_cidr(cidr))]
    if not rule.sources:
        return not rule.peers
    return any(one.version == other.version and one.overlaps(other) for one in ranges for other in networks)


def _version(rule: Rule) -> int:
    return 6 if ":" in next(iter(rule.sources), "") else 4


def _stays(rule: Rule, reason: str) -> Change:
    return Change("none", "filter", resource_of(rule), "", rule.facts(), rule.facts(), reason)


def _told(ranges: Iterable[str]) -> str:
    return ", ".join(ranges)
