"""One run of `undo.ipynb`: which run it puts back, its folder, its steps, and the files that it leaves.

Nodes come from the journal: the cluster is not asked, so that an undo works when it is broken. Only the Lease that
keeps others from applying is the cluster's.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, cast

from l2bridge_helpers.choosing import choose
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.command_line import command_line, from_any_folder
from l2bridge_helpers.course import put_back
from l2bridge_helpers.errors import BlockedError, ParameterError
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.guard import Guard
from l2bridge_helpers.journal_url import journal_url, place_of
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.kubeconfig import cluster_of, shown_server
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.platforms import cloud_of
from l2bridge_helpers.proof import Proof
from l2bridge_helpers.proposal import Proposal
from l2bridge_helpers.prove import PATIENCE, PAUSE, is_read_already, standing
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import APPLIED
from l2bridge_helpers.run import Run
from l2bridge_helpers.steps import make_folder
from l2bridge_helpers.undo import undo
from l2bridge_helpers.undo_choice import UNDO, Recorded, check_choice, chosen_run, cloud_parameters, nodes_of
from l2bridge_helpers.undo_later import without_later
from l2bridge_helpers.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.result import Reachability
    from l2bridge_helpers.results import Results

RUNBOOK = "undo"


def start(**parameters: Any) -> UndoRun:
    """Check the parameters, find the run in the journal, and open this run's folder. Nothing is sent to a cloud.

    Args:
        parameters: those of the notebook's parameters cell.

    Raises:
        ParameterError: names every refused parameter, its value, and what would do; there is no such run.
        KubernetesError: the kubeconfig is needed, and missing or broken.
        JournalError: the journal cannot be read.
        DataError: what it holds of the run cannot be used.

    """
    typed = {parameter.name: parameter.default for parameter in UNDO} | parameters
    given = choose(RUNBOOK, typed)
    check_choice(given)
    kube = _kube(given)
    cluster: str = given["cluster"] or (cluster_of("", kube.target) if kube else "")
    recorded = _recorded(given, cluster)
    mode, confirm = given["mode"], given["confirm"]
    if mode == "apply" and confirm != recorded.run.cluster:
        raise ParameterError(
            f"parameter confirm: {confirm!r} is not the cluster's name; to put back run {recorded.run.run} set "
            f"confirm={recorded.run.cluster!r}"
        )
    merged = cloud_parameters(recorded.run, given)
    told = {"cluster": recorded.run.cluster, **recorded.target(), "mode": mode}
    told |= {"Kubernetes API": shown_server(kube.target)} if kube else {"Kubernetes API": "not needed"}
    undoing = UndoRun(recorded, merged, told, kube, skip_conflicts=given["skip_conflicts"])
    context = (kube.target.context if kube else "") or given["context"]
    undoing.given, undoing.typed = {**given, "run": recorded.run.run, "context": context}, typed
    return undoing


def _kube(given: Mapping[str, Any]) -> Kube | None:
    """Return the cluster's API where it is needed: for its name, or for its Lease."""
    named = bool(given["cluster"] or given["run"])
    locks = given["mode"] == "apply" and given["lease_namespace"]
    return Kube(given["kubeconfig"], given["context"]) if locks or not named else None


def _recorded(given: Mapping[str, Any], cluster: str) -> Recorded:
    from l2bridge_helpers.journal import Journal  # SQLAlchemy costs time, and bad parameters need none

    url = journal_url(given["journal"], given["runs"])
    with closing(Journal.open(url, create=False)) as journal, _looked_at(url):
        runs = journal.runs()
        run = chosen_run(given["run"], cluster, runs)
        while not given["run"] and all(row.outcome == "unchanged" for row in journal.rows(run.run)):
            run = chosen_run("", cluster, runs[runs.index(run) + 1 :])  # it was stopped before it changed anything
        since = [one for one in runs[: runs.index(run)] if one.cluster == run.cluster]
        later = [row for one in reversed(since) for row in journal.rows(one.run)]
        return Recorded(run, journal.rows(run.run), tuple(later), {one.run: one.undoes for one in since if one.undoes})


@contextmanager
def _looked_at(url: str) -> Iterator[None]:
    """Have an error about the choice of the run say in which journal it was looked for."""
    try:
        yield
    except ParameterError as err:
        raise ParameterError(f"{err} (the journal is {place_of(url)})") from err


class UndoRun(Run):
    """A run that puts another one back. Make it with `start`.

    Attributes:
        recorded: what the journal holds of the run that is put back.
        nodes: the nodes as that run saw them.

    """

    def __init__(
        self,
        recorded: Recorded,
        parameters: Mapping[str, Any],
        told: Mapping[str, str],
        kube: Kube | None,
        *,
        skip_conflicts: bool,
    ) -> None:
        """Keep what `start` has checked."""
        run = recorded.run
        folder = make_folder(parameters["runs"], run.cluster, RUNBOOK)
        cloud = cloud_of(run.platform, parameters)
        own = {**parameters, "max_delete_percent": 100}
        guard = Guard(own, cast("Kube", kube), folder)  # None only where no Lease is taken
        super().__init__(cloud, own, run.cluster, told, guard, folder)
        self.recorded = recorded
        self.nodes = nodes_of(run)
        self._skip_conflicts = skip_conflicts
        self._skippable = False
        """Whether to skip conflicts would do: what a later run has done is put back with that run only."""
        self._read: Fabric | None = None
        self.outcome.nodes = len(node_names(self.nodes))

    def plan(self) -> Plan:
        """Read the run's network as it is now, and return the changes that put the run back.

        Raises:
            CloudError: it cannot be read.
            JournalError: in `apply` mode: the journal cannot be written.
            LockError: in `apply` mode: the Lease cannot be read.

        """
        self._read = self.observe(self.nodes)
        return self._planned(self._read)

    @property
    def seen(self) -> Fabric:
        """What the plan was made from.

        Raises:
            ParameterError: no plan was made.

        """
        if self._read is None:
            raise ParameterError("no plan was made: run all cells from the top, then this one")
        return self._read

    def _planned(self, fabric: Fabric) -> Plan:
        back = undo(self.recorded.run, self.recorded.rows, fabric, skip_conflicts=self._skip_conflicts)
        self._skippable = bool(back.conflicts)
        return without_later(back, self.recorded.later, self.recorded.undoes)

    def propose(self, changes: Plan, planned: Reachability, findings: Findings) -> Proposal:
        """Return the plan as a person may apply it: in a run of its own, which sends exactly it or nothing."""

        def begin(confirm: str) -> UndoRun:
            undoing = start(**{**self.given, "mode": "apply", "confirm": confirm})
            undoing.expect(changes)
            return undoing

        own = {**self.given, "run": "", "mode": "apply", "confirm": self.cluster}
        line = from_any_folder(command_line(("undo", self.recorded.run.run), UNDO, own))
        return Proposal(self, changes, findings, planned, begin, line)

    def carry_out(self) -> None:
        """Run all steps, as the notebook's cells do, up to the files that it leaves.

        Raises:
            L2BridgeError: as the step does that raises it; `finish` says what the run came to.

        """
        put_back(self)

    def put_back(self, changes: Plan) -> Results:
        """Carry the plan out under the cluster's Lease, each change in the journal; in the other modes send nothing.

        Raises:
            ParameterError: `confirm` is not the cluster's name.
            BlockedError: others have changed since what the run has changed; names the rows.
            LockError: another apply holds the Lease, or it may not be taken.
            JournalError: the journal cannot be written.

        """
        return self._carry_out(changes, Findings())

    def _again(self) -> Plan:
        run = self.recorded.run
        self.recorded = _recorded({**self._parameters, "run": run.run}, run.cluster)
        fresh = self._planned(self.cloud.observe(self.nodes))
        self._refuse(fresh, Findings())
        return fresh

    def _refuse(self, changes: Plan, findings: Findings) -> None:
        try:
            super()._refuse(changes, findings)
        except BlockedError as err:
            way = "; or set skip_conflicts=True, to put back the rest and leave these alone" if self._skippable else ""
            raise BlockedError(f"{err}{way}") from err

    def prove(self, changes: Plan, results: Results, *, patience: float = PATIENCE) -> Proof:
        """Return what a fresh read shows: what was put back is as it was, and nothing else has changed.

        Raises:
            ParameterError: the steps before were not run.
            CloudError: the network cannot be read.

        """
        before = self.seen
        if is_read_already(changes, results):
            return Proof.of(verify(standing(changes), before, before))
        deadline, based_on = time.monotonic() + patience, results.based_on
        while True:
            after = self.cloud.observe(self.nodes)
            proof = verify(changes, before, after, based_on)
            if not proof.wrong or results.failed or time.monotonic() >= deadline:
                return Proof.of(proof, after, reach(self.nodes, after, cluster=self.cluster, moment=APPLIED))
            time.sleep(PAUSE)

    @property
    def title(self) -> str:
        """What the report is called."""
        of = f"undo of {self.recorded.run.run}"
        return f"{dialect_of(self.platform).title}, cluster {self.cluster}: {of}, {self.mode}"

    @property
    def runbook(self) -> str:
        """What the notebook is called."""
        return RUNBOOK
