"""What holds of every world: the fast judge and the dull one agree, and what is told of it fits together."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.explain import Explainer
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.nodes import natural_key
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.explanation import Explanation
from l2bridge_helpers.reachability.result import KINDS, REACHES, VERDICTS, Reachability
from l2bridge_helpers.reachability.traffic import Traffic
from tests.reachability import dull
from tests.reachability.dull_filters import Address
from tests.reachability.healthy import PLATFORMS, World
from tests.reachability.worlds import FAULTS, FILTERS, ROUTES, Fault, worlds

T = TypeVar("T")
Pairs = dict[tuple[int, str, str], str]
EVERYTHING = [pytest.param(platform, FAULTS[platform], id=f"{platform}-everything") for platform in PLATFORMS]
CLOUDS = [platform for platform in PLATFORMS if FILTERS[platform]]
PARTS = [pytest.param(platform, ROUTES, id=f"{platform}-routes") for platform in CLOUDS]
PARTS += [pytest.param(platform, FILTERS[platform], id=f"{platform}-filters") for platform in CLOUDS]
TRAFFIC = [Traffic(), Traffic(), Traffic("tcp", 80), Traffic("tcp", 450), Traffic("udp", 443), Traffic("icmp", 0)]
HOPS = {"route table": "delivery", "route": "delivery", "segment": "delivery"}
HOPS |= {"host route": "flannel", "filter in": "filter", "filter out": "filter"}
"""Kinds of causes and hops that have another name in the one than in the other."""

each_platform = pytest.mark.parametrize("platform", PLATFORMS)
many = settings(max_examples=150)


def told(found: Reachability) -> Pairs:
    """Return the verdict of every pair."""
    return {
        (family.version, a, b): VERDICTS[int(matrix[i, j])]
        for family, matrix in ((family, family.matrix()) for family in found.families)
        for (i, a), (j, b) in itertools.permutations(enumerate(family.names), 2)
    }


@pytest.mark.parametrize(("platform", "faults"), [*EVERYTHING, *PARTS])
def test_the_fast_judge_and_the_dull_one_agree_on_every_pair(platform: str, faults: list[Fault]) -> None:
    """What is decided for classes of nodes is what happens to single packets, from and to every kind of address."""

    @settings(max_examples=300 if faults is FAULTS[platform] else 150)
    @given(worlds(platform, faults), st.sampled_from(TRAFFIC))
    def agree(world: World, traffic: Traffic) -> None:
        expected = dull.matrix(world.nodes, world.fabric, (traffic.protocol, traffic.port))
        assert told(reach(world.nodes, world.fabric, traffic=traffic)) == expected

    agree()


@each_platform
def test_one_pair_explained_has_the_verdict_of_the_matrix(platform: str) -> None:
    """By names, in the first family that both nodes have; where it does not reach, a hop says so with a mend."""

    @many
    @given(worlds(platform))
    def agree(world: World) -> None:
        explainer = Explainer(world.nodes, world.fabric)
        pairs = told(reach(world.nodes, world.fabric))
        for (a, b), verdict in {key[1:]: verdict for key, verdict in reversed(pairs.items())}.items():
            explained = explainer.explain(a, b)
            assert explained.verdict == verdict, (a, b)
            assert verdict == "reaches" or any(hop.evidence and hop.mend for hop in explained.obstacles), (a, b)
            assert all(hop.mend == "" for hop in explained.hops if hop.verdict == "passes"), (a, b)

    agree()


@each_platform
def test_one_packet_explained_does_what_the_dull_judge_says_of_it(platform: str) -> None:
    """Between single addresses, where a pair is worse than most of its packets; and so does its answer."""

    @many
    @given(worlds(platform), st.data())
    def agree(world: World, data: st.DataObject) -> None:
        found = [
            (spot.row.nodeName, address)
            for version in (4, 6)
            for spot in dull.ends(world.nodes, world.fabric, version).values()
            if spot
            for address in dull.samples(spot, world.fabric)
            if _owners(world, address) == {spot.row.nodeName}
        ]
        pairs = [
            (one[1], other[1])
            for one, other in itertools.permutations(found, 2)
            if one[0] != other[0] and one[1].version == other[1].version
        ]
        for source, destination in data.draw(st.lists(st.sampled_from(pairs), max_size=5)) if pairs else ():
            explained = Explainer(world.nodes, world.fabric).explain(str(source), str(destination))
            there, back = dull.packet(world.nodes, world.fabric, source, destination)
            assert explained.verdict == there, (source, destination)
            if not world.fabric.unread:
                assert explained.answer == back, (source, destination)

    agree()


def _owners(world: World, address: Address) -> set[str]:
    return {row.nodeName for row in world.rows if row.network and address in row.network}


@each_platform
def test_counts_fit_the_matrix_and_the_causes(platform: str) -> None:
    """Each pair has one verdict, those that do not reach have a first cause, and causes are told in the way's order."""

    @many
    @given(worlds(platform))
    def fit(world: World) -> None:
        found = reach(world.nodes, world.fabric)
        verdicts = list(told(found).values())
        assert found.pairs == len(verdicts)
        assert (found.reaching, found.unproven, found.blocked) == tuple(map(verdicts.count, VERDICTS))
        kinds = [KINDS.index(cause.kind) for cause in found.causes]
        assert kinds == sorted(kinds)
        stopped = found.pairs - found.reaching
        assert sum(cause.alone for cause in found.causes) <= stopped <= sum(cause.pairs for cause in found.causes)
        for cause in found.causes:
            assert 0 <= cause.alone <= cause.pairs <= stopped
            assert cause.pairs > 0
            assert cause.faults
            assert list(cause.nodes) == sorted(set(cause.nodes), key=natural_key)
            assert set(cause.nodes) | {fault.node for fault in cause.faults} <= {*world.names, ""}
        for family in found.families:
            assert ((family.first < 0) == (family.verdicts == REACHES)).all()
            for number, verdict in zip(family.first.flat, family.verdicts.flat, strict=True):
                assert number < 0 or found.causes[number].verdict == VERDICTS[verdict]

    fit()


@each_platform
def test_a_cause_counts_the_pairs_whose_explanation_names_it(platform: str) -> None:
    """`pairs`: with or without other causes; `alone`: nothing else. Checked for kinds of which there is one cause."""

    @many
    @given(worlds(platform))
    def fit(world: World) -> None:
        found = reach(world.nodes, world.fabric)
        keys = told(found)
        if len({key[1:] for key in keys}) < len(keys):
            return  # names stand for one family only
        explainer = Explainer(world.nodes, world.fabric)
        stops = [_stops(explainer.explain(a, b), world.fabric) for _, a, b in keys]
        kinds = [HOPS.get(cause.kind, cause.kind) for cause in found.causes]
        assert {kind for stop in stops for kind in stop} == set(kinds)
        for cause, kind in zip(found.causes, kinds, strict=True):
            if kinds.count(kind) == 1:
                assert cause.pairs == sum(kind in stop for stop in stops), cause
                assert cause.alone == sum(stop == {kind} for stop in stops), cause

    fit()


def _stops(explained: Explanation, fabric: Fabric) -> set[str]:
    """Return the kinds of causes on the way: a filter that waits for a route (Azure's VirtualNetwork) is no other."""
    asked = [hop for hop in explained.obstacles if hop.way == "there" or hop.hop.startswith("filter")]
    routing = {table.id for table in fabric.tables} | {subnet.id for subnet in fabric.subnets}
    waits = fabric.platform == "azure"
    return {"delivery" if waits and hop.object in routing else HOPS.get(hop.hop, hop.hop) for hop in asked}


@each_platform
def test_the_order_in_which_things_were_read_decides_nothing(platform: str) -> None:
    """Nodes, machines, subnets, tables, routes and rules in another order: the same result, to the last word."""

    @many
    @given(worlds(platform), st.randoms(use_true_random=False))
    def same(world: World, chance: random.Random) -> None:
        assert _found(_shuffled(world, chance)) == _found(world)

    same()


def _found(world: World) -> Reachability:
    return reach(world.nodes, world.fabric)


def _shuffled(world: World, chance: random.Random) -> World:
    """Return the same world in another order; a node's own rows keep theirs, which has a meaning."""
    places = {name: chance.random() for name in world.names}
    tables = [replace(table, routes=_mixed(table.routes, chance)) for table in world.fabric.tables]
    fabric = replace(
        world.fabric,
        instances=_mixed(world.fabric.instances, chance),
        subnets=_mixed(world.fabric.subnets, chance),
        tables=_mixed(tables, chance),
        rules=_mixed(world.fabric.rules, chance),
    )
    return replace(world, rows=tuple(sorted(world.rows, key=lambda row: places[row.nodeName])), fabric=fabric)


def _mixed(things: Sequence[T], chance: random.Random) -> tuple[T, ...]:
    return tuple(chance.sample(list(things), len(things)))
