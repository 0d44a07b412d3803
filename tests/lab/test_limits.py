"""Published limits, the lab's clock, and latencies."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError

from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.clock import Clock
from l2bridge_helpers.lab.limits import ARM, EC2, GCE
from l2bridge_helpers.lab.throttle import Bucket, Throttle, Window

from .ask import PLATFORMS, Ask, asking
from .clients import PROJECT, ZONE
from .test_aws_api import client


class Hand:
    """A clock that is moved by hand."""

    def __init__(self, lab: Lab | None = None) -> None:
        """Start at noon of some day; be the clock of this lab's limits."""
        self.time = 43_200.0
        if lab:
            lab.limit()
            lab.cloud.throttle.clock = self.now

    def now(self) -> float:
        """Return the time."""
        return self.time


def _granted(ask: Ask, count: int) -> list[requests.Response]:
    """Send changes; return what was answered."""
    return [ask.change() for _ in range(count)]


def test_a_bucket_refills_while_time_passes() -> None:
    """So many at once, then so many a second, never more than it holds."""
    clock = Hand()
    throttle = Throttle({"writes": Bucket(2, 0.5)}, clock.now)
    assert [throttle.take("writes") for _ in range(3)] == [0.0, 0.0, 2.0]
    clock.time += 1.5
    assert throttle.take("writes") == 0.5
    clock.time += 0.5
    assert [throttle.take("writes") for _ in range(2)] == [0.0, 2.0]
    clock.time += 1000
    assert throttle.left("writes") == 2


def test_windows_are_those_of_the_clock_or_begin_with_a_request() -> None:
    """An aligned window ends with the minute of the clock, another one so long after its first request."""
    clock = Hand()
    clock.time += 45
    throttle = Throttle({"aligned": Window(1), "other": Window(1, aligned=False)}, clock.now)
    assert [throttle.take(name) for name in ("aligned", "other")] == [0.0, 0.0]
    assert [throttle.take(name) for name in ("aligned", "other")] == [15.0, 60.0]
    clock.time += 15
    assert [throttle.take(name) for name in ("aligned", "other")] == [0.0, 45.0]


def test_minutes_may_begin_with_the_limit() -> None:
    """Two runs see the same windows when these begin with the run."""
    clock = Hand()
    clock.time += 45
    throttle = Throttle({"list": Window(1)}, clock.now, origin=clock.time)
    assert [throttle.take("list") for _ in range(2)] == [0.0, 60.0]


def test_a_lab_can_begin_its_minute_with_the_limit() -> None:
    """`from_now`: the first window is a whole one, at whatever second of the minute."""
    with Lab(world("gce-small")) as lab:
        lab.limit(from_now=True)
        lab.gce.throttle.limits = {"list": 1}
        assert lab.gce.throttle.take("list") == 0.0
        assert 55.0 < lab.gce.throttle.take("list") <= 60.0


def test_limits_are_off_until_they_are_asked_for() -> None:
    """Practising is not throttled; `limit` throttles as the cloud does."""
    with asking("aws") as ask:
        assert all(answer.ok for answer in _granted(ask, 110))
        Hand(ask.lab)
        answers = _granted(ask, 101)
    assert [answer.status_code for answer in answers[99:]] == [200, 503]
    assert "<Code>RequestLimitExceeded</Code>" in answers[-1].text


@pytest.mark.parametrize(
    ("method", "arguments", "most"),
    [
        ("modify_network_interface_attribute", {"NetworkInterfaceId": "eni-00000000"}, 100),
        ("create_route", {"RouteTableId": "rtb-00000000", "DestinationCidrBlock": "10.9.0.0/24"}, 50),
        ("create_tags", {"Resources": ["i-00000000"], "Tags": []}, 100),
    ],
)
def test_each_action_of_ec2_has_its_own_bucket(method: str, arguments: dict[str, object], most: int) -> None:
    """The SDK meets RequestLimitExceeded when one action's bucket is empty; other actions go on."""
    with Lab(world("aws-small")) as lab:
        Hand(lab)
        ec2 = client(lab)
        codes = [_code(getattr(ec2, method), arguments) for _ in range(most + 1)]
        assert "RequestLimitExceeded" not in codes[:-1]
        assert codes[-1] == "RequestLimitExceeded"
        assert ec2.describe_vpcs()["Vpcs"]


def _code(call: Callable[..., object], arguments: dict[str, object]) -> str:
    try:
        call(**arguments)
    except ClientError as err:
        return str(err.response["Error"]["Code"])
    return ""


def test_reads_of_everything_have_a_smaller_bucket() -> None:
    """Without a filter and without pages, four actions of EC2 are granted half as often."""
    with Lab(world("aws-small")) as lab:
        clock = Hand(lab)
        ec2 = client(lab)
        whole = [_code(ec2.describe_instances, {}) for _ in range(51)]
        paged = [_code(ec2.describe_instances, {"MaxResults": 100}) for _ in range(101)]
        other = [_code(ec2.describe_subnets, {}) for _ in range(101)]
        clock.time += 1
        again = [_code(ec2.describe_instances, {}) for _ in range(11)]
    assert (whole[49], whole[50]) == ("", "RequestLimitExceeded")
    assert (paged[99], paged[100]) == ("", "RequestLimitExceeded")
    assert (other[99], other[100]) == ("", "RequestLimitExceeded")
    assert (again[9], again[10]) == ("", "RequestLimitExceeded")


def test_arm_counts_reads_writes_and_deletes_and_says_what_is_left() -> None:
    """Every answer tells how many more of its kind are granted; over it is 429 with how long to wait."""
    with asking("azure") as ask:
        clock = Hand(ask.lab)
        answers = _granted(ask, 201)
        read = ask.read()
        left = [answer.headers["x-ms-ratelimit-remaining-subscription-writes"] for answer in answers]
        assert (left[0], left[199], left[200]) == ("199", "0", "0")
        assert (answers[199].ok, answers[200].status_code) == (True, 429)
        assert answers[200].json()["error"]["code"] == "TooManyRequests"
        assert answers[200].headers["Retry-After"] == "1"
        assert read.headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"
        clock.time += 1
        assert sum(answer.ok for answer in _granted(ask, 12)) == 10


def test_the_network_service_counts_beside_arm() -> None:
    """A thousand writes in five minutes, however slowly they come."""
    with asking("azure") as ask:
        clock = Hand(ask.lab)
        ask.lab.azure.throttle.limits = {**ARM, "network writes": Window(5, 300.0, aligned=False)}
        answers = []
        for _ in range(6):
            clock.time += 10
            answers.append(ask.change())
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].headers["Retry-After"] == "250"
        clock.time += 250
        assert ask.change().ok


@pytest.mark.parametrize(
    ("path", "group", "key"),
    [
        ("global/routes", "list", ""),
        ("global/operations", "list", ""),
        ("global/routes/r1", "get", ""),
        ("global/operations/operation-1", "operation_read", ""),
        ("aggregated/instances", "heavy_read", ""),
        ("aggregated/operations", "heavy_read", ""),
        (f"zones/{ZONE}/instances", "list_per_region", "europe-west1"),
        (f"zones/{ZONE}/instances/node-1", "get_per_region", "europe-west1"),
        (f"zones/{ZONE}/operations", "list_per_region", "europe-west1"),
        (f"zones/{ZONE}/operations/operation-1", "operation_read_per_region", "europe-west1"),
        ("regions/europe-west1/subnetworks", "list_per_region", "europe-west1"),
    ],
)
def test_gce_counts_each_group_of_methods_apart(path: str, group: str, key: str) -> None:
    """Global methods, and those of a region and its zones; reads, lists, heavy reads and reads of operations."""
    with asking("gce") as ask:
        Hand(ask.lab)
        ask.session.get(f"{ask.lab.endpoint}/compute/v1/projects/{PROJECT}/{path}", timeout=5)
        used = {at for at, meter in ask.lab.gce.throttle._meters.items() if meter.used}
    assert used == {(group, key)}


def test_changes_of_instances_count_in_their_region() -> None:
    """1,500 a minute of the clock; a change of a global resource counts apart."""
    with asking("gce") as ask:
        clock = Hand(ask.lab)
        ask.lab.gce.throttle.limits = {**GCE, "mutate_per_region": Window(2)}
        assert [answer.status_code for answer in _granted(ask, 3)] == [200, 200, 403]
        clock.time += 60
        assert ask.change().ok


def test_a_faster_clock_scales_everything() -> None:
    """Latencies, operations and buckets all go by the lab's clock."""
    with asking("gce") as ask:
        ask.lab.clock.speed = 100
        ask.lab.gce.latency, ask.lab.gce.operation_seconds = 5.0, 10.0
        start = time.perf_counter()
        operation = ask.change().json()
        path = operation["selfLink"].removeprefix("https://www.googleapis.com")
        ask.session.post(f"{ask.lab.endpoint}{path}/wait", timeout=9)
        seconds = time.perf_counter() - start
    assert 0.15 <= seconds < 10


def test_waits_that_are_told_fit_the_clock() -> None:
    """`Retry-After` is in real seconds: a client waits those; a bucket fills as fast as the clock runs."""
    clock = Clock()
    assert clock.retry_after(1.2) == "2"
    clock.speed = 50
    assert clock.retry_after(10) == "0.200"
    throttle = Throttle({"writes": Bucket(1, 1)}, clock.now)
    assert throttle.take("writes") == 0.0
    time.sleep(0.03)
    assert throttle.take("writes") == 0.0


def test_a_clock_that_changes_its_speed_does_not_jump() -> None:
    """Time goes on from where it was."""
    clock = Clock()
    before = clock.now()
    clock.speed = 1000
    assert 0 <= clock.now() - before < 60


@pytest.mark.parametrize("platform", PLATFORMS)
def test_reads_and_changes_have_latencies_of_their_own(platform: str) -> None:
    """Both come on top of the latency that all answers have."""
    with asking(platform) as ask:
        hooks = ask.lab.cloud
        ask.read()
        hooks.latency, hooks.read_latency, hooks.write_latency = 0.05, 0.05, 1.5
        assert 0.1 <= _seconds(ask.read) < 1.5
        assert _seconds(ask.change) >= 1.55


def _seconds(call: Callable[[], requests.Response]) -> float:
    start = time.perf_counter()
    assert call().ok
    return time.perf_counter() - start


@pytest.mark.parametrize("platform", PLATFORMS)
def test_requests_are_served_at_the_same_time(platform: str) -> None:
    """Thirty requests take as long as one where each takes a while."""
    with asking(platform) as ask, ThreadPoolExecutor(30) as pool:
        ask.lab.cloud.latency = 1.0
        start = time.perf_counter()
        assert all(answer.ok for answer in pool.map(lambda _: ask.read(), range(30)))
        assert time.perf_counter() - start < 15


def test_the_tables_hold_what_is_published() -> None:
    """As of November 2026; who changes a number says so here."""
    assert EC2["ModifyNetworkInterfaceAttribute"] == Bucket(100, 5)
    assert {GCE[group] for group in ("mutate", "get", "list", "operation_read")} == {Window(1500)}
    assert (ARM["reads"], ARM["writes"], ARM["deletes"]) == (Bucket(250, 25), Bucket(200, 10), Bucket(200, 10))
