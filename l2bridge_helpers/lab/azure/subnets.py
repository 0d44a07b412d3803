"""Writing a subnet: all of it, at once."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network

from werkzeug import Response

from l2bridge_helpers.lab.azure import conditions
from l2bridge_helpers.lab.azure.addresses import prefixes
from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.errors import ArmError, no_parent, retryable
from l2bridge_helpers.lab.azure.members import model_of, replaced
from l2bridge_helpers.lab.azure.permissions import authorize_links
from l2bridge_helpers.lab.azure.references import must_exist, only_ids
from l2bridge_helpers.lab.azure.writes import begin, check_name, copied, rewrite
from l2bridge_helpers.lab.world import Json

_TYPE = "Microsoft.Network/virtualNetworks/subnets"
_DEFAULTS: Json = {
    "delegations": [],
    "privateEndpointNetworkPolicies": "Disabled",
    "privateLinkServiceNetworkPolicies": "Enabled",
}


def put_subnet(call: Call) -> Response:
    """Replace a subnet, or make one."""
    network = _network(call)
    body = call.content()
    check_name(call.name)
    refresh(call.state.world.resources, "virtualNetworks")
    stored = call.state.part(network, "subnets", call.name)
    new = replaced(body, stored or {}, model_of("network", "Subnet"))
    authorize_links(call, new)
    _must_be_free(call, network)
    conditions.check(call, stored)
    subnet = _complete(call, network, new, stored)
    undo = _put(call, network, subnet, stored)
    call.state.stamp(network, "Updating", [call.name])
    operation = begin(
        call, "PutSubnetOperation", (network["id"],), finish=lambda: call.state.stamp(network, "Succeeded"), undo=undo
    )
    return call.accepted(operation, stored or subnet, 200 if stored else 201)


def _network(call: Call) -> Json:
    found = call.state.find("virtualNetworks", call.parent_id)
    if found is None:
        raise no_parent(call.parent_id)
    return found


def _must_be_free(call: Call, network: Json) -> None:
    """Refuse while another subnet of the network is being written."""
    found = call.state.operations.running(network["id"])
    if found:
        uri = f"{call.base}{found.where}/operations/{found.id}?api-version={call.version}"
        raise ArmError(
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress. "
            f"To retrieve status of the operation use uri: {uri}.",
            409,
            retry=True,
        )


def _complete(call: Call, network: Json, new: Json, stored: Json | None) -> Json:
    """Return the subnet as the network shows it; refuse what does not do."""
    properties = new.get("properties", {})
    only_ids(properties)
    _check_range(network, call.id, properties, stored)
    must_exist(call, properties, "networkSecurityGroup", "networkSecurityGroups")
    table = must_exist(call, properties, "routeTable", "routeTables")
    if table and call.state.operations.running(table["id"]):
        raise retryable(
            "ReferencedResourceNotProvisioned",
            f"Cannot proceed with operation because resource {table['id']} used by resource {call.id} is not in "
            "Succeeded state. Resource is in Updating state and the last operation that updated/is updating the "
            "resource is PutRouteTableOperation.",
        )
    for name, value in _DEFAULTS.items():
        properties.setdefault(name, value if not isinstance(value, list) else [])
    name = stored["name"] if stored else call.name
    own = {"name": name, "id": f"{network['id']}/subnets/{name}", "etag": "", "type": _TYPE}
    return {**new, **own, "properties": properties}


def _check_range(network: Json, identifier: str, properties: Json, stored: Json | None) -> None:
    """Refuse a range that is none, that is taken from members, or that is not free in the network."""
    given = properties.get("addressPrefixes") or [properties.get("addressPrefix") or ""]
    try:
        ranges = [ip_network(text) for text in given]
    except ValueError:
        raise ArmError(
            "InvalidAddressPrefixFormat",
            f"Address prefix {', '.join(given)} of resource {identifier} is not formatted correctly. It should follow "
            "CIDR notation, for example 10.0.0.0/24.",
        ) from None
    if stored and set(given) == set(prefixes(stored)):
        return
    if stored and stored["properties"].get("ipConfigurations"):
        raise ArmError(
            "InUsePrefixCannotBeDeleted",
            f"IpPrefix {', '.join(prefixes(stored))} on Subnet {stored['name']} has active allocations and cannot be "
            "deleted.",
        )
    for one in ranges:
        _check_free(network, identifier.rpartition("/")[2], one, stored)


def _check_free(network: Json, name: str, wanted: IPv4Network | IPv6Network, stored: Json | None) -> None:
    space = [ip_network(text) for text in network["properties"]["addressSpace"]["addressPrefixes"]]
    if not any(own.overlaps(wanted) and own.prefixlen <= wanted.prefixlen for own in space):
        raise ArmError("NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{network['name']}'.")
    others = [one for one in network["properties"]["subnets"] if one is not stored]
    if any(wanted.overlaps(ip_network(text)) for other in others for text in prefixes(other)):
        raise ArmError(
            "NetcfgSubnetRangesOverlap",
            f"Subnet '{name}' is not valid because its IP address range overlaps with that of an existing subnet in "
            f"virtual network '{network['name']}'.",
        )


def _put(call: Call, network: Json, subnet: Json, stored: Json | None) -> Callable[[], None]:
    """Put the subnet in its place; return what takes that back."""
    call.state.remembered.keep(call.state.world, delay=call.state.effective_delay)
    before = copied(network)
    if stored:
        rewrite(stored, subnet)
    else:
        network["properties"]["subnets"].append(subnet)
    refresh(call.state.world.resources, "routeTables", "networkSecurityGroups")
    return lambda: rewrite(network, before)
