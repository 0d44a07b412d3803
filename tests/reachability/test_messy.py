"""On worlds in which one of everything is wrong, the causes are all there is to mend, and none is too many."""

from __future__ import annotations

import pytest

from l2bridge_helpers.reach import reach
from tests.lab_worlds import CLOSED, MESSY, OTHERS, SMALL, Seen, seen
from tests.reachability.mending import mend

WORLDS = (*MESSY, *CLOSED, *SMALL, *OTHERS)


def _reaches(found: Seen, *left_out: object) -> bool:
    """Return whether everything reaches when all is mended but these causes or faults."""
    before = reach(found.nodes, found.fabric, cluster=found.cluster)
    wanted = [
        (cause, fault)
        for cause in before.causes
        for fault in cause.faults
        if cause not in left_out and fault not in left_out
    ]
    after = reach(*mend((found.nodes, found.fabric), wanted))
    return after.reaching == after.pairs


@pytest.mark.parametrize("name", MESSY)
def test_a_messy_world_has_causes(name: str) -> None:
    """So that the tests below say something."""
    found = seen(name)
    before = reach(found.nodes, found.fabric)
    assert len(before.causes) >= 4
    assert before.reaching < before.pairs


@pytest.mark.parametrize("name", WORLDS)
def test_mending_every_cause_makes_every_pod_reach_every_other(name: str) -> None:
    """The list of causes is complete."""
    assert _reaches(seen(name))


@pytest.mark.parametrize("name", WORLDS)
def test_leaving_any_cause_out_does_not(name: str) -> None:
    """The list of causes is minimal."""
    found = seen(name)
    for cause in reach(found.nodes, found.fabric, cluster=found.cluster).causes:
        assert not _reaches(found, cause), cause.title


@pytest.mark.parametrize("name", WORLDS)
def test_leaving_any_single_fault_out_does_not(name: str) -> None:
    """Each node, route and rule that is named has to be mended."""
    found = seen(name)
    for cause in reach(found.nodes, found.fabric, cluster=found.cluster).causes:
        for fault in cause.faults:
            assert not _reaches(found, fault), (cause.title, fault)


@pytest.mark.parametrize("name", WORLDS)
def test_counts_add_up(name: str) -> None:
    """A pair that nothing else stops is one of the pairs that a cause stops."""
    before = reach(seen(name).nodes, seen(name).fabric)
    assert before.reaching + before.unproven + before.blocked == before.pairs
    for cause in before.causes:
        assert 0 <= cause.alone <= cause.pairs <= before.pairs
        assert cause.pairs > 0
    assert max((cause.pairs for cause in before.causes), default=0) <= before.pairs - before.reaching
