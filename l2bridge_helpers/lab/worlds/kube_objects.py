"""Kubernetes objects of a world: nodes with flannel's annotations, and flannel's ConfigMap."""

from __future__ import annotations

import json
from typing import Any

from l2bridge_helpers.lab.identity import CREATED_UTC, number, uid
from l2bridge_helpers.lab.worlds.machine import Machine, Site

Json = dict[str, Any]

_FLANNEL = "flannel.alpha.coreos.com/"
_VERSION = "v1.33.5"
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def node(machine: Machine, site: Site) -> Json:
    """Return the Node object of a machine."""
    spec: Json = {"providerID": f"gce://{site.project}/{machine.zone_of(site)}/{machine.name}"}
    if machine.pods:
        spec |= {"podCIDR": machine.pods[0], "podCIDRs": list(machine.pods)}
    if machine.control_plane:
        spec["taints"] = [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": _metadata(machine, site),
        "spec": spec,
        "status": _status(machine, site),
    }


def flannel_config(site: Site, *, backend: str = "host-gw") -> Json:
    """Return flannel's ConfigMap as upstream's manifest makes it."""
    net: Json = {"Network": site.pods_range, "EnableNFTables": False, "Backend": {"Type": backend}}
    if site.pods_range6:
        net |= {"EnableIPv6": True, "IPv6Network": site.pods_range6}
    plugins: list[Json] = [
        {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    cni = {"name": "cbr0", "cniVersion": "0.3.1", "plugins": plugins}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "kube-flannel-cfg",
            "namespace": "kube-flannel",
            "labels": {"app": "flannel", "k8s-app": "flannel", "tier": "node"},
            "creationTimestamp": CREATED_UTC,
            "resourceVersion": "612",
            "uid": uid("configmap kube-flannel-cfg"),
        },
        "data": {"cni-conf.json": _text(cni), "net-conf.json": _text(net)},
    }


def _text(value: Json) -> str:
    return json.dumps(value, indent=2) + "\n"


def _metadata(machine: Machine, site: Site) -> Json:
    system = "windows" if machine.windows else "linux"
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": system,
        "node.kubernetes.io/instance-type": "e2-standard-4",
        "topology.kubernetes.io/region": site.region,
        "topology.kubernetes.io/zone": machine.zone_of(site),
    }
    if machine.windows:
        labels["node.kubernetes.io/windows-build"] = "10.0.20348"
    if machine.control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
    return {
        "name": machine.name,
        "annotations": _annotations(machine),
        "labels": labels,
        "creationTimestamp": CREATED_UTC,
        "resourceVersion": str(int(number(f"rv {machine.name}")) % 900_000 + 100_000),
        "uid": uid(f"node {machine.path(site)}{machine.created}"),
    }


def _annotations(machine: Machine) -> Json:
    if not machine.pods:
        return {"node.alpha.kubernetes.io/ttl": "0"}
    flannel = {
        "backend-data": "null",
        "backend-type": "host-gw",
        "kube-subnet-manager": "true",
        "public-ip": machine.address,
    }
    if machine.address6:
        flannel |= {"backend-v6-data": "null", "public-ipv6": machine.address6}
    return {"node.alpha.kubernetes.io/ttl": "0"} | {_FLANNEL + key: value for key, value in flannel.items()}


def _status(machine: Machine, site: Site) -> Json:
    windows = machine.windows
    size = {"cpu": "4", "ephemeral-storage": "101430960Ki", "memory": "16393244Ki", "pods": "110"}
    return {
        "addresses": _addresses(machine, site),
        "allocatable": size,
        "capacity": size,
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": CREATED_UTC,
                "lastTransitionTime": CREATED_UTC,
            }
            for kind, status, reason, message in _CONDITIONS
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": uid(f"boot {machine.name}"),
            "containerRuntimeVersion": "containerd://1.7.28",
            "kernelVersion": "10.0.20348.2031" if windows else "6.1.0-40-cloud-amd64",
            "kubeProxyVersion": _VERSION,
            "kubeletVersion": _VERSION,
            "machineID": uid(f"machine {machine.name}").replace("-", ""),
            "operatingSystem": "windows" if windows else "linux",
            "osImage": "Windows Server 2022 Datacenter" if windows else "Debian GNU/Linux 12 (bookworm)",
            "systemUUID": uid(f"system {machine.name}"),
        },
    }


def _addresses(machine: Machine, site: Site) -> list[Json]:
    """Return the addresses in the order that the cloud provider gives them, or with other types first."""
    internal = [{"type": "InternalIP", "address": machine.address}]
    if machine.address6:
        internal.append({"type": "InternalIP", "address": machine.address6})
    external = [{"type": "ExternalIP", "address": machine.external}] if machine.external else []
    names = [
        {
            "type": "InternalDNS",
            "address": f"{machine.name}.{machine.zone_of(site)}.c.{site.project}.internal",
        },
        {"type": "Hostname", "address": machine.name},
    ]
    return [names[1], *external, *internal, names[0]] if machine.external_first else [*internal, *external, *names]
