"""Plan -> Results, through a Cloud: refused as a whole, or carried out node by node.

A node's changes run one after the other, and the first that fails stops that node only. Nodes run side by side.
Deletions come last, and only where the route that takes their place was made.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from l2bridge_helpers.errors import BlockedError, L2BridgeError, ParameterError
from l2bridge_helpers.findings import names_of

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.findings import Findings

Outcome = Literal["applied", "failed", "skipped", "not sent"]
COLUMNS = ("outcome", "action", "kind", "resource", "node", "error")
FEW_DELETES = 2
"""So many of our own routes may always go, whatever share of them that is."""
_WORKERS = 10
"""Nodes served side by side: as many as the SDK's session keeps connections."""
_NEWS_SECONDS = 5.0


@dataclass(frozen=True)
class Result:
    """What became of one change that writes; `error` says why it was not made."""

    change: Change
    outcome: Outcome
    error: str = ""


@dataclass(frozen=True)
class Results:
    """What became of each change of a plan that writes, in the plan's order."""

    items: tuple[Result, ...] = ()
    cluster: str = ""

    def __iter__(self) -> Iterator[Result]:
        """Iterate in the plan's order."""
        return iter(self.items)

    def of_outcome(self, outcome: Outcome) -> tuple[Result, ...]:
        """Return those with one outcome."""
        return tuple(result for result in self.items if result.outcome == outcome)

    @property
    def sent(self) -> bool:
        """Whether anything was sent at all."""
        return any(result.outcome in ("applied", "failed") for result in self.items)

    @property
    def applied(self) -> int:
        """How many changes were made."""
        return len(self.of_outcome("applied"))

    @property
    def failed(self) -> tuple[Result, ...]:
        """Those that failed, and those that were skipped for it."""
        return self.of_outcome("failed") + self.of_outcome("skipped")

    def table(self) -> pd.DataFrame:
        """Return one row per change; columns `outcome, action, kind, resource, node, error`."""
        rows = [
            (result.outcome, change.action, change.kind, change.resource, change.node, result.error)
            for result in self.items
            for change in [result.change]
        ]
        return pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the counts in a sentence."""
        if not self.items:
            return "there was nothing to do"
        if not self.sent:
            return f"nothing was sent; {len(self.items)} changes wait for mode='apply' with confirm='{self.cluster}'"
        counts = {outcome: len(self.of_outcome(outcome)) for outcome in ("applied", "failed", "skipped", "not sent")}
        return ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)


def apply(  # noqa: PLR0913 - each is one of the operator's parameters
    changes: Plan,
    cloud: Cloud,
    *,
    findings: Findings,
    mode: str,
    confirm: str,
    max_delete_percent: int = 25,
    tell: Callable[[str], None] = print,
) -> Results:
    """Carry out a plan in `mode="apply"`; in the other modes send nothing.

    Args:
        changes: the plan.
        cloud: where.
        findings: of the same read; a blocking one refuses the whole plan.
        mode: `plan`, `apply` or `check`.
        confirm: must be the cluster's name.
        max_delete_percent: 0 to 100: refuse to delete more than 2 of our routes *and* more than this share of them.
        tell: takes a line of progress, every few seconds.

    Raises:
        ParameterError: `confirm` is not the cluster's name.
        BlockedError: a finding, a conflict or the number of deletions forbids it. Nothing was sent.

    """
    if mode != "apply":
        return Results(tuple(Result(change, "not sent") for change in changes.writes), changes.cluster)
    _refuse(changes, findings, confirm, max_delete_percent)
    return _Run(changes, cloud, tell).results()


def deletion_problem(changes: Plan, max_delete_percent: int) -> str:
    """Return why the plan deletes too much, or "". A replacement is no deletion."""
    deletes = [change.resource for change in changes.writes if change.action == "delete"]
    share = 100 * len(deletes) / max(changes.own_routes, 1)
    if len(deletes) <= FEW_DELETES or share <= max_delete_percent:
        return ""
    return (
        f"the plan deletes {len(deletes)} of our {changes.own_routes} routes ({share:.0f} %), more than "
        f"max_delete_percent={max_delete_percent} allows: {names_of(deletes)}; if these nodes are really gone, raise it"
    )


def _refuse(changes: Plan, findings: Findings, confirm: str, max_delete_percent: int) -> None:
    if confirm != changes.cluster:
        raise ParameterError(
            f"parameter confirm: {confirm!r} is not the cluster's name; to apply set confirm={changes.cluster!r}"
        )
    reasons = [str(finding) for finding in findings.blocking]
    reasons += [f"node {change.node}: {change.reason}" for change in changes.conflicts]
    reasons += filter(None, [deletion_problem(changes, max_delete_percent)])
    if reasons:
        msg = f"nothing was sent, because of {len(reasons)} thing(s) to settle first: " + " | ".join(reasons)
        raise BlockedError(msg)


class _Run:
    """One application of a plan. A change is known by its place in the plan."""

    def __init__(self, changes: Plan, cloud: Cloud, tell: Callable[[str], None]) -> None:
        self._writes = changes.writes
        self._cluster = changes.cluster
        self._cloud = cloud
        self._news = _News(len(self._writes), tell)
        self._outcomes: dict[int, Result] = {}

    def results(self) -> Results:
        """Send everything, and return what became of it."""
        making = [place for place, change in enumerate(self._writes) if change.action != "delete"]
        self._side_by_side(self._chains(making))
        self._side_by_side([[place] for place in self._safe_deletes(making)])
        return Results(tuple(self._outcomes[place] for place in range(len(self._writes))), self._cluster)

    def _chains(self, places: list[int]) -> list[list[int]]:
        """Return each node's changes, in the plan's order."""
        chains: dict[str, list[int]] = defaultdict(list)
        for place in places:
            chains[self._writes[place].node].append(place)
        return list(chains.values())

    def _safe_deletes(self, made: list[int]) -> Iterator[int]:
        """Skip the deletion of a route whose substitute was not made."""
        missing = {
            self._writes[place].after.get("destination") for place in made if self._outcomes[place].outcome != "applied"
        }
        for place, change in enumerate(self._writes):
            if change.action == "delete":
                if change.before.get("destination") in missing:
                    self._note(place, "skipped", "the route that takes its place was not made")
                else:
                    yield place

    def _side_by_side(self, chains: list[list[int]]) -> None:
        """Run the chains in parallel. An interruption lets what is under way finish, and starts nothing more."""
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="apply") as pool:
            futures = [pool.submit(self._chain, chain) for chain in chains]
            try:
                for future in as_completed(futures):
                    future.result()
                    self._news.tell(self._outcomes)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _chain(self, chain: list[int]) -> None:
        broken = ""
        for place in chain:
            if broken:
                self._note(place, "skipped", f"{broken} failed first")
            elif not self._send(place):
                change = self._writes[place]
                broken = f"{change.kind} of {change.resource}"

    def _send(self, place: int) -> bool:
        try:
            self._cloud.send(self._writes[place])
        except L2BridgeError as err:
            self._note(place, "failed", str(err))
        except Exception as err:  # noqa: BLE001 - whatever happens to one node, the others are served
            self._note(place, "failed", f"unexpected {type(err).__name__}: {err}")
        else:
            self._note(place, "applied")
            return True
        return False

    def _note(self, place: int, outcome: Outcome, error: str = "") -> None:
        self._outcomes[place] = Result(self._writes[place], outcome, error)


class _News:
    """A line of progress every few seconds; none when all is done before."""

    def __init__(self, total: int, tell: Callable[[str], None]) -> None:
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
