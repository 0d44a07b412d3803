"""What can be told from the instances when a file is not given."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.gce.links import name_of, project_of, relative
from l2bridge_helpers.lab.worlds import gce_resources as make
from l2bridge_helpers.lab.worlds.machine import Site

Json = dict[str, Any]


def derived_networks(machines: list[Json]) -> list[Json]:
    """Return a custom-mode network for each that the instances name."""
    links = {relative(nic["network"]) for item in machines for nic in item["networkInterfaces"]}
    return [make.network(Site(project=project_of(path), network=name_of(path))) for path in sorted(links)]


def derived_subnets(machines: list[Json]) -> list[Json]:
    """Return the subnetworks that the instances name, with the smallest range that holds their addresses."""
    nics = [nic for item in machines for nic in item["networkInterfaces"] if "subnetwork" in nic]
    subnets = []
    for path in sorted({relative(nic["subnetwork"]) for nic in nics}):
        members = [nic for nic in nics if relative(nic["subnetwork"]) == path]
        site = Site(
            project=project_of(path),
            network=name_of(members[0]["network"]),
            region=path.split("/")[3],
            subnet=name_of(path),
            nodes_range=_cover([nic["networkIP"] for nic in members], 24),
            nodes_range6=_cover([nic["ipv6Address"] for nic in members if nic.get("ipv6Address")], 64),
        )
        subnets.append(make.subnetwork(site))
    return subnets


def _cover(addresses: list[str], length: int) -> str:
    """Return the smallest range of at most this prefix length that holds all addresses."""
    if not addresses:
        return ""
    for prefix in range(length, -1, -1):
        cover = ip_network(f"{addresses[0]}/{prefix}", strict=False)
        if all(ip_address(address) in cover for address in addresses):
            return str(cover)
    raise LabError(f"networkIP {addresses[0]} and others of one subnetwork are of different families")


def derived_routes(networks: list[Json], subnets: list[Json]) -> list[Json]:
    """Return the routes that a network has by itself."""
    routes = [make.default_route(_site(item)) for item in networks]
    for item in subnets:
        path = relative(item["network"])
        routes.append(
            make.subnet_route(Site(project=project_of(path), network=name_of(path), nodes_range=item["ipCidrRange"]))
        )
    return routes


def _site(network: Json) -> Site:
    path = relative(network["selfLink"])
    return Site(project=project_of(path), network=name_of(path))
