from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.notebook import Notebook
from tests.browser.review import Review

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")

LIMIT_SECONDS = 300


@pytest.fixture
def make_lab(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """What `make lab` starts, in a folder of its own: call it for the address that it tells."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    started: list[subprocess.Popen[str]] = []

    def start() -> str:
        command = [sys.executable, "-m", "l2bridge_helpers.desk", "gce-small"]
        started.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True))
        lines = iter(started[0].stdout or ())
        return next(line.removeprefix("JupyterLab: ").strip() for line in lines if line.startswith("JupyterLab: "))

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


def test_a_first_time_user_mends_a_cluster(
    make_lab: Callable[[], str], page: Page, tmp_path: Path, shots: Path | None, record_property: Callable[..., None]
) -> None:
    """`make lab`, the browser, a mended cluster and its report, in less than five minutes, by mouse and keyboard."""
    from playwright.sync_api import expect

    began = time.monotonic()
    notebook = Notebook(page)
    page.goto(make_lab())
    notebook.panel.wait_for(timeout=60_000)
    # The status bar is what people have.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    review = Review(notebook)
    review.name.wait_for(timeout=60_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    review.name.scroll_into_view_if_needed()
    review.name.click()
    page.keyboard.type("lab")
    expect(review.apply).to_be_enabled()
    review.apply.click()
    review.wait_for("^Applied and verified")
    (result,) = [path for path in tmp_path.glob("runs/lab-*/runs/*/result.json") if _told(path)["mode"] == "apply"]
    assert _told(result)["status"] == "ok"

    files = page.get_by_role("region", name="File Browser Section")
    for name in ("runs", result.parent.name, "report.html"):
        files.get_by_text(name, exact=True).dblclick()
    report = page.frame_locator("iframe:visible")
    report.get_by_role("heading", level=1).wait_for()
    expect(report.locator("body")).to_contain_text("30 of 30 pairs reach")
    seconds = time.monotonic() - began
    if shots:
        page.screenshot(path=shots / "first-time-report.png")
    record_property("told", f"from `make lab` to a mended cluster and its report: {seconds:.0f} s")
    assert seconds < LIMIT_SECONDS


def _told(path: Path) -> dict[str, str]:
    told: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return told
