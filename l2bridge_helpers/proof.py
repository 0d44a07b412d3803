"""What a fresh read shows: one check for each thing that was looked at (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Literal

import pandas as pd

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.result import Reachability

Verdict = Literal["ok", "wrong", "note"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; the fields are the table's columns, in their order.

    Attributes:
        verdict: `ok`; `wrong`: fails the run; `note`: someone else's change, to be known.
        object: the route, instance or other resource.
        node: the node that it is for, where there is one.
        wanted: what should be there.
        found: what is there.

    """

    verdict: Verdict
    object: str
    node: str
    wanted: str
    found: str


COLUMNS = tuple(field.name for field in fields(Check))


@dataclass(frozen=True)
class Proof:
    """What a fresh read shows, the wrong things first."""

    items: tuple[Check, ...] = ()
    read: Fabric | None = None
    """What was read after something was sent; None: nothing was."""
    reachability: Reachability | None = None
    """Who reaches whom in that."""

    @classmethod
    def of(cls, checks: Iterable[Check], read: Fabric | None = None, reachability: Reachability | None = None) -> Proof:
        """Collect and sort."""
        order = {"wrong": 0, "note": 1, "ok": 2}
        return cls(tuple(sorted(checks, key=lambda check: order[check.verdict])), read, reachability)

    def __iter__(self) -> Iterator[Check]:
        """Iterate, the wrong things first."""
        return iter(self.items)

    @property
    def wrong(self) -> tuple[Check, ...]:
        """What is not as it should be."""
        return tuple(check for check in self.items if check.verdict == "wrong")

    def table(self) -> pd.DataFrame:
        """Return one row per check; columns as in `Check`."""
        return pd.DataFrame([astuple(check) for check in self.items], columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the counts in a sentence."""
        if not self.items:
            return "nothing to verify"
        good = sum(check.verdict == "ok" for check in self.items)
        notes = sum(check.verdict == "note" for check in self.items)
        told = [f"{good} as wanted", f"{len(self.wrong)} wrong"] + ([f"{notes} to note"] if notes else [])
        return ", ".join(told)
