"""Ids of the resources in the lab's Azure worlds."""

from __future__ import annotations

SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
LOCATION = "westeurope"
GROUP, NETWORK_GROUP, NETWORK = "rg-cluster", "rg-network", "vnet-cluster"


def network_id(kind: str, name: str) -> str:
    """Return the id of a resource of Microsoft.Network in the group of the network, e.g. of kind `routeTables`."""
    return f"{_group(NETWORK_GROUP)}/providers/Microsoft.Network/{kind}/{name}"


def subnet_id(name: str) -> str:
    """Return the id of a subnet."""
    return f"{network_id('virtualNetworks', NETWORK)}/subnets/{name}"


def nic_id(name: str) -> str:
    """Return the id of an ordinary network interface."""
    return f"{_group(GROUP)}/providers/Microsoft.Network/networkInterfaces/{name}"


def compute_id(kind: str, name: str) -> str:
    """Return the id of a resource of Microsoft.Compute, e.g. of kind `virtualMachines`."""
    return f"{_group(GROUP)}/providers/Microsoft.Compute/{kind}/{name}"


def _group(name: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"
