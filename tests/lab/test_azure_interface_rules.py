import copy

import pytest

from l2bridge_helpers.lab import Lab

from .clients import Arm, Json, held_nic, network_path, nic_path, put_nic


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
    body = copy.deepcopy(held_nic(messy, "win-1-nic"))
    place = body
    for name in where:
        place = place[name]
    place["futureSetting"] = {"keep": True}
    refused = arm.put(body["id"], body)
    assert refused.error == (400, "InvalidRequestContent")
    assert f"Could not find member 'futureSetting' on object of type '{kind}'" in refused.message


def test_unknown_parts_are_found_by_their_names(messy: Lab, arm: Arm) -> None:
    """A part may hold what the stored part of that name holds, in whatever order they come."""
    parts = held_nic(messy, "two-addresses-1-nic")["properties"]["ipConfigurations"]
    parts[1]["properties"]["futureSetting"] = 1
    assert put_nic(messy, arm, "two-addresses-1-nic", ipConfigurations=copy.deepcopy(parts[::-1])).status == 200
    swapped = copy.deepcopy(held_nic(messy, "two-addresses-1-nic")["properties"]["ipConfigurations"])
    swapped[1]["properties"]["futureSetting"] = 1
    assert put_nic(messy, arm, "two-addresses-1-nic", ipConfigurations=swapped).error == (400, "InvalidRequestContent")


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
    refused = put_nic(messy, arm, "win-1-nic", **{name: value})
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
    body = {**copy.deepcopy(held_nic(messy, "win-1-nic")), "location": location}
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
    body = {**copy.deepcopy(held_nic(messy, "win-1-nic")), "tags": tags}
    assert arm.put(body["id"], body).error == (400, code)


@pytest.mark.parametrize("name", ["-a", "a.", "a b", "ä", "x" * 81])
def test_names_have_a_form(messy: Lab, arm: Arm, name: str) -> None:
    """1 to 80 letters, digits, `.`, `-` and `_`."""
    assert arm.put(nic_path(messy, name), held_nic(messy, "win-1-nic")).error == (400, "InvalidResourceName")


@pytest.mark.parametrize(
    ("subnet", "code"),
    [
        (None, "SubnetIsRequired"),
        ({"id": "/subscriptions/s/none"}, "InvalidResourceReference"),
    ],
)
def test_a_subnet_is_needed(messy: Lab, arm: Arm, subnet: Json | None, code: str) -> None:
    """For each IP configuration, and it has to be there."""
    parts = copy.deepcopy(held_nic(messy, "win-1-nic")["properties"]["ipConfigurations"])
    parts[0]["properties"]["subnet"] = subnet
    assert put_nic(messy, arm, "win-1-nic", ipConfigurations=parts).error == (400, code)


def test_an_interface_has_an_address(messy: Lab, arm: Arm) -> None:
    """At least one IP configuration."""
    assert put_nic(messy, arm, "win-1-nic", ipConfigurations=[]).error == (400, "NetworkInterfaceHasNoIpConfiguration")


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
    parts = copy.deepcopy(held_nic(messy, "win-1-nic")["properties"]["ipConfigurations"])
    parts[0]["properties"] |= {"privateIPAllocationMethod": "Static", "privateIPAddress": address}
    assert put_nic(messy, arm, "win-1-nic", ipConfigurations=parts).error == (400, code)


def test_a_group_that_is_not_there_cannot_be_named(messy: Lab, arm: Arm) -> None:
    """Nor one of another region."""
    group = {"id": network_path(messy, "networkSecurityGroups/none")}
    assert put_nic(messy, arm, "win-1-nic", networkSecurityGroup=group).error == (400, "InvalidResourceReference")


@pytest.mark.parametrize("tags", [[1], "a", {"a": 1}])
def test_tags_are_texts_by_their_names(messy: Lab, arm: Arm, tags: object) -> None:
    """Anything else cannot be parsed."""
    body = {**copy.deepcopy(held_nic(messy, "win-1-nic")), "tags": tags}
    assert arm.put(body["id"], body).error == (400, "InvalidRequestFormat")
