"""Changing scale sets: the model, and the instances that follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from werkzeug import Response

from l2bridge_helpers.lab.azure import conditions
from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import reference
from l2bridge_helpers.lab.azure.members import model_of, replaced
from l2bridge_helpers.lab.azure.permissions import authorize_links
from l2bridge_helpers.lab.azure.state import not_supported
from l2bridge_helpers.lab.azure.writes import begin, copied, made, rewrite
from l2bridge_helpers.lab.world import Json

_NICS, _VMS = "virtualMachineScaleSetNetworkInterfaces", "virtualMachineScaleSetVMs"
_FOLLOWED = ("enableIPForwarding", "enableAcceleratedNetworking", "disableTcpStateTracking", "networkSecurityGroup")
"""What an interface takes from its model; its addresses stay."""
_OWN = ("provisioningState", "uniqueId", "timeCreated")


def patch_scale_set(call: Call) -> Response:
    """Change a part of the model; instances follow at once where the policy says so."""
    stored = _found(call, call.id)
    body = call.content()
    known = {"properties": stored["properties"]}
    replaced(body, known, model_of("compute", "VirtualMachineScaleSetUpdate"))
    return _change(call, stored, _merged(copied(stored), body))


def put_scale_set(call: Call) -> Response:
    """Replace all that can be changed of a scale set."""
    stored = call.state.find(call.kind.collection, call.id)
    if stored is None:
        raise not_supported("making a scale set")
    return _change(call, stored, made(call, stored, model_of("compute", "VirtualMachineScaleSet")))


def _change(call: Call, stored: Json, new: Json) -> Response:
    """Start to change a scale set; what only Azure writes stays."""
    authorize_links(call, call.content())
    must_be_free(call, stored)
    conditions.check(call, stored)
    new["properties"] |= {name: stored["properties"][name] for name in _OWN if name in stored["properties"]}
    _check_model(stored, new)
    changed = _model(new) != _model(stored)
    before = _snapshot(call, stored)
    rewrite(stored, new)
    call.state.stamp(stored, "Updating")
    if changed:
        for machine in _instances(call, stored):
            machine["properties"]["latestModelApplied"] = False
    followers = _instances(call, stored) if changed and _mode(stored) != "Manual" else []
    operation = begin(
        call,
        "VMScaleSetUpdateOperation",
        (stored["id"],),
        finish=partial(_finish, call, stored, followers),
        undo=before,
    )
    return call.accepted(operation, stored, 200)


def upgrade_instances(call: Call) -> Response:
    """Let instances follow the model."""
    stored = _found(call, call.id)
    body = call.content()
    replaced(body, {}, model_of("compute", "VirtualMachineScaleSetVMInstanceRequiredIDs"))
    _must_be_uniform(stored)
    must_be_free(call, stored)
    chosen = _chosen(call, stored, body.get("instanceIds"))
    operation = begin(
        call,
        "VMScaleSetManualUpgradeOperation",
        (stored["id"],),
        finish=partial(_finish, call, stored, chosen),
        undo=_snapshot(call, stored),
    )
    return call.accepted(operation, None, 202)


def put_instance(call: Call) -> Response:
    """Change one instance's own interfaces."""
    scale_set = _found(call, call.parent_id)
    stored = call.state.find(_VMS, call.id)
    if stored is None:
        raise _no_instance(call.name)
    body = call.content()
    replaced(body, stored, model_of("compute", "VirtualMachineScaleSetVM"))
    authorize_links(call, body)
    must_be_free(call, scale_set)
    conditions.check(call, stored)
    before = _snapshot(call, scale_set)
    own = (body.get("properties") or {}).get("networkProfileConfiguration")
    if own is not None:
        stored["properties"]["networkProfileConfiguration"] = own
    call.state.stamp(stored, "Updating")
    operation = begin(
        call,
        "VMScaleSetVMPutOperation",
        (scale_set["id"],),
        finish=partial(_follow, call, stored, own or {}),
        undo=before,
    )
    return call.accepted(operation, stored, 200)


def must_be_free(call: Call, scale_set: Json) -> None:
    """Refuse while something else is done to the scale set.

    Raises:
        ArmError: 409, as Microsoft.Compute words it.

    """
    if call.state.operations.running(scale_set["id"]):
        raise ArmError(
            "Conflict",
            "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
            "https://aka.ms/activitylog to get more details on the conflicting requests.",
            409,
            retry=True,
        )


def _found(call: Call, identifier: str) -> Json:
    found = call.state.find("virtualMachineScaleSets", identifier)
    if found is None:
        raise call.missing()
    return found


def _instances(call: Call, scale_set: Json) -> list[Json]:
    return call.state.below(_VMS, f"{scale_set['id']}/")


def _chosen(call: Call, scale_set: Json, numbers: Any) -> list[Json]:
    """Return the instances that are named; `*` stands for all."""
    machines = {machine["instanceId"]: machine for machine in _instances(call, scale_set)}
    if not numbers:
        raise ArmError("InvalidParameter", "Required parameter 'instanceIds' is missing (null).")
    if "*" in numbers:
        return list(machines.values())
    for number in numbers:
        if number not in machines:
            raise _no_instance(number)
    return [machines[number] for number in numbers]


def _no_instance(number: str) -> ArmError:
    # [U]: the code of an instance that is not there.
    return ArmError(
        "InvalidParameter",
        f"The provided instanceId {number} is not an active Virtual Machine Scale Set VM instanceId.",
    )


def _must_be_uniform(scale_set: Json) -> None:
    if scale_set["properties"].get("orchestrationMode") == "Flexible":
        # [U]: the code; machines of flexible scale sets are upgraded as the ordinary machines that they are.
        raise ArmError(
            "OperationNotAllowed",
            "This operation is not supported on a Virtual Machine Scale Set with Flexible Orchestration Mode.",
        )


def _merged(stored: Json, patch: Json) -> Json:
    """Return what a merge-patch leaves (RFC 7396): lists are replaced whole."""
    for name, value in patch.items():
        if value is None:
            stored.pop(name, None)
        elif isinstance(value, dict):
            held = stored.get(name)
            stored[name] = _merged(held if isinstance(held, dict) else {}, value)
        else:
            stored[name] = value
    return stored


def _model(scale_set: Json) -> list[Json]:
    profile = scale_set["properties"].get("virtualMachineProfile", {}).get("networkProfile", {})
    found: list[Json] = profile.get("networkInterfaceConfigurations", [])
    return found


def _mode(scale_set: Json) -> str:
    return str(scale_set["properties"].get("upgradePolicy", {}).get("mode", "Manual"))


def _check_model(stored: Json, new: Json) -> None:
    """Refuse a model that no instance could be made from; the texts are [U]."""
    modes = [one["properties"].get("orchestrationMode", "Uniform") for one in (stored, new)]
    if modes[0] != modes[1]:
        raise ArmError("PropertyChangeNotAllowed", "Changing property 'orchestrationMode' is not allowed.", 409)
    configurations = _model(new)
    names = [one.get("name") for one in configurations]
    if not all(names) or len(set(names)) < len(names):
        raise ArmError("InvalidParameter", "Each of networkInterfaceConfigurations needs a name of its own.")
    primary = [one for one in configurations if (one.get("properties") or {}).get("primary")]
    if len(primary) != 1 and len(configurations) > 1:
        raise ArmError("InvalidParameter", "One of networkInterfaceConfigurations must be the primary one.")
    for one in configurations:
        parts = (one.get("properties") or {}).get("ipConfigurations") or []
        if not parts or not all(part.get("name") and reference(part.get("properties"), "subnet") for part in parts):
            raise ArmError(
                "InvalidParameter",
                f"Network interface configuration {one['name']} needs IP configurations with a subnet.",
            )


def _snapshot(call: Call, scale_set: Json) -> Callable[[], None]:
    """Return what makes a scale set, its instances and their interfaces what they are now."""
    items = [scale_set, *_instances(call, scale_set), *call.state.below(_NICS, f"{scale_set['id']}/")]
    before = [(item, copied(item)) for item in items]

    def take_back() -> None:
        for item, value in before:
            rewrite(item, value)

    return take_back


def _finish(call: Call, scale_set: Json, machines: Iterable[Json]) -> None:
    for machine in machines:
        model = {"networkInterfaceConfigurations": copied({"list": _model(scale_set)})["list"]}
        machine["properties"]["networkProfileConfiguration"] = model
        machine["properties"]["latestModelApplied"] = True
        _follow(call, machine, model)
    call.state.stamp(scale_set, "Succeeded")


def _follow(call: Call, machine: Json, configuration: Json) -> None:
    """Let the interfaces of an instance be what its configuration says."""
    models = {one["name"].lower(): one for one in configuration.get("networkInterfaceConfigurations") or []}
    for nic in call.state.below(_NICS, f"{machine['id']}/"):
        model = models.get(nic["name"].lower())
        if model:
            properties = model.get("properties") or {}
            nic["properties"] |= {name: properties[name] for name in _FOLLOWED if name in properties}
            call.state.stamp(nic, "Succeeded")
    call.state.stamp(machine, "Succeeded")
