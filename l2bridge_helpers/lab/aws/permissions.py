"""On which resources an action needs its permission.

Source: the resource types that are required in "Actions, resources, and condition keys for Amazon EC2"
(docs.aws.amazon.com/service-authorization, 2026-11). What an action only reads needs it on everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES = {
    "NetworkInterfaceId": "network-interface",
    "RouteTableId": "route-table",
    "GroupId": "security-group",
    "InstanceId": "instance",
}
_ORDER = ("RouteTableId", "GroupId", "NetworkInterfaceId", "InstanceId")
"""A route's next hop is no resource of its own: the table comes first."""
_PREFIXES = {"rtb": "route-table", "sg": "security-group", "eni": "network-interface", "i": "instance"}


def needed(action: str, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each permission that an action needs, and the resource that it needs it on: `type/id`, or `*`.

    Args:
        action: EC2's name of it.
        given: its arguments, as boto3 takes them.

    """
    return [(f"ec2:{action}", resource) for resource in _resources(action, given)]


def _resources(action: str, given: Mapping[str, Any]) -> list[str]:
    if action.startswith("Describe"):
        return ["*"]
    if "Resources" in given:
        return [f"{_PREFIXES.get(one.partition('-')[0], 'unknown')}/{one}" for one in given["Resources"]]
    return [f"{_TYPES[name]}/{given[name]}" for name in _ORDER if name in given][:1] or ["*"]
