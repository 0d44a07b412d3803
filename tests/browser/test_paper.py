from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from l2bridge_helpers.looks import CHANGE
from l2bridge_helpers.plan import plan
from l2bridge_helpers.report import report
from l2bridge_helpers.report_head import Head
from l2bridge_helpers.show import shown
from tests.builders import CLUSTER, numbered_fabric, numbered_nodes

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")
NODES = 200


def pages(paper: bytes) -> int:
    """Return how many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", paper))


def test_what_is_folded_is_open_on_paper(page: Page) -> None:
    """Nobody can click on paper: all rows and commands of a large plan are printed, and cut off nowhere."""
    changes = plan(numbered_nodes(NODES), numbered_fabric(NODES), cluster=CLUSTER)
    html = report(Head("a report", "Planned", CHANGE, "so it is"), [("Plan", shown(changes).html)])
    page.set_content(html)
    assert page.locator("td", has_text=re.compile(rf"^node-{NODES}$")).first.is_hidden()
    folded = pages(page.pdf())
    page.set_content(html.replace("<details", "<details open"))
    assert folded == pages(page.pdf()) > 5
    page.emulate_media(media="print")
    page.set_content(html)
    assert page.locator("td", has_text=re.compile(rf"^node-{NODES}$")).first.is_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
