"""What people are told of a list of rules that does not let packets through (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.findings import names_of
from l2bridge_helpers.reachability.nodes import Reason

if TYPE_CHECKING:
    from l2bridge_helpers.filters import Rule
    from l2bridge_helpers.reachability.rules import Decision, RuleList

_PREFIX_LIST = "pl-"


def reason_of(rules: RuleList, decision: Decision, what: str) -> Reason:
    """Return what packets, or answers, that a list does not let through have in common."""
    kind, rule = rules.layer.kind, decision.rule
    way = _way(rules)
    listed = kind if kind.endswith("rule") else f"{kind} rule"
    unproven = decision.outcome == "unproven"
    if rule and rule.allow:
        text = f"{what} let {way} only by names of {kind}s or prefix lists at {{nodes}}"
    elif rule:
        unless = ", unless a firewall policy lets them through" if unproven else ""
        text = f"{listed} {rule.name or rule.number} drops {what} {way} at {{nodes}}{unless}"
    else:
        text = f"no {listed} lets {what} {way} at {{nodes}}{'; a firewall policy may' if unproven else ''}"
    return Reason("filter", text, decision.outcome, fails=not unproven)


def told_of(rules: RuleList, decision: Decision, packets: str) -> str:
    """Return what a list does to `packets` (`packets from 10.42.1.0/24`)."""
    rule, unproven = decision.rule, decision.outcome == "unproven"
    if rule and rule.allow:
        return f"{rules.label}: {packets} may be let {_way(rules)} by {_by_peers(rule)}"
    if rule:
        unless = ", unless a firewall policy lets them through before" if unproven else ""
        return f"{rules.label}: rule {rule.name or rule.number} drops {packets}{unless}"
    return f"{rules.label}: no rule lets {packets} {_way(rules)}{'; a firewall policy may' if unproven else ''}"


def _way(rules: RuleList) -> str:
    return "in" if rules.inbound else "out"


def _by_peers(rule: Rule) -> str:
    """Return a rule that names the other side by what it belongs to, and why that proves nothing."""
    lists = [peer for peer in rule.peers if peer.startswith(_PREFIX_LIST)]
    groups = [peer for peer in rule.peers if peer not in lists]
    named, doubts = [], []
    if groups:
        named.append(f"security group{'' if len(groups) == 1 else 's'} {names_of(groups)}")
        doubts.append("AWS does not say whether pods' addresses count as members'")
    if lists:
        named.append(f"prefix list{'' if len(lists) == 1 else 's'} {names_of(lists)}")
        doubts.append("which ranges the prefix lists hold was not read")
    protocols = "all protocols" if rule.protocols == ("all",) else names_of(rule.protocols)
    return f"the rule for {protocols} that names {' and '.join(named)}: {', and '.join(doubts)}"
