"""A table to look through: words to search for, a choice of what is shown, a page at a time.

Only one page's rows are in the document, so a thousand are as quick as ten; words are looked for in all rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from l2bridge_helpers.show import html_table
from l2bridge_helpers.widgets.frame import framed

PAGE = 50
"""Rows."""
_SHORT = {"description_width": "initial"}

Row = Sequence[str]


class BrowseTable:
    """A table of texts.

    Args:
        columns: the headings.
        rows: the cells, as many in each row as there are columns.
        choices: label -> whether a row is shown under it; the first is what is shown at first.

    Attributes:
        panel: the widget.

    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Row], choices: dict[str, Callable[[Row], bool]]) -> None:
        """Show the first page of the first choice."""
        self._columns = list(columns)
        self._rows = list(rows)
        self._words = [" ".join(row).lower() for row in self._rows]
        self._choices = choices
        counts = Counter(label for label, keep in choices.items() for row in self._rows if keep(row))
        labels = [(f"{label} ({counts[label]:,})", label) for label in choices]
        self._search = widgets.Text(
            description="Search",
            placeholder="name, address, CIDR, …",
            continuous_update=True,
            style=_SHORT,
            layout=_wide("24em"),
        )
        self._choice = widgets.Dropdown(
            description="Show",
            tooltip="which rows; Enter opens the list",
            options=labels,
            style=_SHORT,
            layout=_wide("22em"),
        )
        self._body = widgets.HTML()
        self._count = widgets.HTML()
        self._before = widgets.Button(description="Previous", tooltip="Previous page", layout=_wide("8em"))
        self._after = widgets.Button(description="Next", tooltip="Next page", layout=_wide("8em"))
        self._first = 0
        for widget in (self._search, self._choice):
            widget.observe(self._filtered, "value")
        self._before.on_click(lambda _button: self._turn(-PAGE))
        self._after.on_click(lambda _button: self._turn(PAGE))
        self._pages = widgets.HBox([self._before, self._after])
        self.panel = widgets.VBox(
            [widgets.HBox([self._search, self._choice], layout=_row()), self._count, self._body, self._pages]
        )
        self._draw()

    def found(self) -> list[Row]:
        """Return the rows that are shown, on all pages."""
        keep, words = self._choices[self._choice.value], self._search.value.lower().split()
        return [
            row
            for row, text in zip(self._rows, self._words, strict=True)
            if keep(row) and all(word in text for word in words)
        ]

    def _filtered(self, _change: Any) -> None:
        self._first = 0
        self._draw()

    def _turn(self, rows: int) -> None:
        self._first += rows
        self._draw()

    def _draw(self) -> None:
        found = self.found()
        page = found[self._first : self._first + PAGE]
        last = self._first + len(page)
        self._before.disabled, self._after.disabled = self._first == 0, last >= len(found)
        self._pages.layout.display = "" if len(found) > PAGE else "none"
        where = f": {self._first + 1:,} to {last:,} of these" if len(found) > PAGE else ""
        told = f"{len(found):,} of {len(self._rows):,} rows{where}" if found else "No row fits. Clear the search."
        self._count.value = f'<p role="status" style="margin:4px 0">{told}</p>'
        self._body.value = framed(html_table(page, self._columns)) if page else ""


def _wide(width: str) -> widgets.Layout:
    return widgets.Layout(width=width, max_width="100%")


def _row() -> widgets.Layout:
    return widgets.Layout(flex_flow="row wrap", grid_gap="4px 12px")
