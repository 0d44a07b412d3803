"""The lock, against the lab: real requests, real processes, and clocks that pass in seconds."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2bridge_helpers import lease as lease_module
from l2bridge_helpers.errors import LockError
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lease import Lease
from l2bridge_helpers.lease_record import LABEL, PROCESS, micro_time

Json = dict[str, Any]
PLACE = ("kube-system", "l2bridge")
PATH = "/leases"


def make(lab: Lab, holder: str = "me@here/1/run", **options: Any) -> Lease:
    """Return a Lease on the lab that says nothing."""
    return Lease(
        Kube(str(lab.kubeconfig)),
        **{"namespace": "kube-system", "holder": holder, "timeout": 0.0, "tell": lambda _: None, **options},
    )


def kept(lab: Lab) -> Json:
    """Return the Lease as the API keeps it."""
    return lab.kubernetes.leases[PLACE]


def holder(lab: Lab) -> str:
    return str(kept(lab)["spec"].get("holderIdentity", ""))


def put(lab: Lab, *, label: str = "l2bridge", process: str = "", **spec: Any) -> None:
    """Let the API have a Lease that somebody else has written, just now unless it says when."""
    made = micro_time(datetime.now(UTC))
    times = {"acquireTime": made, "renewTime": made}
    metadata = {
        "name": "l2bridge",
        "namespace": "kube-system",
        "uid": "u-1",
        "creationTimestamp": "2026-10-01T15:05:00Z",
        "labels": {LABEL: label},
        "annotations": {PROCESS: process},
        "resourceVersion": lab.kubernetes.next_version(),
    }
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    lab.kubernetes.leases[PLACE] = body | {"spec": {"leaseDurationSeconds": 30, **times, **spec}}


def writes(lab: Lab) -> list[tuple[str, int]]:
    return [(request.method, request.status) for request in lab.writes]


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


# Taking it, and giving it back.


def test_the_lease_is_held_while_the_block_runs(lab: Lab) -> None:
    """With holder, duration, times, label and process; afterwards nobody holds it, and it is still there."""
    lease = make(lab)
    assert "not held" in lease.problem()
    with lease:
        assert lease.problem() == ""
        spec = kept(lab)["spec"]
        assert spec["holderIdentity"] == lease.identity
        assert lease.identity.startswith("me@here/1/run/")
        assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (30, 1)
        assert kept(lab)["metadata"]["labels"] == {LABEL: "l2bridge"}
        assert f"/{os.getpid()}/" in kept(lab)["metadata"]["annotations"][PROCESS]
    assert holder(lab) == ""
    assert "not held any more" in lease.problem()
    assert writes(lab) == [("POST", 201), ("PUT", 200)]


def test_who_comes_next_need_not_wait(lab: Lab) -> None:
    """What was released is taken at once, and counted; the same object may be used again."""
    lease = make(lab)
    for number in (1, 2, 3):
        with lease:
            assert kept(lab)["spec"]["leaseTransitions"] == number


def test_it_is_renewed(lab: Lab) -> None:
    """The version goes on, the holder stays, and it is still ours long after its duration."""
    with make(lab, duration=1) as lease:
        first = kept(lab)["metadata"]["resourceVersion"]
        for _ in range(20):
            time.sleep(0.1)
            assert lease.problem() == ""
        assert int(kept(lab)["metadata"]["resourceVersion"]) >= int(first) + 3
        assert holder(lab) == lease.identity


def test_what_others_have_written_into_it_stays(lab: Lab) -> None:
    """Labels, annotations and fields of the spec that are not ours are carried back."""
    put(lab, holderIdentity="", strategy="OldestEmulationVersion", preferredHolder="you")
    kept(lab)["metadata"]["labels"]["team"] = "net"
    with make(lab):
        assert kept(lab)["metadata"]["labels"]["team"] == "net"
        assert (kept(lab)["spec"]["strategy"], kept(lab)["spec"]["preferredHolder"]) == (
            "OldestEmulationVersion",
            "you",
        )


def test_a_second_run_is_told_who_holds_it(lab: Lab) -> None:
    """While it waits once, at the end in the error: who, since when, how long it has waited, what to do."""
    told: list[str] = []
    with make(lab, "ann@desk/7/run-a") as first, pytest.raises(LockError) as caught:
        make(lab, timeout=1.0, tell=told.append).__enter__()
    assert len(told) == 1
    assert f"is held by {first.identity} since 20" in told[0]
    assert "waiting up to 1 s" in told[0]
    assert re.search(rf"{first.identity} since 20.* UTC .*waited 1 s for it.*run again", str(caught.value))


def test_a_second_run_goes_on_when_the_first_is_done(lab: Lab) -> None:
    """It waits for as long as it is told to."""
    put(lab, holderIdentity="first")
    threading.Timer(0.5, put, (lab,), {"holderIdentity": ""}).start()
    with make(lab, timeout=20.0) as second:
        assert holder(lab) == second.identity


def test_the_same_lease_is_not_taken_twice(lab: Lab) -> None:
    """The inner block would give back what the outer one holds."""
    with make(lab) as lease:
        with pytest.raises(LockError, match="this very run"):
            lease.__enter__()
        assert lease.problem() == ""


def test_equal_names_do_not_make_one_holder(lab: Lab) -> None:
    """Two runs that give the same name for themselves are two."""
    with make(lab, "same"), pytest.raises(LockError, match="is held by same/"):
        make(lab, "same").__enter__()


def test_names_from_outside_cannot_forge_lines(lab: Lab) -> None:
    """Control characters of a holder's name are written out."""
    put(lab, holderIdentity="evil\n\x1b[2Jall done")
    told: list[str] = []
    with pytest.raises(LockError, match=r"evil\\n\\x1b"):
        make(lab, tell=told.append, timeout=0.3).__enter__()
    assert told
    assert "\n" not in told[0]


# Who is dead.


def test_a_holder_that_shows_no_sign_of_life_is_followed_after_the_duration(lab: Lab) -> None:
    """Its own duration, by our clock, from when we saw it first: not sooner, and not much later."""
    put(lab, holderIdentity="you", leaseDurationSeconds=2)
    lease = make(lab, timeout=20.0)
    start = time.monotonic()
    with lease:
        assert 2.0 <= time.monotonic() - start < 6.0


def test_the_time_since_the_version_was_read_counts(lab: Lab) -> None:
    """Nobody waits again for what was watched already."""
    put(lab, holderIdentity="you", leaseDurationSeconds=1)
    lease = make(lab)
    lease.version()
    time.sleep(1.1)
    with lease:
        assert holder(lab) == lease.identity


def test_a_holder_that_renews_is_not_followed(lab: Lab) -> None:
    """However long it takes, and however far its clock is off."""
    lease = make(lab, timeout=2.5)
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(0.2):
            put(lab, holderIdentity="you", leaseDurationSeconds=1, renewTime="2026-01-01T00:00:00.000000Z")

    put(lab, holderIdentity="you", leaseDurationSeconds=1, renewTime=micro_time(datetime.now(UTC)))
    thread = threading.Thread(target=renew)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("l2bridge_helpers.lease_record._STALE_AT_LEAST", timedelta(days=9999))
        thread.start()
        with pytest.raises(LockError):
            lease.__enter__()
    stop.set()
    thread.join()
    assert holder(lab) == "you"


def test_nobody_waits_for_what_crashed_yesterday(lab: Lab) -> None:
    """A renewal far in the past, by the API server's own clock, says that the holder is dead."""
    put(lab, holderIdentity="you", renewTime=micro_time(datetime.now(UTC) - timedelta(days=1)))
    with make(lab) as lease:
        assert holder(lab) == lease.identity


@pytest.mark.parametrize("minutes", [-4, 60 * 24])
def test_a_clock_that_is_a_little_off_kills_nobody(lab: Lab, minutes: int) -> None:
    """Less than ten durations ago, or in the future: it is waited for."""
    put(lab, holderIdentity="you", renewTime=micro_time(datetime.now(UTC) + timedelta(minutes=minutes)))
    with pytest.raises(LockError):
        make(lab).__enter__()


def test_times_are_the_api_servers(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own clock may be off by an hour: nobody takes us for dead."""
    later = datetime.now(UTC) + timedelta(hours=1)
    date = later.strftime("%a, %d %b %Y %H:%M:%S GMT")
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: date)
    with make(lab):
        written = datetime.fromisoformat(kept(lab)["spec"]["renewTime"])
        assert abs(written - later) < timedelta(seconds=5)
        with pytest.raises(LockError):
            make(lab).__enter__()


HOLD = """
import sys, time
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.lease import Lease
with Lease(Kube(sys.argv[1]), namespace="kube-system", holder="child", timeout=20, duration=int(sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def child(lab: Lab, duration: int = 30) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the Lease."""
    command = [sys.executable, "-c", HOLD, str(lab.kubeconfig), str(duration)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_run_that_was_killed_here_is_not_waited_for(lab: Lab) -> None:
    """Its process was on this machine and is gone; that it may have changed something is known."""
    with child(lab) as process:
        lease = make(lab)
        version = lease.version()
        with pytest.raises(LockError, match="is held by child/"):
            lease.__enter__()
        process.kill()
        process.wait()
        start = time.monotonic()
        with lease:
            assert time.monotonic() - start < 5
            assert lease.changed_since(version)


def test_a_run_that_was_killed_elsewhere_is_waited_for(lab: Lab) -> None:
    """The same process number on another machine says nothing: it is followed when the duration is over."""
    with child(lab, duration=2) as process:
        process.kill()
        process.wait()
        mark = kept(lab)["metadata"]["annotations"][PROCESS]
        kept(lab)["metadata"]["annotations"][PROCESS] = f"0{mark}"
        lease = make(lab, timeout=20.0)
        start = time.monotonic()
        with lease:
            assert time.monotonic() - start >= 2.0


def test_sigterm_gives_it_back(lab: Lab) -> None:
    """What would end the process at once becomes an interruption, as Ctrl-C is."""
    with child(lab) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) != 0
        assert holder(lab) == ""


def test_sigterm_is_as_before_afterwards(lab: Lab) -> None:
    """And a handler of somebody else is left alone inside, too."""
    with make(lab):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    own = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with make(lab):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, own)


# Lost answers, and an API that is away.


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("trouble", [{"drop": True}, {"status": 500}, {"status": 503}, {"status": 200}], ids=str)
def test_a_write_is_neither_doubled_nor_lost(lab: Lab, method: str, when: Any, trouble: Json) -> None:
    """Whether it was made is read from the Lease: one acquisition, whatever the answer was."""
    if method == "PUT":
        put(lab, holderIdentity="", leaseTransitions=4)
    lab.kubernetes.faults.add((method, PATH), when=when, **trouble)
    with make(lab, timeout=10.0) as lease:
        wait_for(lambda: lease.problem() == "")
        assert kept(lab)["spec"]["leaseTransitions"] == (5 if method == "PUT" else 1)
        assert not lease.changed_since("1000001" if method == "PUT" else "")
    assert holder(lab) == ""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("times", [1, 3])
def test_the_lease_outlives_lost_renewals(lab: Lab, when: Any, times: int) -> None:
    """A few answers that are lost are no reason to stop."""
    with make(lab, duration=3) as lease:
        seen = len(lab.writes)
        lab.kubernetes.faults.add(("PUT", PATH), when=when, drop=True, times=times)
        wait_for(lambda: len(lab.writes) >= seen + times + 2)
        assert lease.problem() == ""


@pytest.mark.parametrize("when", ["before", "after"])
def test_it_is_given_back_although_answers_are_lost(lab: Lab, when: Any) -> None:
    """The release is tried again, after a look; there is nothing to tell."""
    told: list[str] = []
    with make(lab, tell=told.append):
        lab.kubernetes.faults.add(("PUT", PATH), when=when, drop=True, times=2)
    assert holder(lab) == ""
    assert told == []


def test_an_api_that_is_away_is_waited_for(lab: Lab) -> None:
    """And told, once."""
    told: list[str] = []
    lab.kubernetes.faults.add(("GET", PATH), status=503, message="starting up", times=4)
    with make(lab, timeout=20.0, duration=3, tell=told.append) as lease:
        assert lease.problem() == ""
    assert len(told) == 1
    assert "starting up (503)" in told[0]


def test_an_api_that_stays_away_ends_the_wait(lab: Lab) -> None:
    """The error says what is away, and how long that was waited for."""
    lease = make(lab, timeout=1.0)
    lab.close()
    with pytest.raises(LockError, match=r"cannot be taken yet: .*127.0.0.1.* does not answer.*waited 1 s"):
        lease.__enter__()
    with pytest.raises(LockError, match=r"does not answer.*run again"):
        lease.version()


def test_a_release_that_fails_hides_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block's own error is what is raised; that the Lease stays for a while is told."""
    monkeypatch.setattr(lease_module, "_RELEASE_SECONDS", 0.3)
    told: list[str] = []
    lab.kubernetes.faults.add(("PUT", PATH), status=503, message="away", times=None)
    with pytest.raises(ZeroDivisionError), make(lab, tell=told.append):
        raise ZeroDivisionError
    assert len(told) == 1
    assert re.search(r"could not be released \(.*away.*30 s after", told[0])


def test_an_interruption_while_it_is_taken_gives_it_back(lab: Lab) -> None:
    """The write was made and its answer not read: nobody holds the Lease afterwards."""
    lab.kubernetes.faults.add(("POST", PATH), when="after", status=0, seconds=1.5)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        make(lab).__enter__()
    assert holder(lab) == ""


def test_a_renewal_under_way_does_not_take_it_again(lab: Lab) -> None:
    """One that arrives after the release is based on what is no more."""
    lease = make(lab, duration=6)
    with lease:
        lab.kubernetes.faults.add(("PUT", PATH), status=0, seconds=1.8)
        seen = len(lab.requests)
        wait_for(lambda: len(lab.requests) > seen)
    assert holder(lab) == ""
    time.sleep(1.5)
    assert holder(lab) == ""
    assert ("PUT", 409) in writes(lab)
    assert "not held any more" in lease.problem()


# Losing it.


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lab: put(lab, holderIdentity="thief\n\x1b[2J"), r"was taken by thief\n\x1b[2J since"),
        (lambda lab: put(lab, holderIdentity="x" * 99_999), f"was taken by {'x' * 200}… since"),
        (lambda lab: put(lab, holderIdentity=""), "was released by somebody"),
        (lambda lab: lab.kubernetes.leases.clear(), "was deleted by somebody"),
    ],
)
def test_a_lease_that_is_lost_says_so_at_once(lab: Lab, change: Callable[[Lab], None], words: str) -> None:
    """With the next renewal, for good; what others hold is not touched."""
    with make(lab, duration=3) as lease:
        change(lab)
        wait_for(lease.problem, 2.5)
        assert words in lease.problem()
        after = dict(lab.kubernetes.leases)
        time.sleep(1.5)
        assert words in lease.problem()
    assert lab.kubernetes.leases == after


def test_a_lease_that_cannot_be_renewed_says_so_before_others_may_take_it(lab: Lab) -> None:
    """A third of the duration early; when the API is back and nobody has taken it, it is ours again."""
    with make(lab, duration=3) as lease:
        renewed = datetime.fromisoformat(kept(lab)["spec"]["renewTime"])
        start = time.monotonic()
        lab.kubernetes.faults.add(("PUT", PATH), status=503, message="gone to lunch", times=None)
        wait_for(lease.problem)
        assert 1.0 < time.monotonic() - start < 2.6
        assert "could not be renewed in time" in lease.problem()
        assert "gone to lunch" in lease.problem()
        assert datetime.fromisoformat(kept(lab)["spec"]["renewTime"]) == renewed
        lab.kubernetes.faults.clear()
        wait_for(lambda: lease.problem() == "")


def test_a_note_of_somebody_else_does_not_lose_it(lab: Lab) -> None:
    """`kubectl annotate` makes a new version: that is read, and the holder is still ours."""
    with make(lab, duration=2) as lease:
        kept(lab)["metadata"] |= {
            "resourceVersion": lab.kubernetes.next_version(),
            "labels": {LABEL: "l2bridge", "a": "b"},
        }
        time.sleep(2.5)
        assert lease.problem() == ""
        assert kept(lab)["metadata"]["labels"]["a"] == "b"


# Whether somebody was there in between.


def test_nobody_in_between(lab: Lab) -> None:
    """Neither without a Lease nor with one that was released before."""
    lease = make(lab)
    for expected in ("", "1000002"):
        version = lease.version()
        assert version == expected
        with lease:
            assert not lease.changed_since(version)


def test_somebody_in_between(lab: Lab) -> None:
    """Who took and released it in between has changed something; who had it at the time, too."""
    lease, other = make(lab), make(lab, "other")
    version = lease.version()
    with other:
        held = lease.version()
    with lease:
        assert lease.changed_since(version)
        assert lease.changed_since(held)


def test_who_held_it_at_the_time_and_died_counts(lab: Lab) -> None:
    """The version is the same, and yet it may have written after we have read."""
    put(lab, holderIdentity="you", leaseDurationSeconds=1)
    lease = make(lab, timeout=10.0)
    version = lease.version()
    with lease:
        assert lease.changed_since(version)


# What is refused.


@pytest.mark.parametrize("verb", ["get", "create", "update"])
def test_missing_permission_is_named_with_what_to_apply(lab: Lab, verb: str) -> None:
    """The API's words, the verbs, the namespace, and a Role that is valid YAML and grants them."""
    import yaml

    if verb == "update":
        put(lab, holderIdentity="")
    lab.kubernetes.denied = {(verb, "leases")}
    with pytest.raises(LockError) as caught:
        make(lab).__enter__()
    text = str(caught.value)
    assert f'cannot {verb} resource "leases"' in text
    assert "get, create and update on leases.coordination.k8s.io in namespace 'kube-system'" in text
    role = yaml.safe_load(text[text.index("{apiVersion") :])
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "kube-system")
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "create", "update"}


def test_a_missing_namespace_is_named(lab: Lab) -> None:
    """The API's words, and what to do."""
    with pytest.raises(LockError, match='namespaces "nope" not found; parameter lease_namespace'):
        make(lab, namespace="nope").__enter__()


def test_expired_credentials_are_named(lab: Lab) -> None:
    """It is not taken for a Lease that is not there, nor tried again and again."""
    lab.kubernetes.faults.add(("GET", PATH), status=401, message="Unauthorized", times=None)
    lease = make(lab, timeout=30.0)
    with pytest.raises(LockError, match="sign in again"):
        lease.__enter__()
    with pytest.raises(LockError, match="sign in again"):
        lease.version()


@pytest.mark.parametrize("owner", ["", "someone"])
def test_a_lease_of_somebody_else_is_not_overwritten(lab: Lab, owner: str) -> None:
    """Even when nobody holds it: it has another label, or none."""
    put(lab, label=owner, holderIdentity="")
    with pytest.raises(LockError, match="was not made by l2bridge"):
        make(lab).__enter__()
    assert lab.writes == []


SIMPLE = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
ANYTHING: st.SearchStrategy[Any] = SIMPLE | st.lists(SIMPLE, max_size=2)
FIELDS = ("holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions")
SPEC = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ANYTHING))


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with Lab(world("gce-small")) as lab:
        yield lab


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=st.none() | ANYTHING | SPEC, annotations=st.none() | ANYTHING | st.dictionaries(st.just(PROCESS), ANYTHING))
def test_garbage_in_the_object_is_no_traceback(shared: Lab, spec: Any, annotations: Any) -> None:
    """Whatever is in it: it is free and is taken, or somebody is said to hold it."""
    put(shared, holderIdentity="")
    body = kept(shared)
    body["spec"] = spec
    body["metadata"]["annotations"] = annotations
    lease = make(shared)
    named = isinstance(spec, dict) and spec.get("holderIdentity") not in (None, "")
    try:
        with lease:
            assert holder(shared) == lease.identity
            assert not named
    except LockError as err:
        assert named or "cannot be taken" in str(err)  # noqa: PT017 - either is right


# Two at once.


class Detector:
    """Notices when a Lease is surely its holder's while it is somebody else's, too, however slow this machine is."""

    def __init__(self) -> None:
        """Nobody is inside."""
        self._lock = threading.Lock()
        self._inside: list[Lease] = []
        self.entered = 0
        self.violations = 0

    def work(self, lease: Lease, rng: random.Random, *, times: int = 5) -> None:
        """Do something that takes a while, as long as the Lease is ours."""
        for _ in range(rng.randint(1, times)):
            with self._lock:
                if lease.problem():
                    return
                self.entered += 1
                self.violations += any(not other.problem() for other in self._inside)
                self._inside.append(lease)
            time.sleep(rng.uniform(0.0, 0.1))
            with self._lock:
                self._inside.remove(lease)


def crash(lease: Lease) -> None:
    """Show no sign of life any more, as after kill -9 on another machine."""
    lease._over.set()
    thread = lease._thread
    if thread:
        thread.join()


@pytest.mark.parametrize("seed", range(2))
def test_there_are_never_two_holders(lab: Lab, seed: int) -> None:
    """Six runs race for it, some crash, and the API fails now and then: one is inside, or none."""
    detector, master = Detector(), random.Random(seed)  # noqa: S311 - no secret
    stop = time.monotonic() + 5

    def run(number: int) -> None:
        rng = random.Random(seed * 100 + number)  # noqa: S311 - no secret
        while time.monotonic() < stop:
            lease = make(lab, f"run-{number}", timeout=2.5, duration=1)
            with contextlib.suppress(LockError):
                lease.__enter__()
                detector.work(lease, rng)
                if rng.random() < 0.3:
                    crash(lease)
                    detector.work(lease, rng, times=40)  # it does not know that it shows no sign of life
                else:
                    lease.__exit__(None, None, None)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    while time.monotonic() < stop:
        trouble: Json = master.choice([{"drop": True}, {"status": 503}, {"status": 0, "seconds": 0.3}, {"status": 409}])
        when: Any = master.choice(["before", "after"])
        lab.kubernetes.faults.add((master.choice(["GET", "PUT", "POST"]), PATH), when=when, **trouble)
        time.sleep(master.uniform(0.01, 0.2))
    for thread in threads:
        thread.join()
    assert detector.violations == 0
    assert detector.entered > 5


RACE = """
import os, random, sys, time
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.lease import Lease
kubeconfig, gate, seed = sys.argv[1:]
for _ in range(8):
    with Lease(Kube(kubeconfig), namespace="kube-system", holder=seed, timeout=60, duration=6) as lease:
        os.close(os.open(gate, os.O_CREAT | os.O_EXCL))
        time.sleep(random.Random(seed).uniform(0.0, 0.05))
        os.unlink(gate)
"""


def test_two_processes_take_turns(lab: Lab, tmp_path: Path) -> None:
    """A file that only one can make at a time is the witness; all turns are had."""
    command = [sys.executable, "-c", RACE, str(lab.kubeconfig), str(tmp_path / "gate")]
    children = [subprocess.Popen([*command, str(seed)], stdout=subprocess.DEVNULL) for seed in range(3)]
    assert [one.wait(120) for one in children] == [0, 0, 0]
    assert kept(lab)["spec"]["leaseTransitions"] == 24


def test_of_two_that_make_it_at_once_one_wins(lab: Lab) -> None:
    """Both have seen that there is none; the API makes one."""
    barrier = threading.Barrier(2)
    won: list[str] = []

    class Slow(Lease):
        def _take(self, found: Any) -> None:
            barrier.wait(5)
            super()._take(found)

    def run(name: str) -> None:
        kube = Kube(str(lab.kubeconfig))
        with (
            contextlib.suppress(LockError),
            Slow(kube, namespace="kube-system", holder=name, timeout=0.0, tell=lambda _: None),
        ):
            won.append(name)
            time.sleep(0.5)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert sorted(writes(lab)[:2]) == [("POST", 201), ("POST", 409)]
