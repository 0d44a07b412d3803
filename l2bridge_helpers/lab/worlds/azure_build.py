"""Put an Azure world together: machines in subnets of one virtual network, and the resources around them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.ids import etag
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.azure_names import (
    GROUP,
    LOCATION,
    SUBSCRIPTION,
    compute_id,
    network_id,
    nic_id,
    subnet_id,
)
from l2bridge_helpers.lab.worlds.azure_network import security_group, subnet, virtual_network
from l2bridge_helpers.lab.worlds.kube_objects import flannel_config, node
from l2bridge_helpers.lab.worlds.machine import Machine, Site

CLUSTER, SIZE = "lab", "Standard_D4s_v5"
_SUFFIX = "internal.cloudapp.net"


@dataclass(frozen=True, kw_only=True)
class Net:
    """The virtual network: its address prefixes, the pods' ranges, its subnets by the letter that machines name."""

    ranges: tuple[str, ...] = ("10.10.0.0/16",)
    pods: str = "10.42.0.0/16"
    pods6: str = ""
    subnets: tuple[tuple[str, str, tuple[str, ...]], ...] = (("a", "nodes", ("10.10.0.0/24",)),)

    @property
    def site(self) -> Site:
        """Return the same, as Kubernetes objects are made from."""
        return Site(region=LOCATION, pods_range=self.pods, pods_range6=self.pods6)

    def name_of(self, letter: str) -> str:
        """Return the name of a subnet."""
        return next(name for one, name, _ in self.subnets if one == letter)


def build(name: str, description: str, net: Net, machines: Sequence[Machine]) -> World:
    """Return a world in which the machines that say so forward already, and nothing else is done."""
    group = network_id("networkSecurityGroups", "nsg-nodes")
    subnets = [subnet(one, ranges, networkSecurityGroup={"id": group}) for _, one, ranges in net.subnets]
    world = World(
        name=name,
        description=description,
        cluster=CLUSTER,
        parameters={"subscription_id": SUBSCRIPTION, "resource_group": GROUP},
        nodes=[azure_node(machine, net, compute_id("virtualMachines", machine.name)) for machine in machines],
        config_maps=[flannel_config(net.site)],
        resources={
            "networkInterfaces": [interface(machine, net) for machine in machines],
            "virtualNetworks": [virtual_network(net.ranges, subnets)],
            "routeTables": [],
            "networkSecurityGroups": [security_group("nsg-nodes")],
            "virtualMachines": [virtual_machine(machine) for machine in machines],
            "virtualMachineScaleSets": [],
            "virtualMachineScaleSetVMs": [],
            "virtualMachineScaleSetNetworkInterfaces": [],
        },
        platform="azure",
    )
    refresh(world.resources)
    return world


def azure_node(machine: Machine, net: Net, machine_id: str) -> Json:
    """Return the Node object of a machine as cloud-provider-azure leaves it: Hostname first, no zone in its names."""
    made = node(machine, net.site)
    made["spec"]["providerID"] = f"azure://{machine_id}"
    made["metadata"]["labels"] |= {
        "topology.kubernetes.io/zone": f"{LOCATION}-1",
        "node.kubernetes.io/instance-type": SIZE,
    }
    addresses = [one for one in made["status"]["addresses"] if one["type"] in ("InternalIP", "Hostname")]
    made["status"]["addresses"] = sorted(addresses, key=lambda one: one["type"] != "Hostname")
    return made


def interface(machine: Machine, net: Net, *, name: str = "", address: str = "", **more: object) -> Json:
    """Return an ordinary network interface of a machine.

    Args:
        machine: whose it is.
        net: where its subnet is.
        name: its own; "": that of the machine's only interface.
        address: its own; "": the machine's.
        **more: properties.

    """
    own = name or f"{machine.name}-nic"
    owner = {"virtualMachine": {"id": compute_id("virtualMachines", machine.name)}}
    seed = f"{machine.name} {own}{machine.created}"
    addresses = [address] if address else [machine.address, machine.address6]
    made = bare_interface(nic_id(own), net.name_of(machine.zone), addresses, seed=seed)
    made["properties"] |= {"enableIPForwarding": machine.forwarding} | owner | more
    return made


def bare_interface(arm_id: str, subnet_name: str, addresses: Sequence[str], *, seed: str) -> Json:
    """Return a network interface with this id and these addresses ("" for none) that nothing else is known of."""
    names = ("ipconfig1", "ipconfig-v6")
    parts = [
        configuration(arm_id, subnet_name, address, name=name, primary=name == names[0])
        for name, address in zip(names, addresses, strict=False)
        if address
    ]
    return {
        "name": arm_id.rpartition("/")[2],
        "id": arm_id,
        "etag": etag(arm_id),
        "type": "Microsoft.Network/networkInterfaces",
        "location": LOCATION,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": uid(f"guid {arm_id}"),
            "ipConfigurations": parts,
            "dnsSettings": {
                "dnsServers": [],
                "appliedDnsServers": [],
                "internalDomainNameSuffix": f"{hashlib.sha256(GROUP.encode()).hexdigest()[:20]}.ax.{_SUFFIX}",
            },
            "macAddress": _mac(seed),
            "enableAcceleratedNetworking": False,
            "vnetEncryptionSupported": False,
            "enableIPForwarding": False,
            "disableTcpStateTracking": False,
            "primary": True,
            "hostedWorkloads": [],
            "tapConfigurations": [],
            "nicType": "Standard",
            "auxiliaryMode": "None",
            "auxiliarySku": "None",
        },
    }


def configuration(nic: str, subnet_name: str, address: str, *, name: str = "ipconfig1", primary: bool = False) -> Json:
    """Return an IP configuration of an interface."""
    arm_id = f"{nic}/ipConfigurations/{name}"
    return {
        "name": name,
        "id": arm_id,
        "etag": etag(nic),
        "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAddress": address,
            "privateIPAllocationMethod": "Dynamic",
            "subnet": {"id": subnet_id(subnet_name)},
            "primary": primary,
            "privateIPAddressVersion": "IPv6" if ":" in address else "IPv4",
        },
    }


def virtual_machine(
    machine: Machine, nics: Sequence[str] = (), *, name: str = "", primary: int = 0, **more: object
) -> Json:
    """Return the virtual machine of a machine.

    Args:
        machine: the machine.
        nics: names of its interfaces; empty: its only one.
        name: its own; "": the machine's.
        primary: which of the interfaces is the primary one.
        **more: properties.

    """
    arm_id = compute_id("virtualMachines", name or machine.name)
    names = nics or (f"{machine.name}-nic",)
    return {
        "name": name or machine.name,
        "id": arm_id,
        "type": "Microsoft.Compute/virtualMachines",
        "location": LOCATION,
        "properties": {
            "vmId": uid(f"vm {arm_id}{machine.created}"),
            "hardwareProfile": {"vmSize": SIZE},
            "osProfile": {"computerName": machine.name, "adminUsername": "azureuser"},
            "networkProfile": {
                "networkInterfaces": [
                    {"id": nic_id(one), "properties": {"primary": place == primary}} for place, one in enumerate(names)
                ]
            },
            "provisioningState": "Succeeded",
            "timeCreated": "2026-10-01T15:00:00+00:00",
            **more,
        },
    }


def _mac(seed: str) -> str:
    """Return a MAC address as Azure gives and writes them."""
    digits = hashlib.sha256(seed.encode()).hexdigest().upper()
    return "-".join(["00", "0D", "3A", *(digits[place : place + 2] for place in range(0, 6, 2))])
