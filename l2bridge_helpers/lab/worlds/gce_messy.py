"""gce-messy: what years of running leave behind, one case a node."""

from __future__ import annotations

from l2bridge_helpers.clouds.gce_names import route_description, route_name
from l2bridge_helpers.lab.gce.links import absolute
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds import gce_resources as make
from l2bridge_helpers.lab.worlds.gce_build import CLUSTER, build
from l2bridge_helpers.lab.worlds.gce_groups import instance_group_manager, instance_template
from l2bridge_helpers.lab.worlds.machine import Machine, Site

DESCRIPTION = "missing pod CIDR, foreign and stale routes, a replaced node, a managed group, dual stack, Windows"

_SITE = Site(nodes_range6="fd20:5a1:b0c::/64", pods_range6="fd00:10:42::/56")
_APPLIANCE = Machine(name="appliance-1", zone="b", address="10.10.0.200", pods=(), forwarding=True)
_FINE = Machine(name="fine-1", zone="b", address="10.10.0.3", pods=("10.42.1.0/24",), forwarding=True)
_SERVED = Machine(name="served-1", zone="c", address="10.10.0.6", pods=("10.42.4.0/24",), forwarding=True)
_REPLACED = Machine(name="replaced-1", zone="c", address="10.10.0.17", pods=("10.42.5.0/24",), created="again")
_OLD = Machine(name="replaced-1", zone="b", address="10.10.0.7", pods=_REPLACED.pods)
_GONE = Machine(name="gone-1", zone="d", address="10.10.0.8", pods=("10.42.6.0/24",))

MACHINES = (
    Machine(name="control-1", zone="b", address="10.10.0.2", pods=("10.42.0.0/24",), control_plane=True),
    _FINE,
    Machine(name="nocidr-1", zone="b", address="10.10.0.4", pods=()),
    Machine(name="blocked-1", zone="c", address="10.10.0.5", pods=("10.42.3.0/24",)),
    _SERVED,
    _REPLACED,
    Machine(name="mig-1", zone="d", address="10.10.0.9", pods=("10.42.7.0/24",), manager="mig", template="mig-v1"),
    Machine(name="mig-2", zone="d", address="10.10.0.10", pods=("10.42.8.0/24",), manager="mig", template="mig-v1"),
    Machine(
        name="dual-1",
        zone="b",
        address="10.10.0.11",
        address6="fd20:5a1:b0c::11:0:0",
        pods=("10.42.9.0/24", "fd00:10:42:9::/64"),
    ),
    Machine(
        name="dual-2",
        zone="c",
        address="10.10.0.12",
        address6="fd20:5a1:b0c::12:0:0",
        pods=("10.42.10.0/24", "fd00:10:42:a::/64"),
    ),
    Machine(name="win-1", zone="d", address="10.10.0.13", pods=("10.42.11.0/24",), windows=True),
)


def gce_messy() -> World:
    """Return the world in which one of everything is wrong."""
    world = build("gce-messy", DESCRIPTION, _SITE, [*MACHINES, _APPLIANCE])
    world.nodes = [node for node in world.nodes if node["metadata"]["name"] != _APPLIANCE.name]
    world.cloud("routes").extend(
        [
            _own(_FINE),
            _own(_OLD),
            _own(_GONE),
            _foreign("to-appliance", "10.42.3.0/24", nextHopInstance=absolute(_APPLIANCE.path(_SITE))),
            _foreign("by-hand", _SERVED.pods[0], nextHopIp=_SERVED.address),
            _foreign("office", "192.168.0.0/16", nextHopInstance=absolute(_APPLIANCE.path(_SITE))),
        ]
    )
    world.cloud("instanceTemplates").append(instance_template(_SITE, "mig-v1", forwarding=False))
    world.cloud("instanceGroupManagers").append(
        instance_group_manager(_SITE, "mig", zone="d", template="mig-v1", size=2)
    )
    return world


def _own(machine: Machine) -> Json:
    """Return the route that an earlier run has made for a machine."""
    hop, destination = machine.path(_SITE), machine.pods[0]
    name = route_name(cluster=CLUSTER, network=_SITE.network, node=machine.name, destination=destination, next_hop=hop)
    description = route_description(cluster=CLUSTER, node=machine.name)
    return _route(name, destination, description=description, nextHopInstance=absolute(hop))


def _foreign(name: str, destination: str, **hop: str) -> Json:
    return _route(name, destination, description="", **hop)


def _route(name: str, destination: str, **fields: str) -> Json:
    path = f"projects/{_SITE.project}/global/routes/{name}"
    return make.route(path, _SITE, destination, routeType="STATIC", **fields)
