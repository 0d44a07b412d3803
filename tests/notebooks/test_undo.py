"""`undo.ipynb` on labs, after a run of the platform's runbook: the world is as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.journal import history
from l2bridge_helpers.journal_url import journal_url
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.snapshot import snapshot
from tests.notebooks.conftest import Outcome, Run

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
