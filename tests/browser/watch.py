"""What a page must not do while it is used: ask anything off loopback, or complain on its console."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

AT_HOME = ("127.0.0.1", "localhost")
INLINE = ("data", "blob", "file", "about", "chrome-error")
"""Schemes that nothing is sent for."""

ALLOWED: dict[str, str] = {
    r"^page error: Cannot send$": "a button was clicked whose kernel has gone; ipywidgets tells that in no other way",
}
"""Console errors that do no harm, as regular expression -> why."""


@dataclass
class Watch:
    """What one page did."""

    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Listen to a page, and to what it opens, from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("popup", self.follow)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def complaints(self) -> list[str]:
        """Return what nobody has allowed: requests that leave this machine, and errors."""
        off = [f"asked {url}" for url in dict.fromkeys(self.asked) if leaves(url)]
        return off + [error for error in self.errors if not any(re.search(pattern, error) for pattern in ALLOWED)]


def leaves(url: str) -> bool:
    """Return whether a request for a URL leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme not in INLINE and parts.hostname not in AT_HOME
