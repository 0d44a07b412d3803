"""Every change, written down before it is sent, and what became of it: a SQLite file, or a PostgreSQL database.

What `intend` has returned for is on the disk: neither `kill -9` nor a power cut loses it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import Connection, Engine, Insert, RowMapping, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from l2bridge_helpers.changes import Change
from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal_commits import GroupCommit
from l2bridge_helpers.journal_engine import make_engine
from l2bridge_helpers.journal_errors import explained
from l2bridge_helpers.journal_history import HISTORY, history_query, history_table
from l2bridge_helpers.journal_reading import CHANGE_TEXTS, OUTCOMES, RUN_TEXTS, readable, row_of, run_of
from l2bridge_helpers.journal_records import JournalRow, JournalRun
from l2bridge_helpers.journal_schema import CHANGES, RUNS, as_json, escaped, restored, upgrade
from l2bridge_helpers.journal_url import shown_journal
from l2bridge_helpers.moment import now

__all__ = ["HISTORY", "Journal", "JournalRow", "JournalRun", "history"]

PATIENCE = 30.0
"""Seconds to wait for others who hold the journal."""
RECONNECT = 10.0
"""Seconds in which a connection that was lost is made again: a server that restarts is back by then."""
_PAUSE = 0.5

_SETTLE = (
    update(CHANGES)
    .where(CHANGES.c.run == bindparam("its_run"), CHANGES.c.place == bindparam("its_place"))
    .where(or_(CHANGES.c.outcome == "", CHANGES.c.outcome == bindparam("outcome")))
    .values(outcome=bindparam("outcome"), error=bindparam("error"), settled=bindparam("settled"))
)

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class _Work:
    """What one caller wants to have committed: rows of changes that are new, and outcomes of others."""

    intents: Sequence[Mapping[str, Any]] = ()
    outcomes: Sequence[Mapping[str, Any]] = ()


class _UnknownError(Exception):
    """Some outcomes are of changes that nobody intended, or that have another outcome already."""


class Journal:
    """An open journal, for any number of threads; other processes may write to the same one."""

    def __init__(self, engine: Engine, shown: str) -> None:
        """Belong to an engine whose tables are there; see `open`."""
        self._engine = engine
        self._shown = shown
        self._commit = GroupCommit(self._write, alone=(_UnknownError, IntegrityError, DataError))

    @classmethod
    def open(cls, url: str, *, create: bool = True, patience: float = PATIENCE) -> Journal:
        """Return the journal at a URL, made or brought up to date if need be.

        Args:
            url: `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`, as PostgreSQL's own tools understand it.
            create: whether a SQLite file that is not there is made; what has never been is not worth reading.
            patience: seconds to wait for others who hold the journal.

        Raises:
            JournalError: names the URL without its password, what happened, and what to do.

        """
        shown = shown_journal(url)
        engine = make_engine(url, patience, create=create)
        try:
            with explained(shown, "be opened"):
                upgrade(engine, shown)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, shown)

    def begin(self, run: JournalRun) -> None:
        """Write down that a run is about to change something.

        Raises:
            JournalError: it cannot be written, or the journal has a run of this name.

        """
        row = {name: escaped(getattr(run, name)) for name in RUN_TEXTS} | {"os_user": escaped(run.user)}
        row |= {name: self._facts(f"run {run.run}", getattr(run, name)) for name in ("parameters", "nodes")}
        with explained(self._shown, f"write run {run.run}"):
            try:
                self._transaction(lambda connection, _: connection.execute(insert(RUNS), row))
            except IntegrityError:
                raise JournalError(
                    f"journal {self._shown}: it has a run {run.run} already; run again, for a name of its own"
                ) from None

    def intend(self, run: str, changes: Sequence[tuple[int, Change]]) -> None:
        """Write down that changes are about to be sent; what this returns for is committed, and stays.

        Args:
            run: one that has begun.
            changes: each with its place among the plan's writes.

        Raises:
            JournalError: they are not written down: they must not be sent.

        """
        moment = now()
        self._submit(run, _Work(intents=[self._row(run, place, change, moment) for place, change in changes]))

    def settle(self, run: str, places: Sequence[int], outcome: str, error: str = "") -> None:
        """Write down what became of changes.

        Args:
            run: one that has begun.
            places: of changes that were intended, and have no other outcome yet.
            outcome: `applied`, `failed` or `unchanged`, see `JournalRow`.
            error: why they failed, or were not made.

        Raises:
            JournalError: it could not be written down; the journal still says that they may have been made.

        """
        if outcome not in OUTCOMES:
            raise JournalError(f"journal {self._shown}: {outcome!r} is no outcome; use {', '.join(OUTCOMES)}")
        told = {"its_run": escaped(run), "outcome": outcome, "error": escaped(error), "settled": now()}
        try:
            self._submit(run, _Work(outcomes=[{**told, "its_place": place} for place in places]))
        except _UnknownError:
            raise JournalError(
                f"journal {self._shown}: run {run}: changes {', '.join(map(str, places))} cannot be {outcome}: not all "
                "of them were intended, or they have another outcome already"
            ) from None

    def runs(self, cluster: str = "") -> tuple[JournalRun, ...]:
        """Return the runs of a cluster, or all, newest first.

        Raises:
            JournalError: they cannot be read.

        """
        wanted = select(RUNS).order_by(RUNS.c.number.desc())
        found = self._read(wanted.where(RUNS.c.cluster == escaped(cluster)) if cluster else wanted)
        runs = []
        for row in found:
            with readable(self._shown, f"run {row['run']!r:.80}"):
                runs.append(run_of(row))
        return tuple(runs)

    def rows(self, run: str) -> tuple[JournalRow, ...]:
        """Return the changes that a run was about to make, in the order of intent.

        Raises:
            JournalError: they cannot be read.

        """
        wanted = select(CHANGES).where(CHANGES.c.run == escaped(run)).order_by(CHANGES.c.number)
        rows = []
        for row in self._read(wanted):
            with readable(self._shown, f"run {run}, change {row['place']!r:.80}"):
                rows.append(row_of(row))
        return tuple(rows)

    def changed(self) -> dict[str, int]:
        """Return how many changes each run has made, or may have made: run -> number; others are left out.

        Raises:
            JournalError: they cannot be read.

        """
        made = CHANGES.c.outcome != "unchanged"
        found = self._read(select(CHANGES.c.run, func.count().label("made")).where(made).group_by(CHANGES.c.run))
        return {restored(row["run"]): row["made"] for row in found}

    def history(self, *, cluster: str = "", node: str = "") -> pd.DataFrame:
        """Return what `history` returns."""
        found = self._read(history_query(cluster, node))
        with readable(self._shown, "its history"):
            return history_table(found)

    def close(self) -> None:
        """Let go of the file, or of the server."""
        self._engine.dispose()

    def _facts(self, what: str, value: object) -> str:
        try:
            return as_json(value)
        except (TypeError, ValueError, RecursionError) as err:
            raise JournalError(f"journal {self._shown}: {what} cannot be written down: {err}") from err

    def _row(self, run: str, place: int, change: Change, moment: str) -> dict[str, Any]:
        what = f"{change.about}{change.kind} of {change.resource}"
        facts = {"before": self._facts(what, dict(change.before)), "after": self._facts(what, dict(change.after))}
        texts = {name: escaped(getattr(change, name)) for name in CHANGE_TEXTS}
        return {"run": escaped(run), "place": place, "intended": moment, **texts, **facts}

    def _submit(self, run: str, work: _Work) -> None:
        with explained(self._shown, f"write changes of run {run}"):
            self._commit(work)

    def _write(self, group: Sequence[_Work]) -> None:
        """Commit what several callers want."""
        intents = [row for work in group for row in work.intents]
        outcomes = [row for work in group for row in work.outcomes]

        def do(connection: Connection, again: bool) -> None:  # noqa: FBT001 - as `_transaction` calls it
            if intents:
                connection.execute(_intend(connection, again=again), intents)
            if outcomes and connection.execute(_SETTLE, outcomes).rowcount != len(outcomes):
                raise _UnknownError

        self._transaction(do)

    def _read(self, wanted: Select[Any]) -> Sequence[RowMapping]:
        with explained(self._shown, "be read"):
            return self._transaction(lambda connection, _: connection.execute(wanted).mappings().all(), reading=True)

    def _transaction(self, do: Callable[[Connection, bool], _Result], *, reading: bool = False) -> _Result:
        """Return what is done in one transaction; do it again, and say so, when the connection was lost on the way."""
        deadline, again = time.monotonic() + RECONNECT, False
        while True:
            connected = False
            try:
                with self._engine.connect().execution_options(reading=reading) as connection, connection.begin():
                    connected = True
                    return do(connection, again)
            except DBAPIError as err:
                lost = err.connection_invalidated or (again and not connected)
                if not lost or time.monotonic() > deadline:
                    raise
            again = True
            time.sleep(_PAUSE)


def history(journal: Journal | str, *, cluster: str = "", node: str = "") -> pd.DataFrame:
    """Return one row per change, oldest first; columns as in `HISTORY`, with the same types also when there is none.

    `intended` and `settled` are UTC; `settled` is NaT, and `outcome` empty, for an intent alone: it may or may not have
    been made.

    Args:
        journal: an open one, or the URL of one.
        cluster: of this cluster alone; empty: all.
        node: for this node alone; empty: all.

    Raises:
        JournalError: there is none, or it cannot be read.

    """
    if isinstance(journal, Journal):
        return journal.history(cluster=cluster, node=node)
    with closing(Journal.open(journal, create=False)) as opened:
        return opened.history(cluster=cluster, node=node)


def _intend(connection: Connection, *, again: bool) -> Insert:
    """Return how intents are written; again, they may be there already: the connection was lost at the commit."""
    if not again:
        return insert(CHANGES)
    if connection.dialect.name == "postgresql":
        return postgresql.insert(CHANGES).on_conflict_do_nothing()
    return sqlite.insert(CHANGES).on_conflict_do_nothing()
