"""Filters that can drop packets between pods: on interfaces, and on subnets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.check_filters import check_filters
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.filters import FIREWALL_RULES, RankedRule
from l2bridge_helpers.findings import Finding
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.placement import place
from tests.aws_values import VPC, acl_rule, group_rule, machine, nodes_of, vpc

OPEN = group_rule("sg-nodes", "10.42.0.0/16")


def _found(fabric: Fabric) -> list[Finding]:
    nodes = nodes_of(len(fabric.instances))
    return check_filters(place(nodes, fabric).placed, fabric)


def _acl(*rules: RankedRule, subnets: str = "ab") -> list[str]:
    """Return what is found about a VPC with these entries of the ACL of subnet a."""
    return [finding.found for finding in _found(replace(vpc(*subnets), filters=(OPEN,), ranked_rules=rules))]


def test_a_group_that_lets_the_pods_in_is_fine() -> None:
    """By one range, or by several that hold them together."""
    assert _found(replace(vpc("a", "a"), filters=(OPEN,))) == []
    halves = (group_rule("sg-nodes", "10.42.0.0/23"), group_rule("sg-nodes", "10.42.2.0/23"))
    assert _found(replace(vpc("a", "a"), filters=halves)) == []


def test_rules_count_only_for_the_interfaces_of_their_group() -> None:
    """The node whose own group is closed is named, and its group stands in the command."""
    fabric = Fabric("aws", VPC, (machine(1, "a", "sg-open"), machine(2, "a", "sg-shut")))
    (finding,) = _found(replace(fabric, filters=(group_rule("sg-open", "10.42.0.0/16"),)))
    assert finding.object == "node node-2"
    assert "--group-id=sg-shut" in finding.todo
    assert "sg-open" not in finding.todo


def test_two_groups_on_one_interface_add_up() -> None:
    """What one of them lets in is let in."""
    fabric = Fabric("aws", VPC, (machine(1, "a", "sg-shut", "sg-open"),))
    assert _found(replace(fabric, filters=(group_rule("sg-open", "10.42.0.0/16"),))) == []


@pytest.mark.parametrize(
    "rule",
    [
        group_rule("sg-nodes"),  # names a group: a pod's address is no member
        group_rule("sg-nodes", "10.42.0.0/16", protocol="tcp:22-22"),
        group_rule("sg-nodes", "10.42.0.0/16", protocol="udp"),
        group_rule("sg-nodes", "10.42.1.0/25"),
        group_rule("sg-other", "0.0.0.0/0"),
    ],
)
def test_rules_that_do_not_let_all_pods_in_are_a_warning(rule: object) -> None:
    """Another sender, port, protocol, range or group; the whole network is meant where all nodes are."""
    (finding,) = _found(replace(vpc("a", "a"), filters=(rule,)))  # type: ignore[arg-type]
    assert (finding.severity, finding.object) == ("warning", f"network {VPC}")


def test_groups_that_were_not_read_are_not_judged() -> None:
    """That they were not is a finding of its own."""
    assert _found(replace(vpc("a"), unread=(Unread(FIREWALL_RULES, "refused"),))) == []


@pytest.mark.parametrize("inbound", [True, False])
def test_the_lowest_number_decides(inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """Whatever order the entries are listed in."""
    shut = acl_rule(10, "10.42.0.0/16", allow=False, inbound=inbound)
    passing = acl_rule(20, "0.0.0.0/0", allow=True, inbound=inbound)
    way = "from 10.42.2.0/24 in" if inbound else "to 10.42.2.0/24 out"
    assert _acl(passing, shut) == [f"does not let packets {way}"]
    assert _acl(replace(shut, number=30), passing) == []


def test_both_directions_are_looked_at() -> None:
    """It is stateless: the answer has to pass too."""
    assert _acl(
        acl_rule(1, "10.0.0.0/16", allow=True, inbound=True), acl_rule(1, "10.0.0.0/16", allow=True, inbound=False)
    ) == ["does not let packets from 10.42.2.0/24 in", "does not let packets to 10.42.2.0/24 out"]


def test_packets_inside_a_subnet_do_not_pass_its_acl() -> None:
    """Nodes of one subnet talk whatever it says."""
    assert _acl(acl_rule(1, "0.0.0.0/0", allow=False, inbound=True), subnets="aa") == []


@pytest.mark.parametrize(
    "rule",
    [
        acl_rule(1, "0.0.0.0/0", allow=False, inbound=True, protocol="17"),
        acl_rule(1, "0.0.0.0/0", allow=False, inbound=True, protocol="6:22-22"),
        acl_rule(1, "::/0", allow=False, inbound=True),
        acl_rule(1, "10.43.0.0/16", allow=False, inbound=True),
    ],
)
def test_entries_about_something_else_are_passed_over(rule: RankedRule) -> None:
    """Another protocol, port, family or range does not decide."""
    assert _acl(rule, acl_rule(2, "0.0.0.0/0", allow=True, inbound=True)) == []


def test_half_a_range_denied_is_denied() -> None:
    """Pods in that half are out of reach."""
    rules = (
        acl_rule(1, "10.42.2.128/25", allow=False, inbound=True),
        acl_rule(2, "0.0.0.0/0", allow=True, inbound=True),
    )
    assert _acl(*rules) == ["does not let packets from 10.42.2.0/24 in"]
