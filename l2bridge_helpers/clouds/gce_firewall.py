"""A network is opened to pods by one firewall rule for each address family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import compute_v1

from l2bridge_helpers.clouds.gce_dialect import parse_network
from l2bridge_helpers.clouds.gce_read import path_of, rule_of
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.filters import Rule

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.clouds.gce_api import GceApi


def open_network(api: GceApi, change: Change) -> bool:
    """Create, change or delete a rule of ours; return False when it was so already.

    One that is no longer what was read is left alone.

    Raises:
        CloudError: it was refused, or others have changed it.

    """
    if not change.before:
        return _create(api, Rule.from_facts(change.after))
    old = Rule.from_facts(change.before)
    host, _ = parse_network(old.list)
    existing = api.get_firewall(host, old.name)
    facts = rule_of(existing).facts() if existing else {}
    if facts == change.after:
        return False
    if facts != change.before:
        verb = "changed" if change.after else "deleted"
        raise CloudError(
            f"firewall rule {old.name} is no longer the one that was read, so it was not {verb}; run again"
        )
    if change.after:
        api.patch_firewall(host, compute_v1.Firewall(name=old.name, source_ranges=list(change.after["sources"])))
    else:
        api.delete_firewall(host, old.name)
    return True


def _create(api: GceApi, rule: Rule) -> bool:
    """Create the rule. A name that is taken is success only if the very same rule has it; then return False."""
    host, _ = parse_network(rule.list)
    if api.insert_firewall(host, _as_resource(rule)):
        return True
    existing = api.get_firewall(host, rule.name)
    if existing is None or rule_of(existing).facts() != rule.facts():
        found = (
            f"is in network {path_of(existing.network)} and not what we would make" if existing else "comes and goes"
        )
        raise CloudError(
            f"could not create firewall rule {rule.name}: one of that name {found}; look at it, then run again"
        )
    return False


def _as_resource(rule: Rule) -> compute_v1.Firewall:
    return compute_v1.Firewall(
        name=rule.name,
        network=rule.list,
        direction="INGRESS",
        priority=rule.number,
        allowed=[compute_v1.Allowed(I_p_protocol="all")],
        source_ranges=list(rule.sources),
        description=rule.description,
    )
