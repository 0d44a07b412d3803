"""The Airflow DAG: its parameters are the notebook's; a real Airflow, where one is named, runs it on the lab."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.notebooks import parameters

FILE = Path(__file__).resolve().parents[2] / "deploy" / "airflow" / "l2bridge_check.py"
AIRFLOW = os.environ.get("L2BRIDGE_AIRFLOW", "")


def given() -> dict[str, object]:
    """Return the parameters that the DAG gives."""
    for node in ast.parse(FILE.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PARAMETERS":
            value: dict[str, object] = ast.literal_eval(node.value)
            return value
    raise AssertionError("the DAG has no PARAMETERS")


def test_it_checks_with_parameters_that_the_notebook_has() -> None:
    """An unknown one papermill would only warn about."""
    known = {line.name: line.type for line in parameters("gce")}
    assert given()["mode"] == "check"
    assert {name: type(value).__name__ for name, value in given().items()} == {name: known[name] for name in given()}
    assert 'notebook("gce")' in FILE.read_text()


def test_runs_do_not_overlap_and_missed_ones_are_not_made_up() -> None:
    """As the CronJob's."""
    (call,) = (
        node for node in ast.walk(ast.parse(FILE.read_text())) if isinstance(node, ast.Call) and _named(node) == "DAG"
    )
    told = {word.arg: ast.unparse(word.value) for word in call.keywords}
    assert (told["max_active_runs"], told["catchup"]) == ("1", "False")


def _named(call: ast.Call) -> str:
    return ast.unparse(call.func)


RUN = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("l2bridge_check", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
(task,) = module.dag.tasks
task.parameters = json.loads(sys.argv[2])
task.output_nb = sys.argv[3]
task.execute({})
"""


@pytest.mark.skipif(not AIRFLOW, reason="L2BRIDGE_AIRFLOW names the Python of an environment with Airflow")
@pytest.mark.parametrize(("name", "status"), [("gce-drifted", 1), ("gce-fine", 0)])
def test_a_real_airflow_runs_it(name: str, status: int, tmp_path: Path) -> None:
    """Drift fails the task with the runbook's own error; order ends it well."""
    with Lab(world("gce-small")) as lab:
        own = {**given(), **lab.parameters, "runs": str(tmp_path / "runs")}
        if name == "gce-fine":
            assert _run(tmp_path, {**own, "mode": "apply", "confirm": "lab"}).returncode == 0
        done = _run(tmp_path, own)
    assert done.returncode == status, done.stderr[-2000:]
    assert ("DriftError" in done.stdout + done.stderr) is bool(status)


def _run(folder: Path, own: dict[str, object]) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "NO_PROXY": "127.0.0.1",
    }
    command = [AIRFLOW, "-c", RUN, str(FILE), json.dumps(own), str(folder / "out.ipynb")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
