"""Hypothesis: worlds that are right but for a few kinds of faults, each of which strikes a few nodes.

Worlds with everything wrong at once would be blocked everywhere; here all verdicts are frequent, and the smallest world
that shows something has one fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from l2bridge_helpers.fabric import Fabric, Route
from l2bridge_helpers.filters import FIREWALL_RULES, NETWORK_ACL, NETWORK_ACLS
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import NodeRow
from l2bridge_helpers.observed import Unread
from tests import reach_healthy as made
from tests.reach_healthy import World

Draw = st.DrawFn
_seldom = st.sampled_from([False] * 12 + [True])
_UNREAD = {"gce": [FIREWALL_RULES], "aws": [FIREWALL_RULES, NETWORK_ACLS], "azure": [FIREWALL_RULES], "bare_metal": []}
Fault = Callable[[Draw, World], World]
PIECES = {
    4: ["10.42.1.0/25", "10.42.2.128/26", "10.42.2.200/32", "10.42.1.0/24", "10.42.2.0/24", "10.42.0.0/23"],
    6: ["fd00:42:0:1::/65", "fd00:42:0:2:8000::/66", "fd00:42:0:2::9/128", "fd00:42:0:1::/64", "fd00:42:0:2::/64"],
}
WIDE = {4: ["10.42.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "10.10.0.0/16"], 6: ["fd00:42::/32", "fd00::/8", "::/0"]}
RANGES = [*PIECES[4], *WIDE[4], *PIECES[6], *WIDE[6]]
PROTOCOLS = ["all", "all", "all", "tcp", "6", "tcp:443", "tcp:80,400-500", "udp", "icmp", "17:443", "tcp:40000-50000"]


@st.composite
def worlds(draw: Draw, platform: str, faults: Sequence[Fault] = ()) -> World:
    """Return a strategy of worlds of one platform with some of the faults; (none given) all that are known there."""
    letters = "a" if platform == "bare_metal" else draw(st.sampled_from(["a", "ab", "ab", "abc"]))
    places = draw(st.text(alphabet=letters, min_size=2, max_size=6))
    versions = draw(st.sampled_from([(4,), (4,), (6,), (4, 6)]))
    world = made.healthy(platform, places, versions)
    for fault in draw(st.lists(st.sampled_from(faults or FAULTS[platform]), max_size=4)):
        world = fault(draw, world)
    for what in _UNREAD[platform]:
        if draw(_seldom):
            world = unread(world, what)
    return world


def _node(draw: Draw, world: World) -> str:
    return draw(st.sampled_from(world.names))


# Nodes.


def no_pod_cidr(draw: Draw, world: World) -> World:
    """Take a node's pod CIDRs, or write nonsense."""
    cidr = draw(st.sampled_from(["", "", "nonsense", "fd00:nonsense"]))
    return made.with_row(world, _node(draw, world), draw(st.sampled_from([0, 4, 6])), routeDestination=cidr)


def other_pod_cidr(draw: Draw, world: World) -> World:
    """Give a node a pod CIDR that is another one's, overlaps, is outside flannel's, or is none to have."""
    four = ["10.42.1.0/24", "10.42.1.128/25", "10.42.0.0/22", "10.10.0.0/25", "10.99.0.0/24", "10.42.77.0/24"]
    four += ["127.0.1.0/24", "169.254.9.0/24", "224.0.9.0/24", "0.0.0.0/0", "10.50.1.0/24"]
    six = ["fd00:42:0:1::/64", "fd00:42:0:1:8000::/65", "fd20::/80", "fd00:99::/64", "fe80::/64", "ff02::/64", "::/0"]
    cidr = draw(st.sampled_from(four + six))
    return made.with_row(world, _node(draw, world), 6 if ":" in cidr else 4, routeDestination=cidr)


def more_rows(draw: Draw, world: World) -> World:
    """List a pod CIDR of a node once more, or a second one of its family."""
    row = draw(st.sampled_from(world.rows))
    cidr = draw(st.sampled_from([row.routeDestination, "10.42.88.0/24", "10.42.2.0/24"]))
    return replace(world, rows=_among(draw, world.rows, replace(row, routeDestination=cidr)))


def _among(draw: Draw, rows: tuple[NodeRow, ...], new: NodeRow) -> tuple[NodeRow, ...]:
    """Put a row before or behind the others of its node."""
    same = [place for place, row in enumerate(rows) if row.nodeName == new.nodeName]
    place = draw(st.sampled_from([same[0], same[-1] + 1]))
    return (*rows[:place], new, *rows[place:])


def other_backend(draw: Draw, world: World) -> World:
    """Give a node another backend, or none."""
    return made.with_row(world, _node(draw, world), backendType=draw(st.sampled_from(["vxlan", ""])))


def other_public_ip(draw: Draw, world: World) -> World:
    """Give a node another public IP in flannel, or none."""
    versions, addresses = st.sampled_from([0, 4, 6]), st.sampled_from(["192.0.2.1", ""])
    return made.with_row(world, _node(draw, world), draw(versions), flannelPublicIP=draw(addresses))


def flannel_everywhere(draw: Draw, world: World) -> World:
    """Let flannel be silent, or use another backend, on every node."""
    backend = draw(st.sampled_from(["", "", "vxlan"]))
    silent = draw(st.booleans())
    return replace(
        world,
        rows=tuple(
            replace(row, backendType=backend, flannelPublicIP="" if silent else row.flannelPublicIP)
            for row in world.rows
        ),
    )


def flannel_config(draw: Draw, world: World) -> World:
    """Let flannel's configuration be unknown, unreadable, of one family, or of other networks."""
    found = [
        NetConf(),
        NetConf("n/c", problem="it has no net-conf.json"),
        NetConf("n/c", "host-gw", ("10.42.0.0/16",)),
        NetConf("n/c", "host-gw", ("fd00:42::/32",)),
        NetConf("n/c", "host-gw", ("10.42.0.0/23", "fd00:42::/62")),
        NetConf("n/c", "host-gw", ()),
    ]
    return replace(world, flannel=draw(st.sampled_from(found)))


def windows(draw: Draw, world: World) -> World:
    """Make it a Windows node."""
    return made.with_row(world, _node(draw, world), os="windows")


def unmatched(draw: Draw, world: World) -> World:
    """Let a node be no machine of this network, another's machine, or have no address."""
    changes = st.sampled_from(
        [{"nodeIP": ""}, {"nodeIP": "10.10.0.250"}, {"providerID": "gce://nonsense"}, {"nodeIP": "10.10.0.11"}]
    )
    return made.with_row(world, _node(draw, world), draw(st.sampled_from([0, 4, 6])), **draw(changes))


# Machines.


def stopped(draw: Draw, world: World) -> World:
    """Stop a machine."""
    return made.with_instance(world, _node(draw, world), running=False, status="TERMINATED")


def not_forwarding(draw: Draw, world: World) -> World:
    """Turn an interface's check on."""
    return made.with_nic(world, _node(draw, world), forwarding=False)


def moved(draw: Draw, world: World) -> World:
    """Put a node's interface into another subnet."""
    return made.with_nic(world, _node(draw, world), subnet=draw(st.sampled_from(world.fabric.subnets)).id)


def new_segment(draw: Draw, world: World) -> World:
    """Put a node into a segment of its own, in one family or both."""
    own = draw(st.sampled_from(["10.10.9.0/24 fd20:0:9::/64", "10.10.0.0/24 fd20:0:9::/64", "10.10.9.0/24 fd20::/64"]))
    return made.with_nic(world, _node(draw, world), subnet=own)


def tagged(draw: Draw, world: World) -> World:
    """Give a machine network tags and service accounts."""
    tags = draw(st.sampled_from([("web",), ("nodes", "web"), ()]))
    return made.with_instance(world, _node(draw, world), tags=tags, accounts=draw(st.sampled_from([(), ("robot",)])))


# Routes.


def no_route(draw: Draw, world: World) -> World:
    """Take a route away."""
    gone = draw(st.sampled_from(world.fabric.routes or (None,)))
    return made.with_routes(world, lambda routes: [route for route in routes if route != gone])


def astray(draw: Draw, world: World) -> World:
    """Change a route: where it leads, its priority, whether it is in force, whom it is for."""
    if not world.fabric.routes:
        return world
    old = draw(st.sampled_from(world.fabric.routes))
    changes: list[dict[str, Any]] = [{"next_hop": draw(_hops(world.fabric))}, {"priority": 900}, {"priority": 1100}]
    if world.fabric.platform == "gce":
        changes += [{"status": "INACTIVE"}, {"tags": ("web",)}]
    if world.fabric.platform == "aws":
        changes += [{"status": "blackhole"}]
    new = replace(old, **draw(st.sampled_from(changes)))
    return made.with_routes(world, lambda routes: [new if route == old else route for route in routes])


def more_route(draw: Draw, world: World) -> World:
    """Add a route: equal, wider or narrower than a node's, to a node or elsewhere."""
    table = draw(st.sampled_from(world.fabric.tables))
    version = draw(st.sampled_from([4, 4, 6]))
    destination = draw(st.sampled_from([*PIECES[version], *PIECES[version], *WIDE[version], "10.42.3.0/24"]))
    gce, aws = world.fabric.platform == "gce", world.fabric.platform == "aws"
    if not gce and any(route.destination == destination for route in table.routes):
        return world  # refused there
    new = Route(
        f"{table.id}:more-{len(table.routes)}",
        destination,
        draw(_hops(world.fabric)),
        table.id,
        priority=draw(st.sampled_from([1000, 1000, 900, 1100])) if gce else 1000,
        tags=draw(st.sampled_from([(), (), ("web",), ("nodes",)])) if gce else (),
        status=draw(st.sampled_from(["", "", "", "INACTIVE" if gce else "blackhole"])) if gce or aws else "",
    )
    return made.with_routes(world, lambda routes: [*routes, new], table.id)


def halves(draw: Draw, world: World) -> World:
    """Lead a node's pod CIDR by two routes of half its size as well, and sometimes by no other one."""
    found = [route for route in world.fabric.routes if "/24" in route.destination]
    if not found:
        return world
    old = draw(st.sampled_from(found))
    base = old.destination.removesuffix("0/24")
    new = [replace(old, name=f"{old.name}-{half}", destination=f"{base}{half}/25") for half in (0, 128)]
    kept = draw(st.sampled_from([[old], [], [replace(old, next_hop=draw(_hops(world.fabric)))]]))

    def change(routes: list[Route]) -> list[Route]:
        taken = {route.destination for route in routes}
        return [one for route in routes if route != old for one in [route]] + [
            *kept,
            *(route for route in new if route.destination not in taken),
        ]

    return made.with_routes(world, change, old.table)


def _hops(fabric: Fabric) -> st.SearchStrategy[str]:
    """Return next hops: nodes as the cloud names them and by their addresses, and others."""
    addresses = [host for one in fabric.instances for nic in one.nics for host in nic.hosts()]
    nodes = [one.id if fabric.platform == "gce" else one.nics[0].id for one in fabric.instances]
    others = ["10.10.0.99", "Internet", "None", "VnetLocal", "igw-1", "projects/p/zones/z/instances/gone", ""]
    named = [] if fabric.platform == "azure" else nodes
    return st.sampled_from([*named, *named, *addresses, *(other for other in others if other)])


def no_table(draw: Draw, world: World) -> World:
    """Take a subnet's route table, or give it another one."""
    subnet = draw(st.sampled_from(world.fabric.subnets))
    tables = [table.id for table in world.fabric.tables] + ([""] * 2 if world.fabric.platform == "azure" else [])
    return made.with_subnet(world, subnet.id, table=draw(st.sampled_from(tables)))


def neighbour(draw: Draw, world: World) -> World:
    """Let a range that holds pod CIDRs be the network's own, a peer's, or reserved."""
    cidr = draw(st.sampled_from(["10.42.2.0/24", "10.42.2.0/25", "10.42.0.0/16", "fd00:42:0:2::/64", "10.99.0.0/16"]))
    if world.fabric.platform == "azure" and draw(st.booleans()):
        return made.with_fabric(world, cidrs=(*world.fabric.cidrs, cidr))
    if draw(st.booleans()):
        return made.with_fabric(world, neighbours={"peer": (cidr,)})
    return made.with_fabric(world, tables=tuple(replace(table, reserved=(cidr,)) for table in world.fabric.tables))


# Filters.


def firewall_rule(draw: Draw, world: World) -> World:
    """Add a firewall rule of GCE's."""
    rule = made.firewall(
        f"rule-{len(world.fabric.rules)}",
        draw(st.sampled_from([900, 1000, 1000, 1100])),
        allow=draw(st.booleans()),
        inbound=draw(st.booleans()),
        sources=draw(_sides(RANGES)),
        destinations=draw(_sides(RANGES)),
        peers=draw(st.sampled_from([(), (), ("nodes",), ("robot",)])),
        protocols=draw(_protocols(PROTOCOLS)),
        on=draw(st.sampled_from([None, None, ("web",), ("nodes",), ("robot", "web")])),
        enabled=draw(st.sampled_from([True, True, True, False])),
    )
    return made.with_rules(world, rule)


def other_groups(draw: Draw, world: World) -> World:
    """Put other security groups on an interface: none, or such as name groups and ranges."""
    groups = draw(st.sampled_from([(), ("sg-other",), ("sg-nodes", "sg-other"), ("sg-empty",)]))
    return made.with_nic(world, _node(draw, world), filters=groups)


def group_rule(draw: Draw, world: World) -> World:
    """Add a permission to a security group; sometimes to one that had let everything in."""
    inbound = draw(st.booleans())
    peers = draw(st.sampled_from([(), (), ("sg-nodes",), ("sg-other",), ("pl-1",)]))
    ranges = draw(_sides(RANGES)) or (() if peers else ("10.42.0.0/16",))
    group = draw(st.sampled_from(["sg-nodes", "sg-other"]))
    sides = {"sources" if inbound else "destinations": ranges}
    protocols = draw(_protocols(PROTOCOLS))
    rule = made.permission(group, len(world.fabric.rules), inbound=inbound, peers=peers, protocols=protocols, **sides)
    return made.with_rules(_fewer(draw, world, group), rule)


def _fewer(draw: Draw, world: World, group: str) -> World:
    """Sometimes take away the permissions that a group has."""
    gone = draw(st.sampled_from(["", group]))
    return made.with_fabric(world, rules=tuple(rule for rule in world.fabric.rules if rule.list != gone))


def acl_entry(draw: Draw, world: World) -> World:
    """Add an entry to a subnet's network ACL."""
    subnet = draw(st.sampled_from(world.fabric.subnets)).id
    rule = made.entry(
        subnet,
        draw(st.sampled_from([50, 60, 104, 106, 200])),
        draw(st.sampled_from(RANGES)),
        allow=draw(st.booleans()),
        inbound=draw(st.booleans()),
        protocols=draw(_protocols(PROTOCOLS)),
    )
    return made.with_rules(world, rule)


def security_group_rule(draw: Draw, world: World) -> World:
    """Add a rule to a network security group, which is put on an interface where there is none."""
    nic = draw(st.sampled_from(world.fabric.instances)).nics[0]
    group, on = draw(st.sampled_from([(f"rg/nsg-{nic.subnet[-1]}", nic.subnet), (f"nsg-of-{nic.id}", nic.id)]))
    named = [*RANGES, "VirtualNetwork", "virtualnetwork", "Internet", "AzureLoadBalancer", "rg/asg"]
    rule = made.security_rule(
        group,
        (on,),
        f"rule-{len(world.fabric.rules)}",
        draw(st.sampled_from([100, 200, 300])),
        allow=draw(st.booleans()),
        inbound=draw(st.booleans()),
        sources=draw(_sides(named)),
        destinations=draw(_sides(named)),
        protocols=draw(_protocols([*PROTOCOLS, "all:443", "all:80", "tcp:443 from 53", "all from 53"])),
    )
    there = any(one.list == group for one in world.fabric.rules)
    return made.with_rules(world, *([] if there else made.default_rules(group, (on,))), rule)


def no_rule(draw: Draw, world: World) -> World:
    """Take a filter rule away."""
    gone = draw(st.sampled_from(world.fabric.rules or (None,)))
    return made.with_fabric(world, rules=tuple(rule for rule in world.fabric.rules if rule is not gone))


def unread(world: World, what: str) -> World:
    """Let the rules of network ACLs, or all others, not be readable."""
    acls = what == NETWORK_ACLS
    rules = tuple(rule for rule in world.fabric.rules if (rule.kind == NETWORK_ACL) != acls)
    return made.with_fabric(world, rules=rules, unread=(*world.fabric.unread, Unread(what, "permission missing")))


def _sides(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


def _protocols(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=2).map(tuple)


NODES: list[Fault] = [
    *(no_pod_cidr, other_pod_cidr, more_rows, other_backend, other_public_ip, flannel_everywhere, flannel_config),
    *(windows, unmatched, stopped),
]
ROUTES: list[Fault] = [not_forwarding, moved, no_route, astray, more_route, more_route, more_route, halves]
FILTERS: dict[str, list[Fault]] = {
    "gce": [tagged, firewall_rule, firewall_rule, firewall_rule, no_rule],
    "aws": [other_groups, group_rule, group_rule, acl_entry, acl_entry, no_rule],
    "azure": [security_group_rule, security_group_rule, no_table, no_rule],
    "bare_metal": [],
}
FAULTS: dict[str, list[Fault]] = {
    "gce": [*NODES, *ROUTES, neighbour, *FILTERS["gce"]],
    "aws": [*NODES, *ROUTES, no_table, neighbour, *FILTERS["aws"]],
    "azure": [*NODES, *ROUTES, no_table, neighbour, *FILTERS["azure"]],
    "bare_metal": [*NODES, new_segment, new_segment],
}
"""Platform -> what can be wrong there; what stands twice is drawn more often."""
