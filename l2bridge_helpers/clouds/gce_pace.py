"""Compute Engine's requests at the pace that it grants: each attempt, also those that Google's client makes again."""

from __future__ import annotations

import json
import re
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from l2bridge_helpers.pace import GET, LIST, OPERATION, WRITE, Answer, Pace, seconds_of
from l2bridge_helpers.pace_limits import HEAVY

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
    """Return the group of methods that a request is counted in, and the region where each has its own."""
    found = _BEHIND_PROJECT.match(url)
    parts = found[1].split("/") if found and found[1] else []
    if not parts:
        return GET
    if parts[0] == "aggregated":
        return HEAVY
    place = {"zones": parts[1].rpartition("-")[0], "regions": parts[1]}.get(parts[0], "") if len(parts) > 1 else ""
    return f"{_kind(method, parts, is_global=not place)} {place}".rstrip()


def _kind(method: str, parts: list[str], *, is_global: bool) -> str:
    if "operations" in parts:
        return OPERATION if is_global or parts[-1] != "wait" else HEAVY
    if method != "GET":
        return WRITE
    lists = len(parts) == (2 if is_global else 3) or parts[-1].startswith("getEffective")
    return LIST if lists else GET


def answer_of(response: requests.Response) -> Answer:
    """Return what an answer says about the pace."""
    if response.status_code == _TOO_MANY or (response.status_code == _FORBIDDEN and _is_rate_limit(response)):
        return Answer("throttled", seconds_of(response.headers.get("Retry-After")))
    return Answer("overloaded" if response.status_code >= _BROKEN else "fine")


def _is_rate_limit(response: requests.Response) -> bool:
    try:
        errors = json.loads(response.content)["error"]["errors"]
        return any(error["reason"] in _RATE_LIMITS for error in errors)
    except (ValueError, KeyError, TypeError):
        return False
