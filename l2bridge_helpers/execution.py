"""A plan that was let through, carried out node by node.

A node's changes run one after the other, and the first that fails stops that node only. Nodes run side by side.
Before them stands what claims their routes; after them come deletions, only where the route that takes their place
was made; then what says which routes are ours, only where all of a table's were done. Where a cloud writes a whole
table at once, all its rows are one write, without those of nodes that have failed. Subnets get their tables last.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import (
    ASSOCIATIONS,
    CLAIMS,
    DELETIONS,
    MARKS,
    NODES,
    SIDE_BY_SIDE,
    TEMPLATES,
    stage,
)
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.errors import CredentialsError, L2BridgeError, UnreachableError
from l2bridge_helpers.results import Outcome, Result, Results

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.clouds.base import Cloud

OUTAGE = 10
"""So many failures in a row of a cloud that is not there, or lets us in no more, and the rest is not tried."""
_NEWS_SECONDS = 5.0
_LONG = 400
"""Characters of an error that a thousand rows may repeat."""

Batch = tuple[int, ...]
"""The places of changes that are one write."""
Chain = list[Batch]
"""Writes that run one after the other, as long as none fails."""


class Execution:
    """One application of a plan. A change is known by its place in the plan."""

    def __init__(self, changes: Plan, cloud: Cloud, tell: Callable[[str], None]) -> None:
        """Prepare; nothing is sent yet."""
        self._writes = changes.writes
        self._cluster = changes.cluster
        self._dialect = dialect_of(changes.platform)
        self._cloud = cloud
        self._tell = tell
        self._news = News(len(self._writes), tell)
        self._outcomes: dict[int, Result] = {}
        self._outages = 0
        self._under_way = 0
        self._quiet = threading.Condition()
        self._stopped = ""
        """Why nothing more is sent, empty while all is well."""

    def results(self) -> Results:
        """Send everything, and return what became of it."""
        for chains in self._rounds():
            self._side_by_side(chains)
        return Results(tuple(self._result(place) for place in range(len(self._writes))), self._cluster)

    def _rounds(self) -> Iterator[list[Chain]]:
        """Give what runs side by side, round after round; each round is made when those before it are done."""
        every = range(len(self._writes))
        shared = [place for place in every if self._name(place) and self._writes[place].kind != "forwarding"]
        alone = sorted(set(every) - set(shared))
        yield self._single(self._due(CLAIMS, alone))
        yield self._single(self._due(TEMPLATES, alone))
        yield self._chains(self._unless(self._unprepared, self._due(NODES, alone)))
        yield self._single(self._unless(self._unreplaced, self._due(DELETIONS, alone)))
        yield self._single(self._unless(self._unfinished, self._due(MARKS, alone)))
        yield self._batches(self._unless(self._unready, shared))
        for place in self._due(ASSOCIATIONS, alone):  # one at a time: each locks the whole network
            yield self._single(self._unless(self._unmade, [place]))

    def _due(self, number: int, places: list[int]) -> list[int]:
        return [place for place in places if stage(self._writes[place]) == number]

    def _name(self, place: int) -> str:
        return self._dialect.together(self._writes[place])

    def _single(self, places: Iterable[int]) -> list[Chain]:
        return [[(place,)] for place in places]

    def _batches(self, places: Iterable[int]) -> list[Chain]:
        """Return the places of each write."""
        batches: dict[str, list[int]] = defaultdict(list)
        for place in places:
            batches[self._name(place)].append(place)
        return [[tuple(batch)] for batch in batches.values()]

    def _unless(self, obstacle: Callable[[Change], str], places: Iterable[int]) -> Iterator[int]:
        """Skip the changes that something stands against."""
        for place in places:
            why = self._stopped or obstacle(self._writes[place])
            if why:
                self._note((place,), "skipped", why)
            else:
                yield place

    def _undone(self) -> Iterator[Change]:
        """Give what was tried or skipped, and not made."""
        return (self._writes[place] for place, result in list(self._outcomes.items()) if result.outcome != "applied")

    def _unprepared(self, change: Change) -> str:
        table, group = change.after.get("table"), self._dialect.together(change)
        for other in self._undone():
            if other.kind == "claim" and other.resource == table:
                return f"what marks it as ours could not be written on {table}"
            if other.kind == "template" and group and other.resource == group:
                return f"the template of {group} could not be changed"
        return ""

    def _unreplaced(self, change: Change) -> str:
        if change.kind == "filter":
            undone = any(other.kind == "filter" for other in self._undone())
            return "a rule that may take its place was not made" if undone else ""
        place = (change.before.get("table"), change.before.get("destination"))
        missing = ((other.after.get("table"), other.after.get("destination")) for other in self._undone())
        return "the route that takes its place was not made" if place in missing else ""

    def _unfinished(self, change: Change) -> str:
        tables = {side.get("table") for other in self._undone() for side in (other.before, other.after)}
        return "not every route of this table is done; the claim stays" if change.resource in tables else ""

    def _unready(self, change: Change) -> str:
        """Return why a row is left out of the write of its table: its node, or a row that it needs, has failed."""
        if change.action == "delete":
            return self._unreplaced(change)
        if change.kind == "mark":
            return self._unfinished(change)
        return self._broken(change) if change.kind == "route" else self._useless(change)

    def _broken(self, change: Change) -> str:
        """Return what failed first of the node that a row is for."""
        broken = (other for other in self._undone() if change.node and other.node == change.node)
        return next((f"{other.kind} of {other.resource} failed first" for other in broken), "")

    def _useless(self, change: Change) -> str:
        """Return why a table is not prepared: none of the routes that are to be made in it can be."""
        rows = [row for row in self._writes if row.kind == "route" and row.after.get("table") == change.resource]
        return "none of its routes can be made" if rows and all(map(self._broken, rows)) else ""

    def _unmade(self, change: Change) -> str:
        """Return why a subnet is not given its table: the table's write failed."""
        failed = (result.change for result in self._outcomes.values() if result.outcome == "failed")
        rows = [row for row in failed if row.kind != "association"]  # another subnet's failure is its own
        rows += [row for row in self._undone() if row.kind == "table"]
        tables = {table for row in rows for table in (row.resource, row.after.get("table"))}
        return "its route table was not written" if change.after["table"] in tables else ""

    def _result(self, place: int) -> Result:
        """Return what became of a change; one that an interruption came before was not sent."""
        return self._outcomes.get(place) or Result(self._writes[place], "skipped", self._stopped)

    def _chains(self, places: Iterable[int]) -> list[Chain]:
        """Return each node's changes, in the plan's order; those of several nodes that are one write stand alone."""
        chains: dict[str, Chain] = defaultdict(list)
        shared: list[int] = []
        for place in places:
            if self._name(place):
                shared.append(place)
            else:
                chains[self._writes[place].node or self._writes[place].resource].append((place,))
        return [*chains.values(), *self._batches(shared)]

    def _side_by_side(self, chains: list[Chain]) -> None:
        """Run the chains in parallel. Ctrl-C lets the requests under way finish, and sends nothing more."""
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="apply") as pool:
            try:
                futures = [pool.submit(self._chain, chain) for chain in chains]
                for future in as_completed(futures):
                    future.result()
                    self._news.tell(self._outcomes)
            except KeyboardInterrupt:
                self._stop("the run was interrupted")
        with self._quiet:  # an interruption can make the pool lose sight of a thread that it has just started
            self._quiet.wait_for(lambda: self._under_way == 0)

    def _chain(self, chain: Chain) -> None:
        broken = ""
        for batch in chain:
            if broken or not self._begin():
                self._note(batch, "skipped", self._stopped or broken)
            elif not self._send(batch):
                change = self._writes[batch[0]]
                broken = f"{change.kind} of {change.resource} failed first"

    def _begin(self) -> bool:
        """Count a change as under way, unless nothing more is to be sent."""
        with self._quiet:
            self._under_way += not self._stopped
            return not self._stopped

    def _end(self) -> None:
        with self._quiet:
            self._under_way -= 1
            self._quiet.notify_all()

    def _send(self, batch: Batch) -> bool:
        try:
            based_on = self._cloud.send([self._writes[place] for place in batch])
        except L2BridgeError as err:
            self._note(batch[:1], "failed", str(err))
            self._note(batch[1:], "failed", self._brief(str(err), batch))
            self._count_outage(err)
        except Exception as err:  # noqa: BLE001 - whatever happens to one node, the others are served
            self._note(batch, "failed", f"unexpected {type(err).__name__}: {err}")
        else:
            for place in batch:
                self._outcomes[place] = Result(self._writes[place], "applied", based_on=based_on)
            self._outages = 0
            return True
        finally:
            self._end()
        return False

    def _brief(self, error: str, batch: Batch) -> str:
        """Return a write's error for its further rows: a long one stands whole at the first alone."""
        whole = f"… (whole at {self._writes[batch[0]].resource})"
        return error if len(error) <= _LONG else f"{error[:_LONG]}{whole}"

    def _count_outage(self, err: L2BridgeError) -> None:
        """Give up when the cloud does: a thousand nodes would otherwise wait two minutes each for nothing."""
        self._outages = self._outages + 1 if isinstance(err, UnreachableError | CredentialsError) else 0
        if self._outages >= OUTAGE and not self._stopped:
            self._stop("the cloud does not answer any more, see the failures")

    def _stop(self, reason: str) -> None:
        self._stopped = reason
        self._tell(f"{reason}: what is under way is finished, nothing more is sent")

    def _note(self, batch: Batch, outcome: Outcome, error: str = "") -> None:
        for place in batch:
            self._outcomes[place] = Result(self._writes[place], outcome, error)


class News:
    """A line of progress every few seconds; none when all is done before."""

    def __init__(self, total: int, tell: Callable[[str], None]) -> None:
        """Begin to count."""
        self._total = total
        self._tell = tell
        self._start = self._last = time.monotonic()

    def tell(self, outcomes: dict[int, Result]) -> None:
        """Say how far it is and how long the rest will take, if it is time to."""
        now = time.monotonic()
        if now - self._last < _NEWS_SECONDS:
            return
        self._last = now
        seen = list(outcomes.values())
        failed = sum(result.outcome in ("failed", "skipped") for result in seen)
        left = (now - self._start) / max(len(seen), 1) * (self._total - len(seen))
        self._tell(f"{len(seen)} of {self._total} changes done, {failed} failed, about {left:.0f} s left")
