"""The lab, kept running, with JupyterLab opened on notebooks whose parameters are filled in for it.

``python -m l2bridge_helpers.desk gce-small``, from the root of the repository, is what ``make lab`` runs.
The notebooks are copies in a new folder below `runs`, which stays: what is edited there is not lost, and the
repository's own notebooks stay as they are.
"""

from __future__ import annotations

import ast
import json
import os
import secrets
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from l2bridge_helpers.headless import private_folder
from l2bridge_helpers.jupyterlab import JupyterLabError, start_jupyterlab
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.nodes import natural_key
from l2bridge_helpers.processes import Stopped, no_process_left

NOTEBOOKS = Path("notebooks")
RUNS = Path("runs")


def main(arguments: Sequence[str] = ()) -> int:
    """Open the world that is named first; return the exit status."""
    try:
        with no_process_left(), private_folder() as folder:
            open_desk(folder, *(arguments or ["gce-small"]))
    except Stopped as stop:
        print(f"\nstopped by {stop}; the lab and JupyterLab have ended", flush=True)
        return 0 if str(stop) == "SIGINT" else stop.status
    except (JupyterLabError, LabError) as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    return 0


def open_desk(private: Path, world_name: str) -> None:
    """Run the lab and JupyterLab until a signal comes; `private` takes what Jupyter writes for itself."""
    served = world(world_name)
    desk = _new_folder()
    with Lab(served, folder=desk) as lab:
        copied = copy_notebooks(desk, lab.platform, parameters_for_people(lab))
        server = start_jupyterlab(desk, private)
        url = server.url(*copied[:1])
        print(f"the lab's world {world_name} runs at {lab.endpoint}")
        print(f"JupyterLab: {url}")
        print(f"your notebooks, which stay: {desk}{os.sep}")
        print("Ctrl-C ends the lab and JupyterLab", flush=True)
        _show(url)
        server.wait()


def parameters_of(lab: Lab) -> dict[str, str]:
    """Return the parameters of the lab's runbook, and those of `explain.ipynb`: the first two nodes are its ends."""
    names = sorted((node["metadata"]["name"] for node in lab.world.nodes), key=natural_key)
    ends = dict(zip(("source", "destination"), names, strict=False))
    return {**lab.parameters, "platform": lab.platform, **ends}


def parameters_for_people(lab: Lab) -> dict[str, str]:
    """Return the same for copies beside the lab's kubeconfig; the ends are left empty: a person chooses them."""
    return {**parameters_of(lab), "kubeconfig": "kubeconfig", "source": "", "destination": ""}


def copy_notebooks(desk: Path, platform: str, parameters: Mapping[str, str]) -> list[str]:
    """Copy the notebooks that fit the world to `desk`, without outputs and with its parameters.

    Returns their names, the platform's first.
    """
    names = []
    for path in filter(Path.is_file, (NOTEBOOKS / f"{stem}.ipynb" for stem in (platform, "explain", "undo"))):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = fill_in(cell.source, parameters)
        nbformat.write(notebook, desk / path.name)
        names.append(path.name)
    return names


def fill_in(source: str, parameters: Mapping[str, str]) -> str:
    """Return the parameters cell with other values: only the literals change, the help beside them stays."""
    lines = source.splitlines()
    for line in ast.parse(source).body:
        if isinstance(line, ast.AnnAssign) and line.value and ast.unparse(line.target) in parameters:
            new = json.dumps(parameters[ast.unparse(line.target)], ensure_ascii=False)
            lines[line.lineno - 1] = _replace(lines[line.lineno - 1], line.value, new)
    return "\n".join(lines)


def _replace(line: str, old: ast.expr, new: str) -> str:
    """Return the line with another literal; ast counts in bytes."""
    raw = line.encode()
    return (raw[: old.col_offset] + new.encode() + raw[old.end_col_offset :]).decode()


def _new_folder() -> Path:
    folder = RUNS / f"lab-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    return folder


def _show(url: str) -> None:
    """Open a browser where there is a display; a text browser in this terminal would only be in the way."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":
        webbrowser.open(url)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
