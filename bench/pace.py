"""How fast the runbooks are under the clouds' published limits, beside what else does this job: `make bench`.

Each run has a lab of its own, in a process of its own, with the published limits and latencies in real time: tools
sleep in real time between their attempts, so a faster clock would not be the same clock for them. What is counted is
the lab's log, and what the world has become; what a tool says of itself does not matter.
"""

from __future__ import annotations

import os
import platform as machine
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import idle, results
from bench.about import BOUND, about
from bench.judge import judge
from bench.lower_bound import lower_bound, minimum_requests
from bench.results import Row
from bench.runners import TOOLS, Missing, Tool, run_tool
from bench.worlds import undone

PLATFORMS = ("aws", "gce", "azure")
DEFAULT_SIZES = "20 200 1000"


@click.command()
@click.option("--nodes", envvar="BENCH_NODES", default=DEFAULT_SIZES, help="Sizes of the clusters.")
@click.option("--platforms", default=" ".join(PLATFORMS), help="The clouds.")
@click.option("--tools", default="", help="Only tools whose name holds this.")
@click.option("--limit", default=900.0, help="Seconds after which a run is stopped.")
@click.option("--keep/--no-keep", default=True, help="Whether to write RESULTS.md and results.json.")
@click.option("--idle/--no-idle", "with_idle", default=True, help="Start-up, and runs with nothing to do.")
def main(nodes: str, platforms: str, tools: str, limit: float, keep: bool, with_idle: bool) -> None:  # noqa: FBT001 - click's
    """Measure, print the table, and write it to bench/RESULTS.md and bench/results.json."""
    sizes = [int(word) for word in nodes.replace(",", " ").split()]
    where, found = this_machine(), list[Row]()
    for row in measure(sizes, platforms.split(), tools, limit):
        print(results.line(row), flush=True)
        found.append(row)
    document = {"machine": where, "date": f"{datetime.now(UTC):%Y-%m-%d}", "rows": found}
    extra = idle.measure(platforms.split()) if with_idle else {}
    for name, values in extra.items():
        print(name, values, flush=True)
    if keep:
        results.write(document, extra, about(TOOLS), BOUND)


def measure(sizes: Sequence[int], platforms: Sequence[str], only: str, limit: float) -> Iterator[Row]:
    """Run every tool that there is for each platform and size."""
    for platform in platforms:
        for size in sizes:
            for tool in TOOLS:
                if only in tool.name and platform in tool.platforms and size <= tool.most:
                    yield run(tool, platform, size, limit)


def run(tool: Tool, platform: str, size: int, limit: float) -> Row:
    """Run one tool on one world."""
    bound, least = lower_bound(platform, size), minimum_requests(platform, size)
    row = Row(platform, tool.name, size, 0.0, bound, 0, least, 0, 0, converged=False)
    with judge(undone(platform, size), tls=tool.tls) as lab:
        try:
            done = run_tool(tool, platform, lab, limit)
        except Missing as err:
            return row.but(note=str(err))
        verdict = lab.verdict()
    if os.environ.get("BENCH_OUTPUT"):
        print(done.output, file=sys.stderr)
    notes = [f"stopped after {limit:.0f} s"] if done.stopped else []
    if verdict.wrong:
        notes.append(f"{len(verdict.wrong)} wrong, such as: {verdict.wrong[0]}")
    return row.but(
        seconds=done.seconds,
        requests=verdict.requests,
        throttled=verdict.throttled,
        failed=verdict.failed,
        converged=verdict.converged,
        kubernetes=verdict.kubernetes,
        first=verdict.first,
        cpu=done.cpu,
        note="; ".join(notes),
    )


def this_machine() -> dict[str, Any]:
    """Return what kind of machine this is; nothing that tells which."""
    return {
        "system": f"{machine.system()} {machine.machine()}",
        "processors": os.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": machine.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    main()
