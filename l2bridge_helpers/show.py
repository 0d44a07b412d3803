"""What people see of each kind of value: a sentence and a table, as text for a log and as HTML for a page (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from l2bridge_helpers import alike
from l2bridge_helpers.by_hand import script
from l2bridge_helpers.change_rows import PLAN_COLUMNS, plan_row, short_name
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.checklist import Checklist
from l2bridge_helpers.findings import COLUMNS as FINDING_COLUMNS
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.grouping import FEW, Row, grouped, html_groups
from l2bridge_helpers.mends import Mends
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.pictures import Picture, matrix
from l2bridge_helpers.printable import printable
from l2bridge_helpers.proof import COLUMNS as CHECK_COLUMNS
from l2bridge_helpers.proof import Proof
from l2bridge_helpers.reachability.explanation import Explanation
from l2bridge_helpers.reachability.result import COLUMNS as CAUSE_COLUMNS
from l2bridge_helpers.reachability.result import PLANNED, Reachability
from l2bridge_helpers.results import Results
from l2bridge_helpers.tabular import closed, html_table, lines, plain, text_table
from l2bridge_helpers.undo_choice import Recorded

__all__ = ["PLAN_COLUMNS", "Shown", "html_table", "plan_rows", "shown", "text_table"]

_RESULT_COLUMNS = ("outcome", "action", "kind", "node", "resource", "error")
_RECORDED_COLUMNS = ("outcome", *PLAN_COLUMNS[:-1])


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


def plan_rows(plan: Plan) -> list[Row]:
    """Return a plan's rows as people should see them, in `PLAN_COLUMNS`."""
    return [plan_row(change) for change in plan]


def _titled(
    sentence: str,
    rows: Sequence[Sequence[object]],
    columns: Sequence[str],
    kind: Callable[[Row], object] | None = None,
) -> Shown:
    """Return a sentence and the table; `kind` says which rows of many are alike enough for a group of their own."""
    title = printable(f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "")
    heading = f"<p><b>{escape(title)}</b></p>" if title else ""
    if not rows:
        return Shown(title, heading)
    plains = [tuple(map(plain, row)) for row in rows]
    many = kind and len(plains) > FEW
    html = html_groups(grouped(plains, columns, kind)) if kind and many else html_table(plains, columns)
    text = f"{title}\n{text_table(plains, columns)}".strip()
    return Shown(text, heading + html, heading + _folded(html, len(rows)))


def _folded(html: str, rows: int) -> str:
    return closed(f"As a plain table: {rows:,} row{'' if rows == 1 else 's'}", html)


def _below(both: Shown, html: str, text: str = "") -> Shown:
    """Return it with something more under it."""
    return Shown(f"{both.text}\n{text}" if text else both.text, both.html + html, (both.folded or both.html) + html)


def _merged(
    sentence: str, table: pd.DataFrame, columns: Sequence[str], names: Callable[[Row], Sequence[str]] = lambda _: ()
) -> Shown:
    """Return a sentence and the table, in which rows that differ only in what they are about are one."""
    rows = [tuple(map(plain, row)) for row in table.to_numpy().tolist()]
    groups = alike.merged(rows, names)
    if len(groups) == len(rows):
        return _titled(sentence, rows, columns)
    told = _titled(sentence, [alike.text_row(group) for group in groups], columns)
    html = html_table([alike.html_row(group) for group in groups], columns)
    heading = told.html.partition("<table")[0]
    return Shown(told.text, heading + html, heading + _folded(html, len(groups)))


def _nodes(table: pd.DataFrame) -> Shown:
    systems = Counter(table.drop_duplicates("nodeName")["os"])
    kinds = ", ".join(f"{number} {name or 'of unknown system'}" for name, number in sorted(systems.items()))
    count, cidrs = len(node_names(table)), int((table["routeDestination"] != "").sum())
    sentence = (
        f"{count} node{'' if count == 1 else 's'} ({kinds or 'none'}), {cidrs} pod CIDR{'' if cidrs == 1 else 's'}"
    )
    columns = list(table.columns)
    places = [columns.index(name) for name in ("os", "ready", "backendType") if name in columns]
    return _titled(sentence, table.to_numpy().tolist(), columns, lambda row: tuple(row[place] for place in places))


def _plan(plan: Plan) -> Shown:
    table = _titled(plan.summary(), plan_rows(plan), PLAN_COLUMNS, lambda row: row[:2])
    return _with_commands(table, [change.command for change in plan if change.command], "The same by hand", "command")


def _with_commands(both: Shown, commands: Sequence[str], what: str, unit: str) -> Shown:
    """Return it with the commands folded away under it."""
    if not commands:
        return both
    told = f"{what}: {len(commands):,} {unit}{'' if len(commands) == 1 else 's'}"
    return _below(both, closed(told, lines(script(commands))))


def _recorded(value: Recorded) -> Shown:
    """Return what a journal holds of a run; what became of an intent alone is for the network to tell."""
    rows = [(row.outcome or "not known", *plan_row(row.change)[:-1]) for row in value]
    return _titled(f"changes: {value.summary()}", rows, _RECORDED_COLUMNS, lambda row: row[:3])


def _findings(value: Findings) -> Shown:
    return _merged(value.summary(), value.table(), FINDING_COLUMNS, lambda row: row[1].replace(",", "").split(" ")[1:])


def _counted(value: Checklist | Explanation | Mends) -> Shown:
    table = value.table()
    return _titled(value.summary(), table.to_numpy().tolist(), list(table.columns))


def _proof(value: Proof) -> Shown:
    rows = value.table().to_numpy().tolist()
    common = {found for found, number in Counter(row[-1] for row in rows).items() if number > 1}
    checks = _titled(value.summary(), rows, CHECK_COLUMNS, lambda row: (row[0], row[-1] if row[-1] in common else ""))
    if value.reachability is None:
        return checks
    after = shown(value.reachability)
    picture = shown(matrix(value.reachability))
    return _below(checks, after.html + picture.html, after.text)


def _reachability(value: Reachability) -> Shown:
    """Return the causes, and what mends them folded away: mostly the plan does."""
    found = _merged(f"{value.moment}, {value.summary()}", value.table(), CAUSE_COLUMNS)
    mends = [mend for cause in value.causes for mend in cause.mends]
    told = _with_commands(found, mends, "What mends it by hand", "step")
    return _below(told, shown(matrix(value)).html) if value.moment == PLANNED else told


def _results(value: Results) -> Shown:
    rows = [
        (one.outcome, one.change.action, one.change.kind, one.change.node, short_name(one.change), one.error)
        for one in value
    ]
    return _titled(value.summary(), rows if value.sent else [], _RESULT_COLUMNS, lambda row: (*row[:3], row[5]))


_FORMS: dict[type, Callable[[Any], Shown]] = {
    pd.DataFrame: _nodes,
    Plan: _plan,
    Results: _results,
    Recorded: _recorded,
    Findings: _findings,
    Proof: _proof,
    Checklist: _counted,
    Explanation: _counted,
    Mends: _counted,
    Reachability: _reachability,
    Picture: lambda value: Shown(printable(value.alt), value.html()),
    Mapping: lambda value: _titled("", list(value.items()), ("what", "value")),
}
"""What people see of each kind of value."""
