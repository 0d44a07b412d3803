"""`explain.ipynb` in JupyterLab: nodes to choose from, the answer in place, all by keyboard."""

from __future__ import annotations

import pytest

from tests.browser.axe import OUTPUTS, violations
from tests.browser.conftest import OpenDesk

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("name", ["gce-small", "aws-two-subnets"])
def test_a_pair_is_chosen_and_explained_in_place(open_desk: OpenDesk, name: str) -> None:
    """All cells run although nobody was named; then the answer to a choice stands under the button, without a read."""
    desk = open_desk(name)
    notebook = desk.open("explain")
    notebook.run_all()
    assert notebook.failures() == []
    panel = notebook.panel.locator(".l2bridge-ask")
    assert "The cells below keep to" in panel.inner_text()
    read = len(desk.lab.requests)
    panel.get_by_label("source").select_option(index=2)
    panel.get_by_label("port").fill("53")
    panel.get_by_label("protocol").select_option("udp")
    notebook.show("Question")
    desk.take(notebook.page, "explain-choosing")
    panel.get_by_label("protocol").focus()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    picture = panel.get_by_role("img", name="The way of UDP 53 from")
    picture.wait_for()
    assert panel.get_by_role("button", name="Explain").evaluate("it => it === document.activeElement")
    assert "hop" in panel.get_by_role("table").first.inner_text()
    assert "-p protocol=udp -p port=53" in panel.inner_text()
    assert len(desk.lab.requests) == read
    assert desk.lab.writes == []
    questions = [result["question"]["protocol"] for result in desk.results()]
    assert questions == ["tcp", "udp"]
    picture.scroll_into_view_if_needed()
    desk.take(notebook.page, "explain-answer")
    notebook.show("Path")
    desk.take(notebook.page, "explain-path")
    assert violations(notebook.page, OUTPUTS) == []


def test_a_node_and_itself_is_refused_in_the_panel(open_desk: OpenDesk) -> None:
    """In our words, with no traceback anywhere; another choice is answered."""
    desk = open_desk("gce-small")
    notebook = desk.open("explain")
    notebook.run_all()
    panel = notebook.panel.locator(".l2bridge-ask")
    panel.get_by_label("destination").select_option(index=0)
    panel.get_by_role("button", name="Explain").click()
    panel.get_by_role("alert").wait_for()
    assert "'node-1' is on node node-1, as the source is" in panel.get_by_role("alert").inner_text()
    desk.take(notebook.page, "explain-refused")
    assert violations(notebook.page, OUTPUTS) == []
    panel.get_by_label("destination").select_option(index=3)
    panel.get_by_role("button", name="Explain").click()
    panel.get_by_role("img").wait_for()
    assert panel.get_by_role("alert").count() == 0
    assert notebook.failures() == []
