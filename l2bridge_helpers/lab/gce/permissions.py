"""Which IAM permissions a request needs.

Source: the permissions named in the API reference of each method (2026). `compute.instances.use` for a
route to an instance is not stated everywhere; the lab asks for it, to be the stricter one. So it does for what an
instance refers to when it is written whole ("use-permissions on referenced resources", update-instance-properties).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from l2bridge_helpers.lab.gce.answers import ApiError
from l2bridge_helpers.lab.gce.links import relative
from l2bridge_helpers.lab.gce.state import State

Json = dict[str, Any]

_NAMES = {
    "regionInstanceGroupManagers": "instanceGroupManagers",
    "regionInstanceTemplates": "instanceTemplates",
}
_VERBS = {"aggregatedList": "list", "insert": "create", "patch": "update", "wait": "get"}


def check(state: State, method: str, path: str, body: Json) -> None:
    """Refuse a request that needs a permission that is denied, or not granted.

    Args:
        state: whose permissions count.
        method: the method's id, e.g. `compute.routes.insert`.
        path: `projects/P/...`.
        body: the request's body.

    Raises:
        ApiError: 403, naming the first missing permission and the resource.

    """
    for permission, resource in needed(method, path, body):
        if state.lacks(permission, resource) or permission in state.denied_permissions:
            raise ApiError(403, "forbidden", f"Required '{permission}' permission for '{resource}'")


def needed(method: str, path: str, body: Json) -> Iterator[tuple[str, str]]:
    """Yield each permission that a request needs, and the resource it needs it for."""
    _, collection, action = method.split(".")
    verb = _VERBS.get(action, action)
    project = "/".join(path.split("/")[:2])
    if collection == "regionNetworkFirewallPolicies":
        yield "compute.networks.getRegionEffectiveFirewalls", project
        return
    if action == "getXpnHost":
        yield "compute.projects.get", project
        return
    yield f"compute.{_NAMES.get(collection, collection)}.{verb}", _resource(path, project, action, body)
    if collection in {"routes", "firewalls"} and verb in {"create", "update", "delete"}:
        network = relative(str(body["network"]), path.split("/")[1]) if "network" in body else project
        yield "compute.networks.updatePolicy", network
    if method == "compute.instances.update":
        yield from _used(body, path.split("/")[1], project)
    if collection == "routes" and "nextHopInstance" in body:
        yield "compute.instances.use", relative(str(body["nextHopInstance"]), path.split("/")[1])


def _used(instance: Json, name: str, project: str) -> Iterator[tuple[str, str]]:
    """Yield the permissions to use what an instance refers to."""
    for disk in instance.get("disks", []):
        if "source" in disk:
            yield "compute.disks.use", relative(str(disk["source"]), name)
    for nic in instance.get("networkInterfaces", []):
        if "subnetwork" in nic:
            subnet = relative(str(nic["subnetwork"]), name)
            yield "compute.subnetworks.use", subnet
            if nic.get("accessConfigs") or nic.get("ipv6AccessConfigs"):
                yield "compute.subnetworks.useExternalIp", subnet
    for account in instance.get("serviceAccounts", []):
        yield "iam.serviceAccounts.actAs", f"{project}/serviceAccounts/{account.get('email', '')}"


def _resource(path: str, project: str, action: str, body: Json) -> str:
    if action in {"list", "aggregatedList", "getXpnHost"}:
        return project
    return f"{path}/{body.get('name', '')}" if action == "insert" else path.removesuffix(f"/{action}")
