"""The network as it was read: instances, NICs, subnets, routes, filters. Frozen values, no I/O.

`forwarding=True` is the one word for "the private-IP check is off" on every cloud.
A `Fabric` describes one network. Ids are the cloud's own, without the API's host, so that two reads compare equal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Nic:
    """A network interface.

    Attributes:
        id: unique in the fabric.
        addresses: what the cloud delivers to it, in CIDR form (`10.0.0.4/32`), primary first.
        subnet: the subnet's id.
        network: the network's id.
        forwarding: whether it may send and receive packets of other addresses than its own.

    """

    id: str
    addresses: tuple[str, ...]
    subnet: str
    network: str
    forwarding: bool

    def owns(self, address: str) -> bool:
        """Return whether the cloud delivers `address` to this interface."""
        ip = ipaddress.ip_address(address)
        return any(ip in ipaddress.ip_network(own) for own in self.addresses)

    def primary(self, version: int) -> str:
        """Return the first address of the IP version (4, 6), or "" when it has none."""
        networks = (ipaddress.ip_network(own) for own in self.addresses)
        return next((str(net.network_address) for net in networks if net.version == version), "")


@dataclass(frozen=True)
class Instance:
    """A virtual machine.

    Attributes:
        id: unique in the cloud and stable, as the API's paths write it.
        uid: the cloud's number for this very machine: another one after it was re-created under the same id.
        name: its name in the cloud.
        status: the cloud's word; `RUNNING` when it can carry packets.
        nics: its interfaces, in the cloud's order.
        tags: the network tags that routes and filters select by.
        group: id of the managed group that re-creates it, empty for none.
        properties: the resource as the API returned it, every property, also those that no SDK knows.
        accounts: the service accounts that it runs as, which filters can select by too.

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

    def nic_in(self, network: str) -> Nic | None:
        """Return its interface in the network, or None."""
        return next((nic for nic in self.nics if nic.network == network), None)


@dataclass(frozen=True)
class Subnet:
    """A subnet: its id, and every range that the network itself delivers there, primary range first."""

    id: str
    cidrs: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """A route as the cloud has it, or as it should have it.

    Attributes:
        name: unique in the table (GCE: in the project).
        destination: a CIDR.
        next_hop: an instance's id, an address, or whatever else the cloud leads to.
        table: id of the table it is in; on GCE the network's.
        priority: the lower one wins among equal destinations.
        cluster: whose it is: our cluster's name by our mark; empty: not made by this project.
        node: the Kubernetes node that it is for, by our mark.
        tags: only instances with one of these tags use it; empty: all do.
        description: free text.
        status: the cloud's word (`ACTIVE`, `INACTIVE`, …); empty where it has none.
        warnings: what the cloud finds wrong with it, `CODE: text`.

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

    def facts(self) -> dict[str, Any]:
        """Return what was asked for, without what the cloud reports of its state, which changes by itself."""
        told = {name: value for name, value in asdict(self).items() if name not in ("status", "warnings")}
        return {**told, "tags": list(self.tags)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Route:
        """Return the route that `facts` described, also after a journey through JSON."""
        return cls(**{**facts, "tags": tuple(facts["tags"])})


@dataclass(frozen=True)
class RouteTable:
    """The routes of one network or table.

    Attributes:
        id: of the table; on GCE the network's, which has just one.
        routes: all of them, also those of others.
        limit: how many the cloud holds; 0: not known.
        used: how many count against the limit.
        limit_source: what says so, with its date where it is no live number.
        reserved: ranges that the cloud lets no route lead elsewhere, beside the subnets'.

    """

    id: str
    routes: tuple[Route, ...]
    limit: int = 0
    used: int = 0
    limit_source: str = ""
    reserved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filter:
    """A filter rule that applies to packets on their way in.

    Attributes:
        id: of the rule.
        allow: whether it lets packets in.
        sources: the CIDRs that it matches packets by; empty: it selects by other means (tags, accounts).
        protocols: `all`, or the protocols with ports as the cloud writes them.
        enabled: whether it is in force.
        targets: the tags or accounts of the instances it applies to; empty: all.
        properties: the rule as the API returned it.

    """

    id: str
    allow: bool
    sources: tuple[str, ...]
    protocols: tuple[str, ...]
    enabled: bool = True
    targets: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """What a managed group makes its next machine from, and whether that machine will have forwarding on."""

    group: str
    id: str
    forwarding: bool


@dataclass(frozen=True)
class Unread:
    """A part of the cloud's state that could not be read, and which check is therefore not made."""

    what: str
    why: str


@dataclass(frozen=True)
class Fabric:
    """One network and everything in it that decides where a pod's packet goes."""

    platform: str
    network: str
    instances: tuple[Instance, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    table: RouteTable = RouteTable("", ())
    filters: tuple[Filter, ...] = ()
    templates: tuple[Template, ...] = ()
    unread: tuple[Unread, ...] = ()

    def instance(self, instance_id: str) -> Instance | None:
        """Return the instance with this id, or None."""
        return next((instance for instance in self.instances if instance.id == instance_id), None)
