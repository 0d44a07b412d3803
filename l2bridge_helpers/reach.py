"""Nodes + Fabric -> who reaches whom, and what is in the way (pure).

For every address family and every ordered pair of nodes: does a packet from any pod of the one arrive at any pod of the
other? Nodes that behave alike are judged once, so that thousands of nodes take a moment. What cannot be told from what
was read is `unproven`, with the reason, and never guessed; firewall policies of GCE that may not be read are a warning
of `check` only. What hosts do themselves (iptables, the Windows filtering
platform, the guest's own routes) is not read, and so not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.nodes import natural_key
from l2bridge_helpers.placement import place
from l2bridge_helpers.reachability.delivery import Delivery
from l2bridge_helpers.reachability.ends import ends_of
from l2bridge_helpers.reachability.filtered import Filtered
from l2bridge_helpers.reachability.filters import Filters
from l2bridge_helpers.reachability.result import (
    BLOCKED,
    KINDS,
    MOMENTS,
    NOW,
    REACHES,
    UNPROVEN,
    Cause,
    Family,
    Fault,
    Moment,
    Reachability,
)
from l2bridge_helpers.reachability.traffic import HTTPS, Traffic
from l2bridge_helpers.reachability.ways import Ways

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.blocks import Block
    from l2bridge_helpers.reachability.ends import Ends
    from l2bridge_helpers.reachability.nodes import Reason


def reach(
    nodes: pd.DataFrame, fabric: Fabric, *, traffic: Traffic = HTTPS, cluster: str = "", moment: Moment = NOW
) -> Reachability:
    """Return which pods reach which, and what is in the way of the others.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        traffic: what the packets are.
        cluster: the name that marks this cluster's routes, for the commands that make them.
        moment: of what moment the state is: `now`, `after the plan` or `after the apply`.

    Raises:
        ParameterError: there is no such moment.

    """
    if moment not in MOMENTS:
        raise ParameterError(f"moment: {moment!r} is none of {', '.join(MOMENTS)}")
    placement = place(nodes, fabric)
    placed = placement.placed
    delivery, filters = Delivery(placed, fabric), Filters(placed, fabric)
    judged = []
    for ends in ends_of(nodes, placement):
        ways = Ways(ends, nodes, fabric, delivery, cluster)
        judged.append(_Judged(ends, [*ways.blocks(), *Filtered(ways, filters, traffic).blocks()]))
    return replace(_sum_up(judged, traffic), moment=moment)


@dataclass
class _Judged:
    """The blocks of one family, and the classes of nodes that they leave."""

    ends: Ends
    blocks: Sequence[Block]
    classes: NDArray[np.intp] = field(init=False)
    members: NDArray[np.intp] = field(init=False)
    """(C,) the first node of each class."""
    count: NDArray[np.uint16] = field(init=False)
    """(C, C) how many causes stop each pair."""
    first: NDArray[np.int32] = field(init=False)
    verdicts: NDArray[np.uint8] = field(init=False)
    excused: NDArray[np.bool_] = field(init=False)
    """(C, C) which pairs need not reach: their machines do not run."""

    def __post_init__(self) -> None:
        """Put nodes together that the same blocks speak of."""
        total = len(self.ends.items)
        told = np.zeros((2 * len(self.blocks) + 1, total), dtype=np.bool_)
        for number, block in enumerate(self.blocks):
            told[2 * number], told[2 * number + 1] = block.senders, block.receivers
        packed = np.packbits(told, axis=0).T
        _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self.classes, self.members = rank[inverse.reshape(-1)], first[order]
        size = len(self.members)
        self.count = np.zeros((size, size), dtype=np.uint16)
        self.first = np.full((size, size), -1, dtype=np.int32)
        self.verdicts = np.full((size, size), REACHES, dtype=np.uint8)
        self.excused = np.zeros((size, size), dtype=np.bool_)

    def mark(self, blocks: Sequence[Block], number: int, verdict: int) -> NDArray[np.bool_]:
        """Note a cause; return the pairs of classes that it stops. Call it for blocked ones first."""
        stopped = np.zeros(self.verdicts.shape, dtype=np.bool_)
        for block in blocks:
            senders, receivers = block.senders[self.members], block.receivers[self.members]
            stopped[np.flatnonzero(senders)[:, None], np.flatnonzero(receivers)] = True
        if verdict == BLOCKED and not all(block.reason.fails for block in blocks):
            self.excused |= stopped
        self.count += stopped
        self.first[stopped & (self.first < 0)] = number
        np.maximum(self.verdicts, verdict, out=self.verdicts, where=stopped)
        return stopped

    def family(self) -> Family:
        """Return the family; what stops a node's packets to itself is of no concern."""
        alone = np.flatnonzero(np.bincount(self.classes, minlength=len(self.members)) == 1)
        self.verdicts[alone, alone], self.first[alone, alone] = REACHES, -1
        return Family(self.ends.version, self.ends.names, self.classes, self.verdicts, self.first)


def _sum_up(judged: Sequence[_Judged], traffic: Traffic) -> Reachability:
    """Put the blocks of all families together to causes."""
    found: dict[Reason, list[list[Block]]] = defaultdict(lambda: [[] for _ in judged])
    for number, one in enumerate(judged):
        for block in one.blocks:
            found[block.reason][number].append(block)
    ordered = sorted(found, key=lambda reason: (KINDS.index(reason.kind), reason.verdict, reason.text))
    stopped: dict[Reason, list[NDArray[np.bool_]]] = {}
    for verdict in (BLOCKED, UNPROVEN):
        for number, reason in enumerate(ordered):
            if (reason.verdict == "unproven") == (verdict == UNPROVEN):
                parts = zip(judged, found[reason], strict=True)
                stopped[reason] = [one.mark(blocks, number, verdict) for one, blocks in parts]
    families = tuple(one.family() for one in judged)
    causes: list[Cause] = []
    numbers = np.full(len(ordered) + 1, -1, dtype=np.int32)  # the last one stands for no cause
    for number, reason in enumerate(ordered):
        sides = [*zip(judged, families, stopped[reason], strict=True)]
        pairs = sum(family.pairs_where(cells) for _, family, cells in sides)
        if pairs:
            numbers[number] = len(causes)
            alone = sum(family.pairs_where((one.first == number) & (one.count == 1)) for one, family, _ in sides)
            due = sum(family.pairs_where(cells & ~one.excused) for one, family, cells in sides) if reason.fails else 0
            causes.append(_cause(reason, found[reason], judged, (pairs, alone, due)))
    numbered = tuple(replace(family, first=numbers[family.first]) for family in families)
    return Reachability(traffic, numbered, tuple(causes))


def _cause(
    reason: Reason, found: Sequence[Sequence[Block]], judged: Sequence[_Judged], counts: tuple[int, int, int]
) -> Cause:
    """Return a cause; `counts`: the pairs that it stops, those that nothing else stops, those that should reach."""
    faults: dict[Fault, None] = {}
    names: dict[str, None] = {}
    for one, blocks in zip(judged, found, strict=True):
        for block in blocks:
            faults |= dict.fromkeys(block.faults)
            names |= dict.fromkeys(one.ends.names[number] for number in block.at)
    nodes = tuple(sorted(names, key=natural_key))
    objects = len({fault.object for fault in faults})
    title = reason.text.format(nodes=_count(len(nodes), "node"), objects=_count(objects, "subnet"))
    pairs, alone, due = counts
    return Cause(reason.kind, reason.verdict, title, nodes, tuple(faults), pairs, alone, due > 0)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
