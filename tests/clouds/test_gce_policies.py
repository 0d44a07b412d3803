"""Which firewall policies may decide about packets of pods."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from google.cloud import compute_v1

from l2bridge_helpers.clouds.gce_policies import policies_of
from l2bridge_helpers.filters import FIREWALL_POLICIES
from l2bridge_helpers.observed import Unread

PODS = [ipaddress.ip_network("10.42.0.0/24"), ipaddress.ip_network("fd00:42::/64")]


def rule(number: int = 10, action: str = "deny", **more: Any) -> compute_v1.FirewallPolicyRule:
    """Return a rule for every packet, with what else it selects by."""
    disabled = more.pop("disabled", False)
    match = compute_v1.FirewallPolicyRuleMatcher(**more)
    return compute_v1.FirewallPolicyRule(
        priority=number, action=action, direction="INGRESS", disabled=disabled, match=match
    )


def found(*rules: compute_v1.FirewallPolicyRule, **more: Any) -> list[Unread]:
    kind = compute_v1.NetworksGetEffectiveFirewallsResponseEffectiveFirewallPolicy
    policy = kind(name="1729", rules=rules, **({"short_name": "company"} | more))
    return list(policies_of(compute_v1.NetworksGetEffectiveFirewallsResponse(firewall_policys=[policy]), PODS))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"action": "allow"},
        {"action": "apply_security_profile_group"},
        {"src_ip_ranges": ["10.0.0.0/8"]},
        {"src_ip_ranges": ["192.0.2.0/24", "fd00::/8"]},
        {"dest_ip_ranges": ["10.42.0.7/32"]},
        {"src_ip_ranges": ["192.0.2.0/24"], "src_fqdns": ["example.com"]},
        {"src_region_codes": ["CH"]},
        {"dest_address_groups": ["g"]},
        {"src_networks": ["n"], "src_secure_tags": [compute_v1.FirewallPolicyRuleSecureTag(name="tagValues/1")]},
    ],
)
def test_what_may_decide_about_pods_is_told(more: dict[str, Any]) -> None:
    """By ranges that hold some pod, by any address, or by what cannot be told from here."""
    (unread,) = found(rule(**more))
    assert (unread.what, "company" in unread.why, "10" in unread.why) == (FIREWALL_POLICIES, True, True)


@pytest.mark.parametrize(
    "more",
    [
        {"action": "goto_next"},
        {"disabled": True},
        {"src_ip_ranges": ["35.235.240.0/20", "2600:2d00::/32"]},
        {"dest_ip_ranges": ["192.0.2.0/24"]},
        {"src_secure_tags": [compute_v1.FirewallPolicyRuleSecureTag(name="tagValues/1")]},
    ],
)
def test_what_never_decides_about_pods_is_no_matter(more: dict[str, Any]) -> None:
    """What goes to the next, sleeps, is about other addresses, or selects senders by their interface."""
    assert found(rule(**more)) == []


def test_a_policy_is_told_once_with_its_first_rules() -> None:
    """By the name that it has."""
    (unread,) = found(*(rule(number) for number in range(1, 6)), short_name="", display_name="shown")
    assert "shown" in unread.why
    assert "(priority 1, 2, 3 and 2 more)" in unread.why
    assert "1729" in found(rule(), short_name="")[0].why


def test_no_policy_is_nothing_to_tell() -> None:
    """As in most networks."""
    assert found() == []
