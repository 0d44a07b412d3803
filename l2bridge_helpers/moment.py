"""The moment, as files and the journal write it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
