"""Writing a network interface: all of it, at once."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from werkzeug import Response

from l2bridge_helpers.lab.azure import conditions
from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError, retryable
from l2bridge_helpers.lab.azure.ids import reference, same
from l2bridge_helpers.lab.azure.members import model_of
from l2bridge_helpers.lab.azure.permissions import authorize_links
from l2bridge_helpers.lab.azure.references import must_exist, only_ids
from l2bridge_helpers.lab.azure.writes import finish_put, made, store
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json

_TYPE = "Microsoft.Network/networkInterfaces/ipConfigurations"
_DEFAULTS: Json = {
    "enableAcceleratedNetworking": False,
    "vnetEncryptionSupported": False,
    "enableIPForwarding": False,
    "disableTcpStateTracking": False,
    "hostedWorkloads": [],
    "tapConfigurations": [],
    "nicType": "Standard",
    "auxiliaryMode": "None",
    "auxiliarySku": "None",
}
"""What a body that leaves it out asks for."""
_RESERVED_ADDRESSES = 4
"""At the beginning of each subnet, and one at its end (Virtual Network documentation, FAQ)."""


def put_interface(call: Call) -> Response:
    """Replace an interface, or make one."""
    stored = call.state.find("networkInterfaces", call.id)
    _refuse_scale_sets(call, stored)
    new = made(call, stored, model_of("network", "NetworkInterface"))
    authorize_links(call, new)
    if stored:
        call.state.must_be_free(call.id)
    conditions.check(call, stored)
    _complete(call, new, stored)
    undo = store(call, stored, new)
    return finish_put(call, stored or new, "PutNicOperation", undo, created=stored is None)


def refuse_scale_set_interface(call: Call) -> Response:
    """Refuse: an interface of a uniform scale set is written through the scale set only.

    Raises:
        ArmError: always. Its text is that of azure-powershell 11835; the code is [U].

    """
    kind = "virtualMachineScaleSets/virtualMachines/networkInterfaces"
    word = "delete" if call.request.method == "DELETE" else "write"
    raise ArmError("OperationNotAllowed", f"The operation '{word}' on resource type '{kind}' is disallowed.")


def _refuse_scale_sets(call: Call, stored: Json | None) -> None:
    """Refuse a scale set's interface that is written under the path of an ordinary one."""
    body = call.content()
    machine = reference(body.get("properties"), "virtualMachine")
    own = [machine, str(body.get("id") or "")]
    if stored is None and any("/virtualmachinescalesets/" in one.lower() for one in own):
        refuse_scale_set_interface(call)


def _complete(call: Call, new: Json, stored: Json | None) -> None:
    """Write what the server decides, and refuse what it does not take."""
    properties = new["properties"]
    only_ids(properties)
    must_exist(call, properties, "networkSecurityGroup", "networkSecurityGroups")
    for name, value in _DEFAULTS.items():
        properties.setdefault(name, value if not isinstance(value, list) else [])
    properties.setdefault("resourceGuid", uid(f"guid {new['id']}"))
    _dns(properties)
    parts = properties.setdefault("ipConfigurations", [])
    if not parts:
        # [U]: the code.
        raise ArmError(
            "NetworkInterfaceHasNoIpConfiguration", f"Network interface {new['id']} has no IP configurations."
        )
    for part in parts:
        _configuration(call, new, part, stored)
    if not any(part["properties"].get("primary") for part in parts):
        parts[0]["properties"]["primary"] = True


def _dns(properties: Json) -> None:
    settings = properties.setdefault("dnsSettings", {})
    settings.setdefault("dnsServers", [])
    settings.setdefault("appliedDnsServers", [])


def _configuration(call: Call, nic: Json, part: Json, stored: Json | None) -> None:
    """Complete one IP configuration."""
    name = part.get("name") or ""
    if not name:
        raise ArmError("InvalidRequestFormat", f"An IP configuration of {nic['id']} has no name.")
    before = call.state.part(stored, "ipConfigurations", name) if stored else None
    part |= {"id": f"{nic['id']}/ipConfigurations/{name}", "etag": "", "type": _TYPE}
    properties = part.setdefault("properties", {})
    properties.setdefault("privateIPAllocationMethod", "Dynamic")
    properties.setdefault("privateIPAddressVersion", "IPv4")
    properties.setdefault("primary", False)
    _address(call, part, (before or {}).get("properties", {}), _subnet(call, part))


def _subnet(call: Call, part: Json) -> Json:
    """Return the subnet of an IP configuration, which nobody else may be writing."""
    named = reference(part["properties"], "subnet")
    if not named:
        # [U]: the code.
        raise ArmError("SubnetIsRequired", f"IP configuration {part['id']} has no subnet.")
    found = call.state.subnet(named)
    if found is None:
        raise ArmError(
            "InvalidResourceReference",
            f"Resource {named} referenced by resource {call.id} was not found. Please make sure that the referenced "
            "resource exists, and that both resources are in the same region.",
        )
    if found[1]["properties"].get("provisioningState") == "Updating":
        raise retryable(
            "ReferencedResourceNotProvisioned",
            f"Cannot proceed with operation because resource {named} used by resource {call.id} is not in Succeeded "
            "state. Resource is in Updating state and the last operation that updated/is updating the resource is "
            "PutSubnetOperation.",
        )
    part["properties"]["subnet"] = {"id": found[1]["id"]}
    return found[1]


def _address(call: Call, part: Json, before: Json, subnet: Json) -> None:
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
    ranges = [ip_network(one) for one in prefixes(subnet)]
    if not any(address in one for one in ranges):
        raise ArmError(
            "PrivateIPAddressNotInSubnet",
            f"Private static IP address {text} does not belong to the range of subnet prefix "
            f"{', '.join(prefixes(subnet))}.",
        )
    for other in _others(call, part["id"]):
        if other["properties"].get("privateIPAddress") == text and same(
            reference(other["properties"], "subnet"), subnet["id"]
        ):
            raise ArmError(
                "PrivateIPAddressIsAllocated",
                f"IP configuration {part['id']} is using the private IP address {text} which is already allocated to "
                f"resource {other['id']}.",
            )


def prefixes(subnet: Json) -> list[str]:
    """Return the address prefixes of a subnet."""
    properties = subnet["properties"]
    found: list[str] = properties.get("addressPrefixes") or [properties["addressPrefix"]]
    return found


def _others(call: Call, own: str) -> list[Any]:
    names = ("networkInterfaces", "virtualMachineScaleSetNetworkInterfaces")
    nics = [nic for name in names for nic in call.state.world.cloud(name)]
    parts = [part for nic in nics for part in nic["properties"].get("ipConfigurations", [])]
    return [part for part in parts if not same(part["id"], own)]


def _free(call: Call, properties: Json, subnet: Json) -> str:
    """Return the first address of the subnet that nobody has."""
    version = 6 if properties["privateIPAddressVersion"] == "IPv6" else 4
    taken = {other["properties"].get("privateIPAddress") for other in _others(call, "")}
    for one in (ip_network(text) for text in prefixes(subnet)):
        if one.version == version:
            for number in range(_RESERVED_ADDRESSES, min(one.num_addresses - 1, 1 << 16)):
                if str(one[number]) not in taken:
                    return str(one[number])
    raise ArmError(
        "SubnetIsFull", f"Subnet {subnet['name']} with address prefix {', '.join(prefixes(subnet))} is full."
    )
