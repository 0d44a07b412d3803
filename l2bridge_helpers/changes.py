"""A plan: an ordered list of changes, each a value that can be read, saved, compared and carried out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from l2bridge_helpers.errors import DataError

Action = Literal["create", "update", "delete", "none", "conflict"]
WRITES: tuple[Action, ...] = ("create", "update", "delete")
APPLY_ORDER = {"forwarding": 0, "route": 1}
"""A route to an instance that does not forward yet would be born with a warning. The reverse is the order of undo."""
SIDE_BY_SIDE = 10
"""Nodes served at the same time: as many as an SDK's session keeps connections."""
SCHEMA = 1


@dataclass(frozen=True)
class Change:
    """One change, or the reason why there is none; the fields are the table's columns, in their order.

    Attributes:
        action: `create`, `update`, `delete`; `none`: it is as it should be, or stays; `conflict`: it stops `apply`.
        kind: `forwarding` or `route`.
        resource: the instance's id, or the route's name.
        node: the Kubernetes node that it is for.
        before: what is there, empty for nothing.
        after: what will be there, empty for nothing.
        reason: why, in a sentence.
        command: the equivalent command of the cloud's own tool; empty when there is nothing to do.

    """

    action: Action
    kind: str
    resource: str
    node: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    command: str = ""

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes anything."""
        return self.action in WRITES


COLUMNS = tuple(field.name for field in fields(Change))


@dataclass(frozen=True)
class Plan:
    """What has to change in one network, in the order in which it is applied.

    Attributes:
        platform: the cloud.
        cluster: whose routes these are.
        network: the network's id.
        changes: all rows, also those that change nothing.
        own_routes: how many routes of ours there were, which `max_delete_percent` is a share of.

    """

    platform: str
    cluster: str
    network: str
    changes: tuple[Change, ...]
    own_routes: int = 0

    def __iter__(self) -> Iterator[Change]:
        """Iterate over the changes in the order of application."""
        return iter(self.changes)

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that write."""
        return tuple(change for change in self.changes if change.writes)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """The rows that stop `apply`."""
        return tuple(change for change in self.changes if change.action == "conflict")

    @property
    def hash(self) -> str:
        """A stable name of the plan's content: equal plans, and only they, have the same."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()[:16]

    def table(self) -> pd.DataFrame:
        """Return one row per change; columns as in `Change`."""
        rows = [[getattr(change, column) for column in COLUMNS] for change in self.changes]
        return pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the plan in a sentence: `enable forwarding on 6 instances, add 6 routes, …`."""
        counts = Counter((change.kind, change.action) for change in self.changes)
        instances = _count(counts["forwarding", "update"], "instance")
        routes = _count(counts["route", "create"], "route")
        sentence = f"enable forwarding on {instances}, add {routes}"
        sentence += f", replace {counts['route', 'update'] or 'none'}, delete {counts['route', 'delete'] or 'none'}"
        return sentence + (f"; {_count(len(self.conflicts), 'conflict')} in the way" if self.conflicts else "")

    def save(self, path: Path) -> None:
        """Write the plan as JSON, with its hash."""
        document = {"schema": SCHEMA, "hash": self.hash, **asdict(self)}
        path.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Return the plan that `save` wrote.

        Raises:
            DataError: the file is missing, is no plan, or was edited: its content does not fit its hash.

        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            changes = tuple(Change(**change) for change in document["changes"])
            plan = cls(**{**{field.name: document[field.name] for field in fields(cls)}, "changes": changes})
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as err:
            raise DataError(
                f"plan file {path}: cannot be read as a plan ({type(err).__name__}: {err}); make one with mode='plan'"
            ) from err
        if document.get("schema") != SCHEMA:
            raise DataError(f"plan file {path}: another release wrote it; make a new one (mode='plan')")
        if document.get("hash") != plan.hash:
            raise DataError(
                f"plan file {path}: it was edited: its content does not fit its hash; make a new one (mode='plan')"
            )
        return plan


def ordered(changes: list[Change]) -> tuple[Change, ...]:
    """Return the changes as they are applied: forwarding, routes, deletions; conflicts stand first, to be seen."""
    return tuple(sorted(changes, key=lambda change: (_stage(change), APPLY_ORDER[change.kind])))


def _stage(change: Change) -> int:
    return {"conflict": 0, "delete": 2, "none": 3}.get(change.action, 1)


def _canonical(plan: Plan) -> str:
    return json.dumps(asdict(plan), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
