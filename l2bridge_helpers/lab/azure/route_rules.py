"""What Azure refuses in the routes of a table."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import same
from l2bridge_helpers.lab.azure.writes import check_name
from l2bridge_helpers.lab.world import Json

_SERVICE_TAG = re.compile(r"[A-Z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)?")
_LENGTH = re.compile(r"/[0-9]{1,3}$")
_MOST_SERVICE_TAGS = 25
"""Routes to service tags in one table (Virtual Network limits, 2026)."""
_FEWEST_ECMP, _MOST_ECMP = 2, 64
"""Addresses of a VirtualApplianceEcmp route (azure-powershell 29847, 2026)."""


def check_routes(table: Json, most: int) -> None:
    """Refuse a table whose routes do not fit together.

    Raises:
        ArmError: with the first route that does not do.

    """
    routes = table["properties"]["routes"]
    if len(routes) > most:
        raise _too_many(table, len(routes), most)
    names: set[str] = set()
    prefixes: dict[str, str] = {}
    for route in routes:
        check_name(route["name"])
        if route["name"].lower() in names:
            raise _twice(table, route["name"])
        names.add(route["name"].lower())
        prefix = _checked(route)
        if prefix in prefixes:
            raise _conflict(route["name"], prefixes[prefix])
        prefixes[prefix] = route["name"]
    _check_tags(table, prefixes)


def check_route(table: Json, route: Json, others: list[Json], most: int) -> None:
    """Refuse one route that does not fit to the others of its table.

    Raises:
        ArmError: it does not do.

    """
    prefix = _checked(route)
    for other in others:
        if same(_prefix_of(other), prefix):
            raise _conflict(route["name"], other["name"])
    if len(others) + 1 > most:
        raise _too_many(table, len(others) + 1, most)
    _check_tags(table, {_prefix_of(one): one["name"] for one in [*others, route]})


def _prefix_of(route: Json) -> str:
    return str(route["properties"].get("addressPrefix", ""))


def _checked(route: Json) -> str:
    """Return the route's prefix as Azure writes it; refuse a route that cannot be."""
    network = _network(route)
    _check_hop(route, network)
    return str(network) if network else _prefix_of(route)


def _network(route: Json) -> IPv4Network | IPv6Network | None:
    """Return the route's range, None for a service tag."""
    text = _prefix_of(route)
    if _SERVICE_TAG.fullmatch(text):
        return None
    try:
        network = ip_network(text if _LENGTH.search(text) else "", strict=False)
    except ValueError:
        raise ArmError(
            "InvalidAddressPrefixFormat",
            f"Address prefix {text} of resource {route['id']} is not formatted correctly. It should follow CIDR "
            "notation, for example 10.0.0.0/24.",
        ) from None
    if str(network) != text and ip_network(text, strict=False).network_address != ip_address(text.partition("/")[0]):
        # The words that Azure has for subnets; [U] for routes.
        raise ArmError(
            "InvalidCIDRNotation",
            f"The address prefix {text} in resource {route['id']} has an invalid CIDR notation. For the given prefix "
            f"length, the address prefix should be {network}.",
        )
    return network


def _check_hop(route: Json, network: IPv4Network | IPv6Network | None) -> None:
    """Refuse a next hop that does not go with its type. The codes are [U]; the first text is Azure's."""
    properties = route["properties"]
    kind, address = properties.get("nextHopType"), properties.get("nextHopIpAddress")
    if not kind:
        raise ArmError("InvalidRequestFormat", f"Route {route['name']} has no nextHopType.")
    if kind == "VirtualAppliance" and not address:
        raise ArmError(
            "InvalidNextHopIpAddress",
            "NextHopIpAddress cannot be Null or Empty in route when NextHopType is VirtualAppliance. "
            f"Route: {route['name']}",
        )
    if kind != "VirtualAppliance" and address:
        raise ArmError(
            "InvalidNextHopIpAddress",
            f"NextHopIpAddress cannot be present in route when NextHopType is {kind}. Route: {route['name']}",
        )
    if address:
        _check_address(route, address, network)
    _check_ecmp(route, kind)


def _check_address(route: Json, text: str, network: IPv4Network | IPv6Network | None) -> None:
    try:
        address = ip_address(text)
    except ValueError:
        raise ArmError(
            "InvalidNextHopIpAddress", f"NextHopIpAddress {text} of route {route['name']} is not valid."
        ) from None
    if network and address.version != network.version:
        raise ArmError(
            "InvalidNextHopIpAddress",
            f"NextHopIpAddress {text} and AddressPrefix {network} of route {route['name']} are of different families.",
        )


def _check_ecmp(route: Json, kind: str) -> None:
    found = (route["properties"].get("nextHop") or {}).get("nextHopIpAddresses") or []
    if kind == "VirtualApplianceEcmp" and not _FEWEST_ECMP <= len(found) <= _MOST_ECMP:
        raise ArmError(
            "InvalidNextHopIpAddress",
            f"Route {route['name']} of type {kind} needs {_FEWEST_ECMP} to {_MOST_ECMP} next hops, not {len(found)}.",
        )
    if kind != "VirtualApplianceEcmp" and found:
        raise ArmError(
            "InvalidNextHopIpAddress", f"Route {route['name']} of type {kind} cannot have several next hops."
        )


def _check_tags(table: Json, prefixes: dict[str, str]) -> None:
    tagged = sum(_SERVICE_TAG.fullmatch(prefix) is not None for prefix in prefixes)
    if tagged > _MOST_SERVICE_TAGS:
        # [U]: the code.
        raise ArmError(
            "RouteTableServiceTagRoutesLimitExceeded",
            f"Route table {table['id']} has {tagged} routes to service tags; the limit is {_MOST_SERVICE_TAGS}.",
        )


def _conflict(one: str, other: str) -> ArmError:
    """Return the error as cloud-provider-azure 657 quotes it."""
    return ArmError(
        "RouteConflict",
        f"Route: {one} conflicts with Route: {other}. Routes cannot have the same AddressPrefix.",
    )


def _twice(table: Json, name: str) -> ArmError:
    text = f"Resource {table['id']}/routes/ has two child resources with the same name ({name})."
    return ArmError("InvalidRequestFormat", "Cannot parse the request.", details=[("DuplicateResourceName", text)])


def _too_many(table: Json, count: int, most: int) -> ArmError:
    # [U]: neither code nor text of this refusal is known for sure.
    return ArmError(
        "RouteTableRoutesLimitExceeded",
        f"Route table {table['id']} cannot have {count} routes. The limit of routes per route table is {most}.",
    )
