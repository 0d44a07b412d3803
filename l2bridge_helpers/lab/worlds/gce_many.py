"""gce-N: a cluster of any size."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network

from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.gce_build import build
from l2bridge_helpers.lab.worlds.gce_groups import instance_group_manager, instance_template
from l2bridge_helpers.lab.worlds.machine import Machine, Site

DESCRIPTION = "N nodes (1 to 8000), every tenth Windows, in 3 zones; two managed instance groups; nothing done yet"

MOST = 8000
_SITE = Site(nodes_range="10.8.0.0/18", pods_range="10.32.0.0/11")
_ZONES = ("b", "c", "d")
_GROUPS = {"b": "pool-b", "c": "pool-c"}
_FORWARDING = {"pool-b": False, "pool-c": True}
"""The template of one group forwards already: what it makes next needs no help."""
_FIRST = IPv4Address("10.8.0.2")
_PODS = IPv4Network("10.32.0.0/11")


def gce_many(count: int) -> World:
    """Return a world of so many nodes."""
    machines = [_machine(number) for number in range(1, count + 1)]
    world = build(f"gce-{count}", DESCRIPTION, _SITE, machines, routes=2 * count + 250)
    sizes = Counter((machine.manager, machine.zone) for machine in machines if machine.manager)
    for (name, zone), size in sorted(sizes.items()):
        template = f"{name}-v1"
        world.cloud("instanceTemplates").append(instance_template(_SITE, template, forwarding=_FORWARDING[name]))
        manager = instance_group_manager(_SITE, name, zone=zone, template=template, size=size)
        world.cloud("instanceGroupManagers").append(manager)
    return world


def _machine(number: int) -> Machine:
    windows = number % 10 == 0
    zone = _ZONES[number % len(_ZONES)]
    group = "" if windows or number == 1 else _GROUPS.get(zone, "")
    pods = IPv4Address(int(_PODS.network_address) + 256 * (number - 1))
    return Machine(
        name=f"node-{number}",
        zone=zone,
        address=str(_FIRST + number - 1),
        pods=(f"{pods}/24",),
        windows=windows,
        control_plane=number == 1,
        manager=group,
        template=f"{group}-v1" if group else "",
    )
