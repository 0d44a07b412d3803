"""The network as an undo looks at it: what the journal names, and what is there now (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.changes import Action, Change
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL_RULES, Rule

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric, Route

Facts = Mapping[str, Any]

UNTOUCHED = "it is as it was before the run"
_READ_BY: Mapping[str, tuple[str, ...]] = {
    "forwarding": ("instances of", "network interfaces of", "scale sets", "subscription "),
    "template": ("scale sets",),
    "filter": (FIREWALL_RULES,),
    "route": ("route table ",),
    "table": ("route table ",),
}
"""Kind of change -> how the reads are called (`Unread.what`) without which what is missing may still be there."""


class Now:
    """One network, looked up by what journals name.

    Attributes:
        fabric: as it was read just now.
        dialect: its cloud's.
        cluster: whose run it was.
        routes: all routes by name; one that a run of ours was about to make when it broke off counts as ours.

    """

    def __init__(self, fabric: Fabric, cluster: str) -> None:
        """Look everything up once."""
        self.fabric = fabric
        self.dialect = dialect_of(fabric.platform)
        self.cluster = cluster
        self.routes = {route.name: self._claimed(route) for route in fabric.routes}
        self.rules = {rule.id: rule for rule in fabric.rules}
        self.templates = {template.group: template for template in fabric.templates}
        self.tables = {table.id: table for table in fabric.tables if table.exists}
        self.machines = {one.id for one in fabric.instances}
        self.forwarders = fabric.forwarders(per_nic=self.dialect.forwarding_per_nic)

    def _claimed(self, route: Route) -> Route:
        ours = route.claim == self.cluster and not route.cluster
        return replace(route, cluster=self.cluster) if ours else route

    def unread(self, kind: str) -> str:
        """Return why what is missing may still be there, "" when it is not: all was read."""
        beginnings = _READ_BY.get(kind, ())
        return next((f"{one.what}: {one.why}" for one in self.fabric.unread if one.what.startswith(beginnings)), "")

    def rule(self, facts: Facts) -> Facts:
        """Return what the rule that these facts described is now; nothing for no such rule."""
        found = self.rules.get(Rule.from_facts(facts).id)
        return found.facts() if found else {}

    def route(self, facts: Facts) -> Facts:
        """Return what the route that these facts described is now; nothing for no such route."""
        found = self.routes.get(facts["name"]) if facts else None
        return found.facts() if found else {}


def stays(change: Change, there: Facts, reason: str) -> Change:
    """Return the row of what is left as it is."""
    return Change("none", change.kind, _name(change, there), change.node, there, there, reason)


def gone(change: Change, now: Now, what: str) -> Change:
    """Return the row of what is not there any more, so that nothing can be put back; unless it only was not read."""
    if unread := now.unread(change.kind):
        reason = f"{what} was not found, and may still be there: {unread}; grant the permission, then run again"
        return Change("conflict", change.kind, change.resource, change.node, {}, change.before, reason)
    return stays(change, {}, f"{what} is gone, and with it what the run changed")


def conflict(change: Change, there: Facts, wanted: Facts, reason: str) -> Change:
    """Return the row of what somebody has changed since: it is left alone."""
    return Change("conflict", change.kind, change.resource, change.node, there, wanted, reason)


def inverse(change: Change, there: Facts, wanted: Facts, command: str) -> Change:
    """Return the row that puts back what a change has made."""
    action: Action = "update" if there and wanted else "create" if wanted else "delete"
    resource = _name(change, wanted or there)
    verb = {"update": "changed it", "create": "deleted it", "delete": "made it"}[action]
    return Change(action, change.kind, resource, change.node, there, wanted, f"the run {verb}", command)


def _name(change: Change, side: Facts) -> str:
    """Return the resource's id: routes that take each other's place can have two names."""
    return str(side.get("name", change.resource)) if change.kind == "route" else change.resource


def told(facts: Facts, wanted: Facts) -> str:
    """Return in what facts differ from others: `next_hop 10.0.0.9 (not 10.0.0.4)`."""
    if not facts:
        return "is not there any more"
    names = [name for name in sorted(facts.keys() | wanted.keys()) if facts.get(name) != wanted.get(name)]
    differing = (f"{name} {_plain(facts.get(name))} (not {_plain(wanted.get(name))})" for name in names)
    return f"has {', '.join(differing)}"


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={text}" for name, text in value.items()) or "none"
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value) or "none"
