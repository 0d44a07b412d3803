"""The way of one packet and of its answer, hop by hop: what `explain` returns. Frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

import pandas as pd

from l2bridge_helpers.reachability.traffic import Traffic

THERE, BACK = "there", "back"


@dataclass(frozen=True)
class Hop:
    """One thing that a packet has to pass; the fields are the table's columns, in their order.

    Attributes:
        way: `there`, or `back`: the answer's way.
        hop: what it is.
        at: the node at which it is.
        verdict: `passes`, `blocked` or `unproven`.
        object: what decided: an interface, a rule, a route.
        evidence: what was read.
        mend: what mends it; empty when it passes.

    """

    way: str
    hop: str
    at: str
    verdict: str
    object: str
    evidence: str
    mend: str


COLUMNS = tuple(field.name for field in fields(Hop))


@dataclass(frozen=True)
class Explanation:
    """The way of one packet and of its answer.

    Attributes:
        source, destination: what was asked about: `node-1 (10.42.0.0/24)`.
        traffic: what the packet is.
        hops: all of them, in order.
        verdict: of the way there: `reaches`, `blocked` or `unproven`; what remembers no question has to let the answer
            through, too.
        answer: of the way back.

    """

    source: str
    destination: str
    traffic: Traffic
    hops: tuple[Hop, ...]
    verdict: str
    answer: str

    @property
    def obstacles(self) -> tuple[Hop, ...]:
        """The hops that do not let the packet, or its answer, through."""
        return tuple(hop for hop in self.hops if hop.verdict != "passes")

    def table(self) -> pd.DataFrame:
        """Return one row per hop; columns as in `Hop`."""
        return pd.DataFrame([astuple(hop) for hop in self.hops], columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the verdicts in a sentence, with what is in the way."""
        told = {"reaches": "reaches", "blocked": "does not reach", "unproven": "is not proven to reach"}
        sentence = f"{self.traffic} from {self.source} {told[self.verdict]} {self.destination}"
        there = [hop for hop in self.obstacles if hop.way == THERE or hop.hop.startswith("filter")]
        if there:
            sentence += f": {_in_short(there)}"
        if self.answer != "reaches" and self.verdict == "reaches":
            sentence += f", but the answer {told[self.answer]} back: {_in_short(self.obstacles)}"
        return sentence


def _in_short(hops: Iterable[Hop]) -> str:
    return "; ".join(dict.fromkeys(f"{hop.at or hop.hop}: {hop.evidence}" for hop in hops))
