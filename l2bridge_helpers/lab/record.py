"""The request log: what was asked of the lab, in the order of arrival."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from werkzeug import Request as HttpRequest

_READING = ("GET", "HEAD")
_TOKENS = ("$skiptoken", "NextToken", "continue", "pageToken")
_ASKING = ("/wait", "/selfsubjectaccessreviews", "/selfsubjectrulesreviews", "/effectiveroutetable")
"""Ends of the paths that are posted to and change nothing."""


@dataclass(frozen=True)
class Request:
    """One request as it came in; `status` is what was answered, 0 for no answer yet or none at all."""

    server: str
    method: str
    path: str
    query: dict[str, str]
    body: object | None
    headers: dict[str, str]
    status: int = 0

    @property
    def mutates(self) -> bool:
        """True for what changes something: not a read, nor a wait for an operation, nor asking for permissions."""
        if self.action:
            return not self.action.startswith("Describe") and self._form.get("DryRun") != "true"
        return self.method not in _READING and not self.path.lower().endswith(_ASKING)

    @property
    def action(self) -> str:
        """EC2's name for what is asked, "" on other APIs."""
        return self._form.get("Action", "")

    @property
    def page_token(self) -> str:
        """Return which page is asked for, "" for the first one, or where there are none."""
        told = self._form | self.query
        return next((told[name] for name in _TOKENS if told.get(name)), "")

    @cached_property
    def _form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body)) if isinstance(self.body, str) and "Action=" in self.body else {}

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


class Record:
    """A list of requests that several threads write to."""

    def __init__(self, on_answer: Callable[[Request], None] | None = None) -> None:
        """Start empty; `on_answer` is called with each request after it was answered."""
        self._on_answer = on_answer
        self._requests: list[Request] = []
        self._lock = threading.Lock()

    def arrived(self, server: str, request: HttpRequest, body: object | None) -> tuple[int, Request]:
        """Note a request; return its number, for `answered`, and its entry."""
        entry = Request(
            server=server,
            method=request.method,
            path=request.path,
            query=request.args.to_dict(),
            body=body,
            headers=dict(request.headers),
        )
        with self._lock:
            self._requests.append(entry)
            return len(self._requests) - 1, entry

    def answered(self, number: int, status: int) -> None:
        """Note the status that a request was answered with, 0 for none."""
        with self._lock:
            entry = self._requests[number] = replace(self._requests[number], status=status)
            if self._on_answer:
                self._on_answer(entry)

    def snapshot(self) -> list[Request]:
        """Return the requests until now."""
        with self._lock:
            return list(self._requests)
