"""A thousand rows that a person can read: alike ones together, what they share said once, all but the first folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from l2bridge_helpers.looks import SPACE, WORDS, badge
from l2bridge_helpers.tabular import closed, html_table, prose

Row = tuple[str, ...]
FEW = 40
"""A table of so many rows is read as it is."""
FIRST = 5
"""So many rows of a group stand open."""
_NOTHING = ("", "—")
_WORTH = 12
"""Letters of a common beginning that is worth saying once."""


@dataclass(frozen=True)
class Group:
    """Rows that are alike.

    Attributes:
        shared: column -> the value that all rows have there.
        starts: column -> what all values there begin with, where that is long; the rows have the rest.
        columns: the other columns; those that say the same in each row are one: `node = resource`.
        rows: their values there.

    """

    shared: dict[str, str]
    starts: dict[str, str]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def grouped(rows: Sequence[Row], columns: Sequence[str], kind: Callable[[Row], object]) -> list[Group]:
    """Return the rows in groups of one kind each, in the order in which the kinds come first."""
    kinds: dict[object, list[Row]] = {}
    for row in rows:
        kinds.setdefault(kind(row), []).append(row)
    return [_group(alike, columns) for alike in kinds.values()]


def _group(rows: Sequence[Row], columns: Sequence[str]) -> Group:
    by_column = dict(zip(columns, zip(*rows, strict=True), strict=True))
    shared = {name: values[0] for name, values in by_column.items() if len(set(values)) == 1}
    others: dict[Row, str] = {}
    for name, values in by_column.items():
        if name not in shared:
            others[values] = f"{others[values]} = {name}" if values in others else name
    starts = {name: start for values, name in others.items() if (start := _start(values))}
    rest = [
        tuple(f"…{value[len(starts[name]) :]}" for value in values) if name in starts else values
        for values, name in others.items()
    ]
    return Group(shared, starts, tuple(others.values()), tuple(zip(*rest, strict=True)) if rest else ((),) * len(rows))


def _start(values: Sequence[str]) -> str:
    """Return the path that all values lie below, where to say it once is worth the while."""
    first, last = min(values), max(values)  # what these begin with, all between them do
    same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), len(first))
    start = first[:same].rpartition("/")[0]
    return f"{start}/" if len(start) >= _WORTH and len(values) > FIRST else ""


def html_groups(groups: Sequence[Group]) -> str:
    """Return the groups, each with its count, its first rows, and the others to be opened."""
    return "".join(map(_html, groups))


def _html(group: Group) -> str:
    count = f"<b>{len(group.rows):,} row{'' if len(group.rows) == 1 else 's'}</b>"
    words = [_told(name, value) for name, value in group.shared.items() if value not in _NOTHING]
    below = [f"<i>{escape(name)}</i> below {escape(start)}" for name, start in group.starts.items()]
    head = f'<p style="margin:{2 * SPACE}px 0 {SPACE // 2}px">{" · ".join([count, *words, *below])}</p>'
    if not group.columns:
        return head
    first, rest = group.rows[:FIRST], group.rows[FIRST:]
    if len(rest) <= FIRST:  # nothing is won by folding them
        return head + html_table(group.rows, group.columns, dense=True)
    told = f"{len(rest):,} more, to {next(filter(None, rest[-1]), 'the last')}"
    tables = [html_table(rows, group.columns, dense=True) for rows in (first, rest)]
    return head + tables[0] + closed(told, tables[1])


def _told(name: str, value: str) -> str:
    return badge(value) if value in WORDS else f"<i>{escape(name)}</i> {prose(value)}"
