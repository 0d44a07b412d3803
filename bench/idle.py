"""What the runbooks cost by themselves: to start, and when there is nothing to do."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

from bench.judge import Judge, judge
from bench.runners import Done, Tool, environment, ours, run_tool
from bench.worlds import done
from l2bridge_helpers.lab import world

NODES = 5000
CPU_SECONDS, MEGABYTES = 10.0, 600.0
"""What a run with nothing to do may take."""
TIMES = 3
"""Each start is measured so often, in turns; the median counts."""
_NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
_SDKS = {
    "aws": "import boto3; boto3.client('ec2', region_name='eu-west-1')",
    "gce": "from google.cloud import compute_v1",
    "azure": "import azure.mgmt.network, azure.mgmt.compute",
}
"""What the platform's runbook needs of its SDK."""
_MORE: Mapping[str, dict[str, Any]] = {"azure": {"route_limit": NODES}}
"""A table of Azure's holds 1,000 routes; for the measurement ours is larger."""


def measure(platforms: Sequence[str], nodes: int = NODES) -> dict[str, list[dict[str, Any]]]:
    """Return both measurements, a row per platform."""
    return {
        "start_up": [start_up(platform) for platform in platforms],
        "nothing_to_do": [nothing_to_do(platform, nodes) for platform in platforms],
    }


def nothing_to_do(platform: str, nodes: int) -> dict[str, Any]:
    """Run `check` on a cluster of which everything is done, on a lab that answers as fast as it can."""
    tool = Tool("check", "", ours(mode="check", confirm="", **_MORE.get(platform, {})))
    with judge(done(platform, nodes), limited=False) as lab:
        found: Done = run_tool(tool, platform, lab, 600)
        asked = lab.verdict()
    return {
        "platform": platform,
        "nodes": nodes,
        "cpu_s": round(found.cpu, 2),
        "peak_mb": round(found.megabytes),
        "seconds": round(found.seconds, 2),
        "requests": asked.requests + asked.kubernetes,
        "status": found.status,
        "met": found.status == 0 and found.cpu <= CPU_SECONDS and found.megabytes <= MEGABYTES,
        **({"error": found.output.strip().splitlines()[-1][:300]} if found.status else {}),
    }


def start_up(platform: str) -> dict[str, Any]:
    """Time papermill with the runbook in `plan` mode on six nodes, with an empty notebook, and the SDK's import."""
    with judge(world(f"{platform}-small"), limited=False) as lab, TemporaryDirectory(prefix="l2bridge-bench-") as name:
        folder = Path(name)
        empty = folder / "empty.ipynb"
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(metadata=kernel), empty)
        commands = {
            "plan_s": _papermill(_NOTEBOOKS / f"{platform}.ipynb", lab, folder),
            "empty_notebook_s": ["-m", "papermill", str(empty), str(folder / "out.ipynb"), "--no-progress-bar"],
            "sdk_import_s": ["-c", _SDKS[platform]],
        }
        times: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(TIMES):
            for what, words in commands.items():
                times[what].append(_seconds(words, folder))
    found = {what: round(statistics.median(seconds), 2) for what, seconds in times.items()}
    allowed = 2 * found["empty_notebook_s"] + found["sdk_import_s"]
    return {"platform": platform, **found, "allowed_s": round(allowed, 2), "met": found["plan_s"] <= allowed}


def _papermill(notebook: Path, lab: Judge, folder: Path) -> list[str]:
    given = {**lab.parameters, "runs": str(folder / "runs")}
    parameters = [word for name, value in given.items() for word in ("-r", name, value)]
    return ["-m", "papermill", str(notebook), str(folder / "out.ipynb"), "--no-progress-bar", *parameters]


def _seconds(words: Sequence[str], folder: Path) -> float:
    start = time.monotonic()
    command = [sys.executable, *words]
    subprocess.run(command, env=environment(folder), cwd=_NOTEBOOKS.parent, check=True, capture_output=True)  # noqa: S603 - our own
    return time.monotonic() - start
