import re

import pytest

from tests.browser.axe import OUTPUTS, violations
from tests.browser.conftest import OpenDesk

pytestmark = pytest.mark.xdist_group("browser")

WORLDS = ("gce-small", "aws-small", "azure-small", "bare-metal-small")


@pytest.mark.parametrize("name", WORLDS)
def test_a_runbook_runs_in_jupyterlab(open_desk: OpenDesk, name: str) -> None:
    """All cells run without a complaint, nothing is sent, and the last line says where the report is."""
    desk = open_desk(name)
    notebook = desk.open()
    notebook.page.mouse.click(5, 5)
    desk.take(notebook.page, "opened")
    notebook.run_all()
    assert notebook.failures() == []
    said = re.fullmatch(rf"{desk.lab.platform}: .*, report: (runs/.*/report\.html)", notebook.said())
    assert said, notebook.said()
    assert (desk.folder / said[1]).is_file()
    assert desk.lab.writes == []
    for heading in ("Target", "Findings", "Reachability now", "Plan", "Verify"):
        notebook.show(heading)
        desk.take(notebook.page, heading.lower().replace(" ", "-"))
    assert violations(notebook.page, OUTPUTS) == []
