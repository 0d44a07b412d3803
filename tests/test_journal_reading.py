"""A journal that somebody else has written to: what no run can have written is told, and is no traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal import Journal, history
from tests.journals import RUN, a_change

_DEEP = "[" * 100_000
_NO_TEXT = [b"\xff\xfe"]
_NO_OBJECT = ["", "{", "[]", "5", "null", '"x"', _DEEP, '{"a":' * 5000, "9" * 5000, b"{}", 7]
_RUNS = {
    **{f"{name} {value!r:.12}": (name, value) for name in ("run", "cluster", "started") for value in _NO_TEXT},
    **{f"parameters {value!r:.12}": ("parameters", value) for value in _NO_OBJECT},
    **{f"nodes {value!r:.12}": ("nodes", value) for value in ("", "{}", "null", _DEEP)},
}
_CHANGES = {
    **{f"{name} {value!r:.12}": (name, value) for name in ("kind", "resource", "error") for value in _NO_TEXT},
    **{f"{name} {value!r:.12}": (name, value) for name in ("before", "after") for value in _NO_OBJECT},
    "place": ("place", "first"),
    "outcome": ("outcome", "perhaps"),
    "intended": ("intended", b"then"),
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A journal of one run with two changes."""
    url = f"sqlite:///{tmp_path}/journal.db"
    with closing(Journal.open(url)) as journal:
        journal.begin(RUN)
        journal.intend(RUN.run, [(0, a_change(0)), (1, a_change(1))])
    return url


def edit(url: str, table: str, column: str, value: object) -> None:
    """Write something into the last row of a table, as somebody with the file in his hands may."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        file.execute(f"UPDATE {table} SET {column} = ? WHERE number = (SELECT max(number) FROM {table})", (value,))  # noqa: S608


@pytest.mark.parametrize(("column", "value"), _RUNS.values(), ids=_RUNS)
def test_a_run_that_is_none_is_told(url: str, column: str, value: object) -> None:
    """The error names the journal and the run."""
    edit(url, "journal_runs", column, value)
    with closing(Journal.open(url)) as journal, pytest.raises(JournalError, match=r"journal\.db: run .* was it edited"):
        journal.runs()


@pytest.mark.parametrize(("column", "value"), _CHANGES.values(), ids=_CHANGES)
def test_a_change_that_is_none_is_told(url: str, column: str, value: object) -> None:
    """The error names the journal, the run and the change's place."""
    edit(url, "journal_changes", column, value)
    with closing(Journal.open(url)) as journal, pytest.raises(JournalError, match=r"change .* was it edited"):
        journal.rows(RUN.run)


_HISTORY = [("intended", "once"), ("settled", "{"), ("before", "{"), ("after", _DEEP)]


@pytest.mark.parametrize(("column", "value"), _HISTORY)
def test_a_history_that_cannot_be_read_is_told(url: str, column: str, value: object) -> None:
    """The error names the journal."""
    edit(url, "journal_changes", column, value)
    with pytest.raises(JournalError, match=r"journal\.db: its history cannot be read"):
        history(url)
