"""Nodes and a VPC as values: node N has the address 10.0.0.N and the pod CIDR 10.42.N.0/24."""

from __future__ import annotations

import pandas as pd

from l2bridge_helpers.fabric import Fabric, Instance, Nic, Subnet
from l2bridge_helpers.filters import NETWORK_ACL, SECURITY_GROUP, Rule
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
    return Fabric("aws", VPC, machines, parts, rules=(out_rule("sg-nodes"),))


def group_rule(group: str, *sources: str, protocol: str = "all", place: int = 0, peers: tuple[str, ...] = ()) -> Rule:
    """Return a rule of a security group that lets packets in."""
    return Rule(
        SECURITY_GROUP,
        group,
        f"permission {place}",
        0,
        allow=True,
        inbound=True,
        sources=sources,
        peers=peers,
        protocols=(protocol,),
        on=(group,),
    )


def out_rule(group: str, *destinations: str) -> Rule:
    """Return a rule of a security group that lets packets out: everything, as EC2 makes it, unless ranges are given."""
    ranges = destinations or ("0.0.0.0/0", "::/0")
    return Rule(SECURITY_GROUP, group, "permission 0", 0, allow=True, inbound=False, destinations=ranges, on=(group,))


def acl_rule(
    number: int, cidr: str, *, allow: bool, inbound: bool, protocol: str = "all", subnet: str = "subnet-a"
) -> Rule:
    """Return an entry of the network ACL of a subnet: of subnet a, which is called acl-1, unless another is named."""
    sources, destinations = ((cidr,), ()) if inbound else ((), (cidr,))
    acl = "acl-1" if subnet == "subnet-a" else f"acl-of-{subnet}"
    return Rule(
        NETWORK_ACL,
        acl,
        "",
        number,
        allow=allow,
        inbound=inbound,
        sources=sources,
        destinations=destinations,
        protocols=(protocol,),
        on=(subnet,),
    )
