"""Put a world together from a site and its machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds import gce_resources as make
from l2bridge_helpers.lab.worlds.gce_instance import instance
from l2bridge_helpers.lab.worlds.kube_objects import flannel_config, node
from l2bridge_helpers.lab.worlds.machine import Machine, Site

Json = dict[str, Any]

CLUSTER = "lab"
_ZONES = ("b", "c", "d")
_EVERYTHING: Json = {"IPProtocol": "all"}
_SSH: Json = {"IPProtocol": "tcp", "ports": ["22"]}


def build(name: str, description: str, site: Site, machines: Sequence[Machine], *, routes: int = 250) -> World:
    """Return a world in which nothing is done yet.

    Args:
        name: the world's name.
        description: one line.
        site: where the machines stand.
        machines: the nodes.
        routes: limit of the project's quota ROUTES.

    """
    return World(
        name=name,
        description=description,
        cluster=CLUSTER,
        parameters={"project": site.project, "network": site.network_parameter},
        nodes=[node(machine, site) for machine in machines],
        config_maps=[flannel_config(site)],
        resources=_places(site, routes)
        | {
            "networks": [make.network(site)],
            "subnetworks": [make.subnetwork(site)],
            "routes": [make.default_route(site), make.subnet_route(site)],
            "firewalls": _firewalls(site),
            "instances": [instance(machine, site) for machine in machines],
            "instanceGroupManagers": [],
            "instanceTemplates": [],
        },
    )


def _places(site: Site, routes: int) -> dict[str, list[Json]]:
    zones = [f"{site.region}-{letter}" for letter in _ZONES]
    projects = [make.project(site.project, site.number, routes=routes)]
    if site.host:
        projects.append(make.project(site.host, "912837465001", routes=routes) | {"xpnProjectStatus": "HOST"})
    names = [item["name"] for item in projects]
    return {
        "projects": projects,
        "regions": [make.region(name, site.region, zones) for name in names],
        "zones": [make.zone(name, zone) for name in names for zone in zones],
    }


def _firewalls(site: Site) -> list[Json]:
    rules = [
        make.firewall(site, "allow-nodes", [site.nodes_range], _EVERYTHING),
        make.firewall(site, "allow-pods", [site.pods_range], _EVERYTHING),
        make.firewall(site, "allow-ssh", ["0.0.0.0/0"], _SSH),
    ]
    if site.nodes_range6:
        rules.append(make.firewall(site, "allow-ipv6", [site.nodes_range6, site.pods_range6], _EVERYTHING))
    return rules
