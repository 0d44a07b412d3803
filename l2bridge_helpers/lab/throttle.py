"""Quotas per minute, as Google counts them: in minutes of the clock, each group of methods apart.

Source: docs.cloud.google.com/compute/api-quota (2026): reached at 10:00:15, the limit refills at 10:01:00.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

PUBLISHED = {"mutate": 1500, "get": 1500, "list": 1500, "operation_read": 1500}
"""Requests per minute and project that Google publishes for global methods (2026)."""


class Throttle:
    """Counts requests per group and minute.

    Attributes:
        limits: requests per minute by group; a group that is not in it is not limited. Empty: off.
        seconds: length of the window, 60 as at Google; shorter ones make quick tests.
        clock: seconds since the epoch.

    """

    def __init__(self) -> None:
        """Start without limits."""
        self.limits: dict[str, int] = {}
        self.seconds = 60.0
        self.clock: Callable[[], float] = time.time
        self._window = -1
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def admit(self, group: str) -> bool:
        """Return whether one more request of this group is within its limit, and count it."""
        if group not in self.limits:
            return True
        with self._lock:
            window = int(self.clock() // self.seconds)
            if window != self._window:
                self._window, self._used = window, Counter()
            self._used[group] += 1
            return self._used[group] <= self.limits[group]
