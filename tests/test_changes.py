import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.changes import COLUMNS, Action, Change, Plan, ordered
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Route
from l2bridge_helpers.plan import plan
from tests.builders import CLUSTER, NETWORK, numbered_fabric, numbered_nodes

ACTIONS: tuple[Action, ...] = ("create", "update", "delete", "none", "conflict")


def change(action: Action = "create", kind: str = "route", resource: str = "r") -> Change:
    return Change(action, kind, resource, "node-1", {}, {"destination": "10.42.0.0/24"}, "because", "gcloud …")


def plan_of(*changes: Change) -> Plan:
    return Plan("gce", CLUSTER, NETWORK, changes)


def small_plan() -> Plan:
    return plan(numbered_nodes(3), numbered_fabric(3), cluster=CLUSTER)


# Order and counts.


def test_plan_is_ordered_as_it_is_applied() -> None:
    """Conflicts are seen first; then forwarding, then routes, then deletions; what stays is last."""
    mixed = [change(action, kind) for action in reversed(ACTIONS) for kind in ("route", "forwarding")]
    found = [(row.action, row.kind) for row in ordered(mixed)]
    assert found == [
        ("conflict", "forwarding"),
        ("conflict", "route"),
        ("update", "forwarding"),
        ("create", "forwarding"),
        ("update", "route"),
        ("create", "route"),
        ("delete", "forwarding"),
        ("delete", "route"),
        ("none", "forwarding"),
        ("none", "route"),
    ]


@given(st.permutations([change(action, kind) for action in ACTIONS for kind in ("route", "forwarding")]))
def test_no_route_comes_before_forwarding_and_no_deletion_before_a_creation(mixed: list[Change]) -> None:
    """Whatever order the changes are found in."""
    writes = [row for row in ordered(mixed) if row.writes]
    kinds = [row.kind for row in writes if row.action != "delete"]
    assert kinds == sorted(kinds, key=("forwarding", "route").index)
    deletes = [row.action == "delete" for row in writes]
    assert deletes == sorted(deletes)


def test_equal_changes_keep_their_order() -> None:
    """Nodes stay in the order of the table."""
    names = ["b", "a", "c"]
    assert [row.resource for row in ordered([change(resource=name) for name in names])] == names


def test_only_three_actions_write() -> None:
    """`none` and `conflict` are never sent."""
    plan = plan_of(*map(change, ACTIONS))
    assert [row.action for row in plan.writes] == ["create", "update", "delete"]
    assert [row.action for row in plan.conflicts] == ["conflict"]
    assert [row.action for row in plan] == list(ACTIONS)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ((), "enable forwarding on no instances, add no routes, replace none, delete none"),
        (
            (change("update", "forwarding"), change("create"), change("update"), change("delete")),
            "enable forwarding on 1 instance, add 1 route, replace 1, delete 1",
        ),
        (
            (change("create"), change("create"), change("conflict")),
            "enable forwarding on no instances, add 2 routes, replace none, delete none; 1 conflict in the way",
        ),
    ],
)
def test_summary_counts_in_a_sentence(changes: tuple[Change, ...], sentence: str) -> None:
    """One and none are said as people say them."""
    assert plan_of(*changes).summary() == sentence


def test_table_has_one_row_per_change_and_the_columns_of_a_change() -> None:
    """Also when there is no change."""
    full, empty = small_plan().table(), plan_of().table()
    assert len(full) == len(list(small_plan())) == 6
    assert list(full.columns) == list(empty.columns) == list(COLUMNS)
    assert COLUMNS == ("action", "kind", "resource", "node", "before", "after", "reason", "command")


# Hash.


def test_equal_plans_have_equal_hashes() -> None:
    """The same nodes and network make the same plan, on every run."""
    assert small_plan().hash == small_plan().hash


@pytest.mark.parametrize("name", [field.name for field in fields(Plan) if field.name != "changes"])
def test_hash_covers_every_field_of_the_plan(name: str) -> None:
    """A plan for another cluster, network or share of routes is another plan."""
    plan = small_plan()
    other: Any = 99 if name == "own_routes" else "other"
    assert plan.hash != replace(plan, **{name: other}).hash


@pytest.mark.parametrize("name", [field.name for field in fields(Change)])
def test_hash_covers_every_field_of_a_change(name: str) -> None:
    """Nothing of what is carried out or shown can be edited unseen."""
    plan = small_plan()
    other: Any = {"uid": "other"} if name in ("before", "after") else "other"
    first, *rest = plan.changes
    assert plan.hash != replace(plan, changes=(replace(first, **{name: other}), *rest)).hash


def test_hash_covers_the_order() -> None:
    """The order of application is part of the plan."""
    plan = small_plan()
    assert plan.hash != replace(plan, changes=plan.changes[::-1]).hash


def test_hash_does_not_depend_on_the_order_of_keys() -> None:
    """Two dictionaries with the same content are the same."""
    one, other = ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    first = replace(change(), after=one)
    assert plan_of(first).hash == plan_of(replace(first, after=other)).hash


# Files.


def saved(folder: Path, plan: Plan) -> Path:
    path = folder / "plan.json"
    plan.save(path)
    return path


def test_saved_plan_loads_as_the_same_plan(tmp_path: Path) -> None:
    """Nothing is lost on the way, also not what a change is made from."""
    plan = small_plan()
    loaded = Plan.load(saved(tmp_path, plan))
    assert loaded.hash == plan.hash
    assert loaded.own_routes == plan.own_routes
    routes = [row.after for row in loaded if row.kind == "route"]
    assert [Route.from_facts(after) for after in routes] == [
        Route.from_facts(row.after) for row in plan if row.kind == "route"
    ]


def test_loaded_plan_equals_the_plan_that_was_saved(tmp_path: Path) -> None:
    """A value is the same before and after its file."""
    plan = small_plan()
    assert plan == Plan.load(saved(tmp_path, plan))


def test_saved_plan_is_the_same_text_every_time(tmp_path: Path) -> None:
    """So that two plans can be compared with `diff`."""
    first = saved(tmp_path, small_plan()).read_bytes()
    assert first == saved(tmp_path, small_plan()).read_bytes()


def test_names_in_any_script_survive(tmp_path: Path) -> None:
    """Text is UTF-8, whatever the machine's locale."""
    plan = plan_of(replace(change(), node="nœud-ü-节点", reason='<script>"$(x)"'))
    assert Plan.load(saved(tmp_path, plan)).changes == plan.changes


def edit(path: Path, how: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text("utf-8"))
    how(document)
    path.write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize(
    "how",
    [
        lambda document: document.update(cluster="other"),
        lambda document: document.update(own_routes=1000),
        lambda document: document["changes"].pop(),
        lambda document: document["changes"].reverse(),
        lambda document: document["changes"][-1]["after"].update(next_hop="10.0.0.9"),
        lambda document: document["changes"][0].update(action="delete"),
        lambda document: document["changes"][0].update(command="rm -rf ~"),
        lambda document: document.update(hash="0123456789abcdef"),
        lambda document: document.pop("hash"),
        lambda document: document.update(schema=99),
    ],
)
def test_edited_file_is_refused(tmp_path: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """What was not planned is not applied; the error names the file and says how to get a good one."""
    path = saved(tmp_path, small_plan())
    edit(path, how)
    with pytest.raises(DataError, match="mode='plan'") as caught:
        Plan.load(path)
    assert str(path) in str(caught.value)


def test_file_that_was_only_formatted_anew_is_accepted(tmp_path: Path) -> None:
    """The content counts, not its spaces."""
    path = saved(tmp_path, small_plan())
    edit(path, lambda document: document)
    assert Plan.load(path).hash == small_plan().hash


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "5",
        "{}",
        "{",
        '{"changes": null}',
        '{"changes": [null]}',
        '{"changes": [{}]}',
        '{"changes": [], "platform": "gce"}',
        "[" * 5000,
    ],
)
def test_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever it holds, the error is ours and names the file."""
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(DataError, match="plan file") as caught:
        Plan.load(path)
    assert str(path) in str(caught.value)


def test_binary_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A folder, nothing at all, and bytes that are no text are no plans."""
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)))
    for path in (binary, tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match="cannot be read as a plan"):
            Plan.load(path)
