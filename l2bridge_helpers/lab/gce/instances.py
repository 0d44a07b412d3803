"""instances.update: a full-resource write, under a fingerprint, no more disruptive than allowed.

Source: "Update instance properties" (docs.cloud.google.com/compute/docs/instances/update-instance-properties,
2026) for which property needs what. Where it is silent the lab takes a property for unchangeable.
"""

from __future__ import annotations

import json
from typing import Any

from l2bridge_helpers.lab.discovery import compute
from l2bridge_helpers.lab.gce.answers import condition_not_met, invalid, required
from l2bridge_helpers.lab.gce.changes import change
from l2bridge_helpers.lab.gce.links import relative
from l2bridge_helpers.lab.gce.state import Call, State
from l2bridge_helpers.lab.identity import fingerprint

Json = dict[str, Any]

ACTIONS = ("NO_EFFECT", "REFRESH", "RESTART")
"""Kinds of disruption, from the least to the worst."""

_FINGERPRINTS = {"fingerprint", "labelFingerprint"}
_NEEDS = {
    "NO_EFFECT": {"deletionProtection", "description", "labels", "metadata", "resourcePolicies", "tags"},
    "REFRESH": {"canIpForward", "privateIpv6GoogleAccess", "scheduling", "shieldedInstanceIntegrityPolicy"},
    "RESTART": {
        "advancedMachineFeatures",
        "confidentialInstanceConfig",
        "displayDevice",
        "guestAccelerators",
        "machineType",
        "minCpuPlatform",
        "serviceAccounts",
        "shieldedInstanceConfig",
    },
}
_REQUIRED = {"disks", "machineType", "name", "networkInterfaces"}
_SCHEMA = {"$ref": "Instance"}
_DEFAULTS: Json = {"canIpForward": False, "deletionProtection": False, "description": ""}
_URL_SAFE = str.maketrans("+/", "-_")
_FORWARDING_POLICY = "constraints/compute.vmCanIpForward"


def update(state: State, call: Call) -> Json:
    """Accept the new text of an instance."""
    instance = state.get("instances", call.path)
    missing = sorted(_REQUIRED - call.body.keys())
    if missing:
        raise required(f"resource.{missing[0]}")
    _check_fingerprints(instance, call.body)
    changed = _changed(instance, call.body)
    action = _check_action(call.query, changed)
    if "canIpForward" in changed and call.body.get("canIpForward"):
        _check_policy(state, call)

    def effect() -> None:
        _write(state.get("instances", call.path), call.body, changed)
        if action == ACTIONS[-1]:
            state.restarts.append(call.path)

    return change(state, call, call.path, "update", instance["id"], effect)


def _check_fingerprints(instance: Json, body: Json) -> None:
    if not _same_bytes(body.get("fingerprint"), instance["fingerprint"]):
        raise condition_not_met("Supplied fingerprint does not match current instance fingerprint.")
    for part in ("metadata", "tags"):
        before, after = instance.get(part, {}), body.get(part, {})
        changed = after and after.get("items") != before.get("items")
        if changed and not _same_bytes(after.get("fingerprint"), before.get("fingerprint")):
            raise condition_not_met(f"Supplied fingerprint does not match current {part} fingerprint.")


def _same_bytes(one: str | None, other: str | None) -> bool:
    """Return whether two texts in base64, of either alphabet, are the same bytes."""
    return (one or "").translate(_URL_SAFE) == (other or "").translate(_URL_SAFE)


def _changed(instance: Json, body: Json) -> set[str]:
    before, after = _comparable(instance), _comparable(body)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _comparable(instance: Json) -> Json:
    """Return what a client may write: URLs without their host, defaults written out, no fingerprints."""
    written: Json = compute().writable(_SCHEMA, instance)
    plain: Json = _DEFAULTS | _without_hosts(written)
    return {name: value for name, value in plain.items() if name not in _FINGERPRINTS}


def _without_hosts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_hosts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_hosts(item) for item in value]
    return relative(value) if isinstance(value, str) and value.startswith("http") else value


def _check_action(query: dict[str, str], changed: set[str]) -> str:
    allowed = query.get("mostDisruptiveAllowedAction", ACTIONS[-1])
    if "INVALID" in query.values():
        raise invalid("mostDisruptiveAllowedAction", "INVALID", f"Must be one of {', '.join(ACTIONS)}.")
    needed = max([_needed(name) for name in changed] + [query.get("minimalAction", ACTIONS[0])], key=ACTIONS.index)
    if ACTIONS.index(needed) > ACTIONS.index(allowed):
        names = ", ".join(sorted(name for name in changed if _needed(name) == needed))
        raise invalid("mostDisruptiveAllowedAction", allowed, f"Must be at least {needed} to change {names}.")
    return needed


def _needed(name: str) -> str:
    for action, names in _NEEDS.items():
        if name in names:
            return action
    if name in compute().schemas["Instance"]["properties"]:
        raise invalid(f"resource.{name}", "", "This property of an instance cannot be changed or left out.")
    return ACTIONS[0]


def _check_policy(state: State, call: Call) -> None:
    if _FORWARDING_POLICY in state.denied_policies:
        what = f"Enabling IP forwarding is not allowed for {call.path}."
        raise condition_not_met(f"Constraint {_FORWARDING_POLICY} violated for projects/{call.project}. {what}")


def _write(instance: Json, body: Json, changed: set[str]) -> None:
    before = dict(instance)
    for name in changed:
        instance.pop(name, None)
    instance.update({name: body[name] for name in changed if name in body})
    for part in {"metadata", "tags"} & changed & instance.keys():
        instance[part] = instance[part] | {"fingerprint": _fingerprint(instance[part])}
    if "labels" in changed:
        instance["labelFingerprint"] = _fingerprint(instance.get("labels", {}) | before)
    instance["fingerprint"] = _fingerprint(instance)


def _fingerprint(resource: Json) -> str:
    """Return a new fingerprint, also for content that was there before: the old one is hashed too."""
    return fingerprint(json.dumps(resource, sort_keys=True))
