"""What stands at the top of a report: what came of the run, its key figures, and what to do next (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from l2bridge_helpers.looks import ATTENTION, BAD, CHANGE, GOOD, Look
from l2bridge_helpers.outcome import APPLYING
from l2bridge_helpers.reachability.result import APPLIED

_MINUTE, _HOUR = 60, 3600


class Figure(NamedTuple):
    """A number that matters; `look` where it calls for being looked at."""

    label: str
    number: str
    look: Look | None = None


@dataclass(frozen=True)
class Head:
    """What someone who was not there reads first.

    Attributes:
        title: what was run, where.
        headline: what came of it in a few words.
        look: whether that is good news.
        verdict: the same in full.
        figures: label -> number, the few that matter, and what they mean.
        todo: what to do next.
        back: the line that shows how to put it back; empty where there is nothing to put back.
        facts: label -> value, who, when, where.

    """

    title: str
    headline: str
    look: Look
    verdict: str
    figures: Sequence[Figure] = ()
    todo: str = ""
    back: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def head_of(document: Mapping[str, Any], *, title: str, verdict: str, failed: bool, back: Mapping[str, str]) -> Head:
    """Return the head of a run's report.

    Args:
        document: what `result.json` holds.
        title: what was run, where.
        verdict: what came of it, in full.
        failed: whether that is bad news, or asks for attention.
        back: how to put back what the run has changed, as label -> value.

    """
    headline, look = _headline(document, failed=failed)
    line = back.get("see it first", "")
    return Head(
        title=title,
        headline=headline,
        look=look,
        verdict=verdict,
        figures=_figures(document),
        todo=_todo(document, failed=failed, goes_back=bool(line)),
        back=line,
        facts=_facts(document),
    )


def _headline(document: Mapping[str, Any], *, failed: bool) -> tuple[str, Look]:
    mode = document.get("mode", "")
    if _is_unfinished(document):
        return "Not finished, or broken off", BAD
    if document["status"] != "ok":
        return ("Out of place" if mode == "check" and document.get("plan_hash") else "Failed"), BAD
    good, attention = _HEADLINES.get(mode, _EXPLAINED)
    if failed:
        return attention, ATTENTION
    if mode in ("plan", "apply") and not _planned(document):
        return "Nothing to change", GOOD
    return good, (CHANGE if mode == "plan" else GOOD)


_HEADLINES = {
    "plan": ("Planned, nothing was changed", "Planned, nothing was changed; something is left to settle"),
    "apply": ("Applied and verified", "Applied and verified; something is left to settle"),
    "check": ("As it should be", "As it should be, but something is left to settle"),
}
_EXPLAINED = ("Reaches", "Does not reach, or not surely")
"""Of what answers a question and has no mode."""


def _is_unfinished(document: Mapping[str, Any]) -> bool:
    return str(document.get("error", "")).startswith(APPLYING)


def _planned(document: Mapping[str, Any]) -> int:
    return int(document.get("counts", {}).get("planned", 0))


def _figures(document: Mapping[str, Any]) -> list[Figure]:
    """Return the nodes, the changes, and how many pairs reach, before and after."""
    counts: Mapping[str, int] = document.get("counts", {})
    if not counts:
        return []
    applies, bad = document.get("mode") == "apply", {"failed": BAD, "left": ATTENTION}
    changes = [
        Figure(f"changes {name}", f"{number:,}", bad.get(name) if number and applies else None)
        for name, number in counts.items()
        if name == "planned" or (applies and not _is_unfinished(document))  # nobody knows yet how many were made
    ]
    return [Figure("nodes", f"{document.get('nodes', 0):,}"), *changes, *_pairs(document.get("reachability", {}))]


def _pairs(found: Mapping[str, Mapping[str, int]]) -> Iterator[Figure]:
    """Give how many pairs reach at the first moment that was looked at, and at the last."""
    if not found:
        return
    (first, before), *_ = looked = list(found.items())
    last, after = looked[-1]
    if first == last:
        yield Figure(f"of {after['pairs']:,} pairs reach, {last}", f"{after['reaching']:,}")
    else:
        told = f"of {after['pairs']:,} pairs reach, {'before' if last == APPLIED else first} and {last}"
        yield Figure(told, f"{before['reaching']:,} → {after['reaching']:,}")


def _todo(document: Mapping[str, Any], *, failed: bool, goes_back: bool) -> str:
    """Return the next step, for someone who has just opened the page."""
    if _is_unfinished(document):
        return "See whether it still runs. If it does not, run it again: what was done stays done."
    mode, applied = document.get("mode", ""), document.get("counts", {}).get("applied", 0)
    if document["status"] != "ok":
        kept = " What is done stays done." if applied else ""
        back = " To go back instead, see the line below." if goes_back else ""
        return f"Settle what is named here, then run it again.{kept}{back}"
    if mode == "plan":
        return _after_plan(document, failed=failed)
    if mode in ("apply", "check"):
        return (
            "Look at what is left below: Findings, and Reachability say what mends it."
            if failed
            else "Nothing. If pods still cannot talk, explain.ipynb names the hop that blocks."
        )
    return "The first hop that is blocked below says what mends it." if failed else "Nothing."


def _after_plan(document: Mapping[str, Any], *, failed: bool) -> str:
    if not _planned(document):
        return "Settle what is named here: no change of this runbook mends it." if failed else "Nothing."
    first = "Settle what is named here, as far as you can. Then review" if failed else "Review"
    file = "" if document.get("runbook") == "undo" else ", and plan_file = the plan.json beside this report"
    return (
        f'{first} the plan below. To carry it out, run the notebook with mode = "apply", '
        f'confirm = "{document.get("cluster", "")}"{file}.'
    )


def _facts(document: Mapping[str, Any]) -> dict[str, object]:
    """Return who ran what, when and where."""
    names = {"user": "run by", "identity": "in the cloud as", "run": "run"}
    facts: dict[str, object] = {label: document[name] for name, label in names.items() if document.get(name)}
    start, end = (datetime.fromisoformat(document[name]) for name in ("started", "finished"))
    until = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return {**facts, "when (UTC)": f"{start:%Y-%m-%d %H:%M:%S} to {until} ({_lasted((end - start).total_seconds())})"}


def _lasted(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"


def parts_of(verdict: str) -> tuple[str, Sequence[str]]:
    """Return what a verdict says at first, and the things that it lists."""
    for mark in ("out of place: ", "not in order: ", "first settle: ", "does not show it: "):
        lead, found, rest = verdict.partition(mark)
        if found:
            return lead + found, rest.split(" | ")
    first, *others = verdict.split(" | ")
    return first, others
