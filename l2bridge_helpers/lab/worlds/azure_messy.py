"""azure-messy: one of everything that is wrong or in the way."""

from __future__ import annotations

from dataclasses import replace

from l2bridge_helpers.clouds.azure_names import default_table, route_label, tag_of
from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.azure_build import CLUSTER, Net, build, configuration, interface, virtual_machine
from l2bridge_helpers.lab.worlds.azure_names import network_id
from l2bridge_helpers.lab.worlds.azure_network import Rule, route_table, security_group
from l2bridge_helpers.lab.worlds.azure_pools import Pool, add_pool, pool_machines
from l2bridge_helpers.lab.worlds.machine import Machine

MESSY = "two subnets, a foreign route table, scale sets, rules that deny, dual stack, no provider IDs, Windows"
_NET = Net(
    ranges=("10.10.0.0/16", "fd00:10:10::/48"),
    pods6="fd00:10:42::/56",
    subnets=(
        ("a", "nodes-a", ("10.10.0.0/24", "fd00:10:10::/64")),
        ("b", "nodes-b", ("10.10.1.0/24",)),
        ("c", "apps", ("10.10.2.0/24",)),
    ),
)
_FIREWALL = "10.10.9.4"
_FUTURE: Json = {"futureSetting": {"keep": True}}
"""What no SDK knows yet."""


def _machine(name: str, zone: str, number: int) -> Machine:
    address = f"10.10.{'ab'.index(zone)}.{3 + number}"
    return Machine(name=name, zone=zone, address=address, pods=(f"10.42.{number}.0/24",))


_BLOCKED, _SERVED = _machine("blocked-1", "b", 4), _machine("served-1", "b", 5)
_TWO = _machine("two-nics-1", "b", 6)
_NO_CIDR = Machine(name="nocidr-1", zone="b", address="10.10.1.6", pods=())
_DUAL = Machine(
    name="dual-1", zone="a", address="10.10.0.11", address6="fd00:10:10::b", pods=("10.42.8.0/24", "fd00:10:42:8::/64")
)
MACHINES = (
    replace(_machine("control-1", "a", 1), control_plane=True),
    replace(_machine("done-1", "a", 2), forwarding=True),
    _NO_CIDR,
    _BLOCKED,
    _SERVED,
    _TWO,
    _machine("two-addresses-1", "a", 7),
    _DUAL,
    _machine("upper-1", "a", 9),
    _machine("nameless-1", "b", 10),
    _machine("denied-1", "b", 11),
    replace(_machine("win-1", "a", 12), windows=True),
)
_POOLS = (
    Pool(name="pool-u", machines=pool_machines("pool-u", "a", "10.10.0.20", 20, 2)),
    Pool(name="pool-auto", mode="Automatic", machines=pool_machines("pool-auto", "b", "10.10.1.30", 30, 1)),
    Pool(name="pool-f", flexible=True, machines=pool_machines("pool-f", "a", "10.10.0.40", 40, 1)),
)


def azure_messy() -> World:
    """Return the world in which one of everything is wrong."""
    world = build("azure-messy", MESSY, _NET, MACHINES)
    for pool in _POOLS:
        add_pool(world, _NET, pool)
    _spoil_provider_ids(world)
    _settle_interfaces(world)
    _settle_subnets(world)
    world.cloud("routeTables").extend([_hub(), _ours()])
    refresh(world.resources)
    return world


def _spoil_provider_ids(world: World) -> None:
    """Let nodes say who they are as other distributions do, not at all, or in other letter case."""
    spec = {node["metadata"]["name"]: node["spec"] for node in world.nodes}
    spec["win-1"]["providerID"] = "rke2://win-1"
    spec["nameless-1"]["providerID"] = ""
    upper = spec["upper-1"]
    upper["providerID"] = upper["providerID"].replace("resourceGroups/rg-cluster", "RESOURCEGROUPS/RG-CLUSTER")


def _settle_interfaces(world: World) -> None:
    """Give interfaces what a replacement may not lose, and one machine an interface too many."""
    groups = (security_group("nsg-control"), security_group("nsg-strict", [_deny()]))
    world.cloud("networkSecurityGroups").extend(groups)
    nics = {nic["name"]: nic for nic in world.cloud("networkInterfaces")}
    _decorate(nics["control-1-nic"], groups[0]["id"])
    nics["denied-1-nic"]["properties"]["networkSecurityGroup"] = {"id": groups[1]["id"]}
    second = nics["two-addresses-1-nic"]
    second["properties"]["ipConfigurations"].append(
        configuration(second["id"], "nodes-a", "10.10.0.77", name="ipconfig2")
    )
    _add_primary_interface(world, nics["two-nics-1-nic"])


def _deny() -> Rule:
    """Return a rule before the ones of Azure that would let pods in."""
    return "deny-pods", "Deny", "Inbound", 200, "10.42.0.0/16", "*"


def _decorate(nic: Json, group: str) -> None:
    pool = network_id("loadBalancers", "lb-control") + "/backendAddressPools/control"
    nic["tags"] = {"owner": "platform", "cost-center": "4711"}
    nic["properties"] |= {
        "enableAcceleratedNetworking": True,
        "networkSecurityGroup": {"id": group},
        **_FUTURE,
    }
    nic["properties"]["dnsSettings"] |= {"dnsServers": ["10.10.9.10"], "appliedDnsServers": ["10.10.9.10"]}
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] = [{"id": pool}]


def _add_primary_interface(world: World, nic: Json) -> None:
    """Make the interface that has the node's address the second one of its machine."""
    nic["properties"]["primary"] = False
    world.cloud("networkInterfaces").append(interface(_TWO, _NET, name="two-nics-1-mgmt", address="10.10.1.66"))
    for machine in world.cloud("virtualMachines"):
        if machine["name"] == _TWO.name:
            machine["properties"] = virtual_machine(_TWO, ("two-nics-1-nic", "two-nics-1-mgmt"), primary=1)[
                "properties"
            ]


def _settle_subnets(world: World) -> None:
    """Give one subnet what a replacement may not lose, and another a table that is not ours."""
    first, second, third = world.cloud("virtualNetworks")[0]["properties"]["subnets"]
    service = {"provisioningState": "Succeeded", "service": "Microsoft.Storage", "locations": ["westeurope"]}
    first["properties"] |= {
        "natGateway": {"id": network_id("natGateways", "nat-nodes")},
        "serviceEndpoints": [service],
        "delegations": [_delegation(first["id"])],
        "privateEndpointNetworkPolicies": "Enabled",
        **_FUTURE,
    }
    second["properties"]["routeTable"] = {"id": network_id("routeTables", "rt-hub")}
    third["properties"]["delegations"] = [_delegation(third["id"])]


def _delegation(subnet: str) -> Json:
    return {
        "name": "apps",
        "id": f"{subnet}/delegations/apps",
        "type": "Microsoft.Network/virtualNetworks/subnets/delegations",
        "properties": {
            "provisioningState": "Succeeded",
            "serviceName": "Microsoft.Web/serverFarms",
            "actions": ["Microsoft.Network/virtualNetworks/subnets/action"],
        },
    }


def _hub() -> Json:
    """Return a table of others: all goes to their firewall, also what is ours."""
    routes = [
        ("to-firewall", "0.0.0.0/0", _FIREWALL),
        ("by-hand", _SERVED.pods[0], _SERVED.address),
        ("in-the-way", _BLOCKED.pods[0], _FIREWALL),
    ]
    tags = {"owner": "network-team", "env": "prod"}
    table = route_table("rt-hub", routes, disableBgpRoutePropagation=True, **_FUTURE)
    return table | {"tags": tags}


def _ours() -> Json:
    """Return the table that an earlier run has made, with the route of a node that is gone; no subnet has it."""
    stale = "10.42.99.0/24"
    table = route_table(default_table(CLUSTER), [(route_label(CLUSTER, stale), stale, "10.10.0.99")])
    return table | {"tags": tag_of(CLUSTER)}
