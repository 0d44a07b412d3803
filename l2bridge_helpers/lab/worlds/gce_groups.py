"""Managed instance groups and the templates that they make machines from."""

from __future__ import annotations

from typing import Any

from l2bridge_helpers.lab.gce.links import absolute
from l2bridge_helpers.lab.identity import fingerprint
from l2bridge_helpers.lab.worlds.gce_resources import resource
from l2bridge_helpers.lab.worlds.machine import Site

Json = dict[str, Any]


def instance_template(site: Site, name: str, *, forwarding: bool) -> Json:
    """Return a template; machines made from it forward, or do not."""
    nic = {
        "kind": "compute#networkInterface",
        "name": "nic0",
        "network": absolute(site.network_path),
        "subnetwork": absolute(site.subnet_path),
    }
    disk = {
        "kind": "compute#attachedDisk",
        "autoDelete": True,
        "boot": True,
        "deviceName": "boot",
        "index": 0,
        "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
        "mode": "READ_WRITE",
        "type": "PERSISTENT",
    }
    properties: Json = {
        "disks": [disk],
        "machineType": "e2-standard-4",
        "networkInterfaces": [nic],
        "scheduling": {"automaticRestart": True, "onHostMaintenance": "MIGRATE", "preemptible": False},
        "tags": {"items": ["node"]},
    }
    path = f"projects/{site.project}/global/instanceTemplates/{name}"
    return resource("instanceTemplate", path, description="", properties=properties | {"canIpForward": forwarding})


def instance_group_manager(site: Site, name: str, *, zone: str, template: str, size: int) -> Json:
    """Return a managed instance group of one zone."""
    holder = f"projects/{site.project}/zones/{site.region}-{zone}"
    link = absolute(f"projects/{site.project}/global/instanceTemplates/{template}")
    quiet = (
        "abandoning",
        "creating",
        "creatingWithoutRetries",
        "deleting",
        "recreating",
        "refreshing",
        "restarting",
    )
    return resource(
        "instanceGroupManager",
        f"{holder}/instanceGroupManagers/{name}",
        baseInstanceName=name,
        currentActions=dict.fromkeys(quiet, 0) | {"none": size},
        fingerprint=fingerprint(f"manager {holder} {name}"),
        instanceGroup=absolute(f"{holder}/instanceGroups/{name}"),
        instanceTemplate=link,
        status={"isStable": True, "versionTarget": {"isReached": True}},
        targetSize=size,
        updatePolicy={"minimalAction": "REPLACE", "type": "OPPORTUNISTIC", "maxSurge": {"fixed": 1}},
        versions=[{"instanceTemplate": link, "targetSize": {"calculated": size}}],
        zone=absolute(holder),
    )
