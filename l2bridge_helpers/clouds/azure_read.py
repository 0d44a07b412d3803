"""ARM's answers -> the model (pure). What has another type than Azure documents counts as missing."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from l2bridge_helpers.clouds.azure_names import TAG, has_names, local, network_of, owner_of, parts_of, scoped
from l2bridge_helpers.clouds.loose_json import mapping, objects, text, texts
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.fabric import Instance, Limit, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.nodes import parse_cidr
from l2bridge_helpers.observed import Template

Raw = Mapping[str, Any]

ROUTES_PER_TABLE = 1000
"""User-defined routes of one table, both IP versions together (Azure update 562695, mid-2026; 600 in that spring, 400
before). Sovereign clouds may lag: parameter `route_limit` says what holds there."""
MANUAL = "Manual"
"""The upgrade policy under which a scale set's machines follow its model only when they are told to."""
_APPLIANCE = "virtualappliance"
_HIDDEN = "gateways' routes are kept from it (disableBgpRoutePropagation)"


def instance_of(machine: str, nics: Iterable[Raw], *, name: str = "", group: str = "") -> Instance:
    """Return the machine with this ARM id and its interfaces, the primary one first.

    Args:
        machine: its ARM id.
        nics: its interfaces, as ARM returns them.
        name: what it calls itself; empty: as its id does.
        group: the scoped id of the scale set that makes it anew.

    """
    ordered = sorted(nics, key=lambda raw: (properties_of(raw).get("primary") is not True, text(raw.get("id")).lower()))
    uid = text(properties_of(ordered[0]).get("resourceGuid")) if ordered else ""
    own = parts_of(machine)
    return Instance(
        id=scoped(machine),
        uid=uid or scoped(machine),
        name=name or (own[-1] if own else ""),
        status="",
        nics=tuple(map(nic_of, ordered)),
        group=group,
    )


def nic_of(raw: Raw) -> Nic:
    """Return a network interface: its subnet is that of its primary address."""
    named = next((text(mapping(entry.get("subnet")).get("id")) for entry in configurations(raw)), "")
    subnet = named if has_names(named, 2) else ""
    return Nic(
        id=local(text(raw.get("id"))),
        addresses=tuple(dict.fromkeys(filter(None, map(_address, configurations(raw))))),
        subnet=local(subnet),
        network=network_of(subnet),
        forwarding=properties_of(raw).get("enableIPForwarding") is True,
        properties=flat(raw),
    )


def configurations(raw: Raw) -> list[dict[str, Any]]:
    """Return the properties of an interface's IP configurations, the primary one first."""
    entries = [properties_of(entry) for entry in objects(properties_of(raw).get("ipConfigurations"))]
    return sorted(entries, key=lambda entry: entry.get("primary") is not True)


def subnet_of(raw: Raw) -> Subnet:
    """Return a subnet; its table is empty where it has none.

    Raises:
        CloudError: see `subnet_table`.

    """
    properties = properties_of(raw)
    cidrs = [text(properties.get("addressPrefix")), *texts(properties.get("addressPrefixes"))]
    table = subnet_table(raw)
    cidrs = [cidr for cidr in dict.fromkeys(cidrs) if cidr]
    return Subnet(local(text(raw.get("id"))), tuple(cidrs), scoped(table), properties=flat(raw))


def subnet_table(raw: Raw) -> str:
    """Return the ARM id of a subnet's route table, "" where it has none.

    Raises:
        CloudError: it has one that cannot be read: to take that for none would put ours in its place.

    """
    found = properties_of(raw).get("routeTable")
    table = text(mapping(found).get("id"))
    if found is not None and not has_names(table, 1):
        raise CloudError(
            f"subnet {local(text(raw.get('id'))) or text(raw.get('name'))}: its route table is {found!r:.200}, which "
            "names none; look at it in the portal, then run again"
        )
    return table


def routes_listed(raw: Raw) -> list[dict[str, Any]]:
    """Return a table's routes as ARM returned them: the very objects.

    Raises:
        CloudError: the answer lacks them: a table that is written back without them would lose them.

    """
    routes = properties_of(raw).get("routes")
    if not isinstance(routes, list) or objects(routes) != routes:
        raise CloudError(
            f"route table {local(text(raw.get('id'))) or text(raw.get('name'))}: the answer has no whole list of its "
            f"routes ({routes!r:.100}); nothing is written to it; run again"
        )
    return routes


def ranges_of(space: object) -> tuple[str, ...]:
    """Return the ranges of an address space."""
    return tuple(texts(mapping(space).get("addressPrefixes")))


def neighbours_of(raw: Raw) -> dict[str, tuple[str, ...]]:
    """Return the ranges of each network that a virtual network is peered with, by that network's local id."""
    peerings = [properties_of(entry) for entry in objects(properties_of(raw).get("virtualNetworkPeerings"))]
    named = ((local(text(mapping(peering.get("remoteVirtualNetwork")).get("id"))), peering) for peering in peerings)
    return {name: ranges_of(peering.get("remoteAddressSpace")) for name, peering in named}


def table_of(raw: Raw, limit: int = 0) -> RouteTable:
    """Return a route table; a route is ours when its name and the table's tags say so.

    Args:
        raw: as ARM returns it.
        limit: how many routes it holds; 0: what Azure publishes.

    Raises:
        CloudError: the answer lacks its id or its routes.

    """
    if not has_names(text(raw.get("id")), 1):
        raise CloudError(
            f"route table {text(raw.get('name'))}: the answer's id {raw.get('id')!r:.200} is none; run again"
        )
    identifier, tags = scoped(text(raw.get("id"))), tags_of(raw)
    routes = tuple(_route_of(route, identifier, tags) for route in routes_listed(raw))
    return RouteTable(
        identifier,
        routes,
        (limit_of(len(routes), limit),),
        marks={_mark_name(name): value for name, value in tags.items()},
        location=region_of(raw),
        properties=_table_properties(raw, routes),
        hides=_HIDDEN if properties_of(raw).get("disableBgpRoutePropagation") is True else "",
    )


def limit_of(used: int, limit: int = 0) -> Limit:
    """Return how many routes a table holds."""
    dated = (
        f"Azure's published limit of {ROUTES_PER_TABLE} routes a table (mid-2026; parameter route_limit overrides it)"
    )
    return Limit(limit or ROUTES_PER_TABLE, used, "parameter route_limit" if limit else dated)


def route_parts(raw: Raw) -> tuple[str, str, str]:
    """Return name, destination and next hop of a route; its kind where it leads to no address."""
    properties = properties_of(raw)
    written = text(properties.get("addressPrefix"))
    network, kind = parse_cidr(written), text(properties.get("nextHopType"))
    hop = text(properties.get("nextHopIpAddress")) if kind.lower().startswith(_APPLIANCE) else ""
    return text(raw.get("name")), str(network) if network else written, hop or kind


def template_of(raw: Raw) -> Template:
    """Return what a scale set makes its next machine from: the primary interface of its model."""
    group, entries = scoped(text(raw.get("id"))), model_interfaces(raw)
    position = primary_interface(raw)
    forwarding = bool(entries) and properties_of(entries[position]).get("enableIPForwarding") is True
    mode = upgrade_mode(raw) if is_uniform(raw) else ""
    return Template(
        group,
        group,
        forwarding,
        changeable=bool(entries),
        rolls_out="" if mode in ("", MANUAL) else f"upgrade policy {mode}",
        properties={**flat(raw), "primaryConfiguration": position},
    )


def model_interfaces(raw: Raw) -> list[dict[str, Any]]:
    """Return the interfaces of a scale set's model."""
    profile = mapping(properties_of(raw).get("virtualMachineProfile"))
    return objects(mapping(profile.get("networkProfile")).get("networkInterfaceConfigurations"))


def primary_interface(raw: Raw) -> int:
    """Return the place of the primary one among them."""
    primary = (
        place for place, entry in enumerate(model_interfaces(raw)) if properties_of(entry).get("primary") is True
    )
    return next(primary, 0)


def is_uniform(raw: Raw) -> bool:
    """Return whether a scale set's machines are its own resources; those of a flexible one are ordinary ones."""
    return text(properties_of(raw).get("orchestrationMode")).lower() != "flexible"


def upgrade_mode(raw: Raw) -> str:
    """Return how a scale set's machines come by a new model: `Manual`, `Automatic` or `Rolling`."""
    return text(mapping(properties_of(raw).get("upgradePolicy")).get("mode")).capitalize() or MANUAL


def in_force_of(answer: Raw) -> dict[str, str]:
    """Return destination -> next hop of the active user-defined routes among an interface's effective ones."""
    active = (
        entry
        for entry in objects(answer.get("value"))
        if text(entry.get("source")) == "User" and text(entry.get("state")) == "Active"
    )
    return {
        str(network): next(iter(texts(entry.get("nextHopIpAddress"))), text(entry.get("nextHopType")))
        for entry in active
        for prefix in texts(entry.get("addressPrefix"))
        if (network := parse_cidr(prefix))
    }


def flat(raw: Raw) -> dict[str, Any]:
    """Return a resource with what stands under `properties` beside the rest."""
    return {**{name: value for name, value in raw.items() if name != "properties"}, **properties_of(raw)}


def tags_of(raw: Raw) -> dict[str, str]:
    """Return a resource's tags."""
    return {name: value for name, value in mapping(raw.get("tags")).items() if isinstance(value, str)}


def region_of(raw: Raw) -> str:
    """Return a resource's region, written in the one way that compares equal."""
    return text(raw.get("location")).lower().replace(" ", "")


def properties_of(raw: Raw) -> dict[str, Any]:
    """Return what stands under `properties`."""
    return mapping(raw.get("properties"))


def _address(configuration: Raw) -> str:
    """Return what a configuration delivers to its interface, as a CIDR; "" when it is not known."""
    address, length = text(configuration.get("privateIPAddress")), configuration.get("privateIPAddressPrefixLength")
    try:
        return str(ipaddress.ip_network(f"{address}/{length}" if isinstance(length, int) else address, strict=False))
    except ValueError:
        return ""


def _route_of(raw: Raw, table: str, tags: Mapping[str, str]) -> Route:
    label, destination, next_hop = route_parts(raw)
    _, _, place_of = table.partition("/")
    owner = owner_of(label, destination, tags)
    return Route(f"{place_of}/{label.lower()}", destination, next_hop, table, cluster=owner)


def _mark_name(tag: str) -> str:
    """Return a tag's name; that of a mark in lower case, as Azure ignores the case and keeps it."""
    return tag.lower() if tag.lower().startswith(TAG) else tag


def _table_properties(raw: Raw, routes: tuple[Route, ...]) -> dict[str, Any]:
    """Return what a write of ours has to leave as it is: everything but our routes and tags."""
    listed = routes_listed(raw)
    others = {text(entry.get("name")): entry for entry, route in zip(listed, routes, strict=True) if not route.cluster}
    kept = {name: value for name, value in flat(raw).items() if name != "routes"}
    tags = {name: value for name, value in tags_of(raw).items() if not name.lower().startswith(TAG)}
    return {**kept, "tags": tags, "routes of others": others}
