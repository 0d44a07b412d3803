"""Where the journal is: a SQLite file, or a PostgreSQL database (nothing of SQLAlchemy is loaded)."""

from __future__ import annotations

import os.path
from urllib.parse import parse_qsl

from l2bridge_helpers.endpoints import without_password

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
"""What PostgreSQL's own tools and SQLAlchemy call it. The driver is psycopg 3."""
FORMS = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
PASSWORD_PLACES = "PGPASSFILE, PGPASSWORD or PGSERVICE"  # noqa: S105 - where PostgreSQL's clients look for one
_SECRETS = ("password", "sslpassword")


def journal_url(journal: str, runs: str) -> str:
    """Return the journal's URL: as given, else that of the file `journal.db` in the folder of the runs."""
    return journal or f"{SQLITE}{runs.rstrip('/')}/journal.db"


def journal_problem(url: str) -> str:
    """Return why the URL of a journal is refused, or "" when it is fine (empty: the file beside the runs)."""
    if not url or sqlite_path(url):
        return ""
    scheme, _, rest = url.partition("://")
    if scheme not in POSTGRESQL:
        return f"is no journal; use {FORMS}"
    address, _, query = rest.partition("?")
    user = address.rpartition("@")[0]
    if ":" in user or any(name.lower() in _SECRETS for name, _ in parse_qsl(query, keep_blank_values=True)):
        return f"holds a password, which would be kept in the notebook; leave it out and use {PASSWORD_PLACES}"
    return ""


def sqlite_path(url: str) -> str:
    """Return the file that a URL of SQLite names, as it stands there; "" for others, and for one in memory alone."""
    path = url.removeprefix(SQLITE)
    return "" if path == url or path.endswith("/") or path == ":memory:" else path


def place_of(url: str) -> str:
    """Return where a journal really is, for people: the whole path of a file, the URL of a database."""
    path = sqlite_path(url)
    return os.path.abspath(path) if path else shown_journal(url)  # noqa: PTH100 - `..` is of no use to a reader


def shown_journal(url: str) -> str:
    """Return the URL as it may be shown: without a password, wherever that stands in it."""
    return url if sqlite_path(url) else without_password(url)
