"""Small worlds as values: Node objects, the node table, instances, routes and a network that fits them.

Node number N (1, 2, ...) is called `node-N`, has the address 10.10.0.(N+1) and the pod CIDR 10.42.(N-1).0/24.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from l2bridge_helpers.clouds.gce_dialect import GceDialect, instance_path
from l2bridge_helpers.fabric import Fabric, Instance, Limit, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.filters import FIREWALL, Rule
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import node_rows, nodes_table
from l2bridge_helpers.placement import place

CLUSTER = "blue"
PROJECT = "lab-project"
ZONE = "europe-west1-b"
NETWORK = f"projects/{PROJECT}/global/networks/main"
SUBNET = f"projects/{PROJECT}/regions/europe-west1/subnetworks/nodes"
FLANNEL = NetConf("kube-flannel/kube-flannel-cfg", "host-gw", ("10.42.0.0/16",))
ALLOW_PODS = Rule(FIREWALL, NETWORK, "allow-pods", 1000, allow=True, inbound=True, sources=("10.42.0.0/16",))


def address(number: int) -> str:
    """Return the InternalIP of node `number`."""
    return f"10.10.0.{number + 1}"


def pod_cidr(number: int) -> str:
    """Return the pod CIDR of node `number`."""
    return f"10.42.{number - 1}.0/24"


def node_item(
    name: str = "node-1",
    ip: str = address(1),
    *pod_cidrs: str,
    provider_id: str | None = None,
    os: str = "linux",
    backend: str = "host-gw",
    public_ip: str | None = None,
) -> dict[str, Any]:
    """Return a Node object. `ip=""`: no InternalIP; `backend=""`: flannel has not started there.

    `provider_id=None`: that of the instance of the same name; `public_ip=None`: the InternalIP, as it should be.
    """
    annotations = {"backend-type": backend, "kube-subnet-manager": "true", "public-ip": public_ip or ip}
    addresses = [{"type": "Hostname", "address": name}]
    spec: dict[str, Any] = {"providerID": f"gce://{PROJECT}/{ZONE}/{name}" if provider_id is None else provider_id}
    if pod_cidrs:
        spec |= {"podCIDR": pod_cidrs[0], "podCIDRs": list(pod_cidrs)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {f"flannel.alpha.coreos.com/{key}": text for key, text in annotations.items() if backend},
            "labels": {"kubernetes.io/os": os},
        },
        "spec": spec,
        "status": {
            "addresses": addresses + ([{"type": "InternalIP", "address": ip}] if ip else []),
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {"operatingSystem": os},
        },
    }


def numbered_item(number: int) -> dict[str, Any]:
    """Return the Node object of node `number`."""
    return node_item(f"node-{number}", address(number), pod_cidr(number))


def nodes(*items: dict[str, Any], flannel: NetConf | None = FLANNEL) -> pd.DataFrame:
    """Return the table of these Node objects."""
    return nodes_table(items, flannel)


def numbered_nodes(count: int) -> pd.DataFrame:
    """Return the table of nodes 1 to `count`."""
    return nodes(*map(numbered_item, range(1, count + 1)))


def instance(  # noqa: PLR0913 - each is one thing that an instance says of itself
    name: str = "node-1",
    *ips: str,
    forwarding: bool = False,
    status: str = "RUNNING",
    tags: tuple[str, ...] = (),
    group: str = "",
    uid: str = "",
    project: str = PROJECT,
    zone: str = ZONE,
    network: str = NETWORK,
) -> Instance:
    """Return a virtual machine with one NIC, which has the addresses `ips` (none: that of node 1)."""
    path = instance_path(project, zone, name)
    owned = tuple(f"{ip}/{128 if ':' in ip else 32}" for ip in ips or (address(1),))
    nic = Nic(f"{path}/nic0", owned, SUBNET, network, forwarding)
    raw = {"name": name, "canIpForward": forwarding, "fingerprint": "abc=", "labels": {"owner": "ops"}}
    return Instance(path, uid or f"uid-{name}", name, status, (nic,), tags, group, raw, running=status == "RUNNING")


def numbered_instance(number: int, *, forwarding: bool = False) -> Instance:
    """Return the instance of node `number`."""
    return instance(f"node-{number}", address(number), forwarding=forwarding)


def fabric(
    *instances: Instance,
    routes: Sequence[Route] = (),
    limit: int = 0,
    rules: tuple[Rule, ...] = (ALLOW_PODS,),
    subnets: tuple[Subnet, ...] = (Subnet(SUBNET, ("10.10.0.0/20",)),),
    reserved: tuple[str, ...] = (),
    network: str = NETWORK,
) -> Fabric:
    """Return a network with these instances, where every route counts against the limit (0: not known)."""
    limits = (Limit(limit, len(routes), "quota of the test"),) if limit else ()
    table = RouteTable(network, tuple(routes), limits, reserved)
    subnets = tuple(replace(subnet, table=network) for subnet in subnets)
    return Fabric("gce", network, instances, subnets, (table,), rules=rules)


def numbered_fabric(count: int, *, forwarding: bool = False, routes: Sequence[Route] = ()) -> Fabric:
    """Return the network of nodes 1 to `count`."""
    machines = (numbered_instance(number, forwarding=forwarding) for number in range(1, count + 1))
    return fabric(*machines, routes=routes)


def own_routes(table: pd.DataFrame, network: Fabric, *, cluster: str = CLUSTER) -> tuple[Route, ...]:
    """Return the routes that a run of ours would leave behind."""
    return tuple(
        GceDialect().route(spot.row, spot.instance, spot.nic, network.network, cluster)
        for spot in place(table, network).placed
    )


def rerouted(network: Fabric, routes: Sequence[Route]) -> Fabric:
    """Return a fabric of one table with these routes in it, and no others."""
    (table,) = network.tables
    return replace(network, tables=(replace(table, routes=tuple(routes)),))


def foreign_route(destination: str, next_hop: str, *, name: str = "by-hand", priority: int = 1000) -> Route:
    """Return a route that someone made by hand."""
    return Route(name, destination, next_hop, NETWORK, priority)


def rows_of(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that these Node objects give, each as column -> value."""
    return [vars(row) for row in node_rows(nodes(*items))]
