"""The journal's tables, their version, and how an older journal becomes one of today."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)

from l2bridge_helpers.errors import JournalError

_TABLES = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is just INTEGER."""


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


SCHEMA = Table("journal_schema", _TABLES, Column("number", Integer, nullable=False))
RUNS = Table(
    "journal_runs",
    _TABLES,
    Column("number", _Number, primary_key=True),
    Column("run", Text, nullable=False, unique=True),
    *map(_text, ("cluster", "platform", "network", "plan_hash", "os_user", "identity", "started", "undoes")),
    *map(_text, ("parameters", "nodes")),
)
CHANGES = Table(
    "journal_changes",
    _TABLES,
    Column("number", _Number, primary_key=True),
    Column("run", Text, ForeignKey("journal_runs.run"), nullable=False),
    Column("place", Integer, nullable=False),
    *map(_text, ("action", "kind", "resource", "node", "before", "after", "reason", "command")),
    *map(_text, ("intended", "outcome", "error", "settled")),
    UniqueConstraint("run", "place"),
)

Step = Callable[[Connection], None]
STEPS: tuple[Step, ...] = (_TABLES.create_all,)
"""Step n makes a journal of version n into one of version n + 1; no journal at all has version 0."""

_LOCK = 0x6C32_6272_6964_6765
"""Names, in a PostgreSQL database, the lock of who makes the tables."""
_UNSTORABLE = re.compile("[\\\\\0\ud800-\udfff]")
_WRITTEN_OUT = re.compile(r"\\(\\|x00|ud[89a-f][0-9a-f]{2})")


def upgrade(engine: Engine, shown: str, steps: Sequence[Step] = STEPS) -> None:
    """Make the journal one of today: its tables, or the steps that it lacks, in one transaction.

    Args:
        engine: where it is. A transaction of SQLite's must lock the file when it begins.
        shown: how errors name it.
        steps: see `STEPS`.

    Raises:
        JournalError: it is a file of something else, or a newer release has made it; it was not touched.

    """
    with engine.connect().execution_options(reading=True) as connection:
        if _version(connection, shown, len(steps)) == len(steps):
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        version = _version(connection, shown, len(steps))  # another process may have been faster
        for step in steps[version:]:
            step(connection)
        if version == 0:
            connection.execute(insert(SCHEMA), {"number": len(steps)})
        else:
            connection.execute(update(SCHEMA).values(number=len(steps)))


def _version(connection: Connection, shown: str, newest: int) -> int:
    tables = inspect(connection).get_table_names()
    if SCHEMA.name not in tables:
        if tables and connection.dialect.name == "sqlite":
            raise JournalError(
                f"journal {shown}: this is a database of something else (it has a table {min(tables)}), and was not "
                "touched; name another file (parameter journal)"
            )
        return 0
    number: int | None = connection.execute(select(SCHEMA.c.number)).scalar_one_or_none()
    if number is None or not 0 < number <= newest:
        raise JournalError(
            f"journal {shown}: it has version {number} of the schema, and this release knows 1 to {newest}; it was not "
            "touched; use the release that made it, or a newer one, or name another journal (parameter journal)"
        )
    return number


def escaped(value: str) -> str:
    r"""Return a text without what PostgreSQL cannot hold (NUL, lone surrogates): written out, and so each backslash."""
    return _UNSTORABLE.sub(lambda found: "\\\\" if found[0] == "\\" else ascii(found[0])[1:-1], value)


def restored(value: str) -> str:
    """Return the text that `escaped` was given."""
    return _WRITTEN_OUT.sub(lambda found: _letter(found[1]), value)


def _letter(written: str) -> str:
    return written if written == "\\" else chr(int(written[1:], 16))


def as_json(value: object) -> str:
    """Return facts as they are kept.

    Raises:
        TypeError, ValueError: they are no values of JSON.

    """
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def from_json(value: str) -> Any:
    """Return the facts that `as_json` was given."""
    return json.loads(value)
