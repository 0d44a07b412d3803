"""The worlds of the bench, and whether one has become what it should, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from l2bridge_helpers.lab import World, world

Json = dict[str, Any]

_FLAGS = {"SourceDestCheck": True, "enableIPForwarding": False, "canIpForward": False}
"""The check of a packet's address, as each cloud calls it, and its value where nothing is done yet."""


def undone(platform: str, nodes: int) -> World:
    """Return the lab's world of so many nodes, with nothing done at any of them: every node needs every change."""
    found = world(f"{platform}-{nodes}")
    for collection, items in found.resources.items():
        if collection != "instanceTemplates":
            _set_flags(items, done=False)
    return found


def done(platform: str, nodes: int) -> World:
    """Return the lab's world of so many nodes in which everything is done already, routes by somebody else."""
    found = undone(platform, nodes)
    for collection, items in found.resources.items():
        if collection != "instanceTemplates":
            _set_flags(items, done=True)
    if platform == "gce":
        _add_gce_routes(found)
    elif platform == "azure":
        _add_azure_table(found)
    return found


def _add_gce_routes(found: World) -> None:
    first = next(route for route in found.cloud("routes") if "nextHopGateway" in route)
    machines = {item["name"]: item["selfLink"] for item in found.cloud("instances")}
    common = {key: value for key, value in first.items() if key not in {"nextHopGateway", "description"}}
    for number, (cidr, (name, _)) in enumerate(_pods(vars(found)).items(), 1):
        link = f"{first['selfLink'].rpartition('/')[0]}/pods-{name}"
        own = {"name": f"pods-{name}", "id": str(10**18 + number), "selfLink": link}
        hop = {"destRange": cidr, "nextHopInstance": machines[name], "description": "made by somebody else"}
        found.cloud("routes").append({**common, **own, **hop})


def _add_azure_table(found: World) -> None:
    (network,) = found.cloud("virtualNetworks")
    table = f"{network['id'].rpartition('/virtualNetworks/')[0]}/routeTables/pods"
    common = {"etag": network["etag"], "location": network["location"]}
    routes = [
        {
            "name": f"pods-{name}",
            "id": f"{table}/routes/pods-{name}",
            "etag": network["etag"],
            "type": "Microsoft.Network/routeTables/routes",
            "properties": {
                "provisioningState": "Succeeded",
                "addressPrefix": cidr,
                "nextHopType": "VirtualAppliance",
                "nextHopIpAddress": address,
                "hasBgpOverride": False,
            },
        }
        for cidr, (name, address) in _pods(vars(found)).items()
    ]
    properties = {"provisioningState": "Succeeded", "disableBgpRoutePropagation": False, "routes": routes}
    own = {"name": "pods", "id": table, "type": "Microsoft.Network/routeTables"}
    found.cloud("routeTables").append({**own, **common, "properties": properties})
    for subnet in network["properties"]["subnets"]:
        subnet["properties"]["routeTable"] = {"id": table}


def wrong(platform: str, before: str, after: str) -> list[str]:
    """Return what is not as it should be, by name; empty: everything is, and nothing else has changed.

    Args:
        platform: whose world it is.
        before: `Lab.snapshot(counters=False)` of the world at the start.
        after: the same at the end.

    """
    old, new = json.loads(before), json.loads(after)
    found = [f"{name} does not forward" for name in _closed(platform, new)]
    if platform in _ROUTES:
        found += _ROUTES[platform](old, new)
    for world_of in (old, new):
        _set_flags([items for name, items in world_of.items() if name != "instanceTemplates"], done=True)
    changed = {name for name in old.keys() | new.keys() if old.get(name, []) != new.get(name, [])}
    return found + [f"{name} are not what they were" for name in sorted(changed)]


def _set_flags(value: Any, *, done: bool) -> None:
    for item in _objects(value):
        for flag, start in _FLAGS.items():
            if flag in item:
                item[flag] = start != done


def _objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(item)


def _closed(platform: str, new: Json) -> list[str]:
    """Return the machines' interfaces that do not forward."""
    if platform == "gce":
        return [item["name"] for item in new["instances"] if not item.get("canIpForward")]
    if platform == "aws":
        return [item["NetworkInterfaceId"] for item in new["NetworkInterfaces"] if item["SourceDestCheck"]]
    return [item["name"] for item in new["networkInterfaces"] if not item["properties"].get("enableIPForwarding")]


def _pods(new: Json) -> dict[str, tuple[str, str]]:
    """Return pod CIDR -> name and address of its node."""
    return {node["spec"]["podCIDR"]: (node["metadata"]["name"], _address(node)) for node in new["nodes"]}


def _address(node: Json) -> str:
    return next(str(one["address"]) for one in node["status"]["addresses"] if one["type"] == "InternalIP")


def _gce_routes(old: Json, new: Json) -> list[str]:
    """Judge the routes of the pods, and take them out of the world: the others must be what they were."""
    pods = _pods(new)
    leads: dict[str, list[Json]] = {}
    for route in new.get("routes", []):
        if route["destRange"] in pods:
            leads.setdefault(route["destRange"], []).append(route)
    for world_of in (old, new):
        world_of["routes"] = [route for route in world_of.get("routes", []) if route["destRange"] not in pods]
        for route in world_of["routes"]:
            route.pop("warnings", None)  # what they say of a next hop changes with it
    return [
        f"{cidr} does not lead to {name}" for cidr, (name, ip) in pods.items() if not _leads(leads.get(cidr), name, ip)
    ]


def _leads(routes: list[Json] | None, name: str, address: str) -> bool:
    (route, *more) = routes or [{}]
    by_name = str(route.get("nextHopInstance", "")).endswith(f"/instances/{name}")
    return not more and (by_name or route.get("nextHopIp") == address)


def _azure_routes(old: Json, new: Json) -> list[str]:
    """Judge the tables of the nodes' subnets, and take them out of the world."""
    pods, found = _pods(new), []
    tables = {table["id"].lower(): table for table in new.get("routeTables", [])}
    for subnet in _node_subnets(new):
        table = tables.get(str((subnet["properties"].pop("routeTable", None) or {}).get("id", "")).lower())
        if table is None:
            found.append(f"{subnet['name']} has no route table")
            continue
        hops = {one["properties"]["addressPrefix"]: one["properties"] for one in table["properties"]["routes"]}
        found += [
            f"{cidr} does not lead to {name}"
            for cidr, (name, address) in pods.items()
            if hops.get(cidr, {}).get("nextHopIpAddress") != address
        ]
        found += [f"{cidr} has a route that nobody wants" for cidr in hops.keys() - pods.keys()]
    known = {table["id"] for table in old.get("routeTables", [])}
    left = [table for table in new.get("routeTables", []) if table["id"] in known]
    if len(new.get("routeTables", [])) > len(left) + (not known):
        found.append("a route table more than is needed was made")
    new["routeTables"] = left
    for subnet in _node_subnets(old):
        subnet["properties"].pop("routeTable", None)
    for table in (*old.get("routeTables", []), *left):
        table["properties"]["routes"] = []
    return found


def _node_subnets(new: Json) -> list[Json]:
    """Return the subnets with interfaces of machines in them."""
    used = {
        configuration["properties"]["subnet"]["id"].lower()
        for nic in new["networkInterfaces"]
        for configuration in nic["properties"]["ipConfigurations"]
    }
    return [
        subnet
        for network in new["virtualNetworks"]
        for subnet in network["properties"]["subnets"]
        if subnet["id"].lower() in used
    ]


_ROUTES = {"gce": _gce_routes, "azure": _azure_routes}
