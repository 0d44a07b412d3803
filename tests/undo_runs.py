"""What an undo is made from, without a journal: the rows that one would hold, and plans carried out by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.base import Cloud
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.journal_records import JournalRow, JournalRun

RUN = "20261124T220000Z-lab"


def journalled(plan: Plan, run: str = RUN) -> JournalRun:
    """Return what the journal holds of a run that applied the plan."""
    return JournalRun(
        run=run,
        cluster=plan.cluster,
        platform=plan.platform,
        network=plan.network,
        plan_hash=plan.hash,
        user="me@here",
        identity="me",
        started="2026-11-24T22:00:00+00:00",
        undoes=plan.undoes,
    )


def rows_of(changes: Plan | Iterable[Change], run: str = RUN, outcome: str = "applied") -> tuple[JournalRow, ...]:
    """Return the journal's rows of these changes, after their journey through JSON."""
    writes = changes.writes if isinstance(changes, Plan) else tuple(changes)
    return tuple(
        JournalRow(run, place, Change(**json.loads(json.dumps(asdict(change)))), "then", outcome)
        for place, change in enumerate(writes)
    )


def batches(plan: Plan) -> list[list[Change]]:
    """Return the plan's writes in their order; what a cloud writes together is one, where its last row stands."""
    dialect = dialect_of(plan.platform)
    names = [dialect.together(change) or f"alone {place}" for place, change in enumerate(plan.writes)]
    last = {name: place for place, name in enumerate(names)}
    ranked = sorted(enumerate(plan.writes), key=lambda pair: (last[names[pair[0]]], pair[0]))
    return [[change for _, change in group] for _, group in groupby(ranked, key=lambda pair: last[names[pair[0]]])]


def carry_out(plan: Plan, cloud: Cloud) -> None:
    """Send the whole plan, one write after the other."""
    for batch in batches(plan):
        cloud.send(batch)
