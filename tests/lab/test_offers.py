"""What the labs list before anything is chosen: regions, projects, networks, subscriptions, groups, tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from l2bridge_helpers.lab import Lab, world

from .test_aws_api import client, refused

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


@pytest.fixture
def gce() -> Iterator[Lab]:
    with Lab(world("gce-shared-vpc")) as served:
        yield served


@pytest.fixture
def aws() -> Iterator[Lab]:
    with Lab(world("aws-small")) as served:
        yield served


@pytest.fixture
def azure() -> Iterator[Lab]:
    with Lab(world("azure-small")) as served:
        yield served


def _search(lab: Lab, **query: str) -> requests.Response:
    return requests.get(f"{lab.endpoint}/v3/projects:search", params=query, timeout=10)


def _arm(lab: Lab, path: str) -> requests.Response:
    return requests.get(f"{lab.endpoint}{path}", params={"api-version": "2022-12-01"}, timeout=10)


def _names(ec2: EC2Client, **asked: Any) -> set[str]:
    return {region["RegionName"] for region in ec2.describe_regions(**asked)["Regions"]}


def test_projects_are_those_with_resources_and_others(gce: Lab) -> None:
    """A Shared VPC has two; what the Resource Manager alone knows is told, too."""
    gce.gce.other_projects = [{"projectId": "old", "displayName": "Old", "state": "DELETE_REQUESTED"}]
    found = {project["projectId"]: project["state"] for project in _search(gce).json()["projects"]}
    assert len(found) == 3
    assert found["old"] == "DELETE_REQUESTED"
    active = _search(gce, query="state:ACTIVE").json()["projects"]
    assert {project["projectId"] for project in active} == found.keys() - {"old"}


def test_projects_come_in_pages(gce: Lab) -> None:
    """Each page has the token of the next one."""
    first = _search(gce, pageSize="1").json()
    second = _search(gce, pageSize="1", pageToken=first["nextPageToken"]).json()
    assert len(first["projects"]) == len(second["projects"]) == 1
    assert first["projects"] != second["projects"]
    assert "nextPageToken" not in second


def test_projects_that_may_not_be_read_are_left_out(gce: Lab) -> None:
    """`projects.search` refuses nobody: it shows what the caller may read."""
    gce.gce.denied_permissions = {"resourcemanager.projects.get"}
    assert _search(gce).json()["projects"] == []


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/v3/projects:search", {"colour": "red"}, 400),
        ("/v3/projects:search", {"pageToken": "x"}, 400),
        ("/v3/folders:search", {}, 404),
    ],
)
def test_what_the_resource_manager_does_not_know_is_refused(
    gce: Lab, path: str, query: dict[str, str], status: int
) -> None:
    """In the form of Google's newer APIs: a code, a status, a message."""
    answer = requests.get(gce.endpoint + path, params=query, timeout=10)
    assert answer.status_code == answer.json()["error"]["code"] == status
    assert requests.post(gce.endpoint + "/v3/projects:search", timeout=10).status_code == 404


def test_regions_are_those_that_the_account_can_use(aws: Lab) -> None:
    """The others are shown with `AllRegions`, or by name."""
    ec2 = client(aws)
    aws.aws.other_regions |= {"eu-south-1": "opted-in"}
    assert _names(ec2) == {"eu-west-1", "eu-south-1"}
    assert _names(ec2, AllRegions=True) == {"eu-west-1", "eu-south-1", "af-south-1"}
    assert _names(ec2, RegionNames=["af-south-1"]) == {"af-south-1"}
    assert _names(ec2, Filters=[{"Name": "opt-in-status", "Values": ["opted-*"]}]) == {"eu-south-1"}


def test_what_ec2_refuses_about_regions(aws: Lab) -> None:
    """A region that is none, a filter that is none, a caller who may not."""
    ec2 = client(aws)
    assert refused(ec2.describe_regions, RegionNames=["mars-1"]) == "InvalidParameterValue"
    assert refused(ec2.describe_regions, Filters=[{"Name": "x", "Values": ["y"]}]) == "InvalidParameterValue"
    aws.aws.denied_actions = {"ec2:DescribeRegions"}
    assert refused(ec2.describe_regions) == "UnauthorizedOperation"


def test_subscriptions_have_a_state(azure: Lab) -> None:
    """Those that may not be read are left out; nothing is refused."""
    azure.azure.other_subscriptions = {"11111111-1111-1111-1111-111111111111": ("old", "Disabled")}
    found = {one["displayName"]: one["state"] for one in _arm(azure, "/subscriptions").json()["value"]}
    assert found == {"lab": "Enabled", "old": "Disabled"}
    azure.azure.denied_actions = {"Microsoft.Resources/subscriptions/read"}
    assert _arm(azure, "/subscriptions").json()["value"] == []


def test_another_subscription_is_not_served(azure: Lab) -> None:
    """The lab has resources in one alone."""
    other = "11111111-1111-1111-1111-111111111111"
    azure.azure.other_subscriptions = {other: ("old", "Enabled")}
    assert _arm(azure, f"/subscriptions/{other}/resourcegroups").status_code == 404


def test_resource_groups_that_may_not_be_read_are_refused(azure: Lab) -> None:
    """403, with the action and the scope."""
    path = f"/subscriptions/{azure.azure.subscription}/resourcegroups"
    assert {one["name"] for one in _arm(azure, path).json()["value"]} == {"rg-cluster", "rg-network"}
    azure.azure.denied_actions = {"Microsoft.Resources/subscriptions/resourceGroups/*"}
    answer = _arm(azure, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    assert "Microsoft.Resources/subscriptions/resourceGroups/read" in answer.json()["error"]["message"]
