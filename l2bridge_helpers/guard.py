"""What stands around an application of a plan: the cluster's Lease, the journal, a plan that still fits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.command_line import command_line, from_any_folder
from l2bridge_helpers.entries import Entries, RunEntries
from l2bridge_helpers.errors import BlockedError, JournalError, ParameterError
from l2bridge_helpers.journal_records import JournalRun, os_user
from l2bridge_helpers.journal_url import journal_url
from l2bridge_helpers.moved import moved, remaining
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.parameters import COMMON

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.journal import Journal
    from l2bridge_helpers.kube import Kube
    from l2bridge_helpers.lease import Lease

_OF_THE_RUN = {parameter.name for parameter in COMMON} - {"endpoint"}
"""Parameters that are about the run, and not about where the network is."""
_MOST_ROWS = 20
_UNLOCKED = "no lock is held (lease_namespace is empty): see to it that nobody else applies to this cluster now"


@dataclass(frozen=True)
class Guarded:
    """What an application may go on with.

    Attributes:
        changes: what is left to do of the plan.
        entries: the run's pages of the journal.
        permit: returns why nothing may be sent any more, "" while the Lease is ours.

    """

    changes: Plan
    entries: Entries
    permit: Callable[[], str]


@dataclass(frozen=True)
class Word:
    """What is told to the operator of a run, and heard from them.

    Attributes:
        say: takes a line.
        halted: returns why they want nothing more to be sent, "" while they have said nothing.

    """

    say: Callable[[str], None]
    halted: Callable[[], str]


_SILENT = Word(say=lambda _line: None, halted=lambda: "")


class Guard:
    """The guard of one run.

    Args:
        parameters: the run's.
        kube: the cluster's API, which keeps the Lease.
        folder: the run's folder, whose name is the run's name.

    """

    def __init__(self, parameters: Mapping[str, Any], kube: Kube, folder: Path) -> None:
        """Take nothing yet."""
        self._parameters = parameters
        self._kube = kube
        self._run = folder.name
        self._journal: Journal | None = None
        self._seen = ""
        """The Lease's version when the world was read."""
        self.identity = ""
        """Who the cloud takes us for, as the journal has it; empty where none was written."""

    def look(self) -> None:
        """Open the journal and look at the Lease, before the world is read that is to be changed.

        Raises:
            JournalError: the journal cannot be used.
            LockError: the Lease cannot be read.

        """
        from l2bridge_helpers.journal import Journal  # SQLAlchemy is of no use to the other modes

        if self._journal is None:
            self._journal = Journal.open(journal_url(self._parameters["journal"], self._parameters["runs"]))
        if self._parameters["lease_namespace"]:
            self._seen = self._lease().version()

    @contextmanager
    def around(
        self, changes: Plan, cloud: Cloud, nodes: pd.DataFrame, *, started: str, again: Callable[[], Plan], word: Word
    ) -> Iterator[Guarded]:
        """Hold the Lease and keep the journal while the block applies the plan.

        Args:
            changes: the plan, made from what was read since `look`.
            cloud: where.
            nodes: whom the plan is for.
            started: when the run began.
            again: reads the world and plans again.
            word: what is heard from the run's operator, and told to them.

        Raises:
            LockError: another apply holds the Lease, or it may not be taken, or the operator would not wait for it.
            BlockedError: another apply has changed the world since; names the rows.
            JournalError: the journal cannot be written.

        """
        if not changes.writes:
            yield Guarded(changes, NoEntries("there is nothing to apply"), lambda: "there is nothing to apply")
        elif not self._parameters["lease_namespace"]:
            word.say(_UNLOCKED)
            yield Guarded(changes, self._begin(changes, cloud, nodes, started), _granted)
        else:
            with self._lease(word) as lease:
                left = self._still(changes, again, word) if lease.changed_since(self._seen) else changes
                entries = self._begin(left, cloud, nodes, started)
                yield Guarded(left, entries, lease.problem)

    def _lease(self, word: Word = _SILENT) -> Lease:
        from l2bridge_helpers.lease import Lease

        parameters = self._parameters
        holder = f"{os_user()}/{os.getpid()}/{self._run}"
        return Lease(
            self._kube,
            namespace=parameters["lease_namespace"],
            holder=holder,
            timeout=parameters["lock_timeout"],
            tell=word.say,
            halted=word.halted,
        )

    def _still(self, changes: Plan, again: Callable[[], Plan], word: Word) -> Plan:
        """Return what is left of the plan when others have applied since it was made; never more than was shown."""
        fresh = again()
        if self._parameters.get("plan_file"):  # exactly that plan, or nothing
            check_unmoved(changes, fresh)
        left = remaining(changes, fresh)
        if left is None:
            raise BlockedError(
                f"another apply has changed this cluster's network since the plan was made, so nothing was sent: "
                f"{told(moved(changes, fresh))}; run again from the top"
            )
        rest = f"{len(left.writes)} of {len(changes.writes)} changes are left"
        word.say(f"the Lease was held since this plan was made, so it was made anew: {rest}")
        return left

    def _begin(self, changes: Plan, cloud: Cloud, nodes: pd.DataFrame, started: str) -> RunEntries:
        """Open the run's pages of the journal."""
        if self._journal is None:
            raise JournalError("the journal was not opened before the network was read; run all cells from the top")
        where = {name: value for name, value in self._parameters.items() if name not in _OF_THE_RUN}
        self.identity = cloud.identity()
        self._journal.begin(
            JournalRun(
                run=self._run,
                cluster=changes.cluster,
                platform=changes.platform,
                network=changes.network,
                plan_hash=changes.hash,
                user=os_user(),
                identity=self.identity,
                started=started,
                undoes=changes.undoes,
                parameters=where,
                nodes=[asdict(row) for row in node_rows(nodes)],
            )
        )
        return RunEntries(self._journal, self._run)


@dataclass(frozen=True)
class NoEntries:
    """Pages on which nothing can be written, so that nothing is sent."""

    why: str

    def intend(self, changes: Sequence[tuple[int, Change]]) -> None:
        """Refuse.

        Raises:
            JournalError: always.

        """
        raise JournalError(f"{changes[0][1].resource} is not sent: {self.why}")

    def settle(self, places: Sequence[int], outcome: str, error: str = "") -> None:
        """Refuse.

        Raises:
            JournalError: always.

        """
        raise JournalError(f"nothing can have become {outcome}: {self.why} ({len(places)} changes; {error or 'none'})")


def saved_plan(parameters: Mapping[str, Any], platform: str, cluster: str) -> Plan | None:
    """Return the plan that the parameters name, None when they name none.

    Raises:
        ParameterError: it is another cluster's or platform's, or the run does not apply.
        DataError: it cannot be read, or was edited.

    """
    file: str = parameters["plan_file"]
    if not file:
        return None
    if parameters["mode"] != "apply":
        raise ParameterError(f"parameter plan_file: {file!r} is for mode='apply' only, not {parameters['mode']!r}")
    plan = Plan.load(Path(file).expanduser())
    if (plan.platform, plan.cluster) != (platform, cluster):
        raise ParameterError(
            f"parameter plan_file: {file!r} is a plan for cluster {plan.cluster} on {plan.platform}, not for {cluster} "
            f"on {platform}"
        )
    return plan


PLAN_FILE = "parameter plan_file: plan"


def check_unmoved(saved: Plan, fresh: Plan, what: str = PLAN_FILE) -> None:
    """Refuse a saved plan when one that is made anew differs: the world has moved since.

    Args:
        saved: the plan that was made then.
        fresh: the one that is made now.
        what: what the saved one is called.

    Raises:
        BlockedError: names the rows.

    """
    if saved.hash != fresh.hash:
        raise BlockedError(
            f"{what} {saved.hash} no longer fits, the world has moved since it was made, so nothing was sent: "
            f"{told(moved(saved, fresh))}; make a new plan (mode='plan') and have it approved"
        )


def undo_advice(run: str, cluster: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return how to put back what a run has changed, by hand and headless, as label -> value.

    The lines can be pasted into any shell in any folder: relative paths are meant from where the run was made, which
    in JupyterLab is the notebook's own folder.
    """
    names = ("kubeconfig", "context", "cluster", "runs", "journal", "lease_namespace", "endpoint")
    kept = {name: parameters[name] for name in names}
    see = command_line(("undo", run), COMMON, kept)
    put_back = command_line(("undo", run), COMMON, {**kept, "mode": "apply", "confirm": cluster})
    return {
        "run": run,
        "see it first": from_any_folder(see),
        "put it back": from_any_folder(put_back),
        "step by step": "open undo.ipynb beside this notebook, and give it this run",
    }


def _granted() -> str:
    return ""


def told(rows: Sequence[str]) -> str:
    """Return rows in one line; how many more there are, when they are many."""
    more = f" | and {len(rows) - _MOST_ROWS} more" if len(rows) > _MOST_ROWS else ""
    return " | ".join(rows[:_MOST_ROWS]) + more
