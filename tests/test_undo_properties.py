"""What holds for every undo, whatever the run did, wherever it broke off, and whoever has been there since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.fabric import Fabric, Instance, Route
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.plan import plan
from l2bridge_helpers.undo import undo
from tests.undo_runs import journalled, rows_of
from tests.worlds_of_nodes import CIDRS, CLUSTER, World, worlds

many = settings(max_examples=200)
Made = tuple[World, Plan, Fabric]
"""A world, the plan of a run, and the world after what the run has made of it."""
OUTCOMES = st.sampled_from(["applied", "", "failed"])


def routed(fabric: Fabric, routes: Iterable[Route]) -> Fabric:
    """Return the network with these routes."""
    (table,) = fabric.tables
    return replace(fabric, tables=(replace(table, routes=tuple(routes)),))


def by_name(fabric: Fabric) -> dict[str, Route]:
    """Return the routes."""
    return {route.name: route for route in fabric.routes}


def machines(fabric: Fabric) -> dict[str, Instance]:
    """Return the instances."""
    return {one.id: one for one in fabric.instances}


def dead(fabric: Fabric) -> set[str]:
    """Return the routes to machines that are gone: nobody can make such a route (again)."""
    there = {one.id for one in fabric.instances}
    return {route.name for route in fabric.routes if "/instances/" in route.next_hop and route.next_hop not in there}


def half_made(change: Change, fabric: Fabric) -> Fabric:
    """Return the network when a run broke off after the new route was made, before the old one was deleted."""
    return routed(fabric, (*fabric.routes, Route.from_facts(change.after)))


@st.composite
def runs(draw: st.DrawFn) -> tuple[World, Plan, Fabric]:
    """Return a world, a plan, and the world after some of the plan's writes, one of them perhaps half done."""
    world = draw(worlds())
    done = plan(world.nodes, world.fabric, cluster=CLUSTER)
    made = tuple(row for row in done.writes if draw(st.booleans()))
    there = foresee(world.fabric, replace(done, changes=made))
    others = [row for row in done.writes if row not in made and row.action == "update" and row.kind == "route"]
    halves: list[Change | None] = [None, *others]
    half = draw(st.sampled_from(halves))
    there = half_made(half, there) if half else there
    return world, done, there


@many
@given(runs(), st.data())
def test_undo_of_whatever_a_run_has_made_gives_the_network_back(run: Made, data: st.DataObject) -> None:
    """Wherever the run broke off and whatever the journal knows of the outcome; but for routes to machines gone."""
    world, done, there = run
    rows = tuple(replace(row, outcome=data.draw(OUTCOMES)) for row in rows_of(done))
    back = undo(journalled(done), rows, there)
    assert back.conflicts == ()
    after = foresee(there, back)
    assert machines(after) == machines(world.fabric)
    lost = dead(world.fabric) & {str(row.before.get("name")) for row in done.writes if row.kind == "route"}
    before = {name: route for name, route in by_name(world.fabric).items() if name not in lost - by_name(there).keys()}
    assert by_name(after) == before


@many
@given(runs())
def test_undo_touches_only_what_the_run_may_have_made(run: Made) -> None:
    """Each row that writes is the way back of a row of the run."""
    _, done, there = run
    back = undo(journalled(done), rows_of(done), there)
    written = {(row.kind, name) for row in done.writes for name in names(row)}
    assert {(row.kind, name) for row in back.writes for name in names(row)} <= written


@many
@given(runs())
def test_undo_again_finds_nothing_to_do(run: Made) -> None:
    """What was put back stays as it is."""
    _, done, there = run
    after = foresee(there, undo(journalled(done), rows_of(done), there))
    assert undo(journalled(done), rows_of(done), after).writes == ()


@many
@given(runs())
def test_undo_of_an_undo_is_what_the_run_had_made(run: Made) -> None:
    """Forth, back, and forth again."""
    _, done, there = run
    back = undo(journalled(done), rows_of(done), there)
    after = foresee(there, back)
    again = undo(journalled(back, "second"), rows_of(back, "second"), after)
    assert again.conflicts == ()
    final = foresee(after, again)
    assert machines(final) == machines(there)
    lost = dead(there)
    assert {name: route for name, route in by_name(final).items() if name not in lost} == {
        name: route for name, route in by_name(there).items() if name not in lost
    }


def names(row: Change) -> set[str]:
    """Return every name that a row is about."""
    return {row.resource, *(str(side["name"]) for side in (row.before, row.after) if "name" in side)}


@st.composite
def meddled(draw: st.DrawFn, fabric: Fabric) -> Fabric:
    """Return the network after others have been there."""
    instances = []
    for one in fabric.instances:
        what = draw(st.sampled_from(["", "", "made anew", "forwarding", "deleted"]))
        nics = tuple(replace(nic, forwarding=not nic.forwarding) for nic in one.nics)
        changed = {"made anew": replace(one, uid=f"{one.uid}0"), "forwarding": replace(one, nics=nics)}
        instances += [] if what == "deleted" else [changed.get(what, one)]
    routes = []
    for route in fabric.routes:
        what = draw(st.sampled_from(["", "", "led elsewhere", "deleted", "taken over", "described"]))
        changed_route = {
            "led elsewhere": replace(route, next_hop="10.0.0.99"),
            "taken over": replace(route, cluster="", description="mine"),
            "described": replace(route, description=f"{route.description}, by the way"),
        }
        routes += [] if what == "deleted" else [changed_route.get(what, route)]
    for place in range(draw(st.integers(0, 2))):
        hop = draw(st.sampled_from(["10.0.0.98", *(one.id for one in fabric.instances)]))
        routes.append(Route(f"new-{place}", draw(st.sampled_from(CIDRS)), hop, fabric.network))
    return routed(replace(fabric, instances=tuple(instances)), routes)


@many
@given(runs(), st.data())
def test_what_others_have_changed_since_stays_as_they_left_it(run: Made, data: st.DataObject) -> None:
    """Machines and routes, changed, made anew, deleted or new; what they left alone becomes as it was."""
    world, done, there = run
    seen = data.draw(meddled(there))
    back = undo(journalled(done), rows_of(done), seen, skip_conflicts=True)
    assert back.conflicts == ()
    after = foresee(seen, back)
    full = foresee(world.fabric, done)  # what others leave just as the run would have cannot be told from the run's
    for name in by_name(there).keys() | by_name(seen).keys():
        now = by_name(seen).get(name)
        if now not in (by_name(there).get(name), by_name(full).get(name)):
            assert by_name(after).get(name) == now
    for name, one in machines(seen).items():
        touched = one not in (machines(there)[name], machines(full)[name])
        assert machines(after)[name] == (one if touched else machines(world.fabric)[name])
    assert machines(after).keys() == machines(seen).keys()


@many
@given(runs(), st.data())
def test_a_conflict_is_shown_for_what_others_have_changed(run: Made, data: st.DataObject) -> None:
    """And only for that: each names what is there now or what is gone, and says that others did it."""
    _, done, there = run
    seen = data.draw(meddled(there))
    for row in undo(journalled(done), rows_of(done), seen).conflicts:
        assert any(by_name(there).get(name) != by_name(seen).get(name) for name in names(row))
        assert "since the run" in row.reason or "mark" in row.reason
