"""How far an application is: plain lines, every few seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from l2bridge_helpers.pace import WRITE

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.pace import Pace
    from l2bridge_helpers.results import Result

_SECONDS = 5.0
_MINUTE = 60


class Progress:
    """A line of progress every few seconds; none when all is done before.

    Args:
        changes: what is to be made.
        pace: how fast the cloud lets them be made.
        tell: takes a line.
        clock: seconds that only grow.

    """

    def __init__(
        self,
        changes: Sequence[Change],
        pace: Pace,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to count."""
        self._changes = changes
        self._pace = pace
        self._tell = tell
        self._clock = clock
        self._start = self._last = clock()

    def tell(self, outcomes: Mapping[int, Result]) -> None:
        """Say how far it is and how long the rest will take, if it is time to."""
        now = self._clock()
        if now - self._last < _SECONDS:
            return
        self._last = now
        seen = dict(outcomes)  # others go on writing to it
        done = sum(result.outcome == "applied" for result in seen.values())
        waiting = Counter(change.kind for place, change in enumerate(self._changes) if place not in seen)
        rate = len(seen) / (now - self._start)
        self._tell(
            f"{done} of {len(self._changes)} changes done, {len(seen) - done} failed, {waiting.total()} waiting, "
            f"{rate:.1f}/s, {_about(self._left(waiting, rate))} left"
        )

    def _left(self, waiting: Counter[str], rate: float) -> float:
        """Return the seconds that the rest will take: as fast as so far, but no faster than the cloud grants.

        Each kind of change has limits of its own, so the kind with the most counts; where they share one (Azure), the
        others are a handful of writes.
        """
        so_far = waiting.total() / rate if rate else 0.0
        return max(so_far, self._pace.seconds_for(WRITE, max(waiting.values(), default=0)))


def _about(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"about {seconds:.0f} s"
    return f"about {seconds / _MINUTE:.0f} min"
