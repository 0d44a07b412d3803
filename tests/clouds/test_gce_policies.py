"""Which firewall policies may decide about packets of pods."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from google.cloud import compute_v1

from l2bridge_helpers.clouds.gce_policies import BEFORE_RULES, policies_of
from l2bridge_helpers.filters import DROP, FIREWALL_POLICIES, LETS_IN, LETS_IN_LATE, LETS_OUT
from l2bridge_helpers.observed import Unread

PODS = [ipaddress.ip_network("10.42.0.0/24"), ipaddress.ip_network("fd00:42::/64")]
PUBLIC = [ipaddress.ip_network("8.8.8.0/24")]
SecureTag = compute_v1.FirewallPolicyRuleSecureTag
Ports = compute_v1.FirewallPolicyRuleMatcherLayer4Config
Policy = compute_v1.NetworksGetEffectiveFirewallsResponseEffectiveFirewallPolicy
Answer = compute_v1.NetworksGetEffectiveFirewallsResponse
RegionPolicy = compute_v1.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponseEffectiveFirewallPolicy
RegionAnswer = compute_v1.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse


def rule(number: int = 10, action: str = "deny", direction: str = "INGRESS", **more: Any) -> Any:
    """Return a rule for every packet, with what else it selects by."""
    own = {name: more.pop(name) for name in ("disabled", "target_type") if name in more}
    match = compute_v1.FirewallPolicyRuleMatcher(**more)
    return compute_v1.FirewallPolicyRule(priority=number, action=action, direction=direction, match=match, **own)


def found(*rules: Any, order: str = "", pods: Any = PODS, **more: Any) -> list[Unread]:
    policy = Policy(name="1729", rules=rules, **({"short_name": "company", "type_": "HIERARCHY"} | more))
    return list(policies_of([Answer(firewall_policys=[policy])], pods, order=order))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"action": "allow"},
        {"action": "apply_security_profile_group"},
        {"src_ip_ranges": ["10.0.0.0/8"]},
        {"src_ip_ranges": ["192.0.2.0/24", "fd00::/8"]},
        {"dest_ip_ranges": ["10.42.0.7/32"]},
        {"src_ip_ranges": ["10.42.0.0/16"], "src_fqdns": ["example.com"]},
        {"dest_address_groups": ["g"]},
        {"src_networks": ["n"], "src_secure_tags": [SecureTag(name="tagValues/1")]},
        {"layer4_configs": [Ports(ip_protocol="tcp", ports=["23"])]},
    ],
)
def test_what_may_decide_about_pods_is_told(more: dict[str, Any]) -> None:
    """By ranges that hold some pod, by any address, or by what cannot be told from here."""
    (unread,) = found(rule(**more))
    assert (unread.what, "company" in unread.why, "10 (" in unread.why) == (FIREWALL_POLICIES, True, True)


@pytest.mark.parametrize(
    "more",
    [
        {"action": "goto_next"},
        {"disabled": True},
        {"target_type": "INTERNAL_MANAGED_LB"},
        {"src_ip_ranges": ["35.235.240.0/20", "2600:2d00::/32"]},
        {"dest_ip_ranges": ["192.0.2.0/24"]},
        {"src_secure_tags": [SecureTag(name="tagValues/1")]},
        {"src_region_codes": ["CH"]},
        {"dest_threat_intelligences": ["iplist-known-malicious-ips"]},
        {"src_ip_ranges": ["192.0.2.0/24"], "src_fqdns": ["example.com"]},
    ],
)
def test_what_never_decides_about_pods_is_no_matter(more: dict[str, Any]) -> None:
    """What goes to the next, sleeps, guards balancers, is about addresses of the Internet, or selects interfaces."""
    assert found(rule(**more)) == []


@pytest.mark.parametrize("selector", ["src_region_codes", "dest_threat_intelligences", "src_fqdns"])
def test_pods_with_public_addresses_may_be_anywhere(selector: str) -> None:
    """Countries and lists of bad addresses hold such."""
    more: dict[str, Any] = {selector: ["x"]}
    assert found(rule(**more), pods=PUBLIC) != []


@pytest.mark.parametrize(
    ("action", "direction", "may"),
    [
        ("deny", "INGRESS", {DROP}),
        ("deny", "EGRESS", {DROP}),
        ("allow", "INGRESS", {LETS_IN}),
        ("allow", "EGRESS", {LETS_OUT}),
        ("apply_security_profile_group", "INGRESS", {DROP, LETS_IN}),
    ],
)
@pytest.mark.parametrize(("kind", "order"), [("HIERARCHY", ""), ("NETWORK", BEFORE_RULES), ("SYSTEM", ""), ("", "")])
def test_policies_before_the_rules_decide_first(
    action: str, direction: str, may: set[str], kind: str, order: str
) -> None:
    """Hierarchical ones always, the network's where it says so; what is not known is taken for one of them."""
    (unread,) = found(rule(10, action, direction), type_=kind or None, order=order)
    assert (unread.may, "before the VPC rules" in unread.why) == (dict.fromkeys(may, ("all",)), True)


@pytest.mark.parametrize(
    ("action", "direction", "may"),
    [
        ("deny", "INGRESS", set()),
        ("deny", "EGRESS", {DROP}),
        ("allow", "INGRESS", {LETS_IN_LATE}),
        ("allow", "EGRESS", set()),
        ("apply_security_profile_group", "INGRESS", {LETS_IN_LATE}),
        ("apply_security_profile_group", "EGRESS", {DROP}),
    ],
)
@pytest.mark.parametrize("order", ["", "AFTER_CLASSIC_FIREWALL"])
def test_policies_behind_the_rules_decide_what_these_leave_open(
    action: str, direction: str, may: set[str], order: str
) -> None:
    """Such packets go out and do not come in, so that only the opposite matters."""
    unread = found(rule(10, action, direction), type_="NETWORK", order=order)
    assert [one.may for one in unread] == ([dict.fromkeys(may, ("all",))] if may else [])
    assert all("behind the VPC rules" in one.why for one in unread)


def test_ports_are_told_and_kept() -> None:
    """A rule for some ports is about packets to these alone."""
    ports = [Ports(ip_protocol="tcp", ports=["23", "8000-8080"]), Ports(ip_protocol="udp")]
    (unread,) = found(rule(layer4_configs=ports), rule(20, "allow", direction="EGRESS"))
    assert unread.may == {DROP: ("tcp:23,8000-8080", "udp"), LETS_OUT: ("all",)}
    assert "10 (deny tcp:23,8000-8080 udp in), 20 (allow all out)" in unread.why


def test_a_policy_is_told_once_with_its_first_rules() -> None:
    """By the name that it has."""
    (unread,) = found(*(rule(number) for number in range(1, 6)), short_name="", display_name="shown")
    assert "policy shown, which" in unread.why
    assert unread.why.endswith("1 (deny all in), 2 (deny all in), 3 (deny all in), 2 more")
    assert "policy 1729, which" in found(rule(), short_name="")[0].why


def test_a_region_s_policies_are_told_beside_those_of_the_network() -> None:
    """Its answer has those of the network again."""
    company = Policy(name="1729", short_name="company", type_="HIERARCHY", rules=[rule()])
    again = RegionPolicy(name="1729", type_="HIERARCHY", rules=[rule()])
    local = RegionPolicy(name="local", type_="NETWORK_REGIONAL", rules=[rule(30, "allow")])
    answers: list[Any] = [Answer(firewall_policys=[company]), *[RegionAnswer(firewall_policys=[again, local])] * 2]
    first, second = policies_of(answers, PODS)
    assert ("company" in first.why, "local" in second.why, second.may) == (True, True, {LETS_IN_LATE: ("all",)})


def test_no_policy_is_nothing_to_tell() -> None:
    """As in most networks."""
    assert found() == []
