import copy
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from l2bridge_helpers.lab import Lab

from .clients import Arm, compute_path, held_nic, network, network_path, nic_path, put_nic


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
    nic = held_nic(messy, "control-1-nic")
    part = nic["properties"]["ipConfigurations"][0]
    subnet = {"subnet": part["properties"]["subnet"]}
    body = {
        "location": "westeurope",
        "properties": {"ipConfigurations": [{"name": part["name"], "properties": subnet}]},
    }
    assert arm.put(nic["id"], body).status == 200
    after = held_nic(messy, "control-1-nic")
    assert "tags" not in after
    assert not {"networkSecurityGroup", "futureSetting"} & after["properties"].keys()
    assert after["properties"]["dnsSettings"]["dnsServers"] == []
    assert after["properties"]["dnsSettings"]["internalDomainNameSuffix"].endswith(".internal.cloudapp.net")
    assert after["properties"]["enableAcceleratedNetworking"] is False
    assert "loadBalancerBackendAddressPools" not in after["properties"]["ipConfigurations"][0]["properties"]


def test_what_only_azure_writes_is_kept(messy: Lab, arm: Arm) -> None:
    """Whatever the body says about it, and when it says nothing."""
    before = copy.deepcopy(held_nic(messy, "control-1-nic"))
    own = ("resourceGuid", "macAddress", "virtualMachine", "primary")
    others = {"resourceGuid": "x", "macAddress": "x", "primary": False, "virtualMachine": None}
    assert put_nic(messy, arm, "control-1-nic", **others).status == 200
    after = held_nic(messy, "control-1-nic")
    assert {name: after["properties"][name] for name in own} == {name: before["properties"][name] for name in own}
    assert (after["id"], after["type"]) == (before["id"], before["type"])
    assert after["properties"]["provisioningState"] == "Succeeded"


def test_a_null_is_as_good_as_nothing(messy: Lab, arm: Arm) -> None:
    """A property with null in it is left out."""
    nic = copy.deepcopy(held_nic(messy, "control-1-nic"))
    nic["properties"]["networkSecurityGroup"] = None
    assert arm.put(nic["id"], nic).status == 200
    assert "networkSecurityGroup" not in held_nic(messy, "control-1-nic")["properties"]


def test_a_dynamic_address_stays(messy: Lab, arm: Arm) -> None:
    """Also when the body leaves it out."""
    parts = copy.deepcopy(held_nic(messy, "done-1-nic")["properties"]["ipConfigurations"])
    del parts[0]["properties"]["privateIPAddress"]
    assert put_nic(messy, arm, "done-1-nic", ipConfigurations=parts).status == 200
    (part,) = held_nic(messy, "done-1-nic")["properties"]["ipConfigurations"]
    assert part["properties"]["privateIPAddress"] == "10.10.0.5"


def test_of_references_the_ids_are_kept(messy: Lab, arm: Arm) -> None:
    """What a body tells about other resources is not written."""
    group = held_nic(messy, "control-1-nic")["properties"]["networkSecurityGroup"]
    told = group | {"location": "here", "tags": {"a": "b"}}
    assert put_nic(messy, arm, "control-1-nic", networkSecurityGroup=told).status == 200
    assert held_nic(messy, "control-1-nic")["properties"]["networkSecurityGroup"] == group


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
    assert held_nic(messy, "win-1-nic")["properties"]["enableIPForwarding"] is False


def test_every_write_renews_the_etag(messy: Lab, arm: Arm) -> None:
    """When it begins and when it ends; the parts have it too."""
    before = held_nic(messy, "win-1-nic")["etag"]
    answered = put_nic(messy, arm, "win-1-nic").body["etag"]
    after = held_nic(messy, "win-1-nic")
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
    body = copy.deepcopy(held_nic(messy, "win-1-nic"))
    if name == "new-nic":
        for part in body["properties"]["ipConfigurations"]:
            del part["properties"]["privateIPAddress"]
    assert arm.call("PUT", nic_path(messy, name), body, headers).status == status


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
    assert put_nic(messy, arm, "pool-f000000-nic", enableIPForwarding=True).status == 200
    assert held_nic(messy, "pool-f000000-nic")["properties"]["enableIPForwarding"]


def test_the_request_log_keeps_what_was_sent(messy: Lab, arm: Arm) -> None:
    """What becomes of a resource later is not in the log."""
    body = copy.deepcopy(held_nic(messy, "win-1-nic"))
    assert arm.put(body["id"], body).status == 200
    assert messy.requests[-1].body == body
