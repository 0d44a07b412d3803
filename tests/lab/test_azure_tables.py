import copy
from typing import Any

import pytest
from azure.mgmt.network import models

from l2bridge_helpers.lab import Lab

from .clients import Arm, Json, network, network_path, route, table_of


def held(lab: Lab, name: str = "rt-hub") -> Json:
    """Return a table as the world has it."""
    return next(table for table in lab.world.cloud("routeTables") if table["name"] == name)


def routes(lab: Lab, name: str = "rt-hub") -> dict[str, str]:
    """Return name -> prefix of a table's routes."""
    return {one["name"]: one["properties"]["addressPrefix"] for one in held(lab, name)["properties"]["routes"]}


def path(lab: Lab, name: str) -> str:
    return network_path(lab, f"routeTables/{name}")


# Replacing a table.


def test_the_sdk_makes_and_replaces_a_table(messy: Lab) -> None:
    """Made without routes, replaced with some, all under ETags."""
    calls = network(messy).route_tables
    made = calls.begin_create_or_update("rg-network", "rt", models.RouteTable(location="westeurope")).result()
    assert (made.routes, made.disable_bgp_route_propagation, made.provisioning_state) == ([], False, "Succeeded")
    made.routes = [models.Route(route("r", "10.42.0.0/24"))]
    after = calls.begin_create_or_update("rg-network", "rt", made, headers={"If-Match": made.etag or ""}).result()
    assert [(one.id, one.etag) for one in after.routes or []] == [(f"{after.id}/routes/r", after.etag)]
    assert after.etag != made.etag
    assert after.resource_guid == made.resource_guid


def test_what_is_sent_back_is_kept(messy: Lab, arm: Arm) -> None:
    """Routes in their order, tags, settings, also those that no SDK knows."""
    before = copy.deepcopy(held(messy))
    assert arm.put(before["id"], before, before["etag"]).status == 200
    after = held(messy)
    assert after["properties"].pop("futureSetting") == {"keep": True}
    assert [[one["properties"] for one in state["properties"]["routes"]] for state in (after, before)] == [
        [one["properties"] for one in before["properties"]["routes"]]
    ] * 2
    assert after["tags"] == before["tags"]
    assert after["properties"]["disableBgpRoutePropagation"]


def test_what_is_left_out_is_gone(messy: Lab, arm: Arm) -> None:
    """Routes, tags, settings: a PUT replaces all of it but what only Azure writes."""
    before = copy.deepcopy(held(messy))
    assert arm.put(before["id"], {"location": "westeurope"}).status == 200
    after = held(messy)
    assert (after["properties"]["routes"], after["properties"]["disableBgpRoutePropagation"]) == ([], False)
    assert "tags" not in after
    assert "futureSetting" not in after["properties"]
    assert after["properties"]["resourceGuid"] == before["properties"]["resourceGuid"]
    assert after["properties"]["subnets"] == before["properties"]["subnets"]


def test_the_subnets_of_a_table_cannot_be_written(messy: Lab, arm: Arm) -> None:
    """They are what the subnets say."""
    body = copy.deepcopy(held(messy))
    body["properties"]["subnets"] = [{"id": network_path(messy, "virtualNetworks/vnet-cluster/subnets/apps")}]
    assert arm.put(body["id"], body).status == 200
    assert [one["id"].rpartition("/")[2] for one in arm.get(body["id"]).body["properties"]["subnets"]] == ["nodes-b"]


def test_a_stale_etag_is_refused(messy: Lab, arm: Arm) -> None:
    """Also for a table that is gone, or one that must not be there."""
    before = copy.deepcopy(held(messy))
    assert arm.put(before["id"], before).status == 200
    refused = arm.put(before["id"], before, before["etag"])
    assert (refused.error, refused.detail) == ((412, "PreconditionFailed"), "PreconditionFailedEtagMismatch")
    assert arm.put(path(messy, "none"), table_of(), before["etag"]).status == 412
    assert arm.call("PUT", before["id"], before, {"If-None-Match": "*"}).status == 412


# Deleting a table.


def test_a_table_in_use_stays(messy: Lab, arm: Arm) -> None:
    """One that no subnet has can go; one that is gone is no error."""
    refused = arm.call("DELETE", path(messy, "rt-hub"))
    assert refused.error == (400, "InUseRouteTableCannotBeDeleted")
    calls = network(messy).route_tables
    calls.begin_delete("rg-network", "l2bridge-lab").result()
    calls.begin_delete("rg-network", "l2bridge-lab").result()
    assert [table["name"] for table in messy.world.cloud("routeTables")] == ["rt-hub"]


# One route.


def test_one_route_can_be_written(messy: Lab) -> None:
    """Added, replaced and removed; the others stay, and the table's ETag is new."""
    client = network(messy)
    before, etag = routes(messy), held(messy)["etag"]
    hop = models.Route(route("one", "10.42.9.0/24"))
    client.routes.begin_create_or_update("rg-network", "rt-hub", "one", hop).result()
    assert routes(messy) == before | {"one": "10.42.9.0/24"}
    hop.address_prefix = "10.42.10.0/24"
    client.routes.begin_create_or_update("rg-network", "rt-hub", "ONE", hop).result()
    assert routes(messy) == before | {"one": "10.42.10.0/24"}
    client.routes.begin_delete("rg-network", "rt-hub", "one").result()
    client.routes.begin_delete("rg-network", "rt-hub", "one").result()
    assert (routes(messy), held(messy)["etag"] != etag) == (before, True)


def test_one_route_has_the_conditions_of_its_table(messy: Lab, arm: Arm) -> None:
    """Its ETag is the table's."""
    etag, there = held(messy)["etag"], f"{path(messy, 'rt-hub')}/routes/by-hand"
    body = arm.get(there).body
    assert arm.put(there, body, etag).status == 200
    assert arm.put(there, body, etag).status == 412
    assert arm.call("DELETE", there, headers={"If-Match": etag}).status == 412


def test_a_route_needs_its_table(messy: Lab, arm: Arm) -> None:
    """With a code that says so."""
    refused = arm.put(f"{path(messy, 'none')}/routes/r", route("r", "10.42.0.0/24"))
    assert refused.error == (404, "ParentResourceNotFound")


# What is refused in a table, and in one route of it.

NO_HOP: Any = {"nextHopIpAddress": None}
ONE, TWO = ({"nextHopIpAddresses": ["10.10.0.4", "10.10.0.5"][:count]} for count in (1, 2))
BAD_ROUTES = {
    "no prefix": (route("r", ""), "InvalidAddressPrefixFormat"),
    "no length": (route("r", "10.42.0.0"), "InvalidAddressPrefixFormat"),
    "a mask": (route("r", "10.42.0.0/255.255.255.0"), "InvalidAddressPrefixFormat"),
    "too long": (route("r", "10.42.0.0/33"), "InvalidAddressPrefixFormat"),
    "no address": (route("r", "10.42.0/24"), "InvalidAddressPrefixFormat"),
    "host bits": (route("r", "10.42.0.1/24"), "InvalidCIDRNotation"),
    "host bits of IPv6": (route("r", "fd00::1/64", "fd00::2"), "InvalidCIDRNotation"),
    "no hop": (route("r", "10.42.0.0/24", **NO_HOP), "InvalidNextHopIpAddress"),
    "a hop too many": (route("r", "10.42.0.0/24", nextHopType="Internet"), "InvalidNextHopIpAddress"),
    "no address of a hop": (route("r", "10.42.0.0/24", "10.10.0"), "InvalidNextHopIpAddress"),
    "two families": (route("r", "10.42.0.0/24", "fd00::1"), "InvalidNextHopIpAddress"),
    "no type": (route("r", "10.42.0.0/24", nextHopType=None), "InvalidRequestFormat"),
    "another type": (route("r", "10.42.0.0/24", nextHopType="Pigeon"), "InvalidRequestFormat"),
    "one hop of several": (
        route(
            "r",
            "10.42.0.0/24",
            **NO_HOP,
            nextHopType="VirtualApplianceEcmp",
            nextHop=ONE,
        ),
        "InvalidNextHopIpAddress",
    ),
    "several hops": (
        route("r", "10.42.0.0/24", nextHop=TWO),
        "InvalidNextHopIpAddress",
    ),
    "unknown": (route("r", "10.42.0.0/24", weight=1), "InvalidRequestContent"),
    "a prefix that is there": (route("r", "10.42.5.0/24"), "RouteConflict"),
}


@pytest.mark.parametrize("case", BAD_ROUTES)
def test_a_bad_route_is_refused(messy: Lab, arm: Arm, case: str) -> None:
    """Alone and within its table, with the same code; nothing is written."""
    bad, code = BAD_ROUTES[case]
    before = copy.deepcopy(held(messy))
    whole = copy.deepcopy(before)
    whole["properties"]["routes"].append(bad)
    assert arm.put(before["id"], whole).error == (400, code)
    assert arm.put(f"{before['id']}/routes/r", bad).error == (400, code)
    assert held(messy) == before


@pytest.mark.parametrize(
    "good",
    [
        route("r", "10.42.99.0/24"),
        route("r", "fd00:10:42::/64", "fd00:10:10::4"),
        route("r", "Storage.WestEurope"),
        route("r", "10.0.0.0/8", **NO_HOP, nextHopType="None"),
        route("r", "10.42.5.0/25"),
        route(
            "r",
            "10.42.99.0/24",
            **NO_HOP,
            nextHopType="VirtualApplianceEcmp",
            nextHop=TWO,
        ),
    ],
    ids=lambda one: str(one["properties"]["addressPrefix"]),
)
def test_a_good_route_is_taken(messy: Lab, arm: Arm, good: Json) -> None:
    """Also inside another, to a service tag, to nowhere, to several hops."""
    assert arm.put(f"{held(messy)['id']}/routes/r", good).status == 201
    assert routes(messy)["r"] == good["properties"]["addressPrefix"]


def test_two_routes_of_one_prefix_are_a_conflict(messy: Lab, arm: Arm) -> None:
    """In Azure's own words, also when the prefix is written in another way."""
    refused = arm.put(path(messy, "rt"), table_of(route("a", "fd00::/64", "::1"), route("b", "fd00:0::/64", "::1")))
    assert refused.error == (400, "RouteConflict")
    assert refused.message == "Route: b conflicts with Route: a. Routes cannot have the same AddressPrefix."


def test_two_routes_of_one_name_are_refused(messy: Lab, arm: Arm) -> None:
    """Letter case does not tell them apart."""
    refused = arm.put(path(messy, "rt"), table_of(route("a", "10.42.0.0/24"), route("A", "10.42.1.0/24")))
    assert (refused.error, refused.detail) == ((400, "InvalidRequestFormat"), "DuplicateResourceName")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "x" * 81])
def test_names_of_routes_have_a_form(messy: Lab, arm: Arm, name: str) -> None:
    """As names of resources."""
    assert arm.put(path(messy, "rt"), table_of(route(name, "10.42.0.0/24"))).error == (400, "InvalidResourceName")


def test_a_table_holds_so_many_routes(messy: Lab, arm: Arm) -> None:
    """1,000 unless a test says otherwise; a route can be replaced in a full table."""
    assert messy.azure.routes_per_table == 1000
    messy.azure.routes_per_table = 3
    four = [route(f"r{number}", f"10.42.{number}.0/24") for number in range(4)]
    assert arm.put(path(messy, "rt"), table_of(*four)).error == (400, "RouteTableRoutesLimitExceeded")
    assert arm.put(f"{path(messy, 'rt-hub')}/routes/r", four[0]).error == (400, "RouteTableRoutesLimitExceeded")
    there = f"{path(messy, 'rt-hub')}/routes/by-hand"
    assert arm.put(there, arm.get(there).body).status == 200


def test_a_table_holds_25_routes_to_service_tags(messy: Lab, arm: Arm) -> None:
    """Fewer than of others."""
    tags = [route(f"r{number}", f"Storage.Region{number}") for number in range(26)]
    assert arm.put(path(messy, "rt"), table_of(*tags[:25])).status == 201
    assert arm.put(path(messy, "rt"), table_of(*tags)).error == (400, "RouteTableServiceTagRoutesLimitExceeded")


def test_a_thousand_routes_are_one_write(messy: Lab, arm: Arm) -> None:
    """Taken as they are."""
    many = [route(f"r{number}", f"10.{64 + number // 256}.{number % 256}.0/24") for number in range(1000)]
    assert arm.put(path(messy, "rt"), table_of(*many)).status == 201
    assert len(held(messy, "rt")["properties"]["routes"]) == 1000
