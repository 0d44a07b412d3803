"""What the journal holds as one table: who changed what, when, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import RowMapping, Select, select

from l2bridge_helpers.journal_schema import CHANGES, RUNS, escaped, from_json, restored

_WHO = ("run", "cluster", "platform", "user", "identity")
_MOMENTS = ("intended", "settled")
_FACTS = ("before", "after")
_WHAT = ("action", "kind", "resource", "node", *_FACTS, "outcome", "error")
HISTORY = (*_WHO, *_MOMENTS, *_WHAT, "undoes")
"""The columns of `history`."""


def history_query(cluster: str, node: str) -> Select[Any]:
    """Return what to ask for: the changes with their runs, oldest first; of one cluster or node, or of all."""
    who = [RUNS.c.os_user.label("user"), *(RUNS.c[name] for name in ("cluster", "platform", "identity", "undoes"))]
    wanted = select(CHANGES, *who).join_from(CHANGES, RUNS).order_by(CHANGES.c.number)
    wanted = wanted.where(RUNS.c.cluster == escaped(cluster)) if cluster else wanted
    return wanted.where(CHANGES.c.node == escaped(node)) if node else wanted


def history_table(rows: Sequence[RowMapping]) -> pd.DataFrame:
    """Return the table, with the same types also when it is empty."""
    return pd.DataFrame({name: _column(name, [row[name] for row in rows]) for name in HISTORY})


def _column(name: str, values: list[str]) -> pd.Series[Any]:
    if name in _MOMENTS:
        moments = pd.to_datetime(pd.Series([value or None for value in values], dtype=object), utc=True)
        return moments.astype("datetime64[s, UTC]")
    read = from_json if name in _FACTS else restored
    return pd.Series([read(value) for value in values], dtype=object)
