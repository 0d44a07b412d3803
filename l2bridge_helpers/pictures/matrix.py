"""Who reaches whom as a matrix: senders are rows, receivers columns, the colour is what is in the way (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from l2bridge_helpers.pictures.cells import cells_of
from l2bridge_helpers.pictures.grid import grid_at
from l2bridge_helpers.pictures.parts import (
    CALM,
    GREY,
    MARGIN,
    TOP,
    WIDTH,
    Key,
    causes_in_short,
    causes_list,
    counted,
    distinct,
    keys_of,
    page,
    patterns,
)
from l2bridge_helpers.pictures.svg import Markup, Picture, label, tag, wrap
from l2bridge_helpers.reachability.result import REACHES

if TYPE_CHECKING:
    from l2bridge_helpers.reachability.result import Family, Reachability

_NARROWEST = 280
"""So far from the left the legend stands at least."""
_NOTE = "A cell shows the first cause on the way. A cell in parts shows how many of its pairs have which."


def matrix(reachability: Reachability) -> Picture:
    """Return who reaches whom as a picture: one matrix for each address family."""
    keys = keys_of(reachability.causes)
    made: list[Markup] = []
    y, right = float(TOP), float(MARGIN + _NARROWEST)
    for family in reachability.families:
        made.append(_heading(family, y))
        y += 30
        if family.pairs:
            grid = grid_at(cells_of(family, keys), MARGIN, y)
            made += grid.draw(distinct(keys))
            y, right = grid.end + 20, max(right, grid.right)
    legend, bottom = _legend(reachability, keys, right + 28)
    title = f"Who reaches whom: {reachability.summary()}"
    told = "rows send, columns receive" if reachability.pairs else "there is nothing to compare"
    under = f"{reachability.moment.capitalize()} · {told}"
    svg = page(title, under, reachability, [*patterns(keys), *made, *legend], max(y, bottom) + 4)
    return Picture(svg, _alt(reachability))


def _alt(reachability: Reachability) -> str:
    families = [f"{counted(len(family.names), 'node')} with IPv{family.version}" for family in reachability.families]
    moment, who = reachability.moment.capitalize(), " and ".join(families) or "no nodes"
    told = f"{moment}, matrix of {who}: {reachability.summary()}"
    return f"{told}; {causes_in_short(reachability.causes)}"


def _heading(family: Family, y: float) -> Markup:
    reaching = family.count(REACHES)
    counts = f"{reaching:,} of {counted(family.pairs, 'pair')} reach" if family.pairs else "one node, no pair"
    words = f"IPv{family.version}: {counts if family.names else 'no nodes'}"
    return label(MARGIN, y + 14, words, size=14, font_weight="bold")


def _legend(reachability: Reachability, keys: Sequence[Key], x: float) -> tuple[list[Markup], float]:
    y = float(TOP)
    width = WIDTH - MARGIN - x
    made = [
        tag("rect", x=x, y=y + 2, width=16, height=16, fill=CALM),
        label(x + 26, y + 14, f"reaches: {counted(reachability.reaching, 'pair')}", size=12),
    ]
    listed, y = causes_list(reachability.causes, keys, x, y + 30, width, swatches=True)
    note = wrap(_NOTE, width, 11, 4) if reachability.causes else []
    made += [label(x, y + 14 + 15 * row, words, size=11, fill=GREY) for row, words in enumerate(note)]
    return [*made, *listed], y + 15 * len(note) + 10
