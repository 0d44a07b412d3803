"""Read what `az` prints about a cluster, in its own form or in ARM's; say which file, item and field cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import Json
from l2bridge_helpers.lab.worlds.azure_arm import ArmId, rest_form, sdk_model
from l2bridge_helpers.lab.worlds.files import Form, Source, again, check_items, parse_all

_MORE = ("nextLink", "skip_token", "skipToken", "$skipToken")
"""What says that more follows: ARM's lists, `az graph query`, and the REST API of Resource Graph."""
_GRAPH = ("tenantId", "subscriptionId", "resourceGroup")
"""Columns by which one knows a row of Azure Resource Graph; no resource has them."""
_RESOURCE = ("id", "name", "type?", "location", "properties{}")
_NIC = (
    "id",
    "name",
    "type?",
    "properties.ipConfigurations[].name",
    "properties.ipConfigurations[].properties.subnet.id",
    "properties.ipConfigurations[].properties.privateIPAddress?",
    "properties.networkSecurityGroup?.id",
    "properties.virtualMachine?.id",
)


@dataclass(frozen=True)
class Kind:
    """A collection of the world: what its file has to hold, and the SDK's model of an item, as service and name."""

    form: Form
    service: str
    model: str

    @property
    def type(self) -> str:
        """ARM's resource type, as ids spell it."""
        return self.form.kind


@dataclass(frozen=True)
class Found:
    """The items of a file."""

    source: Source
    items: list[Json]


def _kind(kind: str, command: str, model: str, *fields: str) -> Kind:
    service = "compute" if model.startswith("VirtualMachine") else "network"
    return Kind(Form(kind, fields, f"az {command} --output json", "id"), service, model)


def _each(part: str, *fields: str) -> tuple[str, ...]:
    """Return the fields that every element of a list must have; the list may be empty or absent."""
    return tuple(f"properties.{part}[]?.{field}" for field in fields)


_SETS = "Microsoft.Compute/virtualMachineScaleSets"
KINDS = {
    "networkInterfaces": _kind(
        "Microsoft.Network/networkInterfaces", "network nic list", "NetworkInterface", *_NIC, "location"
    ),
    "virtualNetworks": _kind(
        "Microsoft.Network/virtualNetworks",
        "network vnet list",
        "VirtualNetwork",
        *_RESOURCE,
        "properties.addressSpace.addressPrefixes[]",
        *_each("subnets", "id", "name", "properties{}", "properties.addressPrefix?", "properties.addressPrefixes[]?"),
        *_each("subnets", "properties.routeTable?.id", "properties.networkSecurityGroup?.id"),
    ),
    "routeTables": _kind(
        "Microsoft.Network/routeTables",
        "network route-table list --resource-group GROUP",
        "RouteTable",
        *_RESOURCE,
        *_each("subnets", "id"),
        *_each("routes", "name", "properties.addressPrefix", "properties.nextHopType"),
    ),
    "networkSecurityGroups": _kind(
        "Microsoft.Network/networkSecurityGroups",
        "network nsg list",
        "NetworkSecurityGroup",
        *_RESOURCE,
        *_each("subnets", "id"),
        *_each("defaultSecurityRules", "name"),
        *_each("securityRules", "name", "properties.access", "properties.direction"),
    ),
    "virtualMachines": _kind(
        "Microsoft.Compute/virtualMachines",
        "vm list",
        "VirtualMachine",
        *_RESOURCE,
        "properties.networkProfile.networkInterfaces[].id",
    ),
    "virtualMachineScaleSets": _kind(
        _SETS, "vmss list", "VirtualMachineScaleSet", *_RESOURCE, "properties.virtualMachineProfile?{}"
    ),
    "virtualMachineScaleSetVMs": _kind(
        f"{_SETS}/virtualMachines",
        "vmss list-instances --resource-group GROUP --name POOL",
        "VirtualMachineScaleSetVM",
        "id",
        "name",
        "type?",
        "instanceId",
        "properties{}",
    ),
    "virtualMachineScaleSetNetworkInterfaces": _kind(
        f"{_SETS}/virtualMachines/networkInterfaces",
        "vmss nic list --resource-group GROUP --vmss-name POOL",
        "NetworkInterface",
        *_NIC,
        "properties.virtualMachine.id",
    ),
}
"""By collection: the type, what prints the file, and what each item must have (first its id)."""


def read(collection: str, source: Source) -> list[Json]:
    """Return the resources of a file, as ARM's REST API shows them.

    Raises:
        LabError: the file cannot be used; the text names file, item and field.

    """
    kind = KINDS[collection]
    documents = parse_all(source, kind.form)
    raw = [item for document in documents for item in _listed(document, source, kind.form)]
    items = []
    for number, item in enumerate(raw, 1):
        _check_type(f"{source}: item {number}", item, kind)
        items.append(rest_form(_without_columns(item), sdk_model(kind.service, kind.model)))
    check_items(enumerate(items, 1), source, kind.form)
    return [_typed(item, kind) for item in items]


def _typed(item: Json, kind: Kind) -> Json:
    """Return a resource with its type, as ids spell it; interfaces of scale sets have another one, or none."""
    own = item.get("type", kind.type if "location" in item else "")
    return item | {"type": kind.type} if own.lower() == kind.type.lower() else item


def again_in(form: Form, subscription: str) -> str:
    """Return what to do about a file of another subscription."""
    return again(replace(form, command=f"{form.command} --subscription {subscription}"))


def _listed(document: object, source: Source, form: Form) -> Iterator[Json]:
    """Yield the items of a list, of a page of ARM's (`value`) or Resource Graph's (`data`), or the one object."""
    found = document
    if isinstance(document, dict):
        more = next((name for name in _MORE if document.get(name)), None)
        if more:
            raise LabError(f"{source} is not complete, {more} says that more follows; {again(form)}")
        found = document.get("value", document.get("data", [document]))
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise LabError(f"{source} holds no list of objects; {again(form)}")
    yield from found


def _check_type(label: str, item: Json, kind: Kind) -> None:
    name = item.get("id")
    found = ArmId.parse(name)
    if name and not found:
        raise LabError(f"{label}: id {name!r} is not that of a resource in a resource group; {again(kind.form)}")
    if found and found.type.lower() != kind.type.lower():
        raise LabError(f"{label} is a {found.type}, not a {kind.type}; {again(kind.form)}")


def _without_columns(item: Json) -> Json:
    """Return a row of Resource Graph without what the table adds, and anything else as it is."""
    if not all(name in item for name in _GRAPH):
        return item
    return {name: value for name, value in item.items() if name not in _GRAPH and value not in ("", None)}
