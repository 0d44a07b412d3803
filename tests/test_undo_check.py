"""A journal cannot make an undo touch what no run of the cluster has made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.plan import plan
from l2bridge_helpers.undo import undo
from tests.builders import CLUSTER, foreign_route, numbered_fabric, numbered_nodes
from tests.undo_runs import journalled, rows_of

THEIRS = foreign_route("10.99.0.0/16", "projects/p/zones/z/instances/theirs")
ROUTE = THEIRS.facts()
RULE = {"kind": "firewall rule", "list": "net", "name": "ssh", "number": 1, "allow": True, "inbound": True}
_ON, _OFF = {"forwarding": True, "uid": "1"}, {"forwarding": False, "uid": "1"}

FOREIGN: dict[str, tuple[Any, ...]] = {
    "a route made": ("create", "route", {}, ROUTE),
    "a route changed": ("update", "route", {**ROUTE, "cluster": CLUSTER}, ROUTE),
    "a route deleted": ("delete", "route", ROUTE, {}),
    "another cluster's route": ("create", "route", {}, {**ROUTE, "cluster": "other"}),
    "a rule made": ("create", "filter", {}, RULE),
    "another cluster's rule": ("create", "filter", {}, {**RULE, "cluster": "other"}),
    "a table made": ("create", "table", {}, {"location": "here", "marks": {}}),
    "a table with others' tags": ("create", "table", {}, {"location": "here", "marks": {"owner": "x"}}),
    "others' tags": ("update", "mark", {"owner": "me"}, {}),
    "others' tags, about to go": ("update", "claim", {}, {"owner": "me"}),
}
ODD: dict[str, tuple[Any, ...]] = {
    "no such kind": ("update", "gateway", {}, {"a": 1}),
    "no such action": ("drop", "forwarding", _OFF, _ON),
    "no write": ("none", "forwarding", _OFF, _ON),
    "nothing before": ("update", "forwarding", {}, _ON),
    "no uid": ("update", "forwarding", {"forwarding": False}, {"forwarding": True}),
    "a wrong type": ("update", "forwarding", {**_OFF, "forwarding": 0}, _ON),
    "an unknown fact": ("update", "template", {"forwarding": False, "x": 1}, {"forwarding": True}),
    "made from something": ("create", "route", {**ROUTE, "cluster": CLUSTER}, {**ROUTE, "cluster": CLUSTER}),
    "deleted into nothing at all": ("delete", "route", {}, {}),
    "a route without a next hop": ("create", "route", {}, {"name": "x", "cluster": CLUSTER}),
    "a table that is a number": ("update", "association", {"table": 5}, {"table": ""}),
    "tags that are numbers": ("update", "mark", {}, {"l2bridge:lab": 5}),
}


def applied() -> tuple[Plan, Fabric]:
    """Return a run's plan, and the network after it, in which others have a route, too."""
    fabric = numbered_fabric(2, routes=[THEIRS])
    done = plan(numbered_nodes(2), fabric, cluster=CLUSTER)
    return done, foresee(fabric, done)


FORGED = FOREIGN | ODD


@pytest.mark.parametrize(("action", "kind", "before", "after"), FORGED.values(), ids=FORGED)
def test_a_row_that_no_run_can_have_written_is_refused(action: Any, kind: str, before: Any, after: Any) -> None:
    """The whole undo is refused, in an error that names run and row: who has edited one row may have edited all."""
    done, there = applied()
    forged = Change(action, kind, "theirs", "", before, after, "forged")
    with pytest.raises(DataError, match=rf"run {journalled(done).run}: its change \d, {action} {kind} theirs, is none"):
        undo(journalled(done), rows_of([*done.writes, forged]), there)


def test_a_run_that_is_called_anothers_is_refused() -> None:
    """With another cluster's name its rows are about what that cluster has not marked."""
    done, there = applied()
    with pytest.raises(DataError, match="cluster other has not marked"):
        undo(replace(journalled(done), cluster="other"), rows_of(done), there)


def test_what_runs_write_passes() -> None:
    """The rows of a run, as they are."""
    done, there = applied()
    assert [row.action for row in undo(journalled(done), rows_of(done), there).writes]
