import copy
from typing import Any

import pytest
from azure.mgmt.network import models

from l2bridge_helpers.lab import Lab

from .clients import SUBNET, Arm, ArmAnswer, Json, network, network_path, table_of


def held(lab: Lab, name: str) -> Json:
    """Return a subnet as the world has it."""
    (vnet,) = lab.world.cloud("virtualNetworks")
    return next(subnet for subnet in vnet["properties"]["subnets"] if subnet["name"] == name)


def put(lab: Lab, arm: Arm, name: str, **properties: Any) -> ArmAnswer:
    """Send a subnet back with other properties; None takes one out."""
    body = copy.deepcopy(held(lab, name))
    body["properties"] |= properties
    body["properties"] = {key: value for key, value in body["properties"].items() if value is not None}
    return arm.put(body["id"], body)


def table(lab: Lab, name: str) -> Json:
    """Return a reference to a table."""
    return {"id": network_path(lab, f"routeTables/{name}")}


def test_the_sdk_gives_a_subnet_a_table(messy: Lab) -> None:
    """All that the subnet was stays, also what the SDK does not know, and the table shows the subnet."""
    client = network(messy)
    before = copy.deepcopy(held(messy, "nodes-a"))
    subnet = client.subnets.get("rg-network", "vnet-cluster", "nodes-a")
    subnet.route_table = models.RouteTable(id=table(messy, "l2bridge-lab")["id"])
    client.subnets.begin_create_or_update(
        "rg-network", "vnet-cluster", "nodes-a", subnet, headers={"If-Match": subnet.etag or ""}
    ).result()
    after = copy.deepcopy(held(messy, "nodes-a"))
    assert after["properties"].pop("routeTable") == table(messy, "l2bridge-lab")
    assert after["properties"] == before["properties"]
    shown = client.route_tables.get("rg-network", "l2bridge-lab").subnets or []
    assert [one.id for one in shown] == [before["id"]]


def test_a_second_table_replaces_the_first(messy: Lab, arm: Arm) -> None:
    """Nobody is asked; the first one shows the subnet no more."""
    assert put(messy, arm, "nodes-b", routeTable=table(messy, "L2BRIDGE-LAB")).status == 200
    assert held(messy, "nodes-b")["properties"]["routeTable"] == table(messy, "l2bridge-lab")
    assert "subnets" not in arm.get(table(messy, "rt-hub")["id"]).body["properties"]
    assert (
        "subnets" not in next(one for one in messy.world.cloud("routeTables") if one["name"] == "rt-hub")["properties"]
    )


def test_what_is_left_out_is_gone(messy: Lab, arm: Arm) -> None:
    """Table, group, gateway, endpoints, delegations: a PUT replaces all of it but the members."""
    members = held(messy, "nodes-a")["properties"]["ipConfigurations"]
    prefixes = held(messy, "nodes-a")["properties"]["addressPrefixes"]
    assert (
        arm.put(network_path(messy, f"{SUBNET}/nodes-a"), {"properties": {"addressPrefixes": prefixes}}).status == 200
    )
    after = held(messy, "nodes-a")["properties"]
    assert not {"networkSecurityGroup", "natGateway", "serviceEndpoints", "futureSetting"} & after.keys()
    assert (after["delegations"], after["privateEndpointNetworkPolicies"]) == ([], "Disabled")
    assert after["ipConfigurations"] == members


def test_writing_one_subnet_renews_the_etag_of_all(messy: Lab, arm: Arm) -> None:
    """It is the virtual network's: a write of one makes what was read of the others stale."""
    first, other = copy.deepcopy(held(messy, "nodes-a")), copy.deepcopy(held(messy, "nodes-b"))
    assert first["etag"] == other["etag"] == messy.world.cloud("virtualNetworks")[0]["etag"]
    assert arm.put(first["id"], first, first["etag"]).status == 200
    refused = arm.put(other["id"], other, other["etag"])
    assert (refused.error, refused.detail) == ((412, "PreconditionFailed"), "PreconditionFailedEtagMismatch")
    assert arm.put(other["id"], other, "*").status == 200


@pytest.mark.parametrize("name", ["none", "far"])
def test_a_table_must_be_there_and_near(messy: Lab, arm: Arm, name: str) -> None:
    """One of another region is as good as none."""
    far = table_of(location="northeurope")
    assert arm.put(table(messy, "far")["id"], far).status == 201
    assert put(messy, arm, "nodes-a", routeTable=table(messy, name)).error == (400, "InvalidResourceReference")


def test_a_table_of_another_subscription_cannot_be_had(messy: Lab, arm: Arm) -> None:
    """Nor can a group that is not there."""
    elsewhere = {
        "id": table(messy, "rt-hub")["id"].replace(messy.azure.subscription, "00000000-0000-0000-0000-000000000000")
    }
    group = {"id": network_path(messy, "networkSecurityGroups/none")}
    assert put(messy, arm, "nodes-a", routeTable=elsewhere).error == (400, "InvalidResourceReference")
    assert put(messy, arm, "nodes-a", networkSecurityGroup=group).error == (400, "InvalidResourceReference")


def test_unknown_properties_are_refused(messy: Lab, arm: Arm) -> None:
    """Except those that the stored subnet has."""
    assert put(messy, arm, "nodes-a").status == 200
    refused = put(messy, arm, "nodes-b", futureSetting={"keep": True})
    assert refused.error == (400, "InvalidRequestContent")
    assert "on object of type 'SubnetPropertiesFormat'" in refused.message


@pytest.mark.parametrize(
    ("name", "prefix", "code"),
    [
        ("nodes-b", "10.10.3.0/24", "InUsePrefixCannotBeDeleted"),
        ("apps", "10.11.0.0/24", "NetcfgInvalidSubnet"),
        ("apps", "10.10.1.0/25", "NetcfgSubnetRangesOverlap"),
        ("apps", "10.10.2.1/24", "InvalidAddressPrefixFormat"),
        ("apps", "", "InvalidAddressPrefixFormat"),
    ],
)
def test_ranges_have_rules(messy: Lab, arm: Arm, name: str, prefix: str, code: str) -> None:
    """A range with members stays; others are within the network and of one subnet only."""
    assert put(messy, arm, name, addressPrefix=prefix).error == (400, code)


def test_a_subnet_can_be_made_and_moved(messy: Lab, arm: Arm) -> None:
    """As long as nobody is in it."""
    assert put(messy, arm, "apps", addressPrefix="10.10.3.0/24").status == 200
    new = {"properties": {"addressPrefix": "10.10.2.0/24"}}
    assert arm.put(network_path(messy, f"{SUBNET}/new"), new).status == 201
    assert held(messy, "new")["id"] == network_path(messy, f"{SUBNET}/new")
    assert held(messy, "new")["properties"]["provisioningState"] == "Succeeded"


def test_a_subnet_needs_its_network(messy: Lab, arm: Arm) -> None:
    """With a code that says so."""
    there = network_path(messy, "virtualNetworks/none/subnets/x")
    assert arm.put(there, {"properties": {"addressPrefix": "10.9.0.0/24"}}).error == (404, "ParentResourceNotFound")
