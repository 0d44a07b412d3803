"""What stands between a server and an API: the request log, latency, and trouble on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Protocol

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.lab.faults import Fault, Faults
from l2bridge_helpers.lab.record import Record, Request


class Hooks(Protocol):
    """How an API is told to be slow or to fail."""

    faults: Faults
    latency: float


class Api(Protocol):
    """Answers requests whose body is read already."""

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        """Return the answer."""


class Service:
    """One API with its log and its hooks."""

    def __init__(
        self, name: str, api: Api, hooks: Hooks, record: Record, trouble: Callable[[Fault], Response] | None = None
    ) -> None:
        """Serve `api` under this name; `trouble` makes a fault's answer where JSON would not be understood."""
        self._trouble = trouble or _json_trouble
        self._name = name
        self._api = api
        self._hooks = hooks
        self._record = record

    def __call__(self, request: HttpRequest) -> Response | None:
        """Return the answer to a request, None to hang up."""
        body = _body(request)
        number, entry = self._record.arrived(self._name, request, body)
        time.sleep(self._hooks.latency)
        response = self._answer(request, body, entry)
        self._record.answered(number, response.status_code if response else 0)
        return response

    def _answer(self, request: HttpRequest, body: object | None, entry: Request) -> Response | None:
        before = self._hooks.faults.strike(entry, "before")
        if before and _has_trouble(before):
            return self._answer_of(before)
        response = self._api.answer(request, body)
        after = self._hooks.faults.strike(entry, "after")
        return self._answer_of(after) if after and _has_trouble(after) else response

    def _answer_of(self, fault: Fault) -> Response | None:
        return None if fault.drop else self._trouble(fault)


def _body(request: HttpRequest) -> object | None:
    data = request.get_data()
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode("utf-8", "replace")


def _has_trouble(fault: Fault) -> bool:
    """Wait as long as the fault says; return whether there is more to it."""
    time.sleep(fault.seconds)
    return fault.drop or fault.status > 0


def _json_trouble(fault: Fault) -> Response:
    """Return an error that both a Kubernetes and a Google client can read."""
    detail = {"message": fault.message, "domain": "global", "reason": fault.reason}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": fault.status}
    error = {"error": {"code": fault.status, "message": fault.message, "errors": [detail]}}
    text = json.dumps(status | {"message": fault.message, "reason": fault.reason} | error)
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Response(text, fault.status, headers, content_type="application/json")
