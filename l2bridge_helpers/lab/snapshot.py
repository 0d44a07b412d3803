"""The state of a world as text: the same text for the same state, so that two moments can be compared byte by byte."""

from __future__ import annotations

import json
from typing import Any

from l2bridge_helpers.lab.world import Json, World

_COUNTERS = frozenset(
    {
        "SecurityGroupRuleId",
        "etag",
        "fingerprint",
        "generation",
        "labelFingerprint",
        "latestModelApplied",
        "managedFields",
        "resourceVersion",
    }
)
"""What a cloud renews with each write, or gives anew to what is made anew. An instance of a scale set is said not to
follow the latest model after each write of it, also of one that makes it what it was."""

_MADE_ANEW = {name: frozenset({"creationTimestamp", "id"}) for name in ("firewalls", "routes")}
"""What else is new in a GCE resource that was deleted and made again: of the kinds that a runbook may make."""

_UNORDERED = frozenset(
    {
        "IpPermissions",
        "IpPermissionsEgress",
        "IpRanges",
        "Ipv6Ranges",
        "Routes",
        "TagSet",
        "Tags",
        "networkInterfaces",
        "routes",
        "subnets",
    }
)
"""Lists without an order of their own: members of sets, and references that are found anew at each read."""

_TAGS = frozenset({"TagSet", "Tags", "tags"})
"""Not there and empty is the same."""


def snapshot(world: World, *, counters: bool = True) -> str:
    """Return the state of a world as JSON text, the resources in the order of their ids.

    Args:
        world: what to show; what was asked for and never made (an empty collection) is not shown.
        counters: also what the cloud itself renews with each write: ETags, fingerprints, resource versions, and the ids
            and creation times of routes and firewall rules.

    """
    parts = {
        "nodes": world.nodes,
        "configmaps": world.config_maps,
        **{name: items for name, items in world.resources.items() if items},
    }
    shown = {name: _collection(name, items, counters=counters) for name, items in parts.items()}
    return json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _collection(name: str, items: list[Json], *, counters: bool) -> list[Json]:
    hidden = frozenset() if counters else _COUNTERS
    own = hidden if counters else hidden | _MADE_ANEW.get(name, frozenset())
    return _sorted([_resource(item, own, hidden) for item in items])


def _resource(item: Json, own: frozenset[str], hidden: frozenset[str]) -> Json:
    return {key: _shown(value, key, hidden) for key, value in item.items() if _told(key, value, own)}


def _shown(value: Any, key: str, hidden: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return _resource(value, hidden, hidden)
    if not isinstance(value, list):
        return value
    items = [_shown(item, "", hidden) for item in value]
    return _sorted(items) if key in _UNORDERED or _references(items) else items


def _references(items: list[Any]) -> bool:
    """Return whether these are ids of other Azure resources, nothing else."""
    return all(isinstance(item, dict) and item.keys() == {"id"} for item in items)


def _told(key: str, value: object, hidden: frozenset[str]) -> bool:
    return key not in hidden and (bool(value) or key not in _TAGS)


def _sorted(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
