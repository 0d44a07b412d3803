"""The table: what machines read, and what people are told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bench.about import BOUND, about
from bench.results import COLUMNS, Row, as_json, as_markdown, losses
from bench.runners import TOOLS

FOLDER = Path(__file__).resolve().parents[2] / "bench"
GOOD = Row("aws", "l2bridge share=1.0", 1000, 185.0, 180.14, 1010, 1002, 0, 0, converged=True)
FAST = GOOD.but(tool="SDK, 32 threads", seconds=150.0)


def document(*rows: Row) -> dict[str, Any]:
    return {"machine": {"processors": 2}, "date": "2026-11-24", "rows": list(rows)}


def test_machines_read_the_columns_and_nothing_else() -> None:
    """In each row; beside them the machine and the date. What was not run has no row."""
    read = json.loads(as_json(document(GOOD, GOOD.but(tool="other", seconds=0.0, note="not there")), {}))
    assert read.keys() == {"machine", "date", "rows"}
    assert [tuple(row) for row in read["rows"]] == [COLUMNS]
    assert read["rows"][0]["seconds"] == 185.0


def test_people_see_why_a_tool_was_not_run_and_what_is_wrong() -> None:
    """Both stand in the tool's own row."""
    rows = (GOOD.but(tool="a", seconds=0.0, note="not there"), GOOD.but(tool="b", converged=False, note="2 wrong"))
    text = as_markdown(document(*rows), {}, about(TOOLS), BOUND)
    assert re.search(r"\| a \| not run: not there \|", text)
    assert re.search(r"\| b \|.*\*\*no\*\*: 2 wrong \|", text)
    assert (
        len(
            {
                line.count("|")
                for line in text.splitlines()
                if re.match(r"\| (cloud|aws) \| (nodes|1000) \| [abt]", line)
            }
        )
        == 1
    )


def test_who_meets_the_goals_loses_nowhere() -> None:
    """Nor does a tool count as better that is fast and wrong."""
    assert losses([GOOD, FAST.but(converged=False)], {}) == []


def test_each_missed_goal_is_said() -> None:
    """The end state, the time, the requests, the throttled ones; who is right and faster; what start-up takes."""
    bad = GOOD.but(seconds=250.0, requests=1500, throttled=100, converged=False, note="2 wrong")
    said = losses([bad, FAST], {"start_up": [{"platform": "aws", "met": False}, {"platform": "gce", "met": True}]})
    assert len(said) == 6
    for text, part in zip(
        said, ("2 wrong", "1.39", "1.497", "6.7%", "SDK, 32 threads: 150.0 s", "met False"), strict=True
    ):
        assert part in text


def test_a_small_cluster_has_no_goal_for_its_start() -> None:
    """But who is faster is said all the same."""
    small = GOOD.but(nodes=20, seconds=5.0, lower_bound_s=0.14)
    assert losses([small], {}) == []
    assert len(losses([small, FAST.but(nodes=20, seconds=3.0)], {})) == 1


def test_what_is_kept_is_what_the_bench_writes() -> None:
    """The files in the repository have the table's columns, and only tools that there are."""
    read = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    assert {tuple(row) for row in read["rows"]} == {COLUMNS}
    assert {row["tool"] for row in read["rows"]} <= {tool.name for tool in TOOLS}
    assert (FOLDER / "RESULTS.md").read_text(encoding="utf-8").startswith("# How fast")
