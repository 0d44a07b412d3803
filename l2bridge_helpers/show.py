"""Tables for people: the same one as text for a log and as HTML for a notebook and the report.

Colours are inline `style=` attributes: nothing else survives a notebook that is not trusted *and* an offline
page. Every name from outside is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.checklist import Checklist
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.mends import Mends
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.pictures import Picture, matrix
from l2bridge_helpers.printable import printable
from l2bridge_helpers.proof import Proof
from l2bridge_helpers.reachability.explanation import Explanation
from l2bridge_helpers.reachability.result import Reachability
from l2bridge_helpers.results import Results
from l2bridge_helpers.undo_choice import Recorded

_BADGES = {
    **dict.fromkeys(("blocking", "conflict", "failed", "wrong", "blocked"), "#b3261e"),
    **dict.fromkeys(("error", "delete", "skipped"), "#9a4a00"),
    **dict.fromkeys(("warning", "note", "not sent", "unproven"), "#6b5900"),
    **dict.fromkeys(("create", "update"), "#0b57d0"),
    **dict.fromkeys(("ok", "applied", "passes"), "#146c2e"),
    "none": "#5f6368",
}
PLAN_COLUMNS = ("action", "kind", "node", "resource", "before", "after", "reason")
_CELL = "text-align:left"
_UNBROKEN = 48
"""Characters of a name that is not broken over two lines: names are compared by eye and copied by hand."""
_WIDEST = 60
"""Characters to which a log's columns are padded."""
_MONO = "font-family:monospace;font-size:90%;white-space:pre-wrap;overflow-wrap:anywhere"


@dataclass(frozen=True)
class Shown:
    """A sentence and what belongs to it, in both forms.

    Attributes:
        text: for a log.
        html: for a page.
        folded: the same for a page, with the table closed: for where another table of it stands beside it.

    """

    text: str
    html: str
    folded: str = ""


def shown(value: object) -> Shown:
    """Return a value of this package as people should see it."""
    for kind, form in _FORMS.items():
        if isinstance(value, kind):
            both = form(value)
            return both if both.folded else replace(both, folded=both.html)
    text = printable(str(value), keep="\n")
    return Shown(text, f"<p>{escape(text)}</p>", f"<p>{escape(text)}</p>")


def html_table(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> str:
    """Return an HTML table; words that are a verdict become badges."""
    head = "".join(f'<th style="{_CELL}">{escape(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def text_table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    """Return a table for a log: columns are aligned, but a long cell pushes its own row only, and nothing is cut."""
    lines = [columns, *rows]
    widths = [min(_WIDEST, max(len(line[place]) for line in lines)) for place in range(len(columns))]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _titled(sentence: str, table: pd.DataFrame) -> Shown:
    table = table.map(_plain)
    title = printable(f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "")
    if table.empty:
        return Shown(title, f"<p><b>{escape(title)}</b></p>")
    html = html_table(table.to_numpy().tolist(), list(table.columns))
    text = text_table(table.to_numpy().tolist(), list(table.columns))
    heading = f"<p><b>{escape(title)}</b></p>" if title else ""
    rows = f"{len(table)} row{'' if len(table) == 1 else 's'}"
    return Shown(f"{title}\n{text}".strip(), heading + html, heading + _closed(f"As a plain table: {rows}", html))


def _closed(summary: str, html: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"


def _nodes(table: pd.DataFrame) -> Shown:
    systems = Counter(table.drop_duplicates("nodeName")["os"])
    kinds = ", ".join(f"{number} {name or 'of unknown system'}" for name, number in sorted(systems.items()))
    count, cidrs = len(node_names(table)), int((table["routeDestination"] != "").sum())
    sentence = (
        f"{count} node{'' if count == 1 else 's'} ({kinds or 'none'}), {cidrs} pod CIDR{'' if cidrs == 1 else 's'}"
    )
    return _titled(sentence, table)


def plan_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return a plan's rows as people should see them, in `PLAN_COLUMNS`."""
    return [_plan_row(change) for change in plan]


def _plan(plan: Plan) -> Shown:
    table = _titled(plan.summary(), pd.DataFrame(plan_rows(plan), columns=list(PLAN_COLUMNS), dtype=object))
    commands = [change.command for change in plan if change.command]
    if not commands:
        return table
    by_hand = f"The same by hand: {len(commands)} command{'' if len(commands) == 1 else 's'}"
    below = _closed(by_hand, _lines(commands))
    return Shown(table.text, table.html + below, table.folded + below)


def _recorded(value: Recorded) -> Shown:
    """Return what a journal holds of a run; what became of an intent alone is for the network to tell."""
    columns = ("outcome", "action", "kind", "node", "resource", "before", "after")
    rows = [(row.outcome or "not known", *_plan_row(row.change)[:-1]) for row in value]
    return _titled(f"changes: {value.summary()}", pd.DataFrame(rows, columns=list(columns), dtype=object))


def _lines(commands: Sequence[str]) -> str:
    """Return commands to be copied, one a line; what cannot be seen is made visible."""
    return f'<pre style="{_MONO}">{escape(chr(10).join(map(printable, commands)))}</pre>'


def _plan_row(change: Change) -> tuple[str, ...]:
    state = [_state(change.kind, side) for side in (change.before, change.after)]
    unlike = change.kind == "route" and change.before != change.after
    if unlike and state[0] == state[1]:  # what differs is what the short form leaves out
        state = [f"{side['destination']} via {side['next_hop']}" for side in (change.before, change.after)]
    return (change.action, change.kind, change.node, _name(change), *state, change.reason)


def _name(change: Change) -> str:
    """Return the resource's name, without the path before it; a route's is whole, a subnet's has its network's."""
    parts = change.resource.split("/")
    return "/".join(parts[-_PARTS[change.kind] :]) if change.kind in _PARTS else change.resource


def _state(kind: str, side: Mapping[str, object]) -> str:
    """Return one side of a change in a few words."""
    if not side:
        return "—"
    if kind == "forwarding":
        return _on(side)
    if kind in _STATES:
        return _STATES[kind](side)
    if kind in ("claim", "mark"):
        return _marks(side)
    return f"{side['destination']} via {str(side['next_hop']).rpartition('/')[2]}"


def _marks(marks: object) -> str:
    return "; ".join(f"{name}={text}" for name, text in marks.items()) if isinstance(marks, Mapping) else ""


def _joined(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else ""


def _on(side: Mapping[str, object]) -> str:
    return "on" if side["forwarding"] else "off"


_PARTS = {"forwarding": 1, "filter": 1, "template": 1, "table": 2, "claim": 2, "mark": 2, "association": 2}
"""So many parts of a resource's id say which one it is, in a table of one network."""
_STATES: dict[str, Callable[[Mapping[str, object]], str]] = {
    "template": _on,
    "table": lambda side: f"in {side['location']}, {_marks(side['marks'])}",
    "association": lambda side: str(side["table"]).rpartition("/")[2] or "no table",
    "filter": lambda side: f"from {_joined(side['sources'])}",
}


def _plain(value: object) -> str:
    return "yes" if value is True else "no" if value is False else printable(str(value))


def _cell(value: object) -> str:
    text = _plain(value)
    colour = _BADGES.get(text)
    if colour:
        badge = f"background:{colour};color:#fff;border-radius:3px;padding:0 6px;white-space:nowrap"
        return f'<td style="{_CELL}"><span style="{badge}">{text}</span></td>'
    style = _CELL if " " in text or len(text) > _UNBROKEN else f"{_CELL};white-space:nowrap"
    return f'<td style="{style}">{escape(text)}</td>'


def _counted(value: Findings | Proof | Checklist | Explanation | Mends) -> Shown:
    return _titled(value.summary(), value.table())


def _proof(value: Proof) -> Shown:
    checks = _counted(value)
    if value.reachability is None:
        return checks
    after, picture = shown(value.reachability), shown(matrix(value.reachability))
    return Shown(f"{checks.text}\n{after.text}", f"{checks.html}{after.html}{picture.html}")


def _reachability(value: Reachability) -> Shown:
    """Return the causes, and what mends them folded away: mostly the plan does."""
    found = _titled(f"{value.moment}, {value.summary()}", value.table())
    mends = [mend for cause in value.causes for mend in cause.mends]
    if not mends:
        return found
    told = f"What mends it by hand: {len(mends)} step{'' if len(mends) == 1 else 's'}"
    return Shown(found.text, f"{found.html}<details><summary>{told}</summary>{_lines(mends)}</details>")


def _results(value: Results) -> Shown:
    return _titled(value.summary(), value.table() if value.sent else pd.DataFrame())


_FORMS: dict[type, Callable[[Any], Shown]] = {
    pd.DataFrame: _nodes,
    Plan: _plan,
    Results: _results,
    Recorded: _recorded,
    Findings: _counted,
    Proof: _proof,
    Checklist: _counted,
    Explanation: _counted,
    Mends: _counted,
    Reachability: _reachability,
    Picture: lambda value: Shown(printable(value.alt), value.html()),
    Mapping: lambda value: _titled("", pd.DataFrame(list(value.items()), columns=["what", "value"], dtype=object)),
}
"""What people see of each kind of value."""
