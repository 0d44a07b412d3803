"""One run of a runbook: its parameters, its folder, its steps, and the files that it leaves.

Every run that gets past its parameters makes one new folder below `runs` with `result.json` and `report.html`,
also when it fails; `plan.json` joins them in `plan` and `apply` mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import display

from l2bridge_helpers.apply import apply, refuse
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.checks import check
from l2bridge_helpers.choosing import choose
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.command_line import command_line, from_any_folder, is_job_stopped
from l2bridge_helpers.course import carry_out
from l2bridge_helpers.errors import ApplyError, DataError, ParameterError
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.guard import PLAN_FILE, Guard, NoEntries, Word, check_unmoved, saved_plan, undo_advice
from l2bridge_helpers.interactive import person
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.kubeconfig import cluster_of, shown_server
from l2bridge_helpers.nodes import list_nodes, node_names
from l2bridge_helpers.outcome import APPLYING, Outcome
from l2bridge_helpers.parameters import PARAMETERS, check_parameters
from l2bridge_helpers.plan import plan
from l2bridge_helpers.platforms import cloud_of, scope_of
from l2bridge_helpers.proof import Proof
from l2bridge_helpers.proposal import Proposal
from l2bridge_helpers.reachability.result import Reachability
from l2bridge_helpers.results import Results
from l2bridge_helpers.saved_run import FIRST, LAST
from l2bridge_helpers.state import save_state
from l2bridge_helpers.steps import Steps, make_folder

if TYPE_CHECKING:
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.fabric import Fabric

_COMMON_NAMES = ("kubernetes", "default", "local", "cluster.local")
"""What kubeadm, k3s and Rancher call every cluster."""


def start(platform: str, **parameters: Any) -> Run:
    """Check the parameters, resolve the cluster's name, and open the run's folder. Nothing is sent to change anything.

    Where a person runs the cell, what may be chosen for empty parameters is listed first; else nothing is sent at all.

    Args:
        platform: `gce`, `aws`, `azure`, `bare_metal`.
        parameters: those of the notebook's parameters cell; one that an older notebook does not have has its default.

    Raises:
        ParameterError: names every refused parameter, its value, and what would do.
        KubernetesError: the kubeconfig is missing or broken, or has no such context.

    """
    typed = {parameter.name: parameter.default for parameter in PARAMETERS[platform]} | parameters
    parameters = choose(platform, typed)
    check_parameters(platform, parameters)
    kube = Kube(parameters["kubeconfig"], parameters["context"])
    target = kube.target
    cluster = cluster_of(parameters["cluster"], target)
    mode, confirm = parameters["mode"], parameters["confirm"]
    if mode == "apply" and confirm != cluster:
        raise ParameterError(
            f"parameter confirm: {confirm!r} is not the cluster's name; to change this cluster set confirm={cluster!r}"
        )
    saved = saved_plan(parameters, platform, cluster)
    context = target.context or "in-cluster"
    implied = not parameters["cluster"] and cluster in _COMMON_NAMES
    told = f"{cluster} (many clusters are called so: set parameter cluster if another one shares the network)"
    kubernetes = {
        "cluster": told if implied else cluster,
        "context": context,
        "Kubernetes API": shown_server(target),
        "mode": mode,
    }
    cloud = cloud_of(platform, {**parameters, "cluster": cluster})
    folder = make_folder(parameters["runs"], cluster, platform)
    run = Run(cloud, parameters, cluster, kubernetes, Guard(parameters, kube, folder), folder, saved)
    run.typed, run.given = typed, {**parameters, "context": target.context or parameters["context"]}
    return run


class Run(Steps):
    """A run of one runbook. Make it with `start`.

    Attributes:
        platform: the cloud.
        mode: `plan`, `apply` or `check`.
        cluster: the name that marks this cluster's routes.
        kubeconfig, context, confirm, max_delete_percent: the parameters that this run was started with. Steps take
            them from here, so that a parameter that is edited later counts only after *Target* is run again.
        cloud: the platform's adapter.
        given, typed: the parameters, and as they stand in the notebook: what is empty there may have been chosen.
        scope: what the parameters let this run change.
        outcome: what was found and done so far.

    """

    def __init__(  # noqa: PLR0913, PLR0917 - `start` makes it, nobody else
        self,
        cloud: Cloud,
        parameters: Mapping[str, Any],
        cluster: str,
        kubernetes: Mapping[str, str],
        guard: Guard,
        folder: Path,
        saved: Plan | None = None,
    ) -> None:
        """Keep what `start` has checked."""
        super().__init__(folder)
        self.platform = cloud.platform
        self.mode: str = parameters["mode"]
        self.kubeconfig: str = parameters["kubeconfig"]
        self.context: str = parameters["context"]
        self.confirm: str = parameters["confirm"]
        self.max_delete_percent: int = parameters["max_delete_percent"]
        self.cluster = cluster
        self.cloud = cloud
        self.scope = scope_of(cloud.platform, parameters)
        self.outcome = Outcome(max_delete_percent=self.max_delete_percent)
        self._target = {**kubernetes, **self.cloud.target(), **({"plan": f"{saved.hash}, as saved"} if saved else {})}
        self._parameters = parameters
        self.given = dict(parameters)
        self.typed = dict(parameters)
        self._guard = guard
        self._saved, self._saved_as = saved, PLAN_FILE
        self._nodes: pd.DataFrame | None = None
        self._stale = True
        """Whether the network was read again since the plan was made."""
        self._halted = ""
        """Why the operator wants nothing more to be sent."""

    @property
    def runbook(self) -> str:
        """What the notebook is called."""
        return self.platform

    @property
    def title(self) -> str:
        """What the report is called."""
        return f"{dialect_of(self.platform).title}, cluster {self.cluster}: {self.mode}"

    def target(self) -> dict[str, str]:
        """Return what this run is about to look at or change, as label -> value."""
        return dict(self._target)

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the network's state, freshly read, and save it with the nodes, to be asked again later."""
        if self.mode == "apply":
            self._guard.look()
        fabric = self.cloud.observe(nodes)
        self._nodes, self._stale = nodes, True
        save_state(self.folder / FIRST, self.platform, nodes, fabric)
        return fabric

    def check_fresh(self, changes: Plan) -> None:
        """Refuse a plan that is older than what was read last, or that was not shown: cells were run out of order.

        Raises:
            ParameterError: says which cells to run.

        """
        if self._stale or self.outcome.changes is None or changes.hash != self.outcome.changes.hash:
            raise ParameterError(
                "this plan was not made from what was read last: run the cells above again, in their order, then this "
                "one"
            )

    def check_plan_file(self, changes: Plan) -> None:
        """Refuse the saved plan that this run was given, if it was, unless the plan that is made now is the same.

        Raises:
            BlockedError: the world has moved since; names the rows.

        """
        if self._saved:
            check_unmoved(self._saved, changes, self._saved_as)

    def expect(self, changes: Plan) -> None:
        """Apply exactly this plan, which somebody has reviewed, or nothing."""
        self._saved, self._saved_as = changes, "the reviewed plan"

    def review(self, changes: Plan, planned: Reachability, findings: Findings | None = None) -> None:
        """Let a person look through the plan and apply it by a click, where there is one and `mode` is `plan`.

        Args:
            changes: the plan.
            planned: who reaches whom once it is applied.
            findings: of the same read; an undo has none.

        Raises:
            BlockedError: this run was given a saved plan, and the world has moved since.

        """
        self.check_plan_file(changes)
        if not self.is_reviewed(changes):
            return
        from l2bridge_helpers.widgets.review import Review

        display(Review(self.propose(changes, planned, findings or Findings())).panel)

    def propose(self, changes: Plan, planned: Reachability, findings: Findings) -> Proposal:
        """Return the plan as a person may apply it: in a run of its own, which sends exactly it or nothing."""
        own = {**self.given, "mode": "apply", "plan_file": str(self.folder / "plan.json")}

        def begin(confirm: str) -> Run:
            run = start(self.platform, **{**own, "confirm": confirm})
            run.expect(changes)  # whatever the file holds by then
            return run

        words, known = ("run", self.platform), PARAMETERS[self.platform]
        line = from_any_folder(command_line(words, known, {**own, "confirm": self.cluster}))
        return Proposal(self, changes, findings, planned, begin, line)

    def carry_out(self) -> None:
        """Run all steps, as the notebook's cells do, up to the files that it leaves.

        Raises:
            L2BridgeError: as the step does that raises it; `finish` says what the run came to.

        """
        carry_out(self)

    def is_reviewed(self, value: object) -> bool:
        """Return whether a person looks through the plan in a table of its own."""
        return isinstance(value, Plan) and bool(value.changes) and self.mode == "plan" and person()

    def apply(self, changes: Plan, findings: Findings, foreseen: Reachability) -> Results:
        """Carry the plan out under the cluster's Lease, each change in the journal; in the other modes send nothing.

        Args:
            changes: the plan.
            findings: of the same read.
            foreseen: who reaches whom when the plan is applied.

        Raises:
            ParameterError: `confirm` is not the cluster's name, or the plan is older than what was read last.
            BlockedError: a finding, a conflict or the number of deletions forbids it, or the world has moved.
            ApplyError: the operator has stopped the run before.
            LockError: another apply holds the Lease, or it may not be taken.
            JournalError: the journal cannot be written.

        """
        self.check_plan_file(changes)
        if changes.writes and self.is_reviewed(changes):
            self.stage.say("to apply the plan here, use the button below Plan")
        return self._carry_out(changes, findings, foreseen)

    def _carry_out(self, changes: Plan, findings: Findings, foreseen: Reachability | None = None) -> Results:
        options: dict[str, Any] = {"mode": self.mode, "confirm": self.confirm, "findings": findings}
        options |= {"max_delete_percent": self.max_delete_percent, "foreseen": foreseen}
        if self.mode != "apply" or self._nodes is None:
            why = f"mode is {self.mode!r}" if self._nodes is not None else "the network was not read"
            return apply(changes, self.cloud, entries=NoEntries(why), permit=lambda: why, **options)
        self.check_fresh(changes)
        self._refuse(changes, findings)
        if self.halted:
            raise ApplyError(f"nothing was sent: {self.halted}")
        word = Word(self.stage.say, lambda: self.halted)
        guarded = self._guard.around(
            changes, self.cloud, self._nodes, started=self.started, again=self._again, word=word
        )
        options |= {"tell": self.stage.say, "watch": self.stage.watch, "halted": word.halted}
        with guarded as left:
            self.outcome.by_others = len(changes.writes) - len(left.changes.writes)
            with self.unfinished(changes):
                results = apply(left.changes, self.cloud, entries=left.entries, permit=left.permit, **options)
                self.record(results)
            return results

    @property
    def halted(self) -> str:
        """Why nothing more is to be sent, as `stop` or the job was told; "" while they were not."""
        if not self._halted and is_job_stopped():
            self.stop("the run was interrupted")
        return self._halted

    def stop(self, reason: str) -> None:
        """Send no change any more, from any thread: what is under way is finished, and written down.

        Args:
            reason: what is told of those that are not sent.

        """
        self._halted = self._halted or reason

    def _refuse(self, changes: Plan, findings: Findings) -> None:
        refuse(changes, findings, self.confirm, self.max_delete_percent)

    @contextmanager
    def unfinished(self, changes: Plan) -> Iterator[None]:
        """Have the run's files say, while the block changes things and after it, that nobody knows yet how it ended.

        Whoever finds them after a crash finds how to go on, and how to go back.
        """
        if not changes.writes:
            yield
            return
        back = undo_advice(self.folder.name, self.cluster, self._parameters)["see it first"]
        go_on = (
            f"what it may have changed stands in the journal; run it again to finish, or look at the way back: {back}"
        )
        self.write_anyway(f"{APPLYING}, and has not said how that ended; {go_on}")
        yield
        self.write_anyway(f"this run has applied its plan, and has not verified it; {go_on}")

    def undo(self) -> dict[str, str]:
        """Return how to put back what this run has changed, as label -> value."""
        if not self.outcome.results.sent:
            return {"undo": "nothing to put back: this run has sent nothing"}
        return undo_advice(self.folder.name, self.cluster, self._parameters)

    def _again(self) -> Plan:
        """Read the world and plan again; what would refuse a plan refuses this one, too."""
        nodes = list_nodes(self.kubeconfig, self.context)
        fabric = self.cloud.observe(nodes)
        fresh = plan(nodes, fabric, cluster=self.cluster, scope=self.scope)
        findings = check(nodes, fabric, scope=self.scope, cluster=self.cluster)
        self._refuse(fresh, findings)
        return fresh

    def record(self, value: object) -> None:
        """Keep a step's value for the run's files; a plan is saved at once."""
        if isinstance(value, pd.DataFrame):
            self.outcome.nodes = len(node_names(value))
        elif isinstance(value, Findings):
            self.outcome.findings = value
        elif isinstance(value, Reachability):
            self.outcome.reachability[value.moment] = value
        elif isinstance(value, Plan):
            self.outcome.changes, self._stale = value, False
            if self.mode != "check":
                value.save(self.folder / "plan.json")
        elif isinstance(value, Results):
            self.outcome.results = value
        elif isinstance(value, Proof):
            self.outcome.proof = value
            if value.reachability:
                self.outcome.reachability[value.reachability.moment] = value.reachability
            if value.read and self._nodes is not None:
                save_state(self.folder / LAST, self.platform, self._nodes, value.read)

    def finish(self) -> None:
        """Write the run's files, say where they are, and end in an error unless the asked-for state holds.

        Raises:
            ParameterError: the steps before were not run.
            ApplyError: changes failed, or nodes could not be served.
            VerifyError: a fresh read does not show what was asked for.
            DriftError: `check` found something out of place.
            DataError: the run's files cannot be written.

        """
        if self.outcome.changes is None:
            raise ParameterError("no plan was made: run all cells from the top, then this one")
        error = self.outcome.error(self.mode)
        last = self.outcome.last
        if last and last.failing and self.mode != "check":
            self.stage.say(f"{self.runbook}: {last.moment}, {last.why()}")
        try:
            self.write("failed" if error else "ok", str(error or ""))
        except DataError as err:
            self.stage.say(f"{self.runbook}: {self.outcome.summary()}, without a report")
            raise error or err from err
        self.stage.say(f"{self.runbook}: {self.outcome.summary()}, report: {self.folder / 'report.html'}")
        if error:
            raise error

    def write(self, status: str, error: str) -> None:
        """Write the run's files."""
        document = {
            "runbook": self.runbook,
            "mode": self.mode,
            "cluster": self.cluster,
            "target": self._target,
            "status": status,
            "error": error,
            "identity": self._guard.identity,
            **self.outcome.table(),
        }
        changes, last = self.outcome.changes, self.outcome.last
        self.save(
            document,
            title=self.title,
            verdict=error or self.outcome.verdict(self.mode),
            failed=bool(error) or bool(self.outcome.obstacles()) or bool(last and last.failing),
            **({"plan hash": changes.hash} if changes else {}),
        )
