"""Hypothesis: what can be wrong with filters, one fault at a time; see reach_worlds.py."""

from __future__ import annotations

from hypothesis import strategies as st

from l2bridge_helpers.filters import (
    DROP,
    FIREWALL_POLICIES,
    FIREWALL_RULES,
    LETS_IN,
    LETS_IN_LATE,
    LETS_OUT,
    NETWORK_ACL,
    NETWORK_ACLS,
)
from l2bridge_helpers.observed import Unread
from tests.reachability import healthy as made
from tests.reachability.healthy import World

Draw = st.DrawFn
ORIGINS = [(), (), (), ("53",), ("1024-65535",), ("32768-45000", "45001-60999"), ("50000-65535",), ("0-40000",)]
RANGES = [cidr for version in (4, 6) for cidr in (*made.PIECES[version], *made.WIDE[version])]
PROTOCOLS = ["all", "all", "all", "tcp", "6", "tcp:443", "tcp:80,400-500", "udp", "icmp", "17:443", "tcp:40000-50000"]
PROTOCOLS += ["tcp:1024-65535", "tcp:32768-49999", "tcp:50000-60999", "icmpv6"]
MESSAGES = ["icmp:8", "1:3-4", "58:128", "icmpv6:1-0"]
"""Only AWS tells types and codes apart."""
UNREAD = {
    "gce": [FIREWALL_RULES, FIREWALL_POLICIES],
    "aws": [FIREWALL_RULES, NETWORK_ACLS],
    "azure": [FIREWALL_RULES],
    "bare_metal": [],
}
"""Platform -> parts that may not be readable there."""


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
    return made.with_nic(world, draw(st.sampled_from(world.names)), filters=groups)


def group_rule(draw: Draw, world: World) -> World:
    """Add a permission to a security group; sometimes to one that had let everything in."""
    inbound = draw(st.booleans())
    peers = draw(st.sampled_from([(), (), ("sg-nodes",), ("sg-other",), ("pl-1",)]))
    ranges = draw(_sides(RANGES)) or (() if peers else ("10.42.0.0/16",))
    group = draw(st.sampled_from(["sg-nodes", "sg-other"]))
    sides = {"sources" if inbound else "destinations": ranges}
    protocols = draw(_protocols([*PROTOCOLS, *MESSAGES]))
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
        protocols=draw(_protocols([*PROTOCOLS, *MESSAGES])),
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
        protocols=draw(_protocols([*PROTOCOLS, "all:443", "all:80"])),
        origins=draw(st.sampled_from(ORIGINS)),
    )
    there = any(one.list == group for one in world.fabric.rules)
    return made.with_rules(world, *([] if there else made.default_rules(group, (on,))), rule)


def no_rule(draw: Draw, world: World) -> World:
    """Take a filter rule away."""
    gone = draw(st.sampled_from(world.fabric.rules or (None,)))
    return made.with_fabric(world, rules=tuple(rule for rule in world.fabric.rules if rule is not gone))


def unread(world: World, what: str) -> World:
    """Let a part of the filters not be readable."""
    acls = what == NETWORK_ACLS
    kept = [rule for rule in world.fabric.rules if what == FIREWALL_POLICIES or (rule.kind == NETWORK_ACL) != acls]
    unread = (*world.fabric.unread, Unread(what, "permission missing"))
    return made.with_fabric(world, rules=tuple(kept), unread=unread)


def policies(draw: Draw, world: World) -> World:
    """Add a firewall policy that was read and not judged."""
    effects = draw(st.lists(st.sampled_from([DROP, LETS_IN, LETS_OUT, LETS_IN_LATE]), min_size=1, unique=True))
    may = {effect: draw(_protocols(PROTOCOLS)) for effect in effects}
    policy = Unread(FIREWALL_POLICIES, "policy P has rules that may match", may=may)
    return made.with_fabric(world, unread=(*world.fabric.unread, policy))


def _sides(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


def _protocols(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=2).map(tuple)
