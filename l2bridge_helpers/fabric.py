"""The network as it was read: instances, NICs, subnets, routes, filters. Frozen values, no I/O.

`forwarding=True` is the one word for "the private-IP check is off" on every cloud.
A `Fabric` describes one network. Ids are the cloud's own, without the API's host, so that two reads compare equal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from l2bridge_helpers.filters import Rule
from l2bridge_helpers.observed import Denied, Template, Unread


@lru_cache(maxsize=1 << 16)
def parse_range(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return the range; the same text is asked about again and again."""
    return ipaddress.ip_network(cidr)


@dataclass(frozen=True)
class Nic:
    """A network interface.

    Attributes:
        id: unique in the fabric.
        addresses: what the cloud delivers to it, in CIDR form (`10.0.0.4/32`), primary first.
        subnet: the subnet's id.
        network: the network's id.
        forwarding: whether it may send and receive packets of other addresses than its own.
        fixed: why nobody may change that here, empty where one may.
        remedy: what to do about that; empty: nothing special.
        template: id of the group whose template decides whether it forwards; empty: it is set on the interface.
        filters: ids of the filters that are put on it (AWS: security groups).
        properties: the resource as the API returned it, where it is one of its own; see `Instance.properties`.

    """

    id: str
    addresses: tuple[str, ...]
    subnet: str
    network: str
    forwarding: bool
    fixed: str = ""
    filters: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    remedy: str = ""
    template: str = ""

    def owns(self, address: str) -> bool:
        """Return whether the cloud delivers `address` to this interface."""
        if f"{address}/32" in self.addresses:
            return True
        ip = ipaddress.ip_address(address)
        return any(ip in parse_range(own) for own in self.addresses)

    def primary(self, version: int) -> str:
        """Return the first address of the IP version (4, 6), or "" when it has none."""
        return _first_of(self.addresses, version)

    def hosts(self) -> tuple[str, ...]:
        """Return the single addresses that it has, each once; of a range only the one it is known by."""
        return _hosts_of(self.addresses)


@lru_cache(maxsize=1 << 16)
def _first_of(addresses: tuple[str, ...], version: int) -> str:
    networks = (parse_range(own) for own in addresses)
    return next((str(net.network_address) for net in networks if net.version == version), "")


@lru_cache(maxsize=1 << 16)
def _hosts_of(addresses: tuple[str, ...]) -> tuple[str, ...]:
    networks = [parse_range(own) for own in addresses]
    single = (str(net.network_address) for net in networks if net.num_addresses == 1)
    known = (_first_of(addresses, 4), _first_of(addresses, 6), *single)
    return tuple(dict.fromkeys(filter(None, known)))


@dataclass(frozen=True)
class Instance:
    """A virtual machine.

    Attributes:
        id: unique in the cloud and stable, as the API's paths write it.
        uid: the cloud's number for this very machine: another one after it was re-created under the same id.
        name: its name in the cloud.
        status: the cloud's word for its state.
        nics: its interfaces, in the cloud's order.
        tags: the network tags that routes and filters select by.
        group: id of the managed group that re-creates it, empty for none.
        properties: the resource as the API returned it, every property, also those that no SDK knows.
        accounts: the service accounts that it runs as, which filters can select by too.
        running: whether it is in a state in which it carries packets.

    """

    id: str
    uid: str
    name: str
    status: str
    nics: tuple[Nic, ...]
    tags: tuple[str, ...] = ()
    group: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    running: bool = True

    def nics_in(self, network: str) -> tuple[Nic, ...]:
        """Return its interfaces in the network, in the cloud's order; none where it is not known which that is."""
        return tuple(nic for nic in self.nics if network and nic.network == network)

    def nic_owning(self, network: str, address: str) -> Nic | None:
        """Return the one of its interfaces in the network that has the address, or None."""
        return next((nic for nic in self.nics_in(network) if nic.owns(address)), None)


@dataclass(frozen=True)
class Subnet:
    """A subnet, which is one layer-2 segment where there are any.

    Attributes:
        id: unique in the cloud.
        cidrs: every range that the network itself delivers there, primary range first.
        table: id of the route table that packets from there are looked up in; empty: none.
        zone: where it is, empty where it is in several zones.
        properties: the resource as the API returned it, where it can be written whole.

    """

    id: str
    cidrs: tuple[str, ...]
    table: str = ""
    zone: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A route as the cloud has it, or as it should have it.

    Attributes:
        name: unique in the fabric: the cloud's, or made of table and destination where routes have no names.
        destination: a CIDR.
        next_hop: an instance's id, an address, or whatever else the cloud leads to.
        table: id of the table that it is in; on GCE the network's.
        priority: the lower one wins among equal destinations.
        cluster: whose it is: our cluster's name by our mark; empty: not made by this project.
        node: the Kubernetes node that it is for, by our mark.
        tags: only instances with one of these tags use it; empty: all do.
        description: free text.
        status: the cloud's word for why no packet follows it (`INACTIVE`, `blackhole`, …); empty: it is in force.
        warnings: what the cloud finds wrong with it, `CODE: text`.
        claim: the cluster that was about to make such a route, where only a mark on the table says so.

    """

    name: str
    destination: str
    next_hop: str
    table: str
    priority: int = 1000
    cluster: str = ""
    node: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    status: str = ""
    warnings: tuple[str, ...] = ()
    claim: str = ""

    def facts(self) -> dict[str, Any]:
        """Return what was asked for, without what the cloud reports of its state, which changes by itself."""
        told = {name: value for name, value in asdict(self).items() if name not in ("status", "warnings", "claim")}
        return {**told, "tags": list(self.tags)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Route:
        """Return the route that `facts` described, also after a journey through JSON."""
        return cls(**{**facts, "tags": tuple(facts["tags"])})


@dataclass(frozen=True)
class Limit:
    """How many routes a table holds.

    Attributes:
        most: that many.
        used: how many there are that count.
        source: what says so, with its date where it is no live number.
        version: the IP version whose routes count; 0: both together.

    """

    most: int
    used: int
    source: str
    version: int = 0


@dataclass(frozen=True)
class RouteTable:
    """The routes of one network or table.

    Attributes:
        id: of the table; on GCE the network's, which has just one.
        routes: all of them, also those of others.
        limits: how many it holds; empty: not known.
        reserved: ranges that the cloud lets no route lead elsewhere, beside the subnets'.
        marks: what is written on the table itself (tags), by which routes without marks of their own are known.
        exists: False for the table that a plan makes for subnets that have none.
        location: the region that it is in, where that matters.
        properties: the resource as the API returned it, where it can be written whole.
        hides: what it keeps from the subnets that it is on; empty: nothing.

    """

    id: str
    routes: tuple[Route, ...]
    limits: tuple[Limit, ...] = ()
    reserved: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    exists: bool = True
    location: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    hides: str = ""


@dataclass(frozen=True)
class Fabric:
    """One network and everything in it that decides where a pod's packet goes.

    Attributes:
        spare_table: id of the table for subnets that have none, where no other is at hand; empty: they have one each.
        spare_named: whether the operator has named that table.
        location: the region, where that matters.
        cidrs: the network's own ranges, where filters have a name for them.
        neighbours: ranges that packets from here reach by peering, by the other network's name.

    """

    platform: str
    network: str
    instances: tuple[Instance, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    tables: tuple[RouteTable, ...] = ()
    templates: tuple[Template, ...] = ()
    unread: tuple[Unread, ...] = ()
    rules: tuple[Rule, ...] = ()
    denied: tuple[Denied, ...] = ()
    spare_table: str = ""
    spare_named: bool = False
    location: str = ""
    cidrs: tuple[str, ...] = ()
    neighbours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes of all tables."""
        return tuple(route for table in self.tables for route in table.routes)

    def subnet(self, subnet_id: str) -> Subnet | None:
        """Return the subnet with this id, or None."""
        return next((subnet for subnet in self.subnets if subnet.id == subnet_id), None)

    def table(self, table_id: str) -> RouteTable | None:
        """Return the table with this id, or None."""
        return next((table for table in self.tables if table.id == table_id), None)

    @cached_property
    def found(self) -> dict[object, object]:
        """Return what was worked out about this network, by what was asked: many steps of a run ask the same."""
        return {}

    def forwarders(self, *, per_nic: bool) -> dict[str, tuple[Instance, Nic]]:
        """Return each machine's interfaces in this network, by the id of what forwarding is turned on at.

        `per_nic`: that is each interface; else the machine, which its first interface then stands for.
        """
        found: dict[str, tuple[Instance, Nic]] = {}
        for instance in self.instances:
            for nic in instance.nics_in(self.network):
                found.setdefault(nic.id if per_nic else instance.id, (instance, nic))
        return found

    def resources(self) -> dict[str, Mapping[str, Any]]:
        """Return the properties, as they were read, of every resource that can be written."""
        nics = (nic for one in self.instances for nic in one.nics)
        every: tuple[Instance | Nic | Subnet | RouteTable, ...] = (*self.instances, *nics, *self.subnets, *self.tables)
        return {one.id: one.properties for one in every if one.properties}
