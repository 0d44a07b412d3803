from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import violations
from tests.browser.watch import Watch, leaves

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.xdist_group("browser")

PAGE = """<title>t</title><img src="http://203.0.113.7/pixel.png" alt="x"><input>
<script>console.error('worse'); console.warn('bad'); setTimeout(() => { throw Error('worst') })</script>"""


def test_what_leaves_or_complains_is_seen(chromium: Browser) -> None:
    """A request that leaves this machine, an error on the console, and one that nobody has caught."""
    with chromium.new_context() as context:
        watch = Watch()
        context.on("page", watch.follow)
        page = context.new_page()
        page.set_content(PAGE, wait_until="load")
        page.wait_for_timeout(100)
    told = "\n".join(watch.complaints())
    for seen in ("asked http://203.0.113.7/pixel.png", "worse", "page error: worst"):
        assert seen in told
    assert "bad" not in told


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8888/lab", False),
        ("ws://127.0.0.1:8888/api", False),
        ("data:image/svg+xml;base64,AA", False),
        ("file:///report.html", False),
        ("https://127.0.0.1.example.com/", True),
        ("wss://example.com/", True),
    ],
)
def test_loopback_is_home(url: str, expected: bool) -> None:  # noqa: FBT001 - pytest hands it in
    """Only loopback, and what is not sent at all, stays on this machine."""
    assert leaves(url) is expected


def test_axe_finds_an_input_without_a_name(page: Page) -> None:
    """What axe has against a page is told by rule; a part of a page can be looked at alone."""
    page.set_content('<html lang="en"><title>t</title><main><h1>h</h1><div id="a"><input></div><p>p</p></main></html>')
    assert [line.partition(":")[0] for line in violations(page)] == ["label"]
    assert [line.partition(":")[0] for line in violations(page, "#a")] == ["label"]
    assert violations(page, "p") == []
