"""Addresses of interfaces: each is of its subnet, and of one interface only."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.derived import configurations_of
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import reference, same
from l2bridge_helpers.lab.world import Json

_RESERVED_ADDRESSES = 4
"""At the beginning of each subnet, and one at its end (Virtual Network documentation, FAQ)."""
_SEARCHED = 1 << 16


def settle_address(call: Call, part: Json, before: Json, subnet: Json) -> None:
    """Settle the address: a dynamic one is kept as long as the subnet is the same one."""
    properties = part["properties"]
    kept = before.get("privateIPAddress") if same(reference(before, "subnet"), subnet["id"]) else None
    given = properties.get("privateIPAddress")
    if properties["privateIPAllocationMethod"] == "Dynamic":
        properties["privateIPAddress"] = kept or given or _free(call, properties, subnet)
    if properties.get("privateIPAddress") == kept and kept:
        return
    if not properties.get("privateIPAddress"):
        # [U]: the code.
        raise ArmError("PrivateIPAddressRequired", f"IP configuration {part['id']} is static and has no address.")
    _check_address(call, part, subnet)


def _check_address(call: Call, part: Json, subnet: Json) -> None:
    text = part["properties"]["privateIPAddress"]
    try:
        address = ip_address(text)
    except ValueError:
        raise ArmError("InvalidIPAddressFormat", f"IP address {text} of {part['id']} is not valid.") from None
    if not any(address in ip_network(one) for one in prefixes(subnet)):
        raise ArmError(
            "PrivateIPAddressNotInSubnet",
            f"Private static IP address {text} does not belong to the range of subnet prefix "
            f"{', '.join(prefixes(subnet))}.",
        )
    owner = _owner(call, part, text)
    if owner:
        raise ArmError(
            "PrivateIPAddressIsAllocated",
            f"IP configuration {part['id']} is using the private IP address {text} which is already allocated to "
            f"resource {owner}.",
        )


def prefixes(subnet: Json) -> list[str]:
    """Return the address prefixes of a subnet."""
    properties = subnet["properties"]
    found: list[str] = properties.get("addressPrefixes") or [properties["addressPrefix"]]
    return found


def _owner(call: Call, part: Json, address: str) -> str:
    """Return the id of another IP configuration of the same network that has this address, "" for none."""
    network = reference(part["properties"], "subnet").rsplit("/", 2)[0]
    for other in configurations_of(call.state.world.resources):
        there = reference(other["properties"], "subnet").rsplit("/", 2)[0]
        taken = other["properties"].get("privateIPAddress") == address
        if taken and same(there, network) and not same(other["id"], part["id"]):
            return str(other["id"])
    return ""


def _free(call: Call, properties: Json, subnet: Json) -> str:
    """Return the first address of the subnet that nobody has."""
    wanted = 6 if properties["privateIPAddressVersion"] == "IPv6" else 4
    taken = {one["properties"].get("privateIPAddress") for one in configurations_of(call.state.world.resources)}
    for network in (ip_network(text) for text in prefixes(subnet)):
        if network.version == wanted:
            for number in range(_RESERVED_ADDRESSES, min(network.num_addresses - 1, _SEARCHED)):
                if str(network[number]) not in taken:
                    return str(network[number])
    raise ArmError(
        "SubnetIsFull", f"Subnet {subnet['name']} with address prefix {', '.join(prefixes(subnet))} is full."
    )
