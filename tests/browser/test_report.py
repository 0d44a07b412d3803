from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from l2bridge_helpers.course import carry_out
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.run import start
from l2bridge_helpers.stage import Stage
from tests.browser.axe import violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from l2bridge_helpers.progress import Pulse
    from l2bridge_helpers.show import Shown

pytestmark = pytest.mark.xdist_group("browser")

WORLDS = ("gce-small", "aws-small", "azure-small", "bare-metal-small", "gce-messy")


class _Silent(Stage):
    """Shows nothing."""

    def begin(self, section: str) -> None:
        del section

    def show(self, section: str, both: Shown, /, *, folded: bool = False) -> None:
        del section, both, folded

    def say(self, line: str) -> None:
        del line

    def watch(self, pulse: Pulse) -> None:
        del pulse


def make_report(name: str, folder: Path) -> Path:
    """Run a world's runbook in `plan` mode, and return its report."""
    with Lab(world(name)) as lab:
        run = start(lab.platform, **{**lab.parameters, "runs": str(folder)})
        run.stage = _Silent()
        carry_out(run)
        return run.folder / "report.html"


@pytest.mark.parametrize("name", WORLDS)
def test_a_report_is_read_offline(page: Page, tmp_path: Path, shots: Path | None, name: str) -> None:
    """It needs no network, is readable in light and dark and on paper, and axe finds nothing against it."""
    report = make_report(name, tmp_path)
    page.context.set_offline(offline=True)
    page.goto(report.as_uri())
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    grounds = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        grounds.append(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        assert violations(page) == []
        if shots:
            page.screenshot(path=shots / f"report-{name}-{scheme}.png", full_page=True)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    paper = page.pdf(path=shots / f"report-{name}.pdf" if shots else None)
    assert paper.startswith(b"%PDF")
    assert grounds[0] != grounds[1]
