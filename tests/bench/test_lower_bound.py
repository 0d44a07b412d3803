"""What limits and latencies force, beside cases that were computed by hand, and beside the lab's own limits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lower_bound import Request, lower_bound, minimum_requests, schedule, seconds_of
from l2bridge_helpers.lab.throttle import Bucket, Limit, Throttle, Window


@pytest.mark.parametrize(
    ("platform", "nodes", "seconds", "requests"),
    [
        ("aws", 20, 0.03 + 0.08 + 0.03, 22),
        ("aws", 200, 0.03 + 100 / 5 + 0.08 + 0.03, 202),  # 100 at once, then 5 a second
        ("aws", 1000, 0.03 + 900 / 5 + 0.08 + 0.03, 1002),
        ("gce", 200, 0.03 + 0.08 + 1.0 + 0.03, 2 * 200 + 2 + 2),
        ("gce", 1000, 2 * 0.03 + 0.08 + 1.0 + 2 * 0.03, 2 * 1000 + 3 + 4),  # pages of 500; routes: 1 before, 2 after
        ("azure", 20, 0.03 + 2 * 0.58 + 0.03, 20 + 2 + 3 + 3),  # the subnet waits for the table
        ("azure", 1000, 300 + 0.03 + 0.58 + 10 * 0.03, 1000 + 2 + 12 + 12),  # 1,000 writes in 5 minutes, then 2 more
    ],
)
def test_the_bounds_are_what_one_computes_by_hand(platform: str, nodes: int, seconds: float, requests: int) -> None:
    """Latencies of the longest chain, and the waiting for the limit that is exhausted."""
    assert lower_bound(platform, nodes) == pytest.approx(seconds)
    assert minimum_requests(platform, nodes) == requests


def test_a_bucket_lets_out_what_it_holds_and_then_its_rate() -> None:
    """Two at once, then one a second."""
    requests = [Request(("all",), 0.1)] * 5
    assert schedule(requests, {"all": Bucket(2, 1)}) == pytest.approx([0, 0, 1, 2, 3])
    assert seconds_of(requests, {"all": Bucket(2, 1)}) == pytest.approx(3.1)


def test_a_window_of_the_clock_begins_with_the_run() -> None:
    """What is sent late in a window does not make the next one later; a window of its own does."""
    requests = [Request((), 8.0), *[Request(("all",), 1.0, (0,))] * 3]
    assert schedule(requests, {"all": Window(2, 10)}) == pytest.approx([0, 8, 8, 10])
    assert schedule(requests, {"all": Window(2, 10, aligned=False)}) == pytest.approx([0, 8, 8, 18])


def test_the_longest_way_goes_first() -> None:
    """One request a second: who has others behind it does not wait for those who have none."""
    requests = [Request(("all",), 1.0), Request(("all",), 1.0), Request(("other",), 5.0, (1,))]
    assert schedule(requests, {"all": Bucket(1, 1), "other": Bucket(9, 1)}) == pytest.approx([1, 0, 1])


def test_nothing_to_send_takes_no_time() -> None:
    """An empty graph has a bound, too."""
    assert seconds_of([], {}) == 0


LIMIT = st.one_of(
    st.builds(Bucket, st.integers(1, 5), st.sampled_from([0.5, 1.0, 4.0])),
    st.builds(Window, st.integers(1, 5), st.sampled_from([1.0, 10.0]), st.booleans()),
)


@st.composite
def graphs(draw: st.DrawFn) -> list[Request]:
    """Return some requests, each behind some of those before it."""
    made: list[Request] = []
    for place in range(draw(st.integers(1, 25))):
        groups = draw(st.sampled_from([("a",), ("b",), ("a", "b"), ()]))
        after = draw(st.sets(st.integers(0, place - 1), max_size=3)) if place else set()
        made.append(Request(groups, draw(st.sampled_from([0.03, 0.08, 1.0])), tuple(sorted(after))))
    return made


@given(graphs(), LIMIT, LIMIT)
def test_the_lab_grants_what_the_bound_sends(requests: Sequence[Request], a: Limit, b: Limit) -> None:
    """Sent at these moments, nothing is throttled, and nothing is sent before what it needs is known."""
    sent = schedule(requests, {"a": a, "b": b})
    for moment, one in zip(sent, requests, strict=True):
        assert all(moment >= sent[place] + requests[place].seconds - 1e-6 for place in one.after)
    now = 0.0
    lab = Throttle({"a": a, "b": b}, lambda: now)
    for order, (moment, place) in enumerate(sorted((moment, place) for place, moment in enumerate(sent)), 1):
        now = moment + 1e-6 * order  # what floating point loses is less
        assert lab.take(*requests[place].groups) == 0


@given(st.integers(1, 300), st.integers(1, 50), st.sampled_from([0.5, 5.0, 20.0]))
def test_a_bucket_is_never_idle(number: int, capacity: int, rate: float) -> None:
    """Independent requests leave at the very moments that the bucket grants: no later bound is told than there is."""
    sent = schedule([Request(("all",), 0.08)] * number, {"all": Bucket(capacity, rate)})
    assert sorted(sent) == pytest.approx([max(0, place + 1 - capacity) / rate for place in range(number)], abs=1e-6)


@given(st.integers(1, 300), st.integers(1, 50))
def test_a_window_is_never_idle(number: int, most: int) -> None:
    """As many as fit, at the beginning of each."""
    sent = schedule([Request(("all",), 0.08)] * number, {"all": Window(most)})
    assert sorted(sent) == pytest.approx([60.0 * math.floor(place / most) for place in range(number)])
