import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from l2bridge_helpers.desk import fill_in, parameters_of
from l2bridge_helpers.lab import Lab, world
from tests.notebooks.contract import is_parameters
from tests.notebooks.refresh import OUTPUTS, prepared


@pytest.fixture(params=OUTPUTS)
def name(request: pytest.FixtureRequest) -> str:
    """A runbook that has outputs."""
    return str(request.param)


@pytest.fixture
def lab(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The world that its outputs come from."""
    with Lab(world(OUTPUTS[name])) as lab:
        monkeypatch.setenv("KUBECONFIG", str(lab.kubeconfig))
        yield lab


@pytest.fixture
def notebook(root: Path, name: str, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The runbook as committed, with its parameters filled in for this lab."""
    notebook: NotebookNode = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
    values = parameters_of(lab) | prepared(name, lab, tmp_path_factory.mktemp("before"))
    for cell in filter(is_parameters, notebook.cells):
        cell.source = fill_in(cell.source, values)
    return notebook


def nbval(notebook: NotebookNode, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run each cell and compare its outputs, up to the first that differs: nbval itself would go on."""
    nbformat.write(notebook, folder / "runbook.ipynb")
    options = ["--nbval", "-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--rootdir=."]
    command = [sys.executable, "-m", "pytest", *options, "runbook.ipynb"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)


def test_outputs_are_what_is_committed(notebook: NotebookNode, lab: Lab, tmp_path: Path) -> None:
    """A fresh run in plan mode shows, cell by cell, what readers of the repository see; and writes nothing."""
    before = lab.writes
    done = nbval(notebook, tmp_path)
    assert done.returncode == 0, done.stdout
    assert lab.writes == before


def test_other_outputs_are_caught(notebook: NotebookNode, tmp_path: Path) -> None:
    """A committed output that is not what the cell shows fails the run, which ends there."""
    shown = [cell for cell in notebook.cells if cell.get("outputs")]
    shown[0].outputs[0] = nbformat.v4.new_output("stream", name="stdout", text="something else")
    done = nbval(notebook, tmp_path)
    assert done.returncode == 1, done.stdout
    assert "stopping after 1 failures" in done.stdout
