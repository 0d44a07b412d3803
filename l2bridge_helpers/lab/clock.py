"""The lab's time: one clock for limits, latencies and operations, which may run faster than the real one."""

from __future__ import annotations

import math
import threading
import time


class Clock:
    """Seconds since the epoch, from the moment of its making on `speed` times as fast as real ones."""

    def __init__(self) -> None:
        """Start at the present time, at normal speed."""
        self._speed = 1.0
        self._shown, self._real = time.time(), time.monotonic()
        self._stopped = threading.Event()

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a real one. Set it before the work to be timed begins."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._shown, self._real = self.now(), time.monotonic()
        self._speed = value

    def now(self) -> float:
        """Return the time."""
        return self._shown + (time.monotonic() - self._real) * self._speed

    def sleep(self, seconds: float) -> bool:
        """Wait for so many of its seconds; return False when the clock was stopped meanwhile."""
        if seconds <= 0:
            return not self._stopped.is_set()
        return not self._stopped.wait(seconds / self._speed)

    def retry_after(self, seconds: float) -> str:
        """Return the header that makes a client wait so long: whole seconds, decimals on a faster clock."""
        if self._speed == 1.0:
            return str(math.ceil(seconds))
        return f"{seconds / self._speed:.3f}"

    def stop(self) -> None:
        """Wake all who sleep."""
        self._stopped.set()
