"""The planner's rules, one example each; what holds for every world is in test_plan_properties."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.fabric import Fabric, Instance, Route
from l2bridge_helpers.plan import plan
from tests.builders import (
    CLUSTER,
    address,
    fabric,
    foreign_route,
    instance,
    node_item,
    nodes,
    numbered_fabric,
    numbered_instance,
    numbered_item,
    numbered_nodes,
    own_routes,
    pod_cidr,
)

NODE_1 = numbered_instance(1).id
NODE_2 = numbered_instance(2).id


def _rows(changes: Plan, kind: str = "route") -> list[tuple[str, str]]:
    return [(change.action, change.node) for change in changes if change.kind == kind]


def _done(count: int, *extra: Route, instances: tuple[Instance, ...] = ()) -> Fabric:
    """Return the network in which nodes 1 to `count` are served, with more routes."""
    ready = numbered_fabric(count, forwarding=True)
    routes = own_routes(numbered_nodes(count), ready)
    return fabric(*(instances or ready.instances), routes=[*routes, *extra])


def test_a_new_cluster_needs_forwarding_and_a_route_for_each_node() -> None:
    """Forwarding of all nodes stands before the routes."""
    changes = plan(numbered_nodes(2), numbered_fabric(2), cluster=CLUSTER)
    assert [(change.action, change.kind, change.node) for change in changes] == [
        ("update", "forwarding", "node-1"),
        ("update", "forwarding", "node-2"),
        ("create", "route", "node-1"),
        ("create", "route", "node-2"),
    ]


def test_what_is_in_place_needs_nothing() -> None:
    """A second plan has rows, but none that writes."""
    changes = plan(numbered_nodes(2), _done(2), cluster=CLUSTER)
    assert (len(changes.changes), changes.writes) == (4, ())


def test_the_same_routes_of_another_cluster_are_not_ours() -> None:
    """Two clusters with one pod CIDR in one network cannot both work: a conflict that names the other cluster."""
    ready = numbered_fabric(1, forwarding=True)
    other = own_routes(numbered_nodes(1), ready, cluster="green")
    elsewhere = [replace(route, next_hop=NODE_2) for route in other]
    changes = plan(numbered_nodes(1), fabric(*ready.instances, routes=elsewhere), cluster=CLUSTER)
    assert _rows(changes) == [("conflict", "node-1")]
    assert "made by cluster green" in changes.conflicts[0].reason


@pytest.mark.parametrize("next_hop", [NODE_1, address(1)])
def test_a_foreign_route_to_the_node_satisfies(next_hop: str) -> None:
    """By instance or by address: it does the job, and stays whose it is."""
    network = fabric(numbered_instance(1), routes=[foreign_route(pod_cidr(1), next_hop)])
    assert _rows(plan(numbered_nodes(1), network, cluster=CLUSTER)) == [("none", "node-1")]


@pytest.mark.parametrize(
    ("destination", "priority", "action"),
    [
        (pod_cidr(1), 1000, "conflict"),  # as good as ours: packets would be split
        (pod_cidr(1), 999, "conflict"),  # better than ours: it would win
        (pod_cidr(1), 1001, "create"),  # worse: ours wins
        ("10.42.0.128/25", 65535, "conflict"),  # longer prefix: wins for its half, whatever the priority
        ("10.42.0.0/16", 0, "create"),  # shorter prefix: ours wins
    ],
)
def test_a_foreign_route_elsewhere_is_in_the_way_when_it_would_win(
    destination: str, priority: int, action: str
) -> None:
    """Longest prefix first, then the lower priority number; equals split the traffic."""
    network = fabric(numbered_instance(1), routes=[foreign_route(destination, "10.9.9.9", priority=priority)])
    assert _rows(plan(numbered_nodes(1), network, cluster=CLUSTER)) == [(action, "node-1")]


def test_a_conflict_names_route_owner_next_hop_and_the_command() -> None:
    """The operator can settle it without opening the console."""
    network = fabric(numbered_instance(1), routes=[foreign_route(pod_cidr(1), "10.9.9.9")])
    (row,) = plan(numbered_nodes(1), network, cluster=CLUSTER).conflicts
    assert "route by-hand, made by others, leads 10.42.0.0/24 to 10.9.9.9" in row.reason
    assert "gcloud compute routes delete by-hand --project=lab-project" in row.reason


@pytest.mark.parametrize(("tag", "action"), [("web", "conflict"), ("nobody", "create")])
def test_a_route_for_tagged_machines_counts_where_a_machine_has_the_tag(tag: str, action: str) -> None:
    """A tagged route applies to nobody else."""
    route = replace(foreign_route(pod_cidr(1), "10.9.9.9"), tags=(tag,))
    network = fabric(instance("node-1", address(1), tags=("web",)), routes=[route])
    assert _rows(plan(numbered_nodes(1), network, cluster=CLUSTER)) == [(action, "node-1")]


def test_a_tagged_route_to_the_node_does_not_satisfy() -> None:
    """It would serve the tagged machines only."""
    route = replace(foreign_route(pod_cidr(1), NODE_1), tags=("web",))
    network = fabric(instance("node-1", address(1), tags=("web",)), routes=[route])
    assert _rows(plan(numbered_nodes(1), network, cluster=CLUSTER)) == [("create", "node-1")]


def test_the_route_of_a_node_that_is_gone_is_deleted() -> None:
    """Our mark, a whole node list, and no such node in it."""
    changes = plan(numbered_nodes(2), _done(3), cluster=CLUSTER)
    assert _rows(changes) == [("delete", "node-3"), ("none", "node-1"), ("none", "node-2")]


@pytest.mark.parametrize("also", [[], [node_item("node-9", "10.10.0.99", "10.42.300.0/24")]])
def test_a_list_that_is_empty_or_unreadable_deletes_nothing(also: list[dict[str, object]]) -> None:
    """Who is missing from such a list may still be there."""
    changes = plan(nodes(*also), _done(3), cluster=CLUSTER)
    assert {change.action for change in changes} == {"none"}


def test_a_node_that_lost_its_pod_cidr_for_a_moment_keeps_its_route() -> None:
    """It still exists: nothing of it is deleted."""
    table = nodes(numbered_item(1), node_item("node-2", address(2)))
    changes = plan(table, _done(2), cluster=CLUSTER)
    assert changes.writes == ()


def test_a_changed_pod_cidr_is_a_replacement() -> None:
    """One row: the new range is made before the old one goes."""
    table = nodes(node_item("node-1", address(1), "10.42.7.0/24"))
    (row,) = plan(table, _done(1), cluster=CLUSTER).writes
    assert (row.action, row.before["destination"], row.after["destination"]) == ("update", pod_cidr(1), "10.42.7.0/24")
    assert row.before["name"] != row.after["name"]
    assert row.command.index("routes create") < row.command.index("routes delete")


def test_a_changed_next_hop_is_a_replacement() -> None:
    """The node came back in another zone: same range, other instance, a route of another name."""
    moved = instance("node-1", address(1), zone="europe-west1-c", forwarding=True)
    item = node_item("node-1", address(1), pod_cidr(1), provider_id="gce://lab-project/europe-west1-c/node-1")
    (row,) = plan(nodes(item), _done(1, instances=(moved,)), cluster=CLUSTER).writes
    assert (row.action, row.before["next_hop"], row.after["next_hop"]) == ("update", NODE_1, moved.id)


def test_what_an_interrupted_replacement_left_is_deleted() -> None:
    """Old and new route exist side by side: the old one goes."""
    (made,) = own_routes(numbered_nodes(1), numbered_fabric(1))
    left = replace(made, name=f"{made.name[:-12]}0123456789ab", next_hop="projects/lab-project/zones/z/instances/old")
    changes = plan(numbered_nodes(1), _done(1, left), cluster=CLUSTER)
    assert [(change.action, change.resource) for change in changes.writes] == [("delete", left.name)]


def test_a_name_of_ours_in_other_hands_is_a_conflict() -> None:
    """Someone made a route of just that name: it is looked at, not replaced."""
    (made,) = own_routes(numbered_nodes(1), numbered_fabric(1))
    taken = replace(made, cluster="", node="", description="", destination="10.99.0.0/24")
    network = fabric(numbered_instance(1, forwarding=True), routes=[taken])
    assert _rows(plan(numbered_nodes(1), network, cluster=CLUSTER)) == [("conflict", "node-1")]


def test_two_nodes_with_one_pod_cidr_are_a_conflict_for_both() -> None:
    """Neither gets the route; both are named."""
    table = nodes(numbered_item(1), node_item("node-2", address(2), pod_cidr(1)))
    changes = plan(table, numbered_fabric(2), cluster=CLUSTER)
    assert _rows(changes) == [("conflict", "node-1"), ("conflict", "node-2")]
    assert "node-1, node-2" in changes.conflicts[0].reason


def test_the_last_routes_that_fit_are_made_and_the_rest_are_conflicts() -> None:
    """The limit is known before anything is sent; a replacement needs room for both routes for a moment."""
    network = fabric(*numbered_fabric(3).instances, limit=2)
    assert _rows(plan(numbered_nodes(3), network, cluster=CLUSTER)) == [
        ("conflict", "node-3"),
        ("create", "node-1"),
        ("create", "node-2"),
    ]


def test_an_unknown_limit_limits_nothing() -> None:
    """0 means that the cloud does not say."""
    changes = plan(numbered_nodes(3), fabric(*numbered_fabric(3).instances, limit=0), cluster=CLUSTER)
    assert changes.conflicts == ()


def test_a_dual_stack_node_has_two_routes_and_one_forwarding() -> None:
    """Each address family has its own."""
    ipv6 = "fd20::2"
    item = node_item("node-1", address(1), pod_cidr(1), "fd00:42:1::/64")
    item["status"]["addresses"].append({"type": "InternalIP", "address": ipv6})
    network = fabric(instance("node-1", address(1), ipv6))
    changes = plan(nodes(item), network, cluster=CLUSTER)
    assert [change.kind for change in changes] == ["forwarding", "route", "route"]
    assert [change.after.get("destination") for change in changes][1:] == [pod_cidr(1), "fd00:42:1::/64"]


def test_every_change_carries_the_command_that_does_the_same() -> None:
    """Who may not run this can do it by hand."""
    commands = [change.command for change in plan(numbered_nodes(1), numbered_fabric(1), cluster=CLUSTER)]
    assert "gcloud compute instances update-from-file node-1" in commands[0]
    assert "--most-disruptive-allowed-action=REFRESH" in commands[0]
    assert commands[1].startswith("gcloud compute routes create l2b-blue-node-1-")


def test_routes_of_a_namesake_cluster_are_not_ours() -> None:
    """Many clusters are called `kubernetes`: what lies outside flannel's Network is another one's."""
    ready = numbered_fabric(2, forwarding=True)
    table = nodes(node_item("other-1", address(2), "10.60.1.0/24"), flannel=None)
    (theirs,) = own_routes(table, fabric(instance("other-1", address(2))))
    mine = own_routes(numbered_nodes(1), ready)
    changes = plan(numbered_nodes(1), fabric(*ready.instances, routes=[*mine, theirs]), cluster=CLUSTER)
    assert (changes.writes, changes.own_routes) == ((), 1)


def test_the_route_of_a_pod_cidr_that_a_node_without_instance_holds_stays() -> None:
    """It is not served otherwise; the old route is better than none until the node is mended."""
    lost = node_item("node-9", "10.10.0.99", pod_cidr(2))
    changes = plan(nodes(numbered_item(1), lost), _done(2), cluster=CLUSTER)
    assert [change.action for change in changes if change.kind == "route"] == ["none", "none"]


def test_a_moved_pod_cidr_replaces_nothing_while_the_list_is_not_whole() -> None:
    """The new route is made; the old one waits for a list that can be trusted."""
    table = nodes(node_item("node-1", address(1), "10.42.7.0/24"), node_item("node-9", "10.10.0.99", "nonsense"))
    changes = plan(table, _done(1), cluster=CLUSTER)
    assert [change.action for change in changes.writes] == ["create"]


def test_two_foreign_routes_of_one_priority_satisfy_only_together() -> None:
    """Packets are split between them: one that leads elsewhere spoils both."""
    routes = [
        foreign_route(pod_cidr(1), NODE_1, name="good", priority=1100),
        foreign_route(pod_cidr(1), "10.9.9.9", name="bad", priority=1100),
    ]
    network = fabric(numbered_instance(1), routes=routes)
    assert _rows(plan(numbered_nodes(1), network, cluster=CLUSTER)) == [("create", "node-1")]
