"""What firewall policies that were not judged leave unproven."""

from __future__ import annotations

from typing import Any

import pytest

from l2bridge_helpers.explain import explain
from l2bridge_helpers.filters import DROP, FIREWALL_POLICIES, LETS_IN, LETS_IN_LATE, LETS_OUT, Rule
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import Reachability
from l2bridge_helpers.reachability.traffic import ANY_PORT, HTTPS, Traffic
from tests.reachability import healthy as made
from tests.reachability.healthy import World, healthy

ALL = ("all",)
UNJUDGED = "firewall policies may decide, and were not judged"
SHUT_IN = made.firewall("shut", 900, allow=False, sources=("10.42.0.0/16",))
SHUT_OUT = made.firewall("shut", 900, allow=False, inbound=False, destinations=("10.42.0.0/16",))


def _world(*rules: Rule, bare: bool = False, **may: tuple[str, ...]) -> World:
    """Return two nodes in a network with a policy that may do something; `bare`: without the rule for pods."""
    world = healthy("gce", "aa")
    names = {"drop": DROP, "lets_in": LETS_IN, "lets_out": LETS_OUT, "late": LETS_IN_LATE}
    policy = Unread(FIREWALL_POLICIES, "firewall policy P", may={names[name]: ports for name, ports in may.items()})
    kept = () if bare else world.fabric.rules
    return made.with_fabric(world, rules=(*kept, *rules), unread=(policy,))


def _found(world: World, traffic: Traffic = HTTPS) -> Reachability:
    return reach(world.nodes, world.fabric, traffic=traffic)


def _titles(found: Reachability) -> list[str]:
    return [cause.title for cause in found.causes]


@pytest.mark.parametrize("may", [{}, {"lets_in": ALL}, {"late": ALL}])
def test_what_no_rule_lets_in_a_policy_may(may: dict[str, Any]) -> None:
    """Then nothing is said to be shut; nor when nothing is known of the policies."""
    found = _found(_world(bare=True, **may))
    title = "no firewall rule lets packets in at 2 nodes; a firewall policy may"
    assert (found.unproven, found.blocked, title in _titles(found)) == (2, 0, True)
    (cause,) = [cause for cause in found.causes if cause.title == title]
    assert (cause.fails, cause.nodes) == (False, ("node-1", "node-2"))
    assert cause.faults[0].found.endswith("in; a firewall policy may")
    assert cause.mends[0].startswith("gcloud compute firewall-rules create ")


@pytest.mark.parametrize("may", [{"drop": ALL}, {"lets_out": ALL}, {"lets_in": ("udp",)}, {"late": ("tcp:80",)}])
def test_what_no_rule_lets_in_and_no_policy_may_is_shut(may: dict[str, Any]) -> None:
    """A policy that only drops, lets out, or is about other packets, opens nothing."""
    assert _found(_world(bare=True, **may)).blocked == 2


@pytest.mark.parametrize(("rule", "may"), [(SHUT_IN, {"lets_in": ALL}), (SHUT_OUT, {"lets_out": ALL}), (SHUT_IN, {})])
def test_a_policy_before_the_rules_may_let_through_what_one_denies(rule: Rule, may: dict[str, Any]) -> None:
    """It is evaluated first, and what it lets through the rule never sees."""
    found = _found(_world(rule, **may))
    way = "in" if rule.inbound else "out"
    title = f"firewall rule shut drops packets {way} at 2 nodes, unless a firewall policy lets them through"
    assert (found.unproven, found.blocked, title in _titles(found)) == (2, 0, True)


@pytest.mark.parametrize(
    ("rule", "may"), [(SHUT_IN, {"late": ALL}), (SHUT_OUT, {"lets_in": ALL}), (SHUT_IN, {"drop": ALL})]
)
def test_what_a_rule_denies_stays_shut_by_policies_behind_it(rule: Rule, may: dict[str, Any]) -> None:
    """They never see the packet; nor do those of the other direction."""
    assert _found(_world(rule, **may)).blocked == 2


def test_policies_that_let_through_take_nothing_from_what_passes() -> None:
    """What the rules let in stays proven."""
    assert _found(_world(lets_in=ALL, lets_out=ALL, late=ALL)).reaching == 2


def test_policies_that_drop_leave_nothing_proven() -> None:
    """For every pair, with the policy's name."""
    found = _found(_world(drop=ALL))
    assert (found.unproven, _titles(found)) == (2, [UNJUDGED])
    assert found.causes[0].faults[0].found == "not judged: firewall policy P"


@pytest.mark.parametrize(
    ("ports", "traffic", "unproven"),
    [
        ("tcp:23", Traffic("tcp", 443), 0),
        ("tcp:23", Traffic("tcp", 23), 2),
        ("tcp:23", ANY_PORT, 0),
        ("tcp", ANY_PORT, 2),
        ("udp", Traffic("tcp", 443), 0),
        ("6", Traffic("tcp", 443), 2),
    ],
)
def test_a_policy_for_some_ports_is_about_these(ports: str, traffic: Traffic, unproven: int) -> None:
    """Telnet, say, is nothing to HTTPS, nor to all other ports."""
    assert _found(_world(drop=(ports,)), traffic).unproven == unproven


def test_explanations_say_the_same() -> None:
    """Of what a policy may drop, and of what it may let in."""
    drops = _world(drop=ALL)
    told = explain(drops.nodes, drops.fabric, "node-1", "node-2")
    assert (told.verdict, [hop.evidence for hop in told.hops if hop.verdict == "unproven"]) == (
        "unproven",
        ["not judged: firewall policy P"],
    )
    other = explain(drops.nodes, _world(drop=("udp",)).fabric, "node-1", "node-2")
    assert other.verdict == "reaches"
    bare = _world(bare=True, late=ALL)
    shut = explain(bare.nodes, bare.fabric, "node-1", "node-2")
    (hop,) = [hop for hop in shut.hops if hop.way == "there" and hop.verdict != "passes"]
    assert (shut.verdict, hop.hop, hop.evidence.endswith("; a firewall policy may")) == ("unproven", "filter in", True)
