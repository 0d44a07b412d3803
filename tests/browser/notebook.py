"""A notebook, open in JupyterLab in a browser, as its user handles it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

RUN_SECONDS = 90
# What the toolbar shows is no help: it says idle before there is a kernel, and what is run then is not run.
_READY = """() => {
    const session = window.jupyterapp?.shell?.currentWidget?.sessionContext, kernel = session?.session?.kernel;
    return session?.isReady && kernel?.connectionStatus === 'connected' && kernel.status === 'idle' }"""
_EXECUTE = """([command, seconds]) => Promise.race([
    window.jupyterapp.commands.execute(command).then(() => ''),
    new Promise(end => setTimeout(() => end(`${command} took more than ${seconds} s`), seconds * 1000))])"""
_EDIT = """([old, replacement]) => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    const found = cells.filter(cell => cell.type === 'code' && cell.sharedModel.getSource().includes(old));
    for (const cell of found) cell.sharedModel.setSource(cell.sharedModel.getSource().replace(old, replacement));
    return found.length }"""
_FAILED = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'


class Notebook:
    """One open notebook.

    Attributes:
        page: the browser's page.
        panel: the part of it that is the notebook.

    """

    def __init__(self, page: Page) -> None:
        """Belong to a page."""
        self.page = page
        self.panel = page.locator(".jp-NotebookPanel:visible")

    def open(self, url: str) -> None:
        """Open it, and wait until its kernel takes cells."""
        self.page.goto(url)
        self.panel.wait_for(timeout=60_000)
        self.page.wait_for_function(_READY, timeout=60_000)

    def execute(self, command: str) -> None:
        """Execute one of JupyterLab's commands, and wait for its end."""
        late = self.page.evaluate(_EXECUTE, [command, RUN_SECONDS])
        assert not late, late

    def run_all(self) -> None:
        """Run all cells, and wait for their end."""
        self.execute("notebook:run-all-cells")

    def restart(self) -> None:
        """Restart the kernel; outputs stay."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.page.wait_for_function(_READY, timeout=60_000)

    def cell(self, text: str) -> Locator:
        """Return the code cell whose source has this text."""
        return self.panel.locator(".jp-CodeCell").filter(has=self.page.locator(".jp-InputArea", has_text=text)).first

    def run_cell(self, text: str) -> None:
        """Run the one cell whose source has this text, and wait for its end."""
        self.cell(text).locator(".jp-InputArea").click()
        self.execute("notebook:run-cell")

    def replace_in_cell(self, old: str, new: str) -> None:
        """Edit the code cell that has `old`."""
        edited = self.page.evaluate(_EDIT, [old, new])
        assert edited == 1, f"{edited} cells have {old!r}"

    def failures(self) -> list[str]:
        """Return what cells have ended in, or said on stderr."""
        return self.panel.locator(_FAILED).all_inner_texts()

    def said(self) -> str:
        """Return the last lines that a cell has printed."""
        return self.panel.locator('[data-mime-type="application/vnd.jupyter.stdout"]').last.inner_text().strip()

    def show(self, heading: str) -> None:
        """Scroll so that a section is at the top."""
        found = self.panel.locator("h2").filter(has_text=re.compile(rf"^{heading}\b")).first
        found.evaluate("it => it.scrollIntoView({block: 'start'})")
