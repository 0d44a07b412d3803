"""Progress: what a line says, and that the time left is what the cloud grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from l2bridge_helpers.changes import Change
from l2bridge_helpers.pace import Answer, Limits, Pace
from l2bridge_helpers.pace_meters import Bucket
from l2bridge_helpers.progress import Lines, Progress
from l2bridge_helpers.results import Outcome, Result

_CHANGE = Change("update", "forwarding", "eni-1", "node-1", {}, {}, "")


class _Clock:
    def __init__(self) -> None:
        """Start at 0."""
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time that the test has set."""
        return self.now


def _outcomes(**counts: int) -> dict[int, Result]:
    words: list[Outcome] = [word for word, number in counts.items() for _ in range(number)]  # type: ignore[misc]
    return {place: Result(replace(_CHANGE, resource=f"eni-{place}"), word) for place, word in enumerate(words)}


class _Told:
    """Progress, told in lines."""

    def __init__(self, progress: Progress, lines: Lines) -> None:
        """Begin to count."""
        self._progress, self._lines = progress, lines

    def tell(self, outcomes: Mapping[int, Result]) -> None:
        """Tell how far it is."""
        self._lines.watch(self._progress.pulse(outcomes))


def _progress(pace: Pace, clock: _Clock, total: int) -> tuple[_Told, list[str]]:
    news: list[str] = []
    changes = [replace(_CHANGE, resource=f"eni-{place}") for place in range(total)]
    return _Told(Progress(changes, pace, clock), Lines(news.append, clock)), news


def test_a_short_run_tells_nothing() -> None:
    """Lines come every five seconds, the first after as many."""
    clock = _Clock()
    progress, news = _progress(Pace.unlimited(), clock, 10)
    for second in (1, 2, 4.9):
        clock.now = second
        progress.tell(_outcomes(applied=5))
    assert news == []


def test_a_line_counts_what_is_done_failed_and_waiting() -> None:
    """What was skipped counts as failed; the rate is that of rows that are over."""
    clock = _Clock()
    progress, news = _progress(Pace.unlimited(), clock, 100)
    clock.now = 10.0
    progress.tell(_outcomes(applied=30, failed=6, skipped=4))
    assert news == ["30 of 100 changes done, 10 failed, 60 waiting, 4.0/s, about 15 s left"]


def test_a_fast_start_promises_nothing() -> None:
    """A hundred tokens are gone at once; the rest comes at the bucket's rate, and that is what is told."""
    pace = Pace(Limits(groups={"write": (Bucket("writes", capacity=100, rate=5.0),)}), share=1.0)
    for _ in range(99):
        pace.end(pace.begin("write"), Answer())
    clock = _Clock()
    progress, news = _progress(pace, clock, 1000)
    clock.now = 5.0
    progress.tell(_outcomes(applied=100))
    assert "900 waiting, 20.0/s, about 3 min left" in news[0]


def test_kinds_that_have_limits_of_their_own_do_not_wait_for_each_other() -> None:
    """A thousand machines and a thousand routes take as long as a thousand of either."""
    pace = Pace(Limits(groups={"write": (Bucket("writes", capacity=1, rate=10.0),)}), share=1.0)
    clock, news = _Clock(), list[str]()
    rows = [
        replace(_CHANGE, kind=kind, resource=f"{kind}-{place}")
        for kind in ("forwarding", "route")
        for place in range(600)
    ]
    clock.now = 0.0
    progress = _Told(Progress(rows, pace, clock), Lines(news.append, clock))
    clock.now = 10.0
    progress.tell({})
    assert news[0].endswith("about 60 s left")


def test_nothing_done_yet_is_no_division_by_zero() -> None:
    """Before the first answer only the pace knows."""
    clock = _Clock()
    progress, news = _progress(Pace.unlimited(), clock, 3)
    clock.now = 6.0
    progress.tell({})
    assert news == ["0 of 3 changes done, 0 failed, 3 waiting"]


def test_the_end_is_told_by_the_results_alone() -> None:
    """A last line of progress would say the same twice."""
    clock = _Clock()
    progress, news = _progress(Pace.unlimited(), clock, 2)
    clock.now = 9.0
    progress.tell(_outcomes(applied=2))
    assert news == []


def test_a_pulse_holds_the_failures_in_the_plans_order() -> None:
    """They are shown as they happen, whichever thread was first."""
    progress = Progress([_CHANGE, _CHANGE, _CHANGE], Pace.unlimited(), _Clock())
    late, early = Result(_CHANGE, "failed", "late"), Result(_CHANGE, "failed", "early")
    pulse = progress.pulse({2: late, 0: early, 1: Result(_CHANGE, "skipped")})
    assert pulse.failures == (early, late)
    assert (pulse.done, pulse.failed, pulse.waiting) == (0, 3, 0)
