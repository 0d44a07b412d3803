"""The table of a bench: a line as it is made, for people as Markdown, for machines as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COLUMNS = (
    "platform",
    "tool",
    "nodes",
    "seconds",
    "lower_bound_s",
    "requests",
    "minimum_requests",
    "throttled",
    "failed",
    "converged",
)
"""What machines read of a row."""


@dataclass(frozen=True)
class Row:
    """One tool on one world.

    Attributes (beside those of `Verdict`):
        seconds: from the start of its process to the end.
        lower_bound_s, minimum_requests: what nobody can do without.
        cpu: seconds of the processor.
        note: why it was not run, or stopped, or what is wrong.

    """

    platform: str
    tool: str
    nodes: int
    seconds: float
    lower_bound_s: float
    requests: int
    minimum_requests: int
    throttled: int
    failed: int
    converged: bool
    kubernetes: int = 0
    first: float = 0.0
    cpu: float = 0.0
    note: str = ""

    def but(self, **changed: Any) -> Row:
        """Return the row with other values."""
        return replace(self, **changed)

    @property
    def was_run(self) -> bool:
        """Whether there was such a tool."""
        return self.seconds > 0

    def as_dict(self) -> dict[str, Any]:
        """Return what machines read."""
        values = {name: getattr(self, name) for name in COLUMNS}
        return values | {"seconds": round(self.seconds, 2), "lower_bound_s": round(self.lower_bound_s, 2)}

    @property
    def ratio(self) -> float:
        """Seconds per second of the lower bound."""
        return self.seconds / self.lower_bound_s


def line(row: Row) -> str:
    """Return a row as one line of text."""
    if not row.was_run:
        return f"{row.platform} nodes={row.nodes} {row.tool}: not run: {row.note}"
    return (
        f"{row.platform} nodes={row.nodes} {row.tool}: seconds={row.seconds:.2f} lower_bound_s={row.lower_bound_s:.2f} "
        f"ratio={row.ratio:.2f} requests={row.requests} minimum={row.minimum_requests} throttled={row.throttled} "
        f"failed={row.failed} converged={row.converged} first_answer_s={row.first:.2f} cpu_s={row.cpu:.1f} "
        f"kubernetes={row.kubernetes} {row.note}".rstrip()
    )


def as_json(document: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    """Return what machines read: the rows of what was run, the machine and the date, and the other measurements."""
    rows = [row.as_dict() for row in document["rows"] if row.was_run]
    return json.dumps({**document, "rows": rows, **extra}, indent=1) + "\n"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    head = "| " + " | ".join(_HEADS) + " |"
    return "\n".join([head, "|" + " --- |" * len(_HEADS), *(_table_line(row) for row in rows)])


def _table_line(row: Row) -> str:
    place = f"| {row.platform} | {row.nodes} | {row.tool}"
    if not row.was_run:
        return f"{place} | not run: {row.note} |" + " |" * (len(_HEADS) - 4)
    asked = f"{row.requests} | {row.requests / row.minimum_requests:.2f}"
    share = f"{row.throttled} ({row.throttled / max(row.requests, 1):.1%})" if row.throttled else "0"
    end = f"{row.failed} | {'yes' if row.converged else f'**no**: {row.note}'}"
    return f"{place} | {row.seconds:.1f} | {row.ratio:.2f} | {row.first:.1f} | {asked} | {share} | {end} |"


_HEADS = (
    "cloud",
    "nodes",
    "tool",
    "seconds",
    "÷ bound",
    "first answer, s",
    "requests",
    "÷ minimum",
    "throttled",
    "failed",
    "right end state",
)


def write(document: Mapping[str, Any], extra: Mapping[str, Any], about: str, bound: str) -> None:
    """Write results.json and RESULTS.md beside this file."""
    (HERE / "results.json").write_text(as_json(document, extra), encoding="utf-8")
    (HERE / "RESULTS.md").write_text(as_markdown(document, extra, about, bound), encoding="utf-8")


def as_markdown(document: Mapping[str, Any], extra: Mapping[str, Any], about: str, bound: str) -> str:
    """Return what people read: where it was measured, what each tool is, the tables, and where we lose."""
    rows: list[Row] = document["rows"]
    parts = [
        "# How fast, beside what else does this job",
        f"Made by `make bench` on {document['date']}; {_machine(document['machine'])}.",
        about,
        "## The lower bound",
        bound,
        bounds(rows),
        "## Results",
        table(rows),
        "## Where we lose, and miss our goals",
        "\n".join(f"- {text}" for text in losses(rows, extra)) or "Nowhere in this run.",
        *(part for name, values in extra.items() for part in (f"## {_TITLES[name]}", records(values))),
    ]
    return "\n\n".join(parts) + "\n"


_TITLES = {"start_up": "Start-up: `plan` of six nodes by papermill", "nothing_to_do": "A run with nothing to do"}


def _machine(machine: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in machine.items())


def bounds(rows: Iterable[Row]) -> str:
    """Return the lower bounds as a Markdown table."""
    found = dict.fromkeys((row.platform, row.nodes, row.lower_bound_s, row.minimum_requests) for row in rows)
    lines = ["| cloud | nodes | lower bound, s | minimum of requests |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + [f"| {cloud} | {nodes} | {bound:.2f} | {least} |" for cloud, nodes, bound, least in found])


def records(values: list[dict[str, Any]]) -> str:
    """Return records as a Markdown table."""
    heads = list(dict.fromkeys(name for value in values for name in value))
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(str(value.get(name, "")) for name in heads) + " |" for value in values])


OURS = "l2bridge share="
LONG_SECONDS, LONG_RATIO, SHORT_RATIO = 20.0, 1.10, 3.0
MOST_REQUESTS, MOST_THROTTLED = 1.05, 0.01
"""Our goals: seconds ÷ bound where the bound is long or short, requests ÷ minimum, throttled ÷ requests."""
GOALS_FROM = 200
"""Nodes: on fewer, what a process takes to start is more than all the rest."""


def losses(rows: Iterable[Row], extra: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each goal that a row of ours misses, and for each other tool that is right and faster."""
    run = [row for row in rows if row.was_run]
    ours = [row for row in run if row.tool.startswith(OURS)]
    found = [text for row in ours for text in _misses(row)]
    for row in ours:
        others = [
            other
            for other in run
            if (other.platform, other.nodes) == (row.platform, row.nodes)
            and not other.tool.startswith(OURS)
            and other.converged
            and other.seconds < row.seconds
        ]
        found += [
            f"{row.platform}, {row.nodes} nodes, {row.tool}: {row.seconds:.1f} s; {other.tool}: {other.seconds:.1f} s"
            for other in others
        ]
    missed = [value for values in extra.values() for value in values if not value["met"]]
    return found + [", ".join(f"{name} {text}" for name, text in value.items()) for value in missed]


def _misses(row: Row) -> list[str]:
    measured = row.nodes >= GOALS_FROM
    most = LONG_RATIO if row.lower_bound_s > LONG_SECONDS else SHORT_RATIO
    asked, throttled = row.requests / row.minimum_requests, row.throttled / max(row.requests, 1)
    texts = {
        f"the end state is not right ({row.note})": not row.converged,
        f"{row.ratio:.2f} times the bound instead of {most:.2f}": measured and row.ratio > most,
        f"{asked:.3f} times the minimum of requests instead of {MOST_REQUESTS}": measured and asked > MOST_REQUESTS,
        f"{throttled:.1%} of the requests throttled instead of {MOST_THROTTLED:.0%}": throttled > MOST_THROTTLED,
    }
    return [f"{row.platform}, {row.nodes} nodes, {row.tool}: {text}" for text, missed in texts.items() if missed]
