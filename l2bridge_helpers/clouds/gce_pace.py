"""Compute Engine's requests at the pace that it grants: each attempt, also those that Google's client makes again."""

from __future__ import annotations

import json
import re
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from l2bridge_helpers.pace import GET, LIST, OPERATION, WRITE, Answer, Pace

_BEHIND_PROJECT = re.compile(r".*?/projects/[^/?]+/?([^?]*)")
_RATE_LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_FORBIDDEN, _TOO_MANY, _BROKEN = 403, 429, 500


class PacedAdapter(HTTPAdapter):
    """Sends what a session sends, when the pace lets it."""

    def __init__(self, pace: Pace) -> None:
        """Keep as many connections open as requests may be under way."""
        self._pace = pace
        super().__init__(pool_connections=2, pool_maxsize=pace.width)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Send one attempt, and tell the pace what became of it."""
        ticket = self._pace.begin(group_of(request.method or "GET", request.url or ""))
        answer = Answer("overloaded")
        try:
            response = super().send(request, *args, **more)
            answer = answer_of(response)
        finally:
            self._pace.end(ticket, answer)
        return response


def group_of(method: str, url: str) -> str:
    """Return the group of methods that a request is counted in."""
    found = _BEHIND_PROJECT.match(url)
    parts = found[1].split("/") if found and found[1] else []
    if "operations" in parts:
        return OPERATION
    if method != "GET":
        return WRITE
    if not parts:
        return GET
    below = len(parts) - (1 if parts[0] in ("aggregated", "global") else 2)
    return LIST if parts[0] == "aggregated" or below == 1 or parts[-1].startswith("getEffective") else GET


def answer_of(response: requests.Response) -> Answer:
    """Return what an answer says about the pace."""
    if response.status_code == _TOO_MANY or (response.status_code == _FORBIDDEN and _is_rate_limit(response)):
        after = response.headers.get("Retry-After", "")
        return Answer("throttled", float(after) if after.isdecimal() else None)
    return Answer("overloaded" if response.status_code >= _BROKEN else "fine")


def _is_rate_limit(response: requests.Response) -> bool:
    try:
        errors = json.loads(response.content)["error"]["errors"]
        return any(error["reason"] in _RATE_LIMITS for error in errors)
    except (ValueError, KeyError, TypeError):
        return False
