"""A block of the matrix of pairs: packets from any of these nodes to any of those are stopped (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from l2bridge_helpers.reachability.nodes import Reason
    from l2bridge_helpers.reachability.result import Fault

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Some senders by some receivers, as masks over the ends of a family.

    Attributes:
        reason: why packets do not pass.
        senders: (N,) from whom.
        receivers: (N,) to whom.
        at: the numbers of the ends where it is.
        faults: what is wrong; equal ones are one.

    """

    reason: Reason
    senders: Mask
    receivers: Mask
    at: Iterable[int]
    faults: Iterable[Fault]
