"""Refuse files that do not fit together: what one names, and another that was given does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from l2bridge_helpers.lab.azure.derived import NICS
from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import Json
from l2bridge_helpers.lab.worlds.azure_arm import ArmId
from l2bridge_helpers.lab.worlds.azure_load_derive import network_id, subnet_ids
from l2bridge_helpers.lab.worlds.azure_load_files import KINDS, Found
from l2bridge_helpers.lab.worlds.azure_load_machines import set_id
from l2bridge_helpers.lab.worlds.files import again

_SUBNET = "Microsoft.Network/virtualNetworks/subnets"
_OF_SETS = ("virtualMachineScaleSetVMs", "virtualMachineScaleSetNetworkInterfaces")


def check_networks(found: dict[str, Found]) -> None:
    """Refuse a subnet without a range, and an interface in a subnet that its virtual network does not have.

    Raises:
        LabError: the text names file, item and subnet.

    """
    networks = _items(found, "virtualNetworks")
    form = KINDS["virtualNetworks"].form
    known = {network["id"].lower() for network in networks}
    subnets = {part["id"].lower(): part["properties"] for network in networks for part in _subnets(network)}
    for path, properties in subnets.items():
        if not properties.get("addressPrefix") and not properties.get("addressPrefixes"):
            raise LabError(f"{found['virtualNetworks'].source}: subnet {path} has no addressPrefix; {again(form)}")
    for name, label, path in _used(found):
        parsed = ArmId.parse(path)
        if not parsed or parsed.type.lower() != _SUBNET.lower():
            raise LabError(f"{label}: subnet {path!r} is no id of a subnet; {again(KINDS[name].form)}")
        if network_id(path).lower() in known and path.lower() not in subnets:
            raise LabError(
                f"{label}: subnet {path} is not in {found['virtualNetworks'].source}; "
                f"write both files again, with `{KINDS[name].form.command}` and `{form.command}`"
            )


def check_route_tables(found: dict[str, Found]) -> None:
    """Refuse a subnet of an interface that has a route table which no file holds.

    Raises:
        LabError: the text names subnet and table, and how to add it.

    """
    used = {path.lower() for *_, path in _used(found)}
    tables = {table["id"].lower() for table in _items(found, "routeTables")}
    for part in (one for network in _items(found, "virtualNetworks") for one in _subnets(network)):
        table = part["properties"].get("routeTable", {}).get("id", "")
        if table and part["id"].lower() in used and table.lower() not in tables:
            parsed = ArmId.parse(table)
            raise LabError(
                f"{found['virtualNetworks'].source}: subnet {part['id']} has the route table {table}, "
                f"{_where(found)}; add (>>) what `{_listing(parsed)}` prints to the file of --route-tables"
            )


def check_members(found: dict[str, Found]) -> None:
    """Refuse an instance, or the interface of one, whose scale set is not given.

    Raises:
        LabError: the text names file and item, and how to add the scale set.

    """
    sets = {one["id"].lower() for one in _items(found, "virtualMachineScaleSets")}
    for name in _OF_SETS:
        for number, item in enumerate(_items(found, name), 1):
            if set_id(item["id"]).lower() not in sets:
                raise LabError(
                    f"{found[name].source}: item {number} ({item['id']}) is of a scale set that no file holds; write "
                    f"them with `{KINDS['virtualMachineScaleSets'].form.command}` and give the file as --scale-sets"
                )


def _items(found: dict[str, Found], collection: str) -> list[Json]:
    return found[collection].items if collection in found else []


def _subnets(network: Json) -> list[Json]:
    return list(network["properties"].get("subnets", []))


def _used(found: dict[str, Found]) -> Iterator[tuple[str, str, str]]:
    """Yield the ids of the subnets of interfaces, each behind the interface's collection and label."""
    for name in NICS:
        for number, nic in enumerate(_items(found, name), 1):
            for path in subnet_ids(nic):
                yield name, f"{found[name].source}: item {number} ({nic['id']})", path


def _where(found: dict[str, Found]) -> str:
    return f"which is not in {found['routeTables'].source}" if "routeTables" in found else "which no file holds"


def _listing(table: ArmId | None) -> str:
    command = KINDS["routeTables"].form.command
    return command.replace("GROUP", table.group) if table else command
