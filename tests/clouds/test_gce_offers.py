"""The projects and networks that a person can choose from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from l2bridge_helpers.clouds.gce_offers import GceOffers
from l2bridge_helpers.errors import AccessDeniedError, CloudError
from l2bridge_helpers.lab import Lab, world

PROJECT = "l2bridge-lab"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(world("gce-small")) as served:
        yield served


@pytest.fixture
def offers(lab: Lab) -> GceOffers:
    return GceOffers(lab.endpoint)


def test_active_projects_are_offered_by_id_with_their_names(lab: Lab, offers: GceOffers) -> None:
    """One that is about to be deleted is no place for a cluster."""
    lab.gce.other_projects = [
        {"projectId": "a-shop", "displayName": "The \x1b shop", "state": "ACTIVE"},
        {"projectId": "gone", "displayName": "gone", "state": "DELETE_REQUESTED"},
    ]
    assert {option.value: option.label for option in offers.projects()} == {
        "a-shop": r"a-shop (The \x1b shop)",
        PROJECT: PROJECT,
    }
    assert {request.method for request in lab.requests} == {"GET"}


def test_all_pages_of_projects_are_read(lab: Lab, offers: GceOffers) -> None:
    """An organization has thousands."""
    lab.gce.other_projects = [
        {"projectId": f"p-{number:04}", "displayName": "", "state": "ACTIVE"} for number in range(650)
    ]
    found = [option.value for option in offers.projects()]
    assert len(found) == 651
    assert found == sorted(found)
    assert len(lab.requests) == 3


def test_networks_of_the_project_are_offered(lab: Lab, offers: GceOffers) -> None:
    """By name, as the parameter takes them."""
    assert [option.value for option in offers.networks(PROJECT)] == ["cluster-net"]
    assert {request.method for request in lab.requests} == {"GET"}


def test_networks_of_a_shared_vpc_are_offered_by_their_path() -> None:
    """They are the host project's; a project that is attached to none has none."""
    with Lab(world("gce-shared-vpc")) as lab:
        project, network = lab.parameters["project"], lab.parameters["network"]
        offers = GceOffers(lab.endpoint)
        assert network in [option.value for option in offers.shared_networks(project)]
        assert offers.shared_networks(network.split("/")[1]) == []
        assert offers.networks(project) == []
        assert lab.writes == []


def test_a_resource_manager_that_is_not_enabled_is_told(lab: Lab, offers: GceOffers) -> None:
    """With Google's own words, and what to do instead."""
    told = "Cloud Resource Manager API has not been used in project 1 before or it is disabled."
    lab.gce.faults.add(("GET", "projects:search"), status=403, reason="SERVICE_DISABLED", message=told, times=None)
    with pytest.raises(AccessDeniedError, match=r"could not list projects: Cloud Resource Manager.*type the project"):
        offers.projects()


def test_networks_that_may_not_be_listed_name_the_permission(lab: Lab, offers: GceOffers) -> None:
    """What to grant."""
    lab.gce.denied_permissions = {"compute.networks.list"}
    with pytest.raises(AccessDeniedError, match=r"could not list networks.*compute\.networks\.list"):
        offers.networks(PROJECT)


@pytest.mark.parametrize("garbage", ["html", "empty"])
def test_an_answer_of_another_form_is_an_error_of_ours(lab: Lab, offers: GceOffers, garbage: str) -> None:
    """No traceback of an SDK."""
    lab.gce.faults.add(("GET", ""), garbage=garbage, times=None)  # type: ignore[arg-type]
    with pytest.raises(CloudError, match="could not list projects"):
        offers.projects()


def test_a_private_endpoint_is_not_asked_for_projects() -> None:
    """It is Compute Engine's: a token of wider scope has nothing to do there. Nothing is looked up, nothing is sent."""
    with pytest.raises(CloudError, match=r"parameter endpoint is 'https://compute-x"):
        GceOffers("https://compute-x.p.googleapis.com").projects()


def test_credentials_are_asked_for_reading_alone() -> None:
    """Whoever chooses can change nothing."""
    assert all(scope.endswith((".read-only", ".readonly")) for scope in GceOffers.scopes)
