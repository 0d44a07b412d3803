"""Rows that differ only in what they are about, as one row that is counted (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import chain

from l2bridge_helpers.looks import WORDS, badge
from l2bridge_helpers.tabular import Markup, closed, prose

Row = tuple[str, ...]
SEVERAL = 5
"""So many alike rows become one."""
_NAME = re.compile(r"\S*\d\S*")
"""A word with a digit in it is a name, an address or a count: what alike rows may differ in."""


def merged(rows: Sequence[Row], names: Callable[[Row], Sequence[str]] = lambda _: ()) -> list[list[Row]]:
    """Return the rows, those that are alike together, where the first of them was.

    Args:
        rows: as plain text.
        names: what else a row may differ in: the words that it is about.

    """
    kinds: dict[Row, list[Row]] = {}
    for row in rows:
        kinds.setdefault((row[0], *(_masked(cell, names(row)) for cell in row[1:])), []).append(row)
    together = ([alike] if len(alike) >= SEVERAL else [[row] for row in alike] for alike in kinds.values())
    return list(chain.from_iterable(together))


def html_row(alike: Sequence[Row]) -> Row:
    """Return one row for a page: a count beside the verdict, and what differs folded away, all of it."""
    if len(alike) == 1:
        return alike[0]
    first, *others = (_html(tuple(dict.fromkeys(values))) for values in zip(*alike, strict=True))
    verdict = alike[0][0]
    return (Markup(f"{badge(verdict) if verdict in WORDS else first} × {len(alike):,}"), *others)  # noqa: RUF001 - times  # noqa: RUF001 - times


def text_row(alike: Sequence[Row]) -> Row:
    """Return one row for a log: the first thing that differs is listed, of the others one stands for all."""
    if len(alike) == 1:
        return alike[0]
    columns = [tuple(dict.fromkeys(values)) for values in zip(*alike, strict=True)]
    listed = next((place for place, values in enumerate(columns) if len(values) > 1), 0)
    return tuple(
        values[0]
        if len(values) == 1
        else f"{len(alike):,}: {', '.join(values)}"
        if place == listed
        else f"{values[0]} (and {len(values) - 1:,} like it, all in result.json)"
        for place, values in enumerate(columns)
    )


def _masked(text: str, names: Sequence[str]) -> str:
    for name in names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "\0", text)
    return _NAME.sub("\0", text)


def _html(values: Sequence[str]) -> Markup:
    if len(values) == 1:
        return Markup(prose(values[0]))
    rest = "<br>".join(map(escape, values[1:]))
    return Markup(prose(values[0]) + closed(f"and {len(values) - 1:,} like it", rest))
