"""Nodes + Fabric -> Plan: what has to change so that the network delivers every pod CIDR to its node (pure).

The rules, each of which has tests:

* A route is ours only by its mark. Someone else's is never changed or deleted: it satisfies, or it is a conflict.
* A route of ours goes only when its node is gone from a node list that is whole, or when it is left over.
* A replacement is one row, and never leaves a gap: the cloud swaps the next hop in one step, or the adapter makes the
  new route before it removes the old one.
* Where routes carry no marks, what says that they are ours is written before they are made.
* A subnet that has a route table keeps it. One that has none is given one after that holds the routes.
* Filters are opened to pods only where the operator wishes it, and no rule of others says that pods are kept out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.changes import Action, Change, Plan, ordered
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.plan_filters import filter_changes
from l2bridge_helpers.plan_routes import route_changes
from l2bridge_helpers.plan_state import State
from l2bridge_helpers.plan_tables import table_changes
from l2bridge_helpers.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from l2bridge_helpers.fabric import Fabric, Instance, Nic, RouteTable


def plan(nodes: pd.DataFrame, fabric: Fabric, *, cluster: str, scope: Scope = EVERYTHING) -> Plan:
    """Return the changes that lead every pod CIDR to its node, in the order in which they are applied.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        cluster: the name that marks this cluster's routes.
        scope: which kinds of change the plan may hold.

    """
    state = State(nodes, fabric, cluster, scope)
    routes = route_changes(state)
    forwarding = _forwarding_changes(state) if scope.forwarding else ()
    templates = _template_changes(state) if scope.forwarding else ()
    filters = filter_changes(state)
    tables = [*_mark_changes(routes, state), *table_changes(routes, state)] if scope.routes else []
    changes = ordered([*templates, *forwarding, *filters, *routes, *tables])
    own = len(state.ours) + sum(row.action in ("none", "update", "delete") for row in filters)
    return Plan(fabric.platform, cluster, fabric.network, changes, own, scope.forwarding, scope.routes)


def _forwarding_changes(state: State) -> Iterator[Change]:
    for (resource, node), (instance, nic) in _forwarders(state).items():
        before = {"forwarding": nic.forwarding, "uid": instance.uid}
        if nic.forwarding or nic.fixed:
            reason = f"left alone: {nic.fixed}" if nic.fixed else "forwarding is on"
            yield Change("none", "forwarding", resource, node, before, before, reason)
        else:
            after = {"forwarding": True, "uid": instance.uid}
            after |= {"template": nic.template} if nic.template else {}
            command = state.dialect.enable_command(instance, nic)
            reason = f"the cloud drops packets that do not carry this {_unit(state)}'s own address"
            yield Change("update", "forwarding", resource, node, before, after, reason, command)


def _template_changes(state: State) -> Iterator[Change]:
    """Return the rows of the groups that nodes are made by, and whose templates can be changed."""
    groups = {spot.instance.group for spot in state.placed}
    for template in state.fabric.templates:
        before = {"forwarding": template.forwarding}
        if template.group not in groups or not template.changeable:
            continue
        if template.forwarding:
            yield Change("none", "template", template.group, "", before, before, "its next machines forward")
        else:
            command = state.dialect.template_command(template)
            reason = "without it the next machine of this group drops pod packets again"
            yield Change("update", "template", template.group, "", before, {"forwarding": True}, reason, command)


def _unit(state: State) -> str:
    return "interface" if state.dialect.forwarding_per_nic else "machine"


def _forwarders(state: State) -> dict[tuple[str, str], tuple[Instance, Nic]]:
    """Return what forwarding is turned on at, by (id, node): first where the nodes' addresses are."""
    if not state.dialect.forwarding_per_nic:
        return {(spot.instance.id, spot.row.nodeName): (spot.instance, spot.nic) for spot in state.placed}
    found = {(spot.nic.id, spot.row.nodeName): (spot.instance, spot.nic) for spot in state.placed}
    if state.scope.all_nics:
        for spot in state.placed:
            for nic in spot.instance.nics_in(state.fabric.network):
                found.setdefault((nic.id, spot.row.nodeName), (spot.instance, nic))
    return found


def _mark_changes(routes: list[Change], state: State) -> Iterator[Change]:
    there = (table for table in state.fabric.tables if table.exists)  # a new one is made with its marks
    for table in sorted(there, key=lambda table: table.id):
        made = {row.after["destination"] for row in _of(routes, "create") if row.after["table"] == table.id}
        gone = {row.before["destination"] for row in _of(routes, "delete") if row.before["table"] == table.id}
        yield from _marks_of(table, made, gone, state)


def _of(changes: list[Change], action: Action) -> Iterator[Change]:
    return (change for change in changes if change.action == action)


def _marks_of(table: RouteTable, made: set[str], gone: set[str], state: State) -> Iterator[Change]:
    """Return what has to be written on one table: the claim to what is about to be made, then what is ours."""
    there = {route.destination for route in state.routes if route.table == table.id and route.cluster == state.cluster}
    before = state.dialect.own_marks(table.marks, state.cluster)
    try:
        claim = state.dialect.marks(state.cluster, there, made) if made else before
        after = state.dialect.marks(state.cluster, (there | made) - gone)
    except DataError as err:
        yield Change("conflict", "mark", table.id, "", before, before, str(err))
        return
    if claim != before:
        reason = "whatever happens on the way, these routes will be known as ours"
        command = state.dialect.mark_command(table.id, before, claim)
        yield Change("update", "claim", table.id, "", before, claim, reason, command)
    if after != claim:
        reason = "routes in this table carry no marks of their own: these are ours"
        command = state.dialect.mark_command(table.id, claim, after)
        yield Change("update", "mark", table.id, "", claim, after, reason, command)
