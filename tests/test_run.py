"""A run: what is refused before it begins, and the files that it leaves however it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.errors import BlockedError, DriftError, KubernetesError, ParameterError
from l2bridge_helpers.findings import Finding, Findings
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.plan import plan
from l2bridge_helpers.run import Run, start
from tests.builders import CLUSTER, nodes, numbered_fabric, numbered_nodes


@pytest.fixture
def parameters(lab: Lab, tmp_path: Path) -> dict[str, Any]:
    common = {"mode": "plan", "confirm": "", "runs": str(tmp_path / "runs"), "max_delete_percent": 25}
    return {**lab.parameters, **common}


def _plan() -> Plan:
    return plan(numbered_nodes(2), numbered_fabric(2), cluster=CLUSTER)


def _result(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.folder / "result.json").read_text(encoding="utf-8"))
    return found


def test_bad_parameters_are_all_named_and_leave_no_folder(parameters: dict[str, Any], lab: Lab) -> None:
    """Nothing is sent, nothing is written."""
    bad = {**parameters, "mode": "aply", "project": "", "max_delete_percent": 101}
    with pytest.raises(ParameterError, match=r"mode: 'aply'.*max_delete_percent: 101.*project: ''"):
        start("gce", **bad)
    assert not Path(parameters["runs"]).exists()
    assert lab.requests == []


def test_a_missing_kubeconfig_leaves_no_folder(parameters: dict[str, Any]) -> None:
    """What can be known before the first call is known before the first file."""
    with pytest.raises(KubernetesError):
        start("gce", **{**parameters, "kubeconfig": "/nowhere"})
    assert not Path(parameters["runs"]).exists()


def test_the_clusters_name_is_the_contexts(parameters: dict[str, Any]) -> None:
    """An empty `cluster` is the kubeconfig's."""
    assert start("gce", **{**parameters, "cluster": ""}).cluster == "lab"


@pytest.mark.parametrize("cluster", ["../../etc", "a/b", "arn:aws:eks:x", "..", "prod eu", "x" * 300])
def test_a_clusters_name_stays_inside_the_folder_of_runs(parameters: dict[str, Any], cluster: str) -> None:
    """Whatever a cluster is called, its run lies in one new folder directly below `runs`."""
    run = start("gce", **{**parameters, "cluster": cluster})
    assert run.folder.resolve().parent == Path(parameters["runs"]).resolve()


def test_runs_of_one_second_have_folders_of_their_own(parameters: dict[str, Any]) -> None:
    """No run writes into another one's folder."""
    assert len({start("gce", **parameters).folder for _ in range(3)}) == 3


def test_a_folder_that_cannot_be_written_is_named(parameters: dict[str, Any], tmp_path: Path) -> None:
    """Parameter and path stand in the error."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"parameter runs: .*file"):
        start("gce", **{**parameters, "runs": str(tmp_path / "file")})


@pytest.mark.parametrize("error", [BlockedError("a foreign route"), KeyboardInterrupt(), ZeroDivisionError("a bug")])
def test_a_step_that_fails_is_in_the_files(parameters: dict[str, Any], error: BaseException) -> None:
    """Result and report say how a run ended, also when it was interrupted; the error goes on its way."""
    run = start("gce", **parameters)
    with pytest.raises(type(error)), run.step("Plan"):
        raise error
    result = _result(run)
    assert (result["status"], result["error"]) == ("failed", f"Plan: {str(error) or type(error).__name__}")
    assert "Plan: " in (run.folder / "report.html").read_text(encoding="utf-8")


def test_a_step_that_is_run_again_begins_anew(parameters: dict[str, Any]) -> None:
    """In JupyterLab cells are run twice: the report shows the last time."""
    run = start("gce", **parameters)
    for text in ("first", "second"):
        with run.step("Target") as step:
            step.show(text)
    run.record(_plan())
    run.finish()
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert ("first" in page, page.count("second")) == (False, 1)


def test_a_plan_is_saved_as_soon_as_it_is_shown(parameters: dict[str, Any]) -> None:
    """It is there for who comes after, whatever happens next; `check` makes none."""
    changes = _plan()
    for mode, saved in (("plan", True), ("check", False)):
        run = start("gce", **{**parameters, "mode": mode})
        with run.step("Plan") as step:
            step.show(changes)
        assert (run.folder / "plan.json").exists() is saved


def test_finish_ends_in_the_error_that_the_files_hold(
    parameters: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` with something out of place: files, last line and error tell the same."""
    run = start("gce", **{**parameters, "mode": "check"})
    with run.step("Findings") as step:
        step.show(Findings((Finding("error", "node x", "has no pod CIDR", "so what", "allocate one"),)))
    run.record(plan(nodes(), numbered_fabric(1), cluster=CLUSTER))
    with pytest.raises(DriftError, match="node x has no pod CIDR; allocate one") as caught:
        run.finish()
    assert _result(run)["error"] == str(caught.value)
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"gce: 0 nodes, 0 changes applied, 0 left, report: {run.folder / 'report.html'}"
    )


def test_a_run_whose_steps_were_not_run_is_no_success(parameters: dict[str, Any]) -> None:
    """Who only runs the last cell has verified nothing."""
    with pytest.raises(ParameterError, match="run all cells"):
        start("gce", **parameters).finish()


def test_a_name_that_many_clusters_have_is_pointed_out(parameters: dict[str, Any], tmp_path: Path) -> None:
    """Kubeadm calls every cluster `kubernetes`: two of them in one network need names of their own."""
    text = Path(parameters["kubeconfig"]).read_text(encoding="utf-8")
    (tmp_path / "config").write_text(text.replace("lab", "kubernetes"), encoding="utf-8")
    unnamed = {**parameters, "cluster": "", "context": "", "kubeconfig": str(tmp_path / "config")}
    assert "many clusters are called so" in start("gce", **unnamed).target()["cluster"]
    assert start("gce", **{**unnamed, "cluster": "kubernetes"}).target()["cluster"] == "kubernetes"
