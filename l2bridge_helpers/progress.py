"""How far an application is: as numbers, and as plain lines every few seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.pace import WRITE

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.pace import Pace
    from l2bridge_helpers.results import Result

_SECONDS = 5.0
_MINUTE = 60


@dataclass(frozen=True)
class Pulse:
    """How far an application is.

    Attributes:
        total, done, failed, waiting: changes; what was skipped counts as failed.
        rate: changes that are over, per second.
        seconds_left: as fast as so far, but no faster than the cloud grants.
        failures: what has failed so far, in the plan's order.

    """

    total: int
    done: int
    failed: int
    waiting: int
    rate: float
    seconds_left: float
    failures: tuple[Result, ...] = ()

    def __str__(self) -> str:
        """Return it as a line for people."""
        counts = f"{self.done} of {self.total} changes done, {self.failed} failed, {self.waiting} waiting"
        rate = f", {self.rate:.1f}/s" if self.rate else ""
        return f"{counts}{rate}{f', {_about(self.seconds_left)} left' if rate or self.seconds_left else ''}"


class Progress:
    """Counts what is over.

    Args:
        changes: what is to be made.
        pace: how fast the cloud lets them be made.
        clock: seconds that only grow.

    """

    def __init__(self, changes: Sequence[Change], pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count."""
        self._changes = changes
        self._pace = pace
        self._clock = clock
        self._start = clock()

    def pulse(self, outcomes: Mapping[int, Result]) -> Pulse:
        """Return how far it is, from what became of the changes so far, by their places."""
        seen = dict(outcomes)  # others go on writing to it
        done = sum(result.outcome == "applied" for result in seen.values())
        waiting = Counter(change.kind for place, change in enumerate(self._changes) if place not in seen)
        rate = len(seen) / max(self._clock() - self._start, 1e-3)
        return Pulse(
            total=len(self._changes),
            done=done,
            failed=len(seen) - done,
            waiting=waiting.total(),
            rate=rate,
            seconds_left=self._left(waiting, rate),
            failures=tuple(result for _, result in sorted(seen.items()) if result.outcome == "failed"),
        )

    def _left(self, waiting: Counter[str], rate: float) -> float:
        """Return the seconds that the rest will take: as fast as so far, but no faster than the cloud grants.

        Each kind of change has limits of its own, so the kind with the most counts; where they share one (Azure), the
        others are a handful of writes.
        """
        so_far = waiting.total() / rate if rate else 0.0
        return max(so_far, self._pace.seconds_for(WRITE, max(waiting.values(), default=0)))


class Lines:
    """Plain lines of progress, for a log: one every few seconds, none when all is done before.

    Args:
        tell: takes a line.
        clock: seconds that only grow.

    """

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to wait."""
        self._tell = tell
        self._clock = clock
        self._last = clock()

    def watch(self, pulse: Pulse) -> None:
        """Say how far it is, if it is time to."""
        now = self._clock()
        if pulse.waiting and now - self._last >= _SECONDS:
            self._last = now
            self._tell(str(pulse))


def _about(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"about {seconds:.0f} s"
    return f"about {seconds / _MINUTE:.0f} min"
