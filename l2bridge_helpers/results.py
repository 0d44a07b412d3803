"""What became of each change of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change

Outcome = Literal["applied", "failed", "skipped", "not sent"]
COLUMNS = ("outcome", "action", "kind", "resource", "node", "error")


@dataclass(frozen=True)
class Result:
    """What became of one change that writes.

    Attributes:
        change: the change.
        outcome: whether it was made.
        error: why it was not made.
        based_on: what a full write was based on: the resource's id -> every property as it was read just before.

    """

    change: Change
    outcome: Outcome
    error: str = ""
    based_on: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """What became of each change of a plan that writes, in the plan's order."""

    items: tuple[Result, ...] = ()
    cluster: str = ""

    def __iter__(self) -> Iterator[Result]:
        """Iterate in the plan's order."""
        return iter(self.items)

    def of_outcome(self, outcome: Outcome) -> tuple[Result, ...]:
        """Return those with one outcome."""
        return tuple(result for result in self.items if result.outcome == outcome)

    @property
    def sent(self) -> bool:
        """Whether anything was sent at all."""
        return any(result.outcome in ("applied", "failed") for result in self.items)

    @property
    def based_on(self) -> dict[str, Mapping[str, Any]]:
        """What all full writes were based on, see `Result`."""
        return {resource: raw for result in self.items for resource, raw in result.based_on.items()}

    @property
    def applied(self) -> int:
        """How many changes were made."""
        return len(self.of_outcome("applied"))

    @property
    def failed(self) -> tuple[Result, ...]:
        """Those that failed, and those that were skipped for it."""
        return self.of_outcome("failed") + self.of_outcome("skipped")

    def table(self) -> pd.DataFrame:
        """Return one row per change; columns `outcome, action, kind, resource, node, error`."""
        rows = [
            (result.outcome, change.action, change.kind, change.resource, change.node, result.error)
            for result in self.items
            for change in [result.change]
        ]
        return pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the counts in a sentence."""
        if not self.items:
            return "there was nothing to do"
        if not self.sent:
            return f"nothing was sent; {len(self.items)} changes wait for mode='apply' with confirm='{self.cluster}'"
        counts = {outcome: len(self.of_outcome(outcome)) for outcome in ("applied", "failed", "skipped", "not sent")}
        return ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
