"""The calls that change something: interfaces, instances, routes, tags."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from l2bridge_helpers.lab.aws.errors import Ec2Error, invalid
from l2bridge_helpers.lab.aws.state import State, tag_field
from l2bridge_helpers.lab.world import Json

_PLACE = {"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "RouteTableId"}
_LENGTH = re.compile(r"/[0-9]{1,3}$")
_MOST_TAGS, _KEY, _VALUE = 50, 128, 256


def modify_network_interface(state: State, given: Json) -> Json:
    """Turn the source/destination check of one interface on or off."""
    nic = state.find(given["NetworkInterfaceId"], "eni")
    check = _check(given, "NetworkInterfaceId")
    if nic.get("RequesterManaged"):
        raise Ec2Error("AuthFailure", "You do not have permission to access the specified resource.")
    if nic.get("InterfaceType", "interface").startswith("efa"):
        raise Ec2Error("OperationNotPermitted", "The source/destination check of an EFA interface cannot be changed.")
    if nic.get("InterfaceType", "interface") != "interface":
        raise Ec2Error("OperationNotPermitted", f"You cannot change an interface of type {nic['InterfaceType']}.")
    _set_check(state, nic, check=check)
    return {}


def modify_instance(state: State, given: Json) -> Json:
    """Change the check of an instance's only interface."""
    machine = state.find(given["InstanceId"], "i")
    check = _check(given, "InstanceId")
    own = [
        nic
        for nic in state.world.cloud("NetworkInterfaces")
        if nic.get("Attachment", {}).get("InstanceId") == machine["InstanceId"]
    ]
    if len(own) != 1:
        raise Ec2Error(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{machine['InstanceId']}'. "
            "Please specify an interface ID for the operation instead.",
        )
    _set_check(state, own[0], check=check)
    return {}


def _check(given: Json, key: str) -> bool:
    """Return what the check is to be; it must be the only attribute."""
    attributes = sorted(given.keys() - {key})
    if len(attributes) != 1:
        said = "Fields for multiple attribute types specified" if attributes else "No attributes specified."
        raise Ec2Error("InvalidParameterCombination", said)
    if attributes != ["SourceDestCheck"]:
        raise Ec2Error("UnsupportedOperation", f"The lab does not change {attributes[0]}")
    return bool(given["SourceDestCheck"]["Value"])


def _set_check(state: State, nic: Json, *, check: bool) -> None:
    """Change the interface, and what its instance shows of it: the instance mirrors the primary interface."""
    nic["SourceDestCheck"] = check
    attached = nic.get("Attachment", {}).get("InstanceId")
    for machine in (one for one in state.world.cloud("Instances") if attached in {None, one["InstanceId"]}):
        for seen in machine.get("NetworkInterfaces", []):
            if seen["NetworkInterfaceId"] == nic["NetworkInterfaceId"]:
                seen["SourceDestCheck"] = check
                if seen["Attachment"]["DeviceIndex"] == 0:
                    machine["SourceDestCheck"] = check


def create_route(state: State, given: Json) -> Json:
    """Add a route to an interface."""
    table, key, destination = _place(state, given)
    if _route(table, key, destination):
        raise Ec2Error("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    if sum(key in route for route in table["Routes"]) >= state.routes_per_table:
        raise Ec2Error(
            "RouteLimitExceeded", f"The route table {table['RouteTableId']} has reached the maximum number of routes."
        )
    table["Routes"].append(
        {key: destination, **_hop(state, table, given, destination), "Origin": "CreateRoute", "State": "active"}
    )
    return {"Return": True}


def replace_route(state: State, given: Json) -> Json:
    """Lead a route elsewhere."""
    table, key, destination = _place(state, given)
    route = _route(table, key, destination)
    if route is None:
        raise invalid(f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead.")
    if route.get("GatewayId") == "local":
        raise invalid(f"cannot replace local route {destination} in route table {table['RouteTableId']}")
    hop = _hop(state, table, given, destination)
    route.clear()
    route.update({key: destination, **hop, "Origin": "CreateRoute", "State": "active"})
    return {}


def delete_route(state: State, given: Json) -> Json:
    """Remove a route."""
    table, key, destination = _place(state, given)
    route = _route(table, key, destination)
    if route is None:
        raise Ec2Error(
            "InvalidRoute.NotFound",
            f"no route with destination-cidr-block {destination} in route table {table['RouteTableId']}",
        )
    if route.get("GatewayId") == "local":
        raise invalid(f"cannot remove local route {destination} in route table {table['RouteTableId']}")
    table["Routes"].remove(route)
    return {}


def _place(state: State, given: Json) -> tuple[Json, str, str]:
    """Return the table, the destination's field, and the destination as EC2 writes it."""
    table = state.find(given["RouteTableId"], "rtb")
    keys = [key for key in ("DestinationCidrBlock", "DestinationIpv6CidrBlock") if key in given]
    if len(keys) != 1:
        raise Ec2Error(
            "MissingParameter", "The request must contain one of destinationCidrBlock, destinationIpv6CidrBlock"
        )
    try:
        network = ipaddress.ip_network(given[keys[0]] if _LENGTH.search(given[keys[0]]) else "", strict=False)
    except ValueError:
        raise invalid(f"Value ({given[keys[0]]}) for parameter destinationCidrBlock is invalid.") from None
    if (network.version == 6) != (keys[0] == "DestinationIpv6CidrBlock"):  # noqa: PLR2004 - IPv6
        raise invalid(f"Value ({network}) for parameter {keys[0]} is of the other address family.")
    return table, keys[0], str(network)


def _route(table: Json, key: str, destination: str) -> Json | None:
    return next((route for route in table["Routes"] if route.get(key) == destination), None)


def _hop(state: State, table: Json, given: Json, destination: str) -> Json:
    targets = sorted(given.keys() - _PLACE)
    if len(targets) > 1:
        raise Ec2Error("InvalidParameterCombination", f"Only one of these may be specified: {', '.join(targets)}")
    if targets != ["NetworkInterfaceId"]:
        raise Ec2Error("UnsupportedOperation", "The lab makes routes to network interfaces only")
    nic = state.find(given["NetworkInterfaceId"], "eni")
    if nic["VpcId"] != table["VpcId"]:
        raise invalid(
            f"route table {table['RouteTableId']} and interface {nic['NetworkInterfaceId']} "
            "belong to different networks"
        )
    ranges = [vpc["CidrBlock"] for vpc in state.world.cloud("Vpcs") if vpc["VpcId"] == table["VpcId"]]
    subnets = [item["CidrBlock"] for item in state.world.cloud("Subnets") if item["VpcId"] == table["VpcId"]]
    if any(_inside(destination, block) for block in ranges) and destination not in subnets:
        raise invalid("Route destination doesn't match any subnet CIDR blocks.")
    attachment = nic.get("Attachment", {})
    machine = {"InstanceId": attachment["InstanceId"]} if "InstanceId" in attachment else {}
    owner = {"InstanceOwnerId": attachment["InstanceOwnerId"]} if "InstanceOwnerId" in attachment else {}
    return {**machine, **owner, "NetworkInterfaceId": nic["NetworkInterfaceId"]}


def _inside(one: str, other: str) -> bool:
    inner, outer = ipaddress.ip_network(one), ipaddress.ip_network(other)
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def create_tags(state: State, given: Json) -> Json:
    """Set tags, on all the resources or on none."""
    added = {tag.get("Key", ""): tag.get("Value", "") for tag in given["Tags"]}
    _own(added)
    for key, value in added.items():
        if not 1 <= len(key) <= _KEY or len(value) > _VALUE:
            raise invalid(f"Tag {key!r}: a key has 1 to {_KEY} characters, a value at most {_VALUE}.")
    items = [state.resource(identifier) for identifier in given["Resources"]]
    sets = [_tags(item) | added for item in items]
    if any(sum(not key.lower().startswith("aws:") for key in tags) > _MOST_TAGS for tags in sets):
        raise Ec2Error(
            "TagLimitExceeded", f"The maximum number of Tags ({_MOST_TAGS}) for the resource has been exceeded."
        )
    for item, tags in zip(items, sets, strict=True):
        _keep(item, tags)
    return {}


def delete_tags(state: State, given: Json) -> Json:
    """Remove tags: one with a value only if it has that value; all but AWS's own when none is named."""
    gone = [(tag.get("Key", ""), tag.get("Value")) for tag in given.get("Tags", [])]
    _own([key for key, _ in gone])
    for item in [state.resource(identifier) for identifier in given["Resources"]]:
        tags = _tags(item)
        named = gone or [(key, None) for key in tags if not key.lower().startswith("aws:")]
        _keep(item, {key: value for key, value in tags.items() if not {(key, None), (key, value)} & set(named)})
    return {}


def _own(keys: Iterable[str]) -> None:
    """Refuse the keys that are AWS's."""
    for key in keys:
        if key.lower().startswith("aws:"):
            raise invalid(f"Tag keys starting with 'aws:' are reserved for internal use: {key}")


def _tags(item: Json) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get(tag_field(item), [])}


def _keep(item: Json, tags: dict[str, str]) -> None:
    item[tag_field(item)] = [{"Key": key, "Value": value} for key, value in tags.items()]


CHANGES: dict[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "CreateRoute": create_route,
    "CreateTags": create_tags,
    "DeleteRoute": delete_route,
    "DeleteTags": delete_tags,
    "ModifyInstanceAttribute": modify_instance,
    "ModifyNetworkInterfaceAttribute": modify_network_interface,
    "ReplaceRoute": replace_route,
}
