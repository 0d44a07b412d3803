"""All changes of one route table -> the one resource that is written (pure).

The table is read again just before. What others have changed meanwhile is carried back as it is; what they have done to
the very routes of the plan is never overwritten: the whole write is refused, and the next run plans anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any

from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.azure_read import properties_of, route_parts, routes_listed, tags_of
from l2bridge_helpers.clouds.loose_json import mapping
from l2bridge_helpers.errors import CloudError

Raw = dict[str, Any]


def new_table(location: str) -> Raw:
    """Return a table without routes, as the API creates it."""
    return {"location": location, "properties": {"routes": [], "disableBgpRoutePropagation": False}}


def in_use(raw: Mapping[str, Any], marks: Mapping[str, str]) -> str:
    """Return what keeps a table that we made from being deleted: what others have done with it; "" for nothing."""
    properties = properties_of(raw)
    if routes := routes_listed(raw):
        return f"has routes in it ({', '.join(route_parts(route)[0] for route in routes)})"
    if properties.get("subnets"):
        return "is on a subnet"
    if tags_of(raw) != dict(marks):
        return "has other tags than we gave it"
    return "hides gateways' routes by now" if properties.get("disableBgpRoutePropagation") is True else ""


def merged(raw: Mapping[str, Any], changes: Sequence[Change]) -> Raw:
    """Return the table with the changes made; the same object's copy when nothing is left to do.

    Raises:
        CloudError: routes of the plan are no longer as they were read; names each; or the table is not whole.

    """
    body: Raw = deepcopy(dict(raw))
    routes = routes_listed(body)
    moved = [problem for change in changes if change.kind == "route" and (problem := _change(routes, change))]
    if moved:
        raise CloudError(
            f"nothing was written to the table, others have changed it since it was read: {', '.join(moved)}; run again"
        )
    there = tags = mapping(raw.get("tags"))
    for change in changes:
        if change.kind in ("claim", "mark"):
            tags = _marked(tags, change.before, change.after)
        elif change.kind == "table":
            tags = _marked(tags, {}, change.after["marks"])
    return {**body, "tags": tags} if tags != there else body


def standing(raw: Mapping[str, Any], changes: Sequence[Change]) -> list[int]:
    """Return the places of routes' changes that others have made already."""
    routes = {(name.lower(), prefix, hop) for name, prefix, hop in map(route_parts, routes_listed(raw))}
    return [place for place, change in enumerate(changes) if change.kind == "route" and _stands(change, routes)]


def _stands(change: Change, routes: Collection[tuple[str, str, str]]) -> bool:
    side = change.after or change.before
    label = str(side["name"]).rpartition("/")[2]
    if change.action == "delete":
        return label not in {name for name, _, _ in routes}
    return (label, side["destination"], side["next_hop"]) in routes


def _marked(tags: Raw, before: Mapping[str, str], after: Mapping[str, str]) -> Raw:
    """Return a table's tags with ours changed; Azure takes names that differ in their letter case for the same."""
    ours = {name.lower() for name in (*before, *after)}
    return {name: value for name, value in tags.items() if name.lower() not in ours} | dict(after)


def _change(routes: list[Raw], change: Change) -> str:
    """Make one row's change in the list; return what is in its way, "" when nothing is."""
    side = change.before if change.action == "delete" else change.after
    label, destination = str(side["name"]).rpartition("/")[2], side["destination"]
    named = [route for route in routes if route_parts(route)[0].lower() == label]
    if change.action == "create":
        return _create(routes, label, change)
    if not named:
        return "" if change.action == "delete" else f"route {label} is gone"
    _, prefix, hop = route_parts(named[0])
    if prefix != destination or hop not in (change.before["next_hop"], change.after.get("next_hop")):
        return f"route {label} leads {prefix} to {hop} now"
    if change.action == "delete":
        routes.remove(named[0])
    else:
        named[0]["properties"] = {**properties_of(named[0]), **_appliance(change.after["next_hop"])}
    return ""


def _create(routes: list[Raw], label: str, change: Change) -> str:
    destination, hop = change.after["destination"], change.after["next_hop"]
    for route in routes:
        name, prefix, leads = route_parts(route)
        if (name.lower(), prefix, leads) == (label, destination, hop):
            return ""
        if name.lower() == label or prefix == destination:
            return f"route {name} leads {prefix} to {leads} now"
    routes.append({"name": label, "properties": {"addressPrefix": destination, **_appliance(hop)}})
    return ""


def _appliance(hop: str) -> Raw:
    return {"nextHopType": "VirtualAppliance", "nextHopIpAddress": hop}
