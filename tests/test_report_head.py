from typing import Any

import pytest

from l2bridge_helpers.looks import ATTENTION, BAD, CHANGE, GOOD, Look
from l2bridge_helpers.outcome import APPLYING
from l2bridge_helpers.report import report
from l2bridge_helpers.report_head import Head, head_of, parts_of

COUNTS = {"planned": 12, "applied": 0, "failed": 0, "left": 12}
WHEN = {"started": "2026-11-25T23:59:58+00:00", "finished": "2026-11-26T00:04:58+00:00"}


def reachability(*reaching: int) -> dict[str, dict[str, int]]:
    """Return what a run says of its moments."""
    moments = ("now", "after the plan", "after the apply")
    return {name: {"pairs": 30, "reaching": number} for name, number in zip(moments, reaching, strict=False)}


def head(*, failed: bool = False, back: str = "", verdict: str = "so it is", **document: Any) -> Head:
    """Return the head of a run that planned twelve changes."""
    ran = {"status": "ok", "mode": "plan", "cluster": "prod", "nodes": 6, "counts": COUNTS, "plan_hash": "abc", **WHEN}
    told = {"see it first": back} if back else {}
    return head_of({**ran, **document}, title="t", verdict=verdict, failed=failed, back=told)


@pytest.mark.parametrize(
    ("document", "failed", "look", "word"),
    [
        ({}, False, CHANGE, "nothing was changed"),
        ({}, True, ATTENTION, "nothing was changed; something is left to settle"),
        ({"counts": {**COUNTS, "planned": 0}}, False, GOOD, "Nothing to change"),
        ({"mode": "apply"}, False, GOOD, "Applied and verified"),
        ({"mode": "apply", "counts": {**COUNTS, "planned": 0}}, False, GOOD, "Nothing to change"),
        ({"mode": "apply"}, True, ATTENTION, "left to settle"),
        ({"mode": "apply", "status": "failed"}, True, BAD, "Failed"),
        ({"mode": "check", "status": "failed"}, True, BAD, "Out of place"),
        ({"mode": "check", "status": "failed", "plan_hash": ""}, True, BAD, "Failed"),
        ({"mode": "check"}, False, GOOD, "As it should be"),
        ({"mode": "", "counts": {}}, True, ATTENTION, "Does not reach"),
        ({"mode": "", "counts": {}}, False, GOOD, "Reaches"),
    ],
)
def test_what_came_of_it_is_said_in_a_few_words(
    document: dict[str, Any],
    failed: bool,  # noqa: FBT001 - good and bad news
    look: Look,
    word: str,
) -> None:
    """With a look that fits: nobody takes a failure for a success at three in the morning."""
    made = head(failed=failed, **document)
    assert (made.look, word in made.headline) == (look, True)


def test_pairs_are_told_before_and_after() -> None:
    """The last moment that was looked at counts."""
    numbers = {
        figure.label: figure.number for figure in head(mode="apply", reachability=reachability(2, 30, 29)).figures
    }
    assert numbers["of 30 pairs reach, before and after the apply"] == "2 → 29"
    assert {figure.label: figure.number for figure in head(reachability=reachability(2)).figures}[
        "of 30 pairs reach, now"
    ] == "2"


def test_figures_that_call_for_action_say_so() -> None:
    """What failed and what is left, where it should have been done, and only then."""
    counts = {"planned": 12, "applied": 9, "failed": 1, "left": 3}
    looks = {figure.label: figure.look for figure in head(mode="apply", counts=counts).figures if figure.look}
    assert looks == {"changes failed": BAD, "changes left": ATTENTION}
    assert not any(figure.look for figure in head().figures)


def test_after_a_plan_it_says_how_to_apply_it() -> None:
    """With the name that has to be confirmed; an undo has no plan file."""
    assert 'mode = "apply", confirm = "prod", and plan_file' in head().todo
    assert "plan_file" not in head(runbook="undo").todo


def test_after_a_failure_it_says_how_to_go_on_and_how_to_go_back() -> None:
    """Both, and the line to go back."""
    made = head(mode="apply", status="failed", failed=True, counts={**COUNTS, "applied": 3}, back="papermill undo")
    assert "run it again. What is done stays done. To go back" in made.todo
    assert made.back == "papermill undo"
    assert "papermill undo" in report(made, [])


def test_a_run_that_broke_off_does_not_say_how_many_changes_were_made() -> None:
    """Nobody knows: the journal has what it may have changed."""
    made = head(mode="apply", status="failed", failed=True, error=f"{APPLYING}, and has not said how that ended")
    assert (made.headline, made.look) == ("Not finished, or broken off", BAD)
    assert [figure.label for figure in made.figures] == ["nodes", "changes planned"]
    assert "See whether it still runs" in made.todo


def test_who_and_when_stand_in_the_report() -> None:
    """In UTC, with how long it took, also over midnight."""
    facts = head(user="alice@desk-7", identity="alice@example.com", run="20261125T235958Z-prod-gce").facts
    assert facts["run by"] == "alice@desk-7"
    assert facts["in the cloud as"] == "alice@example.com"
    assert facts["when (UTC)"] == "2026-11-25 23:59:58 to 2026-11-26 00:04:58 (5 min)"


def test_things_that_are_wrong_are_a_list() -> None:
    """Each on its line; what is said of all of them before it."""
    assert parts_of("2 things out of place: a | b; mend it") == ("2 things out of place: ", ["a", "b; mend it"])
    assert parts_of("plain.") == ("plain.", [])


def test_a_thousand_things_that_are_wrong_are_one_with_the_others_behind_it() -> None:
    """The first of a kind is read, and every one is in the page."""
    wrong = [f"route r-{n}: no such route, wanted 10.{n}.0.0/16" for n in range(200)]
    other = ["node x runs vxlan", *(f"node y has {letter}" for letter in "abcdefghijklmnop")]
    html = report(head(verdict=f"applied, but a fresh read does not show it: {' | '.join([*wrong, *other])}"), [])
    assert "and 199 like it" in html
    assert "8 more" in html
    assert all(thing in html for thing in (*wrong, *other))
