"""A plan that was let through, carried out: many writes side by side, each written down before and after it.

The first failure of a node stops that node only (see `rounds`). Nothing more is sent when the run is interrupted, the
right to change the cluster is lost, the journal cannot be written, or the cloud is gone; what is under way is finished.
Without the right, and when it is interrupted again, also what waits for its turn at the cloud's pace is not sent.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import SIDE_BY_SIDE
from l2bridge_helpers.clouds.base import Sent
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.errors import CloudError, CredentialsError, JournalError, L2BridgeError, UnreachableError
from l2bridge_helpers.printable import printable
from l2bridge_helpers.progress import Progress, Pulse
from l2bridge_helpers.results import Outcome, Result, Results
from l2bridge_helpers.rounds import Batch, Chain, Rounds, failed_first

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.entries import Entries

OUTAGE = 10
"""So many failures in a row of a cloud that is not there, or lets us in no more, and the rest is not tried."""
SO_ALREADY = "it was so already when it was about to be sent: others have done it since the plan was made"
"""What the journal says of a change that was not needed any more."""
_LONG = 400
"""Characters of an error that a thousand rows may repeat."""
_LOOK_SECONDS = 1.0
"""How often it is looked whether there is news to tell."""


class Execution:
    """One application of a plan. A change is known by its place among the plan's writes.

    Args:
        changes: the plan.
        cloud: where.
        entries: where each change is written down before it is sent, and what became of it after.
        permit: returns why nothing may be sent any more, "" while all is well; asked before each write.
        tell: takes a line for people.
        watch: takes how far it is, about once a second, and at the end.
        halted: returns why the operator wants nothing more to be sent, "" while they have said nothing.

    """

    def __init__(  # noqa: PLR0913 - `apply` makes it, nobody else
        self,
        changes: Plan,
        cloud: Cloud,
        *,
        entries: Entries,
        permit: Callable[[], str],
        tell: Callable[[str], None],
        watch: Callable[[Pulse], None],
        halted: Callable[[], str] = str,
    ) -> None:
        """Prepare; nothing is sent yet."""
        self._changes = changes
        self._writes = changes.writes
        self._cloud = cloud
        self._entries = entries
        self._permit = permit
        self._halted = halted
        self._tell = tell
        self._watcher = watch
        self._progress = Progress(self._writes, cloud.pace)
        self._outcomes: dict[int, Result] = {}
        self._outages = 0
        self._under_way = 0
        self._quiet = threading.Condition()
        self._stopped = ""
        """Why nothing more is sent, empty while all is well."""
        self._in_place = dialect_of(changes.platform).replaces_in_place
        self._beside = threading.Semaphore(SIDE_BY_SIDE)
        """The plan has seen to it that the table has room for so many routes beside those that they replace."""

    def results(self) -> Results:
        """Send everything, and return what became of it."""
        with _interruptible():
            for chains in Rounds(self._changes, self._outcomes, self._skip):
                self._side_by_side(chains)
        self._watcher(self._progress.pulse(self._outcomes))
        outcomes = [self._result(place) for place in range(len(self._writes))]
        return Results(tuple(outcomes), self._changes.cluster)

    def _result(self, place: int) -> Result:
        """Return what became of a change; one that an interruption came before was not sent."""
        return self._outcomes.get(place) or Result(self._writes[place], "skipped", self._stopped)

    def _side_by_side(self, chains: Sequence[Chain]) -> None:
        """Run the chains in parallel. Ctrl-C lets the requests under way finish, and sends nothing more."""
        if not chains:
            return
        lanes, futures = min(self._cloud.pace.lanes, len(chains)), list[Future[None]]()
        with ThreadPoolExecutor(lanes, thread_name_prefix="apply") as pool, self._last_word():
            try:
                futures += (pool.submit(self._chain, chain) for chain in chains)
                self._watch(futures)
                for future in futures:
                    future.result()
            except KeyboardInterrupt:
                self._stop("the run was interrupted")
                self._watch(futures)
        with self._last_word(), self._quiet:  # an interruption can make the pool lose sight of a thread just started
            self._quiet.wait_for(lambda: self._under_way == 0)

    def _watch(self, futures: Collection[Future[None]]) -> None:
        """Wait for them, and see to it that the Lease stays ours meanwhile."""
        while wait(futures, timeout=_LOOK_SECONDS).not_done:
            self._permitted()
            self._watcher(self._progress.pulse(self._outcomes))

    @contextmanager
    def _last_word(self) -> Iterator[None]:
        """Let nothing that still waits for its turn be sent when the block is left in an error: the Lease goes, too."""
        try:
            yield
        except BaseException:
            self._stop("the run was interrupted")
            self._cloud.pace.stop("the run was interrupted")
            raise

    def _permitted(self) -> None:
        """Stop when the operator says so; when the Lease is not ours any more, at once also what waits for its turn."""
        if reason := self._halted():
            self._stop(reason)
        if problem := self._permit():
            self._stop(problem)
            self._cloud.pace.stop(problem)

    def _chain(self, chain: Chain) -> None:
        broken = ""
        for batch in chain:
            if broken or not self._begin():
                self._note(batch, "skipped", self._stopped or broken)
            elif not self._make(batch):
                broken = failed_first(self._writes[batch[0]])

    def _begin(self) -> bool:
        """Count a write as under way, unless nothing more is to be sent."""
        if not self._stopped:
            self._permitted()
        with self._quiet:
            self._under_way += not self._stopped
            return not self._stopped

    def _end(self) -> None:
        with self._quiet:
            self._under_way -= 1
            self._quiet.notify_all()

    def _make(self, batch: Batch) -> bool:
        """Write down what is about to be sent, send it, write down what became of it; return whether it was made."""
        try:
            if not self._intend(batch):
                return False
            with self._beside if self._replaces(batch) else nullcontext():
                return self._send(batch)
        finally:
            self._end()

    def _intend(self, batch: Batch) -> bool:
        try:
            self._entries.intend([(place, self._writes[place]) for place in batch])
        except Exception as err:  # noqa: BLE001 - what is not surely written down is not sent
            why = str(err) if isinstance(err, JournalError) else f"unexpected {type(err).__name__}: {err}"
            self._stop(why)
            self._note(batch, "skipped", why)
            return False
        return True

    def _settle(self, batch: Sequence[int], outcome: str, error: str = "") -> None:
        if not batch:
            return
        try:
            self._entries.settle(batch, outcome, error)
        except JournalError as err:
            self._stop(f"what became of {self._writes[batch[0]].resource} could not be written down: {err}")

    def _send(self, batch: Batch) -> bool:
        try:
            based_on = self._cloud.send([self._writes[place] for place in batch])
        except L2BridgeError as err:
            self._fail(batch, str(err), refused=isinstance(err, CloudError) and err.refused)
            self._count_outage(err)
        except Exception as err:  # noqa: BLE001 - whatever happens to one node, the others are served
            self._fail(batch, f"unexpected {type(err).__name__}: {err}")
        else:
            for place in batch:
                self._outcomes[place] = Result(self._writes[place], "applied", based_on=based_on)
            self._outages = 0
            found = based_on.found if isinstance(based_on, Sent) else ()
            self._settle([place for number, place in enumerate(batch) if number not in found], "applied")
            self._settle([batch[number] for number in found], "unchanged", SO_ALREADY)
            return True
        return False

    def _fail(self, batch: Batch, error: str, *, refused: bool = False) -> None:
        self._note(batch[:1], "failed", error)
        self._note(batch[1:], "failed", self._brief(error, batch))
        self._settle(batch, "unchanged" if refused else "failed", error)

    def _replaces(self, batch: Batch) -> bool:
        """Return whether a new route stands beside the old one for a moment."""
        (first, *_) = batch
        change = self._writes[first]
        return not self._in_place and change.kind == "route" and change.action == "update"

    def _brief(self, error: str, batch: Batch) -> str:
        """Return a write's error for its further rows: a long one stands whole at the first alone."""
        whole = f"… (whole at {self._writes[batch[0]].resource})"
        return error if len(error) <= _LONG else f"{error[:_LONG]}{whole}"

    def _count_outage(self, err: L2BridgeError) -> None:
        """Give up when the cloud does: a thousand nodes would otherwise wait two minutes each for nothing."""
        self._outages = self._outages + 1 if isinstance(err, UnreachableError | CredentialsError) else 0
        if self._outages >= OUTAGE:
            self._stop("the cloud does not answer any more, see the failures")

    def _stop(self, reason: str) -> None:
        """Send nothing more; the first reason counts."""
        with self._quiet:
            first = not self._stopped
            self._stopped = self._stopped or reason
        if first:
            self._tell(printable(f"{reason}: what is under way is finished, nothing more is sent"))

    def _skip(self, place: int, why: str) -> None:
        self._note((place,), "skipped", self._stopped or why)

    def _note(self, batch: Batch, outcome: Outcome, error: str = "") -> None:
        for place in batch:
            self._outcomes[place] = Result(self._writes[place], outcome, error)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: between changes, with everything written down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
