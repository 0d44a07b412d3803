"""Small worlds with one thing special: a Shared VPC; two address families."""

from __future__ import annotations

from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.gce_build import build
from l2bridge_helpers.lab.worlds.machine import Machine, Site

SHARED = "a Shared VPC: the instances in a service project, the network and its routes in the host project"
DUAL = "three nodes with an IPv4 and an IPv6 pod CIDR each"


def gce_shared_vpc() -> World:
    """Return a world whose network belongs to another project than its instances."""
    site = Site(project="l2bridge-service", number="274650918273", host="l2bridge-host", network="shared-net")
    machines = [
        Machine(name="node-1", zone="b", address="10.10.0.2", pods=("10.42.0.0/24",), control_plane=True),
        Machine(name="node-2", zone="c", address="10.10.0.3", pods=("10.42.1.0/24",)),
        Machine(name="win-1", zone="d", address="10.10.0.4", pods=("10.42.2.0/24",), windows=True),
    ]
    return build("gce-shared-vpc", SHARED, site, machines)


def gce_dual_stack() -> World:
    """Return a world in which every node has two pod CIDRs."""
    site = Site(nodes_range6="fd20:5a1:b0c::/64", pods_range6="fd00:10:42::/56")
    return build("gce-dual-stack", DUAL, site, [_dual(number) for number in range(1, 4)])


def _dual(number: int) -> Machine:
    return Machine(
        name=f"node-{number}",
        zone="bcd"[number - 1],
        address=f"10.10.0.{number + 1}",
        address6=f"fd20:5a1:b0c::{number}:0:0",
        pods=(f"10.42.{number - 1}.0/24", f"fd00:10:42:{number - 1}::/64"),
        control_plane=number == 1,
    )
