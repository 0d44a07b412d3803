"""open_firewall from the plan to a fresh read, through the real SDKs, against the lab."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from l2bridge_helpers import reach
from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.aws_ledger import note
from l2bridge_helpers.filters import DROP, FIREWALL_POLICIES, LETS_IN_LATE
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.worlds.aws_build import aws_id
from tests.gcloud import Gcloud, needs_gcloud
from tests.runs import Run, errors_of, remove_node

PODS = "10.42.0.0/16"
EDGE, CONTROL, WORKERS = (aws_id("sg", name) for name in ("edge", "control", "workers"))
ASKED = {"gce": {"open_firewall": True}, "aws": {"open_firewall": True, "routes": True}}


@pytest.fixture(params=["gce", "aws"])
def closed(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(world(f"{request.param}-closed")) as lab:
        yield lab


@pytest.fixture
def gce() -> Iterator[Lab]:
    with Lab(world("gce-closed")) as lab:
        yield lab


@pytest.fixture
def aws() -> Iterator[Lab]:
    with Lab(world("aws-closed")) as lab:
        yield lab


def run_on(lab: Lab, **changed: Any) -> Run:
    return Run(lab, {**ASKED[lab.platform], **changed})


def filters_of(run: Run) -> list[Change]:
    return [row for row in run.changes.writes if row.kind == "filter"]


def opened(lab: Lab) -> Run:
    """Return a run after its plan was carried out in full."""
    run = run_on(lab)
    assert run.apply().failed == ()
    return run


def held(lab: Lab) -> Any:
    """Return what the world's filters are now."""
    collections = ("firewalls", "SecurityGroups", "NetworkAcls")
    return copy.deepcopy({name: lab.world.resources[name] for name in collections if name in lab.world.resources})


def rule_in(lab: Lab) -> dict[str, Any]:
    """Return the firewall rule of ours."""
    return next(rule for rule in lab.world.cloud("firewalls") if rule["name"].startswith("l2b-"))


def group_in(lab: Lab, group: str) -> dict[str, Any]:
    return next(one for one in lab.world.cloud("SecurityGroups") if one["GroupId"] == group)


def ranges_in(lab: Lab, group: str) -> list[tuple[str, str]]:
    """Return the ranges that a group lets everything in from, with their descriptions."""
    entries = [entry for entry in group_in(lab, group)["IpPermissions"] if entry["IpProtocol"] == "-1"]
    return [(one["CidrIp"], one.get("Description", "")) for entry in entries for one in entry["IpRanges"]]


# Both.


def test_what_is_opened_is_there_and_a_new_plan_is_empty(closed: Lab) -> None:
    """Carried out, proved by a fresh read, and nothing is left to do."""
    run = run_on(closed)
    results = run.apply()
    assert (results.failed, filters_of(run) != []) == ((), True)
    proof = run.proof(results)
    assert [(check.verdict, check.object) for check in proof if check.verdict != "ok"] == [("note", "reachability")]
    assert run_on(closed).changes.writes == ()


def test_what_a_rule_keeps_out_stays_out(closed: Lab) -> None:
    """After the apply nothing is left in the way but what somebody's rules say."""
    opened(closed)
    run = run_on(closed)
    found = reach(run.nodes, run.fabric)
    denials = {"gce": "firewall rule apart-", "aws": "network ACL rule 90"}[closed.platform]
    assert found.blocked > 0
    assert [cause.title for cause in found.causes if not cause.title.startswith(denials)] == []


def test_rules_of_others_are_not_touched(closed: Lab) -> None:
    """Every rule that was there is there as it was."""
    before = held(closed)
    opened(closed)
    if closed.platform == "gce":
        rules = closed.world.cloud("firewalls")
        assert [rule for rule in rules if not rule["name"].startswith("l2b-")] == before["firewalls"]
        return
    mine = note("lab")
    for group in closed.world.cloud("SecurityGroups"):
        for entry in group["IpPermissions"]:
            entry["IpRanges"] = [one for one in entry["IpRanges"] if one.get("Description") != mine]
        kinds = ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds")
        group["IpPermissions"] = [one for one in group["IpPermissions"] if any(one.get(kind) for kind in kinds)]
    assert held(closed) == before


@pytest.mark.parametrize("mode", ["plan", "check"])
def test_planning_writes_nothing(closed: Lab, mode: str) -> None:
    """Asking for permissions counts as reading."""
    assert filters_of(run_on(closed, mode=mode)) != []
    assert closed.writes == []


def test_without_the_wish_filters_are_left_alone(closed: Lab) -> None:
    """Whatever else is applied; and what an earlier run has opened is shown and stays."""
    before = held(closed)
    assert run_on(closed, open_firewall=False).apply().failed == ()
    assert held(closed) == before
    opened(closed)
    after = held(closed)
    again = run_on(closed, open_firewall=False)
    assert again.apply().failed == ()
    assert held(closed) == after
    kept = [row for row in again.changes if row.kind == "filter"]
    assert kept
    assert {(row.action, row.reason[:4]) for row in kept} == {("none", "kept")}


def test_an_answer_lost_after_the_work_was_done_doubles_nothing(closed: Lab) -> None:
    """The change is there once, and counts as applied."""
    run = run_on(closed)
    if closed.platform == "gce":
        closed.gce.faults.add(("POST", "global/firewalls$"), when="after", drop=True)
    else:
        lost = lambda request: request.action == "AuthorizeSecurityGroupIngress"  # noqa: E731 - a matcher
        closed.aws.faults.add(lost, when="after", drop=True)
    assert run.apply().failed == ()
    assert run_on(closed).changes.writes == ()


def test_undoing_by_the_row_s_other_side_leaves_what_was_there(closed: Lab) -> None:
    """A row holds all that it takes to put things back."""
    before = held(closed)
    run = opened(closed)
    for row in filters_of(run):
        back = Change("delete", "filter", row.resource, "", row.after, row.before, "undo")
        run.cloud.send([back])
    assert held(closed) == before


def test_what_is_done_already_is_success(closed: Lab) -> None:
    """Sent again, a change, an opening and a closing write nothing more."""
    run = opened(closed)
    for row in filters_of(run):
        narrow = Change("update", "filter", row.resource, "", row.after, {**row.after, "sources": ["10.42.0.0/24"]}, "")
        gone = Change("delete", "filter", row.resource, "", narrow.after, {}, "")
        for change in (row, narrow, gone):
            for _ in range(2):
                run.cloud.send([change])
    after = len(closed.writes)
    for row in filters_of(run):
        run.cloud.send([Change("delete", "filter", row.resource, "", row.after, {}, "")])
    assert len(closed.writes) == after


# GCE.


def test_the_rule_is_one_of_the_network_s_own(gce: Lab) -> None:
    """All protocols from flannel's Network, for every machine, after what keeps one node apart."""
    opened(gce)
    rule = rule_in(gce)
    assert (rule["sourceRanges"], rule["allowed"]) == ([PODS], [{"IPProtocol": "all"}])
    assert (rule["direction"], rule["priority"], rule["disabled"]) == ("INGRESS", 1200, False)
    assert "targetTags" not in rule


def test_in_a_shared_vpc_the_rule_is_in_the_host_project() -> None:
    """Where the network is."""
    with Lab(world("gce-shared-vpc")) as lab:
        rules = lab.world.cloud("firewalls")
        rules[:] = [rule for rule in rules if rule["name"] != "allow-pods"]
        opened(lab)
        assert "projects/l2bridge-host/global/firewalls/" in rule_in(lab)["selfLink"]


def test_each_family_gets_a_rule() -> None:
    """By the SDK, which takes no mixed ranges."""
    with Lab(world("gce-dual-stack")) as lab:
        rules = lab.world.cloud("firewalls")
        rules[:] = [rule for rule in rules if rule["name"] == "allow-nodes"]
        opened(lab)
        ours = [rule["sourceRanges"] for rule in rules if rule["name"].startswith("l2b-")]
        assert sorted(ours) == [[PODS], ["fd00:10:42::/56"]]
        assert run_on(lab).changes.writes == ()


def test_a_rule_that_is_gone_is_drift(gce: Lab) -> None:
    """It is made again."""
    opened(gce)
    gce.world.cloud("firewalls").remove(rule_in(gce))
    assert [row.action for row in filters_of(run_on(gce))] == ["create"]


def test_other_ranges_are_patched_and_nothing_else(gce: Lab) -> None:
    """One request, with the ranges alone."""
    opened(gce)
    rule_in(gce)["sourceRanges"] = ["10.42.0.0/24"]
    rule_in(gce)["logConfig"] = {"enable": True}
    opened(gce)
    (patch,) = [request for request in gce.writes if request.method == "PATCH"]
    name = rule_in(gce)["name"]
    assert patch.body == {"name": name, "sourceRanges": [PODS]}
    assert (rule_in(gce)["sourceRanges"], rule_in(gce)["logConfig"]) == ([PODS], {"enable": True})


@pytest.mark.parametrize("field", ["sourceRanges", "description"])
def test_a_rule_that_changed_since_the_plan_is_left_alone(gce: Lab, field: str) -> None:
    """The error names it; whoever changed it is not overridden."""
    opened(gce)
    rule_in(gce)["sourceRanges"] = ["10.42.0.0/24"]
    run = run_on(gce)
    rule = rule_in(gce)
    rule[field] = ["10.42.1.0/24"] if field == "sourceRanges" else "mine now"
    before = copy.deepcopy(rule)
    (error,) = errors_of(run.apply())
    assert (rule["name"] in error, "no longer the one that was read" in error) == (True, True)
    assert rule == before


def test_a_taken_name_is_success_only_for_the_very_same_rule(gce: Lab) -> None:
    """A 409 is looked into."""
    run = run_on(gce)
    (row,) = filters_of(run)
    taken = copy.deepcopy(gce.world.cloud("firewalls")[0])
    link = f"{taken['selfLink'].rpartition('/')[0]}/{row.resource}"
    gce.world.cloud("firewalls").append({**taken, "id": "77", "name": row.resource, "selfLink": link})
    (error,) = errors_of(run.apply())
    assert f"could not create firewall rule {row.resource}" in error


def test_the_same_rule_made_meanwhile_is_success(gce: Lab) -> None:
    """By a run that broke off, say."""
    first, second = run_on(gce), run_on(gce)
    assert first.apply().failed == ()
    assert [error for error in errors_of(second.apply()) if "firewall" in error] == []


@pytest.mark.parametrize("permission", ["compute.firewalls.create", "compute.networks.updatePolicy"])
def test_a_missing_permission_fails_the_rule_alone(gce: Lab, permission: str) -> None:
    """It is named; the nodes are served as far as they can be."""
    run = run_on(gce)
    gce.gce.denied_permissions |= {permission}
    results = run.apply()
    (error,) = [result.error for result in results.failed if result.change.kind == "filter"]
    assert permission in error
    assert [result.outcome for result in results if result.change.kind == "forwarding"] == ["applied"] * 6


def test_a_full_quota_is_told_by_its_name(gce: Lab) -> None:
    """The operation's error is the row's."""
    run = run_on(gce)
    for project in gce.world.cloud("projects"):
        next(item for item in project["quotas"] if item["metric"] == "FIREWALLS")["limit"] = 4
    (error,) = errors_of(run.apply())
    assert "FIREWALLS" in error


_EFFECTIVE = "firewallPolicies/getEffectiveFirewalls"
POLICY = {
    "name": "1729",
    "shortName": "company",
    "type": "HIERARCHY",
    "rules": [{"priority": 10, "action": "deny", "direction": "INGRESS", "match": {"srcIpRanges": ["10.0.0.0/8"]}}],
}


def test_policies_that_may_drop_pods_leave_nothing_proven(gce: Lab) -> None:
    """They are told of by name, and no pair is said to reach."""
    opened(gce)
    gce.world.cloud("firewallPolicys").append(POLICY)
    run = run_on(gce)
    (unread,) = run.fabric.unread
    assert (unread.what, "company" in unread.why) == (FIREWALL_POLICIES, True)
    found = reach(run.nodes, run.fabric)
    assert (found.reaching, found.unproven > 0) == (0, True)


@pytest.mark.parametrize(
    ("permission", "what"),
    [
        ("compute.networks.getEffectiveFirewalls", "hierarchical firewall policies"),
        ("compute.networks.getRegionEffectiveFirewalls", "firewall policies of region europe-west1"),
    ],
)
def test_policies_that_may_not_be_read_are_a_warning_only(gce: Lab, permission: str, what: str) -> None:
    """Most networks have none: what is known stands."""
    opened(gce)
    gce.gce.denied_permissions |= {permission}
    run = run_on(gce)
    assert [unread.what for unread in run.fabric.unread] == [what]
    assert permission in run.fabric.unread[0].why
    assert reach(run.nodes, run.fabric).reaching > 0


def test_a_network_that_is_let_in_by_a_policy_alone_is_not_called_shut(gce: Lab) -> None:
    """As Google recommends it: no VPC rule lets anybody in, and a policy of the nodes' region may."""
    allow = {"priority": 10, "action": "allow", "direction": "INGRESS", "match": {"srcIpRanges": ["10.0.0.0/8"]}}
    policy = {"name": "local", "type": "NETWORK_REGIONAL", "rules": [allow]}
    gce.world.cloud("europe-west1/firewallPolicys").append(policy)
    run = run_on(gce)
    assert [(part.what, part.may) for part in run.fabric.unread] == [(FIREWALL_POLICIES, {LETS_IN_LATE: ("all",)})]
    (row,) = filters_of(run)
    assert "firewall policies were not judged" in row.reason
    assert run.apply().failed == ()
    after = run_on(gce)
    assert reach(after.nodes, after.fabric).reaching > 0


def test_the_nodes_regions_are_asked_for_their_policies(gce: Lab) -> None:
    """Once each, and no others."""
    run_on(gce)
    asked = [request.path for request in gce.requests if "firewallPolicies" in request.path]
    assert asked == [f"/compute/v1/projects/{gce.parameters['project']}/regions/europe-west1/{_EFFECTIVE}"]


def test_a_network_that_asks_its_policies_first_is_told_so(gce: Lab) -> None:
    """Then a policy of its own decides before the VPC rules do."""
    opened(gce)
    gce.world.cloud("firewallPolicys").append({**POLICY, "type": "NETWORK"})
    assert run_on(gce).fabric.unread == ()
    gce.world.cloud("networks")[0]["networkFirewallPolicyEnforcementOrder"] = "BEFORE_CLASSIC_FIREWALL"
    assert [part.may for part in run_on(gce).fabric.unread] == [{DROP: ("all",)}]


@needs_gcloud
def test_the_command_of_the_row_does_what_the_row_does(gce: Lab, tmp_path: Any) -> None:
    """Run by the real gcloud, the rule is ours, and nothing is left to open."""
    gcloud = Gcloud(gce, tmp_path)
    for row in filters_of(run_on(gce)):
        gcloud.shell(row.command)
    assert filters_of(run_on(gce)) == []


# AWS.


def test_only_groups_that_nodes_are_in_are_opened_by_marked_ranges(aws: Lab) -> None:
    """One range each, with the description by which it is ours."""
    opened(aws)
    assert [ranges_in(aws, group) for group in (EDGE, CONTROL, WORKERS)] == [[(PODS, note("lab"))]] * 3


def test_a_group_closed_by_hand_is_drift(aws: Lab) -> None:
    """It is opened again, alone."""
    opened(aws)
    entries = group_in(aws, EDGE)["IpPermissions"]
    entries[:] = [entry for entry in entries if entry["IpProtocol"] != "-1"]
    assert [(row.action, row.resource) for row in filters_of(run_on(aws))] == [("create", f"{EDGE} IPv4")]


def test_a_group_that_nodes_have_left_is_closed(aws: Lab) -> None:
    """Found by its mark, although no interface of a node names it; its other rules stay."""
    ssh = copy.deepcopy(group_in(aws, EDGE)["IpPermissions"])
    opened(aws)
    for nic in aws.world.cloud("NetworkInterfaces"):
        nic["Groups"] = [{"GroupName": "workers", "GroupId": WORKERS}]
    run = run_on(aws)
    assert {(row.action, row.resource) for row in filters_of(run)} == {
        ("delete", f"{EDGE} IPv4"),
        ("delete", f"{CONTROL} IPv4"),
    }
    assert run.apply().failed == ()
    assert [entry for entry in group_in(aws, EDGE)["IpPermissions"] if any(entry["IpRanges"])] == ssh
    assert run_on(aws).changes.writes == ()


def test_other_ranges_are_added_before_the_old_ones_go(aws: Lab) -> None:
    """No gap; the ranges of others stay."""
    opened(aws)
    (entry,) = [one for one in group_in(aws, EDGE)["IpPermissions"] if one["IpProtocol"] == "-1"]
    entry["IpRanges"] = [
        {"CidrIp": "172.16.0.0/12", "Description": "office"},
        {"CidrIp": "10.42.0.0/24", "Description": note("lab")},
    ]
    sent = len(aws.writes)
    opened(aws)
    assert [request.action for request in aws.writes[sent:]] == [
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
    ]
    assert ranges_in(aws, EDGE) == [("172.16.0.0/12", "office"), (PODS, note("lab"))]


def test_a_group_that_changed_since_the_plan_is_left_alone(aws: Lab) -> None:
    """The error names it."""
    run = run_on(aws)
    group_in(aws, EDGE)["IpPermissions"].append(
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.42.7.0/24", "Description": note("lab")}]}
    )
    (error,) = errors_of(run.apply())
    assert (EDGE in error, "no longer the one that was read" in error) == (True, True)


def test_a_range_that_somebody_adds_meanwhile_is_not_taken_for_ours(aws: Lab) -> None:
    """EC2 says it is a duplicate; a fresh read says whose it is."""
    run = run_on(aws)
    group_in(aws, EDGE)["IpPermissions"].append({"IpProtocol": "-1", "IpRanges": [{"CidrIp": PODS}]})
    (error,) = errors_of(run.apply())
    assert (EDGE in error, PODS in error, "somebody else" in error) == (True, True, True)


def test_a_missing_permission_is_known_before_the_first_write(aws: Lab) -> None:
    """EC2 is asked; without the wish it is not."""
    aws.aws.denied_actions.add("ec2:AuthorizeSecurityGroupIngress")
    assert [denied.action for denied in run_on(aws).fabric.denied] == ["ec2:AuthorizeSecurityGroupIngress"]
    assert run_on(aws, open_firewall=False).fabric.denied == ()
    assert aws.writes == []


def test_a_full_group_is_told(aws: Lab) -> None:
    """By EC2's own words; one group's failure keeps no other from being tried."""
    run = run_on(aws)
    aws.aws.rules_per_group = 0
    results = run.apply()
    failed = [result for result in results.failed if result.change.kind == "filter"]
    assert [result.outcome for result in failed] == ["failed"] * 3
    assert all("RulesPerSecurityGroupLimitExceeded" in str(result.error) for result in failed)


def test_nothing_is_closed_while_what_takes_its_place_is_not_open(aws: Lab) -> None:
    """The nodes have moved to another group, which could not be opened: the old one stays open."""
    opened(aws)
    groups = aws.world.cloud("SecurityGroups")
    groups.append({**copy.deepcopy(group_in(aws, EDGE)), "GroupId": aws_id("sg", "new"), "IpPermissions": []})
    for nic in aws.world.cloud("NetworkInterfaces"):
        if nic["Groups"][0]["GroupId"] == EDGE:
            nic["Groups"] = [{"GroupName": "new", "GroupId": aws_id("sg", "new")}]
    run = run_on(aws)
    aws.aws.rules_per_group = 0
    results = [result for result in run.apply() if result.change.kind == "filter"]
    assert [(result.change.action, result.outcome) for result in results] == [
        ("create", "failed"),
        ("delete", "skipped"),
    ]
    assert ranges_in(aws, EDGE) == [(PODS, note("lab"))]


def test_a_node_that_leaves_closes_nothing(aws: Lab) -> None:
    """The others still need the range."""
    opened(aws)
    remove_node(aws, "node-5")
    assert filters_of(run_on(aws)) == []
