"""The README's screenshots, made anew on the lab by `python -m tests.browser.screenshots`: JupyterLab in a browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from l2bridge_helpers.headless import private_folder
from l2bridge_helpers.jupyterlab import start_jupyterlab
from l2bridge_helpers.lab import Lab, world
from tests.browser.conftest import CHROMIUM, OPTIONS, SETTINGS
from tests.browser.desk import Desk
from tests.browser.review import Review

FOLDER = Path("docs")
WIDTH, HEIGHT = 1240, 900


def main() -> None:
    """Step through one runbook as its user does, and take a picture where there is something to see."""
    with (
        TemporaryDirectory() as root,
        private_folder() as private,
        sync_playwright() as driver,
        Lab(world("gce-small")) as lab,
    ):
        folder = Path(root) / "desk"
        folder.mkdir()
        server = start_jupyterlab(Path(root), private, settings=SETTINGS, options=OPTIONS)
        try:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
            desk = Desk.make(
                lab, server, browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}), folder, None
            )
            shutil.copy(lab.kubeconfig, folder / "kubeconfig")
            _take(desk)
            browser.close()
        finally:
            server.process.terminate()
            server.process.wait(20)


def _take(desk: Desk) -> None:
    notebook = desk.open()
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.run_all()
    assert notebook.failures() == []
    notebook.show("Reachability now")
    _save(notebook.page, "jupyterlab.png")
    review = Review(notebook)
    review.name.fill("lab")
    review.panel.evaluate("it => it.scrollIntoView({block: 'start'})")
    _save(notebook.page, "review.png")


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / name)
    print(f"{FOLDER / name}: is new")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
