"""The worlds on Azure: small, and any size."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.azure_build import Net, build
from l2bridge_helpers.lab.worlds.gce_small import machines as small_machines
from l2bridge_helpers.lab.worlds.machine import Machine

SMALL = "4 Linux and 2 Windows nodes in one subnet; IP forwarding is off everywhere and there is no route table"
MANY = "N nodes (1 to 8000), every tenth forwards already; one subnet, no route table"
MOST = 8000
"""A route table holds 1,000 routes: beyond that there is a world to read, and a plan that cannot be carried out."""
_MANY = Net(ranges=("10.8.0.0/16",), pods="10.32.0.0/11", subnets=(("a", "nodes", ("10.8.0.0/18",)),))
_FIRST, _PODS = IPv4Address("10.8.0.10"), IPv4Address("10.32.0.0")


def azure_small() -> World:
    """Return the world of the first runbook: 6 interfaces to change, a table of 6 routes to make and to associate."""
    return build("azure-small", SMALL, Net(), ordinary_machines())


def ordinary_machines() -> list[Machine]:
    """Return the machines of the small world; the first four addresses of a subnet are Azure's."""
    found = [replace(one, zone="a", external="", external_first=False) for one in small_machines()]
    return [replace(one, address=f"10.10.0.{number}") for number, one in enumerate(found, 4)]


def azure_many(count: int) -> World:
    """Return a world of so many nodes in one subnet."""
    machines = [
        Machine(
            name=f"node-{number}",
            zone="a",
            address=str(_FIRST + number),
            pods=(f"{_PODS + 256 * number}/24",),
            forwarding=number % 10 == 0,
            control_plane=number == 1,
        )
        for number in range(1, count + 1)
    ]
    return build(f"azure-{count}", MANY, _MANY, machines)
