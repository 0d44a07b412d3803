"""Virtual machines and scale-set instances: their power, and what network interfaces tell when no file shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json
from l2bridge_helpers.lab.worlds.azure_arm import ArmId

_DETAILS = ("powerState", "publicIps", "fqdns", "privateIps", "macAddresses")
"""What `az vm list --show-details` adds."""
_VIEWS = {"instanceView", "extended", *_DETAILS}
_ON = {"running", "starting"}


def with_power(item: Json) -> Json:
    """Return a machine as the API's lists show it, with its power, where it is known, under the lab's own `_power`."""
    properties = {name: value for name, value in item["properties"].items() if name not in _VIEWS}
    words = list(_power_words(item["properties"]))
    if not words:
        return item | {"properties": properties}
    return item | {"properties": properties, "_power": "running" if words[-1] in _ON else "deallocated"}


def _power_words(properties: Json) -> Iterator[str]:
    """Yield `running`, `deallocated`, ... from an instance view, Resource Graph's `extended`, or `--show-details`."""
    shown = str(properties.get("powerState") or "")
    if shown.startswith("VM "):
        yield shown.removeprefix("VM ")
    for view in (_object(properties, "instanceView"), _object(_object(properties, "extended"), "instanceView")):
        statuses = view.get("statuses")
        for status in [*(statuses if isinstance(statuses, list) else ()), view.get("powerState")]:
            kind, _, word = str(_object({"": status}, "").get("code")).partition("/")
            if kind == "PowerState":
                yield word


def _object(holder: Json, name: str) -> Json:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def derived_machines(nics: list[Json]) -> list[Json]:
    """Return the virtual machines that interfaces are attached to."""
    return [_machine(path, members) for path, members in _by_machine(nics, "Microsoft.Compute/virtualMachines")]


def derived_instances(nics: list[Json], sets: list[Json]) -> list[Json]:
    """Return the instances of scale sets that interfaces are attached to, each as up to date as it can be."""
    by_id = {one["id"].lower(): one for one in sets}
    kind = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
    return [_instance(path, members, by_id[set_id(path).lower()]) for path, members in _by_machine(nics, kind)]


def set_id(path: str) -> str:
    """Return the id of the scale set that an instance, or the interface of one, belongs to."""
    return "/".join(path.split("/")[:9])


def _by_machine(nics: list[Json], kind: str) -> list[tuple[str, list[Json]]]:
    members: dict[str, list[Json]] = defaultdict(list)
    spelled: dict[str, str] = {}
    for nic in nics:
        path = nic["properties"].get("virtualMachine", {}).get("id", "")
        found = ArmId.parse(path)
        if found and found.type.lower() == kind.lower():
            members[spelled.setdefault(path.lower(), path)].append(nic)
    return sorted(members.items())


def _machine(path: str, nics: list[Json]) -> Json:
    return {
        "name": path.rpartition("/")[2],
        "id": path,
        "type": "Microsoft.Compute/virtualMachines",
        "location": nics[0]["location"],
        "properties": {
            "vmId": uid(path.lower()),
            "networkProfile": {"networkInterfaces": [_reference(nic) for nic in nics]},
            "provisioningState": "Succeeded",
        },
    }


def _instance(path: str, nics: list[Json], scale_set: Json) -> Json:
    number = path.rpartition("/")[2]
    model = scale_set["properties"].get("virtualMachineProfile", {}).get("networkProfile", {})
    return {
        "name": f"{scale_set['name']}_{number}",
        "id": path,
        "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
        "location": scale_set["location"],
        "instanceId": number,
        "properties": {
            "latestModelApplied": True,
            "vmId": uid(path.lower()),
            "networkProfile": {"networkInterfaces": [{"id": nic["id"]} for nic in nics]},
            "networkProfileConfiguration": model,
            "provisioningState": "Succeeded",
        },
    }


def _reference(nic: Json) -> Json:
    return {"id": nic["id"], "properties": {"primary": nic["properties"].get("primary", False)}}
