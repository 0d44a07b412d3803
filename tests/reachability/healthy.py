"""Worlds in which every pod reaches every other, one per platform, as values; and how to change one thing in them.

Node N is called `node-N`, has the pod CIDRs 10.42.N.0/24 and fd00:42:0:N::/64, and is in the subnet that its letter
names: `aab` are nodes 1 and 2 in subnet a, node 3 in b. Its address is 10.10.S.(10+N), S being 0 for subnet a.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

import pandas as pd

from l2bridge_helpers.clouds.gce_dialect import instance_path
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.filters import FIREWALL, NETWORK_ACL, NSG, SECURITY_GROUP, Rule
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import COLUMNS, NodeRow

FLANNEL = NetConf("kube-flannel/kube-flannel-cfg", "host-gw", ("10.42.0.0/16", "fd00:42::/32"))
PODS = {4: "10.42.0.0/16", 6: "fd00:42::/32"}
PIECES = {
    4: ["10.42.1.0/25", "10.42.2.128/26", "10.42.2.200/32", "10.42.1.0/24", "10.42.2.0/24", "10.42.0.0/23"],
    6: ["fd00:42:0:1::/65", "fd00:42:0:2:8000::/66", "fd00:42:0:2::9/128", "fd00:42:0:1::/64", "fd00:42:0:2::/64"],
}
WIDE = {4: ["10.42.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "10.10.0.0/16"], 6: ["fd00:42::/32", "fd00::/8", "::/0"]}
"""Ranges inside pod CIDRs, equal to them, and around a few; and around all of them."""
ANY = {4: "0.0.0.0/0", 6: "::/0"}
NETWORKS = {
    "gce": "projects/p/global/networks/net",
    "aws": "eu-west-1/vpc-1",
    "azure": "sub/rg/main",
    "bare_metal": "the nodes' subnet",
}
PLATFORMS = tuple(NETWORKS)


@dataclass(frozen=True)
class World:
    """A node table and the network that it lives in."""

    rows: tuple[NodeRow, ...]
    fabric: Fabric
    flannel: NetConf = FLANNEL

    @property
    def nodes(self) -> pd.DataFrame:
        """The table, as it is read from Kubernetes."""
        table = pd.DataFrame([astuple(row) for row in self.rows], columns=pd.Index(COLUMNS))
        table = table.astype({name: bool if name == "ready" else object for name in COLUMNS})
        table.attrs["flannel"] = asdict(self.flannel)
        return table

    @property
    def names(self) -> list[str]:
        """The nodes' names, each once."""
        return list(dict.fromkeys(row.nodeName for row in self.rows))


def pod_cidr(number: int, version: int = 4) -> str:
    return f"10.42.{number}.0/24" if version == 4 else f"fd00:42:0:{number:x}::/64"


def address(number: int, place: str, version: int = 4) -> str:
    subnet = ord(place) - ord("a")
    written = f"10.10.{subnet}.{10 + number}" if version == 4 else f"fd20:0:{subnet}::{number:x}:0:0"
    return str(ipaddress.ip_address(written))


def subnet_cidr(place: str, version: int = 4) -> str:
    subnet = ord(place) - ord("a")
    return f"10.10.{subnet}.0/24" if version == 4 else str(ipaddress.ip_network(f"fd20:0:{subnet}::/64"))


def healthy(platform: str, places: str, versions: tuple[int, ...] = (4,)) -> World:
    """Return a network with a node in each of these places, in which everything reaches."""
    numbered = list(enumerate(places, 1))
    rows = [_row(platform, number, place, version) for number, place in numbered for version in versions]
    instances = [_instance(platform, number, place, versions) for number, place in numbered]
    letters = list(dict.fromkeys(places))
    fabric = Fabric(
        platform,
        NETWORKS[platform],
        tuple(instances),
        tuple(_subnet(platform, letter, versions) for letter in letters),
        _tables(platform, letters, list(zip(numbered, instances, strict=True)), versions),
        rules=tuple(_rules(platform, letters, versions)),
        cidrs=("10.10.0.0/16", "fd20::/40") if platform == "azure" else (),
    )
    return World(tuple(rows), fabric)


# The parts of a network.


def instance_id(platform: str, number: int) -> str:
    return {
        "gce": instance_path("p", "z", f"node-{number}"),
        "aws": f"i-0000000{number}",
        "azure": f"sub/rg/node-{number}",
        "bare_metal": f"node-{number}",
    }[platform]


def provider_id(platform: str, number: int) -> str:
    machines = "azure:///subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines"
    return {
        "gce": f"gce://p/z/node-{number}",
        "aws": f"aws:///z/i-0000000{number}",
        "azure": f"{machines}/node-{number}",
        "bare_metal": "",
    }[platform]


def nic_id(platform: str, number: int) -> str:
    return {
        "gce": f"{instance_id('gce', number)}/nic0",
        "aws": f"eni-{number}",
        "azure": f"rg/node-{number}-nic",
        "bare_metal": f"node-{number}/address",
    }[platform]


def subnet_id(platform: str, place: str, versions: tuple[int, ...] = (4,)) -> str:
    return {
        "gce": f"projects/p/regions/r/subnetworks/{place}",
        "aws": f"subnet-{place}",
        "azure": f"rg/main/{place}",
        "bare_metal": " ".join(subnet_cidr(place, version) for version in versions),
    }[platform]


def table_id(platform: str, place: str) -> str:
    return {"gce": NETWORKS["gce"], "aws": f"eu-west-1/rtb-{place}", "azure": f"sub/rg/pods-{place}"}.get(platform, "")


def next_hop(platform: str, number: int, place: str, version: int) -> str:
    return {"gce": instance_id("gce", number), "aws": nic_id("aws", number)}.get(
        platform, address(number, place, version)
    )


def _row(platform: str, number: int, place: str, version: int) -> NodeRow:
    return NodeRow(
        nodeName=f"node-{number}",
        nodeIP=address(number, place, version),
        routeDestination=pod_cidr(number, version),
        os="linux",
        providerID=provider_id(platform, number),
        flannelPublicIP=address(number, place, version),
        backendType="host-gw",
    )


def _instance(platform: str, number: int, place: str, versions: tuple[int, ...]) -> Instance:
    name = instance_id(platform, number)
    nic = Nic(
        nic_id(platform, number),
        tuple(f"{address(number, place, version)}/{32 if version == 4 else 128}" for version in versions),
        subnet_id(platform, place, versions),
        NETWORKS[platform],
        forwarding=platform != "bare_metal",
        filters=("sg-nodes",) if platform == "aws" else (),
    )
    return Instance(name, name, f"node-{number}", "RUNNING", (nic,), tags=("nodes",) if platform == "gce" else ())


def _subnet(platform: str, place: str, versions: tuple[int, ...]) -> Subnet:
    cidrs = tuple(subnet_cidr(place, version) for version in versions)
    return Subnet(subnet_id(platform, place, versions), cidrs, table_id(platform, place))


def _tables(
    platform: str, letters: list[str], machines: list[tuple[tuple[int, str], Instance]], versions: tuple[int, ...]
) -> tuple[RouteTable, ...]:
    """Return a table for each subnet; on GCE there is one."""
    tables = dict.fromkeys(table_id(platform, letter) for letter in letters)
    return tuple(
        RouteTable(
            table,
            tuple(
                route_to(platform, table, number, place, version)
                for (number, place), _ in machines
                for version in versions
            ),
        )
        for table in tables
        if table
    )


def route_to(platform: str, table: str, number: int, place: str, version: int = 4) -> Route:
    """Return the route of a node in a table."""
    cidr = pod_cidr(number, version)
    return Route(f"{table}:{cidr}", cidr, next_hop(platform, number, place, version), table)


def _rules(platform: str, letters: list[str], versions: tuple[int, ...]) -> Iterable[Rule]:
    if platform == "gce":
        yield from (firewall(f"allow-pods-{version}", sources=(PODS[version],)) for version in versions)
    if platform == "aws":
        yield from (permission("sg-nodes", version, sources=(PODS[version],)) for version in versions)
        yield permission("sg-nodes", 0, inbound=False, destinations=tuple(ANY[version] for version in versions))
        yield from (rule for letter in letters for rule in open_acl(subnet_id("aws", letter), versions))
    if platform == "azure":
        yield from (rule for letter in letters for rule in default_rules(f"rg/nsg-{letter}", (f"rg/main/{letter}",)))


def firewall(name: str, number: int = 1000, *, allow: bool = True, inbound: bool = True, **more: Any) -> Rule:
    """Return a rule of GCE's."""
    return Rule(FIREWALL, NETWORKS["gce"], name, number, allow=allow, inbound=inbound, **more)


def permission(group: str, place: int, *, inbound: bool = True, **more: Any) -> Rule:
    """Return a rule of a security group."""
    return Rule(SECURITY_GROUP, group, f"permission {place}", 0, allow=True, inbound=inbound, on=(group,), **more)


def entry(subnet: str, number: int, cidr: str, *, allow: bool, inbound: bool, **more: Any) -> Rule:
    """Return an entry of the network ACL of a subnet."""
    more |= {"sources" if inbound else "destinations": (cidr,)}
    return Rule(NETWORK_ACL, f"acl-of-{subnet}", "", number, allow=allow, inbound=inbound, on=(subnet,), **more)


def open_acl(subnet: str, versions: tuple[int, ...]) -> list[Rule]:
    """Return the entries that EC2 gives a default network ACL."""
    ways = [(version, inbound) for version in versions for inbound in (True, False)]
    allowed = [entry(subnet, 100 + version, ANY[version], allow=True, inbound=inbound) for version, inbound in ways]
    return allowed + [entry(subnet, 32767, ANY[version], allow=False, inbound=inbound) for version, inbound in ways]


def security_rule(group: str, on: tuple[str, ...], name: str, number: int, **more: Any) -> Rule:
    """Return a rule of a network security group."""
    return Rule(NSG, group, name, number, on=on, **{"allow": True, "inbound": True, **more})


def default_rules(group: str, on: tuple[str, ...]) -> list[Rule]:
    """Return the rules that Azure gives every network security group, but for the load balancer's."""
    inside: dict[str, Any] = {"sources": ("VirtualNetwork",), "destinations": ("VirtualNetwork",)}
    return [
        security_rule(group, on, "AllowVnetInBound", 65000, **inside),
        security_rule(group, on, "DenyAllInBound", 65500, allow=False),
        security_rule(group, on, "AllowVnetOutBound", 65000, inbound=False, **inside),
        security_rule(group, on, "AllowInternetOutBound", 65001, inbound=False, destinations=("Internet",)),
        security_rule(group, on, "DenyAllOutBound", 65500, allow=False, inbound=False),
    ]


# One thing changed.


def with_row(world: World, node: str, version: int = 0, **changes: Any) -> World:
    """Change the rows of a node, of one family or (0) of both."""

    def is_it(row: NodeRow) -> bool:
        family = 6 if ":" in row.routeDestination else 4
        return row.nodeName == node and version in (0, family)

    return replace(world, rows=tuple(replace(row, **changes) if is_it(row) else row for row in world.rows))


def with_instance(world: World, node: str, **changes: Any) -> World:
    """Change a node's machine."""
    return _instances(world, lambda one: replace(one, **changes) if one.name == node else one)


def with_nic(world: World, node: str, **changes: Any) -> World:
    """Change a node's interface."""
    return _instances(
        world,
        lambda one: replace(one, nics=tuple(replace(nic, **changes) for nic in one.nics)) if one.name == node else one,
    )


def _instances(world: World, change: Callable[[Instance], Instance]) -> World:
    return with_fabric(world, instances=tuple(map(change, world.fabric.instances)))


def with_fabric(world: World, **changes: Any) -> World:
    """Change the network."""
    return replace(world, fabric=replace(world.fabric, **changes))


def with_rules(world: World, *rules: Rule) -> World:
    """Add filter rules."""
    return with_fabric(world, rules=(*world.fabric.rules, *rules))


def with_routes(world: World, change: Callable[[list[Route]], Iterable[Route]], table: str = "") -> World:
    """Change the routes of a table, or ("") of all."""
    tables = tuple(
        replace(one, routes=tuple(change(list(one.routes)))) if table in ("", one.id) else one
        for one in world.fabric.tables
    )
    return with_fabric(world, tables=tables)


def with_subnet(world: World, subnet: str, **changes: Any) -> World:
    """Change a subnet."""
    return with_fabric(
        world, subnets=tuple(replace(one, **changes) if one.id == subnet else one for one in world.fabric.subnets)
    )
