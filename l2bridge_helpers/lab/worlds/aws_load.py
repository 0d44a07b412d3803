"""A world from what kubectl and `aws` print: rehearse on a copy of your own cluster."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from typing import Any

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.aws_build import aws_id
from l2bridge_helpers.lab.worlds.files import Form, Source, parse, read_items

_OWN, _CLUSTER = "from your files", "lab"
_WIDEST = 24
"""The longest prefix of a subnet that is derived from addresses."""
FORMS = {
    "Instances": Form("Reservations", ("InstanceId", "VpcId", "SubnetId"), "aws ec2 describe-instances --output json"),
    "NetworkInterfaces": Form(
        "NetworkInterfaces",
        ("NetworkInterfaceId", "VpcId", "SubnetId", "PrivateIpAddress"),
        "aws ec2 describe-network-interfaces --output json",
    ),
    "Vpcs": Form("Vpcs", ("VpcId", "CidrBlock"), "aws ec2 describe-vpcs --output json"),
    "Subnets": Form("Subnets", ("SubnetId", "VpcId", "CidrBlock"), "aws ec2 describe-subnets --output json"),
    "RouteTables": Form("RouteTables", ("RouteTableId", "VpcId"), "aws ec2 describe-route-tables --output json"),
    "SecurityGroups": Form("SecurityGroups", ("GroupId", "VpcId"), "aws ec2 describe-security-groups --output json"),
    "NetworkAcls": Form("NetworkAcls", ("NetworkAclId", "VpcId"), "aws ec2 describe-network-acls --output json"),
}
"""By collection: the key at the top of the file, what each item must have, and what prints such a file."""


def load_aws_world(  # noqa: PLR0913 - one keyword for each file and name
    *,
    nodes: Source,
    instances: Source,
    network_interfaces: Source,
    subnets: Source | None = None,
    route_tables: Source | None = None,
    security_groups: Source | None = None,
    network_acls: Source | None = None,
    vpcs: Source | None = None,
    config_maps: Source | None = None,
    cluster: str = "",
) -> World:
    """Return a world made from files of JSON; `FORMS` says which command prints which.

    What is not given is derived: subnets (the smallest range, at least a /24, that holds their interfaces), a main
    route table with the local route for each VPC, VPCs. Security groups and network ACLs: none.

    Raises:
        LabError: a file cannot be used; the text says which, and what to do.

    """
    given = {
        "Instances": instances,
        "NetworkInterfaces": network_interfaces,
        "Vpcs": vpcs,
        "Subnets": subnets,
        "RouteTables": route_tables,
        "SecurityGroups": security_groups,
        "NetworkAcls": network_acls,
    }
    resources = {name: _read(name, source) if source else [] for name, source in given.items()}
    _derive(resources)
    return World(
        name="aws",
        description=_OWN,
        cluster=cluster or _CLUSTER,
        parameters={"region": _region(resources["Instances"], instances)},
        nodes=read_items("nodes", nodes),
        config_maps=read_items("config_maps", config_maps) if config_maps else [],
        resources=resources,
        platform="aws",
    )


def load_bare_metal_world(*, nodes: Source, config_maps: Source | None = None, cluster: str = "") -> World:
    """Return a world of nodes alone.

    Raises:
        LabError: a file cannot be used; the text says which, and what to do.

    """
    return World(
        name="bare_metal",
        description=_OWN,
        cluster=cluster or _CLUSTER,
        parameters={},
        nodes=read_items("nodes", nodes),
        config_maps=read_items("config_maps", config_maps) if config_maps else [],
        platform="bare_metal",
    )


def _read(collection: str, source: Source) -> list[Json]:
    form = FORMS[collection]
    again = f"write it again with `{form.command}`"
    document = parse(source, form)
    listed = document.get(form.kind) if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise LabError(f"{source} has no list {form.kind} at the top; {again}")
    items = [one for item in listed for one in item.get("Instances", [])] if form.kind == "Reservations" else listed
    if collection == "Instances" and not items:
        raise LabError(f"{source} holds no instance; {again}")
    alive = [item for item in items if _state(item) != "terminated"]
    for number, item in enumerate(alive, 1):
        for field in form.fields:
            if not isinstance(item.get(field), str) or not item[field]:
                raise LabError(f"{source}: item {number} ({item.get(form.fields[0])}) has no usable {field}; {again}")
    return alive


def _state(item: Json) -> str:
    state = item.get("State")
    return str(state.get("Name")) if isinstance(state, dict) else ""


def _region(instances: list[Json], source: Source) -> str:
    zones = {str(item.get("Placement", {}).get("AvailabilityZone", "")) for item in instances}
    regions = {zone.rstrip("abcdefghijklmnopqrstuvwxyz") for zone in zones if zone}
    if len(regions) != 1:
        found = ", ".join(sorted(regions)) or "none"
        raise LabError(f"{source}: instances of one region are needed, these are of: {found}")
    return regions.pop()


def _derive(resources: dict[str, list[Json]]) -> None:
    nics = resources["NetworkInterfaces"]
    by_subnet: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for nic in nics:
        place = (nic["VpcId"], nic["SubnetId"], nic.get("AvailabilityZone", ""))
        by_subnet[place].append(nic["PrivateIpAddress"])
    resources["Subnets"] = resources["Subnets"] or [
        {"VpcId": vpc, "SubnetId": subnet, "AvailabilityZone": zone, "CidrBlock": _range(ips)}
        for (vpc, subnet, zone), ips in sorted(by_subnet.items())
    ]
    cidrs: dict[str, list[str]] = defaultdict(list)
    for subnet in resources["Subnets"]:
        cidrs[subnet["VpcId"]].append(subnet["CidrBlock"])
    resources["Vpcs"] = resources["Vpcs"] or [
        {"VpcId": vpc, "CidrBlock": _around(blocks)} for vpc, blocks in sorted(cidrs.items())
    ]
    resources["RouteTables"] = resources["RouteTables"] or [_main(vpc) for vpc in resources["Vpcs"]]


def _main(vpc: Json) -> Json:
    table = aws_id("rtb", vpc["VpcId"])
    local: dict[str, Any] = {"GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}
    return {
        "RouteTableId": table,
        "VpcId": vpc["VpcId"],
        "Associations": [{"Main": True, "RouteTableId": table, "RouteTableAssociationId": aws_id("rtbassoc", table)}],
        "Routes": [{"DestinationCidrBlock": vpc["CidrBlock"], **local}],
        "Tags": [],
    }


def _range(addresses: list[str]) -> str:
    return _around([f"{address}/32" for address in addresses], _WIDEST)


def _around(cidrs: list[str], longest: int = 32) -> str:
    """Return the smallest range that holds all of them, its prefix no longer than `longest`."""
    networks = [ipaddress.IPv4Network(cidr) for cidr in cidrs]
    network = networks[0].supernet(new_prefix=min(longest, networks[0].prefixlen))
    while not all(other.subnet_of(network) for other in networks):
        network = network.supernet()
    return str(network)
