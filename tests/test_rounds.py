"""The rounds of an undo: what is made after what, and what a failure leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.changes import Action, Change, Plan
from l2bridge_helpers.results import Result
from l2bridge_helpers.rounds import Rounds

TABLE = "subscription/group/table"
_ROUTE = {"name": "r", "table": TABLE, "destination": "10.42.0.0/24", "next_hop": "10.0.0.4"}
_SIDES: Mapping[tuple[str, Action], tuple[dict[str, Any], dict[str, Any]]] = {
    ("association", "update"): ({"table": TABLE}, {"table": ""}),
    ("claim", "update"): ({"tag": "a"}, {"tag": "b"}),
    ("mark", "update"): ({"tag": "b"}, {}),
    ("table", "delete"): ({"location": "x", "marks": {}}, {}),
    ("route", "create"): ({}, {**_ROUTE, "name": "again", "destination": "10.42.9.0/24"}),
    ("route", "delete"): (_ROUTE, {}),
    ("forwarding", "update"): ({"forwarding": True}, {"forwarding": False}),
    ("filter", "update"): ({"kind": "firewall rule"}, {"kind": "firewall rule"}),
    ("template", "update"): ({"forwarding": True}, {"forwarding": False}),
}


def _row(kind: str, action: Action, node: str = "", resource: str = "") -> Change:
    before, after = _SIDES[kind, action]
    return Change(action, kind, resource or f"{kind}-{action}-{node}", node, before, after, "put back")


def _order(platform: str, *rows: Change, fail: frozenset[str] = frozenset()) -> tuple[list[str], dict[str, str]]:
    """Run the rounds; return the resources in their order, and what was skipped, and why."""
    changes = Plan(platform, "blue", "net", rows, undoes="an earlier run")
    outcomes: dict[int, Result] = {}
    sent: list[str] = []

    def skip(place: int, why: str) -> None:
        outcomes[place] = Result(changes.writes[place], "skipped", why)

    for chains in Rounds(changes, outcomes, skip):
        for chain in chains:
            for place in (place for batch in chain for place in batch):
                change = changes.writes[place]
                sent.append(change.resource)
                outcomes[place] = Result(change, "failed" if change.resource in fail else "applied")
    skipped = {result.change.resource: result.error for result in outcomes.values() if result.outcome == "skipped"}
    assert len(outcomes) == len(changes.writes)
    return sent, skipped


def test_an_undo_goes_backwards() -> None:
    """Subnets lose their table before routes go, routes before forwarding; marks stand as long as routes do."""
    rows = [
        _row("forwarding", "update", "n1"),
        _row("mark", "update", resource="rtb-1"),
        _row("route", "delete", "n1"),
        _row("association", "update", resource="net/a"),
        _row("claim", "update", resource="rtb-1b"),
        _row("route", "create", "n2"),
        _row("template", "update"),
    ]
    sent, skipped = _order("aws", *rows)
    assert skipped == {}
    assert sent == [
        "net/a",
        "rtb-1b",
        "route-create-n2",
        "route-delete-n1",
        "rtb-1",
        "template-update-",
        "forwarding-update-n1",
    ]


def test_an_undo_of_an_undo_goes_forward_again() -> None:
    """Forwarding is on before a route leads there, and a subnet gets its table when that has its routes."""
    on = Change("update", "forwarding", "eni-1", "n1", {"forwarding": False}, {"forwarding": True}, "put back")
    given = Change("update", "association", "net/a", "", {"table": ""}, {"table": TABLE}, "put back")
    made = replace(_row("route", "create", "n1"), resource="r")
    assert _order("aws", given, on, made)[0] == ["eni-1", "r", "net/a"]
    assert _order("azure", given, made, on)[0] == ["eni-1", "r", "net/a"]


@pytest.mark.parametrize("platform", ["gce", "aws"])
def test_a_node_forwards_as_long_as_a_route_leads_to_it(platform: str) -> None:
    """Where the route could not be deleted, forwarding stays on, and the others go on."""
    rows = [_row("route", "delete", node) for node in ("n1", "n2")]
    rows += [_row("forwarding", "update", node) for node in ("n1", "n2")]
    sent, skipped = _order(platform, *rows, fail=frozenset({"route-delete-n1"}))
    assert sent == ["route-delete-n1", "route-delete-n2", "forwarding-update-n2"]
    assert skipped == {"forwarding-update-n1": "route of route-delete-n1 failed first"}


def test_a_table_stays_while_a_subnet_has_it() -> None:
    """Its routes, too: the subnet's pods would be cut off by half an undo."""
    rows = [
        _row("association", "update", resource="net/a"),
        _row("route", "delete", "n1"),
        _row("table", "delete", resource=TABLE),
    ]
    sent, skipped = _order("azure", *rows, fail=frozenset({"net/a"}))
    assert sent == ["net/a"]
    assert skipped == {
        "route-delete-n1": "subnet net/a still has the table",
        TABLE: "subnet net/a still has the table",
    }


def test_a_table_goes_after_its_routes() -> None:
    """Azure deletes no table that a subnet has; ours is deleted only when it is as we made it."""
    rows = [_row("table", "delete", resource=TABLE), _row("route", "delete", "n1")]
    assert _order("azure", *rows)[0] == ["route-delete-n1", TABLE]


def test_marks_stay_while_a_route_of_theirs_does() -> None:
    """Else a route of ours would be nobody's."""
    rows = [_row("mark", "update", resource=TABLE), _row("route", "delete", "n1")]
    sent, skipped = _order("aws", *rows, fail=frozenset({"route-delete-n1"}))
    assert sent == ["route-delete-n1"]
    assert skipped == {TABLE: "not every route of this table is done; the claim stays"}
