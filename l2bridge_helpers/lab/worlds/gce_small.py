"""gce-small: six nodes, nothing done yet."""

from __future__ import annotations

from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.gce_build import build
from l2bridge_helpers.lab.worlds.machine import Machine, Site

DESCRIPTION = "4 Linux and 2 Windows nodes in 3 zones; forwarding is off everywhere and no route exists"


def gce_small() -> World:
    """Return the world of the first runbook: 6 instances to enable, 6 routes to add."""
    return build("gce-small", DESCRIPTION, Site(), machines())


def machines() -> list[Machine]:
    """Return its machines."""
    return [
        Machine(name="node-1", zone="b", address="10.10.0.2", pods=("10.42.0.0/24",), control_plane=True),
        Machine(name="node-2", zone="b", address="10.10.0.3", pods=("10.42.1.0/24",)),
        Machine(
            name="node-3",
            zone="c",
            address="10.10.0.4",
            pods=("10.42.2.0/24",),
            external="203.0.113.14",
            external_first=True,
        ),
        Machine(name="node-4", zone="d", address="10.10.0.5", pods=("10.42.3.0/24",)),
        Machine(name="win-1", zone="c", address="10.10.0.6", pods=("10.42.4.0/24",), windows=True),
        Machine(name="win-2", zone="d", address="10.10.0.7", pods=("10.42.5.0/24",), windows=True),
    ]
