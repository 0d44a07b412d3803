"""What Microsoft.Compute shows besides the stored resources: instance views, and lists that are filtered."""

from __future__ import annotations

import re

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import reference, same
from l2bridge_helpers.lab.world import Json

_FILTER = re.compile(r"'virtualMachineScaleSet/id' eq '([^']+)'", re.IGNORECASE)
_MACHINES = ("virtualMachines", "virtualMachineScaleSetVMs")


def filtered(call: Call, items: list[Json]) -> list[Json]:
    """Return the machines of one scale set, when that is asked for.

    Raises:
        ArmError: another filter is asked for.

    """
    text = call.query.get("$filter", "")
    if not text or call.kind.collection != "virtualMachines":
        return items
    found = _FILTER.fullmatch(text.strip())
    if not found:
        raise ArmError("InvalidParameter", f"The value '{text}' of parameter '$filter' is invalid.")
    return [item for item in items if same(reference(item["properties"], "virtualMachineScaleSet"), found[1])]


def seen(call: Call, item: Json) -> Json:
    """Return a machine with its instance view, when that is asked for; anything else as it is."""
    asked = (
        "instanceview" in call.query.get("$expand", "").lower() or call.query.get("statusonly", "").lower() == "true"
    )
    if call.kind.collection not in _MACHINES or not asked:
        return item
    return item | {"properties": item["properties"] | {"instanceView": instance_view(item)}}


def running(item: Json) -> bool:
    """Return whether a machine runs."""
    return bool(item.get("_power", "running") == "running")


def instance_view(item: Json) -> Json:
    """Return what a machine does."""
    power = str(item.get("_power", "running"))
    return {
        "statuses": [
            _status("ProvisioningState/succeeded", "Provisioning succeeded"),
            _status(f"PowerState/{power}", f"VM {power}"),
        ]
    }


def _status(code: str, text: str) -> Json:
    return {"code": code, "level": "Info", "displayStatus": text}
