"""Where a run writes down what it is about to change, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.journal import Journal


class Entries(Protocol):
    """One run's pages of a journal. Several threads write at once."""

    def intend(self, changes: Sequence[tuple[int, Change]]) -> None:
        """Write down, for good, what is about to be sent: changes with their places among the plan's writes.

        Raises:
            JournalError: it cannot be written; then it must not be sent.

        """

    def settle(self, places: Sequence[int], outcome: str, error: str = "") -> None:
        """Write down what became of it: `applied`, `failed` (perhaps made), or `unchanged` (surely not by this run).

        Raises:
            JournalError: it cannot be written; the changes stay known as intended.

        """


@dataclass(frozen=True)
class RunEntries:
    """The pages of the run with this name."""

    journal: Journal
    run: str

    def intend(self, changes: Sequence[tuple[int, Change]]) -> None:
        """Write down what is about to be sent; see `Entries`."""
        self.journal.intend(self.run, changes)

    def settle(self, places: Sequence[int], outcome: str, error: str = "") -> None:
        """Write down what became of it; see `Entries`."""
        self.journal.settle(self.run, places, outcome, error)
