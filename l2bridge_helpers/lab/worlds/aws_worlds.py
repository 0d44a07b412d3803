"""The worlds on AWS: small, two subnets, messy, any size."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.aws_build import Net, aws_id, build, interface, route_table, seen
from l2bridge_helpers.lab.worlds.gce_small import machines as small_machines
from l2bridge_helpers.lab.worlds.machine import Machine

SMALL = "4 Linux and 2 Windows nodes in one subnet; every source/destination check is on"
TWO = "4 nodes in two subnets of two zones, one with a route table of its own: needs routes=True"
MESSY = "two subnets, interfaces out of order, EFA, Auto Scaling, foreign routes, no provider IDs, Windows"
MANY = "N nodes (1 to 8000), every tenth done already; one subnet"
MOST = 8000
_TWO = Net(subnets=(("a", "10.10.0.0/24"), ("b", "10.10.1.0/24")))
_PODS = IPv4Address("10.32.0.0")


def aws_small() -> World:
    """Return the world of the first runbook: 6 interfaces to change."""
    machines = [replace(one, zone="a", external="", external_first=False) for one in small_machines()]
    machines = [replace(one, address=f"10.10.0.{number}") for number, one in enumerate(machines, 10)]
    return build("aws-small", SMALL, Net(), machines)


def aws_two_subnets() -> World:
    """Return a world where only route tables can carry the pod CIDRs."""
    machines = [_machine(number, "ab"[number % 2]) for number in range(4)]
    world = build("aws-two-subnets", TWO, _TWO, machines)
    world.cloud("RouteTables").append(route_table("private", _TWO, subnets=("b",)))
    return world


def aws_messy() -> World:
    """Return the world in which one of everything is wrong."""
    machines = [_machine(number, "ab"[number % 2]) for number in range(8)]
    machines[2] = replace(machines[2], manager="pool-a")
    machines[3] = replace(machines[3], windows=True, name="ip-0a0a010d")
    machines[4] = replace(machines[4], pods=())
    machines[5] = replace(machines[5], forwarding=True)
    appliance = Machine(name="appliance", zone="a", address="10.10.0.200", pods=(), forwarding=True)
    world = build("aws-messy", MESSY, _TWO, [*machines, appliance])
    world.nodes = [node for node in world.nodes if node["metadata"]["name"] != appliance.name]
    for number, provider_id in ((1, ""), (3, "k3s://ip-0a0a010d"), (6, f"aws:////{aws_id('i', 'node-6')}")):
        world.nodes[number]["spec"]["providerID"] = provider_id
    _second_interface_first(world, machines[0])
    _add_interface(world, machines[7], interface(machines[7], index=1, address="10.10.1.77", kind="efa"))
    world.cloud("NetworkInterfaces").append(_nat())
    private = route_table("private", _TWO, subnets=("b",))
    private["Routes"] += [_to("eni", appliance.name, machines[6].pods[0]), _to("eni", "terminated", "10.42.99.0/24")]
    world.cloud("RouteTables")[0]["Routes"] += [
        _to("eni", machines[5].name, machines[5].pods[0]),
        _to("eni", appliance.name, "192.168.0.0/16"),
    ]
    world.cloud("RouteTables").append(private)
    return world


def aws_many(count: int) -> World:
    """Return a world of so many nodes in one subnet."""
    net = Net(range="10.8.0.0/16", pods="10.32.0.0/11", subnets=(("a", "10.8.0.0/18"),))
    first = IPv4Address("10.8.0.10")
    machines = [
        Machine(
            name=f"node-{number}",
            zone="a",
            address=str(first + number),
            pods=(f"{_PODS + 256 * number}/24",),
            forwarding=number % 10 == 0,
            control_plane=number == 1,
        )
        for number in range(1, count + 1)
    ]
    return build(f"aws-{count}", MANY, net, machines)


def _machine(number: int, zone: str) -> Machine:
    return Machine(
        name=f"node-{number}",
        zone=zone,
        address=f"10.10.{'ab'.index(zone)}.{10 + number}",
        pods=(f"10.42.{number}.0/24",),
        control_plane=number == 0,
    )


def _add_interface(world: World, machine: Machine, nic: Json) -> None:
    world.cloud("NetworkInterfaces").append(nic)
    for instance in world.cloud("Instances"):
        if instance["InstanceId"] == aws_id("i", machine.name):
            instance["NetworkInterfaces"].insert(0, seen(nic))


def _second_interface_first(world: World, machine: Machine) -> None:
    """Give a machine another interface, listed before the one that has its address."""
    _add_interface(world, machine, interface(machine, index=1, address="10.10.0.66"))


def _nat() -> Json:
    """Return the interface of a NAT gateway, which nobody but AWS may change."""
    outside = Machine(name="nat", zone="a", address="10.10.0.250", pods=())
    nic = interface(outside, kind="nat_gateway", RequesterManaged=True, Description="Interface for NAT Gateway")
    del nic["Attachment"]["InstanceId"]
    return nic


def _to(kind: str, name: str, destination: str) -> Json:
    return {
        "DestinationCidrBlock": destination,
        "NetworkInterfaceId": aws_id(kind, name),
        "Origin": "CreateRoute",
        "State": "active",
    }
