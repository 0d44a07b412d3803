"""gce-closed: a custom network whose firewall knows nothing of pods, and keeps one node apart."""

from __future__ import annotations

from typing import Any

from l2bridge_helpers.lab.gce.links import absolute
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds import gce_resources as make
from l2bridge_helpers.lab.worlds.gce_build import build
from l2bridge_helpers.lab.worlds.gce_small import machines
from l2bridge_helpers.lab.worlds.machine import Site

Json = dict[str, Any]

DESCRIPTION = "no firewall rule lets pods in, and two rules keep the pods of one node apart: open_firewall=True"
_APART, _TAG = "node-4", "apart"


def gce_closed() -> World:
    """Return a world in which routes are not enough."""
    site = Site()
    world = build("gce-closed", DESCRIPTION, site, machines())
    rules = world.cloud("firewalls")
    rules[:] = [rule for rule in rules if rule["name"] != "allow-pods"]
    rules += [
        _denial(site, "apart-in", 1200, direction="INGRESS", sourceRanges=[site.pods_range]),
        _denial(site, "apart-out", 900, direction="EGRESS", destinationRanges=[site.pods_range]),
    ]
    for instance in world.cloud("instances"):
        if instance["name"] == _APART:
            instance["tags"]["items"].append(_TAG)
    return world


def _denial(site: Site, name: str, priority: int, **way: object) -> Json:
    """Return a rule that keeps what carries the tag apart."""
    return make.resource(
        "firewall",
        f"projects/{site.project}/global/firewalls/{name}",
        description="",
        network=absolute(site.network_path),
        priority=priority,
        disabled=False,
        denied=[{"IPProtocol": "all"}],
        targetTags=[_TAG],
        logConfig={"enable": False},
        **way,
    )
