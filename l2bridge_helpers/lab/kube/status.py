"""Refusals as the Kubernetes API words them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class StatusError(Exception):
    """A request is refused: HTTP status, Kubernetes' `reason`, and a text."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """Keep the three parts of the answer."""
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message

    def as_dict(self) -> Json:
        """Return the answer's JSON, a Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }


def not_found(what: str = "the requested resource") -> StatusError:
    """Return the answer for a path or an object that does not exist."""
    text = "the server could not find the requested resource" if what == "the requested resource" else what
    return StatusError(404, "NotFound", text)
