"""The Describe calls: filters, ids, pages."""

from __future__ import annotations

import base64
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from l2bridge_helpers.lab.aws.errors import Ec2Error, invalid
from l2bridge_helpers.lab.aws.state import State, tag_field
from l2bridge_helpers.lab.world import Json

MOST_VALUES = 200
"""Values of all filters of one request (EC2 documentation, read 2026-11)."""
_NICS = "NetworkInterfaces[]"


@dataclass(frozen=True)
class Listing:
    """One Describe call.

    Attributes:
        collection: of the world, and of the answer.
        ids: the parameter that names resources, and their kind; empty: there is none.
        key: the resources' id.
        most: the greatest page.
        filters: filter's name -> dotted path of what it looks at; `[]` stands for every element of a list.

    """

    collection: str
    ids: str
    kind: str
    key: str
    most: int
    filters: dict[str, str]


LISTINGS = {
    "DescribeInstances": Listing(
        "Instances",
        "InstanceIds",
        "i",
        "InstanceId",
        1000,
        {
            "instance-id": "InstanceId",
            "vpc-id": "VpcId",
            "subnet-id": "SubnetId",
            "instance-state-name": "State.Name",
            "private-ip-address": "PrivateIpAddress",
            "private-dns-name": "PrivateDnsName",
            "network-interface.network-interface-id": "NetworkInterfaces[].NetworkInterfaceId",
            "network-interface.addresses.private-ip-address": f"{_NICS}.PrivateIpAddresses[].PrivateIpAddress",
            "network-interface.ipv6-addresses.ipv6-address": "NetworkInterfaces[].Ipv6Addresses[].Ipv6Address",
        },
    ),
    "DescribeNetworkInterfaces": Listing(
        "NetworkInterfaces",
        "NetworkInterfaceIds",
        "eni",
        "NetworkInterfaceId",
        1000,
        {
            "network-interface-id": "NetworkInterfaceId",
            "attachment.instance-id": "Attachment.InstanceId",
            "attachment.status": "Attachment.Status",
            "vpc-id": "VpcId",
            "subnet-id": "SubnetId",
            "group-id": "Groups[].GroupId",
            "private-ip-address": "PrivateIpAddress",
            "addresses.private-ip-address": "PrivateIpAddresses[].PrivateIpAddress",
            "source-dest-check": "SourceDestCheck",
            "interface-type": "InterfaceType",
        },
    ),
    "DescribeTags": Listing(
        "Tags",
        "",
        "",
        "",
        1000,
        {"resource-id": "ResourceId", "resource-type": "ResourceType", "key": "Key", "value": "Value"},
    ),
    "DescribeVpcs": Listing("Vpcs", "VpcIds", "vpc", "VpcId", 1000, {"vpc-id": "VpcId"}),
    "DescribeSubnets": Listing(
        "Subnets", "SubnetIds", "subnet", "SubnetId", 1000, {"vpc-id": "VpcId", "subnet-id": "SubnetId"}
    ),
    "DescribeRouteTables": Listing(
        "RouteTables",
        "RouteTableIds",
        "rtb",
        "RouteTableId",
        100,
        {
            "vpc-id": "VpcId",
            "route-table-id": "RouteTableId",
            "association.subnet-id": "Associations[].SubnetId",
            "association.main": "Associations[].Main",
        },
    ),
    "DescribeSecurityGroups": Listing(
        "SecurityGroups", "GroupIds", "sg", "GroupId", 1000, {"group-id": "GroupId", "vpc-id": "VpcId"}
    ),
    "DescribeNetworkAcls": Listing(
        "NetworkAcls",
        "NetworkAclIds",
        "acl",
        "NetworkAclId",
        1000,
        {
            "vpc-id": "VpcId",
            "network-acl-id": "NetworkAclId",
            "association.subnet-id": "Associations[].SubnetId",
        },
    ),
}


def describe(action: str, state: State, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return one page of what the filters and ids find."""
    listing = LISTINGS[action]
    ids, size = arguments.get(listing.ids, []), arguments.get("MaxResults")
    if ids and size is not None:
        raise Ec2Error(
            "InvalidParameterCombination",
            f"The parameter {listing.ids} cannot be used with the parameter maxResults in the same call",
        )
    if size is not None and not 5 <= size <= listing.most:  # noqa: PLR2004 - EC2's least page
        raise invalid(
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and {listing.most}."
        )
    state.check_ids(ids, listing.kind)
    found = [
        item for item in _found(listing, state, arguments.get("Filters", [])) if not ids or item[listing.key] in ids
    ]
    start = _offset(arguments.get("NextToken", ""))
    page = [_shown(item, state) for item in found[start : start + size if size else None]]
    more = {"NextToken": _token(start + size)} if size and start + size < len(found) else {}
    return {**_wrapped(listing, page), **more}


def _wrapped(listing: Listing, page: list[Json]) -> dict[str, Any]:
    if listing.collection != "Instances":
        return {listing.collection: page}
    return {
        "Reservations": [
            {"ReservationId": f"r-{item['InstanceId'][2:]}", "OwnerId": _owner(item), "Groups": [], "Instances": [item]}
            for item in page
        ]
    }


def _owner(item: Json) -> str:
    return next((nic["OwnerId"] for nic in item.get("NetworkInterfaces", [])), "123456789012")


def _found(listing: Listing, state: State, filters: list[Json]) -> Iterator[Json]:
    wanted = []
    if sum(len(entry.get("Values", [])) for entry in filters) > MOST_VALUES:
        raise Ec2Error(
            "FilterLimitExceeded", f"The maximum number of filter values specified on a single call is {MOST_VALUES}"
        )
    for entry in filters:
        name, values = entry.get("Name", ""), entry.get("Values", [])
        tag = name.startswith("tag:")
        if not tag and name not in listing.filters:
            raise invalid(f"The filter '{name}' is invalid")
        wanted.append((name.removeprefix("tag:") if tag else "", listing.filters.get(name, ""), values))
    for item in state.items(listing.collection):
        if all(_matches(item, *one) for one in wanted):
            yield item


def _matches(item: Json, tag: str, path: str, values: list[str]) -> bool:
    if tag:
        has = [entry["Value"] for entry in item.get(tag_field(item), []) if entry["Key"] == tag]
    else:
        has = [
            ("true" if value else "false") if isinstance(value, bool) else str(value)
            for value in _at(item, path.split("."))
        ]
    exact = set(values)
    return any(value in exact for value in has) or any(
        fnmatch.fnmatchcase(value, pattern) for pattern in values if "*" in pattern or "?" in pattern for value in has
    )


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
        return
    part = value.get(path[0].removesuffix("[]")) if isinstance(value, dict) else None
    for element in part if path[0].endswith("[]") and part else [part]:
        if element is not None:
            yield from _at(element, path[1:])


def _shown(item: Json, state: State) -> Json:
    """Return a resource as the API shows it: what follows from others is worked out anew."""
    if "Routes" not in item:
        return item
    carrying = _carrying(state)
    return {**item, "Routes": [{**route, "State": _route_state(route, carrying)} for route in item["Routes"]]}


def _route_state(route: Json, carrying: set[str]) -> str:
    """Return `blackhole` when the interface is gone or its machine does not run."""
    interface = route.get("NetworkInterfaceId")
    if not interface:
        return str(route.get("State", "active"))
    return "active" if interface in carrying else "blackhole"


def _carrying(state: State) -> set[str]:
    """Return the interfaces that are on no machine, or on one that runs."""
    states = {one["InstanceId"]: one["State"]["Name"] for one in state.world.cloud("Instances")}
    machines = {
        nic["NetworkInterfaceId"]: nic.get("Attachment", {}).get("InstanceId")
        for nic in state.world.cloud("NetworkInterfaces")
    }
    return {nic for nic, machine in machines.items() if machine is None or states.get(machine) == "running"}


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"l2b:{offset}".encode()).decode()


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        kind, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
    except ValueError:
        kind, number = "", ""
    if kind != "l2b" or not number.isdecimal() or _token(int(number)) != token:
        raise Ec2Error("InvalidNextToken", "The token is invalid or has expired")
    return int(number)
