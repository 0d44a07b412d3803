"""Tables: as HTML for a notebook and the report, and as text for a log. Every name from outside is escaped (pure).

Looks are inline `style=` attributes: nothing else survives a notebook that is not trusted *and* an offline page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from l2bridge_helpers.looks import MONO, WORDS, badge
from l2bridge_helpers.printable import printable


class Markup(str):
    """HTML that is a cell's: nothing in it comes from outside without having been escaped."""

    __slots__ = ()


CELL = "text-align:left"
UNBROKEN = f"{CELL};white-space:nowrap"
BROKEN = f"{CELL};white-space:normal"
DENSE = "white-space:nowrap"
LINES = f"font-family:{MONO};font-size:90%;white-space:pre-wrap;overflow-wrap:anywhere"
_LONGEST = 48
"""Characters of a name that is not broken over two lines: names are compared by eye and copied by hand."""
_SHORT = 28
"""Characters of some words that are not broken: a value such as `10.42.0.0/24 via node-1`."""
_WIDEST = 60
"""Characters to which a log's columns are padded."""
_MOST = 24
"""A list of more names than that is not read on the way."""
_LIST = re.compile(rf"(?:[^\s,()]+, ){{{_MOST},}}[^\s,()]*[^\s,():;.]")
_WIDTH = 100
"""A table that needs so many characters, however it is broken, may be wider than its place."""
_GAP = 3
"""Characters between two columns."""
_SIDEWAYS = '<div tabindex="0" role="group" aria-label="wide table" style="overflow-x:auto">'
"""By the arrows, too."""
_NAMED = 6
"""So many names of such a list stay."""


def html_table(rows: Sequence[Sequence[object]], columns: Sequence[str], *, dense: bool = False) -> str:
    """Return an HTML table; words that are a verdict become badges, long lists of names are folded.

    Args:
        rows: of so many values as there are columns.
        columns: their names.
        dense: whether to write that names are not broken once, instead of in each cell: for a thousand rows.

    """
    head = "".join(f'<th scope="col" style="{CELL}">{escape(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(_cell(value, dense=dense) for value in row) + "</tr>" for row in rows)
    start = f'<table style="{DENSE}">' if dense else "<table>"
    table = f"{start}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"{_SIDEWAYS}{table}</div>" if _least_width(rows, columns) > _WIDTH else table


def text_table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    """Return a table for a log: columns are aligned, but a long cell pushes its own row only, and nothing is cut."""
    lines = [columns, *rows]
    widths = [min(_WIDEST, max(len(line[place]) for line in lines)) for place in range(len(columns))]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def closed(summary: str, html: str) -> str:
    """Return HTML that opens with a click, and is open on paper."""
    return f'<details style="margin:4px 0"><summary style="cursor:pointer">{escape(summary)}</summary>{html}</details>'


def lines(texts: Sequence[str]) -> str:
    """Return lines to be copied; what cannot be seen is made visible."""
    return f'<pre style="{LINES}">{escape(chr(10).join(map(printable, texts)))}</pre>'


def plain(value: object) -> str:
    """Return a value as the text of a cell."""
    return "yes" if value is True else "no" if value is False else printable(str(value))


def prose(text: str) -> str:
    """Return text as HTML; of a list of many names the first stand in the sentence, all of them fold away below it."""
    if text.count(", ") < _MOST:
        return escape(text)
    found = [one[0].split(", ") for one in _LIST.finditer(text)]
    return escape(_LIST.sub(_in_short, text)) + "".join(
        closed(f"all {len(names):,}", escape(", ".join(names))) for names in found
    )


def _in_short(found: re.Match[str]) -> str:
    names = found[0].split(", ")
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED:,} more"


def _least_width(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
    """Return how many characters the rows need side by side when everything is broken that may be."""
    lines = [list(map(plain, row)) for row in rows]
    return sum(max(map(_unbroken, [name, *(line[at] for line in lines)])) + _GAP for at, name in enumerate(columns))


def _unbroken(text: str) -> int:
    """Return the characters of the longest part of a cell that stays on one line."""
    return len(text) if _stays_whole(text) else max(map(len, text.split()), default=0)


def _stays_whole(text: str) -> bool:
    return len(text) <= (_SHORT if " " in text else _LONGEST)


def _cell(value: object, *, dense: bool) -> str:
    if isinstance(value, Markup):
        return f'<td style="{BROKEN if dense else CELL}">{value}</td>'
    text = plain(value)
    if text in WORDS:
        return f'<td style="{CELL}">{badge(text)}</td>'
    broken, whole = (BROKEN, CELL) if dense else (CELL, UNBROKEN)
    stays = len(text) <= _LONGEST if dense else _stays_whole(text)
    return f'<td style="{whole if stays else broken}">{prose(text)}</td>'
