from collections.abc import Iterator

import pytest

from l2bridge_helpers.lab import Lab, world

from .clients import PROJECT, Json, Rest, sdk


def _pages(rest: Rest, path: str, **query: str) -> Iterator[Json]:
    token = ""
    while True:
        page = rest.get(path, **query, **({"pageToken": token} if token else {})).body
        yield page
        token = page.get("nextPageToken", "")
        if not token:
            return


def _names(rest: Rest, expression: str) -> list[str]:
    answer = rest.get("zones/europe-west1-b/instances", filter=expression)
    assert answer.status == 200, answer.message
    return [item["name"] for item in answer.body.get("items", [])]


def test_pages_hold_everything_once(rest: Rest) -> None:
    """Following the tokens shows each instance once, in the same order as without pages."""
    pages = list(_pages(rest, "aggregated/instances", maxResults="2"))
    names = [item["name"] for page in pages for scope in page["items"].values() for item in scope.get("instances", [])]
    assert len(pages) == 3
    assert sorted(names) == ["node-1", "node-2", "node-3", "node-4", "win-1", "win-2"]


def test_five_hundred_are_the_most() -> None:
    """A page has 500 results unless fewer are asked for; more cannot be asked for."""
    with Lab(world("gce-1000")) as lab:
        rest = Rest(lab)
        sizes = [
            sum(len(scope.get("instances", [])) for scope in page["items"].values())
            for page in _pages(rest, "aggregated/instances")
        ]
        too_many = rest.get("aggregated/instances", maxResults="501")
        rest.close()
        listed = sum(
            len(scoped.instances) for _, scoped in sdk(lab, "InstancesClient").aggregated_list(project=PROJECT)
        )
    assert sizes == [500, 500]
    assert listed == 1000
    assert too_many.status == 400


@pytest.mark.parametrize("size", ["-1", "ten", "501"])
def test_bad_page_sizes_are_refused(rest: Rest, size: str) -> None:
    """MaxResults is a whole number from 0 to 500."""
    assert rest.get("global/routes", maxResults=size).status == 400


def test_page_tokens_cannot_be_forged(lab: Lab, rest: Rest) -> None:
    """A token is good for its own list and filter, until it expires."""
    token = rest.get("global/routes", maxResults="1").body["nextPageToken"]
    assert rest.get("global/routes", maxResults="1", pageToken=token).status == 200
    assert rest.get("global/firewalls", pageToken=token).status == 400
    assert rest.get("global/routes", pageToken=token, filter="priority=0").status == 400
    assert rest.get("global/routes", pageToken=token[:-4]).status == 400
    assert rest.get("global/routes", pageToken="AAAA").status == 400
    lab.gce.expire_page_tokens()
    assert rest.get("global/routes", maxResults="1", pageToken=token).reason == "invalid"


def test_empty_scopes_are_named(rest: Rest) -> None:
    """An aggregated list shows every zone, the empty ones with a warning."""
    items = rest.get("aggregated/instances", filter="name=node-1").body["items"]
    assert set(items) == {"zones/europe-west1-b", "zones/europe-west1-c", "zones/europe-west1-d"}
    assert items["zones/europe-west1-c"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"
    assert [item["name"] for item in items["zones/europe-west1-b"]["instances"]] == ["node-1"]


def test_an_empty_list_has_no_items(lab: Lab, rest: Rest) -> None:
    """As at Google, the field is missing then."""
    lab.world.cloud("routes").clear()
    assert "items" not in rest.get("global/routes").body


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name=node-1", ["node-1"]),
        ('name = "node-1"', ["node-1"]),
        ("name!=node-1", ["node-2"]),
        ("name:ode", ["node-1", "node-2"]),
        ("(name=node-1) (status=RUNNING)", ["node-1"]),
        ("name=node-1 AND canIpForward=true", []),
        ("name=node-1 OR name=node-2", ["node-1", "node-2"]),
        ("NOT name=node-1", ["node-2"]),
        ("labels.role=control-plane", ["node-1"]),
        ("labels.missing:*", []),
        ("networkInterfaces.networkIP=10.10.0.3", ["node-2"]),
        ("name eq node-.*", ["node-1", "node-2"]),
        ("name eq node", []),
        ("name ne .*-1", ["node-2"]),
        ("(name eq node-1) (status eq RUNNING)", ["node-1"]),
        ("id > 0", ["node-1", "node-2"]),
    ],
)
def test_filters(rest: Rest, expression: str, expected: list[str]) -> None:
    """Both languages: comparisons with AND, OR and NOT, and `eq` with a whole-text regular expression."""
    assert _names(rest, expression) == expected


@pytest.mark.parametrize(
    "expression", ["name", "name=", "name=(", "name eq (", "colour=red", "name==x", "(name=x", "="]
)
def test_bad_filters_are_refused(rest: Rest, expression: str) -> None:
    """What cannot be parsed, or names a field that instances do not have, is 400."""
    answer = rest.get("zones/europe-west1-b/instances", filter=expression)
    assert answer.status == 400
    assert "Invalid list filter expression" in answer.message


def test_orders(rest: Rest) -> None:
    """By name, which is the default; what Google cannot order by is refused."""
    assert rest.get("global/routes", orderBy="name").status == 200
    assert rest.get("global/routes", orderBy="priority").status == 400


def test_partial_answers_have_what_was_asked_for(rest: Rest) -> None:
    """`fields` leaves out the rest, so a forgotten field is seen in the lab already."""
    mask = "items/*/instances(name,networkInterfaces/networkIP),nextPageToken"
    answer = rest.get("aggregated/instances", fields=mask, filter="name=node-1").body
    assert answer["items"]["zones/europe-west1-b"] == {
        "instances": [{"name": "node-1", "networkInterfaces": [{"networkIP": "10.10.0.2"}]}]
    }
    assert "kind" not in answer


@pytest.mark.parametrize("mask", ["items(name", "items)", ",", "(name)"])
def test_bad_field_masks_are_refused(rest: Rest, mask: str) -> None:
    """Brackets have to match."""
    assert rest.get("global/routes", fields=mask).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "",
        "zones",
        "zones/europe-west1-b",
        "regions",
        "regions/europe-west1",
        "global/networks",
        "global/networks/cluster-net",
        "global/firewalls",
        "global/firewalls/allow-ssh",
        "global/routes",
        "global/operations",
        "global/instanceTemplates",
        "global/instanceTemplates/mig-v1",
        "regions/europe-west1/subnetworks",
        "regions/europe-west1/subnetworks/nodes",
        "regions/europe-west1/instanceTemplates",
        "regions/europe-west1/instanceGroupManagers",
        "zones/europe-west1-d/instanceGroupManagers",
        "zones/europe-west1-d/instanceGroupManagers/mig",
        "zones/europe-west1-b/instances/dual-1",
        "aggregated/instances",
        "aggregated/subnetworks",
        "aggregated/instanceGroupManagers",
        "aggregated/instanceTemplates",
    ],
)
def test_every_read_is_what_google_describes(path: str) -> None:
    """Each answer is valid under the discovery document, and project numbers work like ids."""
    with Lab(world("gce-messy")) as lab:
        lab.gce.check_answers = True
        by_id, by_number = Rest(lab), Rest(lab, "483920174655")
        answers = [by_id.get(path), by_number.get(path)]
        by_id.close()
        by_number.close()
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0] == answers[1]
