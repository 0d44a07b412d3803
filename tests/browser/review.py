"""The review of a plan, as its user finds it: by labels and names, not by how it is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.notebook import Notebook

APPLY_MS = 60_000


class Review:
    """One review panel."""

    def __init__(self, notebook: Notebook) -> None:
        """Belong to the notebook's only review."""
        self.panel = notebook.panel.locator(".l2bridge-review")
        self.search = self.panel.get_by_label("Search")
        self.filter = self.panel.get_by_label("Show")
        self.name = self.panel.get_by_label(re.compile(r"^Type .* to apply"))
        self.apply = self.panel.get_by_role("button", name=re.compile(r"Apply to "))
        self.stop = self.panel.get_by_role("button", name=re.compile(r"^Stop"))
        self.table = self.panel.get_by_role("table").first

    @property
    def count(self) -> Locator:
        """How many rows are shown."""
        return self.panel.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ rows|^No row fits"))

    def rows(self) -> list[str]:
        """Return the rows of the table, as text, once it is there: a widget is drawn after its cell has run."""
        self.table.wait_for()
        return self.table.get_by_role("row").all_inner_texts()[1:]

    def apply_as(self, cluster: str) -> None:
        """Type the cluster's name, and click."""
        self.name.fill(cluster)
        self.apply.click()

    def wait_for(self, text: str) -> None:
        """Wait until the panel says something."""
        self.panel.get_by_text(re.compile(text)).first.wait_for(timeout=APPLY_MS)
