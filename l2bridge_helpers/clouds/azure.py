"""Azure: IP forwarding on every node's interface, user-defined routes in a table on every subnet of nodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.azure_api import AzureApi
from l2bridge_helpers.clouds.azure_client import PUBLIC
from l2bridge_helpers.clouds.azure_dialect import AzureDialect, parse_table
from l2bridge_helpers.clouds.azure_effective import EffectiveReader
from l2bridge_helpers.clouds.azure_errors import MissingError
from l2bridge_helpers.clouds.azure_machines import MachineReader, Machines
from l2bridge_helpers.clouds.azure_names import default_table, local, parts_of, scoped
from l2bridge_helpers.clouds.azure_read import (
    limit_of,
    neighbours_of,
    properties_of,
    ranges_of,
    region_of,
    subnet_of,
    table_of,
)
from l2bridge_helpers.clouds.azure_rules import group_of, rules_of
from l2bridge_helpers.clouds.azure_write import AzureWriter
from l2bridge_helpers.clouds.loose_json import objects, text
from l2bridge_helpers.clouds.reading import optional
from l2bridge_helpers.endpoints import shown_endpoint
from l2bridge_helpers.errors import CloudError, ParameterError
from l2bridge_helpers.fabric import Fabric, Instance, RouteTable
from l2bridge_helpers.filters import FIREWALL_RULES, Rule
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.observed import InForce, Unread
from l2bridge_helpers.pace import SHARE, Pace
from l2bridge_helpers.pace_limits import AZURE
from l2bridge_helpers.placement import place

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.nodes import NodeRow
    from l2bridge_helpers.placement import Placed

Raw = dict[str, Any]


class Azure:
    """One virtual network of Azure, through azure-mgmt-network and azure-mgmt-compute: the one that the nodes are in.

    Args:
        subscription_id: the subscription of machines and network.
        resource_group: where a route table is made, and where `route_table` is; empty: the network's group.
        route_table: name or ARM id of the table for subnets that have none; empty: one that leads pods alone, or ours.
        cluster: the name that marks this cluster's routes.
        endpoint: another API endpoint; plain http on loopback gets no credentials.
        upgrade_instances: whether instances of scale sets may be upgraded to their model.
        effective_routes: `sample` (an interface of each subnet), `all` or `none`: whose effective routes are asked for.
        route_limit: how many routes a table holds; 0: what Azure publishes.
        share: how much of the published rate is used, above 0 to 1.

    """

    platform = "azure"

    def __init__(  # noqa: PLR0913 - each is one of the operator's parameters
        self,
        *,
        subscription_id: str,
        resource_group: str = "",
        route_table: str = "",
        cluster: str = "",
        endpoint: str = "",
        upgrade_instances: bool = False,
        effective_routes: str = "sample",
        route_limit: int = 0,
        share: float = SHARE,
    ) -> None:
        """Keep what is meant. Nothing is sent, no credentials are looked up.

        Raises:
            ParameterError: the table is in another subscription.

        """
        named = parts_of(route_table)
        if named and named[0] != subscription_id.lower():
            raise ParameterError(
                f"parameter route_table: {route_table!r} is in subscription {named[0]}, not in {subscription_id}: a "
                "subnet can be given a table of its own subscription only"
            )
        self.pace = Pace(AZURE, share=share)
        self._api = AzureApi(subscription_id, endpoint, self.pace)
        self._subscription = subscription_id.lower()
        self._group = resource_group
        self._table = route_table
        self._cluster = cluster
        self._endpoint = endpoint
        self._upgrade = upgrade_instances
        self._effective = effective_routes
        self._limit = route_limit
        self._dialect = AzureDialect()
        self._machines = Machines()

    def target(self) -> dict[str, str]:
        """Return subscription, groups, table and endpoint, as label -> value."""
        return {
            "subscription": self._api.subscription,
            "virtual network": "the one that the nodes are in",
            "resource group": self._group or "the virtual network's",
            "route table": self._table or f"those of the nodes' subnets; where there is none, {self._spare_name()}",
            "endpoint": shown_endpoint(self._endpoint, PUBLIC),
        }

    def identity(self) -> str:
        """Return who the cloud takes us for, or `unknown (why)`; see `azure_identity`."""
        return self._api.identity()

    # Read.

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the network's state, freshly read, in as few requests as the API allows.

        Needs networkInterfaces/read, virtualNetworks/read and routeTables/read of Microsoft.Network. What
        networkSecurityGroups/read and Microsoft.Compute/virtualMachineScaleSets/read would tell is left out, and said
        to be, when they are missing.

        Raises:
            CloudError: the state cannot be read; the text names what is missing.
            ParameterError: the parameters name what is not there, or nothing tells which network is meant.

        """
        rows, unread = node_rows(nodes), list[Unread]()
        if not rows:
            return Fabric(self.platform, "")
        self._machines = MachineReader(self._api, unread, group=self._group, upgrade_instances=self._upgrade).read(rows)
        instances = tuple(self._machines.instances)
        network = self._network_of(rows, instances)
        if not network:
            return Fabric(self.platform, "", instances, unread=tuple(unread))
        raw = self._api.virtual_network(*network.split("/")[1:])
        listed = objects(properties_of(raw).get("subnets"))
        draft = Fabric(self.platform, network, instances, tuple(map(subnet_of, listed)))
        placed = place(nodes, draft).placed
        used = {spot.nic.subnet for spot in placed}
        spare = self._spare_table(network)
        return Fabric(
            platform=self.platform,
            network=network,
            instances=instances,
            subnets=draft.subnets,
            tables=tuple(self._tables(draft, used, spare, region_of(raw), unread)),
            templates=tuple(self._machines.templates),
            rules=tuple(self._rules(placed, listed, unread)),
            unread=tuple(unread),
            spare_table=spare,
            spare_named=bool(self._table),
            location=region_of(raw),
            cidrs=ranges_of(properties_of(raw).get("addressSpace")),
            neighbours=neighbours_of(raw),
        )

    def _network_of(self, rows: tuple[NodeRow, ...], instances: tuple[Instance, ...]) -> str:
        """Return the network that most nodes with provider IDs are in; else the only one with the nodes' addresses."""
        by_id = {instance.id: instance for instance in instances}
        named = [(row, by_id.get(self._dialect.instance_id(row.providerID))) for row in rows]
        nics = [
            nic for row, instance in named if instance and row.nodeIP for nic in instance.nics if nic.owns(row.nodeIP)
        ]
        if nics:
            counts = Counter(nic.network for nic in nics)
            return min(counts, key=lambda network: (-counts[network], network))
        wanted = {row.nodeIP for row in rows if row.nodeIP}
        owned: dict[str, set[str]] = defaultdict(set)
        for nic in (nic for one in instances for nic in one.nics):
            owned[nic.network] |= wanted & set(nic.hosts())
        some = {network for network, addresses in owned.items() if addresses}
        homes = {network for network in some if owned[network] == wanted} or some
        if len(homes) > 1:
            raise ParameterError(
                f"the nodes have no provider ID of Azure, and the virtual networks {', '.join(sorted(homes))} all have "
                "machines with their addresses; set spec.providerID on at least one node, so that the right one is "
                "known"
            )
        return homes.pop() if homes else ""

    def _spare_name(self) -> str:
        return default_table(self._cluster)

    def _spare_table(self, network: str) -> str:
        """Return the id of the table for subnets that have none."""
        if self._table.startswith("/"):
            return scoped(self._table)
        group = (self._group or network.split("/")[1]).lower()
        return f"{self._subscription}/{group}/{(self._table or self._spare_name()).lower()}"

    def _tables(
        self, draft: Fabric, used: set[str], spare: str, location: str, unread: list[Unread]
    ) -> Iterator[RouteTable]:
        """Give the tables of the nodes' subnets, and the one for those that have none."""
        present = dict.fromkeys(subnet.table for subnet in draft.subnets if subnet.id in used and subnet.table)
        for table in present:
            raw = self._api.route_table(*table.split("/")[1:])
            if raw is None:
                raise CloudError(f"route table {table} is on a subnet of nodes and cannot be found; run again")
            yield table_of(raw, self._limit)
        if spare in present:
            return
        bare = any(not subnet.table for subnet in draft.subnets if subnet.id in used)
        read = partial(self._read_spare, spare, location)
        found = read() if bare or self._table else optional(unread, f"route table {spare}", read, None)
        if found is not None:
            yield found

    def _read_spare(self, table: str, location: str) -> RouteTable:
        """Return the table for subnets that have none, as it is or as it will be made.

        Raises:
            ParameterError: the parameters name a table or a group that is not there.

        """
        _, group, name = parse_table(table)
        try:
            raw = self._api.route_table(group, name)
        except MissingError as err:
            raise ParameterError(
                f"parameter resource_group: {group!r}: there is no such group in subscription {self._subscription}; "
                "name the one in which the route table is, or is to be made"
            ) from err
        if raw is not None:
            return table_of(raw, self._limit)
        if self._table:
            there = ", ".join(text(one.get("name")) for one in self._api.route_tables(group)) or "none"
            raise ParameterError(
                f"parameter route_table: {self._table!r}: group {group} has no such table (there: {there}); leave it "
                "empty to have one made"
            )
        return RouteTable(table, (), (limit_of(0, self._limit),), exists=False, location=location)

    def _rules(self, placed: tuple[Placed, ...], subnets: list[Raw], unread: list[Unread]) -> Iterator[Rule]:
        """Give the rules of the security groups on the nodes' interfaces and subnets."""
        on: dict[str, dict[str, None]] = {}
        behind = self._machines.interfaces | {local(text(raw.get("id"))): raw for raw in subnets}
        for spot in placed:
            for place_of in (spot.nic.id, spot.nic.subnet):
                if group := scoped(group_of(behind.get(place_of, {}))):
                    on.setdefault(group, {})[place_of] = None
        for resource_group in sorted({identifier.split("/")[1] for identifier in on}):
            before = len(unread)
            read = partial(self._api.security_groups, resource_group)
            raws: list[Raw] = optional(unread, FIREWALL_RULES, read, [])
            listed = {scoped(text(raw.get("id"))): raw for raw in raws}
            for identifier, raw in listed.items():
                yield from rules_of(raw, tuple(on[identifier])) if identifier in on else ()
            mine = [identifier for identifier in on if identifier.split("/")[1] == resource_group]
            if len(unread) == before:
                unread += [_not_listed(one, on[one]) for one in mine if one not in listed]

    def in_force(self, nodes: pd.DataFrame, fabric: Fabric) -> tuple[InForce, ...]:
        """Return the effective routes of an interface of each subnet of nodes that has a table, or of all, or of none.

        Needs Microsoft.Network/networkInterfaces/effectiveRouteTable/action. Azure knows no effective routes of uniform
        scale sets' interfaces, nor of machines that do not run.
        """
        return EffectiveReader(self._api, self._effective).read(place(nodes, fabric).placed, fabric)

    # Write.

    def send(self, changes: Sequence[Change]) -> Mapping[str, Mapping[str, Any]]:
        """Make the changes of one write, wait until Azure says that it is done, and return what it was based on.

        Raises:
            CloudError: it was refused or failed; the text names the resource, and the action that is not allowed.

        """
        first, together = changes[0], self._dialect.together(changes[0])
        writer = AzureWriter(self._api, self._machines)
        if first.kind == "association":
            return writer.associate(first)
        if first.kind == "template":
            return writer.change_model(first)
        if first.kind == "table" and first.action == "delete":
            return writer.delete_table(first)
        if first.kind == "forwarding":
            return writer.bring_up(together, changes) if together else writer.set_forwarding(first)
        return writer.write_table(together, changes)


def _not_listed(group: str, where: Iterable[str]) -> Unread:
    """Return what is said of a security group that Azure names but does not show."""
    why = f"network security group {group} is on {', '.join(where)} and was not listed"
    return Unread(FIREWALL_RULES, why, todo="grant networkSecurityGroups/read on it, or run again if it was just made")
