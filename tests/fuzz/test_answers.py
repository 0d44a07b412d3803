"""Answers of Kubernetes and of each cloud with fields missing, null, of another type, repeated or unheard of.

Whatever is answered, a run works or ends in one of our errors; and nothing of it leads to a wrong write.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2bridge_helpers import L2BridgeError
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.lab import world
from l2bridge_helpers.nodes import parse_cidr
from tests.fuzz.oddities import VALUES
from tests.fuzz.tampered import EVERY, Mutation, TamperedLab
from tests.fuzz.whole import SCOPES, plan_of
from tests.runs import Run

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
"""Of each test; always the same ones. More find more: FUZZ_EXAMPLES=2000."""
UNTOUCHED = ("gce-messy", "aws-messy", "azure-messy", "azure-scale-sets", "bare-metal-messy")
APPLIED = ("gce-small", "aws-small", "azure-small")
fuzzed = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def labs() -> Iterator[dict[str, TamperedLab]]:
    """The worlds by name, each served once; the names of the small ones after a whole apply."""
    served: dict[str, TamperedLab] = {}
    try:
        yield served
    finally:
        for lab in served.values():
            lab.close()


def lab_of(labs: dict[str, TamperedLab], name: str) -> TamperedLab:
    """Return the lab of a world, whose answers are known and untouched."""
    if name not in labs:
        lab = labs[name] = TamperedLab(world(name))
        if name in APPLIED:
            Run(lab, dict(SCOPES.get(lab.platform, {}))).apply()
            add_foreign_route(lab)
        lab.places.clear()
        plan_of(lab)
        lab.known = tuple(sorted(lab.places))
        lab.written = len(lab.writes)
    return labs[name]


def add_foreign_route(lab: TamperedLab) -> None:
    """Let someone else have a route beside each of ours, to the same place."""
    resources = lab.world.resources
    if lab.platform == "gce":
        ours = [route for route in resources["routes"] if route["name"].startswith("l2b-")]
        resources["routes"] += [
            {**one, "name": f"theirs-{number}", "destRange": f"10.99.{number}.0/24", "description": "theirs"}
            for number, one in enumerate(ours)
        ]
    elif lab.platform == "aws":
        routes = resources["RouteTables"][0]["Routes"]
        ours = [route for route in routes if "NetworkInterfaceId" in route]
        routes += [{**one, "DestinationCidrBlock": f"10.99.{number}.0/24"} for number, one in enumerate(ours)]
    else:
        routes = resources["routeTables"][0]["properties"]["routes"]
        routes += [
            {
                **one,
                "name": f"theirs-{number}",
                "properties": {**one["properties"], "addressPrefix": f"10.99.{number}.0/24"},
            }
            for number, one in enumerate(list(routes))
        ]


def mutations(lab: TamperedLab) -> st.SearchStrategy[list[Mutation]]:
    """Return changes of any answers of the lab: which answer first, so that the small ones get their share."""
    by_answer: dict[str, list[Any]] = {}
    for place in lab.known:
        by_answer.setdefault(place[0], []).append(place)
    places = st.sampled_from(sorted(by_answer)).flatmap(lambda answer: st.sampled_from(by_answer[answer]))
    which = st.sampled_from((EVERY, EVERY, 0, 1, 2, 5))
    how = st.sampled_from(("set", "set", "set", "remove", "repeat", "add"))
    one = st.builds(Mutation, places, which, how, st.sampled_from(VALUES))
    return st.lists(one, min_size=1, max_size=4)


def planned(lab: TamperedLab, changes: list[Mutation]) -> Plan | None:
    """Return the plan that is made of changed answers, None where a run ends in an error of ours, which says why."""
    lab.mutations, lab.count = changes, 0
    try:
        return plan_of(lab)
    except L2BridgeError as err:
        assert str(err)  # noqa: PT017 - any other error is the failure
        return None
    finally:
        lab.mutations = ()


@pytest.mark.parametrize("name", UNTOUCHED)
@fuzzed
@given(data=st.data())
def test_no_answer_is_a_traceback(name: str, labs: dict[str, TamperedLab], data: st.DataObject) -> None:
    """A run works, or ends in an error of ours with a text; it writes nothing while it reads and plans."""
    lab = lab_of(labs, name)
    planned(lab, data.draw(mutations(lab)))
    assert len(lab.writes) == lab.written


@pytest.mark.parametrize("name", APPLIED)
@fuzzed
@given(data=st.data())
def test_no_answer_lets_a_run_touch_what_is_foreign(
    name: str, labs: dict[str, TamperedLab], data: st.DataObject
) -> None:
    """Routes and rules without our mark are in no row that changes or deletes something."""
    lab = lab_of(labs, name)
    changes = planned(lab, data.draw(mutations(lab)))
    assert foreign_of(changes) == []


@pytest.mark.parametrize("name", APPLIED)
@fuzzed
@given(data=st.data())
def test_no_answer_of_a_cloud_deletes_a_route(name: str, labs: dict[str, TamperedLab], data: st.DataObject) -> None:
    """While every node is there with its pod CIDRs, the routes to them stay, whatever the cloud says of itself."""
    lab = lab_of(labs, name)
    drawn = [one for one in data.draw(mutations(lab)) if not one.place[0].startswith("kubernetes")]
    assert deleted(planned(lab, drawn)) == []


@pytest.mark.parametrize("name", APPLIED)
@fuzzed
@given(data=st.data())
def test_no_node_that_cannot_be_read_deletes_a_route(
    name: str, labs: dict[str, TamperedLab], data: st.DataObject
) -> None:
    """A node list that is empty, partial or unreadable deletes nothing; only a node that is gone does."""
    lab = lab_of(labs, name)
    drawn = [one for one in data.draw(mutations(lab)) if breaks_nodes(one)]
    assert deleted(planned(lab, drawn)) == []


def foreign_of(changes: Plan | None) -> list[str]:
    """Return the names of what is changed or deleted and is not ours."""
    rows = [row for row in changes.writes if row.before and row.kind in ("route", "filter")] if changes else []
    return [
        row.resource for row in rows if row.before["cluster"] != "lab" or "theirs" in str(row.before) or foreign(row)
    ]


def foreign(row: Any) -> bool:
    """Return whether a row's route is one of those that were added by others."""
    return str(row.before.get("destination", "")).startswith("10.99.")


def deleted(changes: Plan | None) -> list[str]:
    """Return the routes that are deleted, and not replaced."""
    return [row.resource for row in changes.writes if row.kind == "route" and row.action == "delete"] if changes else []


def breaks_nodes(mutation: Mutation) -> bool:
    """Return whether a change makes the node list unreadable, and not just another one: with a node less, or moved."""
    answer, pattern = mutation.place
    if not answer.startswith("kubernetes /api/v1/nodes"):
        return False
    gone = mutation.how == "remove" and pattern == ("items", "*")
    renamed = pattern == ("items", "*", "metadata", "name") and isinstance(mutation.value, str)
    moved = "podCIDR" in str(pattern) and parse_cidr(str(mutation.value)) is not None
    return not (gone or renamed or moved)
