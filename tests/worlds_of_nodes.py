"""Hypothesis: small worlds in which everything that can meet, meets: few names, few ranges, many coincidences."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from hypothesis import strategies as st

from l2bridge_helpers.clouds.gce_dialect import instance_path
from l2bridge_helpers.clouds.gce_names import route_description, route_name
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.nodes import nodes_table

CLUSTER = "lab"
NETWORK = "projects/p/global/networks/net"
HOST_NETWORK = "projects/host/global/networks/net"
CIDRS = [f"10.42.{third}.0/24" for third in range(5)] + ["fd00:42:0:1::/64", "fd00:42:0:2::/64"]
WIDER_AND_NARROWER = [*CIDRS, "10.42.0.0/16", "10.42.1.0/25", "10.42.1.128/26", "0.0.0.0/0", "fd00:42::/32"]
NODES = [f"node-{number}" for number in range(1, 6)]
BAD_CIDRS = ["", "10.42.0.0", "10.42.300.0/24", "none"]


@dataclass(frozen=True)
class World:
    """A node list and the network that it lives in."""

    nodes: pd.DataFrame
    fabric: Fabric


def _instance(name: str, *, forwarding: bool, tags: tuple[str, ...], network: str) -> Instance:
    number = NODES.index(name) + 1 if name in NODES else 200
    path = instance_path("p", "z", name)
    addresses = (f"10.0.0.{number}/32", f"fd20::{number}:0:0/96")
    nic = Nic(f"{path}/nic0", addresses, "subnet", network, forwarding)
    return Instance(path, str(1000 + number), name, "RUNNING", (nic,), tags)


def _item(name: str, cidrs: list[str], provider_id: str) -> dict[str, object]:
    number = NODES.index(name) + 1
    addresses = [f"10.0.0.{number}", f"fd20::{number}:0:0"]
    return {
        "metadata": {"name": name},
        "spec": {"podCIDRs": cidrs, "providerID": provider_id},
        "status": {"addresses": [{"type": "InternalIP", "address": address} for address in addresses]},
    }


@st.composite
def _node_items(draw: st.DrawFn) -> list[dict[str, object]]:
    names = draw(st.lists(st.sampled_from(NODES), unique=True, max_size=5))
    ranges = draw(st.permutations(CIDRS))
    items = []
    for name in names:
        own = draw(st.lists(st.sampled_from(ranges), max_size=2, unique=True))
        bad = draw(st.sampled_from([[], [], [], [], ["", ""], ["nonsense"]]))
        provider_id = draw(st.sampled_from([f"gce://p/z/{name}", f"gce://p/z/{name}", "", "aws:///a/i-1", "k3s://x"]))
        items.append(_item(name, own + bad, provider_id))
    return items


@st.composite
def _own_route(draw: st.DrawFn, network: str) -> Route:
    node = draw(st.sampled_from([*NODES, "gone-1", "gone-2"]))
    cluster = draw(st.sampled_from([CLUSTER, CLUSTER, CLUSTER, "other"]))
    destination = draw(st.sampled_from(CIDRS))
    next_hop = draw(st.sampled_from([instance_path("p", "z", name) for name in [*NODES, "gone-1"]] + ["10.0.0.1"]))
    name = route_name(cluster=cluster, network="net", node=node, destination=destination, next_hop=next_hop)
    description = route_description(cluster=cluster, node=node)
    return Route(name, destination, next_hop, network, cluster=cluster, node=node, description=description)


@st.composite
def _foreign_route(draw: st.DrawFn, network: str) -> Route:
    return Route(
        name=f"foreign-{draw(st.integers(0, 99))}",
        destination=draw(st.sampled_from(WIDER_AND_NARROWER)),
        next_hop=draw(st.sampled_from([instance_path("p", "z", name) for name in NODES] + ["10.0.0.2", "gateway"])),
        table=network,
        priority=draw(st.sampled_from([900, 1000, 1100])),
        tags=draw(st.sampled_from([(), (), ("web",), ("nobody",)])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return a strategy of worlds: nodes with, without and with broken pod CIDRs, own, foreign and others' routes."""
    network = draw(st.sampled_from([NETWORK, NETWORK, HOST_NETWORK]))
    existing = draw(st.lists(st.sampled_from([*NODES, "appliance"]), unique=True))
    machines = [
        _instance(name, forwarding=draw(st.booleans()), tags=draw(st.sampled_from([(), (), ("web",)])), network=network)
        for name in existing
    ]
    routes = draw(
        st.lists(st.one_of(_own_route(network), _foreign_route(network)), max_size=8, unique_by=lambda one: one.name)
    )
    table = RouteTable(network, tuple(routes))
    fabric = Fabric("gce", network, tuple(machines), (Subnet("subnet", ("10.0.0.0/24",), network),), (table,))
    return World(nodes_table(draw(_node_items())), fabric)
