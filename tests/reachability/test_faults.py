"""One thing wrong in a world in which everything reaches: exactly the pairs that it should stop are stopped."""

from __future__ import annotations

import itertools

import pytest

from l2bridge_helpers.explain import explain
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import VERDICTS
from tests.reachability import dull
from tests.reachability import healthy as made
from tests.reachability.faults import CASES, HARMLESS, PLACES, WEB, Case, Change, both, healthy
from tests.reachability.healthy import World

each_case = pytest.mark.parametrize(
    ("platform", "case"), [pytest.param(*one, id=f"{one[0]}: {one[1].name}") for one in CASES]
)


def stopped(world: World) -> dict[tuple[str, str], str]:
    """Return the pairs that do not reach, with their verdicts."""
    found = reach(world.nodes, world.fabric)
    (family,) = found.families
    matrix = family.matrix()
    return {
        (a, b): VERDICTS[matrix[i, j]]
        for (i, a), (j, b) in itertools.permutations(enumerate(family.names), 2)
        if matrix[i, j]
    }


@pytest.mark.parametrize("platform", PLACES)
def test_everything_reaches_in_the_healthy_world(platform: str) -> None:
    """So that what is stopped below is stopped by the one thing that is changed."""
    world = healthy(platform)
    found = reach(world.nodes, world.fabric)
    assert (found.reaching, found.pairs, found.causes) == (20, 20, ())


@each_case
def test_a_single_fault_stops_exactly_the_pairs_that_it_should(platform: str, case: Case) -> None:
    """No more, no fewer, either way; the one cause says so, and names what decides."""
    world = case.change(healthy(platform))
    found = reach(world.nodes, world.fabric)
    assert stopped(world) == dict.fromkeys(case.stops, case.verdict)
    (cause,) = found.causes
    assert (cause.kind, cause.verdict, cause.fails) == (case.kind, case.verdict, case.fails)
    assert (cause.pairs, cause.alone) == (len(case.stops), len(case.stops))
    assert case.object in {fault.object for fault in cause.faults}
    assert all(fault.mend for fault in cause.faults)


@each_case
def test_the_dull_judge_sees_a_single_fault_alike(platform: str, case: Case) -> None:
    """The expected pairs are not what one piece of code makes of it."""
    world = case.change(healthy(platform))
    verdicts = dull.matrix(world.nodes, world.fabric)
    seen = {(a, b): verdict for (_, a, b), verdict in verdicts.items() if verdict != "reaches"}
    assert seen == dict.fromkeys(case.stops, case.verdict)


@each_case
def test_a_stopped_pair_explained_names_what_decides(platform: str, case: Case) -> None:
    """The same object as in the cause, with the same verdict."""
    world = case.change(healthy(platform))
    (cause,) = reach(world.nodes, world.fabric).causes
    source, destination = min(case.stops)
    explained = explain(world.nodes, world.fabric, source, destination)
    assert explained.verdict == case.verdict
    objects = {hop.object for hop in explained.obstacles if hop.way == "there" or hop.hop.startswith("filter")}
    assert objects
    assert objects <= {fault.object for fault in cause.faults}


@pytest.mark.parametrize(
    ("platform", "change"),
    [pytest.param(platform, change, id=f"{platform}: {name}") for platform, name, change in HARMLESS],
)
def test_what_stops_nothing_is_no_cause(platform: str, change: Change) -> None:
    """It looks like a fault, and is none."""
    world = change(healthy(platform))
    assert stopped(world) == {}
    assert reach(world.nodes, world.fabric).causes == ()
    assert set(dull.matrix(world.nodes, world.fabric).values()) == {"reaches"}


def test_a_shared_pod_cidr_stops_both_nodes() -> None:
    """Both nodes' pods have the same addresses; that the one route leads to only one of them is told as well."""
    world = made.with_row(healthy("gce"), "node-4", routeDestination=WEB)
    assert stopped(world) == dict.fromkeys(both(("node-3", "node-4")), "blocked")
    causes = {cause.kind: cause for cause in reach(world.nodes, world.fabric).causes}
    assert causes["pod CIDR"].nodes == ("node-3", "node-4")
    assert set(causes) == {"pod CIDR", "route"}
