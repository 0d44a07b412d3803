"""ARM's requests at the pace that it grants: each attempt, also those that Azure's SDK makes again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

from l2bridge_helpers.clouds.azure_errors import is_lock
from l2bridge_helpers.pace import READ, WRITE, Answer, Pace, seconds_of
from l2bridge_helpers.pace_limits import DELETE

_TOO_MANY, _BROKEN = 429, 500
_LEFT = {
    "reads": "x-ms-ratelimit-remaining-subscription-reads",
    "writes": "x-ms-ratelimit-remaining-subscription-writes",
    "deletes": "x-ms-ratelimit-remaining-subscription-deletes",
}
"""Limit -> the header that says what is left of it."""


class PacedPolicy(HTTPPolicy[Any, Any]):
    """Stands behind the retries of a pipeline."""

    def __init__(self, pace: Pace) -> None:
        """Keep the pace."""
        self._pace = pace

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send one attempt, and tell the pace what became of it."""
        ticket = self._pace.begin(group_of(request.http_request.method))
        answer = Answer("overloaded")
        try:
            response = self.next.send(request)
            answer = answer_of(response.http_response)
        finally:
            self._pace.end(ticket, answer)
        return response


def group_of(method: str) -> str:
    """Return the group that a request is counted in."""
    return READ if method in ("GET", "HEAD") else DELETE if method == "DELETE" else WRITE


def answer_of(response: Any) -> Answer:
    """Return what an answer says about the pace; 429 is also said of a lock, which is none of its business."""
    left = dict(_left(response.headers))
    if response.status_code == _TOO_MANY and not is_lock(response.read()):
        return Answer("throttled", seconds_of(response.headers.get("Retry-After")), left)
    return Answer("overloaded" if response.status_code >= _BROKEN else "fine", left=left)


def _left(headers: Any) -> Iterator[tuple[str, float]]:
    for name, header in _LEFT.items():
        if (told := str(headers.get(header, ""))).isdecimal():
            yield name, float(told)
