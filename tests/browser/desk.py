"""A lab and notebooks for it, open in a browser: what `make lab` gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from l2bridge_helpers.desk import copy_notebooks, parameters_for_people
from tests.browser.notebook import Notebook

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from l2bridge_helpers.jupyterlab import JupyterLab
    from l2bridge_helpers.lab import Lab


@dataclass(frozen=True)
class Desk:
    """One desk.

    Attributes:
        lab: what the notebooks talk to.
        server: JupyterLab.
        context: the browser's window.
        folder: where the notebooks are, and `runs`.

    """

    lab: Lab
    server: JupyterLab
    context: BrowserContext
    folder: Path
    shots: Path | None

    @classmethod
    def make(cls, lab: Lab, server: JupyterLab, context: BrowserContext, folder: Path, shots: Path | None) -> Self:
        """Copy the notebooks that fit the lab to a folder of JupyterLab's, as `make lab` does."""
        copy_notebooks(folder, lab.platform, parameters_for_people(lab))
        return cls(lab, server, context, folder, shots)

    def open(self, name: str = "") -> Notebook:
        """Open a notebook, by its name without extension; "": the platform's."""
        stem = name or self.lab.platform
        notebook = Notebook(self.context.new_page())
        # A workspace of its own: else JupyterLab opens what another test has left open, too.
        where = f"/lab/workspaces/{self.folder.name}-{stem}/tree/{self.folder.name}/{stem}.ipynb"
        notebook.open(f"{self.server.address}{where}?reset&token={self.server.token}")
        return notebook

    def results(self) -> list[dict[str, Any]]:
        """Return what each run says about itself, the last one last."""
        paths = sorted(self.folder.glob("runs/*/result.json"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    def last_report(self) -> Path:
        """Return the last run's report."""
        return max(self.folder.glob("runs/*/report.html"), key=lambda path: path.stat().st_mtime_ns)

    def take(self, page: Page, name: str) -> None:
        """Take a picture for people, where they want some."""
        if self.shots:
            page.wait_for_timeout(200)  # what was scrolled to is drawn
            page.screenshot(path=self.shots / f"{self.lab.platform}-{name}.png")
