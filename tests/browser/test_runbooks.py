from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import OUTPUTS, violations
from tests.browser.conftest import OpenDesk

if TYPE_CHECKING:
    from tests.browser.desk import Desk
    from tests.browser.notebook import Notebook

pytestmark = pytest.mark.xdist_group("browser")


def assert_ran(desk: Desk, notebook: Notebook) -> None:
    """Look through a runbook whose cells have all run in `plan` mode."""
    assert notebook.failures() == []
    said = re.fullmatch(rf"{desk.lab.platform}: .*, report: (runs/.*/report\.html)", notebook.said())
    assert said, notebook.said()
    assert (desk.folder / said[1]).is_file()
    assert desk.lab.writes == []
    for heading in ("Target", "Findings", "Reachability now", "Plan", "Verify"):
        notebook.show(heading)
        desk.take(notebook.page, heading.lower().replace(" ", "-"))
    assert violations(notebook.page, OUTPUTS) == []


def test_a_runbook_that_changes_nothing_runs_in_jupyterlab(open_desk: OpenDesk) -> None:
    """All cells run without a complaint, and the last line says where the report is; the others: test_review."""
    desk = open_desk("bare-metal-small")
    notebook = desk.open()
    notebook.page.mouse.click(5, 5)
    desk.take(notebook.page, "opened")
    notebook.run_all()
    assert_ran(desk, notebook)
