"""The review: when the button works, what it sends, how it is stopped, and what makes it refuse."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from l2bridge_helpers import foresee, reach
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.journal import history
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.record import Request
from l2bridge_helpers.undoing import start as start_undo
from l2bridge_helpers.widgets import review as module
from l2bridge_helpers.widgets.review import Review
from tests.widgets.reviews import reviewed, wait_for

WORLDS = ("gce-small", "aws-small", "azure-small")


@pytest.fixture(params=WORLDS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Serve a world of each cloud."""
    with Lab(world(request.param)) as served:
        yield served


@pytest.fixture
def gce() -> Iterator[Lab]:
    """Serve one world."""
    with Lab(world("gce-small")) as served:
        yield served


def _writes(lab: Lab) -> list[Any]:
    return [request for request in lab.requests if request.mutates]


def _names(monkeypatch: pytest.MonkeyPatch, **names: object) -> None:
    monkeypatch.setattr(module, "namespace", lambda: names)


def test_the_button_waits_for_the_clusters_name(gce: Lab, tmp_path: Path) -> None:
    """Nothing, a part of the name, another name: the button does nothing, even when it is clicked."""
    review = Review(reviewed(gce, tmp_path))
    for name in ("", "la", "lab2", " lab", "LAB"):
        review._name.value = name
        assert review._button.disabled
        review._button.click()
    assert review.state == "ready"
    assert _writes(gce) == []
    review._name.value = "lab"
    assert not review._button.disabled


def test_the_button_applies_the_plan_and_verifies_it(lab: Lab, tmp_path: Path) -> None:
    """It leaves what a headless run in apply mode leaves: files, journal, a world in order."""
    proposal = reviewed(lab, tmp_path)
    review = Review(proposal)
    review._name.value = "lab"
    review._button.click()
    wait_for(review)
    assert review.state == "done", review._status.value
    assert "Applied and verified" in review._status.value
    (made,) = [folder for folder in tmp_path.iterdir() if folder.is_dir() and folder != proposal.run.folder]
    result = json.loads((made / "result.json").read_text())
    assert result["status"] == "ok"
    assert result["mode"] == "apply"
    assert result["plan_hash"] == proposal.changes.hash
    assert result["counts"]["applied"] == len(proposal.changes.writes)
    assert "Verify" in (made / "report.html").read_text()
    rows = history(f"sqlite:///{tmp_path}/journal.db")
    assert len(rows) == len(proposal.changes.writes)
    assert not reviewed(lab, tmp_path).changes.writes


def test_the_same_without_a_click_applies_the_same_plan(gce: Lab, tmp_path: Path) -> None:
    """The line can be pasted into a shell; it names the saved plan, so that it sends exactly this one or nothing."""
    proposal = reviewed(gce, tmp_path)
    done = subprocess.run(["/bin/sh", "-c", proposal.line], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(max(tmp_path.glob("*/result.json")).read_text())
    assert result["plan_hash"] == proposal.changes.hash
    assert result["counts"]["applied"] == 12


def test_a_plan_file_that_was_exchanged_is_not_what_was_reviewed(gce: Lab, tmp_path: Path) -> None:
    """What was shown is sent or nothing, whatever lies in the run's folder by then."""
    proposal = reviewed(gce, tmp_path)
    gone = gce.world.nodes.pop()
    other = reviewed(gce, tmp_path)
    (proposal.run.folder / "plan.json").write_bytes((other.run.folder / "plan.json").read_bytes())
    review = Review(proposal)
    review._name.value = "lab"
    review._button.click()
    wait_for(review)
    assert review.state == "failed"
    assert "no longer fits" in review._status.value
    assert gone["metadata"]["name"] in review._status.value
    assert [request for request in _writes(gce) if request.server != "kubernetes"] == []


def test_a_second_click_sends_nothing(gce: Lab, tmp_path: Path) -> None:
    """Neither while it runs nor after it."""
    review = Review(reviewed(gce, tmp_path))
    review._name.value = "lab"
    review._button.click()
    review._button.click()
    wait_for(review)
    sent = len(_writes(gce))
    review._button.click()
    review._clicked(review._button)
    assert len(_writes(gce)) == sent
    assert len([folder for folder in tmp_path.iterdir() if folder.is_dir()]) == 2


def test_stop_ends_it_between_two_changes(gce: Lab, tmp_path: Path) -> None:
    """What was sent stands in the journal, the rest was not sent, and the next run does it."""
    proposal = reviewed(gce, tmp_path)
    review = Review(proposal)

    def stop(request: Request, side: str) -> None:
        """Click at the first change in the cloud."""
        if side == "before" and request.server != "kubernetes" and not review._stop.disabled:
            review._stop.click()

    gce.on_boundary(stop)
    review._name.value = "lab"
    review._button.click()
    wait_for(review)
    assert review.state == "failed"
    assert "stopped by hand" in review._status.value
    rows = history(f"sqlite:///{tmp_path}/journal.db")
    assert 0 < len(rows) < len(proposal.changes.writes)
    assert set(rows["outcome"]) == {"applied"}
    left = reviewed(gce, tmp_path)
    assert 0 < len(left.changes.writes) == len(proposal.changes.writes) - len(rows)


def test_a_world_that_has_moved_is_refused(gce: Lab, tmp_path: Path) -> None:
    """The button sends what was reviewed or nothing."""
    review = Review(reviewed(gce, tmp_path))
    gce.world.nodes.pop()
    review._name.value = "lab"
    review._button.click()
    wait_for(review)
    assert review.state == "failed"
    assert "no longer fits" in review._status.value
    assert _writes(gce) == []


def test_an_edited_parameter_wins_over_the_review(gce: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters cell was run again with another project: the review is of the old one, and says so."""
    proposal = reviewed(gce, tmp_path)
    _names(monkeypatch, run=proposal.run, **{**proposal.run.typed, "project": "another"})
    review = Review(proposal)
    review._name.value = "lab"
    review._button.click()
    assert review.state == "ready"
    assert "project is &#x27;another&#x27; now" in review._status.value
    assert _writes(gce) == []


def test_a_target_that_was_run_again_outdates_the_review(
    gce: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notebook is about another run now."""
    proposal, later = reviewed(gce, tmp_path), reviewed(gce, tmp_path)
    _names(monkeypatch, run=later.run, **later.run.typed)
    review = Review(proposal)
    review._name.value = "lab"
    review._button.click()
    assert "Target was run again" in review._status.value
    assert _writes(gce) == []


def test_a_network_that_was_read_again_outdates_the_review(gce: Lab, tmp_path: Path) -> None:
    """Cells above were run again, the plan's was not."""
    proposal = reviewed(gce, tmp_path)
    proposal.run.observe(proposal.run._nodes)  # type: ignore[arg-type]
    review = Review(proposal)
    review._name.value = "lab"
    review._button.click()
    assert "read again since" in review._status.value
    assert _writes(gce) == []


def test_a_plan_that_apply_would_refuse_has_no_button(tmp_path: Path) -> None:
    """What has to be settled first is said instead."""
    with Lab(world("gce-messy")) as lab:
        proposal = reviewed(lab, tmp_path)
        assert proposal.refusal()
        review = Review(proposal)
    assert review._button not in _all(review.panel)
    assert "settle first" in _text(review)


def test_nothing_to_change_has_no_button(gce: Lab, tmp_path: Path) -> None:
    """After an apply the review says that all is in order."""
    first = Review(reviewed(gce, tmp_path))
    first._name.value = "lab"
    first._button.click()
    wait_for(first)
    assert first._button not in _all(Review(reviewed(gce, tmp_path)).panel)


def test_failures_are_shown_and_the_run_ends_in_error(gce: Lab, tmp_path: Path) -> None:
    """One node's failure does not stop the others, and is told."""
    gce.trouble("expired credentials", ("POST", "/global/routes"))
    review = Review(reviewed(gce, tmp_path))
    review._name.value = "lab"
    review._button.click()
    wait_for(review)
    assert review.state == "failed"
    assert "changes were applied; not in order" in review._status.value


def test_an_undo_is_reviewed_and_confirmed_the_same_way(lab: Lab, tmp_path: Path) -> None:
    """The world is as it was before the run."""
    before = lab.snapshot(counters=False)
    first = Review(reviewed(lab, tmp_path))
    first._name.value = "lab"
    first._button.click()
    wait_for(first)
    undoing = start_undo(
        **{name: lab.parameters[name] for name in ("kubeconfig", "endpoint") if name in lab.parameters},
        runs=str(tmp_path),
        cluster="lab",
    )
    with undoing.step("Plan") as step:
        changes = undoing.plan()
        step.show(changes)
    planned = reach(undoing.nodes, foresee(undoing.seen, changes), cluster="lab", moment="after the plan")
    review = Review(undoing.propose(changes, planned, Findings()))
    review._name.value = "la"
    assert review._button.disabled
    review._name.value = "lab"
    review._button.click()
    wait_for(review)
    assert review.state == "done", review._status.value
    assert lab.snapshot(counters=False) == before


def _all(widget: Any) -> list[Any]:
    return [widget, *(found for child in getattr(widget, "children", ()) for found in _all(child))]


def _text(review: Review) -> str:
    return "".join(widget.value for widget in _all(review.panel) if isinstance(widget, widgets.HTML))


def test_a_stop_before_anything_was_sent_takes_no_lease(gce: Lab, tmp_path: Path) -> None:
    """Stop while the network is read: neither the cloud nor the cluster is written to."""
    review = Review(reviewed(gce, tmp_path))
    review._name.value = "lab"
    review._stop.click()
    review._button.click()
    wait_for(review)
    assert "Stopped: nothing was sent." in review._status.value
    assert _writes(gce) == []
