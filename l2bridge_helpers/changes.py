"""A plan: an ordered list of changes, each a value that can be read, saved, compared and carried out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from l2bridge_helpers.errors import DataError
from l2bridge_helpers.files import write_file
from l2bridge_helpers.plain_values import fields_of
from l2bridge_helpers.plan_summary import summary

Action = Literal["create", "update", "delete", "none", "conflict"]
WRITES: tuple[Action, ...] = ("create", "update", "delete")
_KINDS = ("claim", "template", "forwarding", "filter", "table", "route", "mark", "association")
APPLY_ORDER = {kind: place for place, kind in enumerate(_KINDS)}
"""A route to an instance that does not forward yet would be born with a warning; what says that a route is ours stands
before it is made, and goes after it is gone; a subnet is given a table that has its routes. For undos: `undo_order`."""
SIDE_BY_SIDE = 10
"""Routes that may stand beside their replacements at the same time, and reads that are asked side by side."""
CLAIMS, TEMPLATES, NODES, DELETIONS, MARKS, ASSOCIATIONS = range(1, 7)
"""The stages of a plan, see `stage`."""
LEFT_ALONE = "left alone: "
"""How the reason begins why an undo does not touch what others have changed."""
KEPT = "kept"
"""How the reason begins why a route that nobody asks for stays."""
SCHEMA = 2


@dataclass(frozen=True)
class Change:
    """One change, or the reason why there is none; the fields are the table's columns, in their order.

    Attributes:
        action: `create`, `update`, `delete`; `none`: it is as it should be, or stays; `conflict`: it stops `apply`.
        kind: `forwarding`, `route`; where routes carry no marks also `claim` (these are about to be made) and `mark`
            (these are ours); `template` of a managed group; `table`, and its `association` with a subnet; `filter`,
            a rule that lets packets from pods in.
        resource: id of the instance or NIC, name of the route, id of the table, group or subnet; name of the rule, or
            id of the security group with the address family.
        node: the Kubernetes node that it is for; empty for what is not one node's.
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
    def about(self) -> str:
        """What it is for, in an error: `node node-1: `; empty for what is not one node's."""
        return f"node {self.node}: " if self.node else ""

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
        own_routes: how many routes and rules of ours there were, which `max_delete_percent` is a share of.
        forwarding, routes: whether such changes are part of it; see `Scope`.
        undoes: the run that it puts back; empty for a plan that leads to what the cluster needs.

    """

    platform: str
    cluster: str
    network: str
    changes: tuple[Change, ...]
    own_routes: int = 0
    forwarding: bool = True
    routes: bool = True
    undoes: str = ""

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

    @cached_property
    def hash(self) -> str:
        """A stable name of the plan's content: equal plans, and only they, have the same."""
        return hashlib.sha256(_canonical(self).encode()).hexdigest()[:16]

    def table(self) -> pd.DataFrame:
        """Return one row per change; columns as in `Change`."""
        rows = [[getattr(change, column) for column in COLUMNS] for change in self.changes]
        return pd.DataFrame(rows, columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the plan in a sentence: `enable forwarding on 6 instances, add 6 routes, …`."""
        return summary(self)

    def save(self, path: Path) -> None:
        """Write the plan as JSON, with its hash.

        Raises:
            DataError: the file cannot be written.

        """
        document = {"schema": SCHEMA, "hash": self.hash, **fields_of(self)}
        text = json.dumps(document, default=fields_of, indent=1, sort_keys=True, ensure_ascii=False)
        write_file(path, f"{text}\n")

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


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes as they are applied, see `stage`; conflicts stand first, to be seen."""
    return tuple(sorted(changes, key=lambda change: (stage(change), APPLY_ORDER[change.kind])))


def stage(change: Change) -> int:
    """Return when a change is due: conflict, claims, templates, forwarding and routes, deletions, marks, associations.

    What stays as it is comes last.
    """
    if change.action in ("conflict", "none"):
        return {"conflict": 0, "none": 7}[change.action]
    if change.action == "delete":
        return DELETIONS
    return {"claim": CLAIMS, "template": TEMPLATES, "mark": MARKS, "association": ASSOCIATIONS}.get(change.kind, NODES)


def is_kept(change: Change) -> bool:
    """Return whether a row is a route of ours that nobody asks for, and that stays all the same."""
    return change.action == "none" and change.reason.startswith(KEPT)


def _canonical(plan: Plan) -> str:
    return json.dumps(plan, default=fields_of, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
