"""What is known of the requests of one group, and of all that are under way. Whoever uses them holds a lock."""

from __future__ import annotations

import random
import threading

from l2bridge_helpers.pace_meters import Brake, Meter

_DICE = random.SystemRandom()
"""To fall out of step with others; nobody else's numbers change by it."""
_SMOOTH = 0.1
"""Weight of the last answer in the mean time that answers take."""


class Group:
    """Requests that the same limits count."""

    def __init__(self, meters: tuple[Meter, ...]) -> None:
        """Count by these meters."""
        self.meters = meters
        self.brake = Brake()
        self.line = threading.Lock()
        """Who has it is the next."""
        self.seconds = 0.0
        """What an answer takes, on average."""
        self.queued = 0
        """How many wait for their turn."""

    def wait(self, now: float) -> float:
        """Return the seconds until one more request may be sent, 0 for now."""
        return max(self.brake.wait(now), *(meter.wait(now) for meter in self.meters), 0.0)

    def take(self, now: float) -> None:
        """Count a request."""
        self.brake.take()
        for meter in self.meters:
            meter.take(now)

    def took(self, seconds: float) -> None:
        """Learn how long an answer took."""
        self.seconds = seconds if not self.seconds else self.seconds + _SMOOTH * (seconds - self.seconds)

    def refused(self, now: float, sent: float, after: float | None) -> bool:
        """Learn that a request was refused; return whether that is news."""
        news = self.brake.refused(now, sent, after, _DICE.random())
        for meter in self.meters if news else ():
            meter.refused(now)
        return news

    def passed(self, sent: float) -> None:
        """Learn that a request was granted."""
        if self.brake.passed(sent):
            for meter in self.meters:
                meter.granted()


class Width:
    """How many requests may be under way: half as many after trouble, one more after each full round without."""

    def __init__(self, most: int) -> None:
        """Begin with the most."""
        self._most = most
        self._exact = float(most)
        self._cut_at = -1.0
        self.under_way = 0

    @property
    def size(self) -> int:
        """How many may be."""
        return max(1, int(self._exact))

    @property
    def has_room(self) -> bool:
        """Whether one more may be."""
        return self.under_way < self.size

    def cut(self, now: float, sent: float) -> None:
        """Halve it; once for all requests that were sent before."""
        if sent > self._cut_at:
            self._cut_at, self._exact = now, max(1.0, self._exact / 2)

    def grow(self) -> None:
        """Learn that all was well with one."""
        self._exact = min(float(self._most), self._exact + 1 / self._exact)
