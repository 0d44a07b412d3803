"""Virtual network, subnets, route tables and network security groups of an Azure world."""

from __future__ import annotations

from collections.abc import Sequence

from l2bridge_helpers.lab.azure.ids import etag
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json
from l2bridge_helpers.lab.worlds.azure_names import LOCATION, NETWORK, network_id, subnet_id

Rule = tuple[str, str, str, int, str, str]
"""Name, access, direction, priority, source and destination of a rule for everything."""
_ANY: Json = {"protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
_DEFAULT_RULES: tuple[Rule, ...] = (
    ("AllowVnetInBound", "Allow", "Inbound", 65000, "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Allow", "Inbound", 65001, "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Deny", "Inbound", 65500, "*", "*"),
    ("AllowVnetOutBound", "Allow", "Outbound", 65000, "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Allow", "Outbound", 65001, "*", "Internet"),
    ("DenyAllOutBound", "Deny", "Outbound", 65500, "*", "*"),
)
"""The rules that every network security group has (network-security-groups-overview, 2026)."""


def virtual_network(ranges: Sequence[str], subnets: list[Json]) -> Json:
    """Return the virtual network."""
    arm_id = network_id("virtualNetworks", NETWORK)
    return {
        "name": NETWORK,
        "id": arm_id,
        "etag": etag(arm_id),
        "type": "Microsoft.Network/virtualNetworks",
        "location": LOCATION,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": uid(f"guid {arm_id}"),
            "addressSpace": {"addressPrefixes": list(ranges)},
            "subnets": subnets,
            "virtualNetworkPeerings": [],
            "enableDdosProtection": False,
        },
    }


def subnet(name: str, ranges: Sequence[str], **more: object) -> Json:
    """Return a subnet; `more` are properties."""
    prefix = {"addressPrefix": ranges[0]} if len(ranges) == 1 else {"addressPrefixes": list(ranges)}
    return {
        "name": name,
        "id": subnet_id(name),
        "etag": etag(network_id("virtualNetworks", NETWORK)),
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {
            "provisioningState": "Succeeded",
            **prefix,
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            **more,
        },
    }


def route_table(name: str, routes: Sequence[tuple[str, str, str]] = (), **more: object) -> Json:
    """Return a route table; each route is a name, an address prefix and the address of a virtual appliance."""
    arm_id = network_id("routeTables", name)
    return {
        "name": name,
        "id": arm_id,
        "etag": etag(arm_id),
        "type": "Microsoft.Network/routeTables",
        "location": LOCATION,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": uid(f"guid {arm_id}"),
            "disableBgpRoutePropagation": False,
            "routes": [_route(arm_id, *route) for route in routes],
            **more,
        },
    }


def _route(table: str, name: str, prefix: str, hop: str) -> Json:
    return {
        "name": name,
        "id": f"{table}/routes/{name}",
        "etag": etag(table),
        "type": "Microsoft.Network/routeTables/routes",
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": prefix,
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": hop,
            "hasBgpOverride": False,
        },
    }


def security_group(name: str, rules: Sequence[Rule] = ()) -> Json:
    """Return a network security group with Azure's own rules behind these."""
    arm_id = network_id("networkSecurityGroups", name)
    return {
        "name": name,
        "id": arm_id,
        "etag": etag(arm_id),
        "type": "Microsoft.Network/networkSecurityGroups",
        "location": LOCATION,
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": uid(f"guid {arm_id}"),
            "securityRules": [_rule(arm_id, "securityRules", rule) for rule in rules],
            "defaultSecurityRules": [_rule(arm_id, "defaultSecurityRules", rule) for rule in _DEFAULT_RULES],
        },
    }


def _rule(group: str, kind: str, rule: Rule) -> Json:
    name, access, direction, priority, source, destination = rule
    return {
        "name": name,
        "id": f"{group}/{kind}/{name}",
        "etag": etag(group),
        "type": f"Microsoft.Network/networkSecurityGroups/{kind}",
        "properties": {
            "provisioningState": "Succeeded",
            "description": "",
            **_ANY,
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": destination,
            "access": access,
            "priority": priority,
            "direction": direction,
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        },
    }
