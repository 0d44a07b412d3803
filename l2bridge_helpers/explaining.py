"""One run of `explain.ipynb`: what it asks and of what, its folder, and the files that it leaves.

It only reads: the cluster and the network as they are now, or what an earlier run has saved of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from IPython.display import display

from l2bridge_helpers.asking import ENDS, Asking, first_ends, told_ends
from l2bridge_helpers.choosing import choose
from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.interactive import person
from l2bridge_helpers.mends import Mends
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.question import check_ends, check_question
from l2bridge_helpers.reachability.explanation import Explanation
from l2bridge_helpers.reachability.traffic import Traffic
from l2bridge_helpers.saved_run import FIRST, SavedRun, open_run
from l2bridge_helpers.state import save_state
from l2bridge_helpers.steps import Steps, make_folder

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric

RUNBOOK = "explain"


class Source(Protocol):
    """What is asked: a cluster and its network, now or as a run has seen them."""

    @property
    def platform(self) -> str:
        """The cloud."""

    @property
    def cluster(self) -> str:
        """The name that marks this cluster's routes; empty: not known."""

    def target(self) -> dict[str, str]:
        """Return what is looked at, as label -> value."""

    def nodes(self) -> pd.DataFrame:
        """Return the nodes."""

    def fabric(self, nodes: pd.DataFrame, /) -> Fabric:
        """Return their network."""


def start(**parameters: Any) -> ExplainRun:
    """Check the parameters, and open the run's folder. Nothing is sent, but for lists of what a person may choose.

    Args:
        parameters: those of the notebook's parameters cell, all of them.

    Raises:
        ParameterError: names every refused parameter, its value, and what would do.
        KubernetesError: the kubeconfig is missing or broken, or has no such context.
        DataError: the state of the run that is asked cannot be used.

    """
    parameters = parameters if parameters["run"] else choose(RUNBOOK, parameters, platform=parameters["platform"])
    check_question(parameters)
    source = _saved(parameters) if parameters["run"] else _live(parameters)
    cluster = parameters["cluster"] or source.cluster
    if not cluster:
        raise ParameterError(
            f"parameter cluster: '' is given, and run {parameters['run']!r} does not say which cluster it was "
            "(it goes on, or was stopped); name the cluster, so that its own routes are known"
        )
    return ExplainRun(source, {**parameters, "cluster": cluster}, make_folder(parameters["runs"], cluster, RUNBOOK))


class ExplainRun(Steps):
    """A run that explains one way. Make it with `start`.

    Attributes:
        platform: the cloud.
        cluster: the name that marks this cluster's routes.
        source, destination, traffic: the question.
        given: its ends, as far as parameters name them.

    """

    def __init__(self, source: Source, parameters: Mapping[str, Any], folder: Path) -> None:
        """Keep what `start` has checked."""
        super().__init__(folder)
        self._asked = source
        self._parameters = parameters
        self.platform = source.platform
        self.cluster: str = parameters["cluster"]
        self.given = {name: str(parameters[name]) for name in ENDS if parameters[name]}
        self.source: str = parameters["source"]
        self.destination: str = parameters["destination"]
        self.traffic = Traffic(parameters["protocol"], parameters["port"])
        self._way: Explanation | None = None
        self._mends: Mends | None = None

    def target(self) -> dict[str, str]:
        """Return what this run is about to look at, as label -> value."""
        return self._asked.target()

    def read(self) -> tuple[pd.DataFrame, Fabric]:
        """Return the nodes and their network; what was read now is saved in the run's folder.

        Where a person can choose them afterwards, ends that are not given are the first nodes.

        Raises:
            ParameterError: the question has no source or destination; names nodes that there are.
            KubernetesError: the nodes cannot be read.
            CloudError: the network cannot be read.

        """
        nodes = self._asked.nodes()
        if person():
            self._suggest(nodes)
        check_ends(nodes, self.source, self.destination)
        fabric = self._asked.fabric(nodes)
        self.keep(nodes, fabric)
        return nodes, fabric

    def keep(self, nodes: pd.DataFrame, fabric: Fabric) -> None:
        """Save what was read now in the run's folder; what an earlier run has seen is in that one's."""
        if not isinstance(self._asked, SavedRun):
            save_state(self.folder / FIRST, self.platform, nodes, fabric)

    def offer(self, nodes: pd.DataFrame, fabric: Fabric) -> None:
        """Let a person choose the ends that are not given, and ask about them; without a person do nothing."""
        if len(self.given) < len(ENDS) and person():
            from l2bridge_helpers.widgets.ask import Ask

            display(Ask(Asking(self, nodes, fabric)).panel)

    def another(self, source: str, destination: str, traffic: Traffic) -> ExplainRun:
        """Return a run of its own that asks the same cluster and network something else.

        Raises:
            ParameterError: its folder cannot be made.

        """
        question = {"source": source, "destination": destination, **asdict(traffic)}
        folder = make_folder(self._parameters["runs"], self.cluster, RUNBOOK)
        return ExplainRun(self._asked, {**self._parameters, **question}, folder)

    def question(self, nodes: pd.DataFrame, fabric: Fabric) -> dict[str, str]:
        """Return what is asked, and what of, as label -> value."""
        missing = "; ".join(f"{one.what}: {one.why}" for one in fabric.unread)
        return {
            "from": self.source,
            "to": self.destination,
            "traffic": str(self.traffic),
            "nodes": str(len(node_names(nodes))),
            "network": fabric.network,
            **({"not read": missing} if missing else {}),
        }

    def record(self, value: object) -> None:
        """Keep a step's value for the run's files."""
        if isinstance(value, Explanation):
            self._way, self._mends = value, None
        elif isinstance(value, Mends):
            self._mends = value

    def finish(self) -> None:
        """Write the run's files, and say what the answer is and where they are.

        Raises:
            ParameterError: the steps before were not run.

        """
        if self._way is None:
            raise ParameterError("no answer was found: run all cells from the top, then this one")
        self.write("ok", "")
        answer = f"{self._title(self._way)}: {_in_short(self._way)}"
        self.stage.say(f"{RUNBOOK}: {answer}, report: {self.folder / 'report.html'}")

    def write(self, status: str, error: str) -> None:
        """Write the run's files."""
        way = self._way
        question = {"source": self.source, "destination": self.destination, **asdict(self.traffic)}
        document = {
            "runbook": RUNBOOK,
            "platform": self.platform,
            "cluster": self.cluster,
            "target": self.target(),
            "status": status,
            "error": error,
            "question": question,
            "verdict": way.verdict if way else "",
            "answer": way.answer if way else "",
            "hops": [asdict(hop) for hop in way.hops] if way else [],
            "after_plan": _verdicts(self._mends.after if self._mends else None),
        }
        self.save(
            document,
            title=f"Explain, cluster {self.cluster or 'of a saved run'}: {self._title(way)}",
            verdict=error or (f"{way.summary()}." if way else ""),
            failed=bool(error) or way is None or bool(way.obstacles),
        )

    def _suggest(self, nodes: pd.DataFrame) -> None:
        """Ask about the first nodes, and say so."""
        chosen = first_ends(nodes, self.given)
        self.source, self.destination = ({**self.given, **chosen}.get(name, "") for name in ENDS)
        if chosen:
            self.stage.say(told_ends(chosen))

    def _title(self, way: Explanation | None) -> str:
        return f"{self.source or '?'} -> {self.destination or '?'} {way.traffic if way else self.traffic}"


def _saved(parameters: Mapping[str, Any]) -> SavedRun:
    saved = open_run(parameters["run"], parameters["runs"], parameters["moment"])
    for name in ("platform", "cluster"):
        given, there = parameters[name], getattr(saved, name)
        if given and there and given != there:
            raise ParameterError(
                f"parameter {name}: {given!r} is not that of run {parameters['run']!r}, which is {there!r}; leave it "
                "empty, or choose another run"
            )
    return saved


def _live(parameters: Mapping[str, Any]) -> Source:
    from l2bridge_helpers.live_state import LiveState  # a saved run needs no client of any API

    return LiveState(parameters)


def _in_short(way: Explanation) -> str:
    """Return the verdict, and the hops at which it falls: `blocked (forwarding at node-1, delivery at node-1)`."""
    if not way.obstacles:
        return "reaches"
    where = ", ".join(dict.fromkeys(f"{hop.hop} at {hop.at}" if hop.at else hop.hop for hop in way.obstacles))
    answer = f", the answer is {way.answer}" if way.verdict == "reaches" else ""
    return f"{way.verdict}{answer} ({where})"


def _verdicts(way: Explanation | None) -> dict[str, str]:
    return {"verdict": way.verdict, "answer": way.answer} if way else {}
