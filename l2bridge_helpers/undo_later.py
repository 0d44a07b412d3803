"""What later runs have done again is theirs: an older run's undo does not touch it (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.undo_now import conflict, stays
from l2bridge_helpers.undo_order import undo_order

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.journal_records import JournalRow

_Key = tuple[str, str]
_BY_THEMSELVES = ("forwarding", "template", "filter")
"""Nothing else of a plan follows from these, so they just stay."""
_MARKS = ("claim", "mark")
"""They are made of the routes that are there, whoever has made these."""


def without_later(plan: Plan, later: Sequence[JournalRow], undoes: Mapping[str, str]) -> Plan:
    """Return an undo's plan without the rows whose present state a later run has made: it is that run's.

    What is in a table is a conflict that names the run, which is put back first. It is none that can be skipped: marks
    follow from these rows.

    Args:
        plan: the undo's.
        later: what the journal holds of the runs since the one that is put back, oldest first.
        undoes: those of these runs that are undos -> the run that each puts back.

    """
    newest = _newest(later, undoes)
    rows = [_unless_later(row, newest) for row in plan]
    return plan if rows == list(plan) else replace(plan, changes=undo_order(rows))


def _newest(later: Sequence[JournalRow], undoes: Mapping[str, str]) -> dict[_Key, JournalRow]:
    """Return by what it is found the change that stands; one that was put back since is as if it had not been made."""
    made: dict[_Key, list[JournalRow]] = {}
    for row in later:
        for key in _keys(row.change) if row.outcome == "applied" else ():
            rows = made.setdefault(key, [])
            if rows and rows[-1].run == undoes.get(row.run):
                rows.pop()
            else:
                rows.append(row)
    return {key: rows[-1] for key, rows in made.items() if rows}


def _unless_later(row: Change, newest: Mapping[_Key, JournalRow]) -> Change:
    found = next((newest[key] for key in _keys(row) if key in newest), None)
    if found is None or not row.writes or row.kind in _MARKS or not _is(row.before, found.change.after):
        return row
    if row.kind in _BY_THEMSELVES:
        return stays(row, row.before, f"run {found.run} has done this since, so it is put back with that run")
    reason = f"run {found.run} has done this since; put back that run first"
    return conflict(row, row.before, row.after, reason)


def _keys(change: Change) -> Iterator[_Key]:
    """Give what a change is found by; a route and its replacement can have two names."""
    names = (change.before.get("name"), change.after.get("name")) if change.kind == "route" else ()
    yield from ((change.kind, str(name)) for name in dict.fromkeys([*names, change.resource]) if name)


def _is(there: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    """Return whether what is there is what was made; a plan's facts may say more than what is read."""
    return bool(there) == bool(made) and all(made.get(name) == value for name, value in there.items())
