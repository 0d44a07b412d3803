"""At what speed requests go out: what the service publishes, what it answers, and no more at once than it bears.

Each attempt of each request begins and ends here, the SDK's own retries too (see `clouds/*_pace.py`). Groups of
requests have limits of their own; a limit may count several groups. Usable by many threads: those that wait for the
same group wait in line, so that a refusal is met by one and not by all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from l2bridge_helpers.errors import CloudError, ParameterError
from l2bridge_helpers.pace_groups import Group, Width
from l2bridge_helpers.pace_meters import Limit, Meter, meter_of

WRITE = "write"
"""The group of a platform's usual write; every platform has it."""
READ, GET, LIST, OPERATION = "read", "get", "list", "operation"
"""Groups of requests that change nothing."""
SHARE = 0.8
"""Of the published rate, where nothing else is asked for: others use the same account."""
_LONGEST_AFTER = 3600.0
"""Seconds; nobody is asked to wait longer."""

Wait = Callable[[threading.Condition, float], object]


@dataclass(frozen=True)
class Limits:
    """What a service grants.

    Attributes:
        groups: the limits that count a group's requests; a group that is not in it has those of `others`.
        others: limits of a group that is not in `groups`, by its name.
        lanes: how many changes may be under way at once.
        width: how many requests may be under way at once.
        is_read: whether a group's requests change nothing: they go on when the others are stopped.

    """

    groups: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    others: Callable[[str], tuple[Limit, ...]] = lambda _: ()
    lanes: int = 16
    width: int = 16
    is_read: Callable[[str], bool] = frozenset({READ, GET, LIST, OPERATION}).__contains__

    def of(self, group: str) -> tuple[Limit, ...]:
        """Return the limits of a group."""
        return self.groups[group] if group in self.groups else self.others(group)


@dataclass(frozen=True)
class Answer:
    """What an attempt came to, as far as it concerns the pace.

    Attributes:
        kind: `fine` (also a refusal that has other reasons), `throttled`, `overloaded` (5xx, no answer).
        after: the seconds that the service asks to wait; None: it does not say.
        left: what it says is left, by the limit's name.

    """

    kind: Literal["fine", "throttled", "overloaded"] = "fine"
    after: float | None = None
    left: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ticket:
    """One request that may be sent: given back to `Pace.end`."""

    group: str
    sent: float


@dataclass
class Counts:
    """What was sent until now.

    Attributes:
        requests: attempts.
        throttled, overloaded: those that were answered so.

    """

    requests: int = 0
    throttled: int = 0
    overloaded: int = 0


def steady_clock() -> Callable[[], float]:
    """Return a clock that tells the time of day as it was at the start, and goes on without a jump."""
    start = time.time() - time.monotonic()
    return lambda: start + time.monotonic()


def seconds_of(header: str | None) -> float | None:
    """Return the seconds that a `Retry-After` asks for, None when it says nothing, or a date."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST_AFTER else None


class StoppedError(CloudError):
    """A request was not sent, since nothing more is to be."""


class Pace:
    """Says when a request may be sent.

    Args:
        limits: what the service publishes.
        share: how much of it we take, above 0 to 1: others use the same account.
        now, wait: the clock, and how to wait at most so many seconds for a condition.

    Raises:
        ParameterError: the share is none.

    """

    def __init__(
        self,
        limits: Limits,
        *,
        share: float = SHARE,
        now: Callable[[], float] | None = None,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        """Start with full buckets and all lanes."""
        if not 0 < share <= 1:
            raise ParameterError(
                f"parameter share: {share!r}: it is the part of the published rate that may be used, above 0 to 1"
            )
        self._limits = limits
        self._share = share
        self._now = now or steady_clock()
        self._wait = wait
        self._news = threading.Condition()
        self._meters: dict[str, Meter] = {}
        self._groups: dict[str, Group] = {}
        self._width = Width(limits.width)
        self._stopped = ""
        self._mine = threading.local()
        self.counts = Counts()

    @classmethod
    def unlimited(cls) -> Pace:
        """Return the pace of what has no service behind it."""
        return cls(Limits())

    @property
    def lanes(self) -> int:
        """How many changes may be under way at once."""
        return self._limits.lanes

    @property
    def width(self) -> int:
        """How many requests may be under way at once, at most."""
        return self._limits.width

    def begin(self, group: str) -> Ticket:
        """Wait until one request of the group may be sent.

        Raises:
            StoppedError: `stop` was called, and the group is one of writes.

        """
        state = self._group(group)
        with self._news:
            state.queued += 1
        with state.line, self._news:
            try:
                now = self._turn(group, state)
            finally:
                state.queued -= 1
            state.take(now)
            self._width.under_way += 1
            self.counts.requests += 1
            self._mine.begun = self.begun_here + 1
            return Ticket(group, now)

    def _turn(self, group: str, state: Group) -> float:
        """Return the time at which the first in line may send."""
        while True:
            if self._stopped and not self._limits.is_read(group):
                raise StoppedError(f"not sent: {self._stopped}")
            now = self._now()
            seconds = state.wait(now)
            if seconds <= 0 and self._width.has_room:
                return now
            self._wait(self._news, seconds if seconds > 0 else 1.0)

    @property
    def begun_here(self) -> int:
        """How many requests this thread has sent: it tells whether one was sent once only."""
        return int(getattr(self._mine, "begun", 0))

    def is_queued(self, group: str) -> bool:
        """Return whether more than one request of a group waits for its turn."""
        return self._group(group).queued > 1

    def end(self, ticket: Ticket, answer: Answer) -> None:
        """Learn from what became of a request."""
        state = self._group(ticket.group)
        with self._news:
            now = self._now()
            self._width.under_way -= 1
            state.took(now - ticket.sent)
            if answer.kind == "throttled":
                self.counts.throttled += 1
                if state.refused(now, ticket.sent, answer.after):
                    self._width.cut(now, ticket.sent)
            elif answer.kind == "overloaded":
                self.counts.overloaded += 1
                state.brake.lost(ticket.sent)
                self._width.cut(now, ticket.sent)
            else:
                state.passed(ticket.sent)
                self._width.grow()
            for name, left in answer.left.items():
                if name in self._meters:
                    self._meters[name].told(left)
            self._news.notify_all()

    def stop(self, why: str) -> None:
        """Send no more writes: those that wait for their turn end in an error."""
        with self._news:
            self._stopped = why
            self._news.notify_all()

    def rate(self, group: str = WRITE) -> float:
        """Return how many requests a second of a group are granted for long; infinity where nothing limits them."""
        with self._news:
            return min((meter.rate for meter in self._group(group).meters), default=float("inf"))

    def seconds_for(self, group: str, number: int) -> float:
        """Return how long so many more requests of a group take: what limits grant, and answers need."""
        if number <= 0:
            return 0.0
        with self._news:
            state, now = self._group(group), self._now()
            granted = max((meter.seconds_for(number, now) for meter in state.meters), default=0.0)
            return max(granted, state.brake.held(now), state.seconds * number / self._width.size) + state.seconds

    def _group(self, group: str) -> Group:
        state = self._groups.get(group)
        if state is None:
            with self._news:
                state = self._groups.setdefault(group, Group(self._meters_of(group)))
        return state

    def _meters_of(self, group: str) -> tuple[Meter, ...]:
        limits = self._limits.of(group)
        for limit in limits:
            if limit.name not in self._meters:
                self._meters[limit.name] = meter_of(limit, self._share)
        return tuple(self._meters[limit.name] for limit in limits)
