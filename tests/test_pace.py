from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.pace import GET, WRITE, Answer, Limits, Pace, StoppedError, seconds_of, steady_clock
from l2bridge_helpers.pace_limits import AWS, AZURE, GCE
from l2bridge_helpers.pace_meters import Bucket, Window

FINE, THROTTLED, OVERLOADED = Answer(), Answer("throttled"), Answer("overloaded")


class Time:
    """A clock that runs only when somebody waits."""

    def __init__(self) -> None:
        """Start somewhere."""
        self.now = 1_793_638_801.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def wait(self, _condition: threading.Condition, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds


def _pace(limits: Limits, share: float = 1.0) -> tuple[Pace, Time]:
    clock = Time()
    return Pace(limits, share=share, now=clock, wait=clock.wait), clock


def _send(pace: Pace, group: str = WRITE, answer: Answer = FINE) -> None:
    pace.end(pace.begin(group), answer)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """The text names the parameter and the value."""
    with pytest.raises(ParameterError, match=f"parameter share: {share!r}"):
        Pace(AWS, share=share)


def test_all_limits_of_a_group_count() -> None:
    """A bucket grants the burst, the window behind it ends it."""
    both = Limits({WRITE: (Bucket("b", 20, 1000), Window("w", 30, 300, aligned=False))})
    pace, clock = _pace(both)
    start = clock.now
    for _ in range(30):
        _send(pace)
    assert clock.now - start < 0.1
    _send(pace)
    assert clock.now - start >= 300


def test_groups_share_the_limits_that_they_have_in_common() -> None:
    """Azure's network service counts deletes and other writes together."""
    pace, clock = _pace(AZURE)
    start = clock.now
    for number in range(1000):
        _send(pace, WRITE if number % 2 else "delete")
    _send(pace)
    assert clock.now - start >= 300


def test_a_refusal_holds_back_its_group_alone() -> None:
    """As long as the service asks; others go on."""
    pace, clock = _pace(GCE)
    _send(pace, answer=Answer("throttled", after=7.0))
    start = clock.now
    _send(pace, GET)
    assert clock.now == start
    _send(pace)
    assert clock.now - start >= 7


def test_counts_tell_what_was_answered() -> None:
    """Attempts, those that were throttled, those that met an overload."""
    pace, _ = _pace(AWS)
    for answer in (FINE, THROTTLED, OVERLOADED, FINE):
        _send(pace, answer=answer)
    assert (pace.counts.requests, pace.counts.throttled, pace.counts.overloaded) == (4, 1, 1)


def test_trouble_halves_what_is_under_way_once_and_it_comes_back() -> None:
    """Ten answers to what was under way are one trouble; each round without any gives one lane back."""
    pace, clock = _pace(Limits(width=10))
    tickets = [pace.begin(WRITE) for _ in range(10)]
    clock.now += 1
    for ticket in tickets:
        pace.end(ticket, OVERLOADED)
    assert pace._width.size == 5
    for _ in range(6):
        _send(pace)
    assert pace._width.size == 6
    for _ in range(200):
        _send(pace)
    assert pace._width.size == 10


def test_no_more_is_under_way_than_there_is_room_for() -> None:
    """Real threads: the most that were under way at once is the width."""
    pace, most, lock = Pace(Limits(width=4), share=1.0), [0, 0], threading.Lock()

    def send(_: int) -> None:
        ticket = pace.begin(WRITE)
        with lock:
            most[0] += 1
            most[1] = max(most)
        time.sleep(0.002)
        with lock:
            most[0] -= 1
        pace.end(ticket, FINE)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(64)))
    assert most == [0, 4]


def test_many_threads_send_at_the_rate_of_the_bucket() -> None:
    """Sixty requests of a bucket of ten and 200 a second take a quarter of a second, whoever sends them."""
    pace = Pace(Limits({WRITE: (Bucket("b", 10, 200),)}), share=1.0)
    start = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: _send(pace), range(60)))
    assert 0.24 <= time.monotonic() - start <= 1.0


def test_after_a_refusal_one_thread_tries_and_the_others_wait_for_it() -> None:
    """A service that refuses until it is left alone gets one request at a time, not sixteen."""
    pace, under_way, lock, seen = Pace(Limits(width=16), share=1.0), [0], threading.Lock(), list[int]()
    refusals = [16 + 3]

    def send(_: int) -> None:
        while True:
            ticket = pace.begin(WRITE)
            with lock:
                under_way[0] += 1
                refuse = refusals[0] > 0
                refusals[0] -= 1
                if not refuse or refusals[0] < 3:
                    seen.append(under_way[0])
            time.sleep(0.01)
            with lock:
                under_way[0] -= 1
            pace.end(ticket, Answer("throttled", after=0.01) if refuse else FINE)
            if not refuse:
                return

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(16)))
    assert seen[:4] == [1, 1, 1, 1]


def test_nothing_is_written_any_more_when_it_is_stopped() -> None:
    """Also by those that wait for their turn; what reads goes on, so that what is under way can be finished."""
    pace = Pace(Limits({WRITE: (Bucket("b", 1, 0.001),)}), share=1.0)
    _send(pace)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(pace.begin, WRITE) for _ in range(2)]
        while not pace.is_queued(WRITE):
            time.sleep(0.001)
        pace.stop("the Lease is lost")
        errors = [future.exception(timeout=5) for future in waiting]
    assert [type(error) for error in errors] == [StoppedError, StoppedError]
    assert str(errors[0]) == "not sent: the Lease is lost"
    assert not pace.is_queued(WRITE)
    _send(pace, GET)


@pytest.mark.parametrize(
    ("limits", "number", "seconds"), [(AWS, 1000, 180), (AZURE, 200, 0), (AZURE, 300, 10), (GCE, 1500, 0)]
)
def test_the_time_that_is_foretold_is_what_limits_force(limits: Limits, number: int, seconds: float) -> None:
    """1,000 interfaces of EC2 take 100 at once, then five a second."""
    pace, _ = _pace(limits)
    assert pace.seconds_for(WRITE, number) == pytest.approx(seconds, abs=0.3)


def test_the_time_that_is_foretold_knows_how_long_answers_take() -> None:
    """A hundred requests in ten lanes of half a second."""
    pace, clock = _pace(Limits(width=10))
    ticket = pace.begin(WRITE)
    clock.now += 0.5
    pace.end(ticket, FINE)
    assert pace.seconds_for(WRITE, 100) == pytest.approx(5.5)
    assert pace.seconds_for(WRITE, 0) == 0


def test_nothing_limits_what_has_no_service() -> None:
    """Bare metal has no cloud."""
    pace = Pace.unlimited()
    assert pace.rate() == float("inf")
    assert pace.seconds_for(WRITE, 1000) == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.25", 0.25), (None, None), ("", None), ("Tue, 24 Nov 2026 22:00:00 GMT", None), ("nan", None)],
)
def test_seconds_are_read_as_they_are_told(header: str | None, seconds: float | None) -> None:
    """What is no number of seconds tells nothing, nor does one that nobody would wait."""
    assert seconds_of(header) == seconds
    assert seconds_of("1e9") is None


def test_the_clock_tells_the_time_of_day_and_does_not_jump() -> None:
    """Windows are the clock's, and a clock that is put back must not stop the run."""
    clock = steady_clock()
    assert clock() == pytest.approx(time.time(), abs=1)
