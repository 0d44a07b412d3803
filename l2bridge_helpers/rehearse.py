"""Practise one runbook from end to end on the embedded lab: `plan`, `apply`, then `check`, headless.

``python -m l2bridge_helpers.rehearse gce``, from the root of the repository, is what ``make runbook`` runs.
It exits with 0 only when all three succeeded, and `plan` and `check` wrote nothing anywhere.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2bridge_helpers.headless import NotebookError, hide_paths, jupyter_apart, run_notebook
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.processes import Stopped, no_process_left

WORLDS = {"gce": "gce-small", "aws": "aws-small", "azure": "azure-small", "bare_metal": "bare-metal-small"}
NOTEBOOKS = Path("notebooks")
RUNS = Path("runs")

OUTCOMES = {
    "plan": "{planned} changes planned, {applied} applied",
    "apply": "{applied} changes applied, {failed} failed",
    "check": "{left} changes left",
}


class RehearsalError(Exception):
    """The rehearsal failed; the text says where and why."""


@dataclass(frozen=True)
class Step:
    """One run of the notebook: its mode, its folder below `runs`, and what it says in `result.json`."""

    mode: str
    folder: Path
    result: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """How many changes were planned, applied, failed, left."""
        counts: dict[str, int] = self.result["counts"]
        return counts


def main(arguments: Sequence[str] = ()) -> int:
    """Rehearse the platform that is named first; return the exit status."""
    try:
        with no_process_left():
            rehearse(*(arguments or ["gce"]))
    except Stopped as stop:
        print(f"\nstopped by {stop}; every process has ended", file=sys.stderr)
        return stop.status
    except RehearsalError as err:
        print(f"\nerror: {err}", file=sys.stderr)
        return 1
    return 0


def rehearse(platform: str) -> None:
    """Run the platform's notebook in all three modes against one lab, and print how it went."""
    notebook = _notebook(platform)
    name = WORLDS[platform]
    print(f"{notebook} on the lab's world {name}, three times:", flush=True)
    with Lab(world(name)) as lab, jupyter_apart(KUBECONFIG=str(lab.kubeconfig)):
        _plan, apply, check = (_step(mode, notebook, lab) for mode in OUTCOMES)
        reads = len(lab.requests) - len(lab.writes)
    print(f"plan and check wrote nothing; {reads} reads in all", flush=True)
    _summarize(platform, apply, check)


def _notebook(platform: str) -> Path:
    path = NOTEBOOKS / f"{platform}.ipynb"
    if platform not in WORLDS or not path.is_file():
        there = ", ".join(name for name in WORLDS if (NOTEBOOKS / f"{name}.ipynb").is_file())
        raise RehearsalError(
            f"no runbook {path}; run this in the root of the repository, with one of: {there or 'none'}"
        )
    return path


def _step(mode: str, notebook: Path, lab: Lab) -> Step:
    """Run the notebook in one mode, with a line of progress; refuse writes that nobody asked for."""
    print(f"  {mode:8}", end="", flush=True)
    started, writes = time.monotonic(), len(lab.writes)
    step = _run(mode, notebook, lab.parameters)
    outcome = OUTCOMES[mode].format(**step.counts)
    print(f"{outcome:36}{time.monotonic() - started:5.1f} s", flush=True)
    if mode != "apply" and len(lab.writes) > writes:
        sent = ", ".join(f"{request.method} {request.path}" for request in lab.writes[writes:])
        raise RehearsalError(f"{mode} must write nothing, but sent {sent}")
    return step


def _run(mode: str, notebook: Path, lab_parameters: dict[str, str]) -> Step:
    """Execute the notebook; keep it in the run's folder, also when it failed."""
    executed, before, problem = RUNS / f"{notebook.stem}-{mode}.ipynb", _folders(), ""
    RUNS.mkdir(exist_ok=True)
    try:
        run_notebook(notebook, executed, _parameters(mode, lab_parameters))
    except NotebookError as err:
        problem = str(err)
    kept = _keep(executed, notebook.name, _folders() - before)
    if problem:
        raise RehearsalError(f"{mode} ended in {problem} (the executed notebook: {kept})")
    return _read(mode, kept.parent)


def _parameters(mode: str, lab_parameters: dict[str, str]) -> dict[str, str]:
    """Return the notebook's parameters; KUBECONFIG names the kubeconfig, so no path gets into outputs."""
    given = {name: value for name, value in lab_parameters.items() if name != "kubeconfig"}
    confirm = given["cluster"] if mode == "apply" else ""
    return given | {"mode": mode, "runs": str(RUNS), "confirm": confirm}


def _folders() -> set[Path]:
    return {path.parent for path in RUNS.glob("*/result.json")}


def _keep(executed: Path, name: str, folders: set[Path]) -> Path:
    """Move the executed notebook into the one new run folder; leave it where it is when there is none."""
    hide_paths(executed, name)
    return executed.replace(next(iter(folders)) / name) if len(folders) == 1 else executed


def _read(mode: str, folder: Path) -> Step:
    if folder == RUNS:
        raise RehearsalError(f"{mode} ended well, but left no new folder with a result.json below {RUNS}")
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if result["status"] != "ok":
        raise RehearsalError(f"{mode} ended well, but {folder / 'result.json'} says: {result['error']}")
    return Step(mode, folder, result)


def _summarize(platform: str, apply: Step, check: Step) -> None:
    """Print the line that is the same on every platform."""
    nodes, applied, left = apply.result["nodes"], apply.counts["applied"], check.counts["left"]
    report = apply.folder / "report.html"
    print(f"{platform}: {nodes} nodes, {applied} changes applied, {left} left, report: {report}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
