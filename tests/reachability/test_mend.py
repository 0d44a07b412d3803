"""The commands that let packets through: what they say, and that they mend what they are told for."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.filters import Rule
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import Cause
from tests.reachability import healthy as made
from tests.reachability import worlds as faulty
from tests.reachability.commands import carried_out, is_command
from tests.reachability.healthy import World, healthy

A = made.subnet_id("aws", "a")
NSG = "rg/nsg-a"
BOTH = (4, 6)
DRAWN = [
    (platform, fault)
    for platform, faults in faulty.FILTERS.items()
    for fault in dict.fromkeys(faults)
    if fault is not faulty.no_table
]


def _causes(world: World) -> list[Cause]:
    return [cause for cause in reach(world.nodes, world.fabric).causes if cause.kind == "filter"]


def _mends(world: World) -> list[str]:
    """Return what mends the filters of a world, each once."""
    return list(dict.fromkeys(mend for cause in _causes(world) for mend in cause.mends))


def _mend(world: World) -> str:
    (mend,) = _mends(world)
    return mend


def _mended(world: World) -> World:
    """Return the world after all of these commands."""
    fabric = world.fabric
    for mend in _mends(world):
        fabric = carried_out(fabric, mend)
    return replace(world, fabric=fabric)


def _unknown(world: World) -> World:
    """Return the world in which flannel's ranges are not known."""
    return replace(world, flannel=NetConf())


def _bare(world: World) -> World:
    """Return the world without what lets packets in."""
    return made.with_fabric(world, rules=tuple(rule for rule in world.fabric.rules if not rule.inbound))


def nsg(name: str, number: int, *, allow: bool = False, **more: Any) -> Rule:
    """Return a rule of subnet a's network security group, which denies unless told otherwise."""
    return made.security_rule(NSG, ("rg/main/a",), name, number, allow=allow, **more)


def deny_acl(number: int, cidr: str, *, inbound: bool = True, subnet: str = A) -> Rule:
    """Return an entry that denies."""
    return made.entry(subnet, number, cidr, allow=False, inbound=inbound)


def _closed_groups() -> World:
    """Return nodes 1 to 3 with groups one and two, two, and three, of which one lets node 1's pods in alone."""
    world = _bare(healthy("aws", "aaa", BOTH))
    out = made.permission("sg-two", 0, inbound=False, destinations=tuple(made.ANY.values()))
    rules = [replace(out, list=group, on=(group,)) for group in ("sg-two", "sg-three")]
    world = made.with_rules(world, *rules, made.permission("sg-one", 1, sources=(made.pod_cidr(2),)))
    for node, groups in {"node-1": ("sg-one", "sg-two"), "node-2": ("sg-two",), "node-3": ("sg-three",)}.items():
        world = made.with_nic(world, node, filters=groups)
    return world


def _shared_group() -> World:
    """Return nodes of two subnets behind one network security group on all their interfaces."""
    world = healthy("azure", "abb", BOTH)
    on = tuple(made.nic_id("azure", number) for number in (1, 2, 3))
    shut = made.security_rule("rg/shared", on, "shut", 300, allow=False, sources=(made.pod_cidr(1),))
    return made.with_rules(world, *made.default_rules("rg/shared", on), shut)


WORLDS = {
    "no rule": made.with_fabric(healthy("gce", "aab", BOTH), rules=()),
    "two rules in front of each other": made.with_rules(
        healthy("gce", "aaa"),
        made.firewall("one", 800, allow=False, sources=("10.42.1.128/25",)),
        made.firewall("two", 700, allow=False, destinations=("10.42.2.0/25",)),
    ),
    "a rule for all ports but some": made.with_rules(
        healthy("gce", "aa"), made.firewall("ports", 800, allow=False, protocols=("tcp:400-500",))
    ),
    "no way out": made.with_rules(
        healthy("gce", "aab", BOTH), made.firewall("out", allow=False, inbound=False, destinations=("10.42.0.0/15",))
    ),
    "other ranges at each target": made.with_instance(
        made.with_fabric(
            healthy("gce", "aaaa"),
            rules=(
                made.firewall("for-web", sources=("10.42.1.0/24", "10.42.2.0/24"), on=("web",)),
                made.firewall("for-nodes", sources=("10.42.1.0/24", "10.42.3.0/24"), on=("nodes",)),
            ),
        ),
        "node-2",
        tags=("web",),
    ),
    "a rule of the command's name": made.with_fabric(
        healthy("gce", "aa"), rules=(made.firewall("allow-pods-10-42-1-0-24", protocols=("icmp",)),)
    ),
    "closed groups": _closed_groups(),
    "groups that name each other": made.with_rules(
        _bare(healthy("aws", "aa")), made.permission("sg-nodes", 1, peers=("sg-nodes",))
    ),
    "nothing goes out of a group": made.with_fabric(healthy("aws", "aa"), rules=healthy("aws", "aa").fabric.rules[:1]),
    "one entry": made.with_rules(healthy("aws", "ab"), deny_acl(10, "10.42.0.0/16")),
    "entries both ways": made.with_rules(
        healthy("aws", "abb", BOTH),
        *(deny_acl(10, "10.42.0.0/16", inbound=way) for way in (True, False)),
        *(deny_acl(11, "fd00:42::/32", inbound=way) for way in (True, False)),
    ),
    "an entry before another": made.with_rules(
        healthy("aws", "abcd"), deny_acl(20, "10.42.2.0/24"), deny_acl(21, "10.42.3.128/25"), deny_acl(22, "0.0.0.0/0")
    ),
    "an ACL without entries": made.with_fabric(
        healthy("aws", "abc", BOTH),
        rules=tuple(rule for rule in healthy("aws", "abc", BOTH).fabric.rules if rule.number in (0, 32767)),
    ),
    "a deny": made.with_rules(healthy("azure", "aab"), nsg("shut", 200)),
    "denies behind each other": made.with_rules(
        healthy("azure", "aab"),
        nsg("one", 200, sources=(made.pod_cidr(3),)),
        nsg("two", 201, sources=(made.pod_cidr(1),)),
        nsg("out", 201, inbound=False),
    ),
    "one deny for both families": made.with_rules(healthy("azure", "aab", BOTH), nsg("shut", 200)),
    "a deny for each of the families": made.with_rules(
        healthy("azure", "aab", BOTH), nsg("four", 300, sources=(made.PODS[4],)), nsg("six", 301, sources=("fd00::/8",))
    ),
    "a group on interfaces of two subnets": _shared_group(),
    "a rule of that name": made.with_rules(
        healthy("azure", "aa"), nsg("Allow-Pods-In", 400, allow=True), nsg("shut", 200)
    ),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_commands_mend_what_they_are_told_for(world: World) -> None:
    """None takes another one's number or name, and after all of them everything reaches."""
    assert _mends(world)
    after = _mended(world)
    found = reach(after.nodes, after.fabric)
    assert (found.reaching, found.causes) == (found.pairs, ())


@pytest.mark.parametrize(("platform", "fault"), DRAWN, ids=lambda part: getattr(part, "__name__", part))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_commands_mend_random_worlds(platform: str, fault: faulty.Fault, data: st.DataObject) -> None:
    """Whatever rules there are: where there is room for a command, no filter is in the way of pods after it."""
    world = data.draw(faulty.worlds(platform, [fault]))
    world = made.with_fabric(world, unread=())
    if all(map(is_command, _mends(world))):
        assert [cause.title for cause in _causes(_mended(world))] == []


# Rules of a whole network.


def test_a_rule_that_drops_packets_is_preceded() -> None:
    """By the very next number; its name tells place and direction."""
    shut = made.firewall("shut", 900, allow=False, inbound=False, destinations=("10.42.0.0/16",))
    assert shlex.split(_mend(made.with_rules(healthy("gce", "aa"), shut)))[4:] == [
        *("allow-pods-out-899-10-42-0-0-16-nodes", "--project=p", "--network=net", "--direction=EGRESS"),
        *("--priority=899", "--allow=all", "--destination-ranges=10.42.0.0/16", "--target-tags=nodes"),
    ]


def test_no_number_stands_before_the_first() -> None:
    """Then the rule itself has to be changed."""
    assert _mend(made.with_rules(healthy("gce", "aa"), made.firewall("shut", 0, allow=False))) == (
        "there is no room before rule shut (number 0): change that rule, or give it a higher number"
    )


DENY = made.firewall("deny-nodes", 900, allow=False, sources=("10.0.0.0/8",), on=("nodes", "db"))
ACCOUNT, OTHER = "nodes@p.iam.gserviceaccount.com", "all@p.iam.gserviceaccount.com"


def _targets(world: World, *, tags: tuple[str, ...] = ("db",), accounts: tuple[str, ...] = ()) -> list[str]:
    """Return what the command is limited to, where there also is a machine that is no node."""
    other = replace(world.fabric.instances[0], id="projects/p/zones/z/instances/db", nics=(), tags=tags)
    world = made.with_fabric(world, instances=(*world.fabric.instances, replace(other, accounts=accounts)))
    assert reach(_mended(world).nodes, _mended(world).fabric).reaching == 2
    return [word for word in shlex.split(_mend(world)) if word.startswith("--target-")]


def test_a_rule_is_preceded_at_its_own_targets_alone() -> None:
    """And of these only where nodes are: what others keep from their machines stays away from them."""
    protect = made.firewall("protect-db", 950, allow=False, sources=("10.0.0.0/8",), on=("db",))
    assert _targets(made.with_rules(healthy("gce", "aa"), DENY, protect)) == ["--target-tags=nodes"]


def test_targets_can_be_accounts() -> None:
    """As the rule's own are; they are never mixed with tags."""
    world = made.with_rules(healthy("gce", "aa"), replace(DENY, on=(ACCOUNT, OTHER)))
    for node in world.names:
        world = made.with_instance(world, node, accounts=(ACCOUNT,))
    assert _targets(world) == [f"--target-service-accounts={ACCOUNT}"]


def test_a_rule_on_everything_is_preceded_at_what_only_nodes_have() -> None:
    """A tag before an account; one that another machine has, too, would open that one."""
    world = made.with_rules(healthy("gce", "aa"), replace(DENY, on=None))
    assert _targets(world) == ["--target-tags=nodes"]
    for node in world.names:
        world = made.with_instance(world, node, accounts=(OTHER, ACCOUNT))
    assert _targets(world, tags=("nodes",), accounts=(OTHER,)) == [f"--target-service-accounts={ACCOUNT}"]


def test_where_nothing_tells_nodes_from_others_it_is_said_what_is_opened() -> None:
    """Before the command, which is made for copying."""
    world = made.with_rules(healthy("gce", "aa"), replace(DENY, on=None))
    assert _targets(world, tags=("nodes",)) == []
    other = replace(world.fabric.instances[0], id="projects/p/zones/z/instances/db", nics=())
    mend = _mend(made.with_fabric(world, instances=(*world.fabric.instances, other)))
    told = "this lets packets through to every machine of network net, whatever later rules keep them from: gcloud "
    assert mend.startswith(told)


def test_rules_with_other_targets_have_commands_of_other_names() -> None:
    """At one place, for one range."""
    world = made.with_instance(healthy("gce", "aa"), "node-2", tags=("web",))
    rules = [made.firewall(name, 900, allow=False, on=(name,)) for name in ("nodes", "web")]
    assert [mend.split()[4] for mend in _mends(made.with_rules(world, *rules))] == [
        "allow-pods-899-10-42-0-0-16-nodes",
        "allow-pods-899-10-42-0-0-16-web",
    ]


def test_ranges_of_all_nodes_behind_one_rule_are_one_command() -> None:
    """Each node lacks the others' pods, all together lack all."""
    mend = _mend(_unknown(made.with_fabric(healthy("gce", "aaaaaaa"), rules=())))
    assert mend.endswith("--source-ranges=10.42.1.0/24,10.42.2.0/23,10.42.4.0/22")


def test_flannels_range_is_let_through_where_it_is_known() -> None:
    """It also holds the nodes to come."""
    assert _mend(made.with_fabric(healthy("gce", "aaaaaaa"), rules=())).endswith("--source-ranges=10.42.0.0/16")


def test_flannels_range_is_not_let_through_where_a_subnet_is_in_it() -> None:
    """Its machines are no pods."""
    world = made.with_fabric(healthy("gce", "aa"), rules=())
    subnets = (*world.fabric.subnets, replace(world.fabric.subnets[0], id="more", cidrs=("10.42.128.0/24",)))
    assert _mend(made.with_fabric(world, subnets=subnets)).endswith("--source-ranges=10.42.1.0/24,10.42.2.0/24")


# Security groups.


def test_groups_are_opened_to_what_the_nodes_behind_them_lack() -> None:
    """As few groups as serve all; a range that a group has already would be refused."""
    mends = _mends(_unknown(_closed_groups()))
    four = [shlex.split(part) for mend in mends for part in mend.split(" && ") if "10.42" in part]
    assert [words[4] for words in four] == ["--group-id=sg-two", "--group-id=sg-three"]
    assert [words[5].count("CidrIp") for words in four] == [2, 2]


def test_a_group_that_is_named_is_opened_by_range() -> None:
    """Groups have no order: no rule stands before another one."""
    mend = _mend(WORLDS["groups that name each other"])
    assert mend.startswith("aws ec2 authorize-security-group-ingress ")
    assert "--group-id=sg-nodes" in mend


# Network ACLs.


def test_entries_are_numbered_in_a_row_before_the_one_that_decides() -> None:
    """As many free numbers as there are ranges, whatever stands between; those of the other direction are free."""
    rules = (deny_acl(20, "10.42.0.0/16"), made.entry(A, 18, "10.9.0.0/16", allow=True, inbound=True))
    out = made.entry(A, 16, "10.9.0.0/16", allow=True, inbound=False)
    commands = _mend(_unknown(made.with_rules(healthy("aws", "abcc"), *rules, out))).split(" && ")
    told = [(words[5], words[9]) for words in map(shlex.split, commands)]
    assert told == [
        ("--rule-number=16", "--cidr-block=10.42.2.0/23"),
        ("--rule-number=17", "--cidr-block=10.42.4.0/24"),
    ]


def test_a_question_and_its_answer_are_let_through_by_one_command() -> None:
    """The entry that drops both is one cause, with one fault."""
    (cause,) = _causes(WORLDS["one entry"])
    assert (cause.title, cause.pairs, len(cause.faults)) == ("network ACL rule 10 drops packets in at 1 node", 2, 1)
    assert _mend(WORLDS["one entry"]).count("create-network-acl-entry") == 1


def test_where_numbers_do_not_suffice_it_is_said_what_to_do() -> None:
    """Entries begin at 1."""
    mend = _mend(_unknown(made.with_rules(healthy("aws", "abcc"), deny_acl(2, "10.42.0.0/16"))))
    assert mend == "there is no room before rule 2: change that rule, or give it a higher number"


# Network security groups.


@pytest.mark.parametrize("inbound", [True, False])
def test_a_rule_is_put_in_front_with_the_next_free_priority(inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """Numbers of the other direction are free; senders and receivers stand on their sides."""
    taken = nsg("ssh", 199, allow=True, inbound=inbound, sources=("10.9.0.0/16",))
    elsewhere = nsg("other-way", 198, allow=True, inbound=not inbound, sources=("10.9.0.0/16",))
    far: dict[str, Any] = {"sources" if inbound else "destinations": (made.pod_cidr(3),)}
    shut = nsg("shut", 200, inbound=inbound, **far)
    world = _unknown(made.with_rules(healthy("azure", "aab"), shut, taken, elsewhere))
    sides = ["10.42.3.0/24", "10.42.1.0/24 10.42.2.0/24"][:: 1 if inbound else -1]
    assert _mend(world) == (
        "az network nsg rule create --subscription=sub --resource-group=rg --nsg-name=nsg-a "
        f"--name=allow-pods-{'in' if inbound else 'out'} --priority=198 "
        f"--direction={'Inbound' if inbound else 'Outbound'} --access=Allow '--protocol=*' "
        f"--source-address-prefixes {sides[0]} --destination-address-prefixes {sides[1]} "
        "'--destination-port-ranges=*'"
    )


@pytest.mark.parametrize("taken", ["allow-pods-in", "Allow-Pods-In"])
@pytest.mark.parametrize("inbound", [True, False])
def test_a_name_that_is_taken_is_not_given_again(taken: str, inbound: bool) -> None:  # noqa: FBT001 - pytest's
    """`az` would change the rule of that name, in whichever direction it is."""
    mine = nsg(taken, 199, allow=True, inbound=inbound, protocols=("icmp",))
    mend = _mend(made.with_rules(healthy("azure", "aa"), nsg("shut", 200), mine))
    number = 198 if inbound else 199
    assert f"--name=allow-pods-in-{number} --priority={number} " in mend


def test_a_command_never_has_a_priority_of_azures_own_rules() -> None:
    """People's end at 4096; where Azure's own last rule decides, that one is free."""
    world = healthy("azure", "aa")
    rules = tuple(rule for rule in world.fabric.rules if rule.name != "AllowVnetInBound")
    (cause,) = _causes(made.with_fabric(world, rules=rules))
    assert cause.title.startswith("network security group rule DenyAllInBound drops packets in")
    assert "--priority=4096 " in cause.mends[0]


def test_where_there_is_no_room_in_front_only_what_to_do_is_said() -> None:
    """Priorities begin at 100."""
    mend = _mend(made.with_rules(healthy("azure", "aa"), nsg("shut", 100)))
    assert mend == "there is no room before rule shut (number 100): change that rule, or give it a higher number"


def test_where_every_number_is_taken_it_is_said_what_to_do() -> None:
    """Where the list's own end decides, there is no rule to change."""
    world = healthy("aws", "ab")
    entries = [made.entry(A, number, "10.9.0.0/16", allow=True, inbound=True) for number in range(1, 32767)]
    rules = [rule for rule in world.fabric.rules if rule.list != f"acl-of-{A}" or not rule.inbound]
    assert _mend(made.with_fabric(world, rules=(*rules, *entries))) == (
        f"no number is left in network ACL acl-of-{A} on subnet {A} for a rule that lets them through: "
        "take out one that is not needed"
    )


def test_of_several_rules_the_command_stands_before_each() -> None:
    """One rule for all of these pods is enough, and a second one would take its name."""
    rules = (nsg("second", 300, sources=(made.pod_cidr(1),)), nsg("first", 200, sources=(made.pod_cidr(2),)))
    assert "--priority=199 " in _mend(made.with_rules(healthy("azure", "aa"), *rules))


def test_each_family_has_a_command_of_its_own() -> None:
    """Azure takes no mixed ranges in one rule, and no priority twice."""
    four, six = _mends(WORLDS["one deny for both families"])
    assert "--name=allow-pods-in --priority=199" in four
    assert "--name=allow-pods-in-v6 --priority=198" in six
    assert "fd00" not in four
    assert "10.42" not in six


def test_a_route_of_the_name_that_is_wanted_goes_before_it_is_made_again() -> None:
    """On GCE a name can be given once: `create … && delete …` would fail, and `delete` never come."""
    elsewhere = made.next_hop("gce", 1, "a", 4)
    world = made.with_routes(
        healthy("gce", "aaa"), lambda routes: [*routes[:2], replace(routes[2], next_hop=elsewhere)]
    )
    first = _astray_mend(world)
    assert first.index("routes create ") < first.index("routes delete ")
    name = first.split("routes create ")[1].split()[0]
    named = made.with_routes(world, lambda routes: [*routes[:2], replace(routes[2], name=name)])
    second = _astray_mend(named)
    assert second.index(f"routes delete {name} ") < second.index(f"routes create {name} ")


def _astray_mend(world: World) -> str:
    (mend,) = [
        mend
        for cause in reach(world.nodes, world.fabric, cluster="lab").causes
        for mend in cause.mends
        if "routes delete" in mend
    ]
    return mend
