from __future__ import annotations

from contextlib import closing

import pytest

from l2bridge_helpers.journal import Journal
from tests.browser.axe import OUTPUTS, violations
from tests.browser.conftest import OpenDesk
from tests.browser.review import Review
from tests.browser.test_runbooks import assert_ran

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("name", ["gce-small", "aws-small", "azure-small"])
def test_a_plan_is_reviewed_applied_and_put_back(open_desk: OpenDesk, name: str) -> None:
    """All cells run, the name and a click mend the network, which is verified; the undo's review puts it all back."""
    from playwright.sync_api import expect

    desk = open_desk(name)
    start = desk.lab.snapshot(counters=False)
    notebook = desk.open()
    notebook.run_all()
    assert_ran(desk, notebook)
    review = Review(notebook)
    rows = review.table.get_by_role("row")
    planned = len(review.rows())
    review.search.fill("node-1")
    expect(rows).not_to_have_count(planned + 1)
    assert 0 < len(review.rows()) < planned
    review.search.fill("")
    expect(rows).to_have_count(planned + 1)
    review.name.fill("prod")
    expect(review.apply).to_be_disabled()
    assert desk.lab.writes == []
    review.name.fill("lab")
    expect(review.apply).to_be_enabled()
    review.name.scroll_into_view_if_needed()
    desk.take(notebook.page, "review")
    review.apply.click()
    review.wait_for("^Applied and verified")
    desk.take(notebook.page, "applied")
    assert violations(notebook.page, OUTPUTS) == []
    done = desk.results()[-1]
    assert (done["mode"], done["status"]) == ("apply", "ok")
    assert desk.last_report().parent.name in review.panel.inner_text()

    notebook.run_all()
    sent = len(desk.lab.writes)
    Review(notebook).wait_for("^Nothing to apply")
    notebook.page.close()

    undo = desk.open("undo")
    undo.run_all()
    assert undo.failures() == []
    assert len(desk.lab.writes) == sent
    back = Review(undo)
    back.panel.scroll_into_view_if_needed()
    desk.take(undo.page, "undo-review")
    back.apply_as("lab")
    back.wait_for("^Applied and verified")
    desk.take(undo.page, "undone")
    assert desk.lab.snapshot(counters=False) == start


def test_stop_ends_between_changes(open_desk: OpenDesk) -> None:
    """What was not sent is told, and is in the journal; the cells, run again, plan only that, and it can be applied."""
    from playwright.sync_api import expect

    desk = open_desk("gce-small")
    notebook = desk.open()
    notebook.run_all()
    desk.lab.cloud.write_latency = 2.0
    review = Review(notebook)
    planned = len(review.rows())
    review.apply_as("lab")
    expect(review.stop).to_be_visible()
    review.wait_for(r"^Applying: \d+ of")
    desk.take(notebook.page, "applying")
    review.stop.click()
    review.wait_for("^To go on, run the cells again")
    desk.take(notebook.page, "stopped")
    desk.lab.cloud.write_latency = 0.0
    stopped = desk.results()[-1]
    assert stopped["status"] == "failed"
    assert "stopped by hand" in stopped["error"]
    with closing(Journal.open(f"sqlite:///{desk.folder}/runs/journal.db")) as journal:
        kept = journal.rows(desk.last_report().parent.name)
    made = [row for row in kept if row.outcome == "applied"]
    assert 0 < len(made) < planned
    assert f"Stopped: {len(made)} of {planned} changes were made" in review.panel.inner_text()

    notebook.run_all()
    again = Review(notebook)
    assert len(again.rows()) == planned - len(made)
    again.apply_as("lab")
    again.wait_for("^Applied and verified")
    assert desk.results()[-1]["status"] == "ok"


def test_cells_out_of_order_apply_nothing(open_desk: OpenDesk) -> None:
    """Run twice, in any order, by a new kernel, or with other parameters: without the button nothing is sent."""
    from playwright.sync_api import expect

    desk = open_desk("gce-small")
    notebook = desk.open()
    notebook.run_all()
    for text in ('step("Apply")', 'step("Apply")', 'step("Verify")', 'step("Plan")', 'step("Apply")', "run.finish()"):
        notebook.run_cell(text)
    notebook.run_all()
    assert notebook.failures() == []
    review = Review(notebook)
    review.name.fill("lab")
    expect(review.apply).to_be_enabled()
    notebook.restart()
    # The button is still to be seen, but its kernel has gone.
    review.apply.click()
    notebook.run_cell('step("Apply")')
    assert "NameError" in notebook.failures()[-1]
    assert desk.lab.writes == []
    assert [run["mode"] for run in desk.results()] == ["plan", "plan"]


def test_a_parameter_wins_over_the_review(open_desk: OpenDesk) -> None:
    """A plan is not applied by its button once the notebook is about something else."""
    from playwright.sync_api import expect

    desk = open_desk("gce-small")
    notebook = desk.open()
    notebook.run_all()
    review = Review(notebook)
    notebook.replace_in_cell('mode: str = "plan"', 'mode: str = "check"')
    notebook.run_cell("mode: str")
    review.apply_as("lab")
    review.wait_for("parameters were edited since this plan was made")
    assert desk.lab.writes == []
    notebook.run_cell('start("gce"')
    notebook.replace_in_cell('mode: str = "check"', 'mode: str = "plan"')
    notebook.run_all()
    expect(Review(notebook).panel).to_have_count(1)
    assert desk.lab.writes == []
