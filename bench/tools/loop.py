"""How a plain script does many things: one after the other, or with threads; an error is printed, the rest goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 32
_Item = TypeVar("_Item")


def each(items: Iterable[_Item], work: Callable[[_Item], object], *, threads: int) -> None:
    """Do the work for each item, so many at a time."""

    def tried(item: _Item) -> bool:
        try:
            work(item)
        except Exception as err:  # noqa: BLE001 - as such scripts do
            print(f"{item}: {type(err).__name__}: {err}"[:300], file=sys.stderr)
            return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(tried, items))
    print(f"{sum(outcomes)} of {len(outcomes)} done")
