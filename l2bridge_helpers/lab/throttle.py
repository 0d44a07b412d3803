"""How much a service takes: token buckets, and windows of time, each group of requests apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bucket:
    """So many requests at once, and so many more each second."""

    capacity: float
    per_second: float


@dataclass(frozen=True)
class Window:
    """So many requests in so many seconds: of the clock (`aligned`), or from a first request on."""

    requests: int
    seconds: float = 60.0
    aligned: bool = True


Limit = Bucket | Window


@dataclass
class _Meter:
    """What is used of one limit: tokens of a bucket, requests of a window."""

    limit: Limit
    since: float
    used: float = 0.0

    def refill(self, now: float, origin: float) -> None:
        if isinstance(self.limit, Bucket):
            self.used = max(0.0, self.used - (now - self.since) * self.limit.per_second)
            self.since = now
        elif now >= self._end(origin):
            self.used, self.since = 0.0, now

    def wait(self, now: float, origin: float) -> float:
        """Return the seconds until one more request is granted, 0 for now."""
        if isinstance(self.limit, Bucket):
            return max(0.0, (self.used + 1 - self.limit.capacity) / self.limit.per_second)
        return self._end(origin) - now if self.used >= self.limit.requests else 0.0

    @property
    def left(self) -> int:
        whole = self.limit.capacity if isinstance(self.limit, Bucket) else self.limit.requests
        return max(0, int(whole - self.used))

    def _end(self, origin: float) -> float:
        """Return when the window ends that was open at `since`."""
        if isinstance(self.limit, Bucket) or not self.limit.aligned:
            return self.since + (0.0 if isinstance(self.limit, Bucket) else self.limit.seconds)
        number = (self.since - origin) // self.limit.seconds
        return origin + (number + 1) * self.limit.seconds


@dataclass
class Throttle:
    """Counts requests per group, and per key within a group.

    Attributes:
        limits: by group; a group that is not in it is not limited. Empty: off. A plain number: so many a minute.
        clock: seconds since the epoch.
        origin: a moment at which an aligned window began, 0 for those of the clock.

    """

    limits: Mapping[str, Limit | int] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    origin: float = 0.0
    _meters: dict[tuple[str, str], _Meter] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, *groups: str, key: str = "") -> float:
        """Count one more request of these groups; return 0 when it is granted, else the seconds until it would be.

        A request that one group refuses counts in the groups before it, not in those behind.
        """
        with self._lock:
            now = self.clock()
            for group in groups:
                meter = self._meter(group, key, now)
                wait = meter.wait(now, self.origin) if meter else 0.0
                if wait > 0:
                    return wait
                if meter:
                    meter.used += 1
        return 0.0

    def left(self, group: str, *, key: str = "") -> int | None:
        """Return how many more requests of this group are granted now, None where there is no limit."""
        with self._lock:
            meter = self._meter(group, key, self.clock())
            return meter.left if meter else None

    def _meter(self, group: str, key: str, now: float) -> _Meter | None:
        if group not in self.limits:
            return None
        told = self.limits[group]
        limit = Window(told) if isinstance(told, int) else told
        meter = self._meters.get((group, key))
        if meter is None or meter.limit != limit:
            meter = self._meters[group, key] = _Meter(limit, now)
        meter.refill(now, self.origin)
        return meter
