"""A world from what kubectl and `aws` print: rehearse on a copy of your own cluster."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.aws_build import aws_id
from l2bridge_helpers.lab.worlds.files import Form, Source, again, check_items, parse, read_items

_OWN, _CLUSTER = "from your files", "lab"
_SUBNET, _VPC = 24, 16
"""Prefix lengths: the longest of a derived subnet; the shortest of a VPC's CIDR block (VPC User Guide, CIDR blocks)."""
_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
"""How a zone begins: `eu-west-1a`, `us-gov-west-1b`, and the Local Zone `us-west-2-lax-1a`."""
_NIC = ("NetworkInterfaceId", "VpcId", "SubnetId", "AvailabilityZone", "PrivateIpAddress")
_INSTANCE = ("InstanceId", "State.Name", "Placement.AvailabilityZone", "VpcId", "SubnetId")


def _form(kind: str, command: str, *fields: str) -> Form:
    return Form(kind, fields, f"aws ec2 describe-{command} --output json", fields[0])


FORMS = {
    "Instances": _form("Reservations", "instances", *_INSTANCE),
    "NetworkInterfaces": _form("NetworkInterfaces", "network-interfaces", *_NIC),
    "Vpcs": _form("Vpcs", "vpcs", "VpcId", "CidrBlock"),
    "Subnets": _form("Subnets", "subnets", "SubnetId", "VpcId", "CidrBlock"),
    "RouteTables": _form("RouteTables", "route-tables", "RouteTableId", "VpcId", "Routes[]"),
    "SecurityGroups": _form("SecurityGroups", "security-groups", "GroupId", "VpcId"),
    "NetworkAcls": _form("NetworkAcls", "network-acls", "NetworkAclId", "VpcId"),
}
"""By collection: the key at the top of the file, what each item must have (first its id), and what prints the file."""
_NEEDED = {"Instances", "NetworkInterfaces"}


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

    The region is that of the instances' zones; terminated instances are left out. What is not given is derived:

    - `subnets`: for each that interfaces name, the smallest range (at least a /24) that holds their addresses.
    - `vpcs`: for each that subnets name, the smallest CIDR blocks (at most a /16 each) that hold them.
    - `route_tables`: for each VPC a main one, with the local routes.
    - `security_groups`, `network_acls`, `config_maps`: none.
    - `cluster`: `lab`. Give the name that your routes are marked with, to have them recognised.

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
    found = {name: _read(name, source) for name, source in given.items() if source is not None}
    return World(
        name="aws",
        description=_OWN,
        cluster=cluster or _CLUSTER,
        parameters={"region": _region(found["Instances"], instances)},
        nodes=read_items("nodes", nodes),
        config_maps=read_items("config_maps", config_maps) if config_maps is not None else [],
        resources=_resources(found),
        platform="aws",
    )


def load_bare_metal_world(nodes: Source, config_maps: Source | None = None, cluster: str = "") -> World:
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
        config_maps=read_items("config_maps", config_maps) if config_maps is not None else [],
        platform="bare_metal",
    )


def _read(collection: str, source: Source) -> list[Json]:
    form = FORMS[collection]
    items = _listed(parse(source, form), form.kind, source, form)
    if collection == "Instances":
        items = [one for item in items for one in _listed(item, "Instances", source, form)]
    numbered = [(number, item) for number, item in enumerate(items, 1) if not _terminated(item)]
    if not numbered and collection in _NEEDED:
        raise LabError(f"{source} holds no {collection} that can be used; {again(form)}")
    check_items(numbered, source, form)
    return [item for _, item in numbered]


def _listed(value: object, key: str, source: Source, form: Form) -> list[Json]:
    listed = value.get(key) if isinstance(value, dict) else None
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise LabError(f"{source} has no list {key} of objects; {again(form)}")
    if isinstance(value, dict) and value.get("NextToken"):
        raise LabError(f"{source} is not complete, NextToken says that more follows; {again(form)}")
    return listed


def _terminated(item: Json) -> bool:
    """Return whether only its tombstone is left, without network."""
    state = item.get("State")
    return isinstance(state, dict) and state.get("Name") == "terminated"


def _region(instances: list[Json], source: Source) -> str:
    regions = set()
    for item in instances:
        zone = item["Placement"]["AvailabilityZone"]
        found = _REGION.match(str(zone))
        if not found:
            raise LabError(
                f"{source}: {item['InstanceId']}: Placement.AvailabilityZone {zone!r} is in no region; "
                f"{again(FORMS['Instances'])}"
            )
        regions.add(found[0])
    if len(regions) > 1:
        raise LabError(
            f"{source}: the instances are in more than one region ({', '.join(sorted(regions))}); "
            f"{again(FORMS['Instances'])} in one of them (--region)"
        )
    return regions.pop()


def _resources(found: dict[str, list[Json]]) -> dict[str, list[Json]]:
    subnets = found.get("Subnets", _subnets(found["NetworkInterfaces"]))
    vpcs = found.get("Vpcs", _vpcs(subnets))
    tables = found.get("RouteTables", [_main(vpc) for vpc in vpcs])
    given = {name: found.get(name, []) for name in FORMS}
    return given | {"Subnets": subnets, "Vpcs": vpcs, "RouteTables": tables}


def _subnets(nics: list[Json]) -> list[Json]:
    addresses: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for nic in nics:
        addresses[nic["VpcId"], nic["SubnetId"], nic["AvailabilityZone"]].append(nic["PrivateIpAddress"])
    return [
        {"VpcId": vpc, "SubnetId": subnet, "AvailabilityZone": zone, "CidrBlock": _cover(members, _SUBNET)}
        for (vpc, subnet, zone), members in sorted(addresses.items())
    ]


def _vpcs(subnets: list[Json]) -> list[Json]:
    ranges: dict[str, list[str]] = defaultdict(list)
    for subnet in subnets:
        ranges[subnet["VpcId"]].append(subnet["CidrBlock"])
    return [_vpc(name, _blocks(cidrs)) for name, cidrs in sorted(ranges.items())]


def _vpc(name: str, blocks: list[str]) -> Json:
    associated = [{"CidrBlock": block, "CidrBlockState": {"State": "associated"}} for block in blocks]
    return {"VpcId": name, "CidrBlock": blocks[0], "CidrBlockAssociationSet": associated}


def _blocks(cidrs: Iterable[str]) -> list[str]:
    """Return the CIDR blocks of a VPC: one for each /16 that its subnets are in, no larger than they need."""
    by_block: dict[ipaddress.IPv4Network, list[str]] = defaultdict(list)
    for network in sorted(map(ipaddress.IPv4Network, cidrs)):
        by_block[network.supernet(new_prefix=min(_VPC, network.prefixlen))].append(str(network))
    return [_cover(members) for members in by_block.values()]


def _main(vpc: Json) -> Json:
    table = aws_id("rtb", vpc["VpcId"])
    local: dict[str, Any] = {"GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}
    more = [
        entry["CidrBlock"]
        for entry in vpc.get("CidrBlockAssociationSet", [])
        if entry["CidrBlockState"]["State"] == "associated"
    ]
    return {
        "RouteTableId": table,
        "VpcId": vpc["VpcId"],
        "Associations": [{"Main": True, "RouteTableId": table, "RouteTableAssociationId": aws_id("rtbassoc", table)}],
        "Routes": [{"DestinationCidrBlock": block, **local} for block in dict.fromkeys([vpc["CidrBlock"], *more])],
        "Tags": [],
    }


def _cover(cidrs: list[str], longest: int = 32) -> str:
    """Return the smallest range that holds all of them, its prefix no longer than `longest`."""
    networks = [ipaddress.IPv4Network(cidr) for cidr in cidrs]
    network = networks[0].supernet(new_prefix=min(longest, networks[0].prefixlen))
    while not all(other.subnet_of(network) for other in networks):
        network = network.supernet()
    return str(network)
