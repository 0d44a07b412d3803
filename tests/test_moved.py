"""A saved plan against one that is made anew."""

import json
import random
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.changes import Action, Change, Plan
from l2bridge_helpers.moved import moved, remaining
from l2bridge_helpers.plan import plan
from tests.builders import CLUSTER, NETWORK, instance, nodes, numbered_fabric, numbered_item, numbered_nodes
from tests.lab_worlds import MESSY, SMALL, seen, served
from tests.model_cloud import carry_out
from tests.runs import Run
from tests.worlds_of_nodes import CLUSTER as CLUSTER_OF_WORLDS
from tests.worlds_of_nodes import World, worlds

many = settings(max_examples=100)


def small(count: int = 3) -> Plan:
    return plan(numbered_nodes(count), numbered_fabric(count), cluster=CLUSTER)


def part_of(whole: Plan, *places: int) -> Plan:
    return replace(whole, changes=tuple(whole.changes[place] for place in places))


def changed(whole: Plan, place: int, **fields: Any) -> Plan:
    """Return the plan with one row changed."""
    rows = list(whole.changes)
    rows[place] = replace(rows[place], **fields)
    return replace(whole, changes=tuple(rows))


# What is said.


def test_nothing_is_said_of_a_world_that_stands_still(tmp_path: Path) -> None:
    """Also when one of the two comes from its file, where tuples are lists."""
    fresh = small()
    fresh.save(tmp_path / "plan.json")
    saved = Plan.load(tmp_path / "plan.json")
    assert moved(saved, fresh) == []
    assert remaining(saved, fresh) is fresh


@pytest.mark.parametrize("name", [*SMALL, *MESSY])
def test_nothing_is_said_on_every_platform(name: str, tmp_path: Path) -> None:
    """A file and the same world, seen again."""
    found = seen(name)
    fresh = plan(found.nodes, found.fabric, cluster=found.cluster, scope=found.scope)
    fresh.save(tmp_path / "plan.json")
    assert moved(Plan.load(tmp_path / "plan.json"), fresh) == []


def test_what_others_have_made_is_named() -> None:
    """The row, its node, and what became of it."""
    saved = small()
    (place,) = [place for place, row in enumerate(saved) if row.kind == "route" and row.node == "node-3"]
    made = replace(saved, changes=(saved.changes[place],))
    network = carry_out(made, numbered_fabric(3))
    fresh = plan(numbered_nodes(3), network, cluster=CLUSTER)
    assert moved(saved, fresh) == [
        "the plan's own_routes was 0 and is 1 now",
        f"node-3: route {saved.changes[place].resource} was to be made and is there now",
    ]
    assert remaining(saved, fresh) is fresh


def test_a_node_that_came_and_one_that_went_are_named() -> None:
    """Rows that are in one plan only."""
    saved = plan(nodes(numbered_item(1), numbered_item(2)), numbered_fabric(3), cluster=CLUSTER)
    fresh = plan(nodes(numbered_item(2), numbered_item(3)), numbered_fabric(3), cluster=CLUSTER)
    told = moved(saved, fresh)
    assert [line.split(" ")[0] for line in told] == ["node-1:", "node-1:", "node-3:", "node-3:"]
    assert all("is not asked for any more" in line for line in told[:2])
    assert all(
        "was not in the plan and is to be made now" in line for line in told if "route" in line[2:] and "-3" in line
    )
    assert remaining(saved, fresh) is None


def test_a_machine_that_was_replaced_is_named() -> None:
    """The same name, another machine: what was found differs."""
    saved = small(1)
    fresh = plan(numbered_nodes(1), rerouted_machine(), cluster=CLUSTER)
    told = moved(saved, fresh)
    assert any("before: uid was uid-node-1 and is another now" in line for line in told)
    assert remaining(saved, fresh) is None


def rerouted_machine() -> Any:
    return replace(numbered_fabric(1), instances=(instance("node-1", uid="another"),))


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("create", "none", "was to be made and is there now"),
        ("update", "none", "was to be changed and is as it should be now"),
        ("delete", "none", "was to be deleted and is to stay as it is now (because)"),
        ("create", "conflict", "was to be made and is in conflict now (because)"),
        ("none", "create", "was to stay as it is and is to be made now"),
        ("none", "delete", "was to stay as it is and is to be deleted now"),
        ("conflict", "create", "was in conflict and is to be made now"),
        ("delete", None, "was to be deleted and is gone now"),
        ("create", None, "was to be made and is not asked for any more"),
        (None, "update", "was not in the plan and is to be changed now"),
        (None, "conflict", "was not in the plan and is in conflict now (because)"),
    ],
)
def test_each_row_says_what_it_was_and_is(was: Action | None, now: Action | None, words: str) -> None:
    """In one sentence that begins with the node, the kind and the resource."""
    row = Change("none", "route", "l2b-x", "node-3", {}, {}, "because")
    one, other = (
        Plan("gce", CLUSTER, NETWORK, (replace(row, action=action),) if action else ()) for action in (was, now)
    )
    assert moved(one, other) == [f"node-3: route l2b-x {words}"]


def test_names_from_outside_are_written_out() -> None:
    """What cannot be seen is shown."""
    row = Change("create", "route", "a\x1b[2Jb", "", {}, {}, "because")
    assert moved(Plan("gce", CLUSTER, NETWORK, (row,)), Plan("gce", CLUSTER, NETWORK, ())) == [
        "route a\\x1b[2Jb was to be made and is not asked for any more"
    ]


def test_long_values_are_cut() -> None:
    """A mark of a table with a thousand routes does not fill the screen."""
    saved = changed(small(1), 0, after={"list": list(range(1000))})
    assert all(len(line) < 400 for line in moved(small(1), saved))


# The same hash, and nothing to say.

VALUES = st.sampled_from([1, True, 1.0, "1", None, [1], (1,), {"a": 1}, ""])
SIDES = st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2)
ROWS = st.builds(
    Change,
    st.sampled_from(["create", "update", "delete", "none", "conflict"]),
    st.sampled_from(["route", "mark"]),
    st.sampled_from(["r", "s"]),
    st.sampled_from(["", "n"]),
    SIDES,
    SIDES,
    st.sampled_from(["why", "kept"]),
    st.sampled_from(["", "gcloud"]),
)
PLANS = st.builds(
    Plan,
    st.just("gce"),
    st.sampled_from(["c", "d"]),
    st.just("net"),
    st.lists(ROWS, max_size=4).map(tuple),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "run"]),
)


@settings(max_examples=400)
@given(PLANS, st.data())
def test_the_same_hash_is_nothing_to_say(saved: Plan, data: st.DataObject) -> None:
    """And the other way round, for plans that differ in a row, in a word, in their order, or in nothing."""
    others = [
        PLANS,
        st.just(saved),
        st.permutations(saved.changes).map(lambda rows: replace(saved, changes=tuple(rows))),
    ]
    others += [ROWS.map(lambda row: replace(saved, changes=(*saved.changes[:-1], row)))]
    fresh = data.draw(st.one_of(others))
    assert (moved(saved, fresh) == []) is (saved.hash == fresh.hash)


@many
@given(PLANS, PLANS)
def test_every_row_that_differs_is_told_once(saved: Plan, fresh: Plan) -> None:
    """No fewer sentences than rows that have no equal on the other side."""
    told = [line for line in moved(saved, fresh) if not line.startswith(("the plan's", "the rows"))]
    ones, others = (Counter(json.dumps(asdict(row), sort_keys=True) for row in plan) for plan in (saved, fresh))
    gone, new = ones - others, others - ones
    assert max(gone.total(), new.total()) <= len(told) <= gone.total() + new.total()


# What remains.


@many
@given(PLANS, PLANS)
def test_what_remains_writes_nothing_new(saved: Plan, fresh: Plan) -> None:
    """Each write is one of the saved plan's, or nothing remains."""
    rest = remaining(saved, fresh)
    if rest is not None:
        assert rest is fresh
        assert all(row.resource in {other.resource for other in saved.writes} for row in fresh.writes)
        assert len(rest.writes) <= len(saved.writes)
        assert (rest.cluster, rest.undoes) == (saved.cluster, saved.undoes)


@many
@given(worlds(), st.integers(0, 2**32))
def test_a_part_that_others_have_done_leaves_the_rest(world: World, seed: int) -> None:
    """However many rows they have carried out, in the plan's order, the rest leads to the same end."""
    saved = plan(world.nodes, world.fabric, cluster=CLUSTER_OF_WORLDS)
    number = random.Random(seed).randint(0, len(saved.writes))  # noqa: S311 - no secret
    between = carry_out(replace(saved, changes=saved.writes[:number]), world.fabric)
    fresh = plan(world.nodes, between, cluster=CLUSTER_OF_WORLDS)
    assert remaining(saved, fresh) is fresh
    assert _routes(carry_out(fresh, between)) == _routes(carry_out(saved, world.fabric))
    assert len(fresh.writes) == len(saved.writes) - number


def _routes(network: Any) -> set[str]:
    return {repr(route) for table in network.tables for route in table.routes}


def test_the_rest_of_a_plain_plan_is_never_refused() -> None:
    """Forwarding and new routes: any of them may be done already."""
    saved = small(4)
    rng = random.Random(7)  # noqa: S311 - no secret
    for _ in range(50):
        done = tuple(row for row in saved.writes if rng.random() < 0.5)
        between = carry_out(replace(saved, changes=done), numbered_fabric(4))
        fresh = plan(numbered_nodes(4), between, cluster=CLUSTER)
        assert remaining(saved, fresh) is fresh
        assert len(fresh.writes) == len(saved.writes) - len(done)


def test_another_scope_or_cluster_does_not_remain() -> None:
    """The same rows under another heading are another plan."""
    saved = small()
    for fields in ({"cluster": "other"}, {"network": "other"}, {"routes": False}, {"undoes": "run"}):
        assert remaining(saved, replace(saved, **fields)) is None


def test_a_new_conflict_does_not_remain() -> None:
    """It would stop the apply, and is to be seen first."""
    saved = small()
    assert remaining(saved, changed(saved, 0, action="conflict")) is None
    once = replace(saved, changes=(*saved.changes, saved.changes[0]))
    assert remaining(saved, once) is None


@pytest.mark.parametrize("name", SMALL[:3])
def test_half_an_apply_remains_on_every_cloud(name: str) -> None:
    """Through the real SDK: what one run has done is left out of the other's plan, and nothing else is added."""
    with served(name) as (lab, _, _):
        run = Run(lab, {})
        half = replace(run.changes, changes=run.changes.writes[: len(run.changes.writes) // 2])
        for change in half.writes:
            if change.kind == "forwarding":
                run.cloud.send([change])
        again = Run(lab, {})
        assert moved(run.changes, again.changes) != []
        assert remaining(run.changes, again.changes) == again.changes
        assert len(again.changes.writes) < len(run.changes.writes)
