import copy
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from l2bridge_helpers.lab import Lab, world

from .clients import Arm, ArmAnswer, Json, compute_path, network, network_path, nic_path


@pytest.fixture
def messy() -> Iterator[Lab]:
    with Lab(world("azure-messy")) as lab:
        yield lab


@pytest.fixture
def arm(messy: Lab) -> Iterator[Arm]:
    arm = Arm(messy)
    yield arm
    arm.close()


def held(lab: Lab, name: str) -> Json:
    """Return an interface as the world has it."""
    return next(nic for nic in lab.world.cloud("networkInterfaces") if nic["name"] == name)


def put(lab: Lab, arm: Arm, name: str, **properties: Any) -> ArmAnswer:
    """Send an interface back with other properties; None takes one out."""
    body = copy.deepcopy(held(lab, name))
    body["properties"] |= properties
    body["properties"] = {key: value for key, value in body["properties"].items() if value is not None}
    return arm.put(body["id"], body)


def stripped(value: Any) -> Any:
    """Return a resource without what every write renews."""
    if isinstance(value, dict):
        return {key: stripped(part) for key, part in value.items() if key != "etag"}
    return [stripped(part) for part in value] if isinstance(value, list) else value


# What a replacement keeps.


def test_what_is_sent_back_is_kept(messy: Lab) -> None:
    """The real SDK turns forwarding on, and nothing else changes, also not what it does not know."""
    client = network(messy)
    before = copy.deepcopy(messy.world.cloud("networkInterfaces"))
    nic = client.network_interfaces.get("rg-cluster", "control-1-nic")
    nic.enable_ip_forwarding = True
    client.network_interfaces.begin_create_or_update(
        "rg-cluster", "control-1-nic", nic, headers={"If-Match": nic.etag}
    ).result()
    before[0]["properties"]["enableIPForwarding"] = True
    assert stripped(messy.world.cloud("networkInterfaces")) == stripped(before)


def test_what_is_left_out_is_gone(messy: Lab, arm: Arm) -> None:
    """Tags, group, DNS servers, pools, settings of the future: a PUT replaces all of it."""
    nic = held(messy, "control-1-nic")
    part = nic["properties"]["ipConfigurations"][0]
    subnet = {"subnet": part["properties"]["subnet"]}
    body = {
        "location": "westeurope",
        "properties": {"ipConfigurations": [{"name": part["name"], "properties": subnet}]},
    }
    assert arm.put(nic["id"], body).status == 200
    after = held(messy, "control-1-nic")
    assert "tags" not in after
    assert not {"networkSecurityGroup", "futureSetting"} & after["properties"].keys()
    assert after["properties"]["dnsSettings"]["dnsServers"] == []
    assert (after["properties"]["enableAcceleratedNetworking"], after["properties"]["enableIPForwarding"]) == (
        False,
        False,
    )
    assert "loadBalancerBackendAddressPools" not in after["properties"]["ipConfigurations"][0]["properties"]


def test_what_only_azure_writes_is_kept(messy: Lab, arm: Arm) -> None:
    """Whatever the body says about it, and when it says nothing."""
    before = copy.deepcopy(held(messy, "control-1-nic"))
    own = ("resourceGuid", "macAddress", "virtualMachine", "primary")
    assert (
        put(messy, arm, "control-1-nic", resourceGuid="x", macAddress="x", primary=False, virtualMachine=None).status
        == 200
    )
    after = held(messy, "control-1-nic")
    assert {name: after["properties"][name] for name in own} == {name: before["properties"][name] for name in own}
    assert (after["id"], after["type"], after["properties"]["provisioningState"]) == (
        before["id"],
        before["type"],
        "Succeeded",
    )


def test_a_null_is_as_good_as_nothing(messy: Lab, arm: Arm) -> None:
    """A property with null in it is left out."""
    nic = copy.deepcopy(held(messy, "control-1-nic"))
    nic["properties"]["networkSecurityGroup"] = None
    assert arm.put(nic["id"], nic).status == 200
    assert "networkSecurityGroup" not in held(messy, "control-1-nic")["properties"]


def test_a_dynamic_address_stays(messy: Lab, arm: Arm) -> None:
    """Also when the body leaves it out."""
    parts = copy.deepcopy(held(messy, "done-1-nic")["properties"]["ipConfigurations"])
    del parts[0]["properties"]["privateIPAddress"]
    assert put(messy, arm, "done-1-nic", ipConfigurations=parts).status == 200
    assert (
        held(messy, "done-1-nic")["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.10.0.5"
    )


def test_of_references_the_ids_are_kept(messy: Lab, arm: Arm) -> None:
    """What a body tells about other resources is not written."""
    group = held(messy, "control-1-nic")["properties"]["networkSecurityGroup"]
    assert (
        put(messy, arm, "control-1-nic", networkSecurityGroup=group | {"location": "here", "tags": {"a": "b"}}).status
        == 200
    )
    assert held(messy, "control-1-nic")["properties"]["networkSecurityGroup"] == group


# Conditions.


def test_a_stale_etag_is_refused(messy: Lab) -> None:
    """With the codes that Azure has, and nothing is written."""
    client = network(messy)
    nic = client.network_interfaces.get("rg-cluster", "win-1-nic")
    nic.tags = {"by": "a colleague"}
    client.network_interfaces.begin_create_or_update("rg-cluster", "win-1-nic", nic).result()
    nic.enable_ip_forwarding = True
    with pytest.raises(HttpResponseError) as caught:
        client.network_interfaces.begin_create_or_update(
            "rg-cluster", "win-1-nic", nic, headers={"If-Match": nic.etag or ""}
        )
    error: Any = caught.value.error
    assert (caught.value.status_code, error.code) == (412, "PreconditionFailed")
    assert error.details[0].code == "PreconditionFailedEtagMismatch"
    assert held(messy, "win-1-nic")["properties"]["enableIPForwarding"] is False


def test_every_write_renews_the_etag(messy: Lab, arm: Arm) -> None:
    """When it begins and when it ends; the parts have it too."""
    before = held(messy, "win-1-nic")["etag"]
    answered = put(messy, arm, "win-1-nic").body["etag"]
    after = held(messy, "win-1-nic")
    assert len({before, answered, after["etag"]}) == 3
    assert {part["etag"] for part in after["properties"]["ipConfigurations"]} == {after["etag"]}


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("win-1-nic", {"If-Match": "*"}, 200),
        ("win-1-nic", {"If-None-Match": "*"}, 412),
        ("new-nic", {"If-Match": "*"}, 412),
        ("new-nic", {"If-Match": 'W/"00000000-0000-0000-0000-000000000000"'}, 412),
        ("new-nic", {"If-None-Match": "*"}, 201),
    ],
)
def test_conditions_may_be_about_existence(
    messy: Lab, arm: Arm, name: str, headers: dict[str, str], status: int
) -> None:
    """`If-Match: *` on what is there, `If-None-Match: *` on what is not."""
    body = copy.deepcopy(held(messy, "win-1-nic"))
    if name == "new-nic":
        for part in body["properties"]["ipConfigurations"]:
            del part["properties"]["privateIPAddress"]
    assert arm.call("PUT", nic_path(messy, name), body, headers).status == status


# What is refused.


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ((), "NetworkInterface"),
        (("properties",), "NetworkInterfacePropertiesFormat"),
        (("properties", "dnsSettings"), "NetworkInterfaceDnsSettings"),
    ],
)
def test_unknown_properties_are_refused(messy: Lab, arm: Arm, where: tuple[str, ...], kind: str) -> None:
    """What neither the SDK nor the stored resource knows is named with the object that it is in."""
    body = copy.deepcopy(held(messy, "win-1-nic"))
    place = body
    for name in where:
        place = place[name]
    place["futureSetting"] = {"keep": True}
    refused = arm.put(body["id"], body)
    assert refused.error == (400, "InvalidRequestContent")
    assert f"Could not find member 'futureSetting' on object of type '{kind}'" in refused.message


def test_unknown_parts_are_found_by_their_names(messy: Lab, arm: Arm) -> None:
    """A part may hold what the stored part of that name holds, in whatever order they come."""
    parts = held(messy, "two-addresses-1-nic")["properties"]["ipConfigurations"]
    parts[1]["properties"]["futureSetting"] = 1
    assert put(messy, arm, "two-addresses-1-nic", ipConfigurations=copy.deepcopy(parts[::-1])).status == 200
    swapped = copy.deepcopy(held(messy, "two-addresses-1-nic")["properties"]["ipConfigurations"])
    swapped[1]["properties"]["futureSetting"] = 1
    assert put(messy, arm, "two-addresses-1-nic", ipConfigurations=swapped).error == (400, "InvalidRequestContent")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enableIPForwarding", "yes"),
        ("ipConfigurations", {}),
        ("dnsSettings", []),
        ("nicType", "Golden"),
        ("workloadType", 1),
    ],
)
def test_values_of_another_type_are_refused(messy: Lab, arm: Arm, name: str, value: object) -> None:
    """Text for a flag, an object for a list, a word that the API does not have."""
    refused = put(messy, arm, "win-1-nic", **{name: value})
    assert (refused.error, refused.detail) == ((400, "InvalidRequestFormat"), "InvalidJson")


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_is_an_object(messy: Lab, arm: Arm, body: object) -> None:
    """Anything else is refused before it is looked at."""
    assert arm.put(nic_path(messy, "win-1-nic"), body).error == (400, "InvalidRequestContent")


@pytest.mark.parametrize(
    ("location", "error"),
    [
        (None, (400, "LocationRequired")),
        ("", (400, "LocationRequired")),
        ("northeurope", (409, "InvalidResourceLocation")),
        ("West Europe", (200, "")),
    ],
)
def test_a_location_is_needed_and_stays(messy: Lab, arm: Arm, location: str | None, error: tuple[int, str]) -> None:
    """Letter case and spaces do not count."""
    body = {**copy.deepcopy(held(messy, "win-1-nic")), "location": location}
    found = arm.put(body["id"], {key: value for key, value in body.items() if value is not None})
    assert (found.status, found.body.get("error", {}).get("code", "")) == error


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({f"tag-{number}": "" for number in range(51)}, "TooManyTags"),
        ({"a/b": ""}, "InvalidTagNameCharacters"),
        ({"a<b": ""}, "InvalidTagNameCharacters"),
        ({"": ""}, "InvalidTag"),
        ({"long": "x" * 257}, "InvalidTag"),
    ],
)
def test_tags_have_limits(messy: Lab, arm: Arm, tags: dict[str, str], code: str) -> None:
    """50 of them, without some characters, with values of 256."""
    body = {**copy.deepcopy(held(messy, "win-1-nic")), "tags": tags}
    assert arm.put(body["id"], body).error == (400, code)


@pytest.mark.parametrize("name", ["-a", "a.", "a b", "ä", "x" * 81])
def test_names_have_a_form(messy: Lab, arm: Arm, name: str) -> None:
    """1 to 80 letters, digits, `.`, `-` and `_`."""
    assert arm.put(nic_path(messy, name), held(messy, "win-1-nic")).error == (400, "InvalidResourceName")


@pytest.mark.parametrize(
    ("subnet", "code"),
    [
        (None, "SubnetIsRequired"),
        ({"id": "/subscriptions/s/none"}, "InvalidResourceReference"),
    ],
)
def test_a_subnet_is_needed(messy: Lab, arm: Arm, subnet: Json | None, code: str) -> None:
    """For each IP configuration, and it has to be there."""
    parts = copy.deepcopy(held(messy, "win-1-nic")["properties"]["ipConfigurations"])
    parts[0]["properties"]["subnet"] = subnet
    assert put(messy, arm, "win-1-nic", ipConfigurations=parts).error == (400, code)


def test_an_interface_has_an_address(messy: Lab, arm: Arm) -> None:
    """At least one IP configuration."""
    assert put(messy, arm, "win-1-nic", ipConfigurations=[]).error == (400, "NetworkInterfaceHasNoIpConfiguration")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.10.1.99", "PrivateIPAddressNotInSubnet"),
        ("10.10.0.4", "PrivateIPAddressIsAllocated"),
        ("10.10.0", "InvalidIPAddressFormat"),
        (None, "PrivateIPAddressRequired"),
    ],
)
def test_a_static_address_is_of_the_subnet_and_free(messy: Lab, arm: Arm, address: str | None, code: str) -> None:
    """One that another interface has, or that is of another subnet, is refused."""
    parts = copy.deepcopy(held(messy, "win-1-nic")["properties"]["ipConfigurations"])
    parts[0]["properties"] |= {"privateIPAllocationMethod": "Static", "privateIPAddress": address}
    assert put(messy, arm, "win-1-nic", ipConfigurations=parts).error == (400, code)


def test_a_group_that_is_not_there_cannot_be_named(messy: Lab, arm: Arm) -> None:
    """Nor one of another region."""
    group = {"id": network_path(messy, "networkSecurityGroups/none")}
    assert put(messy, arm, "win-1-nic", networkSecurityGroup=group).error == (400, "InvalidResourceReference")


def test_a_new_interface_gets_a_free_address(messy: Lab, arm: Arm) -> None:
    """And shows up in its subnet."""
    subnet = {"id": network_path(messy, "virtualNetworks/vnet-cluster/subnets/apps")}
    body = {
        "location": "westeurope",
        "properties": {"ipConfigurations": [{"name": "one", "properties": {"subnet": subnet}}]},
    }
    made = arm.put(nic_path(messy, "new-nic"), body)
    assert made.status == 201
    assert made.body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == "10.10.2.4"
    (member,) = arm.get(subnet["id"]).body["properties"]["ipConfigurations"]
    assert member["id"].startswith(made.body["id"])


# Scale sets.


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_interfaces_of_uniform_scale_sets_cannot_be_written(messy: Lab, arm: Arm, method: str) -> None:
    """Under their own path Azure says so in these words."""
    path = compute_path(messy, "virtualMachineScaleSets/pool-u/virtualMachines/0/networkInterfaces/pool-u-nic")
    refused = arm.call(method, path, arm.get(path).body)
    word = "write" if method == "PUT" else "delete"
    kind = "virtualMachineScaleSets/virtualMachines/networkInterfaces"
    assert refused.status == 400
    assert refused.message == f"The operation '{word}' on resource type '{kind}' is disallowed."


def test_interfaces_of_uniform_scale_sets_are_no_ordinary_ones(messy: Lab, arm: Arm) -> None:
    """They are in no list of Microsoft.Network, and cannot be written there either."""
    client = network(messy)
    of_set = list(client.network_interfaces.list_virtual_machine_scale_set_network_interfaces("rg-cluster", "pool-u"))
    assert [nic.id for nic in of_set if nic.id in {one.id for one in client.network_interfaces.list_all()}] == []
    path = nic_path(messy, "pool-u-nic")
    assert arm.get(path).error == (404, "ResourceNotFound")
    assert arm.put(path, of_set[0].as_dict()).status == 400
    assert len(messy.world.cloud("networkInterfaces")) == 14


def test_interfaces_of_scale_sets_are_listed_in_each_way(messy: Lab) -> None:
    """Of a set, of an instance, and one of them, as the network SDK asks."""
    calls = network(messy).network_interfaces
    of_set = list(calls.list_virtual_machine_scale_set_network_interfaces("rg-cluster", "pool-u"))
    of_one = list(calls.list_virtual_machine_scale_set_vm_network_interfaces("rg-cluster", "pool-u", "1"))
    one = calls.get_virtual_machine_scale_set_network_interface("rg-cluster", "pool-u", "1", "pool-u-nic")
    assert (len(of_set), [nic.id for nic in of_one]) == (2, [of_set[1].id])
    assert one.id == of_set[1].id


def test_interfaces_of_flexible_scale_sets_are_ordinary_ones(messy: Lab, arm: Arm) -> None:
    """Written like any other."""
    assert put(messy, arm, "pool-f000000-nic", enableIPForwarding=True).status == 200
    assert held(messy, "pool-f000000-nic")["properties"]["enableIPForwarding"]


def test_the_request_log_keeps_what_was_sent(messy: Lab, arm: Arm) -> None:
    """What becomes of a resource later is not in the log."""
    body = copy.deepcopy(held(messy, "win-1-nic"))
    assert arm.put(body["id"], body).status == 200
    assert messy.requests[-1].body == body


@pytest.mark.parametrize("tags", [[1], "a", {"a": 1}])
def test_tags_are_texts_by_their_names(messy: Lab, arm: Arm, tags: object) -> None:
    """Anything else cannot be parsed."""
    body = {**copy.deepcopy(held(messy, "win-1-nic")), "tags": tags}
    assert arm.put(body["id"], body).error == (400, "InvalidRequestFormat")
