"""What can go wrong with a journal's database, and what to do about it, in our own error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal_url import PASSWORD_PLACES
from l2bridge_helpers.printable import printable

_LONG = 300
"""Characters of a database's own text that are worth reading."""
_SPACE = "make room there, and run again"
_RIGHTS = "see who may write there, or name another journal (parameter journal)"
_TWICE = "the run has not begun, or this row is there already"
_SQLITE = {
    "SQLITE_FULL": _SPACE,
    "SQLITE_IOERR": f"if its disk is full, {_SPACE}; else look at the disk",
    "SQLITE_READONLY": _RIGHTS,
    "SQLITE_CANTOPEN": _RIGHTS,
    "SQLITE_PERM": _RIGHTS,
    "SQLITE_BUSY": "another process holds it; wait for it, or end it (`fuser` names it), and run again",
    "SQLITE_NOTADB": "the file is something else, and was not touched; name another one (parameter journal)",
    "SQLITE_CORRUPT": "the file is damaged: put a copy of it aside, and name another one (parameter journal)",
    "SQLITE_CONSTRAINT": _TWICE,
}
"""By how an error's name begins (sqlite.org/rescode.html, 2026-11)."""
_POSTGRESQL = {
    "23": _TWICE,
    "25006": "this server takes no writes: name the primary (target_session_attrs=read-write in the URL)",
    "28": f"see the user in the URL, and {PASSWORD_PLACES}",
    "3D": "make the database (createdb), or name another one",
    "42501": "grant the user USAGE and CREATE on the schema, and SELECT, INSERT and UPDATE on the journal's tables",
    "53": f"the server has run out of something; {_SPACE}",
    "55P03": "someone holds the journal's tables; end that session (see pg_locks), and run again",
    "57014": "the server took too long; see what it is busy with (pg_stat_activity), and run again",
}
"""By how an error's SQLSTATE begins (PostgreSQL 18, Appendix A)."""
_AWAY = f"see that the server runs, the host, port and database in the URL, and {PASSWORD_PLACES}; then run again"
_ELSE = "see the database's own log"


@contextmanager
def explained(shown: str, doing: str) -> Iterator[None]:
    """Turn the database's errors into ours. `shown`: the journal's URL, without a password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as err:
        raise JournalError(f"journal {shown}: could not {doing}: {reason(err)}") from None  # its own text shows values


def reason(err: BaseException) -> str:
    """Return what happened and what to do, in the database's words and ours."""
    cause = err.orig if isinstance(err, DBAPIError) and err.orig else err
    told = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    line = " ".join(printable(told, keep="\n").split())
    return f"{line[:_LONG]} ({type(cause).__name__}); {_advice(cause)}"


def _advice(cause: BaseException) -> str:
    if isinstance(cause, OSError):
        return _RIGHTS
    if isinstance(cause, sqlite3.Error):
        return _of(getattr(cause, "sqlite_errorname", ""), _SQLITE)
    state = getattr(cause, "sqlstate", "")
    return _AWAY if state is None else _of(state, _POSTGRESQL)


def _of(name: str, table: dict[str, str]) -> str:
    return next((advice for start, advice in table.items() if name.startswith(start)), _ELSE)
