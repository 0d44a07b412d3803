"""Which table a subnet without one is given, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.checks import check
from l2bridge_helpers.clouds.azure_names import default_table
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Finding
from l2bridge_helpers.placement import Placed, place
from l2bridge_helpers.scope import Scope
from l2bridge_helpers.tables import bare_subnets, chosen_table, node_subnets, tables_in_use
from tests import aws_values
from tests.azure_values import HOME, SPARE, Raw, World, nodes_of, own_route, raw_route, raw_subnet, raw_table, world
from tests.builders import CLUSTER, numbered_fabric, numbered_nodes

BY_HAND = raw_route("by-hand", "10.9.0.0/16", kind="Internet")
PODS = raw_table("pods", own_route(1))
MORE = raw_table("more", own_route(1))
GREENS = raw_table("greens", own_route(9, cluster="green"), tags={"l2bridge:green": "green"})
EMPTY = raw_table("empty", tags={})
MIXED = raw_table("mixed", own_route(1), BY_HAND)
SPARE_NAME = default_table(CLUSTER)


def _places(subnets: dict[str, str], *tables: Raw, chosen: str = "") -> tuple[str, World]:
    """Return a node in each subnet, and the network in which they have the tables of these names."""
    places = "".join(subnets)
    made = replace(world(places), tables=tables, chosen=chosen)
    return places, replace(made, subnets=tuple(raw_subnet(where, table) for where, table in subnets.items()))


def _given(subnets: dict[str, str], *tables: Raw, chosen: str = "") -> str:
    """Return the id of the table that is given to those without one, without its group."""
    places, made = _places(subnets, *tables, chosen=chosen)
    fabric = made.fabric()
    found = chosen_table(place(nodes_of(places), fabric).placed, fabric)
    return found.id.removeprefix(f"{HOME}/") if found else ""


def _found(subnets: dict[str, str], *tables: Raw, chosen: str = "") -> list[Finding]:
    """Return what is found, beside that subnets have no table."""
    places, made = _places(subnets, *tables, chosen=chosen)
    found = check(nodes_of(places), made.fabric())
    return [finding for finding in found if "no route table" not in finding.found]


@pytest.mark.parametrize("table", [PODS, GREENS, EMPTY], ids=["ours", "another cluster's", "empty"])
def test_the_only_table_is_given_to_the_others_if_it_leads_pods_alone(table: Raw) -> None:
    """Whose pods they are does not matter: nothing else is led anywhere by it."""
    assert _given({"a": table["name"], "b": "", "c": ""}, table) == table["name"]


def test_a_table_that_leads_anything_else_is_given_to_nobody() -> None:
    """It would lead what that subnet sends, too: a table of our own is made."""
    assert _given({"a": "mixed", "b": ""}, MIXED) == SPARE_NAME


def test_between_two_tables_nothing_is_guessed() -> None:
    """Both lead pods alone; a table of our own is made."""
    assert _given({"a": "pods", "b": "more", "c": ""}, PODS, MORE) == SPARE_NAME


def test_a_table_of_others_beside_one_that_leads_pods_is_no_choice() -> None:
    """Only the one is left that may be given."""
    assert _given({"a": "pods", "b": "mixed", "c": ""}, PODS, MIXED) == "pods"


def test_where_there_is_none_one_is_made() -> None:
    """For all of them together."""
    assert _given({"a": "", "b": ""}) == SPARE_NAME


def test_one_of_ours_that_is_there_is_taken() -> None:
    """An earlier run made it, and did not come to give it to anybody."""
    assert _given({"a": "", "b": ""}, raw_table(SPARE_NAME)) == SPARE_NAME


@pytest.mark.parametrize("table", [PODS, MIXED], ids=["pods alone", "anything"])
def test_the_operators_choice_is_given_whatever_it_leads(table: Raw) -> None:
    """Also beside a table that would have been given without it."""
    assert _given({"a": "more", "b": ""}, MORE, table, chosen=table["name"]) == table["name"]


@pytest.mark.parametrize("chosen", ["", "pods"])
def test_a_subnet_that_has_a_table_keeps_it(chosen: str) -> None:
    """Where each has one, none is given: not even the operator's choice."""
    assert _given({"a": "mixed", "b": "more"}, MIXED, MORE, PODS, chosen=chosen) == ""


def test_subnets_without_nodes_count_for_nothing() -> None:
    """Neither is their table one to be given, nor is one given to them."""
    made = replace(world("a", PODS), subnets=(raw_subnet("a"), raw_subnet("b", "pods"), raw_subnet("c")))
    fabric = made.fabric()
    placed = place(nodes_of("a"), fabric).placed
    assert [subnet.id for subnet in node_subnets(placed, fabric)] == ["cluster-rg/main/a"]
    assert bare_subnets(placed, fabric) == ["cluster-rg/main/a"]
    found = chosen_table(placed, fabric)
    assert found is not None
    assert (found.id, found.exists) == (SPARE, False)


def test_packets_are_looked_up_in_what_there_is_and_what_is_given() -> None:
    """Each table once, in a fixed order; one on a subnet that could not be read is left out."""
    places, made = _places({"a": "pods", "b": "mixed", "c": "pods", "d": "", "e": "unread"}, PODS, MIXED)
    fabric = made.fabric()
    assert tables_in_use(place(nodes_of(places), fabric).placed, fabric) == (f"{HOME}/mixed", f"{HOME}/pods")
    _, bare = _places({"a": "mixed", "b": ""}, MIXED)
    assert tables_in_use(place(nodes_of("ab"), bare.fabric()).placed, bare.fabric()) == (SPARE, f"{HOME}/mixed")


def _elsewhere() -> list[tuple[tuple[Placed, ...], Fabric]]:
    """Return networks of clouds where no subnet is without a table."""
    vpc, net = aws_values.vpc("a", "b"), numbered_fabric(2)
    bare = replace(net, subnets=tuple(replace(subnet, table="") for subnet in net.subnets))
    return [(place(aws_values.nodes_of(2), vpc).placed, vpc), (place(numbered_nodes(2), bare).placed, bare)]


@pytest.mark.parametrize("case", _elsewhere(), ids=["aws", "gce"])
def test_no_other_cloud_gives_tables(case: tuple[tuple[Placed, ...], Fabric]) -> None:
    """A subnet that shows none is not taken for one that needs one."""
    placed, fabric = case
    assert placed
    assert (bare_subnets(placed, fabric), chosen_table(placed, fabric)) == ([], None)


# What is said about it.


def test_nothing_is_said_of_a_table_that_leads_pods_alone() -> None:
    """Nor where none is given."""
    assert _found({"a": "pods", "b": ""}, PODS) == []
    assert _found({"a": ""}) == []
    assert _found({"a": "mixed"}, MIXED) == []


def test_routes_of_others_in_a_table_that_is_given_are_a_warning() -> None:
    """Each by its name, with the subnets that will follow it."""
    (finding,) = _found({"a": "", "b": "", "c": "more"}, MIXED, MORE, chosen="mixed")
    assert (finding.severity, finding.object) == ("warning", f"route table {HOME}/mixed")
    assert finding.found == (
        "is to be given to cluster-rg/main/a, cluster-rg/main/b, and does more than lead to our pods: "
        "cluster-rg/mixed/by-hand"
    )
    assert "make sure that this is meant" in finding.todo


def test_routes_of_another_cluster_in_it_are_no_strange_ones() -> None:
    """They lead pods."""
    assert _found({"a": ""}, GREENS, chosen="greens") == []


def test_a_table_of_another_region_blocks() -> None:
    """Azure refuses the association; both regions are named."""
    far = {**PODS, "location": "North Europe"}
    (finding,) = _found({"a": ""}, far, chosen="pods")
    assert (finding.severity, finding.object) == ("blocking", f"route table {HOME}/pods")
    assert finding.found == "is in northeurope, and the network is in westeurope"
    assert "cluster-rg/main/a" in finding.meaning


def test_the_region_of_a_table_that_is_given_to_nobody_does_not_matter() -> None:
    """Azure has let it be there."""
    assert _found({"a": "pods"}, {**PODS, "location": "northeurope"}) == []


def test_a_run_without_routes_says_nothing_of_tables() -> None:
    """It gives none."""
    places, made = _places({"a": ""}, MIXED, chosen="mixed")
    found = [finding.object for finding in check(nodes_of(places), made.fabric(), scope=Scope(routes=False))]
    assert not any(name.startswith("route table") for name in found)


# Routes that are called like nodes.


@pytest.mark.parametrize(
    ("name", "told"), [("node-1", True), ("NODE-2", True), ("node-3", False), ("by-hand", False), ("node-1-x", False)]
)
def test_a_route_that_is_called_like_its_node_is_a_warning(name: str, told: bool) -> None:  # noqa: FBT001 - pytest's
    """cloud-provider-azure calls its routes so; people do, too."""
    table = raw_table("pods", raw_route(name, "10.9.0.0/16", "10.10.0.9"))
    found = [finding for finding in _found({"a": "pods", "b": "pods"}, table) if finding.object == "routes"]
    assert [(finding.severity, f"cluster-rg/pods/{name.lower()}" in finding.found) for finding in found] == (
        [("warning", True)] if told else []
    )
