"""Make the notebooks' committed outputs anew, on the lab: `python -m tests.notebooks.refresh`, run by `make outputs`.

Each notebook runs in a copy whose parameters are filled in for the lab; only its outputs come back. A cell that
nbval is told to ignore (its output names a run's folder) keeps none.
"""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from l2bridge_helpers.desk import fill_in, parameters_of
from l2bridge_helpers.headless import jupyter_apart
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.rehearse import NOTEBOOKS, WORLDS
from tests.notebooks.contract import is_parameters
from tests.notebooks.one_run import make_run

IGNORED = "nbval-ignore-output"
OUTPUTS = {**WORLDS, "explain": WORLDS["gce"], "undo": WORLDS["gce"]}
"""Notebook -> the world that its outputs come from."""


def main(*names: str) -> None:
    """Refresh these runbooks; none named: every one that has a world to run on."""
    for name, world_name in OUTPUTS.items():
        if names and name not in names:
            continue
        path = NOTEBOOKS / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        with (
            Lab(world(world_name)) as lab,
            jupyter_apart(KUBECONFIG=str(lab.kubeconfig)),
            TemporaryDirectory() as place,
        ):
            outputs = _run(notebook, parameters_of(lab) | prepared(name, lab, Path(place)))
        for cell, executed in zip(notebook.cells, outputs.cells, strict=True):
            if cell.cell_type == "code":
                ignored = IGNORED in cell.metadata.get("tags", [])
                cell.outputs = [] if ignored else executed.outputs
                cell.execution_count = executed.execution_count
        nbformat.write(notebook, path)
        print(f"{path}: outputs are new")


def prepared(name: str, lab: Lab, folder: Path) -> dict[str, str]:
    """Return what a notebook needs beside the lab's parameters: to undo something, something must have been done."""
    return make_run(lab, folder) if name == "undo" else {}


def _run(notebook: NotebookNode, parameters: dict[str, str]) -> NotebookNode:
    executed: NotebookNode = copy.deepcopy(notebook)
    for cell in filter(is_parameters, executed.cells):
        cell.source = fill_in(cell.source, parameters)
    with TemporaryDirectory() as folder:
        NotebookClient(executed, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    return executed


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main(*sys.argv[1:])
