"""A Compute Engine instance as the API shows it."""

from __future__ import annotations

from typing import Any

from l2bridge_helpers.lab.gce.links import absolute
from l2bridge_helpers.lab.identity import fingerprint, number
from l2bridge_helpers.lab.worlds.gce_resources import resource
from l2bridge_helpers.lab.worlds.machine import Machine, Site

Json = dict[str, Any]

_IMAGES = {
    False: ("projects/debian-cloud/global/licenses/debian-12-bookworm", "50", "debian"),
    True: ("projects/windows-cloud/global/licenses/windows-server-2022-dc", "100", "windows"),
}
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def instance(machine: Machine, site: Site) -> Json:
    """Return the instance of a machine."""
    path = machine.path(site)
    zone = f"projects/{site.project}/zones/{machine.zone_of(site)}"
    made = path + machine.created
    item = resource(
        "instance",
        path,
        canIpForward=machine.forwarding,
        cpuPlatform="Intel Broadwell",
        deletionProtection=False,
        description="",
        disks=[_disk(machine, zone)],
        fingerprint=fingerprint(f"instance {made}"),
        labelFingerprint=fingerprint(f"labels {made}"),
        labels={"cluster": "lab", "role": "control-plane" if machine.control_plane else "worker"},
        lastStartTimestamp="2026-10-01T08:00:12.000-07:00",
        machineType=absolute(f"{zone}/machineTypes/e2-standard-4"),
        metadata=_metadata(machine, site, made),
        networkInterfaces=[_nic(machine, site, made)],
        satisfiesPzi=True,
        scheduling=_scheduling(),
        serviceAccounts=[{"email": f"{site.number}-compute@developer.gserviceaccount.com", "scopes": _SCOPES}],
        shieldedInstanceConfig={
            "enableIntegrityMonitoring": True,
            "enableSecureBoot": False,
            "enableVtpm": True,
        },
        shieldedInstanceIntegrityPolicy={"updateAutoLearnPolicy": True},
        startRestricted=False,
        status="RUNNING",
        tags={"fingerprint": fingerprint(f"tags {made}"), "items": ["node"]},
        zone=absolute(zone),
    )
    return item | {"id": number(made)}


def _scheduling() -> Json:
    return {
        "automaticRestart": True,
        "onHostMaintenance": "MIGRATE",
        "preemptible": False,
        "provisioningModel": "STANDARD",
    }


def _disk(machine: Machine, zone: str) -> Json:
    license_path, size, image = _IMAGES[machine.windows]
    return {
        "kind": "compute#attachedDisk",
        "architecture": "X86_64",
        "autoDelete": True,
        "boot": True,
        "deviceName": machine.name,
        "diskSizeGb": size,
        "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}, {"type": "GVNIC"}],
        "index": 0,
        "interface": "SCSI",
        "licenses": [absolute(license_path)],
        "mode": "READ_WRITE",
        "source": absolute(f"{zone}/disks/{machine.name}"),
        "type": "PERSISTENT",
        "shieldedInstanceInitialState": {"pk": {"content": fingerprint(image), "fileType": "BIN"}},
    }


def _metadata(machine: Machine, site: Site, made: str) -> Json:
    items = {"serial-port-enable": "TRUE"}
    if machine.manager:
        zone = machine.zone_of(site)
        items["created-by"] = f"projects/{site.number}/zones/{zone}/instanceGroupManagers/{machine.manager}"
    if machine.template:
        items["instance-template"] = f"projects/{site.number}/global/instanceTemplates/{machine.template}"
    return {
        "kind": "compute#metadata",
        "fingerprint": fingerprint(f"metadata {made}"),
        "items": [{"key": key, "value": value} for key, value in items.items()],
    }


def _nic(machine: Machine, site: Site, made: str) -> Json:
    nic: Json = {
        "kind": "compute#networkInterface",
        "name": "nic0",
        "fingerprint": fingerprint(f"nic0 {made}"),
        "network": absolute(site.network_path),
        "networkIP": machine.address,
        "stackType": "IPV4_ONLY",
        "subnetwork": absolute(site.subnet_path),
    }
    if machine.address6:
        nic |= {
            "internalIpv6PrefixLength": 96,
            "ipv6AccessType": "INTERNAL",
            "ipv6Address": machine.address6,
            "stackType": "IPV4_IPV6",
        }
    if machine.external:
        nic["accessConfigs"] = [_access(machine.external)]
    return nic


def _access(address: str) -> Json:
    return {
        "kind": "compute#accessConfig",
        "name": "external-nat",
        "natIP": address,
        "networkTier": "PREMIUM",
        "type": "ONE_TO_ONE_NAT",
    }
