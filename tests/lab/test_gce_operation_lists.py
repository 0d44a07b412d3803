import time

from google.cloud import compute_v1

from l2bridge_helpers.lab import Lab

from .clients import PROJECT, ZONE, Rest, sdk
from .test_gce_routes import route

NEWEST = {"orderBy": "creationTimestamp desc"}


def _started(rest: Rest, count: int) -> list[str]:
    """Insert routes; return the names of their operations, in the order in which they were started."""
    paths = [route(name=f"r{number}", destRange=f"10.99.{number}.0/24") for number in range(count)]
    return [rest.call("POST", "global/routes", body).body["name"] for body in paths]


def _names(rest: Rest, path: str = "global/operations", **query: str) -> list[str]:
    return [item["name"] for item in rest.get(path, **query).body.get("items", [])]


def test_operations_are_listed_by_name_or_the_newest_first(rest: Rest) -> None:
    """The order is that of the names, unless the newest are asked for first."""
    started = _started(rest, 12)
    assert _names(rest) == sorted(started)
    assert _names(rest, **NEWEST) == started[::-1]


def test_the_newest_ones_are_on_the_first_page(rest: Rest) -> None:
    """A page of the newest, and behind it the older ones, each once, also when more are started meanwhile."""
    started = _started(rest, 5)
    first = rest.get("global/operations", maxResults="2", **NEWEST).body
    rest.call("DELETE", "global/routes/r0")
    second = rest.get("global/operations", maxResults="9", pageToken=first["nextPageToken"], **NEWEST).body
    assert [item["name"] for page in (first, second) for item in page["items"]] == started[::-1]
    assert "nextPageToken" not in second


def test_filters_choose_operations(lab: Lab, rest: Rest) -> None:
    """By status, by many names at once, by what they work on."""
    done = _started(rest, 2)
    assert _names(rest, filter="status=DONE") == done
    lab.gce.operation_seconds = 30.0
    running = rest.call("DELETE", "global/routes/r1").body
    assert _names(rest, filter="status!=DONE") == [running["name"]]
    names = [done[0], running["name"]]
    assert _names(rest, filter=" OR ".join(f"name={name}" for name in names)) == names
    assert _names(rest, filter=f'targetLink="{running["targetLink"]}"') == [done[1], running["name"]]


def test_one_request_lists_the_operations_of_all_scopes(rest: Rest) -> None:
    """The aggregated list has global and zonal operations, each in its scope; empty scopes are named."""
    started = _started(rest, 1)
    path = f"zones/{ZONE}/instances/node-1"
    zonal = rest.call("PUT", path, rest.get(path).body, mostDisruptiveAllowedAction="REFRESH").body["name"]
    items = rest.get("aggregated/operations", returnPartialSuccess="true", **NEWEST).body["items"]
    found = {scope: [item["name"] for item in part.get("operations", [])] for scope, part in items.items()}
    assert {scope: names for scope, names in found.items() if names} == {"global": started, f"zones/{ZONE}": [zonal]}
    assert "regions/europe-west1" in found
    assert items["zones/europe-west1-c"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"


def test_the_sdk_lists_operations(lab: Lab, rest: Rest) -> None:
    """Google's client (which knows no `returnPartialSuccess`) understands the three lists."""
    started = _started(rest, 3)
    ask = {"project": PROJECT, "order_by": "creationTimestamp desc"}
    listed = sdk(lab, "GlobalOperationsClient").list(compute_v1.ListGlobalOperationsRequest(ask))
    whole = compute_v1.AggregatedListGlobalOperationsRequest(ask)
    scoped = sdk(lab, "GlobalOperationsClient").aggregated_list(whole)
    zonal = sdk(lab, "ZoneOperationsClient").list(compute_v1.ListZoneOperationsRequest({**ask, "zone": ZONE}))
    assert [item.name for item in listed] == started[::-1]
    assert [item.name for _, part in scoped for item in part.operations] == started[::-1]
    assert not list(zonal)


def test_listing_is_quick_among_thousands(lab: Lab) -> None:
    """A poll of the newest costs the same however many there were before."""
    for number in range(20_000):
        path = f"projects/{PROJECT}/global/routes/r{number}"
        lab.gce.operations.start(path, "insert", target_id="1", due=0, effect=lambda: None)
    lab.gce.settle()
    lab.gce.check_answers = False
    rest = Rest(lab)
    rest.get("global/operations", maxResults="100", **NEWEST)
    start = time.process_time()
    for _ in range(10):
        assert len(_names(rest, maxResults="100", **NEWEST)) == 100
    seconds = time.process_time() - start
    rest.close()
    assert seconds < 1.0
