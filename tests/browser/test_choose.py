"""Choosing the target in JupyterLab: what is missing stops Run All, and is chosen by the keyboard."""

from __future__ import annotations

import pytest

from tests.browser.axe import OUTPUTS, violations
from tests.browser.conftest import OpenDesk

pytestmark = pytest.mark.xdist_group("browser")

MISSING = {"gce": ("project", "network"), "aws": ("region",), "azure": ("subscription_id", "resource_group")}


@pytest.mark.parametrize("name", ["gce-small", "aws-small", "azure-messy"])
def test_a_target_is_chosen_by_the_keyboard(open_desk: OpenDesk, name: str) -> None:
    """What has to be chosen stops Run All before anything is read; the choice is told as parameters to set."""
    from playwright.sync_api import expect

    desk = open_desk(name)
    lab = desk.lab
    notebook = desk.open()
    for parameter in MISSING[lab.platform]:
        notebook.replace_in_cell(f'{parameter}: str = "{lab.parameters[parameter]}"', f'{parameter}: str = ""')
    needed, *others = MISSING[lab.platform]
    notebook.run_all()
    assert len(notebook.failures()) == 1
    assert f"ParameterError: parameter {needed}: '' is given; choose it above" in notebook.failures()[0]
    assert not any("/nodes" in request.path for request in lab.requests)
    panel = notebook.panel.locator(".l2bridge-choose")
    field = panel.get_by_label(needed)
    field.focus()
    for key in ("Enter", "ArrowDown", "Enter"):  # a list that is not open leaves the arrows to JupyterLab
        notebook.page.keyboard.press(key)
    expect(panel.get_by_text("run this cell and those below again").last).to_be_visible()
    expect(panel.get_by_text(f'{needed}: str = "{lab.parameters[needed]}"')).to_be_visible()
    notebook.show("Target")
    desk.take(notebook.page, "choose-changed")
    assert violations(notebook.page, OUTPUTS) == []
    notebook.run_all()
    assert notebook.failures() == []
    for other in others:
        assert panel.get_by_label(other).input_value().startswith("the ")
    assert lab.parameters[needed] in panel.inner_text()
    notebook.show("Target")
    desk.take(notebook.page, "choose-used")
    assert violations(notebook.page, OUTPUTS) == []
    assert lab.writes == []
