"""Operations: a change is accepted at once, happens later, and may fail then.

Names and ids are counted, not random, so that two runs of the same steps look the same.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.lab.gce.answers import ApiError, invalid, not_found
from l2bridge_helpers.lab.gce.links import absolute, project_of, scope_of

Json = dict[str, Any]
Effect = Callable[[], None]
"""Makes the change, or raises `OperationError`."""

STAMP = "2026-11-02T09:00:00.000-08:00"
"""When everything happens that happens in a lab: the same on every run."""

WAIT_SECONDS = 120.0
"""The longest that `wait` waits (API reference of `globalOperations.wait`)."""


class OperationError(Exception):
    """A change fails after it was accepted: Google's code, and a text."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(order=True)
class _Pending:
    due: float
    number: int
    body: Json = field(compare=False)
    path: str = field(compare=False)
    effect: Effect = field(compare=False)


class Operations:
    """All operations of a cloud, done and under way."""

    def __init__(self) -> None:
        """Start with none."""
        self._all: dict[str, Json] = {}
        self._within: defaultdict[str, list[Json]] = defaultdict(list)
        self._busy: Counter[str] = Counter()
        self._pending: list[_Pending] = []
        self._due: dict[str, float] = {}
        self._requests: dict[str, tuple[str, str]] = {}

    def start(self, path: str, kind: str, *, target_id: str, due: float, effect: Effect) -> Json:
        """Accept a change of `projects/P/...`; its effect happens at that time."""
        number = len(self._all) + 1
        name = f"operation-{1_793_638_800_000 + number}-{_hash(f'{number} {path}')}"
        body = _body(name, number, path, kind, target_id)
        project = f"projects/{project_of(path)}"
        container = f"{project}/{scope_of(path)}/operations"
        self._all[f"{container}/{name}"] = body
        self._within[container].append(body)
        self._within[f"{project}/aggregated/operations"].append(body)
        self._busy[path] += 1
        self._due[name] = due
        heapq.heappush(self._pending, _Pending(due, number, body, path, effect))
        return dict(body)

    def busy(self, path: str) -> bool:
        """Return whether a change of this resource is under way."""
        return self._busy[path] > 0

    def settle(self, now: float) -> None:
        """Let the changes happen whose time has come, in the order of their times."""
        while self._pending and self._pending[0].due <= now:
            pending = heapq.heappop(self._pending)
            del self._due[pending.body["name"]]
            self._busy[pending.path] -= 1
            _finish(pending)

    def seconds_left(self, path: str, now: float) -> float:
        """Return the time until this operation is done, 0 when it is."""
        return max(0.0, self._due.get(self.get(path)["name"], now) - now)

    def get(self, path: str) -> Json:
        """Return the operation `projects/P/.../operations/N`; 404 when there is none."""
        if path not in self._all:
            raise not_found(path)
        return self._all[path]

    def within(self, container: str) -> list[Json]:
        """Return the operations of `projects/P/global/operations`, of a zone or region, or all: the oldest first."""
        return self._within[container]

    def repeated(self, request_id: str | None, what: str) -> Json | None:
        """Return the operation that the same request has started before.

        Raises:
            ApiError: the id is no UUID, or it was used for another request.

        """
        if request_id is None:
            return None
        check_request_id(request_id)
        path, before = self._requests.get(request_id.lower(), ("", what))
        if before != what:
            raise invalid("requestId", request_id, "The request ID was used for a different request.")
        return dict(self._all[path]) if path else None

    def remember(self, request_id: str | None, what: str, operation: Json) -> None:
        """Keep a request's id, to answer the same when it is sent again."""
        if request_id is not None:
            path = operation["selfLink"].removeprefix(absolute(""))
            self._requests[request_id.lower()] = (path, what)


def check_request_id(text: str) -> None:
    """Refuse what is not a UUID, or the zero UUID (API reference, parameter `requestId`)."""
    digits = text.replace("-", "")
    grouped = [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    if not grouped or not all(digit in "0123456789abcdefABCDEF" for digit in digits) or not int(digits, 16):
        raise invalid("requestId", text, "Must be a valid UUID that is not zero.")


def _body(name: str, number: int, path: str, kind: str, target_id: str) -> Json:
    scope = scope_of(path)
    holder = absolute(f"projects/{project_of(path)}/{scope}")
    place = {} if scope == "global" else {scope.split("/")[0].rstrip("s"): holder}
    return place | {
        "kind": "compute#operation",
        "id": str(4_000_000_000_000_000_000 + number),
        "name": name,
        "operationType": kind,
        "targetLink": absolute(path),
        "targetId": target_id,
        "status": "RUNNING",
        "user": "lab@example.com",
        "progress": 0,
        "insertTime": STAMP,
        "startTime": STAMP,
        "selfLink": f"{holder}/operations/{name}",
    }


def _finish(pending: _Pending) -> None:
    pending.body.update(status="DONE", progress=100, endTime=STAMP)
    try:
        pending.effect()
    except OperationError as err:
        pending.body["error"] = {"errors": [{"code": err.code, "message": err.message}]}
        pending.body.update(httpErrorStatusCode=403 if "QUOTA" in err.code else 400, httpErrorMessage=err.code)
    except ApiError as err:
        pending.body["error"] = {"errors": [{"code": err.reason.upper(), "message": err.message}]}
        pending.body.update(httpErrorStatusCode=err.status, httpErrorMessage=err.reason)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{digest[:13]}-{digest[13:21]}-{digest[21:29]}"
