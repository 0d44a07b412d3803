"""Trouble on demand, in each cloud's own form."""

import time

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from botocore.exceptions import ClientError
from google.api_core.exceptions import Forbidden

from l2bridge_helpers.lab import Lab, LabError, world
from l2bridge_helpers.lab.troubles import TROUBLES

from .ask import PLATFORMS, asking
from .clients import PROJECT, ZONE, network, sdk
from .test_aws_api import client

LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout)
REFUSED = {
    "throttled": {"gce": 403, "aws": 503, "azure": 429},
    "server error": dict.fromkeys(PLATFORMS, 500),
    "bad gateway": dict.fromkeys(PLATFORMS, 502),
    "unavailable": dict.fromkeys(PLATFORMS, 503),
    "gateway timeout": dict.fromkeys(PLATFORMS, 504),
    "stale": {"gce": 412, "azure": 412},
    "expired page": dict.fromkeys(PLATFORMS, 400),
    "expired credentials": {"gce": 401, "aws": 400, "azure": 401},
}


@pytest.mark.parametrize(("kind", "platform"), [(kind, name) for kind in REFUSED for name in REFUSED[kind]])
def test_a_refused_change_is_not_made(kind: str, platform: str) -> None:
    """Each refusal has the cloud's status, strikes once, and nothing was done."""
    with asking(platform) as ask:
        before = ask.forwards()
        fault = TROUBLES[platform][kind]
        ask.lab.trouble(kind, ("", ""))
        refused = ask.change()
        assert (refused.status_code, fault["reason"] in refused.text) == (REFUSED[kind][platform], True)
        assert ask.forwards() is before
        assert ask.change().ok
        assert ask.forwards() is not before


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("kind", "done"), [("reset", False), ("reset after", True), ("hang up", False)])
def test_a_lost_answer_leaves_the_work_done_or_not(platform: str, kind: str, *, done: bool) -> None:
    """The connection breaks before the work or after it; the client cannot tell which."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.trouble(kind, lambda request: request.mutates)
        with pytest.raises(LOST):
            ask.change()
        assert (ask.forwards() is not before) is done
        assert ask.lab.writes[-1].status == 0


def test_a_reset_is_no_orderly_end() -> None:
    """`reset` breaks off (RST), `hang up` closes."""
    with asking("gce") as ask:
        ask.lab.trouble("reset")
        ask.lab.trouble("hang up")
        with pytest.raises(LOST, match="reset by peer"):
            ask.read()
        with pytest.raises(LOST, match="without response"):
            ask.read()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("kind", "done"), [("timeout", False), ("timeout after", True)])
def test_a_client_waits_in_vain(platform: str, kind: str, *, done: bool) -> None:
    """The lab hangs longer than the client waits, before the work or after it."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.trouble(kind, lambda request: request.mutates)
        with pytest.raises(requests.Timeout):
            ask.change(timeout=0.3)
        assert (ask.forwards() is not before) is done


def test_a_hanging_request_ends_with_the_lab() -> None:
    """What hangs when the lab is closed is not done afterwards."""
    with asking("aws") as ask:
        live, before = ask.lab._live, ask.forwards()
        ask.lab.trouble("slow", lambda request: request.mutates, seconds=3600)
        with pytest.raises(requests.Timeout):
            ask.change(timeout=0.1)
    time.sleep(0.5)
    assert live.cloud("NetworkInterfaces")[0]["SourceDestCheck"] is not before


def test_a_hang_can_be_short() -> None:
    """A test need not wait as long as a client would: the lab hangs up after so many seconds."""
    with asking("gce") as ask:
        ask.lab.trouble("timeout", seconds=0.1)
        start = time.perf_counter()
        with pytest.raises(LOST):
            ask.read()
        assert 0.1 <= time.perf_counter() - start < 15


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_answer_breaks_off(platform: str) -> None:
    """The head promises more than comes."""
    with asking(platform) as ask:
        ask.lab.trouble("cut off")
        with pytest.raises(LOST):
            ask.read()
        assert ask.read().ok


@pytest.mark.parametrize("platform", PLATFORMS)
def test_half_an_answer(platform: str) -> None:
    """The length is right and the text is not whole."""
    with asking(platform) as ask:
        whole = ask.read().content
        ask.lab.trouble("half")
        assert ask.read().content == whole[: len(whole) // 2]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("kind", "start"), [("html", "<!DOCTYPE html>"), ("empty", "")])
def test_garbage_has_status_200(platform: str, kind: str, start: str) -> None:
    """Another server's page, or nothing, with 200; the change was not made."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.trouble(kind, lambda request: request.mutates)
        found = ask.change()
        assert (found.status_code, found.text[: len("<!DOCTYPE html>")]) == (200, start)
        assert ask.forwards() is before


def test_a_slow_answer_is_a_good_one() -> None:
    """Slowness alone refuses nothing."""
    with asking("azure") as ask:
        ask.lab.trouble("slow", seconds=0.2)
        start = time.perf_counter()
        assert ask.read().ok
        assert time.perf_counter() - start >= 0.2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_credentials_expire_half_way(platform: str) -> None:
    """From a request on, all are refused."""
    with asking(platform) as ask:
        ask.lab.trouble("expired credentials", skip=2, times=None)
        assert [ask.read().ok for _ in range(5)] == [True, True, False, False, False]


def test_the_sdks_know_the_trouble() -> None:
    """Each SDK reads the refusal as the error that its cloud means."""
    with Lab(world("gce-small")) as lab:
        lab.trouble("throttled", times=None)
        with pytest.raises(Forbidden, match="Quota exceeded") as google:
            sdk(lab, "RoutesClient").get(project=PROJECT, route="x")
        assert google.value.errors[0]["reason"] == "rateLimitExceeded"
    with Lab(world("aws-small")) as lab:
        lab.trouble("throttled", times=None)
        with pytest.raises(ClientError, match="RequestLimitExceeded"):
            client(lab).describe_vpcs()
    with Lab(world("azure-small")) as lab:
        lab.trouble("throttled", times=None)
        with pytest.raises(HttpResponseError, match="TooManyRequests") as arm:
            network(lab).route_tables.get("x", "y")
        assert arm.value.status_code == 429
        assert "Retry-After" in getattr(arm.value.response, "headers", {})


def test_kubernetes_has_trouble_of_its_own() -> None:
    """The service is chosen by name; on bare metal there is no other."""
    with Lab(world("bare-metal-small")) as lab:
        lab.trouble("throttled", service="kubernetes")
        lab.trouble("unavailable")
        assert [fault.status for fault in lab.kubernetes.faults._faults] == [429, 503]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_only_later_pages_expire(platform: str) -> None:
    """An expired token is met by who asks for a later page, not by who reads anew."""
    tokens = {"gce": ("pageToken", "eA=="), "aws": ("NextToken", "eA=="), "azure": ("$skiptoken", "ZnJvbSAx")}
    with asking(platform) as ask:
        fault = ask.lab.trouble("expired page")
        assert ask.list().ok
        name, token = tokens[platform]
        refused = ask.list(**{name: token})
        assert (refused.status_code, fault.message in refused.text) == (400, True)


def test_unknown_trouble_is_named() -> None:
    """What a cloud cannot say is refused, with what it can."""
    with Lab(world("aws-small")) as lab, pytest.raises(LabError, match="aws has no trouble 'stale'"):
        lab.trouble("stale")


def test_a_gce_operation_can_fail() -> None:
    """The change is accepted, its operation ends in an error, and nothing was done."""
    with asking("gce") as ask:
        before = ask.forwards()
        ask.lab.gce.fail_operations("instances/", code="RESOURCE_OPERATION_RATE_EXCEEDED", message="Not now.")
        started = ask.change().json()
        name, base = started["name"], f"{ask.lab.endpoint}/compute/v1/projects/{PROJECT}/zones/{ZONE}"
        ended = ask.session.get(f"{base}/operations/{name}", timeout=5).json()
        assert ended["error"]["errors"] == [{"code": "RESOURCE_OPERATION_RATE_EXCEEDED", "message": "Not now."}]
        assert ask.forwards() is before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_world_changes_behind_a_clients_back(platform: str) -> None:
    """A fault may do something first: here a colleague turns forwarding round before the second read."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.cloud.faults.add(("", ""), status=0, skip=1, do=ask.change)
        assert [ask.forwards() for _ in range(3)] == [before, not before, not before]
