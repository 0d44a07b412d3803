"""Which rows and columns the matrix of a family has, and what is in its cells (pure).

Few nodes have a row each. Of many those that behave alike share one, and what is left over is summed up in the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from l2bridge_helpers.pictures.svg import isolated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from l2bridge_helpers.pictures.parts import Key
    from l2bridge_helpers.reachability.result import Family

SINGLE = 40
"""Up to so many nodes have a row each."""
_ROWS = 30
Block = tuple[int, int, int, int]
"""The first row and column of cells that are alike, and those after the last."""


@dataclass(frozen=True)
class Cells:
    """The matrix of a family as it is drawn.

    Attributes:
        labels: of the rows, which are the columns as well.
        sizes: (G,) how many nodes each row stands for.
        pairs: (G, G, 1 + keys) how many pairs of a cell reach, or have which key.

    """

    labels: tuple[str, ...]
    sizes: NDArray[np.int64]
    pairs: NDArray[np.int64]

    def whole(self) -> NDArray[np.int64]:
        """Return what each cell is, (G, G): 0 reaches, else the key's number + 1; -1: several things.

        A node with itself is what is beside it, so that it parts no block.
        """
        kinds = (self.pairs > 0).sum(axis=2)
        whole = np.where(kinds == 1, self.pairs.argmax(axis=2), -1)
        for place in np.flatnonzero(np.diagonal(kinds) == 0).tolist():
            whole[place, place] = whole[place, place - 1] if place else whole[0, 1:2].max(initial=-1)
        return whole


def cells_of(family: Family, keys: Sequence[Key]) -> Cells:
    """Return the matrix: nodes that reach everything first, then by what stops them."""
    codes = np.array([0, *(key.number + 1 for key in keys)], dtype=np.int32)[family.first + 1]
    kinds = max((key.number for key in keys), default=-1) + 2
    stops = np.stack([_dominant(codes, family.sizes, kinds), _dominant(codes.T, family.sizes, kinds)], axis=1)
    if len(family.names) <= SINGLE:
        return _singles(family, codes, stops, kinds)
    groups, labels = _groups(family, stops)
    return Cells(labels, np.bincount(groups, family.sizes).astype(np.int64), _counted(codes, family, groups, kinds))


def blocks_of(whole: NDArray[np.int64]) -> Iterator[tuple[int, Block]]:
    """Give what cells are, in blocks that are as wide, and then as high, as they can be."""
    left = whole >= 0
    for row, column in np.argwhere(left).tolist():
        if not left[row, column]:
            continue
        code = whole[row, column]
        same = left & (whole == code)
        right = column + _run(same[row, column:])
        bottom = row + _run(same[row:, column:right].all(axis=1))
        left[row:bottom, column:right] = False
        yield int(code), (row, column, bottom, right)


def _run(flags: NDArray[np.bool_]) -> int:
    """Return how many flags are set before the first one that is not."""
    return len(flags) if flags.all() else int(flags.argmin())


def _dominant(codes: NDArray[np.int32], sizes: NDArray[np.int64], kinds: int) -> NDArray[np.intp]:
    """Return what most pairs of each row are."""
    return np.array([np.bincount(row, sizes, kinds).argmax() for row in codes], dtype=np.intp)


def _singles(family: Family, codes: NDArray[np.int32], stops: NDArray[np.intp], kinds: int) -> Cells:
    classes = family.classes
    order = np.lexsort((np.arange(len(classes)), classes, *stops[classes].T[::-1]))
    codes = codes[np.ix_(classes[order], classes[order])]
    pairs = (codes[:, :, None] == np.arange(kinds)).astype(np.int64)
    pairs[np.arange(len(order)), np.arange(len(order))] = 0
    labels = tuple(isolated(family.names[number]) for number in order)
    return Cells(labels, np.ones(len(order), dtype=np.int64), pairs)


def _groups(family: Family, stops: NDArray[np.intp]) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the group of each class, and what the groups are called."""
    numbers = np.arange(len(stops))
    features = np.column_stack([stops, numbers]) if len(stops) <= _ROWS else stops
    found, groups = np.unique(features, axis=0, return_inverse=True)
    groups = groups.reshape(-1)
    if len(found) > _ROWS:
        largest = np.argsort(-np.bincount(groups, family.sizes), kind="stable")[: _ROWS - 1]
        places = np.full(len(found), _ROWS - 1)
        places[np.sort(largest)] = np.arange(_ROWS - 1)
        groups = places[groups]
    members = [np.flatnonzero(groups[family.classes] == group) for group in range(int(groups.max()) + 1)]
    labels = [_label(family.names, own) for own in members]
    if len(found) > _ROWS:
        labels[-1] = f"others ({len(members[-1]):,})"
    return groups, tuple(labels)


def _label(names: Sequence[str], members: NDArray[np.intp]) -> str:
    first = isolated(names[int(members[0])])
    return first if len(members) == 1 else f"{first} and {len(members) - 1:,} more"


def _counted(codes: NDArray[np.int32], family: Family, groups: NDArray[np.intp], kinds: int) -> NDArray[np.int64]:
    """Return how many pairs of two groups are what."""
    count = int(groups.max()) + 1
    made = np.zeros((count, count * kinds))
    for number, row in enumerate(codes):
        size = family.sizes[number]
        made[groups[number]] += size * np.bincount(groups * kinds + row, family.sizes, count * kinds)
        made[groups[number], groups[number] * kinds + row[number]] -= size
    return made.astype(np.int64).reshape(count, count, kinds)
