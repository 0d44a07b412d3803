"""What holds for every plan, whatever the world."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.placement import Placed, place
from l2bridge_helpers.plan import plan
from tests.builders import rerouted
from tests.model_cloud import carry_out, leads_to, probes, steps, winners
from tests.worlds_of_nodes import CLUSTER, World, worlds

many = settings(max_examples=100)


def _plan(world: World) -> Plan:
    return plan(world.nodes, world.fabric, cluster=CLUSTER)


def _served(spot: Placed, fabric: Fabric) -> bool:
    """Whether every machine's packets to the pod CIDR go to its node, and nowhere else."""
    for sender in fabric.instances:
        for address in probes(fabric, spot.row.routeDestination):
            routes = winners(fabric, sender, address)
            if not routes or not all(leads_to(route, spot.instance) for route in routes):
                return False
    return True


def _kept(changes: Plan) -> set[str]:
    """The destinations of our routes that only a whole node list could delete."""
    return {change.after["destination"] for change in changes if change.reason.startswith("kept")}


def _conflicting(changes: Plan) -> set[str]:
    return {change.after["destination"] for change in changes.conflicts}


@many
@given(worlds())
def test_an_applied_plan_leads_every_pod_cidr_to_its_node(world: World) -> None:
    """What is no conflict is served after the plan: forwarding on, and every winning route leads to the node."""
    changes = _plan(world)
    after = carry_out(changes, world.fabric)
    for spot in place(world.nodes, world.fabric).placed:
        machine = {one.id: one for one in after.instances}[spot.instance.id]
        assert all(nic.forwarding for nic in machine.nics)
        if spot.row.routeDestination not in _conflicting(changes) | _kept(changes):
            assert _served(spot, after)


@many
@given(worlds())
def test_planning_again_yields_nothing(world: World) -> None:
    """An applied plan leaves nothing to do; conflicts stay conflicts."""
    changes = _plan(world)
    again = plan(world.nodes, carry_out(changes, world.fabric), cluster=CLUSTER)
    assert [change for change in again.writes if change.action != "delete"] == []
    assert _conflicting(changes) == _conflicting(again)
    assert again.writes == ()


@many
@given(worlds())
def test_foreign_routes_are_untouched(world: World) -> None:
    """A route without our mark, and one of another cluster, is never changed or deleted."""
    changes = _plan(world)
    foreign = {route.name: route for route in world.fabric.routes if route.cluster != CLUSTER}
    after = {route.name: route for route in carry_out(changes, world.fabric).routes}
    assert {name: after[name] for name in foreign} == foreign
    assert not {change.before.get("name") for change in changes.writes} & set(foreign)


@many
@given(worlds())
def test_a_pod_cidr_that_is_served_is_served_at_every_step(world: World) -> None:
    """Nothing that works stops working while the plan is carried out, not even between two requests."""
    placed = place(world.nodes, world.fabric).placed
    working = [spot for spot in placed if _served(spot, world.fabric)]
    for fabric in steps(_plan(world), world.fabric):
        for spot in working:
            assert any(leads_to(route, spot.instance) for route in winners(fabric, spot.instance, _first(spot)))
            assert _served(spot, fabric)


@many
@given(worlds())
def test_a_node_list_that_is_empty_or_not_whole_deletes_nothing(world: World) -> None:
    """One unreadable pod CIDR is enough: who is missing from such a list may still be there."""
    rows = node_rows(world.nodes)
    whole = bool(rows) and all(row.network or not row.routeDestination for row in rows)
    if not whole:
        assert [change for change in _plan(world) if change.action == "delete"] == []


@many
@given(worlds())
def test_a_route_of_a_node_that_exists_is_deleted_only_when_another_serves_or_its_cidr_moved(world: World) -> None:
    """A node that has lost its instance or its pod CIDR for the moment keeps its route."""
    rows = node_rows(world.nodes)
    changes = _plan(world)
    staying = [change for change in changes if change.kind == "route" and change.action in ("create", "update", "none")]
    serving = {change.after["destination"] for change in staying}
    for change in changes:
        cidrs = {row.routeDestination for row in rows if row.nodeName == change.node}
        if change.action == "delete" and cidrs:
            destination = change.before["destination"]
            assert destination in serving or (destination not in cidrs and "" not in cidrs)


@many
@given(worlds(), st.randoms(use_true_random=False))
def test_the_same_world_in_another_order_gives_the_same_plan(world: World, chance: random.Random) -> None:
    """The order of the API's answers decides nothing: the hash is the same."""
    routes, instances = list(world.fabric.routes), list(world.fabric.instances)
    chance.shuffle(routes)
    chance.shuffle(instances)
    shuffled = replace(rerouted(world.fabric, routes), instances=tuple(instances))
    assert plan(world.nodes, shuffled, cluster=CLUSTER).hash == _plan(world).hash


@many
@given(worlds())
def test_every_row_names_one_resource_once(world: World) -> None:
    """Names are at most 63 characters, and no two new routes share one."""
    new = [
        change.resource for change in _plan(world) if change.kind == "route" and change.action in ("create", "update")
    ]
    assert len(new) == len(set(new))
    assert all(len(name) <= 63 for name in new)


def _first(spot: Placed) -> str:
    return spot.row.routeDestination.partition("/")[0]
