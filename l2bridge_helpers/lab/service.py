"""What stands between a server and an API: the request log, latency, trouble on demand, boundaries of changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal, Protocol

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.lab.faults import Fault
from l2bridge_helpers.lab.garbage import GARBAGE, spoiled
from l2bridge_helpers.lab.hooks import Hooks
from l2bridge_helpers.lab.record import Record, Request
from l2bridge_helpers.lab.server import Answer, HangUp

Boundary = Callable[[Request, Literal["before", "after"]], object]
"""Called on both sides of each change; what it returns says whether to hang up (`True`)."""


class Api(Protocol):
    """Answers requests whose body is read already."""

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        """Return the answer."""


class Boundaries:
    """Who is called before and after the work of each change; the same for all servers of a lab."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.callback: Boundary | None = None

    def hang_up(self, request: Request, when: Literal["before", "after"]) -> bool:
        """Call; return whether the client is to get no answer."""
        callback = self.callback
        return callback is not None and request.mutates and callback(request, when) is True


class Service:
    """One API with its log and its hooks."""

    def __init__(
        self,
        name: str,
        api: Api,
        hooks: Hooks,
        record: Record,
        boundaries: Boundaries,
        *,
        trouble: Callable[[Fault], Response] | None = None,
    ) -> None:
        """Serve `api` under this name; `trouble` makes a fault's answer where JSON would not be understood."""
        self._trouble = trouble or self._json_trouble
        self._name = name
        self._api = api
        self._hooks = hooks
        self._record = record
        self._boundaries = boundaries

    def __call__(self, request: HttpRequest) -> Answer:
        """Return the answer to a request."""
        body = _body(request)
        number, entry = self._record.arrived(self._name, request, body)
        answer = self._answer(request, body, entry)
        self._record.answered(number, answer.status_code if isinstance(answer, Response) else 0)
        return answer

    def _answer(self, request: HttpRequest, body: object | None, entry: Request) -> Answer:
        hooks = self._hooks
        own = hooks.write_latency if entry.mutates else hooks.read_latency
        if not hooks.clock.sleep(hooks.latency + own) or self._boundaries.hang_up(entry, "before"):
            return HangUp()
        before = hooks.faults.strike(entry, "before")
        struck = self._struck(before) if before else None
        if struck is not None:
            return struck
        response = self._api.answer(request, body)
        if self._boundaries.hang_up(entry, "after"):
            return HangUp()
        after = hooks.faults.strike(entry, "after")
        if after is None:
            return response
        return self._struck(after) or (spoiled(response, after.garbage) if after.garbage else response)

    def _struck(self, fault: Fault) -> Answer | None:
        """Do what a fault says; return the answer, None when there is to be another one."""
        if not self._hooks.clock.sleep(fault.seconds):
            return HangUp()
        if fault.do:
            fault.do()
        if fault.drop:
            return HangUp(reset=fault.reset)
        if fault.garbage in GARBAGE:
            return GARBAGE[fault.garbage]()
        return self._trouble(fault) if fault.status and not fault.garbage else None

    def _json_trouble(self, fault: Fault) -> Response:
        """Return an error that both a Kubernetes and a Google client can read."""
        wait = fault.retry_after
        headers = {} if wait is None else {"Retry-After": self._hooks.clock.retry_after(wait)}
        return Response(_error(fault), fault.status, headers, content_type="application/json")


def _body(request: HttpRequest) -> object | None:
    data = request.get_data()
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode("utf-8", "replace")


def _error(fault: Fault) -> str:
    domain = "usageLimits" if fault.reason == "rateLimitExceeded" else "global"
    detail = {"message": fault.message, "domain": domain, "reason": fault.reason}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": fault.status}
    error = {"error": {"code": fault.status, "message": fault.message, "errors": [detail]}}
    return json.dumps(status | {"message": fault.message, "reason": fault.reason} | error)
