"""The exact commands that let packets through lists of rules (pure).

They add rules and never change others'. All that a list stops in one direction is mended by one command: of two, the
second could take the first one's number or name. Where each command stands for itself (rules of GCE's network, which
are called by place, range and target), it is one for each place in front of a rule, and opens no more machines than it
has to; as few security groups are opened as serve all interfaces.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import Rule, fewest
from l2bridge_helpers.nodes import parse_cidr
from l2bridge_helpers.prefixes import to_let_through

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric, Nic
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.reachability.blocks import Mask
    from l2bridge_helpers.reachability.rules import RuleList

Numbers = dict[tuple[str, bool], set[int]]
"""List and whether its rules are for packets on their way in -> the numbers that commands have given already."""
_BY_HAND = "let packets between the pod CIDRs through"


@dataclass(frozen=True, eq=False)
class Stopped:
    """What a list stops.

    Attributes:
        rules: the list.
        rule: the rule that decides; None: none lets packets through.
        own: the ends that the list is in front of.
        others: those of the other side.
        nics: the interfaces of the former.

    """

    rules: RuleList
    rule: Rule | None
    own: Mask
    others: Mask
    nics: tuple[Nic, ...]


class Mends:
    """The commands for what the lists of a network stop in one address family."""

    def __init__(
        self,
        fabric: Fabric,
        networks: Callable[[Mask], Iterable[Network]],
        given: Numbers,
        *,
        targets: Targets,
        known: Iterable[Network] = (),
    ) -> None:
        """Keep what is known.

        Args:
            fabric: where it is.
            networks: how ends become pod CIDRs.
            given: the numbers that other families' commands have given.
            targets: what rules of a whole network can be limited to.
            known: flannel's own ranges of the family.

        """
        self._fabric = fabric
        self._dialect = dialect_of(fabric.platform)
        self._networks = networks
        self._given = given
        self._known = tuple(known)
        parts = (cidr for subnet in fabric.subnets for cidr in subnet.cidrs)
        self._subnets = tuple(network for cidr in parts if (network := parse_cidr(cidr)))
        self._targets = targets

    def commands(self, stopped: Sequence[Stopped]) -> list[str]:
        """Return the command for each of them, or in words what to do."""
        together: dict[tuple[object, ...], list[Stopped]] = defaultdict(list)
        keys = [self._together(one) for one in stopped]
        for key, one in zip(keys, stopped, strict=True):
            together[key].append(one)
        found = {key: self._mended(parts) for key, parts in together.items()}
        return [found[key](one) for key, one in zip(keys, stopped, strict=True)]

    def _together(self, one: Stopped) -> tuple[object, ...]:
        """Return what those have in common that one command mends, or some that must not get in each other's way."""
        layer, inbound = one.rules.layer, one.rules.inbound
        if layer.place == "groups":
            return (layer.kind, inbound)
        if layer.place == "network":
            number = one.rule.number if one.rule else None
            return (layer.kind, inbound, number, self._targets.of(one.rule, one.nics))
        return (layer.kind, inbound, one.rules.name)

    def _mended(self, parts: list[Stopped]) -> Callable[[Stopped], str]:
        """Return what tells the command for each of some that are mended together."""
        place = parts[0].rules.layer.place
        if place == "groups":
            return self._opened(parts)
        command = self._allowed(parts) if place == "network" else self._passed(parts)
        return lambda _: command

    def _allowed(self, parts: list[Stopped]) -> str:
        """Return the command for a rule of the whole network, just before the one that drops packets."""
        one = parts[0]
        before = None if one.rule is None else one.rule.number - 1
        if before is not None and before not in self._dialect.rule_numbers:
            return _no_room(one.rules, one.rule)
        nics = tuple(nic for part in parts for nic in part.nics)
        far, on = self._ranges(part.others for part in parts), self._targets.of(one.rule, one.nics)
        inbound = one.rules.inbound
        command = self._dialect.allow_command(self._fabric, far, nics, inbound=inbound, number=before, on=on)
        if one.rule is None or on or not command:
            return command or _BY_HAND
        opened = self._dialect.opens(self._fabric, self._fabric.network)
        return f"this lets packets through to {opened}, whatever later rules keep them from: {command}"

    def _opened(self, parts: list[Stopped]) -> Callable[[Stopped], str]:
        """Return what tells the command for the groups that serve the interfaces of each part."""
        chosen = fewest(nic.filters for part in parts for nic in part.nics)
        serving = [{_first(chosen, nic): nic for nic in part.nics} for part in parts]
        commands = {}
        for group in chosen:
            served = [(part, nics[group]) for part, nics in zip(parts, serving, strict=True) if group in nics]
            far = self._ranges(part.others for part, _ in served)
            nic = replace(served[0][1], filters=(group,))
            commands[group] = self._dialect.allow_command(self._fabric, far, (nic,), inbound=parts[0].rules.inbound)
        groups = {id(part): sorted(nics) for part, nics in zip(parts, serving, strict=True)}
        return lambda part: " && ".join(commands[group] for group in groups[id(part)]) or _BY_HAND

    def _passed(self, parts: list[Stopped]) -> str:
        """Return the command for rules in front of the first one that drops packets."""
        rules, dialect = parts[0].rules, self._dialect
        own, far = self._ranges(part.own for part in parts), self._ranges(part.others for part in parts)
        end = dialect.rule_numbers.stop
        below = min(end if part.rule is None else part.rule.number for part in parts)
        there = [rule for rule in self._fabric.rules if rule.list == rules.name and rule.inbound is rules.inbound]
        given = self._given.setdefault((rules.name, rules.inbound), set())
        count = len(far) if dialect.one_range_a_rule else 1
        number = _free(dialect.rule_numbers, below, {rule.number for rule in there} | given, count)
        if number is None:
            return _no_room(rules, next((part.rule for part in parts if part.rule and part.rule.number == below), None))
        given |= set(range(number, number + count))
        names = {rule.name.lower() for rule in self._fabric.rules if rule.list == rules.name}
        sources, destinations = (far, own) if rules.inbound else (own, far)
        new = Rule(
            kind=rules.layer.kind,
            list=rules.name,
            name=_name(rules, far, number, names),
            number=number,
            allow=True,
            inbound=rules.inbound,
            sources=sources,
            destinations=destinations,
        )
        return dialect.pass_command(self._fabric, new) or _BY_HAND

    def _ranges(self, masks: Iterable[Mask]) -> tuple[str, ...]:
        pods = self._networks(reduce(or_, masks))
        return tuple(map(str, to_let_through(pods, self._known, self._subnets)))


class Targets:
    """What rules of a whole network can be limited to, so that they open no more machines than they have to."""

    def __init__(self, fabric: Fabric, members: Collection[str]) -> None:
        """Look up what machines there are, and which of them are nodes."""
        self._machines = {nic.id: instance for instance in fabric.instances for nic in instance.nics}
        others = [instance for instance in fabric.instances if instance.id not in members]
        self._others = {mark for instance in others for mark in (*instance.tags, *instance.accounts)}

    def of(self, rule: Rule | None, nics: Iterable[Nic]) -> tuple[str, ...]:
        """Return the tags, or the accounts, for a rule in front of another one; nothing: all machines.

        Those that the other rule is on; where it is on all, one that all these nodes have and no other machine.
        """
        machines = [machine for nic in nics if (machine := self._machines.get(nic.id))]
        if rule is None or not machines:
            return ()
        if rule.on is not None:
            wanted = set(rule.on)
            return tuple(sorted(fewest(wanted & {*machine.tags, *machine.accounts} for machine in machines)))
        for marks in ([machine.tags for machine in machines], [machine.accounts for machine in machines]):
            own = set(marks[0]).intersection(*marks) - self._others
            if own:
                return (min(own),)
        return ()


def _no_room(rules: RuleList, rule: Rule | None) -> str:
    """Return what to do where no number is left for a rule in front."""
    if rule is None:
        return f"no number is left in {rules.label} for a rule that lets them through: take out one that is not needed"
    name = f"{rule.name} (number {rule.number})" if rule.name else str(rule.number)
    return f"there is no room before rule {name}: change that rule, or give it a higher number"


def _first(chosen: list[str], nic: Nic) -> str:
    return next(group for group in chosen if group in nic.filters)


def _name(rules: RuleList, far: tuple[str, ...], number: int, taken: Collection[str]) -> str:
    """Return a name that no rule of the list has: a command with its name would change that rule."""
    six = ipaddress.ip_network(far[0]).version == 6 if far else False  # noqa: PLR2004 - IPv6
    name = f"allow-pods-{'in' if rules.inbound else 'out'}{'-v6' if six else ''}"
    return f"{name}-{number}" if name in taken else name


def _free(numbers: range, below: int, taken: Collection[int], count: int) -> int | None:
    """Return the first of so many free numbers in a row, as close before `below` as there are; None: there are not."""
    for first in range(min(below, numbers.stop) - count, numbers.start - 1, -1):
        if first in numbers and not any(first + step in taken for step in range(count)):
            return first
    return None
