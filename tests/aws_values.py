"""Nodes and a VPC as values: node N has the address 10.0.0.N and the pod CIDR 10.42.N.0/24."""

from __future__ import annotations

import pandas as pd

from l2bridge_helpers.fabric import Fabric, Instance, Nic, Subnet
from l2bridge_helpers.filters import Filter, RankedRule
from tests.builders import node_item, nodes

VPC = "eu-west-1/vpc-1"


def nodes_of(count: int) -> pd.DataFrame:
    """Return the table of nodes 1 to `count`, without provider IDs."""
    items = [
        node_item(f"node-{one}", f"10.0.0.{one}", f"10.42.{one}.0/24", provider_id="") for one in range(1, count + 1)
    ]
    return nodes(*items)


def machine(number: int, subnet: str = "a", *groups: str) -> Instance:
    """Return the instance of node `number`."""
    nic = Nic(f"eni-{number}", (f"10.0.0.{number}/32",), f"subnet-{subnet}", VPC, forwarding=True, filters=groups)
    return Instance(f"i-{number}", f"i-{number}", f"node-{number}", "running", (nic,))


def vpc(*subnets: str) -> Fabric:
    """Return a VPC with one node in each of these subnets, e.g. `a`, `b`, `a`."""
    machines = tuple(machine(number, subnet, "sg-nodes") for number, subnet in enumerate(subnets, 1))
    names = tuple(dict.fromkeys(subnets))
    parts = tuple(
        Subnet(f"subnet-{name}", (f"10.0.{place}.0/24",), "", f"zone-{name}") for place, name in enumerate(names)
    )
    return Fabric("aws", VPC, machines, parts)


def group_rule(group: str, *sources: str, protocol: str = "all") -> Filter:
    """Return a rule of a security group."""
    return Filter(f"{group}/in/0", allow=True, sources=sources, protocols=(protocol,), targets=(group,))


def acl_rule(number: int, cidr: str, *, allow: bool, inbound: bool, protocol: str = "all") -> RankedRule:
    """Return an entry of the network ACL of subnet a."""
    sources, destinations = ((cidr,), ()) if inbound else ((), (cidr,))
    return RankedRule("acl-1", "", ("subnet-a",), number, allow, inbound, sources, destinations, (protocol,))
