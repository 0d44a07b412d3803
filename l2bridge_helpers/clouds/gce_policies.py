"""Firewall policies of a network: those that may decide about packets of pods are told of, not judged (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from l2bridge_helpers.filters import FIREWALL_POLICIES
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.observed import Unread

if TYPE_CHECKING:
    from google.cloud import compute_v1

_NEXT = "goto_next"
_UNKNOWN = ("address_groups", "fqdns", "region_codes", "threat_intelligences", "networks")
"""Selectors of one side, beside ranges, that may stand for any address."""
_MOST = 3
"""So many rules of a policy are named."""


def policies_of(found: compute_v1.NetworksGetEffectiveFirewallsResponse, pods: Iterable[Network]) -> Iterator[Unread]:
    """Give each policy with a rule that may match packets between pods and does not leave them to what comes next."""
    networks = list(pods)
    for policy in found.firewall_policys:
        rules = [rule for rule in policy.rules if _may_decide(rule, networks)]
        if rules:
            numbers = ", ".join(str(rule.priority) for rule in rules[:_MOST])
            more = f" and {len(rules) - _MOST} more" if len(rules) > _MOST else ""
            yield Unread(
                FIREWALL_POLICIES,
                f"firewall policy {policy.short_name or policy.display_name or policy.name} has rules that may match "
                f"packets of pods (priority {numbers}{more})",
                "whether they drop packets of pods was not judged",
                "look at these rules, or prove with packets that pods reach each other",
            )


def _may_decide(rule: compute_v1.FirewallPolicyRule, pods: list[Network]) -> bool:
    stands = not rule.disabled and rule.action != _NEXT
    return stands and _may_match(rule.match, "src", pods) and _may_match(rule.match, "dest", pods)


def _may_match(match: compute_v1.FirewallPolicyRuleMatcher, side: str, pods: list[Network]) -> bool:
    """Return whether one side of a rule may be a pod: secure tags select interfaces, whose addresses pods have not."""
    if any(getattr(match, f"{side}_{name}", None) for name in _UNKNOWN):
        return True
    ranges = list(getattr(match, f"{side}_ip_ranges"))
    tagged = side == "src" and bool(match.src_secure_tags)
    return any(_overlap(cidr, pods) for cidr in ranges) if ranges else not tagged


def _overlap(cidr: str, pods: list[Network]) -> bool:
    network = parse_cidr(cidr)
    return network is None or any(network.version == other.version and network.overlaps(other) for other in pods)
