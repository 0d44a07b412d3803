import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.index import Index

from .clients import PROJECT


def _items(*names: str) -> list[dict[str, object]]:
    return [{"name": name} for name in names]


def test_changes_by_hand_are_noticed() -> None:
    """What was removed, added, moved or renamed since the last look is found as it is now."""
    index = Index(lambda item: str(item["name"]))
    items = _items("a", "b", "c")
    first = items[0]
    assert index.find(items, "b") is items[1]
    items.remove(first)
    assert (index.find(items, "a"), index.find(items, "c")) == (None, items[1])
    items[0] = {"name": "d"}
    assert (index.find(items, "b"), index.find(items, "d")) == (None, items[0])
    items[0]["name"] = "e"
    assert (index.find(items, "d"), index.find(items, "e")) == (None, items[0])


def test_of_two_with_the_same_key_the_first_is_found() -> None:
    """As a search from the start would."""
    items = _items("a", "a")
    assert Index(lambda item: str(item["name"])).find(items, "a") is items[0]


@pytest.mark.parametrize("platform", ["gce", "aws", "azure"])
def test_a_world_of_thousands_can_be_served(platform: str) -> None:
    """It starts, and answers."""
    with Lab(world(f"{platform}-5000")) as lab:
        assert len(lab.world.nodes) == 5000
        assert requests.get(lab.endpoint, timeout=20).status_code > 0


def test_a_thousand_nodes_can_be_written_quickly() -> None:
    """More than 300 writes a second, also for who has a slow machine: a bench of quotas must not wait for the lab."""
    with Lab(world("gce-1000")) as lab, requests.Session() as session:
        lab.gce.operation_seconds = 0.0
        base = f"{lab.endpoint}/compute/v1/projects/{PROJECT}/global/routes"
        instances = lab.world.cloud("instances")
        network = f"projects/{PROJECT}/global/networks/{lab.parameters['network']}"

        def write(number: int) -> bool:
            body = {
                "name": f"r{number}",
                "network": network,
                "destRange": f"10.{32 + number // 256}.{number % 256}.0/24",
                "nextHopInstance": instances[number]["selfLink"],
            }
            return session.post(base, json=body, timeout=20).ok

        before = time.process_time()
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(write, range(1000)))
        own = time.process_time() - before
    assert own < 1000 / 300 * 2, "of client and lab together"
