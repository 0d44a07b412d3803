"""The connection to a journal's database, such that what is committed stays: SQLite or PostgreSQL."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal_errors import explained
from l2bridge_helpers.journal_url import FORMS, POSTGRESQL, shown_journal, sqlite_path

if TYPE_CHECKING:
    import psycopg

_MAGIC = b"SQLite format 3\0"
_KEEPALIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "l2bridge",
}
"""A server that is gone is noticed within half a minute. What the URL says about it counts more."""


def make_engine(url: str, patience: float, *, create: bool) -> Engine:
    """Return the engine of a journal, and make the file and its folder.

    Args:
        url: see `journal_problem`.
        patience: seconds to wait for others who hold it.
        create: whether a SQLite file that is not there is made.

    Raises:
        JournalError: the URL means no journal, or the file cannot be made, or is not there.

    """
    if path := sqlite_path(url):
        _make_file(Path(path), shown_journal(url), create=create)
        return _sqlite(path, patience)
    if url.partition("://")[0] in POSTGRESQL:
        return _postgresql(url, patience)
    raise JournalError(f"journal {shown_journal(url)}: is no journal; use {FORMS}")


def _make_file(path: Path, shown: str, *, create: bool) -> None:
    """Make an empty file for its owner's eyes; SQLite gives what it puts beside it the same rights."""
    with explained(shown, "be opened"):
        if path.exists():
            _refuse_foreign(path, shown)
            return
        if not create:
            raise JournalError(
                f"journal {shown}: there is no file {path.absolute()}; name the journal of the run that you mean "
                "(parameter journal, or runs for the one in that folder)"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _refuse_foreign(path: Path, shown: str) -> None:
    """Refuse a file that does not begin like SQLite's; SQLite itself would take a short one for an empty one."""
    with path.open("rb") as file:
        head = file.read(len(_MAGIC))
    if head.strip(b"\0") and head != _MAGIC:  # zeros: what a power cut can leave, and SQLite mends
        raise JournalError(
            f"journal {shown}: the file is something else, and was not touched; name another one (parameter journal)"
        )


def _sqlite(path: str, patience: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path), connect_args={"timeout": patience}, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Let nothing that is committed be lost with the power: EXTRA also syncs the folder.

    The usual rollback journal stays: a write-ahead log would be faster, but cannot be on a network's disk, and leaves
    files beside that must be copied together.
    """
    connection.isolation_level = None  # transactions begin where we say so, not before the first INSERT
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")  # whoever made the file must not have functions called by it


def _begin_sqlite(connection: Connection) -> None:
    """Lock the file at once when it will be written: a reader that becomes a writer cannot wait for others."""
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql(url: str, patience: float) -> Engine:
    """Leave the URL to PostgreSQL's own library: several hosts, services, password files are its business."""
    import psycopg  # a file needs no driver of a server

    conninfo = "postgresql" + url[url.index("://") :]
    given = _understood(conninfo)
    if given is None:
        raise JournalError(
            f"journal {shown_journal(url)}: PostgreSQL does not understand this URL; it looks like "
            "postgresql://USER@HOST:5432/DATABASE, with %40 for an @ in a name"
        )
    options = {name: value for name, value in _KEEPALIVE.items() if name not in given}

    def connect() -> psycopg.Connection[Any]:
        # Statements that the server has prepared would not be found again behind a pooler.
        return psycopg.connect(conninfo, prepare_threshold=None, **options)  # type: ignore[arg-type]

    engine = create_engine("postgresql+psycopg://", creator=connect, hide_parameters=True)
    milliseconds = f"{patience * 1000:.0f}"

    def begin(connection: Connection) -> None:
        """Wait for the disk and not for ever, whatever the server's usual setting, in this transaction alone."""
        connection.exec_driver_sql(
            "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true),"
            " set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
            " WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)",
            (milliseconds, f"{patience * 2000:.0f}"),
        )

    event.listen(engine, "begin", begin)
    return engine


def _understood(conninfo: str) -> dict[str, Any] | None:
    """Return what PostgreSQL's library reads in a URL; None when it cannot.

    Its own error is not even kept as a context: it shows what it does not understand, such as half a password. So would
    a host's name, when a password holds an @.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    if conninfo.partition("?")[0].count("@") > 1:
        return None
    with suppress(psycopg.Error):
        return conninfo_to_dict(conninfo)
    return None
