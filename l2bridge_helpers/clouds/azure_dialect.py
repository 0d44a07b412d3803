"""Azure's own terms: ids, user-defined routes and `az` commands (pure, no SDK).

Azure refuses two routes with one prefix in a table, so a route of ours is known by its destination, and is led
elsewhere in place. All changes of a table are one write.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.azure_names import is_set_nic, own_tags, route_label, tag_of
from l2bridge_helpers.clouds.plain_dialect import PlainDialect
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
from l2bridge_helpers.observed import Template

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.filters import Rule
    from l2bridge_helpers.nodes import NodeRow

VIRTUAL_NETWORK = "VirtualNetwork"
_NAME = r"[a-z0-9_][-a-z0-9._()]*"
_PROVIDER_ID = re.compile(
    rf"azure:///subscriptions/(?P<subscription>[-a-z0-9]+)/resourcegroups/(?P<group>{_NAME})"
    rf"/providers/microsoft\.compute/(?:virtualmachinescalesets/(?P<set>{_NAME})/)?virtualmachines/(?P<name>{_NAME})"
)
"""cloud-provider-azure, azure_wrap.go; read 2026-11. Stricter: what nodes say of themselves ends up in requests."""
_CONTROLLER = "____"
"""Between node and CIDR in the names of cloud-provider-azure's routes in dual-stack clusters."""


def parse_table(table: str) -> tuple[str, str, str]:
    """Return (subscription, group, name) of a table's, network's or group's id; three empty texts when it is none."""
    subscription, _, rest = table.partition("/")
    group, _, name = rest.partition("/")
    return (subscription, group, name) if name and "/" not in name else ("", "", "")


class AzureDialect(PlainDialect):
    """How decisions are written down on Azure."""

    platform = "azure"
    title = "Azure"
    provider_id_form = (
        "azure:///subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Compute/virtualMachines/NAME"
    )
    forwarding_per_nic = True
    system_routes = True
    replaces_in_place = True
    writes_whole = True
    written_properties = frozenset({"enableIPForwarding", "routeTable"})
    reported_properties = frozenset(
        {
            *("etag", "provisioningState", "subnets", "ipConfigurationProfiles", "privateEndpoints"),
            *("serviceAssociationLinks", "resourceNavigationLinks", "usedBy"),
        }
    )
    associates_tables = True
    controller_names_nodes = True
    names_mark_routes = True
    rule_numbers = range(100, 4097)
    """Priorities that people's own rules may have (network security groups, Azure documentation, read 2026-11)."""

    def instance_id(self, provider_id: str) -> str:
        """Return `SUBSCRIPTION/GROUP/NAME`, or `…/SCALESET/INSTANCE`, of the machine that a provider ID names."""
        found = _PROVIDER_ID.fullmatch(provider_id.lower())
        return "/".join(part for part in found.groups() if part) if found else ""

    def route(self, row: NodeRow, instance: Instance, nic: Nic, table: str, cluster: str) -> Route:  # noqa: ARG002 - the address is enough
        """Return the user-defined route to the node's address, as a virtual appliance."""
        _, group, name = parse_table(table)
        label = f"{group}/{name}/{route_label(cluster, row.routeDestination)}"
        return Route(label, row.routeDestination, row.nodeIP, table, cluster=cluster)

    def leads_to(self, next_hop: str, instance: Instance, nic: Nic) -> bool:  # noqa: ARG002 - another interface of it need not forward
        """Return whether the next hop is an address of the interface."""
        try:
            return nic.owns(next_hop)
        except ValueError:  # a kind of next hop (`Internet`, `None`, …), no address
            return False

    def is_route_controller(self, route: Route) -> bool:
        """Return whether cloud-provider-azure made it: a dual-stack one's name says so."""
        return _CONTROLLER in route.name.rpartition("/")[2]

    def marks(self, cluster: str, owned: Collection[str], claimed: Collection[str] = ()) -> dict[str, str]:
        """Return the tag of a table that has routes of ours."""
        return tag_of(cluster) if owned or claimed else {}

    def own_marks(self, marks: Mapping[str, str], cluster: str) -> dict[str, str]:
        """Return that tag, where it is there."""
        return own_tags(marks, cluster)

    def together(self, change: Change) -> str:
        """Return the table that a row is written with, or the scale set whose instances follow its model together."""
        if change.kind == "route":
            return str({**change.before, **change.after}["table"])
        if change.kind in ("claim", "mark", "table"):
            return "" if change.action == "delete" else change.resource
        return str(change.after.get("template", "")) if change.kind == "forwarding" else ""

    def named_ranges(self, name: str, fabric: Fabric, routed: Collection[str]) -> tuple[str, ...]:
        """Return what the service tag VirtualNetwork holds: the network's ranges, and the prefixes of routes.

        Of the routes of the receiving subnet's table (service tags overview, read 2026-11).
        """
        return (*fabric.cidrs, *routed) if name.lower() == VIRTUAL_NETWORK.lower() else ()

    # Commands.

    def enable_command(self, instance: Instance, nic: Nic) -> str:
        """Return `az network nic update …`, or for a scale set's instance `az vmss update-instances …`."""
        if is_set_nic(nic.id):
            subscription, group, scale_set, number = instance.id.split("/")
            where = _where(subscription, group, scale_set)
            return _az("vmss", "update-instances", *where, f"--instance-ids={number}")
        return _forward(nic, "true")

    def disable_command(self, instance: Instance, nic: Nic) -> str:
        """Return the same; a scale set's instance follows its model either way."""
        return self.enable_command(instance, nic) if is_set_nic(nic.id) else _forward(nic, "false")

    def create_command(self, route: Route) -> str:
        """Return `az network route-table route create …`."""
        return _route("create", route, *_hop(route))

    def replace_command(self, old: Route, new: Route) -> str:  # noqa: ARG002 - it stands under the same name
        """Return `az network route-table route update …`: one step, no gap."""
        return _route("update", new, *_hop(new))

    def delete_command(self, route: Route) -> str:
        """Return `az network route-table route delete …`."""
        return _route("delete", route, hop=False)

    def mark_command(self, table: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        """Return `az tag update …`, which leaves the other tags alone."""
        tags, operation = (after, "Merge") if after else (before, "Delete")
        written = [f"{key}={value}" for key, value in tags.items()]
        resource = f"--resource-id={table_path(table)}"
        return _az("tag", "update", resource, f"--operation={operation}", "--tags", *written)

    def table_command(self, table: str, location: str, marks: Mapping[str, str]) -> str:
        """Return `az network route-table create …`."""
        where, tags = _where(*parse_table(table)), json.dumps(dict(marks))  # NAME=VALUE may hold no colon there
        return _az("network", "route-table", "create", *where, f"--location={location}", f"--tags={tags}")

    def delete_table_command(self, table: str) -> str:
        """Return `az network route-table delete …`, which Azure refuses while a subnet has it."""
        return _az("network", "route-table", "delete", *_where(*parse_table(table)))

    def associate_command(self, subnet: str, table: str) -> str:
        """Return `az network vnet subnet update … --route-table …`."""
        return _subnet(subnet, table, f"--route-table={table_path(table)}")

    def dissociate_command(self, subnet: str, table: str) -> str:
        """Return `az network vnet subnet update … --remove routeTable`."""
        return _subnet(subnet, table, "--remove", "routeTable")

    def template_command(self, template: Template, *, on: bool = True) -> str:
        """Return `az vmss update … --set …enableIPForwarding=…`."""
        configurations = "virtualMachineProfile.networkProfile.networkInterfaceConfigurations"
        place = primary_configuration(template.properties)
        return _az(
            *("vmss", "update", *_where(*parse_table(template.group))),
            *("--set", f"{configurations}[{place}].enableIPForwarding={str(on).lower()}"),
        )

    def pass_command(self, fabric: Fabric, rule: Rule) -> str:
        """Return `az network nsg rule create …`."""
        group, name = rule.list.split("/")
        return _az(
            *("network", "nsg", "rule", "create", f"--subscription={parse_table(fabric.network)[0]}"),
            *(f"--resource-group={group}", f"--nsg-name={name}", f"--name={rule.name}", f"--priority={rule.number}"),
            *(f"--direction={'Inbound' if rule.inbound else 'Outbound'}", "--access=Allow", "--protocol=*"),
            *("--source-address-prefixes", *rule.sources, "--destination-address-prefixes", *rule.destinations),
            "--destination-port-ranges=*",
        )


def table_path(table: str) -> str:
    """Return the ARM id of a table."""
    subscription, group, name = parse_table(table)
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/routeTables/{name}"


def primary_configuration(scale_set: Mapping[str, object]) -> int:
    """Return the place of the interface, in a scale set's model, that its machines have their address on."""
    place = scale_set.get("primaryConfiguration", 0)
    return place if isinstance(place, int) else 0


def _forward(nic: Nic, wanted: str) -> str:
    return _az("network", "nic", "update", f"--ids={nic.properties.get('id', '')}", f"--ip-forwarding={wanted}")


def _subnet(subnet: str, table: str, *change: str) -> str:
    group, network, name = subnet.split("/")
    where = [f"--subscription={parse_table(table)[0]}", f"--resource-group={group}", f"--vnet-name={network}"]
    return _az("network", "vnet", "subnet", "update", *where, f"--name={name}", *change)


def _where(subscription: str, group: str, name: str) -> list[str]:
    return [f"--subscription={subscription}", f"--resource-group={group}", f"--name={name}"]


def _hop(route: Route) -> list[str]:
    try:
        ipaddress.ip_address(route.next_hop)
    except ValueError:
        return [f"--next-hop-type={route.next_hop}"]
    return ["--next-hop-type=VirtualAppliance", f"--next-hop-ip-address={route.next_hop}"]


def _route(verb: str, route: Route, *more: str, hop: bool = True) -> str:
    subscription, group, table = parse_table(route.table)
    where = [f"--subscription={subscription}", f"--resource-group={group}", f"--route-table-name={table}"]
    prefix = [f"--address-prefix={route.destination}"] if hop else []
    return _az(
        "network", "route-table", "route", verb, *where, f"--name={route.name.rpartition('/')[2]}", *prefix, *more
    )


def _az(*words: str) -> str:
    return shlex.join(["az", *words])
