"""What changed between two reads beside the plan: wrong in what we wrote, elsewhere someone else's work (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.changes import is_kept
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import Rule
from l2bridge_helpers.nodes import parse_cidr
from l2bridge_helpers.proof import Check

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route

_RENEWED = ("etag", "fingerprint", "labelFingerprint", "provisioningState")


def nothing_else(
    changes: Plan, before: Fabric, after: Fabric, based_on: Mapping[str, Mapping[str, Any]]
) -> Iterator[Check]:
    """Return what changed beside the plan: in what we wrote it is wrong, elsewhere it is someone else's work."""
    yield from _resources(changes, before, after, based_on)
    touched = {change.resource for change in changes} | {str(change.before.get("name")) for change in changes}
    yield from () if changes.undoes else _rivals(changes, after)
    yield from _others("route", _routes(before, touched), _routes(after, touched))
    yield from _others("subnet", _subnets(before, touched), _subnets(after, touched))
    ours = {Rule.from_facts(row.after or row.before).id for row in changes if row.kind == "filter" and row.writes}
    yield from _others("filter rule", _rules(before, ours), _rules(after, ours))


def _resources(
    changes: Plan, before: Fabric, after: Fabric, based_on: Mapping[str, Mapping[str, Any]]
) -> Iterator[Check]:
    ours = _written(changes)
    dialect = dialect_of(after.platform)
    allowed = dialect.written_properties | dialect.reported_properties
    now = after.resources()
    deleted = {row.resource for row in changes.writes if row.kind == "table" and row.action == "delete"}
    for resource, then in before.resources().items():
        if resource in deleted:
            continue
        fresh = now.get(resource)
        if fresh is None:
            yield Check("note", resource, ours.get(resource, ""), "unchanged", "gone; removed by others")
            continue
        changed = sorted(_differing(then, fresh) - allowed)
        written = based_on.get(resource)
        if written and changed:
            by_others = sorted(_differing(then, written) - allowed)
            changed = sorted(_differing(written, fresh) - allowed)
            if by_others:
                found = f"changed by others before it was written: {', '.join(by_others)}"
                yield Check("note", resource, ours[resource], "unchanged", found)
        if resource in ours and not (changed and not dialect.writes_whole):
            what = "forwarding" if ours[resource] else "what the plan says"
            found = f"changed: {', '.join(changed)}" if changed else f"nothing but {what} changed"
            yield Check("wrong" if changed else "ok", resource, ours[resource], "every other property as before", found)
        elif changed:
            yield Check(
                "note", resource, ours.get(resource, ""), "unchanged", f"changed by others: {', '.join(changed)}"
            )


def _written(changes: Plan) -> dict[str, str]:
    """Return the resources that changes write, with the node that each is for."""
    dialect = dialect_of(changes.platform)
    nics = {change.resource: change.node for change in changes.writes if change.kind == "forwarding"}
    subnets = {change.resource: "" for change in changes.writes if change.kind == "association"}
    return nics | subnets | {name: "" for change in changes.writes if (name := dialect.together(change))}


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {key for key in one.keys() | other.keys() if _lasting(one.get(key)) != _lasting(other.get(key))}


def _lasting(value: Any) -> Any:
    """Return a property without what every write renews, or the cloud does by itself."""
    if isinstance(value, Mapping):
        return {key: _lasting(part) for key, part in value.items() if key not in _RENEWED}
    return [_lasting(part) for part in value] if isinstance(value, list) else value


def _routes(fabric: Fabric, touched: set[str]) -> dict[str, tuple[str, str, int]]:
    return {
        route.name: (route.destination, route.next_hop, route.priority)
        for route in fabric.routes
        if route.name not in touched
    }


def _subnets(fabric: Fabric, touched: set[str]) -> dict[str, object]:
    """Return ranges and table of each subnet; of those that are given a table only the ranges."""
    return {subnet.id: (subnet.cidrs, "" if subnet.id in touched else subnet.table) for subnet in fabric.subnets}


def _rules(fabric: Fabric, touched: set[str]) -> dict[str, object]:
    return {
        rule.id: replace(rule, properties=json.dumps(rule.properties, sort_keys=True, default=str))  # type: ignore[arg-type]
        for rule in fabric.rules
        if rule.id not in touched
    }


def _rivals(changes: Plan, after: Fabric) -> Iterator[Check]:
    """Return the routes that take packets for a pod CIDR away from its node: new ones, or left by an older run."""
    rows = [row for row in changes if row.kind == "route" and row.after and not is_kept(row)]
    wanted = {(row.after["table"], network): row for row in rows if (network := parse_cidr(row.after["destination"]))}
    lengths = {(network.version, network.prefixlen) for _, network in wanted}
    tags = {tag for instance in after.instances for tag in instance.tags}
    for route in after.routes:
        destination = parse_cidr(route.destination)
        if destination is None or (route.tags and not tags & set(route.tags)):
            continue
        for version, length in sorted(lengths):
            if version == destination.version and length <= destination.prefixlen:
                row = wanted.get((route.table, destination.supernet(new_prefix=length)))
                if row and row.resource != route.name and _wins(route, row) and not _leads_home(route, row, after):
                    found = f"route {route.name} leads {route.destination} elsewhere"
                    yield Check("wrong", row.resource, row.node, f"{row.after['destination']} to its node alone", found)


def _wins(route: Route, row: Change) -> bool:
    """Return whether packets follow a route to the pod CIDR or a part of it: by a longer prefix, else by priority."""
    return parse_cidr(route.destination) != parse_cidr(row.after["destination"]) or (
        route.priority <= row.after["priority"]
    )


def _leads_home(route: Route, row: Change, after: Fabric) -> bool:
    """Return whether the route leads where the row's own one does, by instance, interface or address."""
    home = machine_of(row.after["next_hop"], after)
    leads = dialect_of(after.platform).leads_to(route.next_hop, *home) if home else False
    return leads or route.next_hop == row.after["next_hop"]


def machine_of(next_hop: str, fabric: Fabric) -> tuple[Instance, Nic] | None:
    """Return the instance and the NIC that a next hop is."""
    dialect = dialect_of(fabric.platform)
    pairs = ((instance, nic) for instance in fabric.instances for nic in instance.nics_in(fabric.network))
    return next((pair for pair in pairs if dialect.leads_to(next_hop, *pair)), None)


def _others(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterable[Check]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            found = "removed" if name not in after else "added" if name not in before else "changed"
            yield Check("note", f"{kind} {name}", "", "unchanged", f"{found} by others while this ran")
