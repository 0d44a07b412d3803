"""What is under way is waited for with few requests, and its failures are kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from l2bridge_helpers.clouds.watcher import Calm, Rhythm, Watcher
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.lab import Lab, world
from tests.runs import Run, errors_of


@pytest.fixture
def gce() -> Iterator[Lab]:
    with Lab(world("gce-60")) as lab:
        lab.gce.operation_seconds = 0.5
        yield lab


@pytest.fixture
def azure() -> Iterator[Lab]:
    with Lab(world("azure-60")) as lab:
        lab.azure.operation_seconds = 0.5
        yield lab


def _kinds(lab: Lab, since: int) -> Counter[str]:
    cloud = [request for request in lab.requests[since:] if request.server != "kubernetes"]
    return Counter("write" if request.mutates else "read" for request in cloud)


def test_compute_engine_needs_one_request_for_a_change_and_a_few_for_all_operations(gce: Lab) -> None:
    """No read before a write, no wait for each operation."""
    run = Run(gce, {})
    since = len(gce.requests)
    assert run.apply().failed == ()
    kinds = _kinds(gce, since)
    assert kinds["write"] == len(run.changes.writes)
    assert kinds["read"] <= 14


def test_azure_needs_one_request_for_an_interface(azure: Lab) -> None:
    """No poll and no last read for each; the table, the subnet and what is under way take a few."""
    run = Run(azure, {"effective_routes": "none"})
    since = len(azure.requests)
    assert run.apply().failed == ()
    kinds = _kinds(azure, since)
    assert kinds["write"] == len({change.resource for change in run.changes.writes if change.kind == "forwarding"}) + 2
    assert kinds["read"] <= 14


def test_an_operation_of_compute_engine_that_fails_is_a_failure(gce: Lab) -> None:
    """Also when it is seen in a list, beside others that did not."""
    gce.gce.fail_operations("/instances/node-7$")
    results = Run(gce, {}).apply()
    assert len(errors_of(results)) == 1
    assert results.applied == len(list(results)) - 2


def test_who_may_not_list_operations_waits_for_each(gce: Lab) -> None:
    """The permission is not asked for before; nothing else is lost with it."""
    gce.gce.denied_permissions.add("compute.globalOperations.list")
    assert Run(gce, {}).apply().failed == ()


def test_an_interface_that_azure_fails_to_write_is_a_failure_with_its_reason(azure: Lab) -> None:
    """The interface shows that it has failed, its operation tells why."""
    azure.azure.failures.add(("PUT", "networkInterfaces/node-7-nic"), reason="NicUpdateFailed", message="no luck today")
    assert ["no luck today" in error for error in errors_of(Run(azure, {}).apply())] == [True]


def test_an_instance_that_changed_since_it_was_read_is_read_again(gce: Lab) -> None:
    """The fingerprint decides: somebody's label survives."""
    run = Run(gce, {})
    node = next(one for one in gce.world.cloud("instances") if one["name"] == "node-7")
    node |= {"labels": {"owner": "someone-else"}, "fingerprint": "b3RoZXI="}
    assert run.apply().failed == ()
    assert (node["canIpForward"], node["labels"]) == (True, {"owner": "someone-else"})


class Service:
    """Operations that take so many seconds; counts who asks."""

    def __init__(self, seconds: float) -> None:
        """Know nothing yet."""
        self.seconds = seconds
        self.started: dict[str, float] = {}
        self.looks: list[int] = []
        self.asked: list[str] = []
        self.hidden: set[str] = set()

    def start(self, key: str) -> str:
        """Begin an operation."""
        self.started[key] = time.monotonic()
        return key

    def look(self, keys: Collection[str]) -> dict[str, str | None]:
        """List those that are not hidden."""
        self.looks.append(len(keys))
        return {key: self._state(key) for key in keys if key not in self.hidden}

    def ask(self, key: str) -> str | None:
        """Wait for one."""
        self.asked.append(key)
        time.sleep(max(0.0, self.started[key] + self.seconds - time.monotonic()))
        return self._state(key)

    def _state(self, key: str) -> str | None:
        return key if time.monotonic() - self.started[key] >= self.seconds else None


def _wait_for(service: Service, watcher: Watcher[str], count: int) -> list[str]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda number: watcher.wait(service.start(str(number))), range(count)))


def test_one_thread_looks_for_all() -> None:
    """A hundred operations of half a second: a handful of looks, each thread gets its own answer."""
    service = Service(0.5)
    watcher = Watcher(service.look, service.ask, seconds=30)
    assert _wait_for(service, watcher, 100) == [str(number) for number in range(100)]
    assert len(service.looks) + len(service.asked) <= 10
    assert watcher.typical == pytest.approx(0.5, abs=0.4)


def test_a_lone_operation_is_asked_for_by_itself() -> None:
    """Nobody else is under way: one request, which may wait."""
    service = Service(0.2)
    assert _wait_for(service, Watcher(service.look, service.ask, seconds=30), 1) == ["0"]
    assert (service.looks, service.asked) == ([], ["0"])


def test_an_operation_that_the_list_does_not_show_is_asked_for() -> None:
    """The others do not wait for it."""
    service = Service(0.1)
    service.hidden.add("3")
    assert _wait_for(service, Watcher(service.look, service.ask, seconds=30), 8) == [str(n) for n in range(8)]
    assert "3" in service.asked


def test_an_operation_that_never_ends_is_given_up() -> None:
    """The error names it and the time; others were served."""
    service = Service(0.1)
    watcher = Watcher(dict.fromkeys, lambda _: None, seconds=0.5)
    with pytest.raises(CloudError, match="operation never is still running"):
        watcher.wait(service.start("never"))


def test_a_look_that_fails_concerns_who_looked() -> None:
    """The next thread looks on; nobody waits for ever."""
    service, fail = Service(0.2), threading.Event()

    def look(keys: Collection[str]) -> dict[str, str | None]:
        if not fail.is_set():
            fail.set()
            raise CloudError("no luck")
        return service.look(keys)

    watcher = Watcher(look, service.ask, seconds=30)
    with ThreadPoolExecutor(10) as pool:
        futures = [pool.submit(lambda key: watcher.wait(service.start(key)), str(n)) for n in range(10)]
        errors = [future.exception(timeout=10) for future in futures]
    assert [str(error) for error in errors if error] == ["no luck"]


def test_looks_are_rarer_the_more_there_were() -> None:
    """Three and a few in a hundred operations, then the pauses grow."""
    rhythm = Rhythm()
    rhythm.looked([1.0])
    early = rhythm.pause(0.0, 100.0)
    for _ in range(20):
        rhythm.looked([1.0])
    assert rhythm.pause(0.0, 100.0) > 3 * early


def test_nothing_is_looked_for_before_it_can_have_ended() -> None:
    """The oldest has just begun, and operations take ten seconds here."""
    rhythm = Rhythm()
    rhythm.looked([10.0])
    assert rhythm.pause(100.0, 100.0) == pytest.approx(9.5)


def test_there_is_no_hurry_while_writes_wait_for_their_turn() -> None:
    """Unless lanes run out, or it lasts too long."""
    start = time.monotonic()
    Calm(lambda: False, 20, 5).wait(lambda: 1)
    Calm(lambda: True, 20, 5, time.monotonic()).wait(lambda: 5)
    assert time.monotonic() - start < 0.05
    Calm(lambda: True, 0.3, 5, time.monotonic()).wait(lambda: 1)
    assert time.monotonic() - start >= 0.3
