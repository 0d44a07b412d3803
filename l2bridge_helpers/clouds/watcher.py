"""Waits for many operations with few requests: one thread looks for all, the others sleep until theirs has ended.

Who waits first looks; when its own operation has ended, the next one goes on. How often it looks follows from how long
operations take here, and from how many looks there have been already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from l2bridge_helpers.errors import CloudError

_FIRST, _SHORTEST, _LONGEST = 0.1, 0.05, 5.0
"""Seconds between two looks, before anything is known, and the bounds later."""
_PART = 5
"""So many looks in the time that an operation takes."""
_GROWTH, _SLOW_GROWTH = 1.5, 1.1
"""How much longer the next pause is when a look has found nothing; the latter as long as nothing is known."""
_EARLY = 0.95
_LEARN = 0.3
_FEW, _RATIO = 3, 0.03
"""Looks that are always fine, and those for each operation."""
_GRACE = 0.02
"""Seconds in which others may come that wait too."""
_PATIENCE = 2
"""Looks that do not show an operation, until its own thread asks for it."""

Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Answer]):
    key: str
    since: float
    woken: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    error: Exception | None = None
    missed: int = 0
    """Looks in a row that did not show it."""

    @property
    def alone(self) -> bool:
        return self.missed >= _PATIENCE

    @property
    def ended(self) -> bool:
        return self.answer is not None or self.error is not None


class Watcher(Generic[Answer]):
    """Waits for operations of one kind.

    Args:
        look: returns what it finds out about these operations, by their keys: an answer, None for one that is under
            way; one that it does not see is not in it.
        ask: returns the answer about one operation, None while it is under way; may wait meanwhile.
        seconds: how long an operation may take.
        calm: when there is no hurry; None: always a little.

    """

    def __init__(
        self,
        look: Callable[[Collection[str]], Mapping[str, Answer | None]],
        ask: Callable[[str], Answer | None],
        *,
        seconds: float,
        calm: Calm | None = None,
    ) -> None:
        """Nothing is waited for yet."""
        self._calm = calm
        self._look = look
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting[Answer]] = {}
        self._leader: _Waiting[Answer] | None = None
        self._rhythm = Rhythm()

    @property
    def typical(self) -> float:
        """Return the seconds that an operation takes here, 0 when nothing is known yet."""
        return self._rhythm.typical

    def wait(self, key: str) -> Answer:
        """Return the answer about an operation when it has ended.

        Raises:
            CloudError: it still runs after the time that it may take.

        """
        mine: _Waiting[Answer] = _Waiting(key, time.monotonic())
        with self._lock:
            self._waiting[key] = mine
        self._rhythm.started()
        try:
            while not mine.ended:
                if time.monotonic() - mine.since > self._seconds:
                    raise CloudError(f"operation {key} is still running after {self._seconds:.0f} s; look at it")
                if mine.alone:
                    self._hand_over(mine)
                    self._ask_for(mine)
                elif self._leads(mine):
                    self._lead(mine)
                else:
                    mine.woken.wait(self._seconds)
                    mine.woken.clear()
        finally:
            with self._lock:
                self._waiting.pop(key, None)
            self._hand_over(mine)
        if mine.error:
            raise mine.error
        assert mine.answer is not None  # noqa: S101 - the loop ends with one
        return mine.answer

    def _leads(self, mine: _Waiting[Answer]) -> bool:
        with self._lock:
            if self._leader is None:
                self._leader = mine
            return self._leader is mine

    def _hand_over(self, mine: _Waiting[Answer]) -> None:
        """Let another one look on."""
        with self._lock:
            if self._leader is not mine:
                return
            self._leader = None
            for other in self._waiting.values():
                if not other.ended and not other.alone:
                    other.woken.set()
                    return

    def _lead(self, mine: _Waiting[Answer]) -> None:
        """Look once, for all."""
        time.sleep(_GRACE)
        with self._lock:
            waiting = list(self._waiting.values())
        if len(waiting) == 1:
            self._hand_over(mine)  # those who come meanwhile do not wait for this one
            self._ask_for(mine)
            return
        time.sleep(max(0.0, self._rhythm.pause(min(one.since for one in waiting), time.monotonic()) - _GRACE))
        if self._calm:
            self._calm.wait(lambda: len(self._waiting))
        with self._lock:
            waiting = [one for one in self._waiting.values() if not one.ended and not one.alone]
        asked = time.monotonic()
        found = self._look([one.key for one in waiting])
        ended = [one for one in waiting if found.get(one.key) is not None]
        self._rhythm.looked([asked - one.since for one in ended])
        for one in waiting:
            self._tell(one, found)

    def _tell(self, one: _Waiting[Answer], found: Mapping[str, Answer | None]) -> None:
        if one.key not in found:
            one.missed += 1
            if one.alone:
                one.woken.set()
            return
        one.missed = 0
        if (answer := found[one.key]) is not None:
            one.answer = answer
            one.woken.set()

    def _ask_for(self, one: _Waiting[Answer]) -> None:
        """Ask for one operation by itself; what goes wrong concerns it alone."""
        asked = time.monotonic()
        try:
            one.answer = self._ask(one.key)
        except Exception as err:  # noqa: BLE001 - it is raised where the operation is waited for
            one.error = err
        if one.ended:
            self._rhythm.looked([time.monotonic() - one.since])
            one.woken.set()
        elif time.monotonic() - asked < 1:
            time.sleep(self._rhythm.pause(one.since, time.monotonic()))


@dataclass
class Calm:
    """When there is no hurry to look: what comes next waits for its turn anyway, and there is room for it.

    Attributes:
        queued: whether requests wait for their turn.
        seconds: how long it may last.
        room: how many operations may be waited for meanwhile.

    """

    queued: Callable[[], bool]
    seconds: float
    room: int
    _last: float = 0.0

    def wait(self, under_way: Callable[[], int]) -> None:
        """Return when there is a hurry."""
        while self.queued() and under_way() < self.room and time.monotonic() < self._last + self.seconds:
            time.sleep(_FIRST)
        self._last = time.monotonic()


class Rhythm:
    """When to look next. Threads that start operations count them here; only one looks."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.typical = 0.0
        self._operations = 0
        self._looks = 0
        self._misses = 0

    def started(self) -> None:
        """Count an operation."""
        self._operations += 1

    def pause(self, oldest: float, now: float) -> float:
        """Return the seconds until the next look, when the oldest operation began then."""
        usual, growth = (self.typical / _PART, _GROWTH) if self.typical else (_FIRST, _SLOW_GROWTH)
        spare = _FEW + _RATIO * self._operations
        often = max(1.0, self._looks / spare)
        step = min(_LONGEST, max(_SHORTEST, usual * growth**self._misses) * often)
        return max(step, oldest + _EARLY * self.typical - now)

    def looked(self, seconds: list[float]) -> None:
        """Learn from a look that found operations ended, after so many seconds each."""
        self._looks += 1
        if not seconds:
            self._misses = min(self._misses + 1, 10)
            return
        self._misses = 0
        fastest = min(seconds)
        self.typical += (_LEARN if self.typical else 1.0) * (fastest - self.typical)
