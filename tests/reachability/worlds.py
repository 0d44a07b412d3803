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
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import NodeRow
from tests.reachability import healthy as made
from tests.reachability import worlds_filters as filters
from tests.reachability.healthy import World

Draw = st.DrawFn
_seldom = st.sampled_from([False] * 12 + [True])
Fault = Callable[[Draw, World], World]


@st.composite
def worlds(draw: Draw, platform: str, faults: Sequence[Fault] = ()) -> World:
    """Return a strategy of worlds of one platform with some of the faults; (none given) all that are known there."""
    letters = "a" if platform == "bare_metal" else draw(st.sampled_from(["a", "ab", "ab", "abc"]))
    places = draw(st.text(alphabet=letters, min_size=2, max_size=6))
    versions = draw(st.sampled_from([(4,), (4,), (6,), (4, 6)]))
    world = made.healthy(platform, places, versions)
    for fault in draw(st.lists(st.sampled_from(faults or FAULTS[platform]), max_size=4)):
        world = fault(draw, world)
    for what in filters.UNREAD[platform]:
        if draw(_seldom):
            world = filters.unread(world, what)
    return filters.policies(draw, world) if platform == "gce" and draw(_seldom) else world


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
    destination = draw(
        st.sampled_from([*made.PIECES[version], *made.PIECES[version], *made.WIDE[version], "10.42.3.0/24"])
    )
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
        others = [route for route in routes if route != old]
        return [*others, *kept, *(route for route in new if route.destination not in taken)]

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


NODES: list[Fault] = [
    *(no_pod_cidr, other_pod_cidr, more_rows, other_backend, other_public_ip, flannel_everywhere, flannel_config),
    *(windows, unmatched, stopped),
]
ROUTES: list[Fault] = [not_forwarding, moved, no_route, astray, more_route, more_route, more_route, halves]
FILTERS: dict[str, list[Fault]] = {
    "gce": [tagged, filters.firewall_rule, filters.firewall_rule, filters.firewall_rule, filters.no_rule],
    "aws": [
        filters.other_groups,
        filters.group_rule,
        filters.group_rule,
        filters.acl_entry,
        filters.acl_entry,
        filters.no_rule,
    ],
    "azure": [filters.security_group_rule, filters.security_group_rule, no_table, filters.no_rule],
    "bare_metal": [],
}
FAULTS: dict[str, list[Fault]] = {
    "gce": [*NODES, *ROUTES, neighbour, *FILTERS["gce"]],
    "aws": [*NODES, *ROUTES, no_table, neighbour, *FILTERS["aws"]],
    "azure": [*NODES, *ROUTES, no_table, neighbour, *FILTERS["azure"]],
    "bare_metal": [*NODES, new_segment, new_segment],
}
"""Platform -> what can be wrong there; what stands twice is drawn more often."""
