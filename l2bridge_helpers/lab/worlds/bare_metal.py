"""The worlds without a cloud: only what Kubernetes says of the nodes."""

from __future__ import annotations

from collections.abc import Sequence

from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.kube_objects import flannel_config, node
from l2bridge_helpers.lab.worlds.machine import Machine, Site

SMALL = "3 Linux and 2 Windows nodes in one subnet, nothing wrong"
MESSY = "two subnets, a node behind NAT, another backend, a node without pod CIDR"
_FLANNEL = "flannel.alpha.coreos.com/"


def bare_metal_small() -> World:
    """Return the world in which everything that can be proven is fine."""
    return _build("bare-metal-small", SMALL, [_machine(number, windows=number > 3) for number in range(1, 6)])  # noqa: PLR2004 - the last two


def bare_metal_messy() -> World:
    """Return the world in which one of everything is wrong."""
    machines = [_machine(number, third=41 if number == 2 else 40) for number in range(1, 6)]  # noqa: PLR2004 - one elsewhere
    machines[4] = Machine(name="node-5", zone="", address="192.168.40.15", pods=())
    world = _build("bare-metal-messy", MESSY, machines)
    world.nodes[2]["metadata"]["annotations"][f"{_FLANNEL}public-ip"] = "203.0.113.13"
    world.nodes[3]["metadata"]["annotations"][f"{_FLANNEL}backend-type"] = "vxlan"
    return world


def _machine(number: int, *, third: int = 40, windows: bool = False) -> Machine:
    name = f"win-{number}" if windows else f"node-{number}"
    pods = (f"10.42.{number - 1}.0/24",)
    return Machine(
        name=name,
        zone="",
        address=f"192.168.{third}.{10 + number}",
        pods=pods,
        windows=windows,
        control_plane=number == 1,
    )


def _build(name: str, description: str, machines: Sequence[Machine]) -> World:
    site = Site()
    nodes = [node(machine, site) for machine in machines]
    for number, made in enumerate(nodes):
        made["spec"]["providerID"] = ("", f"rke2://{made['metadata']['name']}")[number % 2]
        labels = made["metadata"]["labels"]
        for label in (
            "topology.kubernetes.io/region",
            "topology.kubernetes.io/zone",
            "node.kubernetes.io/instance-type",
        ):
            del labels[label]
        addresses = made["status"]["addresses"]
        made["status"]["addresses"] = [one for one in addresses if one["type"] in ("InternalIP", "Hostname")]
    return World(name, description, "lab", {}, nodes, [flannel_config(site)], platform="bare_metal")
