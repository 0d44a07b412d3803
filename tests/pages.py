"""A run's pages of a journal that are kept in memory, and can be told to be full."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from l2bridge_helpers.changes import Change
from l2bridge_helpers.errors import JournalError


@dataclass
class Pages:
    """What was written, in its order.

    Attributes:
        intended: the changes that were about to be sent.
        settled: what became of them: resource -> outcome.
        full_after: so many intents can be written.
        unsettled_after: so many outcomes can be written.

    """

    intended: list[Change] = field(default_factory=list)
    settled: dict[int, str] = field(default_factory=dict)
    full_after: int = 10**9
    unsettled_after: int = 10**9
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def intend(self, changes: Sequence[tuple[int, Change]]) -> None:
        """Write down what is about to be sent."""
        with self._lock:
            if len(self.intended) >= self.full_after:
                raise JournalError("the journal cannot be written: disk full")
            self.intended += [change for _, change in changes]

    def settle(self, places: Sequence[int], outcome: str, error: str = "") -> None:
        """Write down what became of it."""
        with self._lock:
            if len(self.settled) >= self.unsettled_after:
                raise JournalError(f"the journal cannot be written: disk full ({error})")
            self.settled.update(dict.fromkeys(places, outcome))


def granted() -> str:
    """Let everything be sent."""
    return ""
