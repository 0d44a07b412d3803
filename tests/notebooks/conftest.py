import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from l2bridge_helpers.headless import NotebookError, jupyter_apart, run_notebook
from l2bridge_helpers.lab import Lab

Run = Callable[..., "Outcome"]
FOREIGN = ("site-packages", "google/", "kubernetes/", "urllib3", "Traceback")


@dataclass(frozen=True)
class Outcome:
    """How a run of a notebook ended: its error as text ("" when all went well), and the executed notebook."""

    error: str
    executed: Path

    @property
    def result(self) -> dict[str, Any]:
        """What the run says in `result.json`."""
        (folder,) = (path for path in (self.executed.parent / "runs").iterdir() if path.is_dir())
        read: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return read

    @property
    def foreign_frames(self) -> list[str]:
        """Which marks of a library's traceback the notebook shows."""
        notebook = nbformat.read(self.executed, as_version=4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        shown = "\n".join("\n".join(o.traceback) for o in outputs if o.output_type == "error")
        return [mark for mark in FOREIGN if mark in shown]


@pytest.fixture(scope="session", autouse=True)
def _own_jupyter() -> Iterator[None]:
    """Tests see nothing of what the machine's user has configured."""
    with jupyter_apart():
        yield


@pytest.fixture(scope="session")
def run_notebook_on(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a notebook by papermill with these parameters, its runs apart: `run_notebook_on("explain", port=80)`."""

    def run(name: str, **parameters: object) -> Outcome:
        folder = tmp_path_factory.mktemp("run")
        executed = folder / f"{name}.ipynb"
        try:
            run_notebook(root / "notebooks" / executed.name, executed, {"runs": str(folder / "runs"), **parameters})
        except NotebookError as err:
            return Outcome(str(err), executed)
        return Outcome("", executed)

    return run


@pytest.fixture(scope="session")
def run_runbook(run_notebook_on: Run) -> Run:
    """Run the runbook of a lab's platform against it: `run_runbook(lab, mode="apply", confirm="lab")`."""

    def run(lab: Lab, **parameters: object) -> Outcome:
        return run_notebook_on(lab.platform, **{**lab.parameters, **parameters})

    return run
