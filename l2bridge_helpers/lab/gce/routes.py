"""routes.insert and routes.delete, with the refusals of the real API.

Sources: API reference of `routes`; "Static routes" (cloud.google.com/vpc/docs/static-routes); the text about
hidden address space is from SUSE/ha-sap-terraform-deployments #655.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from l2bridge_helpers.lab.gce.answers import already_exists, invalid, not_found, required
from l2bridge_helpers.lab.gce.changes import change
from l2bridge_helpers.lab.gce.links import absolute, name_of, project_of, relative
from l2bridge_helpers.lab.gce.next_hops import NextHops, nics_on
from l2bridge_helpers.lab.gce.operations import STAMP, OperationError
from l2bridge_helpers.lab.gce.projects import route_limit, routes_counted
from l2bridge_helpers.lab.gce.state import Call, State
from l2bridge_helpers.lab.identity import number

Json = dict[str, Any]
Range = IPv4Network | IPv6Network

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_NEXT_HOPS = ("nextHopGateway", "nextHopIlb", "nextHopInstance", "nextHopIp", "nextHopVpnTunnel")
_AUTO_MODE = ip_network("10.128.0.0/9")
_HIGHEST_PRIORITY = 65535


def insert(state: State, call: Call) -> Json:
    """Accept a new route."""
    body, project = call.body, call.project
    _check_fields(body)
    path = f"{call.path}/{body['name']}"
    network = _check_network(state, relative(body["network"], project), project)
    _check_destination(state, body["destRange"], network)
    _check_next_hop(state, body, project, network)
    if state.find("routes", path) is not None or state.operations.busy(path):
        raise already_exists(path)
    state.inserted[path] += 1
    route = _route(path, body, project) | {"id": number(f"{path} {state.inserted[path]}")}
    return change(state, call, path, "insert", route["id"], lambda: _land(state, path, route))


def delete(state: State, call: Call) -> Json:
    """Accept the end of a route."""
    route = state.get("routes", call.path)
    if "nextHopNetwork" in route:
        raise invalid("route", name_of(call.path), "The local route of a subnetwork cannot be deleted.")
    return change(state, call, call.path, "delete", route["id"], lambda: _drop(state, call.path))


def with_status(state: State, routes: list[Json]) -> list[Json]:
    """Return the routes as a read shows them now."""
    hops = NextHops(state.world)
    return [hops.with_status(route) for route in routes]


def _check_fields(body: Json) -> None:
    for field in ("name", "network", "destRange"):
        if not body.get(field):
            raise required(f"resource.{field}")
    if not _NAME.fullmatch(body["name"]):
        raise invalid("resource.name", body["name"], f"Must be a match of regex '{_NAME.pattern}'")
    priority = body.get("priority", 1000)
    if not 0 <= priority <= _HIGHEST_PRIORITY:
        raise invalid("resource.priority", priority, f"Must be between 0 and {_HIGHEST_PRIORITY}, inclusive")
    hops = [field for field in _NEXT_HOPS if body.get(field)]
    if len(hops) != 1:
        raise invalid("resource", ", ".join(hops), "Exactly one next hop must be specified.")


def _check_network(state: State, path: str, project: str) -> Json:
    if project_of(path) != project:
        raise invalid("resource.network", path, "Cross project referencing is not allowed for this resource.")
    return state.get("networks", path)


def _check_destination(state: State, text: str, network: Json) -> None:
    destination = _range(text)
    for taken in _ranges_in_use(state, network):
        if destination.version == taken.version and destination.subnet_of(taken):  # type: ignore[arg-type]  # versions agree
            problem = f"{text} hides the address space of the network ({taken}). "
            raise invalid(
                "resource.destRange",
                text,
                problem + "Cannot change the routing of packets destined for the network.",
            )


def _range(text: str) -> Range:
    try:
        return ip_network(text)
    except ValueError as err:
        raise invalid("resource.destRange", text, "Must be a CIDR address range without host bits.") from err


def _ranges_in_use(state: State, network: Json) -> Iterator[Range]:
    if network.get("autoCreateSubnetworks"):
        yield _AUTO_MODE
    for subnet in state.subnets_of(relative(network["selfLink"])):
        texts = [subnet.get(field) for field in ("ipCidrRange", "internalIpv6Prefix", "externalIpv6Prefix")]
        texts += [item["ipCidrRange"] for item in subnet.get("secondaryIpRanges", [])]
        yield from (ip_network(text) for text in texts if text)


def _check_next_hop(state: State, body: Json, project: str, network: Json) -> None:
    if "nextHopInstance" in body:
        _check_instance(state, relative(body["nextHopInstance"], project), project, network)
    elif "nextHopIp" in body:
        _check_address(state, body["nextHopIp"], network)
    elif name_of(body.get("nextHopGateway", "")) != "default-internet-gateway":
        field = next(field for field in _NEXT_HOPS if body.get(field))
        raise not_found(relative(body[field], project))


def _check_instance(state: State, path: str, project: str, network: Json) -> None:
    if project_of(path) != project:
        problem = "The next hop instance must be in the same project as the route."
        raise invalid("resource.nextHopInstance", path, problem)
    if not nics_on(state.get("instances", path), relative(network["selfLink"])):
        problem = "The next hop instance does not have a network interface on the route's network."
        raise invalid("resource.nextHopInstance", path, problem)


def _check_address(state: State, text: str, network: Json) -> None:
    try:
        address = ip_address(text)
    except ValueError as err:
        raise invalid("resource.nextHopIp", text, "Must be an IP address.") from err
    subnets = state.subnets_of(relative(network["selfLink"]))
    ranges = [item[field] for item in subnets for field in ("ipCidrRange", "internalIpv6Prefix") if item.get(field)]
    if not any(address in ip_network(text) for text in ranges):
        raise invalid("resource.nextHopIp", text, "Next hop IP must be within a subnetwork of the route's network.")


def _route(path: str, body: Json, project: str) -> Json:
    kept = {"description", "name", "params", "priority", "tags", *_NEXT_HOPS}
    route = {"priority": 1000} | {key: value for key, value in body.items() if key in kept}
    for field in ("network", "nextHopInstance", "nextHopGateway"):
        if field in body:
            route[field] = absolute(relative(body[field], project))
    return route | {
        "kind": "compute#route",
        "creationTimestamp": STAMP,
        "selfLink": absolute(path),
        "destRange": str(ip_network(body["destRange"])),
        "routeType": "STATIC",
    }


def _land(state: State, path: str, route: Json) -> None:
    if state.find("routes", path) is not None:
        raise already_exists(path)
    project = project_of(path)
    limit = route_limit(state.world, project)
    few = len(state.world.cloud("routes")) < limit
    if not few and routes_counted(state.world, project) >= limit:
        raise OperationError("QUOTA_EXCEEDED", f"Quota 'ROUTES' exceeded.  Limit: {limit:.1f} globally.")
    state.world.cloud("routes").append(route)


def _drop(state: State, path: str) -> None:
    state.world.cloud("routes").remove(state.get("routes", path))
