"""The calls that change something: interfaces, instances, routes, tags."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from l2bridge_helpers.lab.aws.errors import Ec2Error, invalid
from l2bridge_helpers.lab.aws.state import State
from l2bridge_helpers.lab.world import Json

_ATTRIBUTES = {"SourceDestCheck", "Description", "Groups", "Attachment"}
_MOST_TAGS, _KEY, _VALUE = 50, 128, 256


def modify_network_interface(state: State, given: Json) -> Json:
    """Turn the source/destination check of one interface on or off."""
    nic = state.find(given["NetworkInterfaceId"], "eni")
    attributes = _ATTRIBUTES & given.keys()
    if len(attributes) != 1:
        raise Ec2Error("InvalidParameterCombination", "Exactly one attribute must be specified")
    if "SourceDestCheck" not in attributes:
        raise Ec2Error("UnsupportedOperation", f"The lab does not change {attributes.pop()}")
    if nic.get("RequesterManaged"):
        raise Ec2Error("AuthFailure", "You do not have permission to access the specified resource.")
    if nic.get("InterfaceType", "interface").startswith("efa"):
        raise Ec2Error("OperationNotPermitted", "The source/destination check of an EFA interface cannot be changed.")
    if nic.get("InterfaceType", "interface") != "interface":
        raise Ec2Error("OperationNotPermitted", f"You cannot change an interface of type {nic['InterfaceType']}.")
    _set_check(state, nic, check=given["SourceDestCheck"]["Value"])
    return {}


def modify_instance(state: State, given: Json) -> Json:
    """Change the check of an instance's only interface."""
    machine = state.find(given["InstanceId"], "i")
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
    if "SourceDestCheck" not in given:
        raise Ec2Error("UnsupportedOperation", "The lab changes sourceDestCheck only")
    _set_check(state, own[0], check=given["SourceDestCheck"]["Value"])
    return {}


def _set_check(state: State, nic: Json, *, check: bool) -> None:
    """Change the interface, and what its instance shows of it: the instance mirrors the primary interface."""
    nic["SourceDestCheck"] = check
    for machine in state.world.cloud("Instances"):
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
    table["Routes"].append({key: destination, **_hop(state, table, given), "Origin": "CreateRoute", "State": "active"})
    return {"Return": True}


def replace_route(state: State, given: Json) -> Json:
    """Lead a route elsewhere."""
    table, key, destination = _place(state, given)
    route = _route(table, key, destination)
    if route is None:
        raise invalid(f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead.")
    hop = _hop(state, table, given)
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
        network = ipaddress.ip_network(given[keys[0]] if "/" in given[keys[0]] else "", strict=False)
    except ValueError:
        raise invalid(f"Value ({given[keys[0]]}) for parameter destinationCidrBlock is invalid.") from None
    if (network.version == 6) != (keys[0] == "DestinationIpv6CidrBlock"):  # noqa: PLR2004 - IPv6
        raise invalid(f"Value ({network}) for parameter {keys[0]} is of the other address family.")
    return table, keys[0], str(network)


def _route(table: Json, key: str, destination: str) -> Json | None:
    return next((route for route in table["Routes"] if route.get(key) == destination), None)


def _hop(state: State, table: Json, given: Json) -> Json:
    if "NetworkInterfaceId" not in given:
        raise Ec2Error("UnsupportedOperation", "The lab makes routes to network interfaces only")
    nic = state.find(given["NetworkInterfaceId"], "eni")
    if nic["VpcId"] != table["VpcId"]:
        raise invalid(
            f"route table {table['RouteTableId']} and interface {nic['NetworkInterfaceId']} "
            "belong to different networks"
        )
    _, _, destination = _place(state, given)
    for subnet in state.world.cloud("Subnets"):
        if subnet["VpcId"] == table["VpcId"] and _inside(destination, subnet["CidrBlock"]):
            raise invalid(f"The destination CIDR block {destination} lies inside one of this VPC's CIDR blocks.")
    attachment = nic.get("Attachment", {})
    machine = {"InstanceId": attachment["InstanceId"]} if "InstanceId" in attachment else {}
    owner = {"InstanceOwnerId": attachment["InstanceOwnerId"]} if "InstanceOwnerId" in attachment else {}
    return {**machine, **owner, "NetworkInterfaceId": nic["NetworkInterfaceId"]}


def _inside(one: str, other: str) -> bool:
    inner, outer = ipaddress.ip_network(one), ipaddress.ip_network(other)
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def create_tags(state: State, given: Json) -> Json:
    """Set tags."""
    for identifier in given["Resources"]:
        item = state.resource(identifier)
        tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
        for tag in given["Tags"]:
            key, value = tag.get("Key", ""), tag.get("Value", "")
            if key.lower().startswith("aws:"):
                raise invalid(f"Tag keys starting with 'aws:' are reserved for internal use: {key}")
            if not 1 <= len(key) <= _KEY or len(value) > _VALUE:
                raise invalid(f"Tag {key!r}: a key has 1 to {_KEY} characters, a value at most {_VALUE}.")
            tags[key] = value
        if len(tags) > _MOST_TAGS:
            raise Ec2Error(
                "TagLimitExceeded", f"The maximum number of Tags ({_MOST_TAGS}) for the resource has been exceeded."
            )
        item["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {}


def delete_tags(state: State, given: Json) -> Json:
    """Remove tags; one that is named with a value goes only if it has that value."""
    gone = [(tag.get("Key"), tag.get("Value")) for tag in given.get("Tags", [])]
    for identifier in given["Resources"]:
        item = state.resource(identifier)
        item["Tags"] = [
            tag
            for tag in item.get("Tags", [])
            if not any(tag["Key"] == key and value in (None, tag["Value"]) for key, value in gone)
        ]
    return {}


CHANGES: dict[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "CreateRoute": create_route,
    "CreateTags": create_tags,
    "DeleteRoute": delete_route,
    "DeleteTags": delete_tags,
    "ModifyInstanceAttribute": modify_instance,
    "ModifyNetworkInterfaceAttribute": modify_network_interface,
    "ReplaceRoute": replace_route,
}
