"""`undo.ipynb` on labs, after a run of the platform's runbook: the world is as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from l2bridge_helpers.journal import history
from l2bridge_helpers.journal_url import journal_url
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.snapshot import snapshot
from l2bridge_helpers.undo_choice import UNDO
from tests.notebooks.conftest import Outcome, Run
from tests.notebooks.contract import parameters, sections
from tests.notebooks.one_run import RUN, make_run

PARAMETERS: dict[str, dict[str, object]] = {
    "gce-small": {"open_firewall": True},
    "aws-small": {"routes": True},
    "azure-small": {},
}
OF_ALL = ("kubeconfig", "context", "cluster", "endpoint")


def state(lab: Lab) -> str:
    """Return the world without what clouds count themselves."""
    return snapshot(lab.world, counters=False)


def result(outcome: Outcome, runs: Path) -> dict[str, Any]:
    """Return what the newest run of undo.ipynb says in `result.json`."""
    folders = sorted(path for path in runs.iterdir() if path.name.partition("-undo")[1])
    read: dict[str, Any] = json.loads((folders[-1] / "result.json").read_text(encoding="utf-8"))
    assert outcome.foreign_frames == []
    return read


@pytest.mark.parametrize("name", PARAMETERS)
def test_undo_after_apply_gives_the_world_back(name: str, run_notebook_on: Run, tmp_path: Path) -> None:
    """Papermill, by the journal alone: first the plan, which writes nothing, then the way back, which is verified."""
    runs = tmp_path / "runs"
    with Lab(world(name)) as lab:
        before = state(lab)
        whole = {**lab.parameters, **PARAMETERS[name], "runs": str(runs)}
        assert run_notebook_on(lab.platform, **whole, mode="apply", confirm="lab").error == ""
        made = state(lab)
        assert made != before
        own = {key: lab.parameters[key] for key in OF_ALL} | {"runs": str(runs)}

        planned = run_notebook_on("undo", **own)
        assert planned.error == ""
        assert state(lab) == made

        undone = run_notebook_on("undo", **own, mode="apply", confirm="lab")
        assert undone.error == ""
        assert state(lab) == before
        told = result(undone, runs)
        assert (told["runbook"], told["status"]) == ("undo", "ok")
        assert {check["verdict"] for check in told["verified"]} == {"ok"}
        rows = history(journal_url("", str(runs)), cluster="lab")
        assert set(rows["outcome"]) == {"applied"}
        assert set(rows["undoes"]) == {"", told["target"]["run"]}


def test_the_notebook_has_its_sections_and_every_parameter_of_the_package(root: Path) -> None:
    """The same names, types and defaults: what a person reads in the cell is what is checked."""
    notebook = nbformat.read(root / "notebooks" / "undo.ipynb", as_version=4)
    assert sections(notebook) == ["Needs", "Parameters", "Target", "Changes", "Plan", "Apply", "Verify", "Undo"]
    assert parameters(notebook) == {parameter.name: parameter.default for parameter in UNDO}


def test_an_undo_can_be_put_back(run_notebook_on: Run, tmp_path: Path) -> None:
    """An undo is a run like any other; on Azure a table is made again before the subnet is given it."""
    runs = tmp_path / "runs"
    with Lab(world("azure-small")) as lab:
        whole = {**lab.parameters, "runs": str(runs), "mode": "apply", "confirm": "lab"}
        assert run_notebook_on("azure", **whole).error == ""
        made = state(lab)
        own = {key: lab.parameters[key] for key in OF_ALL} | {"runs": str(runs), "mode": "apply", "confirm": "lab"}
        assert run_notebook_on("undo", **own).error == ""
        assert state(lab) != made
        (undone,) = [path.name for path in runs.iterdir() if path.name.endswith("-undo")]
        again = run_notebook_on("undo", **own, run=undone)
        assert again.error == ""
        assert state(lab) == made


def test_what_others_have_changed_stops_an_undo_unless_skipped(run_notebook_on: Run, tmp_path: Path) -> None:
    """Nothing is sent while there is a conflict; with skip_conflicts the rest is put back, and it stays."""
    with Lab(world("gce-small")) as lab:
        own = {**{key: lab.parameters[key] for key in OF_ALL}, **make_run(lab, tmp_path), "mode": "apply"}
        (route,) = [one for one in lab.world.cloud("routes") if one["name"].startswith("l2b-lab-node-1-")]
        route["description"] += " (kept by Bob)"
        there = state(lab)
        refused = run_notebook_on("undo", **own, confirm="lab")
        assert "BlockedError" in refused.error
        assert "node node-1: the route has" in refused.error
        assert "kept by Bob" in refused.error
        assert "skip_conflicts=True" in refused.error
        assert state(lab) == there
        done = run_notebook_on("undo", **own, confirm="lab", skip_conflicts=True)
        assert done.error == ""
        assert [one["name"] for one in lab.world.cloud("routes") if one["name"].startswith("l2b-")] == [route["name"]]
        assert not any(one.get("canIpForward") for one in lab.world.cloud("instances"))


def test_a_journal_cannot_lead_credentials_elsewhere(run_notebook_on: Run, tmp_path: Path) -> None:
    """The endpoint has to be given as it was: another one, or none, is refused before the first request."""
    with Lab(world("gce-small")) as lab:
        own = {**{key: lab.parameters[key] for key in OF_ALL}, **make_run(lab, tmp_path)}
        asked = len(lab.requests)
        outcome = run_notebook_on("undo", **{**own, "endpoint": ""})
        assert "ParameterError: parameter endpoint: '' is not the one of run" in outcome.error
        assert len(lab.requests) == asked


def test_an_undo_works_while_the_cluster_is_down(run_notebook_on: Run, tmp_path: Path) -> None:
    """With a named run and without the lock no Kubernetes API is needed: the nodes are the journal's."""
    with Lab(world("gce-small")) as lab:
        before = state(lab)
        journal = make_run(lab, tmp_path)
        own = {**journal, "endpoint": lab.endpoint, "run": RUN, "kubeconfig": str(tmp_path / "gone")}
        done = run_notebook_on("undo", **own, mode="apply", confirm="lab", lease_namespace="")
        assert done.error == ""
        assert state(lab) == before
