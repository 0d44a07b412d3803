"""What stands in a journal's tables, as values again. Somebody else may have written it: nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from l2bridge_helpers.changes import Change
from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal_records import JournalRow, JournalRun
from l2bridge_helpers.journal_schema import from_json, restored

OUTCOMES = ("applied", "failed", "unchanged")
RUN_TEXTS = ("run", "cluster", "platform", "network", "plan_hash", "identity", "started", "undoes")
"""The fields of a run that are kept as they are."""
CHANGE_TEXTS = ("action", "kind", "resource", "node", "reason", "command")
"""Those of a change."""
_LONG = 200
"""Characters of an error that are worth reading."""

_Kind = TypeVar("_Kind")


@contextmanager
def readable(shown: str, what: str) -> Iterator[None]:
    """Turn what cannot be read into our own error. `shown`: the journal's URL; `what`: is read."""
    try:
        yield
    except (TypeError, ValueError, RecursionError) as err:
        told = " ".join(str(err).split())[:_LONG]
        raise JournalError(f"journal {shown}: {what} cannot be read ({told}); was it edited, or damaged?") from err


def run_of(row: RowMapping) -> JournalRun:
    """Return the run that a row of the runs' table is.

    Raises:
        TypeError, ValueError, RecursionError: it is none.

    """
    texts = {name: restored(_of_type(row[name], str)) for name in RUN_TEXTS}
    user = restored(_of_type(row["os_user"], str))
    parameters, nodes = _facts(row["parameters"], dict), _facts(row["nodes"], list)
    return JournalRun(**texts, user=user, parameters=parameters, nodes=nodes)


def row_of(row: RowMapping) -> JournalRow:
    """Return the change that a row of the changes' table is.

    Raises:
        TypeError, ValueError, RecursionError: it is none.

    """
    texts: dict[str, Any] = {name: restored(_of_type(row[name], str)) for name in CHANGE_TEXTS}
    outcome = _of_type(row["outcome"], str)
    if outcome not in ("", *OUTCOMES):
        raise ValueError(f"{outcome!r:.60} is no outcome")
    return JournalRow(
        run=restored(_of_type(row["run"], str)),
        place=_of_type(row["place"], int),
        change=Change(**texts, before=_facts(row["before"], dict), after=_facts(row["after"], dict)),
        intended=_of_type(row["intended"], str),
        outcome=outcome,
        error=restored(_of_type(row["error"], str)),
        settled=_of_type(row["settled"], str),
    )


def _facts(written: Any, kind: type[_Kind]) -> _Kind:
    return _of_type(from_json(_of_type(written, str)), kind)


def _of_type(value: Any, kind: type[_Kind]) -> _Kind:
    """Return the value; columns of SQLite hold anything."""
    if type(value) is not kind:
        raise TypeError(f"{value!r:.60} is no {kind.__name__}")
    return value
