"""Which lists of rules stand in front of a node, and what they do with packets between pods (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL_RULES, LAYERS
from l2bridge_helpers.nodes import parse_cidr
from l2bridge_helpers.placement import pods_of
from l2bridge_helpers.prefixes import merge
from l2bridge_helpers.reachability.ends import network_of
from l2bridge_helpers.reachability.policies import NO_DOUBT, doubt
from l2bridge_helpers.reachability.rules import Match, RuleList, Sided

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.filters import Layer, Rule
    from l2bridge_helpers.nodes import Network
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.reachability.mend import Numbers
    from l2bridge_helpers.reachability.rules import Program
    from l2bridge_helpers.reachability.traffic import Ports

_Key = tuple[str, ...]
_Routed = tuple[str, bool]
"""Destinations of routes: those of a table, and whether all pod CIDRs are taken to be among them."""


@dataclass(frozen=True)
class Stage:
    """A list of rules as packets meet it at some node.

    Attributes:
        rules: as they would count if every pod CIDR had its route.
        now: as they count with the routes that are there, where names of ranges make that differ; else None.

    """

    rules: RuleList
    now: RuleList | None


class Filters:
    """The lists of rules of a network, looked up once for all nodes."""

    def __init__(self, placed: Iterable[Placed], fabric: Fabric) -> None:
        """Sort the rules by the place that they are on."""
        self.fabric = fabric
        self.dialect = dialect_of(fabric.platform)
        self.layers = LAYERS[fabric.platform]
        self.given: Numbers = {}
        """The numbers that commands of the families before have given to new rules."""
        self._pods = tuple(str(network) for network in merge(pods_of(placed)))
        self._by_list: dict[tuple[str, str, bool], list[Rule]] = defaultdict(list)
        self._on: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for rule in fabric.rules:
            self._by_list[rule.kind, rule.list, rule.inbound].append(rule)
            for place in ("",) if rule.on is None else rule.on:
                self._on[rule.kind, place][rule.list] = None
        self._unread = any(unread.what == FIREWALL_RULES for unread in fabric.unread)
        self._tables = {subnet.id: subnet.table for subnet in fabric.subnets}
        self._matches: dict[tuple[_Key, _Key, _Routed], Match] = {}
        self._named: dict[tuple[str, _Key], bool] = {}
        self._programs: dict[object, Program] = {}
        self._stages: dict[tuple[object, ...], Stage] = {}

    def stages(self, spot: Placed, *, inbound: bool, version: int, ports: Ports) -> Iterator[Stage]:
        """Give the lists that packets pass at a node, in order."""
        for place, layer in reversed([*enumerate(self.layers)]) if inbound else enumerate(self.layers):
            key = self._key(layer, spot)
            if key is None:
                continue
            subnet = spot.nic.subnet if layer.place == "subnet" else ""
            named = (place, key, spot.nic.subnet if self._names_matter(layer, key) else subnet, inbound, version, ports)
            if named not in self._stages:
                self._stages[named] = self._stage(layer, key, spot, inbound=inbound, version=version, ports=ports)
            yield self._stages[named]

    def _key(self, layer: Layer, spot: Placed) -> _Key | None:
        """Return what decides which rules of a layer a node has; None: the layer lets everything through there."""
        if layer.place in ("network", "groups") and self._unread:
            return None
        if layer.place == "network":
            marks = {*spot.instance.tags, *spot.instance.accounts}
            return tuple(sorted(mark for mark in marks if (layer.kind, mark) in self._on))
        if layer.place == "groups":
            return tuple(sorted(spot.nic.filters)) or None
        place = spot.nic.id if layer.place == "interface" else spot.nic.subnet
        lists = tuple(sorted(self._on.get((layer.kind, place), ())))
        return lists or (None if layer.optional else ())

    def _stage(self, layer: Layer, key: _Key, spot: Placed, *, inbound: bool, version: int, ports: Ports) -> Stage:
        rules = sorted(self._rules(layer, key, inbound=inbound), key=lambda rule: (rule.number, rule.allow, rule.id))
        label = self._label(layer, key, spot)
        name = self.fabric.network if layer.place == "network" else next(iter(key), "")
        matter = self._names_matter(layer, key)
        table = self._tables.get(spot.nic.subnet, "") if matter else ""
        open_to = doubt(self.fabric, ports, inbound=inbound) if layer.place == "network" else NO_DOUBT

        def listed(*, ideal: bool) -> RuleList:
            entries = tuple(self._sided(rule, (table, ideal)) for rule in rules)
            return RuleList(layer, name, label, inbound, entries, version, ports, self._programs, open_to)

        now = listed(ideal=False) if matter else None
        return Stage(listed(ideal=True), now)

    def _rules(self, layer: Layer, key: _Key, *, inbound: bool) -> Iterator[Rule]:
        """Give the rules of a layer that count for a node."""
        if layer.place == "network":
            lists = {name for (kind, name, _) in self._by_list if kind == layer.kind}
            every = (rule for name in sorted(lists) for rule in self._by_list[layer.kind, name, inbound])
            rules = (rule for rule in every if rule.on is None or set(rule.on) & set(key))
        else:
            rules = (rule for name in key for rule in self._by_list[layer.kind, name, inbound])
        return (rule for rule in rules if rule.enabled)

    def _label(self, layer: Layer, key: _Key, spot: Placed) -> str:
        """Return what people call the list."""
        if layer.place == "network":
            return f"firewall rules of network {self.fabric.network.rpartition('/')[2]}"
        names = ", ".join(key) or "none"
        if layer.place == "groups":
            return f"{layer.kind}{'s' if len(key) > 1 else ''} {names}"
        return f"{layer.kind} {names}{f' on subnet {spot.nic.subnet}' if layer.place == 'subnet' else ''}"

    def _names_matter(self, layer: Layer, key: _Key) -> bool:
        """Return whether a name of ranges stands for routes' destinations in some rule of the lists."""
        if layer.place not in ("interface", "subnet"):
            return False
        if (layer.kind, key) not in self._named:
            rules = (rule for name in key for way in (True, False) for rule in self._by_list[layer.kind, name, way])
            names = {name for rule in rules for name in (*rule.sources, *rule.destinations)}
            matter = any(self.dialect.named_ranges(name, self.fabric, self._pods) for name in names)
            self._named[layer.kind, key] = matter
        return self._named[layer.kind, key]

    def _sided(self, rule: Rule, routed: _Routed) -> Sided:
        peers = rule.peers
        source = self._match(rule.sources, peers if rule.inbound else (), routed)
        return Sided(rule, source, self._match(rule.destinations, () if rule.inbound else peers, routed))

    def _match(self, names: _Key, peers: _Key, routed: _Routed) -> Match:
        key = (names, peers, routed)
        if key not in self._matches:
            ranges = [network for name in names for network in self._ranges(name, routed)]
            self._matches[key] = Match.of(ranges, every=not names and not peers, groups=peers)
        return self._matches[key]

    def _ranges(self, name: str, routed: _Routed) -> list[Network]:
        """Return the ranges that a name stands for; nothing for one that no pod's address belongs to."""
        network = network_of(name)
        if network:
            return [network]
        table = self.fabric.table(routed[0])
        destinations = tuple(route.destination for route in table.routes) if table else ()
        held = self.dialect.named_ranges(name, self.fabric, (*destinations, *(self._pods if routed[1] else ())))
        return [network for cidr in held if (network := parse_cidr(cidr))]
