"""Errors as the Compute Engine API words them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A request is refused: HTTP status, Google's `reason`, and a text."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep the three parts of the answer."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    def as_dict(self) -> Json:
        """Return the answer's JSON."""
        domain = "usageLimits" if self.reason == "rateLimitExceeded" else "global"
        detail = {"message": self.message, "domain": domain, "reason": self.reason}
        return {"error": {"code": self.status, "message": self.message, "errors": [detail]}}


def invalid(field: str, value: object, problem: str) -> ApiError:
    """Return the refusal of one field's value."""
    return ApiError(400, "invalid", f"Invalid value for field '{field}': '{value}'. {problem}")


def required(field: str) -> ApiError:
    """Return the refusal of a request without this field."""
    return ApiError(400, "required", f"Required field '{field}' not specified")


def not_found(path: str) -> ApiError:
    """Return the answer for `projects/P/...` that does not exist."""
    return ApiError(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> ApiError:
    """Return the answer for a name that is taken."""
    return ApiError(409, "alreadyExists", f"The resource '{path}' already exists")


def condition_not_met(message: str) -> ApiError:
    """Return the answer for a stale fingerprint, or for a policy."""
    return ApiError(412, "conditionNotMet", message)
