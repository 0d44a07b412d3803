"""Which lists of rules stand in front of whom on each platform, and which pairs of nodes they keep apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.filters import FIREWALL_POLICIES, FIREWALL_RULES, NETWORK_ACLS, Rule
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import VERDICTS, Reachability
from tests import azure_values as az
from tests.azure_values import Raw, guarded, raw_group, raw_rule, raw_subnet, raw_table, served
from tests.azure_values import World as Azure
from tests.reachability import healthy as made
from tests.reachability.healthy import World, healthy

A = made.subnet_id("aws", "a")
HALVES = ("10.42.2.0/25", "10.42.2.128/25")
WEB = {"id": az.arm("Microsoft.Network/applicationSecurityGroups/web")}


def _found(world: World) -> Reachability:
    return reach(world.nodes, world.fabric)


def _titles(found: Reachability) -> list[str]:
    return [cause.title for cause in found.causes]


def _apart(found: Reachability, verdict: str = "blocked") -> set[str]:
    """Return the IPv4 pairs of a verdict, by the nodes' numbers: `1>2`."""
    family = found.families[0]
    numbers = [name.rpartition("-")[2] for name in family.names]
    matrix = family.matrix()
    return {
        f"{one}>{other}"
        for row, one in enumerate(numbers)
        for column, other in enumerate(numbers)
        if VERDICTS[matrix[row, column]] == verdict and one != other
    }


def _without(world: World, *, inbound: bool) -> World:
    """Return the world without the rules of one direction."""
    return made.with_fabric(world, rules=tuple(rule for rule in world.fabric.rules if rule.inbound is not inbound))


# Firewall rules of a network.


def _gce(*rules: Rule, places: str = "aa") -> World:
    return made.with_fabric(healthy("gce", places), rules=rules)


@pytest.mark.parametrize(
    "rules",
    [
        [made.firewall("r", sources=("0.0.0.0/0",))],
        [made.firewall("r", sources=("10.0.0.0/8",))],
        [made.firewall("r")],
        [made.firewall("r", sources=("10.42.1.0/24", "10.42.2.0/24"))],
        [made.firewall("r", sources=("10.42.1.0/25", "10.42.1.128/25", "10.42.2.0/24"))],
        [made.firewall("one", sources=("10.42.1.0/24",)), made.firewall("two", sources=("10.42.2.0/24",))],
        [made.firewall("r", sources=("10.42.0.0/16",), protocols=("tcp", "udp"))],
        [made.firewall("r", sources=("10.42.0.0/16",), protocols=("6",))],
        [made.firewall("r", sources=("10.42.0.0/16",), on=("nodes",))],
        [made.firewall("r", sources=("10.42.0.0/16",), peers=("web",))],
        [made.firewall("deny", 1001, allow=False), made.firewall("r")],
        [made.firewall("deny", 900, allow=False, enabled=False), made.firewall("r")],
        [made.firewall("deny", 900, allow=False, sources=("10.10.0.0/20",)), made.firewall("r")],
        [made.firewall("deny", 900, allow=False, peers=("nodes",)), made.firewall("r")],
        [made.firewall("deny", 900, allow=False, on=("web",)), made.firewall("r")],
    ],
    ids=[
        *("any range", "a wide range", "any sender", "each node", "halves", "a rule for each node", "TCP and UDP", "6"),
        *("the nodes' tag", "range or tag", "deny behind", "deny disabled", "deny for nodes only", "deny by tag"),
        "deny elsewhere",
    ],
)
def test_rules_that_let_every_pod_in_are_enough(rules: list[Rule]) -> None:
    """One rule or several ranges, all protocols or TCP; what denies something else is none."""
    assert _titles(_found(_gce(*rules))) == []


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [made.firewall("r", enabled=False)],
        [made.firewall("r", sources=(), peers=("nodes",))],
        [made.firewall("r", sources=("10.10.0.0/20",))],
        [made.firewall("r", sources=("10.42.0.0/16",), protocols=("icmp",))],
        [made.firewall("r", sources=("10.42.0.0/16",), protocols=("tcp:80,8443",))],
        [made.firewall("r", sources=("10.42.0.0/16",), on=("web",))],
        [made.firewall("r", sources=("10.42.0.0/16",), on=())],
        [made.firewall("r", sources=("fd00:42::/32",))],
        [made.firewall("r", inbound=False)],
    ],
    ids=[
        *("none", "disabled", "by tag", "nodes only", "ping", "two ports", "other targets", "no targets", "family"),
        "the way out",
    ],
)
def test_pods_that_no_rule_lets_in_are_kept_out(rules: list[Rule]) -> None:
    """A sender's tag never matches a pod's address."""
    found = _found(_gce(*rules))
    assert _titles(found) == ["no firewall rule lets packets in at 2 nodes"]
    assert found.blocked == 2


@pytest.mark.parametrize("number", [900, 1000])
def test_a_rule_that_denies_wins_before_and_beside_one_that_allows(number: int) -> None:
    """Of equal priorities the one that denies counts."""
    deny = made.firewall("deny", number, allow=False, sources=("10.42.0.0/16",))
    assert _titles(_found(_gce(made.firewall("r"), deny))) == ["firewall rule deny drops packets in at 2 nodes"]


@pytest.mark.parametrize("mark", ["k8s", "nodes@p.iam"])
def test_rules_count_at_the_nodes_that_they_are_for(mark: str) -> None:
    """By network tag or service account; a node without it is closed."""
    world = _gce(made.firewall("r", sources=("10.42.0.0/16",), on=(mark,)), places="aaa")
    marks = {"tags": (mark, "x")} if mark == "k8s" else {"accounts": (mark,)}
    for node in ("node-1", "node-2"):
        world = made.with_instance(world, node, **marks)
    found = _found(world)
    assert _apart(found) == {"1>3", "2>3"}
    assert [cause.nodes for cause in found.causes] == [("node-3",)]


def test_only_pods_that_are_left_out_are_kept_out() -> None:
    """The others need no rule."""
    assert _apart(_found(_gce(made.firewall("r", sources=("10.42.1.0/24",))))) == {"2>1"}


def test_packets_go_out_of_a_network_unless_a_rule_is_against_it() -> None:
    """Here only to one node's pods, at the nodes of a tag."""
    deny = made.firewall("deny", allow=False, inbound=False, destinations=("10.42.3.0/24",), on=("web",))
    world = made.with_instance(_gce(made.firewall("r"), deny, places="aaa"), "node-1", tags=("web",))
    found = _found(world)
    assert _apart(found) == {"1>3"}
    assert _titles(found) == ["firewall rule deny drops packets out at 1 node"]


def test_a_firewall_remembers_questions() -> None:
    """Answers need no rule: each way is judged for itself."""
    deny = made.firewall("deny", 900, allow=False, sources=("10.42.1.0/24",))
    assert _apart(_found(_gce(made.firewall("r"), deny))) == {"1>2"}


# Security groups.


def _aws(*rules: Rule, places: str = "aa") -> World:
    """Return a VPC whose group lets everything out and just these packets in."""
    world = healthy("aws", places)
    kept = tuple(rule for rule in world.fabric.rules if not rule.inbound or rule.list != "sg-nodes")
    return made.with_fabric(world, rules=(*kept, *rules))


def test_a_group_that_lets_the_pods_in_is_fine() -> None:
    """By one range, or by several that hold them together."""
    assert _titles(_found(_aws(made.permission("sg-nodes", 1, sources=("10.42.0.0/16",))))) == []
    halves = [made.permission("sg-nodes", place, sources=(f"10.42.{2 * place}.0/23",)) for place in (0, 1)]
    assert _titles(_found(_aws(*halves))) == []


@pytest.mark.parametrize(
    "rule",
    [
        made.permission("sg-nodes", 1, sources=("10.42.0.0/16",), protocols=("tcp:22-22",)),
        made.permission("sg-nodes", 1, sources=("10.42.0.0/16",), protocols=("udp",)),
        made.permission("sg-nodes", 1, sources=("10.42.1.0/25",)),
        made.permission("sg-other", 1, sources=("0.0.0.0/0",)),
        made.permission("sg-nodes", 1, peers=("sg-other",)),
    ],
    ids=["port", "protocol", "half", "another group", "members of another group"],
)
def test_rules_that_do_not_let_all_pods_in_keep_some_out(rule: Rule) -> None:
    """Another port, protocol, range or group."""
    found = _found(_aws(rule))
    assert _titles(found) == ["no security group rule lets packets in at 2 nodes"]
    assert found.blocked == 2


def test_groups_count_only_at_the_interfaces_that_have_them() -> None:
    """The node whose own group is closed receives nothing."""
    world = made.with_nic(
        _aws(made.permission("sg-open", 1, sources=("10.42.0.0/16",))), "node-1", filters=("sg-open",)
    )
    out = made.permission("sg-open", 0, inbound=False, destinations=("0.0.0.0/0",))
    found = _found(made.with_rules(world, out))
    assert _apart(found) == {"1>2"}
    assert [cause.nodes for cause in found.causes] == [("node-2",)]


def test_groups_of_one_interface_add_up() -> None:
    """What one of them lets through is let through."""
    world = made.with_nic(
        _aws(made.permission("sg-open", 1, sources=("10.42.0.0/16",))), "node-1", filters=("sg-nodes", "sg-open")
    )
    assert _apart(_found(world)) == {"1>2"}


def test_an_interface_without_groups_is_open() -> None:
    """There is no list in front of it."""
    world = _aws()
    for node in world.names:
        world = made.with_nic(world, node, filters=())
    assert _titles(_found(world)) == []


def test_a_group_without_a_rule_for_the_way_out_lets_nothing_out() -> None:
    """EC2 makes one that lets everything out; people remove it."""
    found = _found(_without(_aws(made.permission("sg-nodes", 1, sources=("10.42.0.0/16",))), inbound=False))
    assert _titles(found) == ["no security group rule lets packets out at 2 nodes"]


@pytest.mark.parametrize("peer", ["sg-nodes", "pl-1"])
def test_members_of_a_group_that_is_named_are_not_proven_to_reach(peer: str) -> None:
    """Nor are pods that a prefix list may hold; such a pair does not fail a check."""
    found = _found(_aws(made.permission("sg-nodes", 1, peers=(peer,))))
    assert (found.unproven, found.blocked, found.failing) == (2, 0, ())
    (cause,) = found.causes
    assert (cause.verdict, cause.fails) == ("unproven", False)
    assert peer in cause.faults[0].found


def test_who_is_not_in_the_group_is_surely_kept_out() -> None:
    """Of three nodes one is in another group, which is open."""
    out = made.permission("sg-other", 0, inbound=False, destinations=("0.0.0.0/0",))
    opened = made.permission("sg-other", 1, sources=("10.42.0.0/16",))
    world = made.with_rules(_aws(made.permission("sg-nodes", 1, peers=("sg-nodes",)), places="aaa"), out, opened)
    found = _found(made.with_nic(world, "node-3", filters=("sg-other",)))
    assert _apart(found, "unproven") == {"1>2", "2>1"}
    assert _apart(found) == {"3>1", "3>2"}


# Network ACLs.


def _acl(*rules: Rule, places: str = "ab") -> Reachability:
    """Return who reaches whom where the ACL of subnet a has these entries and no others."""
    world = healthy("aws", places)
    kept = tuple(rule for rule in world.fabric.rules if rule.list != f"acl-of-{A}")
    return _found(made.with_fabric(world, rules=(*kept, *rules)))


def _entry(number: int, cidr: str, *, allow: bool, inbound: bool, **more: Any) -> Rule:
    return made.entry(A, number, cidr, allow=allow, inbound=inbound, **more)


OUT = _entry(1, "0.0.0.0/0", allow=True, inbound=False)
IN = _entry(1, "0.0.0.0/0", allow=True, inbound=True)


@pytest.mark.parametrize("inbound", [True, False])
def test_the_lowest_number_decides(inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """Whatever order the entries are listed in."""
    shut = _entry(10, "10.42.0.0/16", allow=False, inbound=inbound)
    passing = _entry(20, "0.0.0.0/0", allow=True, inbound=inbound)
    other = OUT if inbound else IN
    found = _acl(passing, shut, other)
    assert _titles(found) == [f"network ACL rule 10 drops packets {'in' if inbound else 'out'} at 1 node"]
    assert _titles(_acl(replace(shut, number=30), passing, other)) == []


def test_an_acl_remembers_nothing() -> None:
    """What drops the packets of one way drops the answers of the other: neither reaches."""
    found = _acl(IN, _entry(1, "10.0.0.0/16", allow=True, inbound=False))
    assert _titles(found) == ["no network ACL rule lets packets out at 1 node"]
    assert _apart(found) == {"1>2", "2>1"}


@pytest.mark.parametrize(
    ("entries", "titles"),
    [
        (["tcp:443", "tcp:32768-60999"], []),
        (["tcp:443", "tcp:1024-65535"], []),
        (["tcp:443"], ["no network ACL rule lets answers in at 1 node"]),
        (["tcp:443", "tcp:49152-65535"], ["no network ACL rule lets answers in at 1 node"]),
        (["tcp:443", "tcp:32768-49151", "tcp:49152-65535"], []),
        (["tcp:1024-65535"], ["no network ACL rule lets packets in at 1 node"]),
    ],
)
def test_answers_are_sent_to_the_ports_that_linux_chooses(entries: list[str], titles: list[str]) -> None:
    """All of them have to pass; it is told apart from what drops questions."""
    rules = [
        _entry(number, "0.0.0.0/0", allow=True, inbound=True, protocols=(protocol,))
        for number, protocol in enumerate(entries, 1)
    ]
    assert _titles(_acl(OUT, *rules)) == titles


@pytest.mark.parametrize(
    ("systems", "ports", "passes"),
    [
        (("linux", "linux"), "32768-60999", True),
        (("windows", "linux"), "32768-60999", False),
        (("windows", "linux"), "32768-65535", True),
        (("windows", "linux"), "49152-65535", False),
        (("windows", "windows"), "49152-65535", True),
        (("windows", "windows"), "49153-65535", False),
        (("", "linux"), "32768-60999", False),
    ],
)
def test_answers_have_to_pass_to_all_ports_that_the_nodes_systems_choose(
    systems: tuple[str, str],
    ports: str,
    passes: bool,  # noqa: FBT001 - pytest's
) -> None:
    """Windows chooses others than Linux; what does not say may be either."""
    world = healthy("aws", "ab")
    for node, system in zip(world.names, systems, strict=True):
        world = made.with_row(world, node, os=system)
    open_ports = [
        _entry(number, "0.0.0.0/0", allow=True, inbound=True, protocols=(protocol,))
        for number, protocol in enumerate(("tcp:443", f"tcp:{ports}"), 1)
    ]
    kept = (rule for rule in world.fabric.rules if rule.list != f"acl-of-{A}")
    found = _found(made.with_fabric(world, rules=(*kept, OUT, *open_ports)))
    assert _apart(found) == (set() if passes else {"1>2"})


def test_packets_inside_a_subnet_do_not_pass_its_acl() -> None:
    """Nodes of one subnet talk whatever it says."""
    found = _acl(_entry(1, "0.0.0.0/0", allow=False, inbound=True), OUT, places="aab")
    assert _apart(found) == {"1>3", "2>3", "3>1", "3>2"}


@pytest.mark.parametrize(
    "rule",
    [
        _entry(1, "0.0.0.0/0", allow=False, inbound=True, protocols=("17",)),
        _entry(1, "0.0.0.0/0", allow=False, inbound=True, protocols=("6:22-22",)),
        _entry(1, "::/0", allow=False, inbound=True),
        _entry(1, "10.43.0.0/16", allow=False, inbound=True),
    ],
    ids=["protocol", "port", "family", "range"],
)
def test_entries_about_something_else_are_passed_over(rule: Rule) -> None:
    """They do not decide."""
    assert _titles(_acl(rule, replace(IN, number=2), OUT)) == []


def test_half_a_range_denied_is_denied() -> None:
    """Pods in that half are out of reach, and so is who would be answered there."""
    found = _acl(_entry(1, "10.42.2.128/25", allow=False, inbound=True), replace(IN, number=2), OUT)
    assert _titles(found) == ["network ACL rule 1 drops packets in at 1 node"]
    assert _apart(found) == {"1>2", "2>1"}


def test_a_subnet_whose_acl_is_not_known_is_open() -> None:
    """That it could not be read is said elsewhere."""
    assert _titles(_acl()) == []


# Network security groups, as they are read.


def _guarded(world: Azure, *rules: Raw, on: str = "subnet") -> Azure:
    """Return the network with a group of these rules on every subnet, or on every interface."""
    guards = {"subnets": tuple(map(guarded, world.subnets))} if on == "subnet" else {}
    guards |= {"nics": tuple(map(guarded, world.nics))} if on == "nic" else {}
    return replace(world, groups=(raw_group(*rules),), **guards)  # type: ignore[arg-type]


def _azure(places: str, world: Azure) -> Reachability:
    return reach(az.nodes_of(places), world.fabric())


def _with(*rules: Raw, places: str = "aa", on: str = "subnet") -> Reachability:
    """Return who reaches whom where all routes are in place and every subnet has these rules before Azure's own."""
    return _azure(places, _guarded(served(places), *rules, on=on))


def _deny(name: str, number: int, cidr: str, *, inbound: bool = True, **more: object) -> Raw:
    """Return a rule that drops what comes from a range, or goes there."""
    sides = (cidr, "*") if inbound else ("*", cidr)
    return raw_rule(name, number, "Deny", *sides, direction="Inbound" if inbound else "Outbound", **more)


NSG = "network security group rule"
ALL_SHUT = raw_rule("nothing", 4096, "Deny")


@pytest.mark.parametrize("on", ["subnet", "nic"])
@pytest.mark.parametrize("places", ["a", "aa", "ab", "aab", "aaa", "abbb"])
def test_azures_own_rules_let_pods_through_once_they_are_routed(places: str, on: str) -> None:
    """The tag VirtualNetwork holds what the route tables lead to."""
    assert _titles(_with(places=places, on=on)) == []


def test_a_group_on_nothing_of_the_nodes_is_not_looked_at() -> None:
    """It guards others."""
    world = served("aa")
    shut = raw_group(_deny("no-pods", 200, "10.42.0.0/16"))
    assert (
        _titles(_azure("aa", replace(world, subnets=(*world.subnets, guarded(raw_subnet("z"))), groups=(shut,)))) == []
    )


@pytest.mark.parametrize("on", ["subnet", "nic"])
@pytest.mark.parametrize("inbound", [True, False])
def test_a_deny_in_front_keeps_pods_apart_in_its_direction(inbound: bool, on: str) -> None:  # noqa: FBT001 - pytest's
    """It is named, with all nodes that are behind it."""
    found = _with(_deny("no-pods", 200, "10.42.0.0/16", inbound=inbound), on=on)
    assert _titles(found) == [f"{NSG} no-pods drops packets {'in' if inbound else 'out'} at 2 nodes"]
    assert found.blocked == 2


def test_packets_inside_a_subnet_pass_its_group_too() -> None:
    """Unlike a network ACL; and it remembers questions."""
    assert _apart(_with(_deny("one", 200, az.pod_cidr(1)), places="aab")) == {"1>2", "1>3"}


@pytest.mark.parametrize("inbound", [True, False])
def test_senders_and_receivers_are_not_mixed_up(inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """The pods of node 1 are kept from or to the interface of node 2, which alone has the group."""
    world = served("aaa")
    nics = (world.nics[0], guarded(world.nics[1]), world.nics[2])
    shut = raw_group(_deny("one", 200, az.pod_cidr(1), inbound=inbound))
    found = _azure("aaa", replace(world, nics=nics, groups=(shut,)))
    assert _apart(found) == ({"1>2"} if inbound else {"2>1"})
    assert [cause.nodes for cause in found.causes] == [("node-2",)]


def test_packets_pass_the_groups_of_interface_and_subnet() -> None:
    """What either drops is dropped."""
    world = served("aa")
    groups = (
        raw_group(_deny("at-nic", 200, az.pod_cidr(1))),
        raw_group(_deny("at-subnet", 200, az.pod_cidr(2)), name="s"),
    )
    subnets = tuple(guarded(raw, "s") for raw in world.subnets)
    found = _azure("aa", replace(world, nics=tuple(map(guarded, world.nics)), subnets=subnets, groups=groups))
    assert sorted(_titles(found)) == [f"{NSG} at-{where} drops packets in at 1 node" for where in ("nic", "subnet")]
    assert _apart(found) == {"1>2", "2>1"}


def test_what_keeps_packets_from_the_pods_of_one_node_is_at_that_node_alone() -> None:
    """The rule that lets them through to the other nodes is no reason."""
    found = _with(raw_rule("to-two", 200, "Deny", "*", az.pod_cidr(2)))
    assert [(cause.title, cause.nodes) for cause in found.causes] == [
        (f"{NSG} to-two drops packets in at 1 node", ("node-2",))
    ]


@pytest.mark.parametrize("cidr", ["10.42.2.128/25", "10.42.2.7/32", "10.42.2.7"])
def test_a_part_that_is_denied_is_denied(cidr: str) -> None:
    """Pods with these addresses are out of reach."""
    assert _apart(_with(_deny("part", 200, cidr))) == {"2>1"}


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
        _deny("r", 200, "10.42.0.0/16", sourcePortRange="53"),
        raw_rule("r", 200, "Deny", None, "*", sourceApplicationSecurityGroups=[WEB]),
        raw_rule("r", 200, "Deny", "*", None, destinationApplicationSecurityGroups=[WEB]),
        raw_rule("r", 200, "Deny", "10.42.0.0/16", "10.10.0.0/16"),
        raw_rule("r", 65001, "Deny"),
    ],
    ids=[
        *("range", "family", "the Internet", "balancers", "UDP", "ping", "one port", "some ports", "from a port"),
        *("from a group", "to a group", "to the nodes", "behind"),
    ],
)
def test_rules_about_something_else_are_passed_over(rule: Raw) -> None:
    """A pod's address is in no application security group."""
    assert _titles(_with(rule)) == []


@pytest.mark.parametrize("ports", ["1024-65535", "1-65535", "50000", "*"])
def test_a_deny_for_ports_that_nodes_send_from_counts(ports: str) -> None:
    """One port of those is enough."""
    found = _with(_deny("r", 200, "10.42.0.0/16", protocol="Tcp", sourcePortRange=ports))
    assert _titles(found) == [f"{NSG} r drops packets in at 2 nodes"]


@pytest.mark.parametrize(
    ("ports", "blocked"), [("*", 0), ("1-65535", 0), ("1024-65535", 0), ("49152-65535", 2), ("53", 2)]
)
def test_an_allow_has_to_hold_the_ports_that_nodes_send_from(ports: str, blocked: int) -> None:
    """Whatever ports it is for on the other side."""
    sent = {"protocol": "Tcp", "destinationPortRange": None, "destinationPortRanges": ["443", "8443"]}
    passing = raw_rule("r", 200, "Allow", "10.42.0.0/16", "*", direction="Inbound", sourcePortRange=ports, **sent)
    assert _with(passing, ALL_SHUT).blocked == blocked


def test_the_rule_that_decides_is_named_and_none_that_is_passed_over() -> None:
    """Whatever stands in front of it for other protocols, ports or pods."""
    rules = (
        _deny("udp", 110, "10.42.0.0/16", protocol="Udp"),
        _deny("ssh", 120, "10.42.0.0/16", protocol="Tcp", destinationPortRange="22"),
        raw_rule("first-node", 130, "Allow", "10.42.1.0/24"),
        _deny("no-pods", 200, "10.42.0.0/16"),
    )
    found = _with(*rules)
    assert _titles(found) == [f"{NSG} no-pods drops packets in at 1 node"]
    assert _apart(found) == {"2>1"}


def test_of_several_rules_each_is_a_cause() -> None:
    """With the pairs that it stops."""
    found = _with(_deny("second", 300, "10.42.1.0/24"), _deny("first", 200, "10.42.2.0/24"))
    assert {(cause.title, cause.pairs, cause.alone) for cause in found.causes} == {
        (f"{NSG} first drops packets in at 1 node", 1, 1),
        (f"{NSG} second drops packets in at 1 node", 1, 1),
    }


def test_what_half_is_let_in_is_shut() -> None:
    """The rule in the way is the one that drops the other half."""
    found = _with(raw_rule("half", 100, "Allow", "10.42.1.0/25"), _deny("no-pods", 200, "10.42.0.0/16"))
    assert _titles(found) == [f"{NSG} no-pods drops packets in at 2 nodes"]


def test_both_directions_are_told() -> None:
    """A rule for the one says nothing of the other."""
    both = [_deny("no-pods", 200, "10.42.0.0/16", inbound=way) for way in (True, False)]
    assert set(_titles(_with(*both))) == {f"{NSG} no-pods drops packets {way} at 2 nodes" for way in ("in", "out")}


@pytest.mark.parametrize(
    "rules",
    [
        [raw_rule("pods", 100, "Allow", "10.42.0.0/16", "10.42.0.0/16")],
        [raw_rule("pods", 100, "Allow", None, "*", sourceAddressPrefixes=["10.42.0.0/23", "10.42.2.0/24"])],
        [
            raw_rule(
                "p", 100, "Allow", None, "*", sourceAddressPrefixes=["10.42.0.0/23", "10.42.2.0/25", "10.42.2.128/25"]
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
    assert _titles(_with(*rules, ALL_SHUT)) == []


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
    assert _titles(_with(rule, ALL_SHUT)) == [f"{NSG} nothing drops packets in at 2 nodes"]


# Names that stand for routes.


def _forwarding(places: str, *tables: Raw, given: str = "", each: str = "") -> Azure:
    """Return a network whose interfaces forward, in which each subnet has a table or none."""
    world = az.world(places, *tables, given=given)
    nics = [az.raw_nic(number, place, enableIPForwarding=True) for number, place in enumerate(places, 1)]
    subnets = [raw_subnet(place, name) for place, name in zip(dict.fromkeys(places), each.split(), strict=False)]
    return replace(world, nics=tuple(nics), subnets=tuple(subnets) or world.subnets)


@pytest.mark.parametrize("table", [True, False], ids=["an empty table", "no table"])
def test_where_routes_are_missing_they_are_the_cause_and_no_rule_is(table: bool) -> None:  # noqa: FBT001 - pytest's
    """The name VirtualNetwork does not hold the pods yet: the plan mends that."""
    world = _forwarding("ab", raw_table("pods", tags={}), given="pods") if table else _forwarding("ab")
    found = _azure("ab", _guarded(world))
    no_table = [] if table else ["no route table on 2 subnets"]
    assert _titles(found) == [*no_table, "no route to the pods of 2 nodes"]


@pytest.mark.parametrize(
    ("routed", "apart"),
    [
        ((1, 2, 3), set()),
        ((1, 2), {"1>3", "2>3", "3>1", "3>2"}),
        ((1, 3), {"2>3", "3>2"}),
        ((3,), {"1>3", "2>3", "3>1", "3>2"}),
        ((), {"1>3", "2>3", "3>1", "3>2"}),
    ],
)
def test_the_table_of_the_subnet_that_looks_holds_the_name_s_ranges(routed: tuple[int, ...], apart: set[str]) -> None:
    """Of both sides, in both directions: subnet a has all routes, subnet b these."""
    half = raw_table("half", *(az.own_route(number, az.address(number, "ab"[number == 3])) for number in routed))
    world = served("aab")
    subnets = (raw_subnet("a", "pods"), raw_subnet("b", "half"))
    found = _azure("aab", _guarded(replace(world, tables=(*world.tables, half), subnets=subnets)))
    assert _apart(found) == apart
    assert {cause.kind for cause in found.causes} == ({"route"} if apart else set())
    missing = {fault.found for cause in found.causes for fault in cause.faults}
    assert missing == {f"route table half has no route to {az.pod_cidr(number)}" for number in {1, 2, 3} - set(routed)}


def test_a_wider_route_holds_the_pods_too() -> None:
    """Whatever leads there makes it part of the tag: here only delivery fails, to the other node."""
    wide = raw_table("pods", az.raw_route("all", "10.42.0.0/16", az.address(1)))
    assert _apart(_azure("aa", _guarded(_forwarding("aa", wide, given="pods")))) == {"1>2"}


def test_pods_that_a_range_lets_in_need_no_name() -> None:
    """What is routed at the senders reaches, whatever else the subnets' tables hold."""
    half = raw_table("half", az.own_route(1), az.own_route(2))
    world = served("aab")
    subnets = (raw_subnet("a", "pods"), raw_subnet("b", "half"))
    rules = [raw_rule("pods", 100, "Allow", "10.42.0.0/16", direction=way) for way in ("Inbound", "Outbound")]
    found = _azure("aab", _guarded(replace(world, tables=(*world.tables, half), subnets=subnets), *rules))
    assert _apart(found) == set()


def test_what_a_rule_drops_is_told_beside_the_routes_that_are_missing() -> None:
    """Both have to be mended, and neither is told twice."""
    world = _forwarding("ab", raw_table("pods", tags={}), given="pods")
    found = _azure("ab", _guarded(world, _deny("no-pods", 200, "10.42.0.0/16")))
    assert _titles(found) == ["no route to the pods of 2 nodes", f"{NSG} no-pods drops packets in at 2 nodes"]
    assert [(cause.pairs, cause.alone) for cause in found.causes] == [(2, 0), (2, 0)]


# What could not be read.


def _unread(platform: str, what: str, places: str = "aab") -> Reachability:
    return _found(made.with_fabric(healthy(platform, places), rules=(), unread=(Unread(what, "permission missing"),)))


@pytest.mark.parametrize(
    ("platform", "what"),
    [
        ("gce", FIREWALL_RULES),
        ("gce", FIREWALL_POLICIES),
        ("aws", FIREWALL_RULES),
        ("azure", FIREWALL_RULES),
    ],
)
def test_what_rules_do_that_were_not_read_is_not_proven(platform: str, what: str) -> None:
    """For every pair; no rule is taken for no rule."""
    world = healthy(platform, "aab")
    found = _found(made.with_fabric(world, unread=(Unread(what, "permission missing"),)))
    assert (found.unproven, found.pairs) == (6, 6)
    title = f"{what} may decide, and were not judged" if what == FIREWALL_POLICIES else f"{what} were not read"
    assert [(cause.title, cause.nodes, cause.fails) for cause in found.causes] == [(title, (), False)]


@pytest.mark.parametrize("platform", ["gce", "aws", "azure"])
def test_unread_rules_are_not_taken_for_no_rules(platform: str) -> None:
    """Where nothing lets in, because nothing was read, nothing is said to be shut."""
    assert _unread(platform, FIREWALL_RULES).blocked == 0


def test_acls_that_were_not_read_concern_packets_between_subnets() -> None:
    """Inside a subnet nothing passes them; the groups were read."""
    world = healthy("aws", "aab")
    rules = tuple(rule for rule in world.fabric.rules if rule.list == "sg-nodes")
    found = _found(made.with_fabric(world, rules=rules, unread=(Unread(NETWORK_ACLS, "refused"),)))
    assert _apart(found, "unproven") == {"1>3", "2>3", "3>1", "3>2"}
    assert _apart(found) == set()


def test_what_else_was_not_read_is_no_filter() -> None:
    """Templates drop no packets."""
    world = healthy("gce", "aa")
    assert _titles(_found(made.with_fabric(world, unread=(Unread("instance templates", "refused"),)))) == []


def test_bare_metal_has_no_such_lists() -> None:
    """Whatever is said not to have been read."""
    assert _titles(_unread("bare_metal", FIREWALL_RULES, "aa")) == []


def test_a_platform_s_rules_are_no_other_s() -> None:
    """A rule's kind says at which layer it is."""
    world = healthy("gce", "aa")
    stray = made.entry("a", 1, "0.0.0.0/0", allow=False, inbound=True)
    fabric: Fabric = replace(world.fabric, rules=(*world.fabric.rules, stray))
    assert _titles(reach(world.nodes, fabric)) == []


def test_families_have_their_own_rules() -> None:
    """What lets the one in says nothing of the other."""
    world = healthy("gce", "aa", (4, 6))
    found = _found(made.with_fabric(world, rules=world.fabric.rules[:1]))
    assert [family.count(0) for family in found.families] == [2, 0]
