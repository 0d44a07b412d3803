"""Nodes and a virtual network as values, in ARM's own JSON and as our readers see it.

A place is a letter for each node, its subnet: `aab` are nodes 1 and 2 in subnet a, node 3 in b. Node N has the pod CIDR
10.42.N.0/24 and the address 10.10.S.(N+3), where S is 0 for subnet a, 1 for b.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.azure_dialect import AzureDialect, table_path
from l2bridge_helpers.clouds.azure_names import default_table, local, route_label, scoped, tag_of
from l2bridge_helpers.clouds.azure_read import instance_of, limit_of, properties_of, subnet_of, table_of
from l2bridge_helpers.clouds.azure_rules import group_of, rules_of
from l2bridge_helpers.clouds.azure_tables import merged, new_table
from l2bridge_helpers.fabric import Fabric, Instance, RouteTable
from l2bridge_helpers.filters import Rule
from tests.builders import CLUSTER, node_item, nodes

Raw = dict[str, Any]

SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
GROUP = "Cluster-RG"
REGION = "westeurope"
HOME = f"{SUBSCRIPTION}/cluster-rg"
NETWORK = f"{HOME}/main"
SPARE = f"{HOME}/{default_table(CLUSTER)}"
ETAG = 'W/"00000000-0000-4000-8000-000000000001"'
RANGES = ("10.10.0.0/16",)


def arm(path: str, group: str = GROUP) -> str:
    """Return the ARM id of `PROVIDER/KIND/NAME…`."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{path}"


def address(number: int, place: str = "a") -> str:
    """Return the address of node `number` in a subnet."""
    return f"10.10.{ord(place) - ord('a')}.{number + 3}"


def pod_cidr(number: int) -> str:
    """Return the pod CIDR of node `number`."""
    return f"10.42.{number}.0/24"


def item_of(number: int, place: str = "a") -> Raw:
    """Return the Node object of node `number`, with a provider ID as cloud-provider-azure writes it."""
    machine = f"azure://{arm(f'Microsoft.Compute/virtualMachines/node-{number}')}"
    return node_item(f"node-{number}", address(number, place), pod_cidr(number), provider_id=machine)


def nodes_of(places: str) -> pd.DataFrame:
    """Return the table of the nodes in these places."""
    return nodes(*(item_of(number, place) for number, place in enumerate(places, 1)))


def raw_configuration(ip: object, subnet: str = "a", **more: object) -> Raw:
    """Return an IP configuration of an interface."""
    where = {"id": arm(f"Microsoft.Network/virtualNetworks/main/subnets/{subnet}")}
    return {"name": "ipconfig", "properties": {"privateIPAddress": ip, "primary": True, "subnet": where, **more}}


def raw_nic(number: int = 1, place: str = "a", **more: object) -> Raw:
    """Return the interface of node `number`."""
    return {
        "name": f"node-{number}-nic",
        "id": arm(f"Microsoft.Network/networkInterfaces/node-{number}-nic"),
        "etag": ETAG,
        "location": REGION,
        "properties": {
            "primary": True,
            "resourceGuid": f"guid-{number}",
            "enableIPForwarding": False,
            "ipConfigurations": [raw_configuration(address(number, place), place)],
            "virtualMachine": {"id": arm(f"Microsoft.Compute/virtualMachines/node-{number}")},
            **more,
        },
    }


def raw_subnet(place: str = "a", table: str = "", **more: object) -> Raw:
    """Return a subnet, with the table of this name or none."""
    given = {"routeTable": {"id": arm(f"Microsoft.Network/routeTables/{table}")}} if table else {}
    cidr = f"10.10.{ord(place) - ord('a')}.0/24"
    properties = {"addressPrefix": cidr, "provisioningState": "Succeeded", **given, **more}
    return {
        "name": place,
        "id": arm(f"Microsoft.Network/virtualNetworks/main/subnets/{place}"),
        "etag": ETAG,
        "properties": properties,
    }


def raw_route(name: str, prefix: object, hop: object = "", kind: object = "VirtualAppliance", **more: object) -> Raw:
    """Return a user-defined route."""
    leads = {"nextHopIpAddress": hop} if hop else {}
    return {"name": name, "etag": ETAG, "properties": {"addressPrefix": prefix, "nextHopType": kind, **leads, **more}}


def own_route(number: int, hop: str = "", *, cluster: str = CLUSTER) -> Raw:
    """Return the route that a run of ours leaves behind for node `number`, to its address or elsewhere."""
    return raw_route(route_label(cluster, pod_cidr(number)), pod_cidr(number), hop or address(number))


def raw_table(name: str, *routes: Raw, tags: Mapping[str, Any] | None = None, **more: object) -> Raw:
    """Return a route table; `tags=None`: ours."""
    return {
        "name": name,
        "id": arm(f"Microsoft.Network/routeTables/{name}"),
        "etag": ETAG,
        "location": REGION,
        "tags": tag_of(CLUSTER) if tags is None else dict(tags),
        "properties": {"provisioningState": "Succeeded", "routes": list(routes), "subnets": [], **more},
    }


def raw_rule(
    name: str,
    priority: object,
    access: str,
    source: object = "*",
    destination: object = "*",
    *,
    direction: str = "Inbound",
    **more: object,
) -> Raw:
    """Return a rule of a network security group."""
    sides = {"sourceAddressPrefix": source, "destinationAddressPrefix": destination}
    ports = {"sourcePortRange": "*", "destinationPortRange": "*"}
    properties = {"priority": priority, "access": access, "direction": direction, "protocol": "*", **sides, **ports}
    return {"name": name, "properties": {**properties, **more}}


def default_rules() -> list[Raw]:
    """Return the six rules that every network security group has."""
    return [
        raw_rule("AllowVnetInBound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
        raw_rule("AllowAzureLoadBalancerInBound", 65001, "Allow", "AzureLoadBalancer"),
        raw_rule("DenyAllInBound", 65500, "Deny"),
        raw_rule("AllowVnetOutBound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork", direction="Outbound"),
        raw_rule("AllowInternetOutBound", 65001, "Allow", "*", "Internet", direction="Outbound"),
        raw_rule("DenyAllOutBound", 65500, "Deny", direction="Outbound"),
    ]


def raw_group(*rules: Raw, name: str = "nsg") -> Raw:
    """Return a network security group with these rules before Azure's own."""
    properties = {"securityRules": list(rules), "defaultSecurityRules": default_rules()}
    return {"name": name, "id": arm(f"Microsoft.Network/networkSecurityGroups/{name}"), "properties": properties}


def guarded(raw: Raw, group: str = "nsg") -> Raw:
    """Return a subnet or interface with a network security group on it."""
    there = {"networkSecurityGroup": {"id": arm(f"Microsoft.Network/networkSecurityGroups/{group}")}}
    return {**raw, "properties": {**raw["properties"], **there}}


def raw_scale_set(*interfaces: Raw, mode: str = "", **more: object) -> Raw:
    """Return a scale set whose model has interfaces with these properties."""
    entries = [{"name": f"nic-{place}", "properties": properties} for place, properties in enumerate(interfaces)]
    policy = {"upgradePolicy": {"mode": mode}} if mode else {}
    profile = {"virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": entries}}}
    name = arm("Microsoft.Compute/virtualMachineScaleSets/Pool")
    return {"name": "Pool", "id": name, "etag": ETAG, "properties": {**profile, **policy, **more}}


@dataclass(frozen=True)
class World:
    """A virtual network as ARM tells of it.

    Attributes:
        nics, subnets, tables, groups: the resources.
        chosen: name of the table that the operator names.
        limit: parameter `route_limit`.

    """

    nics: tuple[Raw, ...]
    subnets: tuple[Raw, ...]
    tables: tuple[Raw, ...] = ()
    groups: tuple[Raw, ...] = ()
    chosen: str = ""
    limit: int = 0
    members: Mapping[str, str] = field(default_factory=dict)
    """Machine's name -> scoped id of the scale set that makes it anew."""

    def fabric(self) -> Fabric:
        """Return what our readers make of it; a table that is on no subnet is not looked at, unless it is chosen."""
        spare = f"{HOME}/{self.chosen.lower()}" if self.chosen else SPARE
        used = {subnet_of(raw).table for raw in self.subnets} | {spare}
        tables = [table for raw in self.tables if (table := table_of(raw, self.limit)).id in used]
        if spare not in {table.id for table in tables}:
            tables.append(RouteTable(spare, (), (limit_of(0, self.limit),), exists=False, location=REGION))
        return Fabric(
            platform="azure",
            network=NETWORK,
            instances=tuple(map(self._machine, self.nics)),
            subnets=tuple(map(subnet_of, self.subnets)),
            tables=tuple(tables),
            rules=tuple(rule for raw in self.groups for rule in self._rules(raw)),
            spare_table=spare,
            spare_named=bool(self.chosen),
            location=REGION,
            cidrs=RANGES,
        )

    def _machine(self, nic: Raw) -> Instance:
        machine = nic["properties"]["virtualMachine"]["id"]
        return instance_of(machine, [nic], group=self.members.get(machine.rpartition("/")[2], ""))

    def _rules(self, group: Raw) -> list[Rule]:
        behind = [raw for raw in (*self.subnets, *self.nics) if scoped(group_of(raw)) == scoped(group["id"])]
        return rules_of(group, tuple(local(raw["id"]) for raw in behind))


def world(places: str, *tables: Raw, given: str = "", **more: Any) -> World:
    """Return a network with a node in each of these places; `given`: name of the table that every subnet has."""
    subnets = tuple(raw_subnet(place, given) for place in dict.fromkeys(places))
    nics = tuple(raw_nic(number, place) for number, place in enumerate(places, 1))
    return World(nics, subnets, tables, **more)


def served(places: str, name: str = "pods", **more: Any) -> World:
    """Return a network in which all is as it should be: forwarding, one table of ours on every subnet."""
    numbered = [(number, place) for number, place in enumerate(places, 1)]
    routes = (own_route(number, address(number, place)) for number, place in numbered)
    ready = world(places, raw_table(name, *routes), given=name, **more)
    return replace(ready, nics=tuple(raw_nic(number, place, enableIPForwarding=True) for number, place in numbered))


def carried_out(plan: Plan, before: World) -> World:
    """Return the network after the whole plan: each table by one write."""
    writes: dict[str, list[Change]] = {}
    after = before
    for change in plan.writes:
        if change.kind == "forwarding":
            after = replace(after, nics=tuple(_forwarding(raw, change) for raw in after.nics))
        elif change.kind == "association":
            after = replace(after, subnets=tuple(_associated(raw, change) for raw in after.subnets))
        else:
            writes.setdefault(AzureDialect().together(change), []).append(change)
    for table, changes in writes.items():
        after = replace(after, tables=_written(after.tables, table, changes))
    return after


def _forwarding(raw: Raw, change: Change) -> Raw:
    if local(raw["id"]) != change.resource:
        return raw
    return {**raw, "properties": {**properties_of(raw), "enableIPForwarding": True}}


def _associated(raw: Raw, change: Change) -> Raw:
    if local(raw["id"]) != change.resource:
        return raw
    return {**raw, "properties": {**properties_of(raw), "routeTable": {"id": table_path(change.after["table"])}}}


def _written(tables: tuple[Raw, ...], table: str, changes: list[Change]) -> tuple[Raw, ...]:
    made = any(change.kind == "table" for change in changes)
    assert made == (table not in {scoped(raw["id"]) for raw in tables}), (
        f"only a table that is not there is made: {table}"
    )
    there = (*tables, {"id": table_path(table), **new_table(REGION)}) if made else tables
    before = deepcopy(there)
    after = tuple(merged(raw, changes) if scoped(raw["id"]) == table else raw for raw in there)
    assert there == before, "what was read is not changed"
    return after
