"""Trouble on demand: make chosen requests slow, refused, or lost before or after their work is done."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from l2bridge_helpers.lab.record import Request

if TYPE_CHECKING:
    from l2bridge_helpers.lab.garbage import Garbage

Match = Callable[[Request], bool] | tuple[str, str]
When = Literal["before", "after"]


@dataclass
class Fault:
    """One kind of trouble, for the next `times` requests that match (None: for all)."""

    match: Callable[[Request], bool]
    status: int
    reason: str
    message: str
    times: int | None
    when: When
    drop: bool
    seconds: float
    retry_after: float | None = None
    skip: int = 0
    reset: bool = False
    garbage: Garbage = ""
    do: Callable[[], object] | None = None

    def take(self, request: Request) -> bool:
        """Return whether this fault strikes the request, and count it."""
        if self.times == 0 or not self.match(request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The trouble that a server is told to make. Empty: none."""

    def __init__(self) -> None:
        """Start without trouble."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(  # noqa: PLR0913 - one keyword for each property of a fault
        self,
        match: Match,
        *,
        status: int = 503,
        reason: str = "backendError",
        message: str = "The service is currently unavailable.",
        times: int | None = 1,
        when: When = "before",
        drop: bool = False,
        seconds: float = 0.0,
        retry_after: float | None = None,
        skip: int = 0,
        reset: bool = False,
        garbage: Garbage = "",
        do: Callable[[], object] | None = None,
    ) -> Fault:
        """Make trouble for the requests that match.

        Args:
            match: a function of the `Request`, or a method ("": any) and a regular expression to search in the path.
            status: HTTP status to answer; 0 (with `seconds`): be slow, then answer as usual.
            reason: the error's reason, as the API names it.
            message: the error's text.
            times: how many requests it strikes; None: every one.
            when: "before" the work is done, or "after" it was done.
            drop: close the connection instead of answering; with `seconds`, hang that long before.
            seconds: wait that long first, by the lab's clock.
            retry_after: seconds in the header `Retry-After`; None: no such header.
            skip: spare the first ones that match.
            reset: with `drop`, break the connection off (RST) instead of closing it.
            garbage: answer what no client expects (see `l2bridge_helpers.lab.garbage`); what spoils a good answer
                (`cut off`, `half`) does so after the work.
            do: called first, in the request's thread, e.g. to change the world behind the client's back; with
                status 0 the request is then answered as usual.

        """
        moment: When = "after" if garbage in {"cut off", "half"} else when
        fault = Fault(_matcher(match), status, reason, message, times, moment, drop, seconds, retry_after)
        fault.skip, fault.reset, fault.garbage, fault.do = skip, reset, garbage, do
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Make no more trouble."""
        with self._lock:
            self._faults.clear()

    def strike(self, request: Request, when: When) -> Fault | None:
        """Return the first fault that strikes this request at this moment."""
        with self._lock:
            return next((fault for fault in self._faults if fault.when == when and fault.take(request)), None)


def _matcher(match: Match) -> Callable[[Request], bool]:
    if callable(match):
        return match
    method, path = match[0], re.compile(match[1])
    return lambda request: method in {"", request.method} and path.search(request.path) is not None
