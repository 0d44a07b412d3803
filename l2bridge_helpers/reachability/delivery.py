"""How a packet that has left its node finds the other one: straight on layer 2, or by a route table (pure)."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import Route
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.nodes import parse_cidr
from l2bridge_helpers.reachability.ends import bounds
from l2bridge_helpers.tables import chosen_table

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric, RouteTable
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.placement import Placed

_LAST = 1 << 20
"""A priority behind every route that someone made: of what a network does by itself."""
ITSELF = "the network itself"


@dataclass(frozen=True)
class Lookup:
    """What a table says of a pod CIDR.

    Attributes:
        routes: those that packets to any of its addresses follow; empty: none.
        astray: those among them that do not lead to the node.
        whole: whether packets to each of its addresses follow some route.
        doubtful: routes to next hops that are gone or do not run, beside others that do: whether they take packets is
            not known.

    """

    routes: tuple[Route, ...]
    astray: tuple[Route, ...] = ()
    whole: bool = True
    doubtful: tuple[Route, ...] = ()

    @property
    def arrives(self) -> bool:
        """Whether every packet is led to the node."""
        return bool(self.routes) and self.whole and not self.astray

    def missing(self, spot: Placed) -> bool:
        """Return whether no route is about the CIDR: at most one to a much wider range takes the packets."""
        return not self.arrives and all(_is_wider(route, spot.row.network) for route in self.astray)


@dataclass(frozen=True)
class View:
    """A table as machines with some tags see it."""

    table: str
    tags: frozenset[str]


class Routes:
    """Routes of one IP version by destination, for lookups: each takes as long as there are prefix lengths."""

    def __init__(self, routes: Iterable[tuple[Network, Route]]) -> None:
        """Sort them in."""
        self._by_length: dict[int, dict[int, list[Route]]] = defaultdict(lambda: defaultdict(list))
        for network, route in routes:
            self._by_length[network.prefixlen][int(network.network_address)].append(route)
        self._lengths = sorted(self._by_length, reverse=True)
        self._sorted = {length: sorted(self._by_length[length]) for length in self._lengths}

    def around(self, network: Network) -> tuple[Route, ...]:
        """Return the routes with the longest prefix around a range."""
        address = int(network.network_address)
        for length in self._lengths:
            if length <= network.prefixlen:
                rest = network.max_prefixlen - length
                found = self._by_length[length].get(address >> rest << rest)
                if found:
                    return tuple(found)
        return ()

    def inside(self, network: Network) -> list[Route]:
        """Return the routes with a longer prefix inside a range: they win for their part of it."""
        first, last = bounds(network)
        found = []
        for length in self._lengths:
            if length > network.prefixlen:
                starts = self._sorted[length]
                for start in starts[bisect_left(starts, first) : bisect_right(starts, last)]:
                    found += self._by_length[length][start]
        return found


class Delivery:
    """The tables of a network, looked up once for all nodes."""

    def __init__(self, placed: tuple[Placed, ...], fabric: Fabric) -> None:
        """Sort the tables, and find the one that subnets without any are to be given."""
        self.fabric = fabric
        self.dialect = dialect_of(fabric.platform)
        self.tables = {table.id: table for table in fabric.tables}
        self._of_subnet = {subnet.id: subnet.table for subnet in fabric.subnets}
        chosen = chosen_table(placed, fabric)
        self.spare = chosen.id if chosen else ""
        self._tagged = {
            table.id: frozenset(tag for route in table.routes for tag in route.tags) for table in fabric.tables
        }
        self._usable: dict[tuple[View, int], Routes] = {}
        self._seen: dict[tuple[View, Network, str], Lookup] = {}
        self._owners = dict(self._find_owners())

    def straight(self, one: Placed, other: Placed, version: int) -> bool:
        """Return whether packets go from one to the other without a lookup."""
        if not self.dialect.one_segment:
            return False
        return self.dialect.segment(one.nic, version) == self.dialect.segment(other.nic, version)

    @property
    def routed(self) -> bool:
        """Whether there are route tables at all."""
        return self.dialect.routes_pods

    def view(self, spot: Placed) -> View | None:
        """Return the table that a node's packets are looked up in; None: its subnet has none."""
        table = self._of_subnet.get(spot.nic.subnet, "")
        if table not in self.tables or not self.tables[table].exists:
            return None
        return View(table, self._tagged[table] & frozenset(spot.instance.tags))

    def spare_view(self) -> View | None:
        """Return the table that subnets without any are given, also where it has to be made first."""
        return View(self.spare, frozenset()) if self.spare in self.tables else None

    def unread_ranges(self, view: View) -> tuple[Route, ...]:
        """Return the routes of a table whose destinations are not known."""
        return tuple(route for route in self.tables[view.table].routes if self.dialect.names_unread_ranges(route))

    def look_up(self, view: View, spot: Placed, part: Network | None = None) -> Lookup:
        """Return what the table says of a node's pod CIDR, or of a part of it."""
        network = part or spot.row.network
        if network is None:
            return Lookup(())
        key = (view, network, spot.nic.id)
        if key not in self._seen:
            self._seen[key] = self._look_up(view, spot, network)
        return self._seen[key]

    def _look_up(self, view: View, spot: Placed, network: Network) -> Lookup:
        lookups = self._lookups(view, network.version)
        parts = [lookups.around(part) for part in _parts(network, lookups.inside(network))]
        chosen = [self._followed(part) for part in parts]
        routes = tuple(dict.fromkeys(route for followed, _ in chosen for route in followed))
        doubtful = tuple(dict.fromkeys(route for _, dead in chosen for route in dead))
        astray = tuple(route for route in routes if not self._leads(route, spot))
        return Lookup(routes, astray, all(parts), tuple(route for route in doubtful if not self._leads(route, spot)))

    def _followed(self, routes: tuple[Route, ...]) -> tuple[tuple[Route, ...], tuple[Route, ...]]:
        """Return those of equal destination that packets follow, and dead ones that they may follow, too."""
        first = _first(routes)
        alive = _first(tuple(route for route in routes if not self.dialect.is_dead(route)))
        if not alive or self.dialect.dead_routes_match:
            return first, ()
        return alive, tuple(route for route in first if self.dialect.is_dead(route))

    def _leads(self, route: Route, spot: Placed) -> bool:
        """Return whether packets that follow a route come to a node; one whose machine is stopped waits for it."""
        waits = not spot.instance.running and self.dialect.waits(route)
        dead = route.name == ITSELF or (bool(route.status) and not waits)
        return not dead and self.dialect.leads_to(route.next_hop, spot.instance, spot.nic)

    def _lookups(self, view: View, version: int) -> Routes:
        """Return the routes that machines with these tags use."""
        if (view, version) not in self._usable:
            every = (*self._routes(self.tables[view.table], view.tags), *self._system(view.table))
            own = ((network, route) for route in every if (network := _network(route)) and network.version == version)
            self._usable[view, version] = Routes(own)
        return self._usable[view, version]

    def _routes(self, table: RouteTable, tags: frozenset[str]) -> Iterator[Route]:
        for route in sorted(table.routes, key=lambda route: route.name):
            counts = not route.status or self.dialect.dead_routes_match or self.dialect.waits(route)
            if counts and (not route.tags or set(route.tags) & tags):
                yield route

    def _system(self, table: str) -> Iterator[Route]:
        """Give what the network leads somewhere by itself: its own ranges and its peers', where no pod is."""
        if self.dialect.system_routes:
            ranges = (*self.fabric.cidrs, *(cidr for cidrs in self.fabric.neighbours.values() for cidr in cidrs))
            yield from (Route(ITSELF, cidr, ITSELF, table, _LAST) for cidr in dict.fromkeys(ranges))

    # What people are told.

    def missing_mend(self, spot: Placed, table: str, cluster: str) -> str:
        """Return the command that makes the route to a node."""
        return self.dialect.create_command(self._wanted(spot, table, cluster))

    def astray_mend(self, spot: Placed, lookup: Lookup, table: str, cluster: str) -> str:
        """Return the commands that lead a pod CIDR to its node, and nowhere else."""
        wanted = self._wanted(spot, table, cluster)
        made = [route for route in lookup.astray if route.name != ITSELF and not _is_wider(route, spot.row.network)]
        in_the_way = [route for route in made if route.priority <= wanted.priority]  # a static route wins over others
        same = [route for route in in_the_way if route.destination == wanted.destination]
        steps = [] if any(route not in lookup.astray for route in lookup.routes) else [self._make(wanted, same)]
        gone = [route for route in in_the_way if not (steps and self.dialect.replaces_in_place and route in same)]
        first = [route for route in gone if steps and route.name == wanted.name]  # a name can be given once
        steps = [self.dialect.delete_command(route) for route in first] + steps
        steps += [self.dialect.delete_command(route) for route in gone if route not in first]
        foreign = names_of(_name(route) for route in in_the_way if not (cluster and route.cluster == cluster))
        if not steps:
            return "choose a cluster CIDR outside every range of the network and its peers"
        return f"if what others made is not needed ({foreign}): {' && '.join(steps)}" if foreign else " && ".join(steps)

    def _make(self, wanted: Route, same: Sequence[Route]) -> str:
        """Return the command that makes a route, in the place of one with the same destination where there is."""
        if same and self.dialect.replaces_in_place:
            return self.dialect.replace_command(same[0], replace(wanted, name=same[0].name))
        return self.dialect.create_command(wanted)

    def doubtful_mend(self, lookup: Lookup, cluster: str) -> str:
        """Return the commands that take routes to dead next hops away."""
        command = " && ".join(map(self.dialect.delete_command, lookup.doubtful))
        ours = bool(cluster) and all(route.cluster == cluster for route in lookup.doubtful)
        return command if ours else f"if they are not needed: {command}"

    def table_mend(self, table: str, cluster: str) -> str:
        """Return the command that makes a table that is not there; "" for one that is."""
        there = self.tables.get(table)
        if there is None or there.exists:
            return ""
        return self.dialect.table_command(table, there.location, self.dialect.marks(cluster, [table]))

    def noun(self, table: str) -> str:
        """Return a table as people call it."""
        name = table.rpartition("/")[2]
        return f"network {name}" if table == self.fabric.network else f"route table {name}"

    def told(self, routes: Iterable[Route]) -> str:
        """Return where routes lead, and whose machines that are."""
        return names_of(map(self._told, routes))

    def _told(self, route: Route) -> str:
        if route.name == ITSELF:
            return f"{route.destination}, which the network keeps to itself"
        dead = route.status or next((warning.partition(":")[0] for warning in route.warnings), "")
        owner, hop = self.owner(route.next_hop), route.next_hop.rpartition("/")[2]
        whose = f" of {owner}" if owner and owner != hop else ""
        leads = f"{route.destination} via {hop}{whose}{f', {dead}' if dead else ''}"
        return leads if route.destination in route.name else f"{leads} (route {_name(route)})"

    def owner(self, next_hop: str) -> str:
        """Return the name of the machine that a next hop is; "" when it is none that was read."""
        return self._owners.get(next_hop, "")

    def _find_owners(self) -> Iterator[tuple[str, str]]:
        for instance in self.fabric.instances:
            yield instance.id, instance.name
            for nic in instance.nics_in(self.fabric.network):
                yield nic.id, instance.name
                yield from ((address, instance.name) for address in nic.hosts())

    def _wanted(self, spot: Placed, table: str, cluster: str) -> Route:
        return self.dialect.route(spot.row, spot.instance, spot.nic, table, cluster)


def _parts(network: Network, routes: Sequence[Route]) -> list[Network]:
    """Return parts of a range that stand for all of it: routes to a part of it begin and end between them."""
    if not routes:
        return [network]
    low, high = bounds(network)
    spans = [bounds(part) for route in routes if (part := _network(route))]
    edges = {low, *(edge for first, last in spans for edge in (first, last + 1) if edge <= high)}
    address = type(network.network_address)
    return [_host(address(edge)) for edge in sorted(edges)]


def _host(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Network:
    return ipaddress.ip_network(address)


def _network(route: Route) -> Network | None:
    return parse_cidr(route.destination)


def _is_wider(route: Route, network: Network | None) -> bool:
    own = _network(route)
    return own is not None and network is not None and own.prefixlen < network.prefixlen


def _name(route: Route) -> str:
    """Return a route's name without its table's path; one that is made of its destination is whole."""
    return route.name if route.destination in route.name else route.name.rpartition("/")[2]


def _first(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Return the routes that come first."""
    best = min((route.priority for route in routes), default=0)
    return tuple(route for route in routes if route.priority == best)
