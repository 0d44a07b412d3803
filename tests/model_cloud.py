"""A cloud in a few lines, independent of the planner: what changes do to a fabric, and where a packet then goes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.fabric import Fabric, Instance, Route


def steps(plan: Plan, fabric: Fabric) -> Iterator[Fabric]:
    """Yield the fabric after each single request: a replacement is two, the new route before the old one goes."""
    state = fabric
    for change in plan.writes:
        for after in _requests(change, state):
            state = after
            yield state


def carry_out(plan: Plan, fabric: Fabric) -> Fabric:
    """Return the fabric after the whole plan."""
    return [fabric, *steps(plan, fabric)][-1]


def winners(fabric: Fabric, sender: Instance, address: str) -> list[Route]:
    """Return the routes that a packet of this sender follows: longest prefix, then lowest priority; several: split."""
    ip = ipaddress.ip_address(address)
    usable = [
        route
        for route in fabric.routes
        if (not route.tags or set(route.tags) & set(sender.tags)) and ip in ipaddress.ip_network(route.destination)
    ]
    longest = max((ipaddress.ip_network(route.destination).prefixlen for route in usable), default=-1)
    best = [route for route in usable if ipaddress.ip_network(route.destination).prefixlen == longest]
    return [route for route in best if route.priority == min(other.priority for other in best)]


def probes(fabric: Fabric, destination: str) -> list[str]:
    """Return addresses of a pod CIDR that tell its routes apart: its first, and the first of each range inside it."""
    network = ipaddress.ip_network(destination)
    ranges = [ipaddress.ip_network(route.destination) for route in fabric.routes]
    inside = [other for other in ranges if other.version == network.version and other.subnet_of(network)]  # type: ignore[arg-type]
    return [str(other.network_address) for other in (network, *inside)]


def leads_to(route: Route, instance: Instance) -> bool:
    own = {instance.id, *(nic.primary(version) for nic in instance.nics for version in (4, 6))}
    return route.next_hop in own - {""}


def _requests(change: Change, fabric: Fabric) -> Iterator[Fabric]:
    if change.kind == "forwarding":
        yield replace(fabric, instances=tuple(_forward(one, change) for one in fabric.instances))
        return
    if change.action != "delete":
        route = Route.from_facts(change.after)
        assert route.name not in {other.name for other in fabric.routes}, f"409 alreadyExists: {route.name}"
        fabric = _with(fabric, (*fabric.routes, route))
        yield fabric
    if change.action != "create":
        name = change.before["name"]
        assert name in {other.name for other in fabric.routes}, f"404 notFound: {name}"
        yield _with(fabric, tuple(other for other in fabric.routes if other.name != name))


def _forward(instance: Instance, change: Change) -> Instance:
    if instance.id != change.resource:
        return instance
    assert instance.uid == change.before["uid"]
    return replace(instance, nics=tuple(replace(nic, forwarding=True) for nic in instance.nics))


def _with(fabric: Fabric, routes: tuple[Route, ...]) -> Fabric:
    (table,) = fabric.tables
    return replace(fabric, tables=(replace(table, routes=routes),))
