"""Worlds with one thing wrong, with the pairs that it should stop, and worlds with what only looks wrong.

Nodes 1, 2 and 5 are in subnet a, nodes 3 and 4 in subnet b; without subnets (bare metal) all are in one segment.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from l2bridge_helpers.fabric import Route
from l2bridge_helpers.filters import Rule
from l2bridge_helpers.flannel import NetConf
from tests.reachability import healthy as made
from tests.reachability.healthy import World

PLACES = {"gce": "aabba", "aws": "aabba", "azure": "aabba", "bare_metal": "aaaaa"}
NODES = tuple(f"node-{number}" for number in range(1, 6))
PAIRS = frozenset(itertools.permutations(NODES, 2))
A, B = ("node-1", "node-2", "node-5"), ("node-3", "node-4")
ONE = ("node-3",)
WEB = "10.42.3.0/24"
"""Node 3's pod CIDR."""
CONFIG = made.FLANNEL.source
PODS = made.PODS[4]
Pairs = frozenset[tuple[str, str]]
Change = Callable[[World], World]


def way(senders: Iterable[str] = NODES, receivers: Iterable[str] = NODES) -> Pairs:
    """Return the pairs from some nodes to some others."""
    return frozenset(pair for pair in itertools.product(senders, receivers) if pair in PAIRS)


def both(some: Iterable[str], others: Iterable[str] = NODES) -> Pairs:
    """Return the pairs between some nodes and others, both ways."""
    return way(some, others) | way(others, some)


@dataclass(frozen=True)
class Case:
    """What is changed, which pairs that stops, and what is said of it: the kind of the cause, and what decides."""

    name: str
    change: Change
    stops: Pairs
    kind: str
    object: str
    verdict: str = "blocked"
    fails: bool = True


def healthy(platform: str) -> World:
    """Return the world in which everything reaches; node 3's machine has a tag of its own."""
    return made.with_instance(made.healthy(platform, PLACES[platform]), "node-3", tags=("at-3",))


def row(**changes: Any) -> Change:
    return lambda world: made.with_row(world, "node-3", **changes)


def nic(**changes: Any) -> Change:
    return lambda world: made.with_nic(world, "node-3", **changes)


def machine(**changes: Any) -> Change:
    return lambda world: made.with_instance(world, "node-3", **changes)


def rules(*more: Rule) -> Change:
    return lambda world: made.with_rules(world, *more)


def without(*names: str) -> Change:
    """Take away the filter rules with these names."""
    return lambda world: made.with_fabric(
        world, rules=tuple(rule for rule in world.fabric.rules if rule.name not in names)
    )


def route(table: str = "", **changes: Any) -> Change:
    """Change the routes to node 3's pods; `gone`: take them away; `more`: add one that is changed so."""
    gone, more = changes.pop("gone", False), changes.pop("more", False)

    def changed(routes: list[Route]) -> list[Route]:
        old = next(one for one in routes if one.destination == WEB)
        kept = [one for one in routes if one is not old or more]
        return kept if gone else [*kept, replace(old, name=f"{old.name}-changed", **changes)]

    return lambda world: made.with_routes(world, changed, table)


def then(*changes: Change) -> Change:
    """Make one change after the other."""

    def every(world: World) -> World:
        for change in changes:
            world = change(world)
        return world

    return every


def tagged(node: str, *tags: str) -> Change:
    return lambda world: made.with_instance(world, node, tags=tags)


def peered(cidr: str) -> Change:
    return lambda world: made.with_fabric(world, neighbours={"other": (cidr,)})


def flannel_networks(*networks: str) -> Change:
    return lambda world: replace(world, flannel=NetConf("kube-flannel/kube-flannel-cfg", "host-gw", networks))


def backend_everywhere(backend: str) -> Change:
    return lambda world: replace(world, rows=tuple(replace(one, backendType=backend) for one in world.rows))


def table_of(subnet: str, table: str) -> Change:
    return lambda world: made.with_subnet(world, subnet, table=table)


def no_rules(world: World) -> World:
    return made.with_fabric(world, rules=())


def deny(name: str = "x", number: int = 900, **more: Any) -> Rule:
    """Return a firewall rule of GCE's that drops packets."""
    return made.firewall(name, number, allow=False, **more)


def drop(subnet: str, cidr: str, port: str = "", *, inbound: bool = True) -> Rule:
    """Return an entry of a network ACL that drops packets."""
    protocols = (f"6:{port}",) if port else ("all",)
    return made.entry(f"subnet-{subnet}", 50, cidr, allow=False, inbound=inbound, protocols=protocols)


def closed(subnet: str, **more: Any) -> Rule:
    """Return a rule of a subnet's network security group that drops packets."""
    return made.security_rule(f"rg/nsg-{subnet}", (f"rg/main/{subnet}",), "x", 100, allow=False, **more)


def closed_interface(*, inbound: bool) -> Change:
    """Put a network security group on node 3's interface that drops everything one way."""
    on = ("rg/node-3-nic",)
    rule = made.security_rule("rg/nsg-x", on, "x", 100, allow=False, inbound=inbound)
    return rules(*made.default_rules("rg/nsg-x", on), rule)


def other_group(rule: Rule) -> Change:
    """Put node 3 into a security group of this one rule."""
    return then(nic(filters=(rule.list,)), rules(rule))


ANY_PLATFORM = [
    Case("no pod CIDR", row(routeDestination=""), both(ONE), "node", "node-3"),
    Case("no InternalIP", row(nodeIP=""), both(ONE), "node", "node-3"),
    Case("an address that no machine has", row(nodeIP="10.10.1.250"), both(ONE), "node", "node-3"),
    Case("a pod CIDR that is a peer's range", peered(WEB), both(ONE), "pod CIDR", "node-3"),
    Case("pod CIDRs outside Network", flannel_networks("10.42.0.0/22"), both(NODES[3:]), "pod CIDR", "node-4"),
    Case("another public IP", row(flannelPublicIP="192.0.2.1"), way(NODES, ONE), "flannel", "node-3"),
    Case("another backend", row(backendType="vxlan"), both(ONE), "flannel", "node-3"),
    Case("flannel not seen", row(backendType=""), both(ONE), "flannel", "node-3", "unproven", fails=False),
    Case("flannel of IPv6", flannel_networks(made.PODS[6]), PAIRS, "flannel", CONFIG, "unproven", fails=False),
    Case("vxlan everywhere", backend_everywhere("vxlan"), PAIRS, "flannel", "node-1", "unproven", fails=False),
]
NODE_1, NET = made.instance_id("gce", 1), made.NETWORKS["gce"]
CHANGED = f"{NET}:{WEB}-changed"
FOR_NODE_1 = tagged("node-1", "web")
NARROW: dict[str, Any] = {"more": True, "next_hop": NODE_1, "destination": "10.42.3.128/25"}
GCE = [
    Case("route gone", route(gone=True), way(NODES, ONE), "route", NET),
    Case("route to another node", route(next_hop=NODE_1), way(NODES, ONE), "route", CHANGED),
    Case("route to nobody", route(next_hop="10.10.0.99"), way(NODES, ONE), "route", CHANGED),
    Case("route not in force", route(status="INACTIVE"), way(NODES, ONE), "route", NET),
    Case("route for half of it", route(destination="10.42.3.0/25"), way(NODES, ONE), "route", NET),
    Case("route for nobody's tag", route(tags=("web",)), way(NODES, ONE), "route", NET),
    Case("route for node 1's tag", then(FOR_NODE_1, route(tags=("web",))), way(NODES[1:], ONE), "route", NET),
    Case("second, equal route", route(more=True, next_hop=NODE_1), way(NODES, ONE), "route", CHANGED),
    Case("route before it", route(more=True, next_hop=NODE_1, priority=900), way(NODES, ONE), "route", CHANGED),
    Case("narrower route", route(**NARROW), way(NODES, ONE), "route", CHANGED),
    Case(
        "narrower route for node 1's tag",
        then(FOR_NODE_1, route(**NARROW, tags=("web",))),
        way(("node-1",), ONE),
        "route",
        CHANGED,
    ),
    Case("allow rule gone", without("allow-pods-4"), PAIRS, "filter", NET),
    Case("deny in", rules(deny(on=("at-3",))), way(NODES, ONE), "filter", f"{NET}/in/x"),
    Case("deny out", rules(deny(inbound=False, on=("at-3",))), way(ONE), "filter", f"{NET}/out/x"),
    Case("deny of node 3's pods", rules(deny(sources=(WEB,))), way(ONE), "filter", f"{NET}/in/x"),
    Case("deny of one of them", rules(deny(sources=("10.42.3.9/32",))), way(ONE), "filter", f"{NET}/in/x"),
    Case(
        "deny to node 3's pods",
        rules(deny(inbound=False, destinations=(WEB,))),
        way(NODES, ONE),
        "filter",
        f"{NET}/out/x",
    ),
    Case("deny of equal number", rules(deny(number=1000, protocols=("tcp:443",))), PAIRS, "filter", f"{NET}/in/x"),
]
RTB = made.table_id("aws", "a")
IN_RTB = f"{RTB}:{WEB}-changed"
ONLY_IN = made.permission("sg-x", 1, sources=(PODS,))
ONLY_OUT = made.permission("sg-x", 1, inbound=False, destinations=("0.0.0.0/0",))
AWS = [
    Case("route gone", route(RTB, gone=True), way(A, ONE), "route", RTB),
    Case("route to another node", route(RTB, next_hop="eni-1"), way(A, ONE), "route", IN_RTB),
    Case("blackhole", route(RTB, status="blackhole"), way(A, ONE), "route", IN_RTB),
    Case(
        "narrower blackhole",
        route(RTB, more=True, status="blackhole", destination="10.42.3.0/28"),
        way(A, ONE),
        "route",
        IN_RTB,
    ),
    Case("rule in gone", without("permission 4"), PAIRS, "filter", "sg-nodes"),
    Case("rule out gone", without("permission 0"), PAIRS, "filter", "sg-nodes"),
    Case("group that lets nothing in", other_group(ONLY_OUT), way(NODES, ONE), "filter", "sg-x"),
    Case("group that lets nothing out", other_group(ONLY_IN), way(ONE), "filter", "sg-x"),
    Case(
        "group that names groups",
        then(without("permission 4"), rules(made.permission("sg-nodes", 1, peers=("sg-nodes",)))),
        PAIRS,
        "filter",
        "sg-nodes/in/permission 1",
        "unproven",
        fails=False,
    ),
    Case("ACL, in", rules(drop("b", PODS)), both(A, B), "filter", "acl-of-subnet-b/in/50"),
    Case("ACL, out", rules(drop("b", PODS, inbound=False)), both(A, B), "filter", "acl-of-subnet-b/out/50"),
    Case("ACL, HTTPS in", rules(drop("b", PODS, "443-443")), way(A, B), "filter", "acl-of-subnet-b/in/50"),
    Case(
        "ACL, HTTPS out",
        rules(drop("b", PODS, "443-443", inbound=False)),
        way(B, A),
        "filter",
        "acl-of-subnet-b/out/50",
    ),
    Case("ACL, some answers in", rules(drop("b", PODS, "50000-50009")), way(B, A), "filter", "acl-of-subnet-b/in/50"),
    Case(
        "ACL, some answers out",
        rules(drop("b", PODS, "50000-50009", inbound=False)),
        way(A, B),
        "filter",
        "acl-of-subnet-b/out/50",
    ),
    Case("ACL, node 3's pods", rules(drop("a", WEB)), both(A, ONE), "filter", "acl-of-subnet-a/in/50"),
]
PODS_A = made.table_id("azure", "a")
IN_A = f"{PODS_A}:{WEB}-changed"
AZURE = [
    # VirtualNetwork holds what the looking subnet's own table leads to: without a route, its pods are strangers there.
    Case("route gone", route(PODS_A, gone=True), both(A, ONE), "route", PODS_A),
    Case("route gone, no filters", then(no_rules, route(PODS_A, gone=True)), way(A, ONE), "route", PODS_A),
    Case("association gone", table_of("rg/main/b", ""), both(B), "route table", "rg/main/b"),
    Case("association gone, no filters", then(no_rules, table_of("rg/main/b", "")), way(B), "route table", "rg/main/b"),
    Case("route to another node", route(PODS_A, next_hop="10.10.0.11"), way(A, ONE), "route", IN_A),
    Case(
        "narrower route to None",
        route(PODS_A, more=True, next_hop="None", destination="10.42.3.64/26"),
        way(A, ONE),
        "route",
        IN_A,
    ),
    Case("deny in", rules(closed("b")), way(NODES, B), "filter", "rg/nsg-b/in/x"),
    Case("deny out", rules(closed("b", inbound=False)), way(B), "filter", "rg/nsg-b/out/x"),
    Case("deny of node 3's pods", rules(closed("a", sources=(WEB,))), way(ONE, A), "filter", "rg/nsg-a/in/x"),
    Case("deny in, interface", closed_interface(inbound=True), way(NODES, ONE), "filter", "rg/nsg-x/in/x"),
    Case("deny out, interface", closed_interface(inbound=False), way(ONE), "filter", "rg/nsg-x/out/x"),
]
BARE = [Case("another segment", nic(subnet="10.10.9.0/24"), both(ONE), "segment", "10.10.9.0/24")]


def stopped_machine(platform: str) -> Case:
    name = made.instance_id(platform, 3)
    return Case("machine stopped", machine(running=False), both(ONE), "machine", name, fails=False)


def check_on(platform: str) -> Case:
    name = made.instance_id("gce", 3) if platform == "gce" else made.nic_id(platform, 3)
    return Case("forwarding off", nic(forwarding=False), both(ONE), "forwarding", name)


CASES = [
    *((platform, case) for platform in PLACES for case in (*ANY_PLATFORM, stopped_machine(platform))),
    *((platform, check_on(platform)) for platform in PLACES if platform != "bare_metal"),
    *(("gce", case) for case in GCE),
    *(("aws", case) for case in AWS),
    *(("azure", case) for case in AZURE),
    *(("bare_metal", case) for case in BARE),
]
HARMLESS = [
    ("gce", "an equal route with a higher priority number", route(more=True, next_hop=NODE_1, priority=1100)),
    ("gce", "a wider route elsewhere", route(more=True, next_hop=NODE_1, destination="10.42.0.0/16")),
    ("gce", "a second route to the same node by its address", route(more=True, next_hop="10.10.1.13")),
    ("gce", "a deny of other traffic", rules(deny(protocols=("udp", "tcp:80")))),
    ("gce", "a deny that comes later", rules(deny(number=1001))),
    ("gce", "a deny for machines with another tag", rules(deny(on=("web",)))),
    ("gce", "a deny of machines by tag: no pod has one", rules(deny(peers=("nodes",)))),
    ("gce", "a deny that is not in force", rules(deny(enabled=False))),
    ("gce", "a deny of other addresses", rules(deny(sources=("10.43.0.0/16", "::/0")))),
    ("aws", "no route between nodes of one subnet", route(made.table_id("aws", "b"), gone=True)),
    ("aws", "an ACL's deny behind its allow", rules(made.entry("subnet-b", 200, WEB, allow=False, inbound=True))),
    ("aws", "no security group", nic(filters=())),
    ("aws", "a second group that allows nothing", nic(filters=("sg-nodes", "sg-x"))),
    ("azure", "a deny behind the defaults", rules(replace(closed("b"), number=65400))),
    ("azure", "default rules on an interface", rules(*made.default_rules("rg/nsg-x", ("rg/node-3-nic",)))),
    ("azure", "pods in the network's own range", lambda world: made.with_fabric(world, cidrs=("10.0.0.0/8",))),
    (
        "azure",
        "a deny from source port 53",
        rules(closed("b", protocols=("tcp",), origins=("53",))),
    ),
    ("bare_metal", "forwarding that nobody asks for", nic(forwarding=False)),
]
