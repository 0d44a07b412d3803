"""Projects: quotas, with the usage counted at each read, and the host of a Shared VPC."""

from __future__ import annotations

from typing import Any

from l2bridge_helpers.lab.gce.links import project_of, relative
from l2bridge_helpers.lab.world import World

Json = dict[str, Any]

_NOT_STATIC = ("nextHopNetwork", "nextHopPeering", "nextHopHub")


def with_usage(world: World, project: Json) -> Json:
    """Return the project with the numbers of routes and firewall rules that it has now."""
    name = project["name"]
    used = {"ROUTES": routes_counted(world, name), "FIREWALLS": firewalls_counted(world, name)}
    quotas = [
        item | ({"usage": used[item["metric"]]} if item["metric"] in used else {}) for item in project.get("quotas", [])
    ]
    return project | {"quotas": quotas}


def routes_counted(world: World, project: str) -> int:
    """Return the number of static routes in a project."""
    return sum(
        project_of(relative(route["selfLink"])) == project and not any(field in route for field in _NOT_STATIC)
        for route in world.cloud("routes")
    )


def firewalls_counted(world: World, project: str) -> int:
    """Return the number of firewall rules in a project."""
    return sum(project_of(relative(rule["selfLink"])) == project for rule in world.cloud("firewalls"))


def route_limit(world: World, project: str) -> float:
    """Return how many static routes a project may have; no quota is no limit."""
    return _limit(world, project, "ROUTES")


def firewall_limit(world: World, project: str) -> float:
    """Return how many firewall rules a project may have; no quota is no limit."""
    return _limit(world, project, "FIREWALLS")


def _limit(world: World, project: str, metric: str) -> float:
    quotas = [item for found in world.cloud("projects") if found["name"] == project for item in found.get("quotas", [])]
    return next((float(item["limit"]) for item in quotas if item["metric"] == metric), float("inf"))


def xpn_host(world: World, project: str) -> Json:
    """Return the host project whose network a project's instances use; empty when they use their own."""
    links = [
        relative(nic["network"], project)
        for item in world.cloud("instances")
        if project_of(relative(item["selfLink"])) == project
        for nic in item.get("networkInterfaces", [])
    ]
    hosts = {project_of(link) for link in links} - {project}
    return next((found for found in world.cloud("projects") if found["name"] in hosts), {})
