"""A world from what kubectl and gcloud print: rehearse on a copy of your own cluster."""

from __future__ import annotations

import re
from typing import Any

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.gce.links import name_of, project_of, relative
from l2bridge_helpers.lab.identity import number
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds import gce_resources as make
from l2bridge_helpers.lab.worlds.derive import derived_networks, derived_routes, derived_subnets
from l2bridge_helpers.lab.worlds.files import Source, read_items

Json = dict[str, Any]

_OWN = "from your files"
_CLUSTER = "lab"


def load_gce_world(  # noqa: PLR0913 - one keyword for each file and name
    *,
    nodes: Source,
    instances: Source,
    routes: Source | None = None,
    networks: Source | None = None,
    subnets: Source | None = None,
    firewalls: Source | None = None,
    config_maps: Source | None = None,
    managers: Source | None = None,
    templates: Source | None = None,
    project_info: Source | None = None,
    project: str = "",
    network: str = "",
    cluster: str = "",
) -> World:
    """Return a world made from files of JSON; `FORMS` in `files` says which command prints which.

    What is not given is derived:

    - `project`: the project of the instances, when there is one.
    - `network`: the network of the instances, when there is one; a path when it is in another project.
    - `cluster`: `lab`. Give the name that your routes are marked with, to have them recognised.
    - `networks`: a custom-mode network for each that instances name.
    - `subnets`: for each that instances name, the smallest range (at least a /24) that holds their addresses.
    - `routes`: for each network the one to the internet, and for each subnetwork the local one.
    - `firewalls`, `config_maps`, `managers`, `templates`: none. Nothing is allowed without a rule.
    - `project_info`: a limit of 250 routes, Google's older default; usage is counted by the lab anyway.

    Raises:
        LabError: a file cannot be used, or names are ambiguous; the text says which, and what to do.

    """
    given = {
        "networks": networks,
        "subnets": subnets,
        "routes": routes,
        "firewalls": firewalls,
        "managers": managers,
        "templates": templates,
        "project_info": project_info,
    }
    found = {what: read_items(what, source) for what, source in given.items() if source is not None}
    machines = read_items("instances", instances)
    projects = sorted({project_of(relative(item["selfLink"])) for item in machines})
    chosen = _only("project", projects, project)
    path = _network(machines, chosen, network)
    return World(
        name="gce",
        description=_OWN,
        cluster=cluster or _CLUSTER,
        parameters={"project": chosen, "network": name_of(path) if project_of(path) == chosen else path},
        nodes=read_items("nodes", nodes),
        config_maps=read_items("config_maps", config_maps) if config_maps is not None else [],
        resources=_resources(machines, found),
    )


def _only(what: str, candidates: list[str], given: str) -> str:
    if given and given not in candidates:
        raise LabError(f"no instance is in {what} {given}; the instances are in {', '.join(candidates)}")
    if not given and len(candidates) > 1:
        raise LabError(f"the instances are in more than one {what} ({', '.join(candidates)}); say which is meant")
    return given or candidates[0]


def _network(machines: list[Json], project: str, given: str) -> str:
    paths = sorted({relative(nic["network"], project) for item in machines for nic in item["networkInterfaces"]})
    wanted = [path for path in paths if given in {path, name_of(path)}]
    return wanted[0] if len(wanted) == 1 else _only("network", paths, given)


def _resources(machines: list[Json], found: dict[str, list[Json]]) -> dict[str, list[Json]]:
    networks = found.get("networks", derived_networks(machines))
    subnets = found.get("subnets", derived_subnets(machines))
    routes = found.get("routes", derived_routes(networks, subnets))
    holders = [*machines, *networks, *subnets, *routes]
    names = sorted({project_of(relative(item["selfLink"])) for item in holders})
    zones = sorted({relative(item["zone"]) for item in machines})
    return {
        "projects": _projects(names, machines, found.get("project_info", [])),
        "regions": _regions(names, zones, subnets),
        "zones": [make.zone(project_of(zone), name_of(zone)) for zone in zones],
        "networks": networks,
        "subnetworks": subnets,
        "routes": routes,
        "firewalls": found.get("firewalls", []),
        "instances": machines,
        "instanceGroupManagers": found.get("managers", []),
        "instanceTemplates": found.get("templates", []),
    }


def _projects(names: list[str], machines: list[Json], known: list[Json]) -> list[Json]:
    numbers = _project_numbers(machines)
    by_name = {item["name"]: item for item in known}
    return [by_name.get(name) or make.project(name, numbers.get(name) or number(name)[:12]) for name in names]


def _project_numbers(machines: list[Json]) -> dict[str, str]:
    """Return the numbers of projects, where a managed instance's metadata show them."""
    found = {}
    for item in machines:
        for entry in item.get("metadata", {}).get("items", []):
            by = re.match(r"projects/(\d+)/", str(entry.get("value", "")))
            if entry.get("key") == "created-by" and by:
                found[project_of(relative(item["selfLink"]))] = by[1]
    return found


def _regions(names: list[str], zones: list[str], subnets: list[Json]) -> list[Json]:
    regions = {name_of(zone).rpartition("-")[0] for zone in zones} | {name_of(item["region"]) for item in subnets}
    return [
        make.region(name, region, [name_of(zone) for zone in zones if name_of(zone).startswith(f"{region}-")])
        for name in names
        for region in sorted(regions)
    ]
