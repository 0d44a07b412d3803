"""Who reaches whom, and what is in the way: the result of `reach`. Frozen values, no I/O.

Pairs are ordered: a to b and b to a are two. A node with itself is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from l2bridge_helpers.reachability.traffic import Traffic

KINDS = ("node", "pod CIDR", "flannel", "machine", "forwarding", "route table", "route", "segment", "filter")
"""What can be in the way of a packet."""
REACHES, UNPROVEN, BLOCKED = range(3)
"""The verdicts as numbers: of several the highest counts."""
VERDICTS = ("reaches", "unproven", "blocked")
Moment = Literal["now", "after the plan", "after the apply"]
MOMENTS: tuple[Moment, ...] = ("now", "after the plan", "after the apply")
NOW, PLANNED, APPLIED = MOMENTS
COLUMNS = ("verdict", "cause", "pairs", "alone", "where")
_FEW = 12
"""So many nodes of one cause are named in its row; `Cause.nodes` has them all."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        object: id of what decides: NIC, instance, table, list of rules, subnet, node.
        node: the node at which it is; empty when it is no single node's.
        found: what was found there: `source/destination check is on`.
        mend: the command or the step that mends it.

    """

    object: str
    node: str
    found: str
    mend: str


@dataclass(frozen=True)
class Cause:
    """Faults of one kind, which are shown as one row.

    Attributes:
        kind: one of `KINDS`.
        verdict: `blocked` or `unproven`.
        title: what is wrong and where: `source/destination check on at 3 nodes`.
        nodes: where it is, in natural order.
        faults: each of them.
        pairs: how many pairs it stops, with or without other causes.
        alone: how many pairs nothing else stops.
        fails: whether such a pair should reach; `check` fails then.

    """

    kind: str
    verdict: str
    title: str
    nodes: tuple[str, ...]
    faults: tuple[Fault, ...]
    pairs: int
    alone: int
    fails: bool

    @property
    def mends(self) -> tuple[str, ...]:
        """What mends its faults, each command or step once."""
        return tuple(dict.fromkeys(fault.mend for fault in self.faults if fault.mend))


@dataclass(frozen=True, eq=False)
class Family:
    """Who reaches whom in one address family. Nodes that behave alike are one class.

    Attributes:
        version: 4 or 6.
        names: the nodes in natural order, N of them.
        classes: (N,) the class of each node; classes are numbered from 0 by their first node, C of them.
        verdicts: (C, C) [class of the sender, class of the receiver]: 0 reaches, 1 unproven, 2 blocked. On the diagonal
            it is that of two different nodes of the class.
        first: (C, C) index into `Reachability.causes` of the first cause on the way, blocked ones before unproven ones;
            -1: none.

    """

    version: int
    names: tuple[str, ...]
    classes: NDArray[np.intp]
    verdicts: NDArray[np.uint8]
    first: NDArray[np.int32]

    def __eq__(self, other: object) -> bool:
        """Return whether it says the same."""
        if not isinstance(other, Family):
            return NotImplemented
        arrays = ("classes", "verdicts", "first")
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)
        return same and (self.version, self.names) == (other.version, other.names)

    __hash__ = None  # type: ignore[assignment] # arrays have none

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(C,) how many nodes each class has."""
        return np.bincount(self.classes, minlength=len(self.verdicts)).astype(np.int64)

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return len(self.names) * (len(self.names) - 1)

    def pairs_where(self, chosen: NDArray[np.bool_]) -> int:
        """Return how many pairs the chosen cells, (C, C), stand for."""
        sizes = self.sizes.astype(np.float64)  # exact up to 2**53 pairs, and much faster than whole numbers
        both = int(sizes @ (chosen @ sizes))
        return both - int(self.sizes[np.diagonal(chosen)].sum())

    def count(self, verdict: int) -> int:
        """Return how many pairs have the verdict."""
        return self.pairs_where(self.verdicts == verdict)

    def matrix(self) -> NDArray[np.uint8]:
        """Return the verdicts as (N, N) [sender, receiver]; the diagonal is 0."""
        whole = self.verdicts[self.classes[:, None], self.classes[None, :]]
        np.fill_diagonal(whole, REACHES)
        return whole


@dataclass(frozen=True)
class Reachability:
    """Who reaches whom, in every address family of the cluster.

    Attributes:
        traffic: the packets that this is about.
        families: IPv4, then IPv6, as far as nodes have them.
        causes: all that is in the way, in the order of the way.
        moment: of what moment this is: one of `MOMENTS`.

    """

    traffic: Traffic
    families: tuple[Family, ...]
    causes: tuple[Cause, ...]
    moment: Moment = NOW

    @property
    def pairs(self) -> int:
        """How many pairs there are, over all families."""
        return sum(family.pairs for family in self.families)

    @cached_property
    def _counts(self) -> tuple[int, int, int]:
        reaching, unproven, blocked = (sum(one.count(verdict) for one in self.families) for verdict in range(3))
        return reaching, unproven, blocked

    @property
    def reaching(self) -> int:
        """How many pairs reach."""
        return self._counts[REACHES]

    @property
    def unproven(self) -> int:
        """How many pairs nothing is known to stop that could be shown to let them through."""
        return self._counts[UNPROVEN]

    @property
    def blocked(self) -> int:
        """How many pairs do not reach."""
        return self._counts[BLOCKED]

    def summary(self) -> str:
        """Return the counts in a sentence: `12 of 30 pairs reach (TCP 443), 4 unproven`; of two families also each."""
        if not self.pairs:
            return "no pairs of nodes"
        unproven = f", {self.unproven:,} unproven" if self.unproven else ""
        each = [f"IPv{one.version}: {one.count(REACHES):,} of {one.pairs:,}" for one in self.families if one.pairs]
        families = f"; {', '.join(each)}" if len(each) > 1 else ""
        return f"{self.reaching:,} of {self.pairs:,} pairs reach ({self.traffic}{families}){unproven}"

    @property
    def failing(self) -> tuple[Cause, ...]:
        """The causes that stop pairs which should reach."""
        return tuple(cause for cause in self.causes if cause.fails and cause.verdict == VERDICTS[BLOCKED])

    def why(self) -> str:
        """Return the summary with every cause and the pairs that it stops."""
        causes = ", ".join(f"{cause.title} ({cause.pairs})" for cause in self.causes)
        return f"{self.summary()}{f'; pairs stopped by {causes}' if causes else ''}"

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        counts = {"pairs": self.pairs, "reaching": self.reaching, "unproven": self.unproven, "blocked": self.blocked}
        return {"traffic": str(self.traffic), **counts, "causes": [asdict(cause) for cause in self.causes]}

    def worse_than(self, other: Reachability) -> list[tuple[str, str]]:
        """Return the pairs, sender and receiver, that reach in another judgement of the same nodes, and not here."""
        pairs: list[tuple[str, str]] = []
        before = {family.version: family for family in other.families}
        for family in self.families:
            then = before.get(family.version)
            if then and then.names == family.names:
                worse = (then.matrix() == REACHES) & (family.matrix() != REACHES)
                pairs += [(family.names[one], family.names[two]) for one, two in np.argwhere(worse).tolist()]
        return pairs

    def table(self) -> pd.DataFrame:
        """Return one row per cause; columns `verdict, cause, pairs, alone, where`: some of the nodes."""
        rows = [(one.verdict, one.title, one.pairs, one.alone, _some(one.nodes)) for one in self.causes]
        return pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more:,} more" if more > 0 else "")
