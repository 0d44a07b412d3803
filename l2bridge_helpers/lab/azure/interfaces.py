"""Writing a network interface: all of it, at once."""

from __future__ import annotations

from werkzeug import Response

from l2bridge_helpers.lab.azure import conditions
from l2bridge_helpers.lab.azure.addresses import settle_address
from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError, retryable
from l2bridge_helpers.lab.azure.ids import reference
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
_OWN_DNS = ("internalDomainNameSuffix", "internalFqdn")


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
    _dns(properties, (stored or {}).get("properties", {}).get("dnsSettings", {}))
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


def _dns(properties: Json, before: Json) -> None:
    """Complete the DNS settings; what only Azure writes stays when the body has none."""
    settings = properties.setdefault("dnsSettings", {})
    settings |= {name: before[name] for name in _OWN_DNS if name in before}
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
    settle_address(call, part, (before or {}).get("properties", {}), _subnet(call, part))


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
