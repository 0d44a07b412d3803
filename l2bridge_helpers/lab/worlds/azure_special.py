"""Azure worlds about one thing: IPv6 beside IPv4, and scale sets."""

from __future__ import annotations

from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.azure_build import Net, build
from l2bridge_helpers.lab.worlds.azure_pools import Pool, add_pool, pool_machines
from l2bridge_helpers.lab.worlds.machine import Machine

DUAL = "3 nodes with an address and a pod CIDR of each family; nothing done yet"
SETS = "scale sets: 3 nodes of a uniform one that upgrades by itself, 2 of one that does not, 2 of a flexible one"
_DUAL = Net(
    ranges=("10.10.0.0/16", "fd00:10:10::/48"),
    pods6="fd00:10:42::/56",
    subnets=(("a", "nodes", ("10.10.0.0/24", "fd00:10:10::/64")),),
)


def azure_dual_stack() -> World:
    """Return a world in which each node needs a route of each family."""
    machines = [
        Machine(
            name=f"node-{number}",
            zone="a",
            address=f"10.10.0.{3 + number}",
            address6=f"fd00:10:10::{3 + number}",
            pods=(f"10.42.{number}.0/24", f"fd00:10:42:{number}::/64"),
            control_plane=number == 1,
        )
        for number in (1, 2, 3)
    ]
    return build("azure-dual-stack", DUAL, _DUAL, machines)


def azure_scale_sets() -> World:
    """Return a world in which models have to change, and the instances of one scale set to be upgraded."""
    net = Net()
    world = build("azure-scale-sets", SETS, net, [])
    for pool in (
        Pool(name="pool-auto", mode="Automatic", machines=pool_machines("pool-auto", "a", "10.10.0.4", 0, 3)),
        Pool(name="pool-manual", machines=pool_machines("pool-manual", "a", "10.10.0.14", 10, 2)),
        Pool(name="pool-flex", flexible=True, machines=pool_machines("pool-flex", "a", "10.10.0.24", 20, 2)),
    ):
        add_pool(world, net, pool)
    refresh(world.resources)
    return world
