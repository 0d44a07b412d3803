"""What Azure shows in one resource because another refers to it: members of a subnet, subnets of a route table, ..."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from l2bridge_helpers.lab.azure.ids import reference
from l2bridge_helpers.lab.world import Json

NICS = ("networkInterfaces", "virtualMachineScaleSetNetworkInterfaces")
"""The collections of interfaces: ordinary ones, and those of uniform scale sets."""
Resources = dict[str, list[Json]]


def refresh(resources: Resources, *collections: str) -> None:
    """Bring these references up to date in some collections, in all of them when none is named.

    What is shown from outside the world (a bastion's address in a subnet, a subnet of another network) is kept.
    """
    for collection in collections or _REFRESH:
        if collection in _REFRESH:
            _REFRESH[collection](resources)


def _networks(resources: Resources) -> None:
    members: dict[str, list[str]] = defaultdict(list)
    for part in configurations_of(resources):
        members[reference(part["properties"], "subnet").lower()].append(part["id"])
    own = {nic["id"].lower() for nic in _nics(resources)}
    for subnet in _subnets(resources):
        _show(subnet["properties"], "ipConfigurations", members[subnet["id"].lower()], own)


def _tables(resources: Resources) -> None:
    users = _users(_subnets(resources), "routeTable")
    own = {network["id"].lower() for network in resources.get("virtualNetworks", [])}
    for table in resources.get("routeTables", []):
        _show(table["properties"], "subnets", users[table["id"].lower()], own)


def _groups(resources: Resources) -> None:
    subnets = _users(_subnets(resources), "networkSecurityGroup")
    nics = _users(_nics(resources), "networkSecurityGroup")
    networks = {network["id"].lower() for network in resources.get("virtualNetworks", [])}
    own = {nic["id"].lower() for nic in _nics(resources)}
    for group in resources.get("networkSecurityGroups", []):
        _show(group["properties"], "subnets", subnets[group["id"].lower()], networks)
        _show(group["properties"], "networkInterfaces", nics[group["id"].lower()], own)


_REFRESH = {"virtualNetworks": _networks, "routeTables": _tables, "networkSecurityGroups": _groups}


def _users(items: Iterable[Json], field: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for item in items:
        found[reference(item["properties"], field).lower()].append(item["id"])
    return found


def _show(properties: Json, field: str, ids: list[str], known: set[str]) -> None:
    """Write the references; `known` are the resources of this world, whose references are not kept but found."""
    kept = [one for one in properties.get(field, []) if not _within(one.get("id", ""), known)]
    found = [*kept, *({"id": one} for one in ids)]
    if found:
        properties[field] = found
    else:
        properties.pop(field, None)


def _within(one: str, known: set[str]) -> bool:
    """Return whether an id is that of a known resource, or of a part of one."""
    lower = one.lower()
    return lower in known or lower.rsplit("/", 2)[0] in known


def _nics(resources: Resources) -> Iterator[Json]:
    for collection in NICS:
        yield from resources.get(collection, [])


def configurations_of(resources: Resources) -> Iterator[Json]:
    """Give the IP configurations of all interfaces."""
    for nic in _nics(resources):
        yield from nic["properties"].get("ipConfigurations", [])


def _subnets(resources: Resources) -> Iterator[Json]:
    for network in resources.get("virtualNetworks", []):
        yield from network["properties"].get("subnets", [])
