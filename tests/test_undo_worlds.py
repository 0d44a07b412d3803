"""On every world of the lab: what a run has changed, an undo puts back, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pandas as pd
import pytest

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.base import Cloud
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.lab.snapshot import snapshot
from l2bridge_helpers.plan import plan
from l2bridge_helpers.undo import undo
from l2bridge_helpers.verify import verify
from tests.lab_worlds import served
from tests.undo_runs import batches, carry_out, journalled, rows_of

WORLDS: dict[str, dict[str, object]] = {
    "gce-small": {},
    "gce-messy": {},
    "gce-dual-stack": {},
    "gce-shared-vpc": {},
    "gce-closed": {"open_firewall": True},
    "aws-small": {},
    "aws-small with routes": {"routes": True},
    "aws-messy with routes": {"routes": True},
    "aws-two-subnets with routes": {"routes": True},
    "aws-closed": {"open_firewall": True, "routes": True},
    "azure-small": {},
    "azure-messy": {"upgrade_instances": True},
    "azure-dual-stack": {},
    "azure-scale-sets": {"upgrade_instances": True},
}


@dataclass
class Bench:
    """A world that a run has been made in."""

    lab: Lab
    cloud: Cloud
    nodes: pd.DataFrame
    before: str
    done: Plan

    def state(self) -> str:
        """Return the world as it is, without what clouds count themselves."""
        return snapshot(self.lab.world, counters=False)

    def observe(self) -> Fabric:
        """Read the network."""
        return self.cloud.observe(self.nodes)

    def undo(self, done: Plan, run: str = "first", **options: bool) -> Plan:
        """Return the undo of a plan, made from a fresh read."""
        return undo(journalled(done, run), rows_of(done, run), self.observe(), **options)


@contextmanager
def applied(name: str) -> Iterator[Bench]:
    """Serve a world, and carry out what a run would do there, but for what is in the way."""
    world, parameters = name.partition(" ")[0], WORLDS[name]
    with served(world, **parameters) as (lab, cloud, seen):
        before = snapshot(lab.world, counters=False)
        made = plan(seen.nodes, seen.fabric, cluster=seen.cluster, scope=seen.scope)
        blocked = {row.node for row in made.conflicts if row.node}
        done = replace(made, changes=tuple(row for row in made.writes if row.node not in blocked or not row.node))
        carry_out(done, cloud)
        yield Bench(lab, cloud, seen.nodes, before, done)


def without_dead_routes(state: str, done: Plan) -> str:
    """Return a state without the routes that no cloud lets anybody make: those to a machine that is gone.

    A route outlives its machine on GCE. A run deletes it, or leads it to the node's new machine: no way leads back.
    """
    world = json.loads(state)
    if "routes" in world:
        lost = {row.before["name"] for row in done if row.kind == "route" and row.before}
        instances = {one["selfLink"] for one in world["instances"]}
        dead = [one for one in world["routes"] if one.get("nextHopInstance", "") not in {"", *instances}]
        world["routes"] = [one for one in world["routes"] if one not in dead or one["name"] not in lost]
    return json.dumps(world, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", WORLDS)
def test_undo_gives_the_world_back(name: str) -> None:
    """Apply and undo leave the world as it was, but for what the cloud itself counts; a fresh read shows it."""
    with applied(name) as bench:
        assert bench.state() != bench.before
        seen = bench.observe()
        back = bench.undo(bench.done)
        assert back.conflicts == ()
        assert back.undoes == "first"
        carry_out(back, bench.cloud)
        assert bench.state() == without_dead_routes(bench.before, bench.done)
        assert [check for check in verify(back, seen, bench.observe()) if check.verdict != "ok"] == []


@pytest.mark.parametrize("name", WORLDS)
def test_undo_of_an_undo_is_the_run_again(name: str) -> None:
    """What an undo has put back, its own undo brings again."""
    with applied(name) as bench:
        there = bench.state()
        back = bench.undo(bench.done)
        carry_out(back, bench.cloud)
        again = bench.undo(back, "second")
        assert again.conflicts == ()
        carry_out(again, bench.cloud)
        assert bench.state() == there


SHORT = ("gce-small", "aws-small with routes", "azure-small", "azure-scale-sets")


def without_model_versions(state: str) -> str:
    """Return a state without what Azure says of a scale set's instances and its model: it counts the model's versions.

    A model that was changed and put back is a newer one, which no instance has been upgraded to; nothing is upgraded
    for that alone.
    """
    return state.replace('"latestModelApplied": false', '"latestModelApplied": true')


@pytest.mark.parametrize("name", SHORT)
def test_undo_of_a_run_that_broke_off_anywhere_gives_the_world_back(name: str) -> None:
    """After each write of the run, and with an undo that breaks off after each of its writes and is begun anew."""
    with served(name.partition(" ")[0], **WORLDS[name]) as (lab, cloud, seen):
        before = snapshot(lab.world, counters=False)
        made = plan(seen.nodes, seen.fabric, cluster=seen.cluster, scope=seen.scope)
        writes = batches(made)
        for count in sorted({1, 2, len(writes) // 2, len(writes) - 1, len(writes)}):
            cloud.observe(seen.nodes)
            for batch in writes[:count]:
                cloud.send(batch)
            rows = rows_of([row for batch in writes[: count + 1] for row in batch], outcome="")
            broken = 0
            while (back := undo(journalled(made), rows, cloud.observe(seen.nodes))).writes:
                assert back.conflicts == ()
                cloud.send(batches(back)[0])
                broken += 1
            assert broken > 0
            state = without_model_versions(snapshot(lab.world, counters=False))
            assert state == without_model_versions(before), f"after {count} of {len(writes)} writes"
