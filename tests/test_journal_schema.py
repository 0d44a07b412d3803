"""The journal's tables have a version: older ones are brought up to date, newer and foreign ones are left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text

from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal import Journal
from l2bridge_helpers.journal_engine import make_engine
from l2bridge_helpers.journal_schema import SCHEMA, STEPS, upgrade
from tests.journals import ROUTE, RUN

pytestmark = pytest.mark.xdist_group("postgresql")


def _add_weather(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE journal_runs ADD COLUMN weather TEXT NOT NULL DEFAULT 'unknown'"))


def _forecast(connection: Connection) -> None:
    connection.execute(text("UPDATE journal_runs SET weather = 'rain'"))


def _fail(_: Connection) -> None:
    raise JournalError("half-way")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A journal with one change in it."""
    sqlite = f"sqlite:///{tmp_path}/journal.db"
    url = sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgres").url())
    with closing(Journal.open(url)) as journal:
        journal.begin(RUN)
        journal.intend(RUN.run, [(0, ROUTE)])
    return url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url, 5, create=True)
    yield engine
    engine.dispose()


def _version(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(SCHEMA.c.number)).scalar_one())


def _weather(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [str(told) for told in connection.execute(text("SELECT weather FROM journal_runs")).scalars()]


def test_a_new_journal_has_todays_version(engine: Engine) -> None:
    """As many as there are steps."""
    assert _version(engine) == len(STEPS)


def test_an_older_journal_is_brought_up_to_date(url: str, engine: Engine) -> None:
    """The steps that it lacks are made, once, and what is in it stays."""
    for _ in range(2):
        upgrade(engine, "here", (*STEPS, _add_weather))
    assert _version(engine) == len(STEPS) + 1
    upgrade(engine, "here", (*STEPS, _add_weather, _forecast))
    assert _version(engine) == len(STEPS) + 2
    assert _weather(engine) == ["rain"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal_schema SET number = 1"))
    with closing(Journal.open(url)) as journal:
        assert journal.runs() == (RUN,)
        assert [row.change for row in journal.rows(RUN.run)] == [ROUTE]


def test_a_step_that_fails_leaves_everything_as_it_was(engine: Engine) -> None:
    """A journal is never half-way between two versions."""
    with pytest.raises(JournalError, match="half-way"):
        upgrade(engine, "here", (*STEPS, _add_weather, _fail))
    assert _version(engine) == len(STEPS)
    upgrade(engine, "here", (*STEPS, _add_weather))
    assert _weather(engine) == ["unknown"]


def test_a_newer_journal_is_refused(url: str, engine: Engine) -> None:
    """What a newer release wrote is not understood, and not touched: the error names both versions."""
    upgrade(engine, "here", (*STEPS, _add_weather))
    with pytest.raises(JournalError, match=f"has version {len(STEPS) + 1} of the schema.*not touched"):
        Journal.open(url)
    assert _version(engine) == len(STEPS) + 1


def test_a_schema_table_without_a_number_is_refused(url: str, engine: Engine) -> None:
    """Nobody knows what it is."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM journal_schema"))
    with pytest.raises(JournalError, match="has version None"):
        Journal.open(url)


def _foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (number INTEGER)")
        connection.commit()


def _foreign_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    _foreign_database(path)


def _words(path: Path) -> None:
    path.write_text("minutes of the meeting\n" * 400)


def _word(path: Path) -> None:
    path.write_text("x")


@pytest.mark.parametrize("make", [_foreign_database, _foreign_log, _words, _word])
def test_a_file_of_something_else_is_not_touched(tmp_path: Path, make: object) -> None:
    """A database with other tables, a text: refused by name, byte for byte as it was, nothing left beside it."""
    assert callable(make)
    path = tmp_path / "journal.db"
    make(path)
    before = {one.name: (one.read_bytes(), one.stat().st_mtime_ns) for one in tmp_path.iterdir()}
    with pytest.raises(JournalError, match=r"journal\.db.*not touched; name another"):
        Journal.open(f"sqlite:///{path}")
    assert {one.name: (one.read_bytes(), one.stat().st_mtime_ns) for one in tmp_path.iterdir()} == before


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    """What another process has just made, or a full disk has left."""
    (tmp_path / "journal.db").touch()
    with closing(Journal.open(f"sqlite:///{tmp_path}/journal.db")) as journal:
        assert journal.runs() == ()


def test_other_tables_of_a_shared_server_are_no_obstacle(postgres: object) -> None:
    """On PostgreSQL the journal lives beside what else is there."""
    url = postgres.url()  # type: ignore[attr-defined]
    engine = make_engine(url, 5, create=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE invoices (number INTEGER)"))
    engine.dispose()
    with closing(Journal.open(url)) as journal:
        journal.begin(RUN)
        assert journal.runs() == (RUN,)
