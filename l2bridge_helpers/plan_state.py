"""Nodes and existing routes, as planning looks at them (pure)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import InitVar, dataclass, field, replace
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.nodes import Network, net_conf, node_rows, parse_cidr
from l2bridge_helpers.placement import Placed, place
from l2bridge_helpers.prefixes import Prefixes, within
from l2bridge_helpers.tables import tables_in_use

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.clouds.base import Dialect
    from l2bridge_helpers.fabric import Fabric, Route
    from l2bridge_helpers.scope import Scope


@dataclass
class State:
    """What the rows of a plan are decided by."""

    nodes: InitVar[pd.DataFrame]
    fabric: Fabric
    cluster: str
    scope: Scope
    dialect: Dialect = field(init=False)
    placed: tuple[Placed, ...] = field(init=False)
    routes: tuple[Route, ...] = field(init=False)
    """All routes, by name; what a run that broke off has made counts as ours."""
    names: dict[str, Route] = field(init=False)
    own: dict[str, Route] = field(init=False)
    """Our routes by name; those that a row has dealt with are taken out."""
    ours: frozenset[str] = field(init=False)
    """The names of all our routes."""
    foreign: dict[str, Prefixes] = field(init=False)
    """Everyone else's routes, by table."""
    tables: tuple[str, ...] = field(init=False)
    """The tables that packets from the nodes are looked up in, or will be."""
    cidrs: dict[str, set[str]] = field(init=False)
    """Each node's pod CIDRs, also those that cannot be read; `""` for none."""
    held: set[str] = field(init=False)
    """Every pod CIDR that some node has."""
    networks: list[Network] = field(init=False)
    """Flannel's, as far as they are known."""
    whole: bool = field(init=False)
    """Whether the node list may be the reason of a deletion: not empty, and every pod CIDR in it readable."""

    def __post_init__(self, nodes: pd.DataFrame) -> None:
        """Look everything up once."""
        self._nodes = nodes
        self.dialect = dialect_of(self.fabric.platform)
        self.placed = place(nodes, self.fabric).placed
        self.routes = tuple(sorted(map(self._with_owner, self.fabric.routes), key=lambda route: route.name))
        self.names = {route.name: route for route in self.routes}
        self.networks = [network for text in net_conf(nodes).networks if (network := parse_cidr(text))]
        self.own = {route.name: route for route in self.routes if self._is_own(route, self.networks)}
        self.ours = frozenset(self.own)
        self.foreign = {table.id: Prefixes(self._foreign_in(table.id)) for table in self.fabric.tables}
        self.tables = tables_in_use(self.placed, self.fabric)
        rows = node_rows(nodes)
        self.cidrs = defaultdict(set)
        for row in rows:
            self.cidrs[row.nodeName].add(row.routeDestination)
        self.held = {row.routeDestination for row in rows}
        self.whole = bool(rows) and all(row.network or not row.routeDestination for row in rows)

    def leads_to_stranger(self, route: Route) -> bool:
        """Return whether a route may be a namesake's: nothing tells our range, and its machine is no node here."""
        if net_conf(self._nodes).networks or route.destination in self.held:
            return False
        machines = ((one, nic) for one in self.fabric.instances for nic in one.nics_in(self.fabric.network))
        owners = {one.id for one, nic in machines if self.dialect.leads_to(route.next_hop, one, nic)}
        return bool(owners - {spot.instance.id for spot in self.placed})

    def _with_owner(self, route: Route) -> Route:
        """Return the route as ours if we were about to make just this one when a run broke off."""
        if route.claim != self.cluster or route.cluster:
            return route
        homes = (spot for spot in self.placed if spot.row.routeDestination == route.destination)
        made = any(self.dialect.leads_to(route.next_hop, spot.instance, spot.nic) for spot in homes)
        return replace(route, cluster=self.cluster) if made else route

    def _is_own(self, route: Route, clusters: list[Network]) -> bool:
        """Return whether a route is this cluster's: by its mark, and by its range where flannel's is known.

        Many clusters are called `kubernetes` or `default`; what is outside flannel's Network is a namesake's.
        """
        destination = parse_cidr(route.destination)
        inside = not clusters or any(within(destination, cluster) for cluster in clusters)
        return bool(self.cluster) and route.cluster == self.cluster and inside

    def _foreign_in(self, table: str) -> list[Route]:
        return [route for route in self.routes if route.table == table and route.name not in self.own]
