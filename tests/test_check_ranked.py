"""Network security groups: ordered rules that see the pods' own addresses, also inside a subnet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.check_ranked import check_ranked
from l2bridge_helpers.findings import Finding
from l2bridge_helpers.nodes import nodes_table
from l2bridge_helpers.placement import place
from tests.azure_values import (
    SUBSCRIPTION,
    Raw,
    World,
    address,
    arm,
    guarded,
    item_of,
    nodes_of,
    own_route,
    pod_cidr,
    raw_configuration,
    raw_group,
    raw_route,
    raw_rule,
    raw_subnet,
    raw_table,
    served,
    world,
)

NSG = "network security group cluster-rg/nsg"
WEB = {"id": arm("Microsoft.Network/applicationSecurityGroups/web")}
SHUT = raw_rule("no-pods", 200, "Deny", "10.42.0.0/16")
ALL_SHUT = raw_rule("nothing", 4096, "Deny")
IN_FRONT = f"az network nsg rule create --subscription={SUBSCRIPTION} --resource-group=cluster-rg --nsg-name=nsg"


def _guarded(made: World, *rules: Raw, on: str = "subnet") -> World:
    """Return the network with a group of these rules on every subnet, or on every interface."""
    places = {"subnets": made.subnets} if on == "subnet" else {"nics": made.nics}
    ((kind, raws),) = places.items()
    guards = tuple(map(guarded, raws))
    return replace(made, groups=(raw_group(*rules),), **{kind: guards})  # type: ignore[arg-type]


def _found(places: str, made: World) -> list[Finding]:
    fabric = made.fabric()
    return check_ranked(place(nodes_of(places), fabric).placed, fabric)


def _with(*rules: Raw, places: str = "aa") -> list[Finding]:
    """Return what is found where all routes are in place and every subnet has these rules."""
    return _found(places, _guarded(served(places), *rules))


def _way(inbound: bool) -> tuple[str, str, str]:  # noqa: FBT001 - which of two
    return ("Inbound", "from", "in") if inbound else ("Outbound", "to", "out")


def _deny(name: str, priority: int, cidr: str, *, inbound: bool = True, **more: object) -> Raw:
    """Return a rule that drops what comes from a range, or goes there."""
    sides = (cidr, "*") if inbound else ("*", cidr)
    return raw_rule(name, priority, "Deny", *sides, direction=_way(inbound)[0], **more)


# By Azure's own rules.


@pytest.mark.parametrize("on", ["subnet", "nic"])
@pytest.mark.parametrize("places", ["a", "aa", "ab", "aab", "aaa", "abbb"])
def test_azures_own_rules_let_pods_through_once_they_are_routed(places: str, on: str) -> None:
    """The tag VirtualNetwork holds what the route tables lead to."""
    assert _found(places, _guarded(served(places), on=on)) == []


def test_a_group_on_nothing_of_the_nodes_is_not_looked_at() -> None:
    """It guards others."""
    made = served("aa")
    other = guarded(raw_subnet("z"))
    assert _found("aa", replace(made, subnets=(*made.subnets, other), groups=(raw_group(SHUT),))) == []


# What drops packets.


@pytest.mark.parametrize("on", ["subnet", "nic"])
@pytest.mark.parametrize("inbound", [True, False])
def test_a_deny_in_front_is_named_with_its_nodes_and_the_rule_that_mends_it(inbound: bool, on: str) -> None:  # noqa: FBT001 - pytest's
    """The command's priority is the next one before it that is free, for just these ranges in that direction."""
    direction, side, way = _way(inbound)
    taken = raw_rule("ssh", 199, "Allow", "10.9.0.0/16", direction=direction)
    elsewhere = raw_rule("other-way", 198, "Allow", "10.9.0.0/16", direction=_way(not inbound)[0])
    rules = (_deny("no-pods", 200, "10.42.0.0/16", inbound=inbound), taken, elsewhere)
    (finding,) = _found("aa", _guarded(served("aa"), *rules, on=on))
    assert (finding.severity, finding.object) == ("warning", NSG)
    assert finding.found == (
        f"does not let packets {side} 10.42.1.0/24, 10.42.2.0/24 {way} at nodes node-1, node-2 (rule no-pods)"
    )
    pods = "10.42.1.0/24 10.42.2.0/24"
    assert finding.todo == (
        f"allow them: {IN_FRONT} --name=allow-pods-{way} --priority=198 --direction={direction} --access=Allow "
        f"'--protocol=*' --source-address-prefixes {pods} --destination-address-prefixes {pods} "
        "'--destination-port-ranges=*'"
    )


def test_the_command_mends_it() -> None:
    """With the rule that it makes, nothing is found any more."""
    pods = ["10.42.1.0/24", "10.42.2.0/24"]
    mine = raw_rule("mine", 199, "Allow", None, None, sourceAddressPrefixes=pods, destinationAddressPrefixes=pods)
    assert _with(mine, SHUT) == []


def test_ranges_are_told_as_few_as_hold_them() -> None:
    """Hundreds of nodes are one line."""
    (finding,) = _with(SHUT, places="aaaaaaa")
    assert finding.found.startswith("does not let packets from 10.42.1.0/24, 10.42.2.0/23, 10.42.4.0/22 in")


def test_a_group_on_one_interface_is_asked_about_that_node() -> None:
    """From the pods of the others."""
    made = served("aab")
    nics = (made.nics[0], guarded(made.nics[1]), made.nics[2])
    (finding,) = _found("aab", replace(made, nics=nics, groups=(raw_group(SHUT),)))
    assert finding.found == "does not let packets from 10.42.1.0/24, 10.42.3.0/24 in at node node-2 (rule no-pods)"
    assert "--destination-address-prefixes 10.42.2.0/24 " in finding.todo


@pytest.mark.parametrize("inbound", [True, False])
def test_senders_and_receivers_are_not_mixed_up(inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """The pods of one node are kept from the interface of another one; the command names them on the right side."""
    made, (direction, side, way) = served("aaa"), _way(inbound)
    nics = (made.nics[0], guarded(made.nics[1]), made.nics[2])
    rule = _deny("one", 200, pod_cidr(1), inbound=inbound)
    (finding,) = _found("aaa", replace(made, nics=nics, groups=(raw_group(rule),)))
    assert finding.found == f"does not let packets {side} {pod_cidr(1)} {way} at node node-2 (rule one)"
    sides = (pod_cidr(1), pod_cidr(2)) if inbound else (pod_cidr(2), pod_cidr(1))
    assert f"--direction={direction} " in finding.todo
    assert f"--source-address-prefixes {sides[0]} --destination-address-prefixes {sides[1]} " in finding.todo


def test_what_keeps_packets_from_the_pods_of_one_node_is_named_alone() -> None:
    """The rule that lets them through to the other nodes is no reason."""
    (finding,) = _with(raw_rule("to-two", 200, "Deny", "*", pod_cidr(2)))
    assert finding.found.endswith("from 10.42.1.0/24, 10.42.2.0/24 in at nodes node-1, node-2 (rule to-two)")


@pytest.mark.parametrize("cidr", ["10.42.2.128/25", "10.42.2.7/32", "10.42.2.7"])
def test_a_part_that_is_denied_is_denied(cidr: str) -> None:
    """Pods with these addresses are out of reach."""
    (finding,) = _with(_deny("part", 200, cidr))
    assert "from 10.42.2.0/24 in" in finding.found
    assert "(rule part)" in finding.found


@pytest.mark.parametrize(
    "rule",
    [
        _deny("r", 200, "10.43.0.0/16"),
        _deny("r", 200, "fd00::/8"),
        _deny("r", 200, "Internet"),
        _deny("r", 200, "AzureLoadBalancer"),
        _deny("r", 200, "10.42.0.0/16", protocol="Udp"),
        _deny("r", 200, "10.42.0.0/16", protocol="Icmp"),
        _deny("r", 200, "10.42.0.0/16", protocol="Tcp", destinationPortRange="22"),
        _deny("r", 200, "10.42.0.0/16", destinationPortRange=None, destinationPortRanges=["22", "80-90"]),
        raw_rule("r", 200, "Deny", None, "*", sourceApplicationSecurityGroups=[WEB]),
        raw_rule("r", 200, "Deny", "*", None, destinationApplicationSecurityGroups=[WEB]),
        raw_rule("r", 200, "Deny", "10.42.0.0/16", "10.10.0.0/16"),
        raw_rule("r", 65001, "Deny"),
    ],
    ids=[
        *("range", "family", "the Internet", "balancers", "UDP", "ping", "one port", "some ports"),
        *("from a group", "to a group", "to the nodes", "behind"),
    ],
)
def test_rules_about_something_else_are_passed_over(rule: Raw) -> None:
    """A pod's address is in no application security group, and a rule for some ports does not decide."""
    assert _with(rule) == []


def test_the_rule_that_decides_is_named_and_none_that_is_passed_over() -> None:
    """Whatever stands in front of it for other protocols, ports or pods."""
    rules = (
        _deny("udp", 110, "10.42.0.0/16", protocol="Udp"),
        _deny("ssh", 120, "10.42.0.0/16", protocol="Tcp", destinationPortRange="22"),
        raw_rule("first-node", 130, "Allow", "10.42.1.0/24"),
        SHUT,
    )
    (finding,) = _with(*rules)
    assert finding.found == "does not let packets from 10.42.2.0/24 in at nodes node-1, node-2 (rule no-pods)"
    assert "--priority=199 " in finding.todo


def test_of_several_rules_all_are_named_and_the_command_stands_before_each() -> None:
    """In the order in which they count; one allowing rule for all of these pods is enough."""
    rules = (_deny("second", 300, "10.42.1.0/24"), _deny("first", 200, "10.42.2.0/24"))
    (finding,) = _with(*rules)
    assert finding.found == (
        "does not let packets from 10.42.1.0/24, 10.42.2.0/24 in at nodes node-1, node-2 (rules first, second)"
    )
    assert "--priority=199 " in finding.todo


def test_what_half_is_let_in_is_shut() -> None:
    """The rule in the way is then one that allows too little."""
    (finding,) = _with(raw_rule("half", 100, "Allow", "10.42.1.0/25"), SHUT)
    assert "from 10.42.1.0/24, 10.42.2.0/24 in" in finding.found
    assert "(rules half, no-pods)" in finding.found
    assert finding.todo == "allow the pod CIDRs in both directions, with a lower number than what denies them"


@pytest.mark.parametrize("taken", ["allow-pods-in", "Allow-Pods-In"])
def test_a_name_that_is_taken_is_not_given_again(taken: str) -> None:
    """`az` would change the rule of that name, and shut out who was let in by it."""
    mine = raw_rule(taken, 199, "Allow", "10.42.1.0/24")
    (finding,) = _with(mine, SHUT)
    assert "--name=allow-pods-in-198 --priority=198 " in finding.todo


def test_a_command_never_has_a_priority_of_azures_own_rules() -> None:
    """People's begin at 100 and end at 4096; where Azure's own last rule decides, the last one is free."""
    group = raw_group()
    group["properties"]["defaultSecurityRules"] = [raw_rule("DenyAllInBound", 65500, "Deny")]
    (finding,) = _found("aa", replace(_guarded(served("aa")), groups=(group,)))
    assert "(rule DenyAllInBound)" in finding.found
    assert "--priority=4096 " in finding.todo


def test_where_there_is_no_room_in_front_only_what_to_do_is_said() -> None:
    """Priorities begin at 100."""
    (finding,) = _with({**SHUT, "properties": {**SHUT["properties"], "priority": 100}})
    assert finding.todo == "allow the pod CIDRs in both directions, with a lower number than what denies them"


@pytest.mark.parametrize("inbound", [True, False])
def test_both_directions_are_told(inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """A rule for the one says nothing of the other."""
    both = [_deny("no-pods", 200, "10.42.0.0/16", inbound=way) for way in (inbound, not inbound)]
    assert [finding.found.rpartition(" at ")[0].rpartition(" ")[2] for finding in _with(*both)] == ["in", "out"]


def test_each_family_has_a_command_of_its_own() -> None:
    """Azure takes no mixed ranges in one rule."""
    six = [f"fd00:10::{number}" for number in (1, 2)]
    items, nics = [], []
    for number, ip in enumerate(six, 1):
        item = item_of(number)
        item["spec"]["podCIDRs"].append(f"fd00:42:{number}::/64")
        item["status"]["addresses"].append({"type": "InternalIP", "address": ip})
        items.append(item)
        second = raw_configuration(ip, primary=False)
        nic = served("aa").nics[number - 1]
        both = [*nic["properties"]["ipConfigurations"], second]
        nics.append({**nic, "properties": {**nic["properties"], "ipConfigurations": both}})
    rules = (_deny("four", 200, "10.42.0.0/16"), _deny("six", 300, "fd00::/8"))
    fabric = replace(_guarded(served("aa"), *rules), nics=tuple(nics)).fabric()
    found = check_ranked(place(nodes_table(items), fabric).placed, fabric)
    assert [finding.found for finding in found] == [
        "does not let packets from 10.42.1.0/24, 10.42.2.0/24 in at nodes node-1, node-2 (rule four)",
        "does not let packets from fd00:42:1::/64, fd00:42:2::/64 in at nodes node-1, node-2 (rule six)",
    ]
    assert "--name=allow-pods-in --priority=199" in found[0].todo
    assert "--name=allow-pods-in-v6 --priority=299" in found[1].todo
    assert "fd00" not in found[0].todo
    assert "10.42" not in found[1].todo


# Explicit ranges.


@pytest.mark.parametrize(
    "rules",
    [
        [raw_rule("pods", 100, "Allow", "10.42.0.0/16", "10.42.0.0/16")],
        [raw_rule("pods", 100, "Allow", None, "*", sourceAddressPrefixes=["10.42.0.0/23", "10.42.2.0/24"])],
        [
            raw_rule(
                "pods",
                100,
                "Allow",
                None,
                "*",
                sourceAddressPrefixes=["10.42.0.0/23", "10.42.2.0/25", "10.42.2.128/25"],
            )
        ],
        [raw_rule("one", 100, "Allow", "10.42.1.0/24"), raw_rule("two", 101, "Allow", "10.42.2.0/24")],
        [raw_rule("tcp", 100, "Allow", "10.0.0.0/8", protocol="Tcp")],
        [raw_rule("tagged", 100, "Allow", "VirtualNetwork", "VirtualNetwork")],
    ],
    ids=["one range", "a list", "halves", "one for each node", "TCP", "the tag"],
)
def test_pods_that_are_let_in_in_front_of_a_deny_are_fine(rules: list[Raw]) -> None:
    """By ranges or by the tag; the lowest number decides."""
    assert _with(*rules, ALL_SHUT) == []


@pytest.mark.parametrize(
    "rule",
    [
        raw_rule("nodes", 100, "Allow", "10.10.0.0/16"),
        raw_rule("web", 100, "Allow", None, "*", sourceApplicationSecurityGroups=[WEB]),
        raw_rule("udp", 100, "Allow", "10.42.0.0/16", protocol="Udp"),
        raw_rule("ssh", 100, "Allow", "*", destinationPortRange="22"),
        raw_rule("internet", 100, "Allow", "Internet"),
    ],
    ids=["nodes only", "a group", "UDP", "one port", "the Internet"],
)
def test_what_lets_in_something_else_lets_no_pods_in(rule: Raw) -> None:
    """Before a rule that shuts everything."""
    (finding,) = _with(rule, ALL_SHUT)
    assert finding.found.endswith("(rule nothing)")
    assert "--priority=4095 " in finding.todo


# By name only.


def _unrouted(*rules: Raw, places: str = "ab", table: bool = True) -> World:
    """Return a network with these rules in which routes are still missing."""
    tables = (raw_table("pods", tags={}),) if table else ()
    return _guarded(world(places, *tables, given="pods" if table else ""), *rules)


@pytest.mark.parametrize("table", [True, False], ids=["an empty table", "no table"])
def test_where_routes_are_missing_the_name_does_not_hold_the_pods_yet(table: bool) -> None:  # noqa: FBT001 - pytest's
    """It is said for each receiving subnet, with its lists, and with what mends it: the plan."""
    found = _found("ab", _unrouted(table=table))
    assert [(finding.severity, finding.object) for finding in found] == [
        ("warning", "subnet cluster-rg/main/a"),
        ("warning", "subnet cluster-rg/main/b"),
    ]
    (told,) = {finding.found for finding in found}
    assert told == (
        f"lets pods in only by the name VirtualNetwork ({NSG}), "
        "which does not hold 2 of their CIDRs while its route table does not lead there"
    )
    assert {finding.todo for finding in found} == {"apply the plan: it adds the routes, no rule is needed"}


def test_the_groups_of_subnet_and_interfaces_are_told_together() -> None:
    """Packets pass both."""
    made = _unrouted(places="aa")
    nics = tuple(guarded(raw, "other") for raw in made.nics)
    (finding,) = _found("aa", replace(made, nics=nics, groups=(*made.groups, raw_group(name="other"))))
    assert f"by the name VirtualNetwork ({NSG}, network security group cluster-rg/other)," in finding.found


@pytest.mark.parametrize(("routed", "lacking"), [((1, 2), 1), ((3,), 2), ((1,), 2), ((), 3), ((1, 2, 3), 0)])
def test_only_the_subnet_and_the_pods_that_are_missing_are_told(routed: tuple[int, ...], lacking: int) -> None:
    """The table of the receiving subnet counts, not the sender's; both sides have to be held."""
    made = served("aab")
    partly = raw_table("half", *(raw_route(f"r{number}", pod_cidr(number), address(number)) for number in routed))
    subnets = (raw_subnet("a", "pods"), raw_subnet("b", "half"))
    found = _found("aab", _guarded(replace(made, tables=(*made.tables, partly), subnets=subnets)))
    assert [(finding.object, f"does not hold {lacking} of" in finding.found) for finding in found] == (
        [("subnet cluster-rg/main/b", True)] if lacking else []
    )


def test_the_receivers_own_pods_have_to_be_held_too() -> None:
    """Here they are all that is missing."""
    made = world("aaa", raw_table("pods", *(own_route(number) for number in (1, 2))), given="pods")
    nics = (*made.nics[:2], guarded(made.nics[2]))
    (finding,) = _found("aaa", replace(made, nics=nics, groups=(raw_group(),)))
    assert "does not hold 1 of their CIDRs" in finding.found


def test_a_wider_route_holds_the_pods_too() -> None:
    """Whatever leads there makes it part of the tag."""
    wide = raw_table("pods", raw_route("all", "10.42.0.0/16", "10.10.0.4"))
    assert _found("aa", _guarded(world("aa", wide, given="pods"))) == []


@pytest.mark.parametrize(
    "rule",
    [
        raw_rule("web", 100, "Allow", None, "*", sourceApplicationSecurityGroups=[WEB]),
        raw_rule("https", 100, "Allow", "Internet", destinationPortRange="443"),
        raw_rule("probes", 100, "Allow", "AzureLoadBalancer"),
    ],
)
def test_the_name_that_is_told_is_the_one_that_will_hold_them(rule: Raw) -> None:
    """Names of other things, and application security groups, never do."""
    found = _found("ab", _unrouted(rule))
    assert {finding.found.partition(" (")[0] for finding in found} == {"lets pods in only by the name VirtualNetwork"}


def test_pods_that_a_range_lets_in_need_no_name() -> None:
    """Then the routes are missing, but that is the plan's affair."""
    assert _found("ab", _unrouted(raw_rule("pods", 100, "Allow", "10.42.0.0/16"))) == []


def test_what_stays_shut_is_told_once() -> None:
    """As shut, not as missing a route."""
    found = _found("ab", _unrouted(SHUT))
    assert [finding.found.partition(" ")[0] for finding in found] == ["does"]
