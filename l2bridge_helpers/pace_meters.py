"""The arithmetic of a service's limits: how long a request waits until it is granted. Pure; no clock, no thread.

A `Bucket` grants its capacity at once and then a rate; a `Window` grants a number in each stretch of time. Both count
what was sent, also what was refused. A `Brake` holds everybody back after a refusal, and then lets one try.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

_SLOP = 1e-9
"""What adding up floats may lose of a token."""
_TICK = 1e-6
"""Seconds; the time of day as a float has no smaller ones."""
RESERVE = 1.0
"""Tokens that stay in a full bucket: a request that travels faster than those before it still finds one."""
GUARD = 0.1
"""Seconds after a window's start: clocks are not quite the same."""
_SOME = 10
"""Limits above it have a reserve, and learn in steps."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
_LEAST, _LESS, _MORE = 0.1, 0.7, 0.02
"""Of the rate: the least that is tried, what a refusal leaves, what a granted request gives back."""
AWAITED = 3600.0
"""Seconds; stands for `until somebody else's answer is there`."""


@dataclass(frozen=True)
class Bucket:
    """`capacity` requests at once, then `rate` a second."""

    name: str
    capacity: float
    rate: float


@dataclass(frozen=True)
class Window:
    """`number` requests in `seconds`: of the clock (aligned: minutes begin at :00), or in any such stretch of time."""

    name: str
    number: int
    seconds: float
    aligned: bool = True


Limit = Bucket | Window


class Meter(Protocol):
    """Counts one limit."""

    @property
    def rate(self) -> float:
        """Requests a second that are granted for long."""

    def wait(self, now: float) -> float:
        """Return the seconds until one more request would be granted, 0 for now."""

    def take(self, now: float) -> None:
        """Count a request."""

    def refused(self, now: float) -> None:
        """Learn that the service had nothing left."""

    def granted(self) -> None:
        """Learn that the service had something left."""

    def told(self, left: float) -> None:
        """Learn what the service says is left."""

    def seconds_for(self, number: int, now: float) -> float:
        """Return the seconds until so many requests have been granted."""


def meter_of(limit: Limit, share: float) -> Meter:
    """Return what counts a limit of which we take this share."""
    if isinstance(limit, Bucket):
        return BucketMeter(limit, share)
    return AlignedMeter(limit, share) if limit.aligned else SlidingMeter(limit, share)


class BucketMeter:
    """Counts a token bucket, and learns when others drink from it too."""

    def __init__(self, limit: Bucket, share: float) -> None:
        """Start with a full bucket."""
        reserve = RESERVE if share * limit.capacity > _SOME else 0.0
        self._most = max(1.0, share * limit.capacity - reserve)
        self._others = limit.capacity - self._most
        self._full_rate = share * limit.rate
        self._factor = 1.0
        self._level = self._most
        self._at = 0.0

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self._full_rate * self._factor

    def wait(self, now: float) -> float:
        """Return the seconds until there is a token."""
        self._fill(now)
        return 0.0 if self._level >= 1 - _SLOP else max(_TICK, (1 - self._level) / self.rate)

    def take(self, now: float) -> None:
        """Take one."""
        self._fill(now)
        self._level -= 1

    def refused(self, now: float) -> None:
        """Take the bucket for empty, and its rate for less."""
        self._fill(now)
        self._level = min(self._level, 0.0)
        self._factor = max(_LEAST, self._factor * _LESS)

    def granted(self) -> None:
        """Come back to the published rate."""
        self._factor = min(1.0, self._factor + _MORE)

    def told(self, left: float) -> None:
        """Leave the others their share of what there is."""
        self._level = min(self._level, max(0.0, left - self._others))

    def seconds_for(self, number: int, now: float) -> float:
        """Return the seconds until so many tokens have been there."""
        self._fill(now)
        return max(0.0, number - self._level) / self.rate

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(self._most, self._level + (now - self._at) * self.rate)
        self._at = max(self._at, now)


class AlignedMeter:
    """Counts windows of the clock."""

    def __init__(self, limit: Window, share: float) -> None:
        """Start with nothing used."""
        self._number = max(1, int(share * limit.number))
        self._most = self._number
        self._seconds = limit.seconds
        self._window = -1
        self._used = 0

    @property
    def rate(self) -> float:
        """Requests a second, on average."""
        return self._most / self._seconds

    def wait(self, now: float) -> float:
        """Return the seconds until this window, or the next one, has room."""
        self._turn(now)
        return 0.0 if self._room(now) else self._until_next(now)

    def take(self, now: float) -> None:
        """Count one."""
        self._turn(now)
        self._used += 1

    def refused(self, now: float) -> None:
        """Take the window for used up, if we have used a good part of it: then it holds no more, with the others'."""
        self._turn(now)
        if 2 * self._used >= self._most:
            self._most = max(1, min(self._most, self._used))

    def granted(self) -> None:
        """Nothing is to be learned."""

    def told(self, left: float) -> None:
        """Keep to what is left."""
        self._most = min(self._most, self._used + int(left))

    def seconds_for(self, number: int, now: float) -> float:
        """Return the seconds until so many have had room."""
        self._turn(now)
        beyond = number - self._room(now)
        if beyond <= 0:
            return 0.0
        return self._until_next(now) + (beyond - 1) // self._number * self._seconds

    def _turn(self, now: float) -> None:
        window = int((now - GUARD) // self._seconds)
        if window > self._window:
            self._window, self._used = window, 0
            self._most = min(self._number, self._most + max(1, self._most // 4))

    def _room(self, now: float) -> int:
        """Return how many fit into this window: none when the next has begun, by our clock if not by the service's."""
        return 0 if now // self._seconds > self._window else max(0, self._most - self._used)

    def _until_next(self, now: float) -> float:
        return max(_TICK, (self._window + 1) * self._seconds + GUARD - now)


class SlidingMeter:
    """Counts a window whose beginning nobody knows: no stretch of its length ever holds more."""

    def __init__(self, limit: Window, share: float) -> None:
        """Start with nothing used."""
        number = max(1, int(share * limit.number))
        self._sent: deque[float] = deque(maxlen=number)
        self._number = number
        self._seconds = limit.seconds

    @property
    def rate(self) -> float:
        """Requests a second, on average."""
        return self._number / self._seconds

    def wait(self, now: float) -> float:
        """Return the seconds until the first of the last `number` requests is old enough."""
        left = self._sent[0] + self._seconds + GUARD - now if len(self._sent) == self._number else 0.0
        return max(_TICK, left) if left > 0 else 0.0

    def take(self, now: float) -> None:
        """Count one."""
        self._sent.append(now)

    def refused(self, now: float) -> None:
        """Nothing is to be learned."""

    def granted(self) -> None:
        """Nothing is to be learned."""

    def told(self, left: float) -> None:
        """Nothing is to be learned: what is told is told of buckets."""

    def seconds_for(self, number: int, now: float) -> float:
        """Return the seconds until so many have had room."""
        free = self._number - len(self._sent)
        if number <= free:
            return 0.0
        whole, part = divmod(number - free - 1, self._number)
        first = self._sent[part] if part < len(self._sent) else now
        return max(0.0, first + self._seconds + GUARD - now) + whole * (self._seconds + GUARD)


class Brake:
    """Holds a group back after a refusal: longer each time, then one request tries whether the service grants again."""

    def __init__(self) -> None:
        """Start with nothing held back."""
        self._until = 0.0
        self._refused_at = -1.0
        self._streak = 0
        self._trying = False
        self._tried = False

    def held(self, now: float) -> float:
        """Return the seconds that nobody is to send."""
        return max(0.0, self._until - now)

    def wait(self, now: float) -> float:
        """Return the seconds to wait; `AWAITED` while one tries."""
        if now < self._until:
            return self._until - now
        return AWAITED if self._trying and self._tried else 0.0

    def take(self) -> None:
        """Count a request: the first after a refusal tries."""
        self._tried = self._trying

    def refused(self, now: float, sent: float, after: float | None, luck: float) -> bool:
        """Hold back; return whether this is news.

        Args:
            now: when the answer came.
            sent: when its request was sent; before the last refusal: it tells nothing new.
            after: the seconds that the service asks to wait, None when it does not say.
            luck: from 0 to 1, different each time: not everybody comes back at once.

        """
        news = sent > self._refused_at
        if news:
            self._streak += 1
            self._refused_at, self._trying, self._tried = now, True, False
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._streak - 1))
        held = pause * (0.5 + luck) if after is None else after + luck * min(1.0, 0.1 * after)
        if news or after is not None:
            self._until = max(self._until, now + held)
        return news

    def passed(self, sent: float) -> bool:
        """Let go, if this request was sent after the last refusal; return whether the service grants again."""
        if sent <= self._refused_at:
            return False
        self._streak, self._trying, self._tried = 0, False, False
        return True

    def lost(self, sent: float) -> None:
        """Let another one try: what became of this request nobody knows."""
        if sent > self._refused_at:
            self._tried = False
