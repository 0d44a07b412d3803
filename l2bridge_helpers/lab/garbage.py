"""Answers that are none: cut off, half, another server's page, nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from werkzeug import Response

from l2bridge_helpers.lab.server import Answer, CutOff

Garbage = Literal["", "cut off", "half", "html", "empty"]
"""`cut off`: the connection breaks in the midst of the body. `half`: half of the body, and its length says so.
`html`: a page of some proxy with status 200. `empty`: status 200 and no body."""

_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"

GARBAGE: dict[str, Callable[[], Response]] = {
    "html": lambda: Response(_PAGE, 200, content_type="text/html; charset=utf-8"),
    "empty": lambda: Response("", 200, content_type="application/json"),
}
"""What is answered whatever was asked."""


def spoiled(response: Response, garbage: Garbage) -> Answer:
    """Return a good answer, cut off or halved; its work is done."""
    if garbage == "cut off":
        return CutOff(response)
    body = response.get_data()
    half = Response(body[: len(body) // 2], response.status_code, dict(response.headers))
    half.headers["Content-Length"] = str(len(half.get_data()))
    return half
