"""The inverse of what one resource alone decides: forwarding, templates, filters (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.filters import Rule
from l2bridge_helpers.undo_now import UNTOUCHED, conflict, gone, inverse, stays, told

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.fabric import Nic
    from l2bridge_helpers.undo_now import Now


def undo_forwarding(change: Change, now: Now) -> Change:
    """Return the row that turns forwarding back, at the very machine that the run turned it at."""
    machine, nic = now.forwarders.get(change.resource, (None, None))
    if machine is None or nic is None:
        return gone(change, now, "the machine")
    uid, wanted = change.after.get("uid"), bool(change.before["forwarding"])
    there = {"forwarding": nic.forwarding, "uid": machine.uid}
    if machine.uid != uid:
        return stays(change, there, "another machine has its name now: the one that the run changed is gone")
    if nic.forwarding is wanted:
        return stays(change, there, UNTOUCHED)
    after = {"forwarding": wanted, "uid": uid} | ({"template": nic.template} if nic.template else {})
    if nic.fixed:
        return conflict(change, there, after, _fixed(nic))
    dialect = now.dialect
    command = dialect.enable_command(machine, nic) if wanted else dialect.disable_command(machine, nic)
    return inverse(change, there, after, command)


def _fixed(nic: Nic) -> str:
    return f"nobody may change it here: {nic.fixed}{f'; {nic.remedy}' if nic.remedy else ''}"


def undo_template(change: Change, now: Now) -> Change:
    """Return the row that turns forwarding back in the template of a group."""
    template = now.templates.get(change.resource)
    if template is None:
        return gone(change, now, "the group")
    wanted = bool(change.before["forwarding"])
    there = {"forwarding": template.forwarding}
    if template.forwarding is wanted:
        return stays(change, there, UNTOUCHED)
    if not template.changeable:
        return conflict(change, there, {"forwarding": wanted}, "its template can no longer be changed by a run")
    command = now.dialect.template_command(template, on=wanted)
    return inverse(change, there, {"forwarding": wanted}, command)


def undo_filter(change: Change, now: Now) -> Change:
    """Return the row that closes what the run opened, or opens what it closed."""
    there = now.rule(change.after or change.before)
    if not there and now.unread("filter"):
        return gone(change, now, "the rule")
    if there == change.before:
        return stays(change, there, UNTOUCHED)
    if there != change.after:
        reason = f"the rule {told(there, change.after)}: others have changed it since the run"
        return conflict(change, there, change.before, reason)
    sides = [Rule.from_facts(side) if side else None for side in (there, change.before)]
    return inverse(change, there, change.before, now.dialect.opening_command(now.fabric, sides[0], sides[1]))
