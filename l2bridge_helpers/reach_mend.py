"""The exact commands that let packets through a list of rules (pure)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL, SECURITY_GROUP, Rule
from l2bridge_helpers.prefixes import merge

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric, Nic
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.reach_rules import RuleList

_BY_HAND = "let packets between the pod CIDRs through, with a lower number than what drops them"


def filter_mend(
    fabric: Fabric,
    rules: RuleList,
    rule: Rule | None,
    *,
    own: Iterable[Network],
    others: Iterable[Network],
    nics: Iterable[Nic],
) -> str:
    """Return the command that lets the others' packets in, or packets to them out.

    Args:
        fabric: the network.
        rules: the list that drops them.
        rule: the rule that does; None: none lets them through.
        own: pod CIDRs of the nodes that the list is in front of.
        others: those of the other side.
        nics: the interfaces of these nodes.

    """
    far = tuple(map(str, merge(others)))
    if rules.layer.kind in (FIREWALL, SECURITY_GROUP):
        before = None if rule is None else rule.number - 1
        if before is not None and before not in dialect_of(fabric.platform).rule_numbers:
            return f"{_BY_HAND}; there is no room before rule {rule.name if rule else ''}: change that rule"
        command = dialect_of(fabric.platform).allow_command(
            fabric, far, tuple(nics), inbound=rules.inbound, number=before
        )
        return command or _BY_HAND
    return _pass_command(fabric, rules, rule, tuple(map(str, merge(own))), far) or _BY_HAND


def _pass_command(
    fabric: Fabric, rules: RuleList, rule: Rule | None, own: tuple[str, ...], far: tuple[str, ...]
) -> str:
    """Return the command for rules in front of the one that decides; "" when there is no room for them."""
    dialect = dialect_of(fabric.platform)
    listed = [entry.rule for entry in rules.entries]
    taken = {one.number for one in listed}
    below = rule.number if rule else dialect.rule_numbers.stop
    number = _free(dialect.rule_numbers, below, taken, len(far) if dialect.one_range_a_rule else 1)
    if number is None:
        return ""
    called = _name(rules, far, number, {one.name.lower() for one in listed})
    sources, destinations = (far, own) if rules.inbound else (own, far)
    new = Rule(rules.layer.kind, rules.name, called, number, True, rules.inbound, sources, destinations)  # noqa: FBT003 - allow
    return dialect.pass_command(fabric, new)


def _name(rules: RuleList, far: tuple[str, ...], number: int, taken: Collection[str]) -> str:
    """Return a name that no rule has: a command with its name would change that rule."""
    six = ipaddress.ip_network(far[0]).version == 6 if far else False  # noqa: PLR2004 - IPv6
    name = f"allow-pods-{'in' if rules.inbound else 'out'}{'-v6' if six else ''}"
    return f"{name}-{number}" if name in taken else name


def _free(numbers: range, below: int, taken: Collection[int], count: int) -> int | None:
    """Return the first of so many free numbers in a row, as close before `below` as there are; None: there are not."""
    for first in range(min(below, numbers.stop) - count, numbers.start - 1, -1):
        if first in numbers and not any(first + step in taken for step in range(count)):
            return first
    return None
