"""What network interfaces tell about virtual networks that no file shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json

_Network = IPv4Network | IPv6Network
_SUBNET = {4: 24, 6: 64}
"""Prefix lengths: the longest of a derived subnet. IPv6 subnets are /64 (Virtual Network documentation, IPv6)."""
_SPACE = {4: 16, 6: 48}
"""The shortest of a derived address prefix: one that covered all between two subnets could cover pod CIDRs too."""


def subnet_ids(nic: Json) -> list[str]:
    """Return the ids of the subnets that a network interface is in, one for each of its IP configurations."""
    return [one["properties"]["subnet"]["id"] for one in nic["properties"]["ipConfigurations"]]


def network_id(subnet: str) -> str:
    """Return the id of a subnet's virtual network."""
    return subnet.rsplit("/", 2)[0]


def derived_networks(nics: list[Json], given: list[Json], location: str) -> list[Json]:
    """Return the virtual networks that interfaces are in and that were not given.

    Each subnet has the smallest range, at least a /24 where its neighbours leave room, that holds the addresses.

    Args:
        nics: network interfaces.
        given: virtual networks that are known.
        location: of the derived ones; Azure has interfaces and their network in one location.

    Raises:
        LabError: no address tells the range of a subnet.

    """
    known = {network["id"].lower() for network in given}
    spelled: dict[str, str] = {}
    members: dict[str, dict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
    for configuration in (one for nic in nics for one in nic["properties"]["ipConfigurations"]):
        subnet = configuration["properties"]["subnet"]["id"]
        network, path = (spelled.setdefault(one.lower(), one) for one in (network_id(subnet), subnet))
        members[network][path].append(configuration)
    return [_network(name, members[name], location) for name in sorted(members) if name.lower() not in known]


def _network(name: str, subnets: dict[str, list[Json]], location: str) -> Json:
    ranges = _ranges({path: _addresses(path, members) for path, members in subnets.items()})
    return {
        "name": name.rpartition("/")[2],
        "id": name,
        "type": "Microsoft.Network/virtualNetworks",
        "location": location,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": uid(name.lower()),
            "addressSpace": {"addressPrefixes": _space(one for found in ranges.values() for one in found)},
            "subnets": [_subnet(path, ranges[path], subnets[path]) for path in sorted(subnets)],
            "virtualNetworkPeerings": [],
            "enableDdosProtection": False,
        },
    }


def _subnet(path: str, ranges: list[_Network], members: list[Json]) -> Json:
    prefixes = [str(one) for one in ranges]
    return {
        "name": path.rpartition("/")[2],
        "id": path,
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {
            "provisioningState": "Succeeded",
            **({"addressPrefix": prefixes[0]} if len(prefixes) == 1 else {"addressPrefixes": prefixes}),
            "ipConfigurations": [{"id": one["id"]} for one in members if "id" in one],
            "serviceEndpoints": [],
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        },
    }


def _addresses(path: str, members: list[Json]) -> list[_Network]:
    texts = [one["properties"].get("privateIPAddress") for one in members]
    found = [ip_network(ip_address(text)) for text in texts if text]
    if not found:
        raise LabError(
            f"subnet {path}: no privateIPAddress of an interface tells its range; "
            "write the virtual networks with `az network vnet list --output json` and give the file as --vnets"
        )
    return found


def _ranges(addresses: dict[str, list[_Network]]) -> dict[str, list[_Network]]:
    """Return the ranges of a virtual network's subnets, IPv4 first; no two overlap."""
    found: dict[str, list[_Network]] = {path: [] for path in addresses}
    for version in (4, 6):
        own = {path: [one for one in held if one.version == version] for path, held in addresses.items()}
        tight = {path: _cover(held) for path, held in own.items() if held}
        for path, network in tight.items():
            others = [other for name, other in tight.items() if name != path]
            found[path].append(_widened(network, _SUBNET[version], others))
    return found


def _widened(network: _Network, longest: int, others: list[_Network]) -> _Network:
    """Return the range, made larger until its prefix is no longer than `longest`, or another would be in it."""
    while network.prefixlen > longest and not any(network.supernet().overlaps(other) for other in others):
        network = network.supernet()
    return network


def _space(ranges: Iterable[_Network]) -> list[str]:
    """Return address prefixes that hold all ranges, none larger than needed for what lies close together."""
    blocks: dict[_Network, list[_Network]] = defaultdict(list)
    for one in sorted(ranges, key=lambda one: (one.version, one.network_address.packed)):
        blocks[one.supernet(new_prefix=min(_SPACE[one.version], one.prefixlen))].append(one)
    return [str(_cover(members)) for members in blocks.values()]


def _cover(networks: list[_Network]) -> _Network:
    """Return the smallest range that holds all of them."""
    first, last = (pick(networks, key=lambda one: int(one.network_address)) for pick in (min, max))
    while not (first.prefixlen <= last.prefixlen and first.overlaps(last)):
        first = first.supernet()
    return first
