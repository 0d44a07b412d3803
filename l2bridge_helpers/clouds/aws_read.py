"""EC2's answers -> the model (pure). What has another type than EC2 documents counts as missing."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from l2bridge_helpers.clouds.aws_dialect import in_region, pods_rule, route_name
from l2bridge_helpers.clouds.aws_ledger import Ledger, noted
from l2bridge_helpers.clouds.loose_json import mapping, number, objects, text
from l2bridge_helpers.fabric import Instance, Limit, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.filters import NETWORK_ACL, SECURITY_GROUP, Rule
from l2bridge_helpers.nodes import parse_cidr

Raw = Mapping[str, Any]

ROUTES_PER_TABLE = 500
"""Routes a route table holds unless the account was granted more, each IP version apart (VPC quotas, read 2026-11)."""
GROUP_TAG = "aws:autoscaling:groupName"
_STATIC, _PROPAGATED = 1000, 1001
"""Of two routes with one destination the static one wins (VPC documentation, route priority, read 2026-11)."""
_NEXT_HOPS = (
    "NetworkInterfaceId",
    "InstanceId",
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)
_ANY_PORT = ((None, None), (0, 65535), (-1, -1))
_ICMP = ("icmp", "icmpv6", "1", "58")
_ALL_MESSAGES = (None, -1)


def instance_of(raw: Raw, nics: Iterable[Raw], region: str) -> Instance:
    """Return an instance with its interfaces in the order of their device index."""
    state = text(mapping(raw.get("State")).get("Name"))
    tags = tags_of(raw.get("Tags"))
    identifier = text(raw.get("InstanceId"))
    return Instance(
        id=identifier,
        uid=identifier,
        name=text(raw.get("PrivateDnsName")),
        status=state,
        nics=tuple(nic_of(nic, region) for nic in sorted(nics, key=_device)),
        group=tags.get(GROUP_TAG, ""),
        properties={name: value for name, value in raw.items() if name != "NetworkInterfaces"},
        running=state == "running",
    )


def nic_of(raw: Raw, region: str) -> Nic:
    """Return a network interface."""
    return Nic(
        id=text(raw.get("NetworkInterfaceId")),
        addresses=tuple(_addresses(raw)),
        subnet=text(raw.get("SubnetId")),
        network=in_region(region, text(raw.get("VpcId"))),
        forwarding=raw.get("SourceDestCheck") is False,
        fixed=_fixed(raw),
        filters=tuple(text(group.get("GroupId")) for group in objects(raw.get("Groups"))),
        properties=raw,
    )


def subnet_of(raw: Raw, tables: Iterable[Raw], region: str) -> Subnet:
    """Return a subnet; its table is the one it is associated with, else the VPC's main one."""
    identifier = text(raw.get("SubnetId"))
    six = [text(entry.get("Ipv6CidrBlock")) for entry in objects(raw.get("Ipv6CidrBlockAssociationSet"))]
    cidrs = [text(raw.get("CidrBlock")), *six]
    main, own = "", ""
    for table in tables:
        for link in objects(table.get("Associations")):
            if link.get("Main") is True:
                main = text(table.get("RouteTableId"))
            if link.get("SubnetId") == identifier:
                own = text(table.get("RouteTableId"))
    table_id = own or main
    return Subnet(
        identifier,
        tuple(cidr for cidr in cidrs if cidr),
        in_region(region, table_id) if table_id else "",
        text(raw.get("AvailabilityZone")),
    )


def table_of(raw: Raw, region: str, reserved: tuple[str, ...] = ()) -> RouteTable:
    """Return a route table; a route is ours when the table's tags say so, and it leads to an interface."""
    table = in_region(region, text(raw.get("RouteTableId")))
    tags = tags_of(raw.get("Tags"))
    ledger = Ledger(tags)
    routes = tuple(_route_of(route, table, ledger) for route in objects(raw.get("Routes")))
    return RouteTable(table, routes, tuple(_limits(routes)), reserved, tags)


def route_next_hop(raw: Raw) -> str:
    """Return what a route leads to."""
    return next(filter(None, (text(raw.get(name)) for name in _NEXT_HOPS)), "")


def route_destination(raw: Raw) -> str:
    """Return a route's destination: a CIDR in one way of writing, or the id of a prefix list."""
    written = text(raw.get("DestinationCidrBlock")) or text(raw.get("DestinationIpv6CidrBlock"))
    network = parse_cidr(written)
    return str(network) if network else written or text(raw.get("DestinationPrefixListId"))


def group_rules_of(raw: Raw) -> list[Rule]:
    """Return a security group's rules: each only allows, so that their order does not count.

    Ranges that carry our mark are rules of their own, one for each cluster and family.
    """
    group = text(raw.get("GroupId"))
    ways = ((True, "IpPermissions"), (False, "IpPermissionsEgress"))
    rules = [
        rule for inbound, name in ways for entry in objects(raw.get(name)) for rule in _rules_of(group, entry, inbound)
    ]
    names = Counter(rule.id for rule in rules)
    return [
        rule if names[rule.id] == 1 else replace(rule, name=f"{rule.name} {place}") for place, rule in enumerate(rules)
    ]


def _rules_of(group: str, raw: Raw, inbound: bool) -> Iterator[Rule]:  # noqa: FBT001 - one of two lists
    protocol = _protocol(text(raw.get("IpProtocol")), raw.get("FromPort"), raw.get("ToPort"))
    ours: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    ranges: list[str] = []
    for cidr, description in _ranges(raw):
        cluster = noted(description) if inbound and protocol == "all" else ""
        (ours[cluster, 6 if ":" in cidr else 4, description] if cluster else ranges).append(cidr)
    peers = tuple(_peers(raw))
    if ranges or peers:
        sides: tuple[tuple[str, ...], tuple[str, ...]] = (tuple(ranges), ()) if inbound else ((), tuple(ranges))
        yield Rule(
            kind=SECURITY_GROUP,
            list=group,
            name=protocol,
            number=0,
            allow=True,
            inbound=inbound,
            sources=sides[0],
            destinations=sides[1],
            peers=peers,
            protocols=(protocol,),
            on=(group,),
        )
    for (cluster, _, description), cidrs in sorted(ours.items()):
        yield pods_rule(group, cluster, tuple(cidrs), description)


def _peers(raw: Raw) -> Iterator[str]:
    """Give the groups and prefix lists that a rule names: what is in them is not read."""
    yield from filter(None, (text(pair.get("GroupId")) for pair in objects(raw.get("UserIdGroupPairs"))))
    yield from filter(None, (text(entry.get("PrefixListId")) for entry in objects(raw.get("PrefixListIds"))))


def acl_rules_of(raw: Raw) -> list[Rule]:
    """Return a network ACL's entries."""
    subnets = tuple(text(link.get("SubnetId")) for link in objects(raw.get("Associations")))
    return [_entry(text(raw.get("NetworkAclId")), subnets, entry) for entry in objects(raw.get("Entries"))]


def _entry(acl: str, subnets: tuple[str, ...], raw: Raw) -> Rule:
    other = (text(raw.get("CidrBlock")) or text(raw.get("Ipv6CidrBlock")),)
    inbound = raw.get("Egress") is not True
    return Rule(
        kind=NETWORK_ACL,
        list=acl,
        name="",
        on=subnets,
        number=number(raw.get("RuleNumber")),
        allow=raw.get("RuleAction") == "allow",
        inbound=inbound,
        sources=other if inbound else (),
        destinations=() if inbound else other,
        protocols=(_acl_protocol(raw),),
    )


def vpc_cidrs(raw: Raw) -> tuple[str, ...]:
    """Return the ranges of a VPC."""
    four = [text(entry.get("CidrBlock")) for entry in objects(raw.get("CidrBlockAssociationSet"))]
    six = [text(entry.get("Ipv6CidrBlock")) for entry in objects(raw.get("Ipv6CidrBlockAssociationSet"))]
    return tuple(cidr for cidr in dict.fromkeys([text(raw.get("CidrBlock")), *four, *six]) if cidr)


def tags_of(value: object) -> dict[str, str]:
    """Return tags as key -> value."""
    return {text(tag.get("Key")): text(tag.get("Value")) for tag in objects(value)}


def _device(raw: Raw) -> tuple[int, str]:
    index = mapping(raw.get("Attachment")).get("DeviceIndex")
    return (index if isinstance(index, int) else 99, text(raw.get("NetworkInterfaceId")))


def _addresses(raw: Raw) -> Iterator[str]:
    """Give what is delivered to an interface, its primary address first."""
    four = objects(raw.get("PrivateIpAddresses"))
    four = sorted(four, key=lambda entry: entry.get("Primary") is not True)
    written = [text(raw.get("PrivateIpAddress")), *(text(entry.get("PrivateIpAddress")) for entry in four)]
    written += [text(entry.get("Ipv6Address")) for entry in objects(raw.get("Ipv6Addresses"))]
    yield from dict.fromkeys(host for address in written if (host := _host(address)))
    ranges = [text(entry.get("Ipv4Prefix")) for entry in objects(raw.get("Ipv4Prefixes"))]
    ranges += [text(entry.get("Ipv6Prefix")) for entry in objects(raw.get("Ipv6Prefixes"))]
    yield from (str(network) for cidr in ranges if (network := parse_cidr(cidr)))


def _host(address: str) -> str:
    try:
        return str(ipaddress.ip_network(address)) if address and "/" not in address else ""
    except ValueError:
        return ""


def _fixed(raw: Raw) -> str:
    """Return why an interface's check cannot or must not be changed, or ""."""
    kind = text(raw.get("InterfaceType")) or "interface"
    if raw.get("RequesterManaged") is True:
        return f"another service manages it ({text(raw.get('Description')) or kind})"
    if kind.startswith("efa"):
        return f"an {kind} interface does not let it be changed"
    return "" if kind == "interface" else f"it is of type {kind}"


def _route_of(raw: Raw, table: str, ledger: Ledger) -> Route:
    destination, next_hop = route_destination(raw), route_next_hop(raw)
    propagated = raw.get("Origin") == "EnableVgwRoutePropagation"
    network = parse_cidr(destination)
    ours = network is not None and raw.get("Origin") == "CreateRoute" and bool(raw.get("NetworkInterfaceId"))
    state = text(raw.get("State"))
    return Route(
        name=route_name(table, f"{destination} (propagated)" if propagated else destination),
        destination=destination,
        next_hop=next_hop,
        table=table,
        priority=_PROPAGATED if propagated else _STATIC,
        cluster=ledger.owner(network) if ours and network else "",
        status="" if state == "active" else state,
        claim=ledger.claimant(network) if ours and network else "",
    )


def _limits(routes: tuple[Route, ...]) -> Iterator[Limit]:
    source = f"AWS's published limit of {ROUTES_PER_TABLE} routes a table (2026-11; an account may have another)"
    static = [route for route in routes if route.priority == _STATIC]
    for version in (4, 6):
        counted = [route for route in static if (":" in route.destination) == (version == 6)]  # noqa: PLR2004 - IPv6
        yield Limit(ROUTES_PER_TABLE, len(counted), source, version)


def _ranges(rule: Raw) -> Iterator[tuple[str, str]]:
    """Give the ranges of a rule, each with its description."""
    for entry in (*objects(rule.get("IpRanges")), *objects(rule.get("Ipv6Ranges"))):
        written = text(entry.get("CidrIp")) or text(entry.get("CidrIpv6"))
        network = parse_cidr(written)
        if written:
            yield (str(network) if network else written), text(entry.get("Description"))


def _protocol(name: str, low: object, high: object) -> str:
    """Return a protocol with its ports, as rules write it; `low` and `high` of ICMP are a type and a code."""
    if name == "-1":
        return "all"
    if name in _ICMP:
        kind = "" if low in _ALL_MESSAGES else f":{low}"
        return f"{name}{kind}-{high}" if kind and high not in _ALL_MESSAGES else f"{name}{kind}"
    return name if (low, high) in _ANY_PORT else f"{name}:{low}-{high}"


def _acl_protocol(entry: Raw) -> str:
    name = text(entry.get("Protocol"))
    if name in _ICMP:
        message = mapping(entry.get("IcmpTypeCode"))
        return _protocol(name, message.get("Type"), message.get("Code"))
    ports = mapping(entry.get("PortRange"))
    return _protocol(name, ports.get("From"), ports.get("To"))
