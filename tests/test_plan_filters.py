"""What a plan opens to pods, when the operator wishes it; one rule a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from l2bridge_helpers.changes import Change, Plan, stage
from l2bridge_helpers.clouds.aws_dialect import AwsDialect
from l2bridge_helpers.clouds.gce_dialect import GceDialect
from l2bridge_helpers.fabric import Fabric, Subnet
from l2bridge_helpers.filters import (
    DROP,
    FIREWALL,
    FIREWALL_POLICIES,
    FIREWALL_RULES,
    LETS_IN,
    LETS_IN_LATE,
    Rule,
    fewest,
)
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.placement import place
from l2bridge_helpers.plan import plan
from l2bridge_helpers.plan_filters import closed
from l2bridge_helpers.scope import EVERYTHING, Scope
from l2bridge_helpers.show import shown
from l2bridge_helpers.verify import verify
from tests.aws_values import group_rule, nodes_of, out_rule, vpc
from tests.builders import (
    ALLOW_PODS,
    CLUSTER,
    NETWORK,
    SUBNET,
    address,
    fabric,
    instance,
    node_item,
    nodes,
    numbered_fabric,
    numbered_item,
    numbered_nodes,
    pod_cidr,
)

OPEN = Scope(open_firewall=True)
ALL = "10.42.0.0/16"
WIDE = NetConf("c", "host-gw", ("10.0.0.0/8",))
"""It holds the subnet of the nodes, so that only the pod CIDRs are opened to."""
DENY = replace(ALLOW_PODS, name="deny", allow=False)


def gce(*rules: Rule, count: int = 3, **more: Any) -> Fabric:
    return replace(numbered_fabric(count, forwarding=True), rules=rules, **more)


def planned(network: Fabric, table: pd.DataFrame | None = None, scope: Scope = OPEN) -> Plan:
    return plan(numbered_nodes(3) if table is None else table, network, cluster=CLUSTER, scope=scope)


def rows_of(changes: Plan) -> list[Change]:
    return [row for row in changes if row.kind == "filter"]


def row_of(changes: Plan) -> Change:
    (row,) = rows_of(changes)
    return row


def own(*ranges: str, known: tuple[str, ...] = (ALL,), cluster: str = CLUSTER, **more: Any) -> Rule:
    """Return the rule that an earlier run has left in the network."""
    return replace(GceDialect().opening(cluster, gce(), NETWORK, ranges or (ALL,), known), **more)


def in_group(group: str, *ranges: str, cluster: str = CLUSTER) -> Rule:
    """Return the rule that an earlier run has left in a security group."""
    return AwsDialect().opening(cluster, vpc("a"), group, ranges or (ALL,), ())


# Whether.


def test_nothing_is_opened_unasked() -> None:
    """The default leaves filters alone, whatever they keep out."""
    assert rows_of(planned(gce(), scope=EVERYTHING)) == []


def test_a_network_that_lets_nobody_in_gets_one_rule() -> None:
    """For flannel's Network, in a row that says where it is needed and how to do it by hand."""
    row = row_of(planned(gce()))
    assert (row.action, row.node, row.before) == ("create", "", {})
    assert (row.after["list"], row.after["sources"], row.after["number"]) == (NETWORK, [ALL], 1000)
    assert "node-1, node-2, node-3" in row.reason
    assert row.resource in row.command
    assert row.command.startswith("gcloud compute firewall-rules create")


def test_a_row_says_on_which_machines_it_opens() -> None:
    """A rule without a target is for all of the network, in a Shared VPC for those of all projects."""
    assert row_of(planned(gce())).reason.endswith("; this one opens every machine of network main to them")
    network = gce()
    guests = tuple(
        replace(one, id=one.id.replace("projects/lab-project/", "projects/guest/")) for one in network.instances
    )
    shared = GceDialect().opens(replace(network, instances=guests), NETWORK)
    assert shared == "every machine of network main, in every project that shares it with project lab-project"
    group = rows_of(aws(grouped(("sg-a",), ("sg-a",)), 2))[0]
    assert group.reason.endswith("; this one opens every interface in security group sg-a to them")


@pytest.mark.parametrize("may", [{}, {DROP: ("all",)}, {LETS_IN: ("all",)}, {LETS_IN_LATE: ("all",)}])
def test_a_row_says_that_policies_were_not_judged(may: dict[str, tuple[str, ...]]) -> None:
    """They may let pods in already, or drop them whatever is opened."""
    policy = Unread(FIREWALL_POLICIES, "policy P", may=may)
    row = row_of(planned(gce(unread=(policy,))))
    assert (row.action, "firewall policies were not judged" in row.reason) == ("create", True)
    assert "policies" not in row_of(planned(gce())).reason


def test_what_a_rule_denies_is_not_opened_because_a_policy_may_let_it_in() -> None:
    """A rule behind it would change nothing."""
    policy = Unread(FIREWALL_POLICIES, "policy P", may={LETS_IN: ("all",)})
    assert rows_of(planned(gce(DENY, unread=(policy,)))) == []


@pytest.mark.parametrize(
    "rule",
    [
        ALLOW_PODS,
        replace(ALLOW_PODS, sources=("10.0.0.0/8",)),
        replace(ALLOW_PODS, sources=("10.42.0.0/17", "10.42.128.0/17"), number=65000),
        replace(ALLOW_PODS, protocols=("icmp", "tcp")),
    ],
)
def test_what_others_let_in_is_not_opened_again(rule: Rule) -> None:
    """Whichever rule does it."""
    assert rows_of(planned(gce(rule))) == []


@pytest.mark.parametrize(
    "rule",
    [
        replace(ALLOW_PODS, enabled=False),
        replace(ALLOW_PODS, inbound=False, sources=(), destinations=(ALL,)),
        replace(ALLOW_PODS, sources=(), peers=("node",)),
        replace(ALLOW_PODS, sources=(pod_cidr(1), pod_cidr(2))),
        replace(ALLOW_PODS, on=("other-tag",)),
        replace(ALLOW_PODS, protocols=("tcp:443",)),
        replace(ALLOW_PODS, sources=("10.10.0.0/20",)),
    ],
)
def test_what_does_not_let_all_pods_in_does_not_do(rule: Rule) -> None:
    """A rule that sleeps, looks the other way, selects by tag, or speaks of some pods, machines or ports."""
    assert row_of(planned(gce(rule))).action == "create"


@pytest.mark.parametrize("denial", [DENY, replace(DENY, sources=()), replace(DENY, number=65534)])
def test_who_denies_has_decided(denial: Rule) -> None:
    """Where a rule keeps pods out everywhere, nothing is opened: no rule of ours is to override it."""
    assert rows_of(planned(gce(denial))) == []


def test_a_rule_of_ours_comes_after_every_denial() -> None:
    """One machine is kept apart by a late rule, the others by none: they are opened, and it stays apart."""
    apart = replace(DENY, number=2000, on=("apart",))
    machines = gce().instances
    network = gce(apart, instances=(replace(machines[0], tags=("apart",)), *machines[1:]))
    row = row_of(planned(network))
    assert row.after["number"] == 2000
    assert "node-1" not in row.reason
    after = replace(network, rules=(apart, Rule.from_facts(row.after)))
    assert closed(place(numbered_nodes(3), after).placed, after, 4) == []
    assert row_of(planned(after)).action == "none"


@pytest.mark.parametrize(
    "other", [replace(DENY, number=2000, sources=("192.168.0.0/16",)), replace(DENY, number=2000, inbound=False)]
)
def test_other_denials_do_not_move_it(other: Rule) -> None:
    """Only those that speak of these pods, on the way in."""
    assert row_of(planned(gce(other))).after["number"] == 1000


def test_a_single_node_has_nobody_to_let_in() -> None:
    """Pods of one node do not come through the network."""
    assert rows_of(planned(gce(count=1), numbered_nodes(1))) == []


def test_rules_that_could_not_be_read_open_nothing() -> None:
    """What is not known to be closed is left alone."""
    assert rows_of(planned(gce(unread=(Unread(FIREWALL_RULES, "no permission"),)))) == []


# Which ranges.


@pytest.mark.parametrize(
    ("flannel", "ranges"),
    [
        (NetConf("c", "host-gw", (ALL,)), [ALL]),
        (NetConf("c", "host-gw", ("10.43.0.0/16",)), ["10.42.0.0/23", "10.42.2.0/24"]),
        (NetConf("c", "host-gw", ("10.0.0.0/8",)), ["10.42.0.0/23", "10.42.2.0/24"]),
        (None, ["10.42.0.0/23", "10.42.2.0/24"]),
    ],
    ids=["known", "pods outside", "holds a subnet", "unknown"],
)
def test_ranges_are_flannel_s_or_the_pod_cidrs(flannel: NetConf | None, ranges: list[str]) -> None:
    """Flannel's Network, where it holds every pod CIDR and nothing of the network's."""
    table = nodes(*map(numbered_item, (1, 2, 3)), flannel=flannel)
    assert row_of(planned(gce(), table)).after["sources"] == ranges


def test_a_pod_cidr_that_is_the_network_s_is_never_let_in() -> None:
    """A node that claims every address opens nothing to the world."""
    table = nodes(node_item("node-1", address(1), "0.0.0.0/0"), numbered_item(2), numbered_item(3), flannel=None)
    assert row_of(planned(gce(), table)).after["sources"] == [pod_cidr(2), pod_cidr(3)]


def test_each_family_has_a_rule_of_its_own() -> None:
    """GCE mixes none; what one family has is no matter to the other."""
    items = [node_item(f"node-{one}", address(one), pod_cidr(one), f"fd00:42:{one}::/64") for one in (1, 2)]
    for one, item in enumerate(items, 1):
        item["status"]["addresses"].append({"type": "InternalIP", "address": f"fd00:10::{one}"})
    machines = [instance(f"node-{one}", address(one), f"fd00:10::{one}") for one in (1, 2)]
    four, six = rows_of(planned(fabric(*machines, rules=()), nodes(*items, flannel=None)))
    assert (four.after["sources"], six.after["sources"]) == (
        ["10.42.0.0/23"],
        ["fd00:42:1::/64", "fd00:42:2::/64"],
    )
    assert four.resource != six.resource
    assert [row.after["sources"] for row in rows_of(planned(fabric(*machines), nodes(*items, flannel=None)))] == [
        six.after["sources"]
    ]


# What is there.


def test_what_is_in_place_needs_nothing() -> None:
    """A second plan has a row, but none that writes."""
    row = row_of(planned(gce(own())))
    assert (row.action, row.before, row.after) == ("none", own().facts(), own().facts())


def test_a_rule_of_ours_stays_where_others_let_pods_in_too() -> None:
    """Theirs may be for some ports, or go tomorrow."""
    assert row_of(planned(gce(own(), ALLOW_PODS))).action == "none"


def test_other_ranges_are_one_change_of_ranges() -> None:
    """The rule keeps its name and its place."""
    row = row_of(planned(gce(own(pod_cidr(1), number=1200))))
    assert (row.action, row.before["sources"], row.after["sources"]) == ("update", [pod_cidr(1)], [ALL])
    assert {name for name in row.before if row.before[name] != row.after[name]} == {"sources"}
    assert "--source-ranges=10.42.0.0/16" in row.command


@pytest.mark.parametrize(
    "table",
    [
        nodes(*map(numbered_item, (1, 2)), flannel=None),
        nodes(*map(numbered_item, (1, 2)), node_item("x", address(3), "nonsense"), flannel=WIDE),
    ],
    ids=["namesake", "unreadable"],
)
def test_only_a_whole_list_of_a_known_cluster_narrows(table: pd.DataFrame) -> None:
    """A range may be another cluster's of our name, or of a node that cannot be read."""
    wide = own("10.42.0.0/18", "10.42.64.0/18")
    row = row_of(planned(gce(wide), table))
    assert (row.action, row.after["sources"]) == ("none", list(wide.sources))


def test_a_whole_list_of_a_known_cluster_narrows() -> None:
    """What is left over of a wider rule goes."""
    row = row_of(planned(gce(own()), nodes(*map(numbered_item, (1, 2)), flannel=WIDE)))
    assert (row.action, row.after["sources"]) == ("update", ["10.42.0.0/23"])


def test_without_flannel_s_network_ranges_are_added_to_those_there() -> None:
    """As few as hold both."""
    table = nodes(*map(numbered_item, (1, 2)), flannel=None)
    row = row_of(planned(gce(own("10.42.8.0/24", known=())), table))
    assert row.after["sources"] == ["10.42.0.0/23", "10.42.8.0/24"]


def test_no_nodes_close_nothing() -> None:
    """An empty list says nothing."""
    row = row_of(planned(gce(own()), nodes()))
    assert (row.action, "not whole" in row.reason) == ("none", True)


def test_a_family_that_no_pod_has_any_more_is_closed() -> None:
    """Flannel's Network is known, and the list is whole."""
    six = own("fd00:42::/56", known=("fd00:42::/56",))
    flannel = NetConf("c", "host-gw", (ALL, "fd00:42::/56"))
    table = nodes(*map(numbered_item, (1, 2, 3)), flannel=flannel)
    gone, kept = rows_of(planned(gce(own(), six), table))
    assert (kept.action, gone.action, gone.resource, gone.after) == ("none", "delete", six.name, {})
    assert gone.command.startswith("gcloud compute firewall-rules delete")


def test_a_family_is_not_closed_where_another_cluster_may_be_called_alike() -> None:
    """Flannel's Network is not known: the row says how to close it by hand."""
    six = own("fd00:42::/56", known=())
    table = nodes(*map(numbered_item, (1, 2, 3)), flannel=None)
    rows = {row.resource: row for row in rows_of(planned(gce(own(known=()), six), table))}
    assert rows[six.name].action == "none"
    assert f"firewall-rules delete {six.name}" in rows[six.name].reason


def test_a_second_rule_of_ours_is_left_over() -> None:
    """One made before flannel's Network was known, say."""
    gone, kept = rows_of(planned(gce(own(), own(known=()))))
    assert (kept.action, gone.action) == ("none", "delete")
    assert "left over" in gone.reason


def test_rules_stay_when_the_operator_says_nothing() -> None:
    """A run without open_firewall changes none of ours, and shows them."""
    row = row_of(planned(gce(own("10.42.200.0/24")), scope=EVERYTHING))
    assert (row.action, row.reason[:4], "open_firewall=True" in row.reason) == ("none", "kept", True)


@pytest.mark.parametrize("rule", [own(pod_cidr(1), cluster="green"), own("10.99.0.0/16", known=("10.99.0.0/16",))])
def test_rules_of_others_are_left_alone(rule: Rule) -> None:
    """Another cluster's, and a namesake's with other ranges than flannel's."""
    assert [(row.action, row.resource == rule.name) for row in rows_of(planned(gce(rule)))] == [("create", False)]


def test_a_rule_called_as_ours_that_is_not_is_a_conflict() -> None:
    """It is neither changed nor taken for ours."""
    stranger = replace(own("192.168.0.0/16"), cluster="", description="by hand")
    row = row_of(planned(gce(stranger)))
    assert (row.action, row.resource) == ("conflict", stranger.name)


@pytest.mark.parametrize(
    ("more", "what"), [({"enabled": False}, "enabled"), ({"allow": False}, "allow"), ({"on": ("web",)}, "on")]
)
def test_a_rule_of_ours_that_somebody_changed_is_a_conflict(more: dict[str, Any], what: str) -> None:
    """Whoever did it had a reason; the row says what was changed and how to delete the rule."""
    row = row_of(planned(gce(own(**more))))
    assert row.action == "conflict"
    assert f"({what})" in row.reason
    assert "firewall-rules delete" in row.reason


# Security groups.


def aws(network: Fabric, count: int = 3, scope: Scope = OPEN) -> Plan:
    return plan(nodes_of(count), network, cluster=CLUSTER, scope=replace(scope, routes=False))


def grouped(*groups: tuple[str, ...], rules: tuple[Rule, ...] = ()) -> Fabric:
    """Return a VPC whose nodes are in these groups."""
    network = vpc(*("a" for _ in groups))
    machines = [
        replace(one, nics=(replace(one.nics[0], filters=names),))
        for one, names in zip(network.instances, groups, strict=True)
    ]
    return replace(network, instances=tuple(machines), rules=rules)


def test_as_few_groups_as_serve_all_are_opened() -> None:
    """The one that most closed nodes are in; of equals the first by name."""
    network = grouped(("sg-a", "sg-x"), ("sg-b", "sg-x"), ("sg-c", "sg-d"))
    assert [(row.action, row.resource) for row in rows_of(aws(network))] == [
        ("create", "sg-x IPv4"),
        ("create", "sg-c IPv4"),
    ]


def test_groups_that_are_open_are_left_alone() -> None:
    """Rules of all groups of an interface add up."""
    network = grouped(("sg-a", "sg-x"), ("sg-b",), ("sg-b",), rules=(group_rule("sg-x", ALL), out_rule("sg-b")))
    assert [row.resource for row in rows_of(aws(network))] == ["sg-b IPv4"]


@pytest.mark.parametrize("peer", ["sg-a", "pl-1"])
def test_a_rule_that_names_a_group_or_a_prefix_list_is_no_certainty(peer: str) -> None:
    """Whether it matches pods is contested, or not read: the pod CIDRs are let in as well."""
    network = grouped(("sg-a",), ("sg-a",), rules=(group_rule("sg-a", peers=(peer,)),))
    assert row_of(aws(network, 2)).action == "create"


def test_a_group_that_was_opened_stays_the_one() -> None:
    """More nodes in another group do not move the rule."""
    network = grouped(("sg-a", "sg-x"), ("sg-b", "sg-x"), ("sg-b",), rules=(in_group("sg-a"),))
    assert [(row.action, row.resource) for row in rows_of(aws(network))] == [
        ("create", "sg-b IPv4"),
        ("none", "sg-a IPv4"),
    ]


def test_a_group_that_no_node_is_in_any_more_is_closed() -> None:
    """What was opened for nodes that are gone."""
    network = grouped(("sg-a",), ("sg-a",), rules=(in_group("sg-a"), in_group("sg-old")))
    assert [(row.action, row.resource) for row in rows_of(aws(network, 2))] == [
        ("delete", "sg-old IPv4"),
        ("none", "sg-a IPv4"),
    ]


def test_a_range_that_others_have_put_there_is_not_added_again() -> None:
    """EC2 holds a range of a group once, whoever added it."""
    flannel = None
    items = [node_item(f"node-{one}", f"10.0.0.{one}", f"10.42.{one}.0/24", provider_id="") for one in (1, 2, 3)]
    network = grouped(("sg-a",), ("sg-a",), ("sg-a",), rules=(group_rule("sg-a", "10.42.1.0/24"),))
    row = row_of(plan(nodes(*items, flannel=flannel), network, cluster=CLUSTER, scope=OPEN))
    assert row.after["sources"] == ["10.42.2.0/23"]


def test_an_update_of_a_group_adds_and_removes_ranges() -> None:
    """Only what differs."""
    row = row_of(aws(grouped(("sg-a",), ("sg-a",), rules=(in_group("sg-a", "10.42.1.0/24", "10.42.9.0/24"),)), 2))
    assert (row.action, row.after["sources"]) == ("update", [ALL])
    added, gone = row.command.split(" && ")
    assert (ALL in added, "10.42.1.0/24" in gone, "10.42.9.0/24" in gone) == (True, True, True)


def test_a_cluster_s_name_that_fits_no_mark_is_a_conflict() -> None:
    """The parameter is named."""
    changes = plan(nodes_of(2), vpc("a", "a"), cluster="é" * 40, scope=replace(OPEN, routes=False))
    row = row_of(changes)
    assert (row.action, "parameter cluster" in row.reason) == ("conflict", True)


@pytest.mark.parametrize(
    ("choices", "names"),
    [
        ([], []),
        ([()], []),
        ([("a", "b"), ("b",)], ["b"]),
        ([("b", "a"), ("a", "b")], ["a"]),
        ([("a", "c"), ("b", "c"), ("b", "d"), ("d",)], ["b", "a", "d"]),
    ],
)
def test_few_names_serve_every_choice(choices: list[tuple[str, ...]], names: list[str]) -> None:
    """Most first; the order of the choices has no say."""
    assert fewest(choices) == names
    assert fewest(choices[::-1]) == names


# The plan as a whole.


def test_openings_stand_with_the_nodes_and_closings_after() -> None:
    """A rule is there before anybody needs it, and goes when nobody does."""
    changes = planned(gce(), scope=OPEN)
    assert stage(row_of(changes)) == stage(next(row for row in changes if row.kind == "route"))
    kinds = [row.kind for row in changes.writes]
    assert kinds.index("filter") < kinds.index("route")
    gone = Change("delete", "filter", "x", "", own().facts(), {}, "")
    assert stage(gone) > stage(row_of(changes))


def test_the_summary_counts_what_is_opened_and_closed() -> None:
    """Groups are counted once, whatever families they are opened to; a whole network is named."""
    assert planned(gce()).summary().endswith("open 1 firewall rule to the pod CIDRs on every machine of network main")
    network = grouped(("sg-a",), ("sg-b",), rules=(in_group("sg-old"),))
    told = aws(network, 2).summary()
    assert "open 2 security groups to the pod CIDRs, close 1 security group to the pod CIDRs" in told


def test_a_plan_with_filters_is_saved_and_loaded(tmp_path: Any) -> None:
    """Facts are plain data: the rule comes back whole."""
    changes = planned(gce())
    changes.save(tmp_path / "plan.json")
    loaded = Plan.load(tmp_path / "plan.json")
    assert (loaded.hash, loaded) == (changes.hash, changes)
    assert json.loads(json.dumps(own().facts())) == own().facts()
    assert Rule.from_facts(own().facts()) == own()


def test_a_row_shows_the_ranges() -> None:
    """Nothing, then from where."""
    text = shown(planned(gce())).text
    line = next(line for line in text.splitlines() if " filter " in line)
    assert line.split("  ")[0] == "create"
    assert "—" in line
    assert f"from {ALL}" in line


@pytest.mark.parametrize(
    "network", [gce(), grouped(("sg-a",), ("sg-b",), ("sg-b",), rules=(in_group("sg-old"),))], ids=["gce", "aws"]
)
def test_a_plan_carried_out_leaves_nothing_to_do(network: Fabric) -> None:
    """Foreseen, it is as a fresh read would show it: verified, and a new plan writes no filters."""
    table = numbered_nodes(3) if network.platform == "gce" else nodes_of(3)
    scope = OPEN if network.platform == "gce" else replace(OPEN, routes=False)
    changes = plan(table, network, cluster=CLUSTER, scope=scope)
    after = foresee(network, changes)
    assert verify(changes, network, after).wrong == ()
    assert plan(table, after, cluster=CLUSTER, scope=scope).writes == ()
    assert closed(place(table, after).placed, after, 4) == []


# Verify.


def _without(rule: Rule) -> tuple[Rule, ...]:
    del rule
    return ()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_without, "no such rule"),
        (lambda rule: (replace(rule, sources=("10.42.1.0/24",)),), "lets 10.42.1.0/24 in"),
        (lambda rule: (replace(rule, enabled=False),), "differs in enabled"),
    ],
)
def test_what_a_fresh_read_does_not_show_is_wrong(spoil: Callable[[Rule], tuple[Rule, ...]], found: str) -> None:
    """The rule is as it was asked for, in every part."""
    network = gce()
    changes = planned(network)
    after = foresee(network, changes)
    (made,) = after.rules
    (wrong,) = verify(changes, network, replace(after, rules=spoil(made))).wrong
    assert (wrong.object, found in wrong.found) == (made.name, True)


def test_a_closing_that_did_not_happen_is_wrong() -> None:
    """The rule has to be gone."""
    network = grouped(("sg-a",), ("sg-a",), rules=(in_group("sg-a"), in_group("sg-old")))
    changes = aws(network, 2)
    assert [check.object for check in verify(changes, network, network).wrong] == ["sg-old IPv4"]
    assert verify(changes, network, foresee(network, changes)).wrong == ()


def test_our_own_rule_is_not_somebody_else_s_work() -> None:
    """What others add meanwhile is a note; what we add is none."""
    network = gce()
    changes = planned(network)
    after = foresee(network, changes)
    other = replace(ALLOW_PODS, name="new")
    notes = [
        check.object
        for check in verify(changes, network, replace(after, rules=(*after.rules, other)))
        if check.verdict == "note"
    ]
    assert notes == [f"filter rule {other.id}"]


def test_a_platform_without_such_rules_opens_nothing() -> None:
    """The parameter is GCE's and AWS's."""
    network = Fabric("azure", "s/g/main", subnets=(Subnet(SUBNET, ("10.10.0.0/20",)),))
    assert rows_of(planned(network)) == []
    assert own().kind == FIREWALL
