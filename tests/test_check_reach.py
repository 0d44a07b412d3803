"""What people are told of filters in the way: about whom, what was found, which pairs it stops, and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.check_reach import check_reach
from l2bridge_helpers.checks import check
from l2bridge_helpers.filters import FIREWALL_RULES, NETWORK_ACLS, Rule
from l2bridge_helpers.findings import Finding
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.reach import reach
from l2bridge_helpers.scope import Scope
from tests.reachability import healthy as made
from tests.reachability.healthy import World, healthy

CREATE = "gcloud compute firewall-rules create"
LISTED = "firewall rules of network net"


def _found(world: World) -> list[Finding]:
    return list(check_reach(world.nodes, world.fabric))


def _the_one(world: World) -> Finding:
    (finding,) = _found(world)
    return finding


def _gce(*rules: Rule, places: str = "aa") -> World:
    return made.with_fabric(healthy("gce", places), rules=rules)


def _deny(name: str = "shut", number: int = 900, **more: Any) -> Rule:
    return made.firewall(name, number, allow=False, **more)


OPEN = made.firewall("open")
PODS = made.firewall("pods", sources=("10.42.0.0/16",))


@pytest.mark.parametrize("platform", made.PLATFORMS)
def test_where_everything_reaches_nothing_is_told(platform: str) -> None:
    """On every platform, for both families."""
    places = "aaa" if platform == "bare_metal" else "aab"
    assert _found(healthy(platform, places, (4, 6))) == []


def test_pods_that_no_rule_lets_in_are_told_with_the_command() -> None:
    """Routes alone are not enough; the command allows flannel's range."""
    assert _the_one(_gce()) == Finding(
        "warning",
        "nodes node-1, node-2",
        f"are behind {LISTED}: no rule lets packets from 10.42.1.0/24, 10.42.2.0/24 in",
        "2 of 2 pairs do not reach",
        f"let them through, by open_firewall=True or by hand: {CREATE} allow-pods-10-42-0-0-16"
        f" --project=p --network=net --direction=INGRESS "
        "--priority=1000 --allow=all --source-ranges=10.42.0.0/16",
    )


def test_a_rule_that_drops_packets_is_named_with_the_nodes_that_it_is_at() -> None:
    """A node whose own pods are meant sends itself nothing through it."""
    finding = _the_one(_gce(OPEN, _deny(inbound=False, destinations=("10.42.1.0/24",)), places="aaa"))
    assert finding.object == "nodes node-2, node-3"
    assert finding.found == f"are behind {LISTED}: rule shut drops packets to 10.42.1.0/24"
    assert finding.meaning == "2 of 6 pairs do not reach"
    assert "--direction=EGRESS --priority=899 " in finding.todo


def test_one_node_that_is_shut_is_told_in_the_singular() -> None:
    """And only the pods that do not pass."""
    world = made.with_instance(_gce(OPEN, _deny(on=("web",)), places="aaa"), "node-2", tags=("web",))
    finding = _the_one(world)
    assert finding.object == "node node-2"
    assert finding.found.startswith(f"is behind {LISTED}: rule shut drops packets from 10.42.1.0/24, ")
    assert finding.meaning == "2 of 6 pairs do not reach"


def test_pairs_that_something_else_stops_too_are_told_apart() -> None:
    """So that nobody takes one mended cause for all."""
    world = made.with_nic(_gce(OPEN, _deny(sources=("10.42.1.0/24",)), places="aaa"), "node-3", forwarding=False)
    assert _the_one(world).meaning == "2 of 6 pairs do not reach, 1 of them for this alone"


def test_few_of_many_are_told_one_by_one() -> None:
    """The first three lists, how many more there are, and what they do; the ranges stand in the commands."""
    rules = [made.permission("sg-nodes", 0, inbound=False, destinations=("0.0.0.0/0",))]
    world = healthy("aws", "aaaaa")
    for number in range(1, 6):
        world = made.with_nic(world, f"node-{number}", filters=(f"sg-{number}",))
        rules.append(replace(rules[0], list=f"sg-{number}", on=(f"sg-{number}",)))
    finding = _the_one(made.with_fabric(world, rules=tuple(rules)))
    assert finding.found == (
        "are behind security group sg-1, security group sg-2, security group sg-3, and 2 more: "
        "no security group rule lets packets in"
    )
    assert finding.todo.endswith(" ; and 2 more of the kind")
    assert finding.todo.count("authorize-security-group-ingress") == 3


def test_the_same_words_are_told_once() -> None:
    """A group on many interfaces drops the same packets at each."""
    nics = tuple(made.nic_id("azure", number) for number in (1, 2))
    shut = made.security_rule("rg/shared", nics, "shut", 100, allow=False)
    finding = _the_one(made.with_rules(healthy("azure", "aa"), *made.default_rules("rg/shared", nics), shut))
    assert finding.found == (
        "are behind network security group rg/shared: rule shut drops packets from 10.42.1.0/24, 10.42.2.0/24"
    )


def test_families_are_told_together_and_have_a_command_each() -> None:
    """The cloud takes no mixed ranges in one rule."""
    finding = _the_one(made.with_fabric(healthy("gce", "aa", (4, 6)), rules=()))
    assert finding.meaning == "4 of 4 pairs do not reach"
    assert finding.todo.count(CREATE) == 2
    assert "--source-ranges=10.42.0.0/16 ; " in finding.todo
    assert finding.todo.endswith("--source-ranges=fd00:42::/32")
    assert finding.found == f"are behind {LISTED}: no firewall rule lets packets in"


# Not proven.


def test_what_is_not_proven_is_said_to_be() -> None:
    """To be probed, or to be made sure of by range."""
    world = healthy("aws", "aa")
    out = tuple(rule for rule in world.fabric.rules if not rule.inbound or rule.list != "sg-nodes")
    finding = _the_one(made.with_fabric(world, rules=(*out, made.permission("sg-nodes", 1, peers=("sg-nodes",)))))
    assert finding.found == (
        "are behind security group sg-nodes: packets from 10.42.1.0/24, 10.42.2.0/24 may be let in by the rule for all "
        "protocols that names security group sg-nodes: AWS does not say whether pods' addresses count as members'"
    )
    assert finding.meaning == "whether 2 pairs reach is not proven"
    assert finding.todo.startswith("probe it, or make sure of it: aws ec2 authorize-security-group-ingress ")


@pytest.mark.parametrize(("platform", "what"), [("gce", FIREWALL_RULES), ("aws", NETWORK_ACLS)])
def test_what_was_not_read_is_told_once(platform: str, what: str) -> None:
    """By the check of what could not be read, not here again."""
    world = made.with_fabric(healthy(platform, "ab"), unread=(Unread(what, "refused"),))
    assert reach(world.nodes, world.fabric).unproven == 2
    assert _found(world) == []
    assert [finding.object for finding in check(world.nodes, world.fabric)] == [what]


# Some ports only.


@pytest.mark.parametrize("ports", ["tcp:443", "tcp:80,443", "tcp:1-1023"])
def test_rules_for_some_ports_are_told_though_the_one_that_is_asked_about_passes(ports: str) -> None:
    """Services have others."""
    finding = _the_one(_gce(replace(PODS, protocols=(ports,))))
    assert finding.found == f"are behind {LISTED}: no rule lets packets from 10.42.1.0/24, 10.42.2.0/24 in"
    assert finding.meaning == "TCP 443 may pass, but most other ports between 2 pairs do not"
    assert finding.todo.startswith(f"let all ports through: {CREATE} ")


@pytest.mark.parametrize("protocols", [("tcp",), ("6",), ("tcp:1-65535",), ("tcp:1-1023", "tcp:1024-65535")])
def test_rules_that_let_all_ports_through_are_enough(protocols: tuple[str, ...]) -> None:
    """In one part or in several."""
    assert _found(_gce(replace(PODS, protocols=protocols))) == []


def test_a_port_that_is_closed_on_purpose_is_no_finding() -> None:
    """A rule that drops packets to some port drops no others."""
    assert _found(_gce(PODS, _deny(protocols=("tcp:22",)))) == []


def test_what_is_shut_for_the_port_that_is_asked_about_is_told_once() -> None:
    """Not as shut for all others, too."""
    assert len(_found(_gce(PODS, _deny()))) == 1


# Subnets without a table.


def test_a_subnet_without_a_table_is_told_with_what_the_plan_would_do() -> None:
    """By its name, with the pairs."""
    world = made.with_subnet(healthy("azure", "aab"), "rg/main/b", table="")
    world = made.with_fabric(world, spare_table="sub/rg/pods-a", spare_named=True)
    finding = _the_one(world)
    assert (finding.object, finding.found) == ("subnet rg/main/b", "has no route table")
    assert finding.meaning == "4 of 6 pairs do not reach"
    assert finding.todo.startswith("apply the plan, or: az network vnet subnet update --subscription=sub ")


def test_where_no_table_is_known_the_plan_is_named_once() -> None:
    """There is no command for it."""
    world = healthy("azure", "ab")
    for place in "ab":
        world = made.with_subnet(world, f"rg/main/{place}", table="")
    finding = _the_one(made.with_fabric(world, spare_table=""))
    assert (finding.object, finding.found) == ("subnets rg/main/a, rg/main/b", "have no route table")
    assert finding.todo == "apply the plan, or: give it a route table that leads to the pods"


# What other checks tell.


def test_what_other_checks_tell_is_not_told_again() -> None:
    """Forwarding and routes are the plan's affair, machines and nodes have checks of their own."""
    world = made.with_nic(healthy("gce", "aaa"), "node-1", forwarding=False)
    world = made.with_instance(world, "node-2", running=False, status="TERMINATED")
    world = made.with_row(made.with_routes(world, lambda _: ()), "node-3", routeDestination="")
    assert len(reach(world.nodes, world.fabric).causes) >= 4
    assert _found(world) == []


def test_findings_of_filters_block_nothing() -> None:
    """They are warnings: the plan can be applied, and mends its part."""
    world = _gce()
    findings = check(world.nodes, world.fabric)
    assert [finding.severity for finding in findings] == ["warning"]
    assert list(findings) == _found(world)


def test_what_this_run_opens_is_left_to_its_plan() -> None:
    """With open_firewall the plan does it; a rule that drops packets is someone's decision."""
    world = _gce()
    (finding,) = check_reach(world.nodes, world.fabric, Scope(open_firewall=True))
    assert finding.todo.startswith("apply the plan, or: gcloud ")
    denied = _gce(PODS, _deny())
    (finding,) = check_reach(denied.nodes, denied.fabric, Scope(open_firewall=True))
    assert finding.todo.startswith("if what drops them is not meant, let them through: ")
