"""`explain.ipynb` on labs and on saved runs: it answers, and writes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from l2bridge_helpers.desk import parameters_of
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.question import QUESTION
from tests.notebooks.conftest import Outcome, Run
from tests.notebooks.contract import parameters, sections

pytestmark = pytest.mark.xdist_group("papermill-explain")

SECTIONS = ["Needs", "Parameters", "Target", "Question", "Path", "Mend"]


def explained(run_notebook_on: Run, lab: Lab, **asked: object) -> Outcome:
    """Run the notebook with what `make lab` fills in, and what is asked."""
    outcome: Outcome = run_notebook_on("explain", **{**_known(parameters_of(lab)), **asked})
    return outcome


def _known(given: dict[str, str]) -> dict[str, str]:
    names = {parameter.name for parameter in QUESTION}
    return {name: value for name, value in given.items() if name in names}


def last_line(outcome: Outcome) -> str:
    """Return what the last cell prints."""
    cells = nbformat.read(outcome.executed, as_version=4).cells
    return str(cells[-1].outputs[-1].text).strip()


def shown_under(outcome: Outcome, section: str) -> tuple[set[str], list[str]]:
    """Return what kinds of output the cell of a section has, and its HTML."""
    cells = nbformat.read(outcome.executed, as_version=4).cells
    (cell,) = [cell for cell in cells if f'asked.step("{section}")' in cell.source]
    data = [output.data for output in cell.outputs if output.output_type == "display_data"]
    assert len(data) == len(cell.outputs)
    return {kind for one in data for kind in one}, [one["text/html"] for one in data]


def test_the_notebook_has_its_sections_and_parameters(root: Path) -> None:
    """Those of the package, with its defaults, in its order."""
    notebook = nbformat.read(root / "notebooks" / "explain.ipynb", as_version=4)
    assert sections(notebook) == SECTIONS
    assert list(parameters(notebook).items()) == [(one.name, one.default) for one in QUESTION]


@pytest.mark.parametrize(
    ("name", "source", "destination", "hops"),
    [
        ("gce-messy", "control-1", "10.42.11.9", {"forwarding", "delivery"}),
        ("aws-two-subnets", "node-0", "node-3", {"forwarding", "delivery"}),
        ("azure-messy", "control-1", "pool-f000000", {"forwarding", "filter out", "delivery"}),
        ("bare-metal-messy", "node-1", "node-2", {"delivery"}),
    ],
)
def test_a_blocked_pair_is_an_answer(
    run_notebook_on: Run, name: str, source: str, destination: str, hops: set[str]
) -> None:
    """On every platform: the run ends well with the hops that block, and nothing is written anywhere."""
    with Lab(world(name)) as lab:
        outcome = explained(run_notebook_on, lab, source=source, destination=destination)
        assert outcome.error == ""
        assert lab.writes == []
    result = outcome.result
    assert (result["status"], result["verdict"]) == ("ok", "blocked")
    assert hops <= {hop["hop"] for hop in result["hops"] if hop["verdict"] == "blocked"}
    assert all(hop["evidence"] and hop["mend"] for hop in result["hops"] if hop["verdict"] == "blocked")
    line = rf"explain: {source} -> {re.escape(destination)} TCP 443: blocked \(.*\), report: \S+report\.html"
    assert re.fullmatch(line, last_line(outcome))
    kinds, pages = shown_under(outcome, "Path")
    assert ["<img" in page for page in pages] == [True, False]
    assert kinds == {"text/plain", "text/html"}
    assert shown_under(outcome, "Question")[0] == {"text/plain", "text/html"}


def test_a_saved_run_is_asked_without_a_cluster(run_notebook_on: Run, run_runbook: Run, tmp_path: Path) -> None:
    """What an apply saw before and after its changes, when cluster and cloud are gone."""
    with Lab(world("gce-small")) as lab:
        applied = run_runbook(lab, mode="apply", confirm="lab", runs=str(tmp_path))
        assert applied.error == ""
    (folder,) = filter(Path.is_dir, tmp_path.iterdir())
    question = {"run": str(folder), "source": "node-1", "destination": "win-1", "port": 80}
    before = run_notebook_on("explain", **question, moment="first", kubeconfig="no/such/kubeconfig")
    after = run_notebook_on("explain", **question)
    assert (before.error, after.error) == ("", "")
    assert (before.result["verdict"], after.result["verdict"], after.result["answer"]) == (
        "blocked",
        "reaches",
        "reaches",
    )
    assert before.result["after_plan"] == {"verdict": "reaches", "answer": "reaches"}
    assert after.result["cluster"] == "lab"
    assert last_line(after).startswith("explain: node-1 -> win-1 TCP 80: reaches, report: ")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"platform": ""}, "ParameterError: parameters platform and run: both are ''"),
        ({"port": 70000, "protocol": "http"}, "ParameterError: parameter protocol: 'http' .*parameter port: 70000"),
        ({"source": ""}, "ParameterError: parameter source: '' is no pod.*node-1, node-2"),
        ({"destination": "nod-2"}, "ParameterError: parameter destination: 'nod-2' .*node-2"),
        ({"destination": "10.99.0.1"}, r"ParameterError: parameter destination: '10\.99\.0\.1' .*pod CIDR.*node-1"),
        ({"run": "no-such-run"}, "ParameterError: parameter run: 'no-such-run' is no folder of a run"),
        ({"endpoint": "http://127.0.0.1:9"}, r"UnreachableError: .*127\.0\.0\.1:9"),
    ],
)
def test_bad_questions_are_one_line(run_notebook_on: Run, asked: dict[str, object], told: str, lab: Lab) -> None:
    """The last word is one line of ours with the parameter and its value; no library is in the way."""
    outcome = explained(run_notebook_on, lab, **asked)
    assert re.match(told, outcome.error), outcome.error
    assert "\n" not in outcome.error
    assert outcome.foreign_frames == []
    assert lab.writes == []
