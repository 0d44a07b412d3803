from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from l2bridge_helpers.headless import private_folder
from l2bridge_helpers.jupyterlab import JupyterLab, start_jupyterlab
from l2bridge_helpers.lab import Lab, world
from tests.browser.desk import Desk
from tests.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

OpenDesk = Callable[[str], Desk]

SETTINGS = {
    # Else cells that are scrolled out of sight leave the document.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/codemirror-extension:plugin": {"defaultConfig": {"cursorBlinkRate": 0}},
}
OPTIONS = (
    "--LabApp.expose_app_in_browser=True",
    "--ServerApp.terminals_enabled=False",
    # It ends by itself when whoever started it was killed.
    "--ServerApp.shutdown_no_activity_timeout=300",
    "--MappingKernelManager.cull_idle_timeout=300",
    "--MappingKernelManager.cull_interval=60",
    "--MappingKernelManager.cull_connected=True",
)
CHROMIUM = ("--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
ACTION_MS = 20_000


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A browser without a screen; where there is none, these tests are left out."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no chromium on this machine (Debian, Ubuntu: apt install chromium fonts-dejavu-core)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def served(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[JupyterLab, Path]]:
    """One JupyterLab for all tests, and its folder; each test works in a folder below."""
    del chromium  # no browser, no server
    folder = tmp_path_factory.mktemp("desk")
    with private_folder() as private:
        server = start_jupyterlab(folder, private, settings=SETTINGS, options=OPTIONS)
        yield server, folder
        server.process.terminate()
        server.process.wait(20)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A window of its own; what it asks for and what it complains of is looked at in the end."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(ACTION_MS)
    watch = Watch()
    context.on("page", watch.follow)
    yield context
    context.close()
    assert watch.complaints() == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of that window."""
    return context.new_page()


@pytest.fixture
def open_desk(
    context: BrowserContext, served: tuple[JupyterLab, Path], request: pytest.FixtureRequest, shots: Path | None
) -> Iterator[OpenDesk]:
    """Serve a world, with notebooks for it in JupyterLab: `open_desk("gce-small")`."""
    server, root = served
    labs: list[Lab] = []

    def opened(name: str) -> Desk:
        folder = root / re.sub(r"\W+", "-", f"{request.node.name}-{len(labs)}")
        folder.mkdir()
        labs.append(Lab(world(name), folder=folder))
        return Desk.make(labs[-1], server, context, folder, shots)

    yield opened
    if shots and getattr(request.node, "has_failed", False):
        for number, page in enumerate(context.pages):
            page.screenshot(path=shots / f"failed-{request.node.name}-{number}.png")
    for page in context.pages:
        page.close()
    for lab in labs:
        lab.close()
    headers = {"Authorization": f"token {server.token}"}
    for session in requests.get(f"{server.address}/api/sessions", headers=headers, timeout=20).json():
        requests.delete(f"{server.address}/api/sessions/{session['id']}", headers=headers, timeout=20)


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where pictures of what is seen go, for people to look at: the folder SCREENSHOTS; none unless it is set."""
    name = os.environ.get("SCREENSHOTS")
    if not name:
        return None
    Path(name).mkdir(parents=True, exist_ok=True)
    return Path(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember for the fixtures that a test has failed."""
    report = yield
    if report.when == "call":
        item.has_failed = report.failed  # type: ignore[attr-defined]
    return report
