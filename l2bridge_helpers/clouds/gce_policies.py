"""Firewall policies of a network: those that may decide about packets of pods are told of, not judged (pure).

Hierarchical and system policies stand before the VPC rules. Global and regional network policies stand behind them,
unless the network says `BEFORE_CLASSIC_FIREWALL` (source: "Evaluation order for firewall policies and rules",
docs.cloud.google.com/firewall, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from l2bridge_helpers.filters import DROP, FIREWALL_POLICIES, LETS_IN, LETS_IN_LATE, LETS_OUT
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.observed import Unread

if TYPE_CHECKING:
    from google.cloud import compute_v1

    Policy = (
        compute_v1.NetworksGetEffectiveFirewallsResponseEffectiveFirewallPolicy
        | compute_v1.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponseEffectiveFirewallPolicy
    )
    Answer = (
        compute_v1.NetworksGetEffectiveFirewallsResponse
        | compute_v1.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse
    )

BEFORE_RULES = "BEFORE_CLASSIC_FIREWALL"
_OF_NETWORKS = ("NETWORK", "NETWORK_REGIONAL")
_NEXT, _DENY, _ALLOW = "goto_next", "deny", "allow"
_UNKNOWN = ("address_groups", "networks")
"""Selectors of one side, beside ranges, that may stand for any address."""
_PUBLIC = ("fqdns", "region_codes", "threat_intelligences")
"""Selectors that stand for addresses of the Internet."""
_OF_BALANCERS = "INTERNAL_MANAGED_LB"
_MOST = 3
"""So many rules of a policy are named."""


def policies_of(answers: Iterable[Answer], pods: Iterable[Network], *, order: str = "") -> Iterator[Unread]:
    """Give each policy with a rule that may match packets between pods and decides what the VPC rules leave open.

    Args:
        answers: of the network as a whole, and of its regions, which tell the same policies again.
        pods: the pod CIDRs.
        order: the network's `networkFirewallPolicyEnforcementOrder`; empty: the default.

    """
    networks = list(pods)
    each: dict[tuple[str, str], Policy] = {}
    for answer in answers:
        for policy in answer.firewall_policys:
            each.setdefault((_kind(policy), policy.name), policy)
    for policy in each.values():
        behind = _kind(policy) in _OF_NETWORKS and order != BEFORE_RULES
        effects = [(rule, found) for rule in policy.rules if (found := _effects(rule, networks, behind=behind))]
        if effects:
            place = "behind the VPC rules" if behind else "before the VPC rules"
            told = [_told(rule) for rule, _ in effects[:_MOST]]
            more = [f"{len(effects) - _MOST} more"] if len(effects) > _MOST else []
            yield Unread(
                FIREWALL_POLICIES,
                f"firewall policy {_name(policy)}, which stands {place}, has rules that may match packets of pods: "
                f"{', '.join([*told, *more])}",
                "it may decide about packets of pods, and was not judged",
                "look at these rules, or prove with packets that pods reach each other",
                _together(found for _, found in effects),
            )


def _kind(policy: Policy) -> str:
    return str(policy.type_)


def _name(policy: Policy) -> str:
    return getattr(policy, "short_name", "") or policy.display_name or policy.name


def _told(rule: compute_v1.FirewallPolicyRule) -> str:
    """Return a rule in short: `10 (deny tcp:23 in)`."""
    way = "in" if _is_inbound(rule) else "out"
    return f"{rule.priority} ({rule.action} {' '.join(_protocols(rule))} {way})"


def _effects(rule: compute_v1.FirewallPolicyRule, pods: list[Network], *, behind: bool) -> dict[str, tuple[str, ...]]:
    """Return what a rule may make of what the VPC rules say, by protocols; nothing where it cannot matter.

    Behind the rules only those packets arrive of which no rule speaks: they go out, and do not come in.
    """
    stands = not rule.disabled and rule.action != _NEXT and rule.target_type != _OF_BALANCERS
    if not (stands and _may_match(rule.match, "src", pods) and _may_match(rule.match, "dest", pods)):
        return {}
    inbound = _is_inbound(rule)
    drops = [DROP] if rule.action != _ALLOW and not (behind and inbound) else []
    late = [LETS_IN_LATE] if inbound else []
    passes = late if behind else [LETS_IN if inbound else LETS_OUT]
    return dict.fromkeys([*drops, *(passes if rule.action != _DENY else [])], _protocols(rule))


def _together(effects: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for effect in effects:
        for name, protocols in effect.items():
            found[name] = tuple(dict.fromkeys([*found.get(name, ()), *protocols]))
    return found


def _is_inbound(rule: compute_v1.FirewallPolicyRule) -> bool:
    return str(rule.direction) != "EGRESS"


def _protocols(rule: compute_v1.FirewallPolicyRule) -> tuple[str, ...]:
    """Return the protocols with ports, as `Rule` has them."""
    layers = rule.match.layer4_configs
    told = (f"{one.ip_protocol}:{','.join(one.ports)}" if one.ports else one.ip_protocol for one in layers)
    return tuple(told) or ("all",)


def _may_match(match: compute_v1.FirewallPolicyRuleMatcher, side: str, pods: list[Network]) -> bool:
    """Return whether one side of a rule may be a pod: secure tags select interfaces, whose addresses pods have not."""
    selectors = {name: list(getattr(match, f"{side}_{name}", ())) for name in (*_UNKNOWN, *_PUBLIC, "secure_tags")}
    ranges = list(getattr(match, f"{side}_ip_ranges"))
    if any(selectors[name] for name in _UNKNOWN) or any(_overlap(cidr, pods) for cidr in ranges):
        return True
    if any(selectors[name] for name in _PUBLIC) and any(_is_public(network) for network in pods):
        return True
    return not ranges and not any(selectors.values())


def _is_public(network: Network) -> bool:
    return bool(network.is_global)


def _overlap(cidr: str, pods: list[Network]) -> bool:
    network = parse_cidr(cidr)
    return network is None or any(network.version == other.version and network.overlaps(other) for other in pods)
