"""What a journal says that a run did + the network now -> the plan that puts it back (pure).

The rules, each of which has tests:

* What is still as the run left it becomes as it was. What is so already needs nothing.
* What somebody has changed since is a conflict: it is shown, and never touched.
* What was made is deleted only if it still is what was made, and nobody else has come to use it.
* What is gone cannot be put back: the row says so.
* An intent without an outcome may or may not have been carried out: the network tells, not the journal.
* What the run was refused, or has found so already, is not its work, whatever is there now.
* Marks are made of the routes that are there: routes of later runs stay known as ours.
* Nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import LEFT_ALONE, Change, Plan
from l2bridge_helpers.undo_check import check_rows
from l2bridge_helpers.undo_now import Now, conflict, stays
from l2bridge_helpers.undo_order import undo_order
from l2bridge_helpers.undo_routes import undo_tables
from l2bridge_helpers.undo_rows import undo_filter, undo_forwarding, undo_template

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.journal_records import JournalRow, JournalRun

_NOTHING = "the run changed nothing here"
_ALONE = {"forwarding": undo_forwarding, "template": undo_template, "filter": undo_filter}


def undo(run: JournalRun, rows: Sequence[JournalRow], fabric: Fabric, *, skip_conflicts: bool = False) -> Plan:
    """Return the changes that put back what a run did, in the order in which they are made.

    Args:
        run: the run.
        rows: what the journal holds of its changes.
        fabric: the run's network as it is now.
        skip_conflicts: leave what others have changed since as it is; else such rows stop `apply`.

    Raises:
        DataError: the journal holds changes that no run of ours makes.

    """
    check_rows(run, rows)
    ordered = sorted(rows, key=lambda row: row.place)
    changes = [row.change for row in ordered if not _is_unchanged(row)]
    now = Now(fabric, run.cluster)
    if fabric.network == run.network:
        inverses = list(_inverses(changes, now))
    else:
        inverses = [conflict(change, {}, change.before, _elsewhere(run, fabric)) for change in changes]
    inverses += [stays(row.change, {}, f"{_NOTHING}: {row.error}") for row in ordered if _is_unchanged(row)]
    if skip_conflicts:
        inverses = [_left(row) for row in inverses]
    kinds = {change.kind for change in changes}
    return Plan(
        platform=run.platform,
        cluster=run.cluster,
        network=run.network,
        changes=undo_order(inverses),
        own_routes=sum(row.kind in ("route", "filter", "table") for row in inverses),
        forwarding=bool(kinds & {"forwarding", "template"}),
        routes=bool(kinds - {"forwarding", "template", "filter"}),
        undoes=run.run,
    )


def _is_unchanged(row: JournalRow) -> bool:
    """Return whether the run has surely not made a change; marks are made of the routes that are there anyway."""
    return row.outcome == "unchanged" and row.change.kind not in ("claim", "mark")


def _inverses(changes: Sequence[Change], now: Now) -> Iterator[Change]:
    yield from _as_models_allow([_ALONE[change.kind](change, now) for change in changes if change.kind in _ALONE], now)
    yield from undo_tables(changes, now)


def _as_models_allow(rows: Sequence[Change], now: Now) -> Iterator[Change]:
    """Turn instances into conflicts that cannot be put back, since they follow a model that stays as it is."""
    models = {group: template.forwarding for group, template in now.templates.items()}
    models |= {row.resource: row.after["forwarding"] for row in rows if row.kind == "template" and row.writes}
    for row in rows:
        group = row.after.get("template", "") if row.kind == "forwarding" and row.writes else ""
        if group in models and models[group] != row.after["forwarding"]:
            reason = (
                f"it follows the model of {group}, which another run has changed: put back that run, then this "
                "one again; each with skip_conflicts=True where they wait for each other"
            )
            yield conflict(row, row.before, row.after, reason)
        else:
            yield row


def _elsewhere(run: JournalRun, fabric: Fabric) -> str:
    found = f"the nodes' machines are in network {fabric.network} now" if fabric.network else "no machine of it is left"
    return f"the run was made in network {run.network}, and {found}; what it changed there was not looked at"


def _left(row: Change) -> Change:
    """Return a conflict's row as one that changes nothing."""
    if row.action != "conflict":
        return row
    return stays(row, row.before, f"{LEFT_ALONE}{row.reason}")
