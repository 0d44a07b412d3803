"""The subscriptions, resource groups and route tables that a person can choose from."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from werkzeug import Request, Response

from l2bridge_helpers.clouds.azure_offers import AzureOffers
from l2bridge_helpers.errors import AccessDeniedError, CloudError
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.server import Server
from l2bridge_helpers.parameters import PARAMETERS, refusals

OTHER = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(world("azure-messy")) as served:
        yield served


@pytest.fixture
def offers(lab: Lab) -> AzureOffers:
    return AzureOffers(lab.endpoint)


def test_subscriptions_in_use_are_offered_with_their_names(lab: Lab, offers: AzureOffers) -> None:
    """One that is disabled takes no change."""
    own = lab.azure.subscription
    lab.azure.other_subscriptions = {OTHER: ("a shop", "PastDue"), OTHER.replace("1", "2"): ("old", "Disabled")}
    assert [(option.value, option.label) for option in offers.subscriptions()] == [
        (OTHER, f"a shop ({OTHER})"),
        (own, f"lab ({own})"),
    ]
    assert lab.writes == []


def test_resource_groups_are_offered_by_name(lab: Lab, offers: AzureOffers) -> None:
    """All that are there."""
    found = [option.value for option in offers.groups(lab.azure.subscription)]
    assert found == sorted(lab.azure.groups().values(), key=str.lower)
    assert found


def test_route_tables_are_offered_by_id_or_in_a_group_by_name(lab: Lab, offers: AzureOffers) -> None:
    """Two groups may have tables of one name: an id is good for both, and for the parameter."""
    lab.azure.page_size = 1
    tables = lab.world.cloud("routeTables")
    everywhere = offers.tables(lab.azure.subscription)
    assert {option.value for option in everywhere} == {table["id"] for table in tables}
    group = tables[0]["id"].split("/")[4]
    inside = offers.tables(lab.azure.subscription, group)
    assert {option.value for option in inside} == {
        table["name"] for table in tables if f"/resourceGroups/{group}/" in table["id"]
    }
    (parameter,) = (one for one in PARAMETERS["azure"] if one.name == "route_table")
    for option in [*everywhere, *inside]:
        assert refusals([parameter], {"route_table": option.value}) == []


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("Microsoft.Resources/subscriptions/resourceGroups/read", "groups"),
        ("Microsoft.Network/routeTables/read", "tables"),
    ],
)
def test_what_may_not_be_listed_names_the_action(lab: Lab, offers: AzureOffers, action: str, call: str) -> None:
    """What to grant."""
    lab.azure.denied_actions = {action}
    with pytest.raises(AccessDeniedError, match=action):
        getattr(offers, call)(lab.azure.subscription)


@pytest.mark.parametrize("garbage", ["html", "empty"])
def test_an_answer_of_another_form_is_an_error_of_ours(lab: Lab, offers: AzureOffers, garbage: str) -> None:
    """No traceback of an SDK."""
    lab.azure.faults.add(("GET", ""), garbage=garbage, times=None)  # type: ignore[arg-type]
    for call in (offers.subscriptions, lambda: offers.groups(lab.azure.subscription)):
        with pytest.raises(CloudError, match="could not list"):
            call()


def test_a_next_page_on_another_host_is_not_asked_for() -> None:
    """A token would travel there."""
    seen = []

    def answer(request: Request) -> Response:
        seen.append(request.path)
        return Response(
            json.dumps({"value": [], "nextLink": "http://localhost:1/next"}), content_type="application/json"
        )

    server = Server(answer)
    with pytest.raises(CloudError, match="leads to localhost:1, which is not asked"):
        AzureOffers(server.url).subscriptions()
    server.close()
    assert seen == ["/subscriptions"]
