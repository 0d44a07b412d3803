"""Every attempt of every request is paced, whatever the SDK does by itself; what is refused is seen for what it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from l2bridge_helpers.clouds.aws_pace import group_of as aws_group
from l2bridge_helpers.clouds.gce_pace import group_of as gce_group
from l2bridge_helpers.lab import Lab, world
from tests.runs import Run

BASE = "https://compute.googleapis.com/compute/v1/projects/p"
THROTTLED = {"gce": ("PUT", "/instances/node-1$"), "aws": None, "azure": ("PUT", "/networkInterfaces/node-1-nic")}


@pytest.fixture(params=["gce", "aws", "azure"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(world(f"{request.param}-small")) as lab:
        yield lab


def _cloud_requests(lab: Lab) -> int:
    return sum(request.server != "kubernetes" for request in lab.requests)


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("GET", "", "get"),
        ("GET", "/global/routes", "list"),
        ("GET", "/global/routes?maxResults=500", "list"),
        ("GET", "/global/routes/r1", "get"),
        ("GET", "/global/networks/n/getEffectiveFirewalls", "list"),
        ("GET", "/aggregated/instances?maxResults=500", "heavy"),
        ("GET", "/aggregated/operations", "heavy"),
        ("GET", "/zones/europe-west1-b/instances/i", "get europe-west1"),
        ("GET", "/regions/europe-west1/instanceTemplates/t", "get europe-west1"),
        ("PUT", "/zones/europe-west1-b/instances/i", "write europe-west1"),
        ("POST", "/global/routes", "write"),
        ("DELETE", "/global/routes/r1", "write"),
        ("POST", "/global/operations/o/wait", "operation"),
        ("GET", "/zones/europe-west1-b/operations/o", "operation europe-west1"),
        ("POST", "/zones/europe-west1-b/operations/o/wait", "heavy europe-west1"),
    ],
)
def test_compute_engine_counts_kinds_of_methods_apart_and_zones_by_region(method: str, path: str, group: str) -> None:
    """As its page on rate quotas has it."""
    assert gce_group(method, f"{BASE}{path}") == group


def test_ec2_counts_each_action_apart() -> None:
    """The usual write has the name that all platforms have for it."""
    assert aws_group("ModifyNetworkInterfaceAttribute") == "write"
    assert aws_group("CreateRoute") == "CreateRoute"


def test_every_request_to_the_cloud_is_counted(lab: Lab) -> None:
    """Also those for operations, and those of the SDK's own retries."""
    lab.trouble("throttled", THROTTLED[lab.platform] or (lambda request: request.mutates))
    lab.trouble("unavailable", THROTTLED[lab.platform] or (lambda request: request.mutates))
    run = Run(lab, {})
    assert run.apply().failed == ()
    assert run.cloud.pace.counts.requests == _cloud_requests(lab)
    assert run.cloud.pace.counts.throttled == 1
    assert run.cloud.pace.counts.overloaded == 1


def test_a_lost_answer_is_an_overload(lab: Lab) -> None:
    """The lanes are fewer after it, and nothing counts as under way for ever."""
    lab.trouble("reset after", THROTTLED[lab.platform] or (lambda request: request.mutates))
    run = Run(lab, {})
    assert run.apply().failed == ()
    assert run.cloud.pace.counts.overloaded == 1
    assert run.cloud.pace._width.under_way == 0


def test_published_limits_throttle_nobody_who_keeps_to_them(lab: Lab) -> None:
    """With the whole published rate, from full buckets."""
    lab.limit(from_now=True)
    run = Run(lab, {"share": 1.0})
    assert run.apply().failed == ()
    assert run.cloud.pace.counts.throttled == 0


def test_a_lock_of_azure_is_no_throttling() -> None:
    """429 is said of both; a lock holds back the one write that met it."""
    with Lab(world("azure-small")) as lab:
        lab.azure.faults.add(("PUT", "/subnets/"), status=429, reason="RetryableErrorDueToAnotherOperation")
        run = Run(lab, {})
        assert run.apply().failed == ()
        assert run.cloud.pace.counts.throttled == 0


def test_a_stopped_pace_ends_in_an_error_that_says_why(lab: Lab) -> None:
    """In each SDK: it is not taken for trouble of the network, and not tried again."""
    run = Run(lab, {})
    run.cloud.pace.stop("the Lease is lost")
    results = run.apply()
    assert results.applied == 0
    assert {result.error.partition(":")[0] for result in results if result.outcome == "failed"} == {"not sent"}
    assert lab.writes == []
