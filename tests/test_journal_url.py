"""Where a journal may be, and that no password is ever shown."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal import Journal, history
from l2bridge_helpers.journal_url import journal_problem, journal_url, shown_journal

SECRET = "planted-4711"  # noqa: S105 - it must be seen nowhere
WITH_PASSWORD = [
    f"postgresql://alice:{SECRET}@127.0.0.1:1/journal",
    f"postgres://alice:{SECRET}@127.0.0.1:1/journal",
    f"postgresql+psycopg://alice:{SECRET}@127.0.0.1:1/journal",
    f"postgresql://alice:{SECRET}@127.0.0.1:1,127.0.0.2:1/journal",
    f"postgresql://127.0.0.1:1/journal?user=alice&password={SECRET}",
    f"postgresql://127.0.0.1:1/journal?sslpassword={SECRET}&PASSWORD={SECRET}",
    f"postgresql://alice:{SECRET}/{SECRET}@127.0.0.1:1/journal",
    f"postgresql://alice:{SECRET}@{SECRET}@127.0.0.1:1/journal",
    f"postgresql://alice:%zz{SECRET}@127.0.0.1:1/journal",
]
MALFORMED = [
    f"postgresql://alice:{SECRET}?{SECRET}@127.0.0.1:1/journal",
    f"mysql://alice:{SECRET}@127.0.0.1:1/journal",
    f"postgresql+psycopg2://alice:{SECRET}@127.0.0.1:1/journal",
    f"postgresql:/alice:{SECRET}//{SECRET}@127.0.0.1:1/journal",
    f"sqlite://alice:{SECRET}@host/journal.db",
    f"host=127.0.0.1 password={SECRET}",
]


@pytest.mark.parametrize("url", [*WITH_PASSWORD, *MALFORMED])
def test_no_password_is_shown(url: str) -> None:
    """Wherever it stands, and however misspelt: not in the error, not in what led to it, not in its frames' text."""
    with pytest.raises(JournalError) as caught:
        Journal.open(url, patience=0.1)
    told, chain = [], [caught.value]
    while chain:
        error = chain.pop()
        told += [str(error), repr(error), "".join(traceback.format_exception(error, chain=False))]
        chain += [one for one in (error.__cause__, error.__context__) if one]  # type: ignore[misc]
    assert "127.0.0.1" in str(caught.value) or "journal" in str(caught.value)
    assert not [text for text in told if SECRET in text.replace(f'"{url}"', "")]
    assert SECRET not in shown_journal(url)


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_in_the_url_is_refused(url: str) -> None:
    """Parameters are kept in notebooks: the text says where a password belongs."""
    assert "PGPASSFILE, PGPASSWORD or PGSERVICE" in journal_problem(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:///runs/journal.db",
        "sqlite:////var/lib/l2bridge/journal.db",
        "sqlite:///runs/50% of me@work?.db",
        "postgresql://alice@db.example.com/journal",
        "postgres://db.example.com:5433/journal?sslmode=verify-full",
        "postgresql:///journal?service=runbooks",
        "postgresql://",
        "postgresql://alice@a:5432,b:5432/journal?target_session_attrs=read-write",
        "postgresql+psycopg://[::1]:5432/journal?passfile=/etc/pgpass",
    ],
)
def test_these_are_fine(url: str) -> None:
    """A file, or whatever PostgreSQL's own library understands."""
    assert journal_problem(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "journal.db",
        "runs/journal.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///runs/",
        *MALFORMED[1:],
    ],
)
def test_these_are_no_journals(url: str) -> None:
    """The text shows what would do, and opening it says the same."""
    assert "use sqlite:///FILE or postgresql://USER@HOST/DATABASE" in journal_problem(url)
    with pytest.raises(JournalError, match="use sqlite:///FILE or postgresql://USER@HOST/DATABASE"):
        Journal.open(url)


def test_without_a_url_the_journal_is_beside_the_runs() -> None:
    """One journal for all runs of a folder."""
    assert journal_url("", "runs") == "sqlite:///runs/journal.db"
    assert journal_url("", "/srv/runs/") == "sqlite:////srv/runs/journal.db"
    assert journal_url("postgresql://db/journal", "runs") == "postgresql://db/journal"


@pytest.mark.parametrize("name", ["50% of me@work?.db", "a#b.db", "ü 🛰.db", "file:x.db"])
def test_a_files_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    """No character of a path means anything else."""
    Journal.open(f"sqlite:///{tmp_path}/{name}").close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_reading_makes_no_journal(tmp_path: Path) -> None:
    """A misspelt path is told, not answered with an empty history."""
    with pytest.raises(JournalError, match=r"there is no file .*journal\.db"):
        history(f"sqlite:///{tmp_path}/runs/journal.db")
    assert list(tmp_path.iterdir()) == []
