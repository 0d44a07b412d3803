"""Security groups are opened to pods, range by range: each carries a mark of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.aws_dialect import permissions
from l2bridge_helpers.clouds.aws_read import group_rules_of
from l2bridge_helpers.clouds.base import later_word
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.filters import Rule

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.clouds.aws_api import AwsApi


def open_group(api: AwsApi, change: Change) -> bool:
    """Add and remove ranges of a rule of ours; return False when it was so already.

    One that is no longer what was read is left alone.

    Raises:
        CloudError: it was refused, or others have changed it.

    """
    old, new = (set(side.get("sources", ())) for side in (change.before, change.after))
    rule = Rule.from_facts(change.after or change.before)
    there = _ranges(api, rule)
    if there == new:
        return False
    if there != old:
        raise CloudError(
            f"the rule of security group {rule.list} for pods of {rule.cluster} is no longer the one that was read, "
            "so it was not changed; run again"
        )
    added, gone = sorted(new - old), sorted(old - new)
    if added and not api.authorize(rule.list, permissions(added, rule.description)):
        _check_taken(api, rule, set(added))
    if gone:
        with later_word(made=bool(added)):
            api.revoke(rule.list, permissions(gone, rule.description))
    return True


def _ranges(api: AwsApi, rule: Rule) -> set[str]:
    """Return the ranges of a rule of ours as they are now."""
    found = (one for raw in api.security_groups([rule.list]) for one in group_rules_of(raw))
    return {cidr for one in found if one.id == rule.id for cidr in one.sources}


def _check_taken(api: AwsApi, rule: Rule, wanted: set[str]) -> None:
    """Ranges that are there already are success only if all of them are, and are ours."""
    missing = sorted(wanted - _ranges(api, rule))
    if missing:
        raise CloudError(
            f"could not let {', '.join(missing)} in to security group {rule.list}: somebody else has just added such "
            "a range there; run again"
        )
