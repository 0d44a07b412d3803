"""Which IAM permissions a request needs.

Source: the permissions named in the API reference of each method (2026). `compute.instances.use` for a
route to an instance is not stated everywhere; the lab asks for it, to be the stricter one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from l2bridge_helpers.lab.gce.answers import ApiError
from l2bridge_helpers.lab.gce.links import relative

Json = dict[str, Any]

_NAMES = {
    "regionInstanceGroupManagers": "instanceGroupManagers",
    "regionInstanceTemplates": "instanceTemplates",
}
_VERBS = {"aggregatedList": "list", "insert": "create", "patch": "update", "wait": "get"}


def check(denied: set[str], method: str, path: str, body: Json) -> None:
    """Refuse a request that needs one of the denied permissions.

    Args:
        denied: permissions that the caller lacks.
        method: the method's id, e.g. `compute.routes.insert`.
        path: `projects/P/...`.
        body: the request's body.

    Raises:
        ApiError: 403, naming the first missing permission and the resource.

    """
    for permission, resource in needed(method, path, body):
        if permission in denied:
            raise ApiError(403, "forbidden", f"Required '{permission}' permission for '{resource}'")


def needed(method: str, path: str, body: Json) -> Iterator[tuple[str, str]]:
    """Yield each permission that a request needs, and the resource it needs it for."""
    _, collection, action = method.split(".")
    verb = _VERBS.get(action, action)
    project = "/".join(path.split("/")[:2])
    if collection == "regionNetworkFirewallPolicies":
        yield "compute.networks.getRegionEffectiveFirewalls", project
        return
    yield f"compute.{_NAMES.get(collection, collection)}.{verb}", _resource(path, project, action, body)
    if collection in {"routes", "firewalls"} and verb in {"create", "update", "delete"}:
        network = relative(str(body["network"]), path.split("/")[1]) if "network" in body else project
        yield "compute.networks.updatePolicy", network
    if collection == "routes" and "nextHopInstance" in body:
        yield "compute.instances.use", relative(str(body["nextHopInstance"]), path.split("/")[1])


def _resource(path: str, project: str, action: str, body: Json) -> str:
    if action in {"list", "aggregatedList", "getXpnHost"}:
        return project
    return f"{path}/{body.get('name', '')}" if action == "insert" else path.removesuffix(f"/{action}")
