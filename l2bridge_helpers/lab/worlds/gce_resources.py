"""Compute Engine resources of a world, as the API shows them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from l2bridge_helpers.lab.gce.links import absolute, name_of
from l2bridge_helpers.lab.identity import CREATED, fingerprint, number
from l2bridge_helpers.lab.worlds.machine import Site

Json = dict[str, Any]


def resource(kind: str, path: str, **fields: object) -> Json:
    """Return a resource with what every resource has."""
    return {
        "kind": f"compute#{kind}",
        "id": number(path),
        "creationTimestamp": CREATED,
        "name": name_of(path),
        "selfLink": absolute(path),
        **fields,
    }


def network(site: Site) -> Json:
    """Return a custom-mode network."""
    return resource(
        "network",
        site.network_path,
        autoCreateSubnetworks=False,
        mtu=1460,
        networkFirewallPolicyEnforcementOrder="AFTER_CLASSIC_FIREWALL",
        routingConfig={"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY"},
        selfLinkWithId=absolute(f"projects/{site.host or site.project}/global/networks/{number(site.network_path)}"),
        subnetworks=[absolute(site.subnet_path)],
    )


def subnetwork(site: Site) -> Json:
    """Return the subnetwork of the nodes."""
    dual: Json = {"stackType": "IPV4_ONLY"}
    if site.nodes_range6:
        dual = {
            "stackType": "IPV4_IPV6",
            "ipv6AccessType": "INTERNAL",
            "internalIpv6Prefix": site.nodes_range6,
        }
    return resource(
        "subnetwork",
        site.subnet_path,
        network=absolute(site.network_path),
        region=absolute(f"projects/{site.host or site.project}/regions/{site.region}"),
        ipCidrRange=site.nodes_range,
        gatewayAddress=str(ip_network(site.nodes_range)[1]),
        fingerprint=fingerprint(site.subnet_path),
        privateIpGoogleAccess=False,
        privateIpv6GoogleAccess="DISABLE_GOOGLE_ACCESS",
        purpose="PRIVATE",
        **dual,
    )


def default_route(site: Site) -> Json:
    """Return the route to the internet that a network is made with."""
    project = site.host or site.project
    gateway = absolute(f"projects/{project}/global/gateways/default-internet-gateway")
    path = _generated(site, "default-route", "internet")
    description = "Default route to the Internet."
    return route(path, site, "0.0.0.0/0", description=description, nextHopGateway=gateway, routeType="STATIC")


def subnet_route(site: Site) -> Json:
    """Return the local route of the subnetwork."""
    path = _generated(site, "default-route-r", site.nodes_range)
    description = f"Default local route to the subnetwork {site.nodes_range}."
    hop = absolute(site.network_path)
    return route(
        path,
        site,
        site.nodes_range,
        description=description,
        nextHopNetwork=hop,
        priority=0,
        routeType="SUBNET",
    )


def route(path: str, site: Site, destination: str, **fields: object) -> Json:
    """Return a route of the site's network."""
    common: Json = {"destRange": destination, "network": absolute(site.network_path), "priority": 1000}
    return resource("route", path, **(common | fields))


def firewall(site: Site, name: str, sources: list[str], *allowed: Json) -> Json:
    """Return an ingress rule that lets sources in."""
    return resource(
        "firewall",
        f"projects/{site.host or site.project}/global/firewalls/{name}",
        description="",
        network=absolute(site.network_path),
        priority=1000,
        direction="INGRESS",
        disabled=False,
        sourceRanges=sources,
        allowed=list(allowed),
        logConfig={"enable": False},
    )


def project(name: str, project_number: str, *, routes: int = 250) -> Json:
    """Return a project with the quotas that matter here."""
    limits = {"NETWORKS": 15, "FIREWALLS": 200, "ROUTES": routes, "SUBNETWORKS": 275}
    return {
        "kind": "compute#project",
        "id": project_number,
        "creationTimestamp": CREATED,
        "name": name,
        "selfLink": absolute(f"projects/{name}"),
        "commonInstanceMetadata": {
            "kind": "compute#metadata",
            "fingerprint": fingerprint(f"metadata {name}"),
        },
        "defaultNetworkTier": "PREMIUM",
        "defaultServiceAccount": f"{project_number}-compute@developer.gserviceaccount.com",
        "quotas": [{"metric": metric, "limit": limit, "usage": 0} for metric, limit in limits.items()],
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
    }


def region(project_name: str, name: str, zones: list[str]) -> Json:
    """Return a region with these zones."""
    links = [absolute(f"projects/{project_name}/zones/{zone}") for zone in zones]
    return resource("region", f"projects/{project_name}/regions/{name}", description=name, status="UP", zones=links)


def zone(project_name: str, name: str) -> Json:
    """Return a zone."""
    parent = absolute(f"projects/{project_name}/regions/{name.rpartition('-')[0]}")
    return resource("zone", f"projects/{project_name}/zones/{name}", description=name, status="UP", region=parent)


def _generated(site: Site, prefix: str, what: str) -> str:
    suffix = f"{int(number(f'{site.network_path} {what}')):x}"[:16]
    return f"projects/{site.host or site.project}/global/routes/{prefix}-{suffix}"
