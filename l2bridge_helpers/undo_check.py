"""What a journal says that a run did, checked against what a run of ours can do at all (pure).

Whoever can write to a journal must not be able to have an undo delete what this project has never made: routes, rules,
tables and tags that do not carry the cluster's mark are nothing that a run of it has touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.changes import WRITES
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Route
from l2bridge_helpers.filters import Rule
from l2bridge_helpers.plain_values import value_of

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.clouds.base import Dialect
    from l2bridge_helpers.journal_records import JournalRow, JournalRun

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class _Forwarding:
    forwarding: bool
    uid: str
    template: str = ""


@dataclass(frozen=True)
class _Template:
    forwarding: bool


@dataclass(frozen=True)
class _Association:
    table: str


@dataclass(frozen=True)
class _Table:
    location: str
    marks: dict[str, str]


_FACTS: Mapping[str, Any] = {
    "forwarding": _Forwarding,
    "template": _Template,
    "association": _Association,
    "table": _Table,
    "route": Route,
    "filter": Rule,
    "claim": dict[str, str],
    "mark": dict[str, str],
}
"""Kind of change -> the type that its facts describe."""
_MADE = ("table", "route", "filter")
"""Kinds of which nothing is a fact, too: it is not there. The others' things are there before and after."""


def check_rows(run: JournalRun, rows: Sequence[JournalRow]) -> None:
    """Refuse rows that no run of ours can have written.

    Raises:
        DataError: names the run and the row.

    """
    dialect = dialect_of(run.platform)
    for row in rows:
        change = row.change
        try:
            reason = _problem(change, dialect, run.cluster)
        except (TypeError, ValueError) as err:
            reason = str(err)
        if reason:
            raise DataError(
                f"the journal's run {run.run}: its change {row.place}, {change.action} {change.kind} {change.resource},"
                f" is none that a run makes: {reason}; was it edited? Nothing is put back"
            )


def _problem(change: Change, dialect: Dialect, cluster: str) -> str:
    """Return what is wrong with a change, "" for nothing."""
    if change.kind not in _FACTS or change.action not in WRITES:
        return "there is no such change"
    sides = {"before": change.before, "after": change.after}
    empty = {name for name, facts in sides.items() if not facts}
    wanted = {"create": {"before"}, "delete": {"after"}, "update": set()}[change.action]
    if change.kind in _MADE and empty != wanted:
        return f"it has no facts for {' and '.join(sorted(empty)) or 'nothing'}"
    for facts in sides.values():
        if change.kind in _MADE and not facts:
            continue
        value_of(_FACTS[change.kind], dict(facts))
        if not _OURS.get(change.kind, _always)(facts, dialect, cluster):
            return f"it is about what cluster {cluster} has not marked as its own"
    return ""


def _always(_facts: Facts, _dialect: Dialect, _cluster: str) -> bool:
    return True


def _carries_it(facts: Facts, _dialect: Dialect, cluster: str) -> bool:
    return bool(cluster) and facts.get("cluster") == cluster


def _are_its_marks(facts: Facts, dialect: Dialect, cluster: str) -> bool:
    return dialect.own_marks(facts, cluster) == dict(facts)


def _is_marked(facts: Facts, dialect: Dialect, cluster: str) -> bool:
    return bool(facts["marks"]) and _are_its_marks(facts["marks"], dialect, cluster)


_OURS: Mapping[str, Callable[[Facts, Dialect, str], bool]] = {
    "route": _carries_it,
    "filter": _carries_it,
    "claim": _are_its_marks,
    "mark": _are_its_marks,
    "table": _is_marked,
}
"""Kind of change -> whether such facts carry the mark of a cluster."""
