"""One `apply` at a time for a cluster: a Lease in it that is held, and renewed, while a run changes something.

As client-go's leader election does it: whoever holds it writes `renewTime` again and again, and another may take it
when it has seen it unchanged for the Lease's duration, by its own clock. Every write carries the resourceVersion that
it is based on, so of two that write only one succeeds. Beyond that, a holder that is known to be dead is not waited
for: its process was on this machine and is gone, or its last renewal is far in the past. Times in the object are the
API server's, taken from its answers, so that clocks of operators' machines do not matter.

A holder says itself that it has lost the Lease well before anybody else may take it. What it has sent until then may
still be under way for as long as that margin.
"""

from __future__ import annotations

import itertools
import random
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from l2bridge_helpers.errors import LockError
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.kube_lease import LeaseObject, NoAnswerError, OvertakenError, RefusedError, clock
from l2bridge_helpers.lease_record import NAME, Record, micro_time, new_lease
from l2bridge_helpers.lease_texts import foreign, in_vain, refusal
from l2bridge_helpers.printable import printable
from l2bridge_helpers.process_mark import process_mark, surely_dead
from l2bridge_helpers.sigterm import interrupted_by_sigterm

_MARGIN = 1 / 3
"""The part of the duration that we do not use: what was sent before comes to its end in it."""
_RENEWALS = 3
"""Renewals in one duration."""
_POLLS = 15
"""Looks, and tries after a failure, in one duration …"""
_SLOWEST = 2.0
"""… and at least one in so many seconds …"""
_QUICKEST = 0.1
"""… beginning with this pause, which doubles: most troubles are short."""
_JOIN_SECONDS = 1.0
_READS = 3
"""How often the version is asked for when the API does not answer."""
_RELEASE_SECONDS = 5.0
_DICE = random.SystemRandom()
"""To fall out of step with others; nobody else's numbers change by it."""


class Lease:
    """The right to change one cluster, held as a Lease `l2bridge` in `namespace` while the block runs.

    Needs in the namespace, on `leases` of `coordination.k8s.io`: get, create, update.
    """

    def __init__(  # noqa: PLR0913 - three of them are for tests
        self,
        kube: Kube,
        *,
        namespace: str,
        holder: str,
        timeout: float = 60.0,
        duration: int = 30,
        tell: Callable[[str], None] = print,
        halted: Callable[[], str] = str,
    ) -> None:
        """Send nothing yet.

        Args:
            kube: the cluster.
            namespace: where the Lease is.
            holder: who we are, for people: `user@host/pid/run`. What makes it unique is added.
            timeout: seconds to wait for another holder, and for an API that does not answer.
            duration: seconds after which others may take the Lease when we show no sign of life.
            tell: takes a line for people.
            halted: returns why it is not to be waited for any more, "" while it is.

        """
        self.identity = f"{holder}/{secrets.token_hex(4)}"
        self._object = LeaseObject(kube, namespace, NAME, timeout=max(1.0, min(10.0, duration / _RENEWALS)))
        self._namespace = namespace
        self._timeout = timeout
        self._duration = duration
        self._tell = tell
        self._halted = halted
        self._seen = ("", 0.0)
        self._hold = _Hold("is not held yet")
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._before: Record | None = None
        self._sent: float | None = None
        self._cleanup = ExitStack()

    def version(self) -> str:
        """Return the Lease's resourceVersion now, "" when there is none: for `changed_since`.

        Raises:
            LockError: it cannot be read.

        """
        trouble = ""
        for times in range(_READS):
            try:
                found = self._read()
            except RefusedError as err:
                raise LockError(refusal(self._object.name, self._namespace, err.status, str(err))) from err
            except NoAnswerError as err:
                trouble = str(err)
                time.sleep(self._pause(times))
            else:
                return found.version if found else ""
        raise LockError(f"{self._object.name} cannot be read: {trouble}; run again later")

    def changed_since(self, version: str) -> bool:
        """Return whether somebody may have held the Lease between `version` and our acquisition.

        Who held it at that moment counts, too; so does whoever else has written into it.
        """
        if self._before is None:
            return True
        return self._before.version != version or self._before.holder != ""

    def problem(self) -> str:
        """Return "" while the Lease is surely ours, else why it is not. Sends nothing."""
        with self._guard:
            hold = self._hold
        if hold.lost:
            return f"{self._object.name} {hold.lost}"
        if clock() < hold.until:
            return ""
        why = f" ({hold.trouble})" if hold.trouble else ""
        return f"{self._object.name} could not be renewed in time{why}: another run may take it"

    def __enter__(self) -> Self:
        """Take the Lease, and keep it.

        Raises:
            LockError: somebody else holds it, or it cannot be taken.

        """
        if self._thread:
            raise LockError(f"{self._object.name} is held by this very run; let its block end first")
        self._over = threading.Event()
        with ExitStack() as stack:
            stack.enter_context(interrupted_by_sigterm(self._over))
            stack.callback(self._give_back)
            self._acquire()
            self._thread = threading.Thread(target=self._keep, args=(self._over,), daemon=True, name="lease")
            self._thread.start()
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release it, so that the next run need not wait. Raises nothing: the block's error is what counts."""
        self._cleanup.close()

    def _acquire(self) -> None:
        self._before, self._sent = None, None
        start, told = clock(), False
        for times in itertools.count():
            found, why = self._tried()
            if self._hold.record:
                return
            left = self._timeout - (clock() - start)
            if halted := self._halted():
                raise LockError(f"{self._object.name} was not taken: {halted}; nothing was sent")
            if left <= 0:
                raise LockError(in_vain(self._object.name, found, why, self._timeout, self._duration))
            if why and not told:
                self._tell(printable(f"{self._object.name} {why}; waiting up to {self._timeout:.0f} s"))
                told = True
            time.sleep(min(left, self._pause(times)))

    def _tried(self) -> tuple[Record | None, str]:
        """Take the Lease if it is free; return who holds it, and what stands against it."""
        try:
            found = self._attempt()
        except RefusedError as err:
            raise LockError(refusal(self._object.name, self._namespace, err.status, str(err))) from err
        except NoAnswerError as err:
            return None, f"cannot be taken yet: {err}"
        except OvertakenError:
            return None, ""
        return found, f"is held by {found.told()}" if found else ""

    def _attempt(self) -> Record | None:
        found = self._read()
        if found and found.holder == self.identity:  # the answer to what we have sent was lost
            self._adopt(found, clock() if self._sent is None else self._sent)
            return None
        if found and not found.ours:
            raise LockError(foreign(self._object.name))
        if found and not self._is_free(found):
            return found
        self._take(found)
        return None

    def _is_free(self, found: Record) -> bool:
        if not found.holder or surely_dead(found.process) or found.is_stale(self._object.time(), self._duration):
            return True
        return clock() - self._seen[1] >= (found.seconds or self._duration)

    def _take(self, found: Record | None) -> None:
        """Write our name into the Lease, or make it with our name."""
        base, sent, unsure = found or new_lease(self._namespace), clock(), self._sent
        self._before, self._sent = base, sent if unsure is None else unsure
        body = base.taken(self.identity, process=process_mark(), seconds=self._duration, now=self._now())
        try:
            kept = self._object.replace(body) if found else self._object.create(body)
        except RefusedError:
            self._sent = unsure  # this one was surely not made; of 409 a proxy that repeats requests may be the reason
            raise
        self._adopt(Record.of(kept), sent)

    def _adopt(self, record: Record, sent: float) -> None:
        with self._guard:
            self._hold = self._held(record, sent)

    def _held(self, record: Record, sent: float) -> _Hold:
        """Return that the Lease is ours, as of the moment at which the write was sent."""
        return _Hold("", record, sent + self._duration * (1 - _MARGIN))

    def _keep(self, over: threading.Event) -> None:
        """Renew it until it is over, or lost."""
        hold, times = self._hold, 0
        while not hold.lost:
            due = hold.until - self._duration * (1 - _MARGIN) + self._duration / _RENEWALS
            if over.wait(self._pause(times) if hold.trouble else max(0.0, due - clock())):
                return
            hold = self._renewed(hold)
            times = times + 1 if hold.trouble else 0
            with self._guard:
                if over.is_set():
                    return
                self._hold = hold

    def _renewed(self, hold: _Hold) -> _Hold:
        try:
            return self._renew(hold)
        except Exception as err:  # noqa: BLE001 - whatever a plugin for credentials raises: it is tried again
            return replace(hold, trouble=str(err) or type(err).__name__)

    def _renew(self, hold: _Hold) -> _Hold:
        if not hold.record:
            return hold
        sent = clock()
        try:
            kept = self._object.replace(hold.record.changed(renewTime=micro_time(self._now())))
        except OvertakenError as err:
            found, trouble = self._read(), str(err)
        else:
            return self._held(Record.of(kept), sent)
        if found is None:
            return replace(hold, lost="was deleted by somebody")
        if found.holder != self.identity:
            return replace(hold, lost=f"was taken by {found.told()}" if found.holder else "was released by somebody")
        return replace(hold, record=found, trouble=trouble)  # somebody's note on it, or a lost answer

    def _give_back(self) -> None:
        self._over.set()
        if self._thread:
            self._thread.join(_JOIN_SECONDS)  # what it may still send is based on a version that is no more
        with self._guard:
            hold, self._hold, self._thread = self._hold, _Hold("is not held any more"), None
        if self._sent is None or (hold.lost and hold.record):
            return
        record, end = hold.record, clock() + _RELEASE_SECONDS
        for times in itertools.count():
            trouble = self._release(record)
            if not trouble:
                return
            if clock() > end:
                free = f"the next run can have it {self._duration} s after this one's last renewal"
                self._tell(printable(f"{self._object.name} could not be released ({trouble}); {free}"))
                return
            record = None
            time.sleep(self._pause(times))

    def _release(self, record: Record | None) -> str:
        """Write that nobody holds it; return what stands against it."""
        try:
            record = record or self._read()
            if record and record.holder == self.identity:
                self._object.replace(record.changed(holderIdentity="", renewTime=micro_time(self._now())))
        except Exception as err:  # noqa: BLE001 - the block's own error must not be hidden
            return str(err) or type(err).__name__
        return ""

    def _read(self) -> Record | None:
        body = self._object.read()
        record = Record.of(body) if body else None
        if record and record.version != self._seen[0]:
            self._seen = record.version, clock()
        return record

    def _now(self) -> datetime:
        return self._object.time() or datetime.now(UTC)

    def _pause(self, times: int) -> float:
        """Return how long to wait after so many looks in vain, not the same for all."""
        longest = min(_SLOWEST, self._duration / _POLLS)
        return min(longest, _QUICKEST * 2.0 ** min(times, 9)) * _DICE.uniform(0.8, 1.2)


@dataclass(frozen=True)
class _Hold:
    """Where we stand: why the Lease is not ours, else what was last written, until when it is surely ours, trouble."""

    lost: str
    record: Record | None = None
    until: float = 0.0
    trouble: str = ""
