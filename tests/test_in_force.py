"""Whether the routes that interfaces really use are the plan's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.in_force import prove_in_force
from l2bridge_helpers.nodes import nodes_table
from l2bridge_helpers.observed import InForce
from l2bridge_helpers.plan import plan
from l2bridge_helpers.proof import Check
from tests.azure_values import (
    World,
    address,
    carried_out,
    item_of,
    nodes_of,
    own_route,
    pod_cidr,
    raw_configuration,
    raw_nic,
    raw_route,
    raw_subnet,
    raw_table,
    served,
    world,
)
from tests.builders import CLUSTER

NIC, SUBNET = "cluster-rg/node-1-nic", "cluster-rg/main/a"
EFFECTIVE = {pod_cidr(1): address(1), pod_cidr(2): address(2)}


def _plan(places: str, made: World) -> Plan:
    return plan(nodes_of(places), made.fabric(), cluster=CLUSTER)


def _checks(changes: Plan, made: World, *seen: InForce) -> list[Check]:
    return prove_in_force(changes, made.fabric(), seen)


def _check(routes: dict[str, str], problem: str = "") -> Check:
    """Return what is said of an interface of a network of two nodes that is as it should be."""
    made = served("aa")
    (check,) = _checks(_plan("aa", made), made, InForce(NIC, SUBNET, routes, problem))
    return check


def test_what_is_planned_and_effective_is_ok() -> None:
    """Whatever else is in force beside it."""
    check = _check({**EFFECTIVE, "0.0.0.0/0": "10.9.9.9"})
    assert (check.verdict, check.object, check.node) == ("ok", NIC, "")
    assert check.wanted == "2 routes to pods in force"
    assert check.found == "2 routes effective"


@pytest.mark.parametrize(
    ("routes", "missing"),
    [
        ({}, "10.42.1.0/24, 10.42.2.0/24"),
        ({pod_cidr(1): address(1)}, "10.42.2.0/24"),
        ({**EFFECTIVE, pod_cidr(2): "10.10.0.99"}, "10.42.2.0/24"),
        ({**EFFECTIVE, pod_cidr(2): "None"}, "10.42.2.0/24"),
        ({"10.42.0.0/16": address(1)}, "10.42.1.0/24, 10.42.2.0/24"),
    ],
    ids=["none", "one missing", "elsewhere", "dropped", "a wider one"],
)
def test_what_is_not_effective_is_wrong_and_named(routes: dict[str, str], missing: str) -> None:
    """A write that succeeded need not be in force."""
    check = _check(routes)
    assert (check.verdict, check.found) == ("wrong", f"not effective: {missing}")


@pytest.mark.parametrize("routes", [{}, EFFECTIVE])
def test_what_could_not_be_asked_is_a_note_with_its_reason(routes: dict[str, str]) -> None:
    """It is no proof in either direction."""
    check = _check(routes, "permission … is missing")
    assert (check.verdict, check.found) == ("note", "permission … is missing")


def test_there_is_a_check_for_each_interface_that_was_asked() -> None:
    """And none where nobody was."""
    made = served("aa")
    seen = [InForce(f"nic-{number}", SUBNET, EFFECTIVE) for number in (1, 2)]
    assert [check.object for check in _checks(_plan("aa", made), made, *seen)] == ["nic-1", "nic-2"]
    assert _checks(_plan("aa", made), made) == []


def test_a_plan_that_was_just_carried_out_is_asked_for_its_new_routes() -> None:
    """In the table that the subnet has been given."""
    made = world("aa")
    changes = _plan("aa", made)
    after = carried_out(changes, made)
    seen = (InForce(NIC, SUBNET, EFFECTIVE), InForce("late", SUBNET, {}))
    assert [check.verdict for check in _checks(changes, after, *seen)] == ["ok", "wrong"]


def test_a_route_that_was_deleted_or_is_in_conflict_is_not_asked_for() -> None:
    """It is not to be there, or never was made."""
    made = served("aaa")
    changes = plan(nodes_of("aa"), made.fabric(), cluster=CLUSTER)
    assert [row.action for row in changes.writes] == ["delete"]
    (check,) = _checks(changes, made, InForce(NIC, SUBNET, EFFECTIVE))
    assert check.verdict == "ok"
    taken = raw_table("pods", raw_route("by-hand", pod_cidr(2), "10.10.0.99"), own_route(1))
    blocked = replace(served("aa"), tables=(taken,))
    (check,) = _checks(_plan("aa", blocked), blocked, InForce(NIC, SUBNET, {pod_cidr(1): address(1)}))
    assert (check.verdict, check.wanted) == ("ok", "1 route to pods in force")


def test_a_route_of_ours_that_is_only_kept_is_not_asked_for() -> None:
    """Nobody wants it, so where it leads is no fault."""
    made = served("aaa")
    nonsense = item_of(9)
    nonsense["spec"]["podCIDR"] = "nonsense"
    nonsense["spec"]["podCIDRs"] = ["nonsense"]
    changes = plan(nodes_table([item_of(1), item_of(2), nonsense]), made.fabric(), cluster=CLUSTER)
    assert [row.after["destination"] for row in changes if row.reason.startswith("kept")] == [pod_cidr(3)]
    (check,) = _checks(changes, made, InForce(NIC, SUBNET, EFFECTIVE))
    assert check.verdict == "ok"


def test_each_interface_is_judged_by_the_table_of_its_subnet() -> None:
    """Two tables can lead to a node by two of its addresses, and each is right."""
    both = [raw_configuration(address(1)), raw_configuration("10.10.0.200", primary=False)]
    nics = (raw_nic(1, "a", ipConfigurations=both), raw_nic(2, "b"))
    routes = [raw_route("n1", pod_cidr(1), "10.10.0.200"), raw_route("n2", pod_cidr(2), address(2, "b"))]
    tables = (
        raw_table("mine", own_route(1), own_route(2, address(2, "b"))),
        raw_table("theirs", *routes, tags={}),
    )
    subnets = (raw_subnet("a", "mine"), raw_subnet("b", "theirs"))
    made = World(nics, subnets, tables)
    changes = _plan("ab", made)
    assert {row.action for row in changes if row.kind == "route"} == {"none"}
    mine = {pod_cidr(1): address(1), pod_cidr(2): address(2, "b")}
    theirs = {**mine, pod_cidr(1): "10.10.0.200"}
    right = (InForce("a", SUBNET, mine), InForce("b", "cluster-rg/main/b", theirs))
    mixed_up = (InForce("a", SUBNET, theirs), InForce("b", "cluster-rg/main/b", mine))
    assert [check.verdict for check in _checks(changes, made, *right)] == ["ok", "ok"]
    assert [check.verdict for check in _checks(changes, made, *mixed_up)] == ["wrong", "wrong"]


def test_a_subnet_whose_table_the_plan_does_not_know_asks_for_nothing() -> None:
    """Somebody has given it another one since; that is the association's check."""
    made = served("aa")
    elsewhere = replace(made, subnets=(raw_subnet("a", "other"),))
    (check,) = _checks(_plan("aa", made), elsewhere, InForce(NIC, SUBNET, {}))
    assert (check.verdict, check.wanted) == ("ok", "0 routes to pods in force")
