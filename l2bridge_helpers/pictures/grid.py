"""The grid of a matrix: its cells, their letters and the names around them (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from l2bridge_helpers.pictures.cells import Block, Cells, blocks_of
from l2bridge_helpers.pictures.parts import CALM, PAPER, Key
from l2bridge_helpers.pictures.svg import Markup, label, outlines, tag, text, width_of

_LARGEST = 500
_CELL, _GROUP = 34, 64
"""How wide a cell is at most: of two nodes, of two groups."""
_LETTERED = 16
"""Up to so many rows each cell has its letter; of more each block of cells that are alike."""
_LEGIBLE = 11
_FONT = 11.0
_SLIVER = 2
"""The least width of what is in a cell: nothing is too rare to be seen."""
_NAMES = 150
"""Room for the names of rows and columns, at most."""
Box = tuple[float, float, float, float]


def grid_at(cells: Cells, x: float, y: float) -> Grid:
    """Return the matrix with its names at (x, y)."""
    names = min(_NAMES, max(width_of(words, _FONT) for words in cells.labels))
    return Grid(cells, names, x + names + 6, y + names + 6)


@dataclass(frozen=True)
class Grid:
    """A matrix on the page: the room for its names, and where its cells begin."""

    cells: Cells
    names: float
    left: float
    top: float

    @cached_property
    def edges(self) -> list[float]:
        """Where the rows begin, and where the last one ends; of groups the larger are higher, by magnitude."""
        sizes = self.cells.sizes
        weights = np.log10(sizes) + 1
        most = (_CELL if sizes.max() == 1 else _GROUP) * len(sizes)
        return [0.0, *np.cumsum(weights * min(_LARGEST, most) / weights.sum()).tolist()]

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.top + self.edges[-1]

    @property
    def right(self) -> float:
        """Where its rows end."""
        return self.left + self.edges[-1]

    def draw(self, keys: Sequence[Key]) -> list[Markup]:
        """Return the grid with its names."""
        side = self.edges[-1]
        whole = self.cells.whole()
        blocks = list(blocks_of(whole))
        boxes: dict[int, list[Box]] = defaultdict(list)
        for code, block in blocks:
            boxes[code].append(self._box(block))
        for row, column in np.argwhere(whole < 0).tolist():
            for code, box in self._parts(row, column):
                boxes[code].append(box)
        ground = tag("rect", x=self.left, y=self.top, width=side, height=side, fill=CALM)
        used = [key for key in keys if boxes[key.number + 1]]
        filled = [tag("path", d=outlines(boxes[key.number + 1]), fill=key.fill) for key in used]
        letters = self._letters(blocks, {key.number + 1: key for key in keys})
        return [ground, *filled, *self._lines(), *letters, *self._names()]

    def _box(self, block: Block) -> Box:
        top, left, bottom, right = block
        edges = self.edges
        return self.left + edges[left], self.top + edges[top], edges[right] - edges[left], edges[bottom] - edges[top]

    def _parts(self, row: int, column: int) -> Iterator[tuple[int, Box]]:
        """Give the parts of a cell side by side, each as wide as its share of the pairs, but none too thin."""
        pairs = self.cells.pairs[row, column]
        if not pairs.sum():
            return
        left, top, width, height = self._box((row, column, row + 1, column + 1))
        least = min(_SLIVER, width / np.count_nonzero(pairs))
        shares = np.where(pairs > 0, np.maximum(width * pairs / pairs.sum(), least), 0)
        shares *= width / shares.sum()
        starts = np.cumsum(shares) - shares
        for code in np.flatnonzero(shares).tolist():
            yield code, (left + float(starts[code]), top, float(shares[code]), height)

    def _lines(self) -> list[Markup]:
        """Return the lines between the cells, and what marks that a node is no pair with itself."""
        inner, side = self.edges[1:-1], f"{self.edges[-1]:.1f}"
        rows = "".join(f"M{self.left:.1f} {self.top + edge:.1f}h{side}" for edge in inner)
        columns = "".join(f"M{self.left + edge:.1f} {self.top:.1f}v{side}" for edge in inner)
        single = np.flatnonzero(self.cells.sizes == 1).tolist()
        own = [self._box((place, place, place + 1, place + 1)) for place in single]
        slashes = "".join(f"M{x:.1f} {y + h:.1f}l{w:.1f} {-h:.1f}" for x, y, w, h in own)
        return [
            tag("path", d=outlines(own), fill=PAPER),
            tag("path", d=rows + columns, stroke=PAPER, stroke_width=1),
            tag("path", d=slashes, stroke="#b6bec7", stroke_width=1),
        ]

    def _letters(self, blocks: Sequence[tuple[int, Block]], keys: dict[int, Key]) -> Iterator[Markup]:
        """Give the letters of the causes: in each cell, or where they are many in each block of them."""
        places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for code, block in blocks:
            if code:
                places[code] += self._lettered(block)
        edges = self.edges
        for code, spots in places.items():
            for row in sorted({row for row, _ in spots}):
                if edges[row + 1] - edges[row] >= _LEGIBLE:
                    yield self._letters_in(row, [column for line, column in spots if line == row], keys[code])

    def _letters_in(self, row: int, columns: Sequence[int], key: Key) -> Markup:
        edges = self.edges
        xs = " ".join(f"{self.left + (edges[column] + edges[column + 1]) / 2:.1f}" for column in columns)
        y = self.top + (edges[row] + edges[row + 1]) / 2 + 4
        letters = text(key.letter * len(columns))
        halo: dict[str, str | float] = {"stroke": key.colour, "stroke_width": 4, "paint_order": "stroke"}
        over = halo if key.pattern else {}
        return tag("text", letters, x=xs, y=y, font_size=_FONT, fill=key.ink, text_anchor="middle", **over)

    def _lettered(self, block: Block) -> list[tuple[int, int]]:
        top, left, bottom, right = block
        own = [
            (row, column)
            for row in range(top, bottom)
            for column in range(left, right)
            if row != column or self.cells.sizes[row] > 1
        ]
        if len(self.cells.sizes) <= _LETTERED or not own:
            return own
        middle = (top + bottom - 1) / 2, (left + right - 1) / 2
        return [min(own, key=lambda cell: abs(cell[0] - middle[0]) + abs(cell[1] - middle[1]))]

    def _names(self) -> Iterator[Markup]:
        edges = self.edges
        size = max(6.0, min(_FONT, edges[1] - 1))
        for place, words in enumerate(self.cells.labels):
            middle = (edges[place] + edges[place + 1]) / 2 + size * 0.35
            yield label(self.left - 6, self.top + middle, words, size=size, width=self.names, text_anchor="end")
            x, y = self.left + middle, self.top - 6
            yield label(x, y, words, size=size, width=self.names, transform=f"rotate(-90 {x:.1f} {y:.1f})")
