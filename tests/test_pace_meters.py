from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.pace_meters import AWAITED, Brake, Bucket, Limit, Window, meter_of

shares = st.floats(0.1, 1.0)
buckets = st.builds(Bucket, st.just("b"), st.integers(1, 300).map(float), st.floats(0.5, 50))
windows = st.builds(
    Window, st.just("w"), st.integers(1, 200), st.sampled_from([1.0, 60.0, 300.0]), aligned=st.booleans()
)
gaps = st.lists(st.floats(0, 5), min_size=1, max_size=200)
START = 1_793_638_801.0


def _sent(limit: Limit, share: float, gaps: Sequence[float]) -> list[float]:
    """Return when requests go out that are wanted in these distances, each as soon as it may."""
    meter, now, sent = meter_of(limit, share), START, list[float]()
    for gap in gaps:
        now += gap
        now += meter.wait(now)
        now += (slip := meter.wait(now))
        assert slip < 1e-5, "waiting as long as was told is enough"
        assert meter.wait(now) == 0
        meter.take(now)
        sent.append(now)
    return sent


@given(buckets, shares, gaps)
def test_a_bucket_is_never_overdrawn(limit: Bucket, share: float, gaps: list[float]) -> None:
    """No stretch of time holds more than our share of the capacity and of what flows in meanwhile."""
    sent = _sent(limit, share, gaps)
    for first in range(0, len(sent), 7):
        for last in range(first, len(sent)):
            granted = max(1.0, share * limit.capacity) + share * limit.rate * (sent[last] - sent[first])
            assert last - first + 1 <= granted + 1e-3


@given(buckets, shares, gaps)
def test_nobody_waits_while_there_are_tokens(limit: Bucket, share: float, gaps: list[float]) -> None:
    """A request that waits would be one too many, a moment earlier."""
    meter, now = meter_of(limit, share), START
    for gap in gaps:
        now += gap
        seconds = meter.wait(now)
        if seconds > 1e-5:
            assert meter.wait(now + 0.9 * seconds) > 0
        now += seconds
        meter.take(now)


@given(windows, shares, gaps)
def test_a_window_never_holds_more_than_our_share(limit: Window, share: float, gaps: list[float]) -> None:
    """Whichever minute of the clock, or, where nobody knows when it begins, whichever stretch of its length."""
    sent, most = _sent(limit, share, gaps), max(1, int(share * limit.number))
    for place in range(len(sent) - most):
        if limit.aligned:
            assert sent[place] // limit.seconds < sent[place + most] // limit.seconds
        else:
            assert sent[place + most] - sent[place] >= limit.seconds


@given(buckets | windows, shares, st.integers(1, 500))
def test_what_is_foretold_is_what_it_takes(limit: Limit, share: float, number: int) -> None:
    """`seconds_for` is the time at which the last of so many requests goes out."""
    foretold = meter_of(limit, share).seconds_for(number, START)
    last = _sent(limit, share, [0.0] * number)[-1] - START
    assert foretold == pytest.approx(last, abs=limit.seconds * 0.01 + 0.2 if isinstance(limit, Window) else 1e-3)


def test_the_whole_capacity_is_there_at_once() -> None:
    """Full speed from the first request; the share of others stays."""
    assert sum(moment == START for moment in _sent(Bucket("b", 100, 5), 0.8, [0.0] * 100)) == 79  # one in reserve
    assert sum(moment == START for moment in _sent(Window("w", 1500, 60), 0.8, [0.0] * 1500)) == 1200


def test_a_refused_bucket_is_taken_for_empty_and_slow_until_it_grants_again() -> None:
    """Somebody else drinks from it; each granted request gives back some of the trust."""
    meter = meter_of(Bucket("b", 100, 10), 1.0)
    meter.refused(START)
    assert meter.wait(START) > 0
    assert meter.rate == pytest.approx(7)
    for _ in range(100):
        meter.granted()
    assert meter.rate == pytest.approx(10)


def test_what_the_service_says_is_left_counts_without_the_others_share() -> None:
    """Of 60 tokens that are left of 200, 40 are the others' at a share of 0.8; that more is left changes nothing."""
    meter = meter_of(Bucket("b", 200, 10), 0.8)
    assert meter.wait(START) == 0
    meter.told(60)
    assert meter.seconds_for(19, START) == 0
    assert meter.seconds_for(21, START) > 0
    meter.told(11_999)
    assert meter.seconds_for(21, START) > 0


def test_a_window_that_others_use_up_is_left_alone_until_the_next() -> None:
    """Refused at 900 of 1,500: the rest of the minute is not tried, the next one is, with fewer at first."""
    meter = meter_of(Window("w", 1500, 60), 1.0)
    start = START // 60 * 60 + 1
    for _ in range(900):
        meter.take(start)
    meter.refused(start)
    assert 59 <= meter.wait(start) <= 60
    assert meter.wait(start + 60) == 0
    assert meter.seconds_for(1125, start + 60) == 0
    assert meter.seconds_for(1126, start + 60) > 0


def test_a_lone_refusal_does_not_close_a_window_that_is_hardly_used() -> None:
    """It may have other reasons; the brake tries again soon."""
    meter = meter_of(Window("w", 1500, 60), 1.0)
    meter.take(START)
    meter.refused(START)
    assert meter.wait(START) == 0


def test_one_request_tries_after_a_refusal() -> None:
    """Everybody waits as long as the service asks, then one goes, the others when it was granted."""
    brake = Brake()
    assert brake.refused(START, START - 1, 3.0, 0.0)
    assert brake.wait(START) == 3
    assert brake.wait(START + 3) == 0
    brake.take()
    assert brake.wait(START + 3.1) == AWAITED
    assert brake.passed(START + 3)
    assert brake.wait(START + 3.2) == 0


def test_answers_to_what_was_sent_before_a_refusal_are_no_news() -> None:
    """Fifty requests under way that are refused count as one refusal, and let nobody go when they are granted."""
    brake = Brake()
    assert [brake.refused(START, START - 1, None, 0.5) for _ in range(50)] == [True, *[False] * 49]
    assert brake.wait(START) == pytest.approx(0.5)
    assert not brake.passed(START - 0.5)
    assert brake.wait(START) > 0


def test_pauses_grow_while_the_service_refuses_and_are_never_the_same() -> None:
    """Twice as long each time, up to a bound, spread by luck."""
    brake, now, pauses = Brake(), START, list[float]()
    for _ in range(8):
        brake.refused(now + 0.1, now, None, 0.5)
        pauses.append(brake.wait(now + 0.1))
        now += pauses[-1] + 0.2
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 20, 20])
    lucky, unlucky = Brake(), Brake()
    lucky.refused(START, START, None, 0.0)
    unlucky.refused(START, START, None, 1.0)
    assert lucky.wait(START) < unlucky.wait(START)


def test_a_request_that_got_lost_lets_another_one_try() -> None:
    """Nobody waits for its answer for ever."""
    brake = Brake()
    brake.refused(START, START - 1, 0.0, 0.0)
    brake.take()
    assert brake.wait(START + 1) == AWAITED
    brake.lost(START + 0.5)
    assert brake.wait(START + 1) == 0
