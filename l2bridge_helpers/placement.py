"""Where each node's pod CIDR has to lead: the instance and its interface, or why there is none (pure).

A node is matched by provider ID, then by private IP, then by name. A provider ID of a cloud is believed or
refused, never second-guessed. IDs that are no cloud's (`rke2://…`, `k3s://…`, `kind://…`, none at all) say
nothing, so the address decides, then the name. Two candidates are as bad as none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.nodes import natural_key, node_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from l2bridge_helpers.fabric import Fabric, Instance, Nic
    from l2bridge_helpers.nodes import Network, NodeRow

NO_CLOUD = ("", "k3d", "k3s", "kind", "rke", "rke2")
"""Schemes of provider IDs that distributions write where there is no cloud. Any other one names a machine of
some cloud, which is not looked for here by its address: private networks share their addresses."""


_ONCE = "one route is made for it, but what else is wrong with the node is not known"


@dataclass(frozen=True)
class Placed:
    """A node's pod CIDR and where it has to lead."""

    row: NodeRow
    instance: Instance
    nic: Nic


@dataclass(frozen=True)
class Unplaced:
    """A row that no route can be made for: `found` says what is wrong with it, `todo` what mends it."""

    row: NodeRow
    found: str
    todo: str
    meaning: str = "no route can be made for it: its pods stay out of reach; the other nodes are served"


@dataclass(frozen=True)
class Placement:
    """Every row of the node table, either placed or not."""

    placed: tuple[Placed, ...]
    unplaced: tuple[Unplaced, ...]


@dataclass(frozen=True)
class _Match:
    instance: Instance | None = None
    problem: str = ""


def place(nodes: pd.DataFrame, fabric: Fabric) -> Placement:
    """Return where each row's pod CIDR has to lead. An instance that two nodes claim is given to neither."""
    rows = node_rows(nodes)
    known = fabric.found.get(rows)
    if not isinstance(known, Placement):
        known = fabric.found[rows] = _placement(rows, fabric)
    return known


def _placement(rows: tuple[NodeRow, ...], fabric: Fabric) -> Placement:
    matches = _match_all(rows, fabric)
    seen: set[tuple[str, str]] = set()
    outcomes = [_place(row, matches[row.nodeName], fabric, seen) for row in rows]
    return Placement(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Placed)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Unplaced)),
    )


def pods_of(placed: Iterable[Placed]) -> list[Network]:
    """Return the pod CIDRs, in order."""
    return [network for spot in placed if (network := spot.row.network)]


def _place(row: NodeRow, match: _Match, fabric: Fabric, seen: set[tuple[str, str]]) -> Placed | Unplaced:
    problem = _cidr_problem(row, seen)
    if problem:
        todo = "correct spec.podCIDRs, or allocate them (--allocate-node-cidrs)"
        return Unplaced(row, problem, todo, _ONCE) if problem.endswith("twice") else Unplaced(row, problem, todo)
    if not row.nodeIP:
        family = "IPv6" if ":" in row.routeDestination else "IPv4"
        return Unplaced(row, f"has no InternalIP for its {family} pod CIDR", f"give it an {family} address (--node-ip)")
    if match.instance is None:
        return Unplaced(row, match.problem, "correct spec.providerID, or the parameters that say where to look")
    nic = match.instance.nic_owning(fabric.network, row.nodeIP)
    if nic is None:
        others = [address for other in match.instance.nics_in(fabric.network) for address in other.addresses]
        where = f"among {', '.join(others)}" if others else f"in network {fabric.network}"
        found = f"has the InternalIP {row.nodeIP}, but {match.instance.id} has no such address {where}"
        return Unplaced(row, found, "correct the node's address, or choose the network it is in")
    return Placed(row, match.instance, nic)


def _cidr_problem(row: NodeRow, seen: set[tuple[str, str]]) -> str:
    """Return what is wrong with the row's pod CIDR itself, or ""; `seen` gets it when it is fine."""
    if not row.routeDestination:
        return "has no pod CIDR"
    if row.network is None:
        return f"has the pod CIDR {row.routeDestination!r}, which is none"
    if (row.nodeName, row.routeDestination) in seen:
        return f"lists pod CIDR {row.routeDestination} twice"
    seen.add((row.nodeName, row.routeDestination))
    return ""


class _Index:
    """The fabric's instances by id, by address in the network, and by name."""

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric
        self.dialect = dialect_of(fabric.platform)
        self.by_id = {instance.id: instance for instance in fabric.instances}
        self.by_name: dict[str, list[Instance]] = defaultdict(list)
        self.by_address: dict[str, list[Instance]] = defaultdict(list)
        for instance in sorted(fabric.instances, key=lambda instance: instance.id):
            self.by_name[_short(instance.name)].append(instance)
            for nic in instance.nics_in(fabric.network):
                for address in nic.hosts():
                    self.by_address[address].append(instance)


def _match_all(rows: tuple[NodeRow, ...], fabric: Fabric) -> dict[str, _Match]:
    by_node: dict[str, list[NodeRow]] = defaultdict(list)
    for row in rows:
        by_node[row.nodeName].append(row)
    index = _Index(fabric)
    matches = {name: _match(name, own, index) for name, own in by_node.items()}
    claims = Counter(match.instance.id for match in matches.values() if match.instance)
    return {name: _unless_shared(name, match, matches, claims) for name, match in matches.items()}


def _match(name: str, rows: list[NodeRow], index: _Index) -> _Match:
    provider_id = rows[0].providerID
    scheme = provider_id.partition("://")[0]
    if scheme == index.dialect.platform or index.dialect.instance_id(provider_id):
        return _by_provider_id(provider_id, rows, index)
    if _is_elsewhere(scheme, index.dialect.elsewhere):
        return _Match(
            problem=f"has the provider ID {provider_id}: a machine of another cloud, not of {index.dialect.title}"
        )
    addresses = dict.fromkeys(row.nodeIP for row in rows if row.nodeIP)
    owners = _unique(instance for address in addresses for instance in index.by_address[address])
    if owners:
        return _only(owners, f"own {', '.join(addresses)}")
    namesakes = index.by_name[_short(name)]
    if namesakes:
        return _only(namesakes, f"are called {_short(name)}")
    about = f"provider ID {provider_id or 'none'}, address {', '.join(addresses) or 'none'}"
    return _Match(problem=f"is no instance in network {index.fabric.network} ({about}){_hint(name, index)}")


def _short(name: str) -> str:
    return name.partition(".")[0].lower()


def _is_elsewhere(scheme: str, schemes: frozenset[str] | None) -> bool:
    return scheme not in NO_CLOUD if schemes is None else scheme in schemes


def _hint(name: str, index: _Index) -> str:
    """Return whose address the node's name spells: worth telling, never worth acting on."""
    address = index.dialect.address_in(_short(name))
    owners = _unique(index.by_address[address]) if address else []
    return f"; its name reads as {address}, which {', '.join(owner.id for owner in owners)} has" if owners else ""


def _by_provider_id(provider_id: str, rows: list[NodeRow], index: _Index) -> _Match:
    instance_id = index.dialect.instance_id(provider_id)
    if not instance_id:
        return _Match(
            problem=f"has the malformed provider ID {provider_id}: it should read {index.dialect.provider_id_form}"
        )
    instance = index.by_id.get(instance_id)
    if instance is not None:
        return _Match(instance)
    others = _unique(other for row in rows for other in index.by_address[row.nodeIP])
    hint = f"; {', '.join(other.id for other in others)} has its address" if others else ""
    return _Match(problem=f"has the provider ID {provider_id}, but there is no such instance{hint}")


def _only(candidates: list[Instance], claim: str) -> _Match:
    if len(candidates) == 1:
        return _Match(candidates[0])
    ids = ", ".join(candidate.id for candidate in candidates)
    return _Match(problem=f"could be any of {len(candidates)} instances that {claim}: {ids}")


def _unique(instances: Iterable[Instance]) -> list[Instance]:
    return list({instance.id: instance for instance in instances}.values())


def _unless_shared(name: str, match: _Match, matches: dict[str, _Match], claims: Counter[str]) -> _Match:
    instance = match.instance
    if instance is None or claims[instance.id] == 1:
        return match
    others = [node for node, other in matches.items() if node != name and other.instance is instance]
    claimants = ", ".join(sorted(others, key=natural_key))
    return _Match(problem=f"is instance {instance.id}, which node {claimants} claims too")
