"""Scale sets of an Azure world, with their instances and nodes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from l2bridge_helpers.lab.azure.ids import etag
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.azure_build import SIZE, Net, azure_node, bare_interface, interface, virtual_machine
from l2bridge_helpers.lab.worlds.azure_names import LOCATION, compute_id, subnet_id
from l2bridge_helpers.lab.worlds.machine import Machine

_KIND = "virtualMachineScaleSets"


@dataclass(frozen=True, kw_only=True)
class Pool:
    """One scale set: its name, its nodes, and how they come by a new model; `flexible` ones have ordinary machines."""

    name: str
    machines: tuple[Machine, ...]
    mode: str = "Manual"
    flexible: bool = False

    @property
    def id(self) -> str:
        """Return its ARM id."""
        return compute_id(_KIND, self.name)


def pool_machines(name: str, zone: str, first: str, pods: int, count: int) -> tuple[Machine, ...]:
    """Return the machines of a pool as Azure names them, with addresses from `first` on, pod CIDRs from `pods` on."""
    start, _, last = first.rpartition(".")
    return tuple(
        Machine(
            name=f"{name}{number:06}",
            zone=zone,
            address=f"{start}.{int(last) + number}",
            pods=(f"10.42.{pods + number}.0/24",),
        )
        for number in range(count)
    )


def add_pool(world: World, net: Net, pool: Pool) -> None:
    """Add a scale set, its instances, their interfaces and their nodes. What others show of them: `derived.refresh`."""
    world.cloud(_KIND).append(_scale_set(pool, net))
    for number, machine in enumerate(pool.machines):
        (_add_member if pool.flexible else _add_instance)(world, net, pool, number, machine)


def _add_instance(world: World, net: Net, pool: Pool, number: int, machine: Machine) -> None:
    identifier = f"{pool.id}/virtualMachines/{number}"
    nic = bare_interface(
        f"{identifier}/networkInterfaces/{pool.name}-nic",
        net.name_of(machine.zone),
        [machine.address],
        seed=f"{pool.name} {number}",
    )
    nic["properties"] |= {"virtualMachine": {"id": identifier}, "enableIPForwarding": machine.forwarding}
    world.cloud("virtualMachineScaleSetNetworkInterfaces").append(nic)
    world.cloud("virtualMachineScaleSetVMs").append(_instance(pool, net, number, machine, nic["id"]))
    world.nodes.append(azure_node(machine, net, identifier))


def _add_member(world: World, net: Net, pool: Pool, number: int, machine: Machine) -> None:
    name = f"{pool.name}_{uid(f'{pool.name} {number}')[:8]}"
    made = virtual_machine(machine, name=name, virtualMachineScaleSet={"id": pool.id})
    world.cloud("virtualMachines").append(made)
    world.cloud("networkInterfaces").append(interface(machine, net, virtualMachine={"id": made["id"]}))
    world.nodes.append(azure_node(machine, net, made["id"]))


def _scale_set(pool: Pool, net: Net) -> Json:
    return {
        "name": pool.name,
        "id": pool.id,
        "etag": etag(pool.id),
        "type": f"Microsoft.Compute/{_KIND}",
        "location": LOCATION,
        "sku": {"name": SIZE, "tier": "Standard", "capacity": len(pool.machines)},
        "tags": {"pool": pool.name},
        "properties": {
            "orchestrationMode": "Flexible" if pool.flexible else "Uniform",
            **({} if pool.flexible else {"upgradePolicy": {"mode": pool.mode}, "overprovision": False}),
            "singlePlacementGroup": False,
            "platformFaultDomainCount": 1,
            "uniqueId": uid(f"unique {pool.id}"),
            "timeCreated": "2026-10-01T15:00:00+00:00",
            "provisioningState": "Succeeded",
            "virtualMachineProfile": {
                "osProfile": {"computerNamePrefix": pool.name, "adminUsername": "azureuser"},
                "networkProfile": _model(pool, net),
            },
        },
    }


def _model(pool: Pool, net: Net) -> Json:
    """Return what the interfaces of new instances are made from."""
    address = {
        "name": "ipconfig1",
        "properties": {
            "primary": True,
            "subnet": {"id": subnet_id(net.name_of(pool.machines[0].zone))},
            "privateIPAddressVersion": "IPv4",
        },
    }
    return {
        "networkInterfaceConfigurations": [
            {
                "name": f"{pool.name}-nic",
                "properties": {
                    "primary": True,
                    "enableAcceleratedNetworking": False,
                    "disableTcpStateTracking": False,
                    "enableIPForwarding": False,
                    "dnsSettings": {"dnsServers": []},
                    "ipConfigurations": [address],
                },
            }
        ]
    }


def _instance(pool: Pool, net: Net, number: int, machine: Machine, nic: str) -> Json:
    identifier = f"{pool.id}/virtualMachines/{number}"
    return {
        "name": f"{pool.name}_{number}",
        "id": identifier,
        "etag": etag(identifier),
        "type": f"Microsoft.Compute/{_KIND}/virtualMachines",
        "location": LOCATION,
        "instanceId": str(number),
        "sku": {"name": SIZE, "tier": "Standard"},
        "properties": {
            "latestModelApplied": True,
            "vmId": uid(f"vm {identifier}"),
            "hardwareProfile": {},
            "osProfile": {"computerName": machine.name, "adminUsername": "azureuser"},
            "networkProfile": {"networkInterfaces": [{"id": nic, "properties": {"primary": True}}]},
            "networkProfileConfiguration": json.loads(json.dumps(_model(pool, net))),
            "provisioningState": "Succeeded",
        },
    }
