"""Which quota of the API a request counts to: see `l2bridge_helpers.lab.limits`."""

from __future__ import annotations

from collections.abc import Mapping

from l2bridge_helpers.lab.discovery import Method

_LIKE_CHANGES = {"compute.projects.getXpnHost"}
"""Reads that count as changes do."""


def quota(method: Method, arguments: Mapping[str, str]) -> tuple[str, str]:
    """Return the group of a method, and the region that is counted apart, "" for global methods."""
    region = arguments.get("region") or arguments.get("zone", "").rpartition("-")[0]
    group = _group(method, regional=bool(region))
    return (f"{group}_per_region", region) if region else (group, "")


def _group(method: Method, *, regional: bool) -> str:
    _, collection, action = method.id.split(".")
    if action == "aggregatedList" or (action == "wait" and regional) or collection == "regionNetworkFirewallPolicies":
        return "heavy_read"
    if collection.endswith("Operations") and action in {"get", "wait"}:
        return "operation_read"  # [U] for `globalOperations.wait`, which the page does not name
    if method.verb != "GET" or method.id in _LIKE_CHANGES:
        return "mutate"
    return "get" if action.startswith("get") else "list"
