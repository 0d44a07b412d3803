"""Who judges a run sees what is not done, and what nobody wanted."""

from __future__ import annotations

import pytest

from bench.worlds import done, undone, wrong
from l2bridge_helpers.lab import World
from l2bridge_helpers.lab.snapshot import snapshot

CLOUDS = ("aws", "gce", "azure")


def judged(platform: str, end: World) -> list[str]:
    return wrong(platform, snapshot(undone(platform, 3), counters=False), snapshot(end, counters=False))


@pytest.mark.parametrize("platform", CLOUDS)
def test_all_done_is_right(platform: str) -> None:
    """Also with routes that somebody else has made."""
    assert judged(platform, done(platform, 3)) == []


@pytest.mark.parametrize("platform", CLOUDS)
def test_nothing_done_is_wrong_at_every_node(platform: str) -> None:
    """One complaint for each node that does not forward, one for each route, or for the subnet without a table."""
    assert len(judged(platform, undone(platform, 3))) == {"aws": 3, "gce": 6, "azure": 4}[platform]


@pytest.mark.parametrize(
    ("platform", "collection", "field"),
    [
        ("aws", "NetworkInterfaces", "Description"),
        ("gce", "instances", "description"),
        ("gce", "instanceTemplates", "description"),
        ("azure", "networkInterfaces", "location"),
        ("azure", "virtualNetworks", "location"),
    ],
)
def test_another_change_is_wrong(platform: str, collection: str, field: str) -> None:
    """Whatever it is."""
    end = done(platform, 3)
    end.cloud(collection)[0][field] = "changed"
    assert judged(platform, end) == [f"{collection} are not what they were"]


def test_a_route_to_another_machine_is_wrong() -> None:
    """And a second one beside the right one: Google would share the packets between them."""
    end = done("gce", 3)
    routes = [route for route in end.cloud("routes") if route["name"].startswith("pods-")]
    right = routes[0]["nextHopInstance"]
    routes[0]["nextHopInstance"] = routes[1]["nextHopInstance"]
    assert judged("gce", end) == [f"{routes[0]['destRange']} does not lead to node-1"]
    routes[0]["nextHopInstance"] = right
    end.cloud("routes").append({**routes[0], "name": "second", "priority": 100})
    assert judged("gce", end) == [f"{routes[0]['destRange']} does not lead to node-1"]


def test_a_table_with_other_routes_is_wrong() -> None:
    """One that leads elsewhere, one that nobody wants, a second table."""
    end = done("azure", 3)
    (table,) = end.cloud("routeTables")
    routes = table["properties"]["routes"]
    routes[0]["properties"]["nextHopIpAddress"] = "10.8.0.99"
    routes.append({**routes[1], "properties": {**routes[1]["properties"], "addressPrefix": "192.0.2.0/24"}})
    end.cloud("routeTables").append({**table, "id": f"{table['id']}-2", "name": "pods-2"})
    found = judged("azure", end)
    assert len(found) == 3
    assert "node-1" in found[0]
    assert "192.0.2.0/24" in found[1]
    assert "route table more" in found[2]
