import json
import random

import pytest

from l2bridge_helpers.lab import Lab, world
from tests.runs import Run

from .clients import Rest
from .test_gce_routes import route

NAMES = ["gce-small", "aws-small", "azure-small", "bare-metal-small"]
FORWARDING = {
    "gce-small": ("instances", "canIpForward"),
    "aws-small": ("NetworkInterfaces", "SourceDestCheck"),
    "azure-small": ("networkInterfaces", "properties", "enableIPForwarding"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_is_the_same_for_the_same_state(name: str) -> None:
    """Two labs of one world, in whatever order the world holds its resources."""
    other = world(name)
    for items in other.resources.values():
        random.Random(1).shuffle(items)  # noqa: S311 - no secret
    with Lab(world(name)) as lab, Lab(other) as shuffled:
        assert lab.snapshot() == shuffled.snapshot()


@pytest.mark.parametrize("name", NAMES)
def test_reading_changes_nothing(name: str) -> None:
    """A plan leaves the snapshot as it was, byte by byte."""
    with Lab(world(name)) as lab:
        before = lab.snapshot()
        Run(lab, {"mode": "plan"})
        assert lab.snapshot() == before


@pytest.mark.parametrize("name", NAMES[:3])
@pytest.mark.parametrize("counters", [True, False])
def test_each_value_counts(name: str, *, counters: bool) -> None:
    """Whatever differs in one resource is seen, also without the counters."""
    collection, *path = FORWARDING[name]
    with Lab(world(name)) as lab:
        before = lab.snapshot(counters)
        holder = lab.world.cloud(collection)[0]
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = not holder[path[-1]]
        assert lab.snapshot(counters) != before


def test_what_is_put_back_differs_in_the_counters_only(lab: Lab, rest: Rest) -> None:
    """A route deleted and made again has another id; a snapshot without counters does not tell."""
    rest.done("POST", "global/routes", route())
    before = lab.snapshot(), lab.snapshot(counters=False)
    rest.done("DELETE", "global/routes/r1")
    assert lab.snapshot(counters=False) != before[1]
    rest.done("POST", "global/routes", route())
    assert lab.snapshot() != before[0]
    assert lab.snapshot(counters=False) == before[1]


def test_a_replaced_machine_is_no_counter(lab: Lab) -> None:
    """The id of an instance tells machines apart, so it is always shown."""
    before = lab.snapshot(counters=False)
    lab.world.cloud("instances")[0]["id"] = "1"
    assert lab.snapshot(counters=False) != before


def test_a_snapshot_is_json(lab: Lab) -> None:
    """Tests and people can look into it: the collections by name, and Kubernetes' objects."""
    assert {"nodes", "configmaps", "instances", "routes"} <= json.loads(lab.snapshot()).keys()
