"""Trouble by its name, in each service's own form: what `Lab.trouble` makes.

| kind | what the client sees |
|---|---|
| throttled | GCE: 403 rateLimitExceeded; EC2: 503 RequestLimitExceeded; ARM and Kubernetes: 429 with Retry-After |
| server error, bad gateway, unavailable, gateway timeout | 500, 502, 503, 504 |
| reset, reset after | the connection breaks off before the work, or after it was done |
| hang up, hang up after | the connection is closed without an answer, before the work or after it |
| timeout, timeout after | no answer for `seconds` (an hour), then the connection is closed; work not done, or done |
| slow | the usual answer, `seconds` (one) later |
| cut off | the answer breaks off in the midst of its body |
| half | half an answer, whose length is right |
| html, empty | a page of a proxy, or nothing, with status 200 |
| stale | 412 although nobody wrote (GCE, ARM), 409 (Kubernetes) |
| expired page | the page token is too old |
| expired credentials | 401, on EC2 400 RequestExpired |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.faults import Match

Trouble = Mapping[str, Any]
"""Arguments of `Faults.add`."""

_HOUR = 3600.0

EVERYWHERE: Final[Mapping[str, Trouble]] = {
    "reset": {"drop": True, "reset": True},
    "reset after": {"drop": True, "reset": True, "when": "after"},
    "hang up": {"drop": True},
    "hang up after": {"drop": True, "when": "after"},
    "timeout": {"drop": True, "seconds": _HOUR},
    "timeout after": {"drop": True, "seconds": _HOUR, "when": "after"},
    "slow": {"status": 0, "seconds": 1.0},
    "cut off": {"garbage": "cut off"},
    "half": {"garbage": "half"},
    "html": {"garbage": "html"},
    "empty": {"garbage": "empty"},
}


def _said(status: int, reason: str, message: str, **more: Any) -> Trouble:
    return {"status": status, "reason": reason, "message": message, **more}


_GCE = {
    "throttled": _said(
        403,
        "rateLimitExceeded",
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'.",
    ),
    "server error": _said(500, "internalError", "Internal error encountered."),
    "bad gateway": _said(502, "badGateway", "Bad Gateway"),
    "unavailable": _said(503, "backendError", "The service is currently unavailable."),
    "gateway timeout": _said(504, "gatewayTimeout", "The request timed out."),
    "stale": _said(412, "conditionNotMet", "Supplied fingerprint does not match current instance fingerprint."),
    "expired page": _said(
        400, "invalid", "Invalid value for field 'pageToken': The page token is malformed, expired, or of another list."
    ),
    "expired credentials": _said(
        401, "authError", "Request had invalid authentication credentials. Expected OAuth 2 access token."
    ),
}
_AWS = {
    "throttled": _said(503, "RequestLimitExceeded", "Request limit exceeded."),
    "server error": _said(500, "InternalError", "An internal error has occurred"),
    "bad gateway": _said(502, "InternalFailure", "The request processing has failed because of an unknown error."),
    "unavailable": _said(503, "Unavailable", "The server is overloaded and can't handle the request."),
    "gateway timeout": _said(504, "InternalFailure", "The request timed out."),
    "expired page": _said(400, "InvalidParameterValue", "Invalid value for parameter nextToken: the token has expired"),
    "expired credentials": _said(400, "RequestExpired", "Request has expired."),
}
_AZURE = {
    "throttled": _said(429, "TooManyRequests", "The request is being throttled.", retry_after=1),
    "server error": _said(500, "InternalServerError", "Encountered internal server error."),
    "bad gateway": _said(502, "BadGateway", "The server returned an invalid response."),
    "unavailable": _said(503, "ServiceUnavailable", "The service is temporarily unavailable."),
    "gateway timeout": _said(504, "GatewayTimeout", "The gateway did not receive a response in the specified time."),
    "stale": _said(412, "PreconditionFailed", "Precondition failed."),
    "expired page": _said(400, "InvalidSkipToken", "The skip token is not valid."),
    "expired credentials": _said(
        401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than the current UTC time."
    ),
}
_KUBERNETES = {
    "throttled": _said(429, "TooManyRequests", "too many requests, please try again later", retry_after=1),
    "server error": _said(500, "InternalError", "Internal error occurred"),
    "bad gateway": _said(502, "BadGateway", "bad gateway"),
    "unavailable": _said(503, "ServiceUnavailable", "apiserver not ready"),
    "gateway timeout": _said(504, "Timeout", "the server was unable to return a response in the time allotted"),
    "stale": _said(409, "Conflict", "the object has been modified; please apply your changes to the latest version"),
    "expired page": _said(410, "Expired", "The provided continue parameter is too old to display a consistent list."),
    "expired credentials": _said(401, "Unauthorized", "Unauthorized"),
}
TROUBLES: Final[Mapping[str, Mapping[str, Trouble]]] = {
    platform: {**EVERYWHERE, **own}
    for platform, own in {"gce": _GCE, "aws": _AWS, "azure": _AZURE, "kubernetes": _KUBERNETES}.items()
}
"""Service -> kind -> arguments of `Faults.add`. Stale writes are not known to EC2."""


def usual_match(kind: str) -> Match:
    """Return which requests a kind of trouble strikes if nobody says which."""
    return (lambda request: bool(request.page_token)) if kind == "expired page" else ("", "")


def trouble(service: str, kind: str) -> Trouble:
    """Return the arguments of `Faults.add` for a kind of trouble.

    Raises:
        LabError: this service has no such trouble.

    """
    if kind not in TROUBLES[service]:
        raise LabError(f"{service} has no trouble {kind!r}; there are {', '.join(sorted(TROUBLES[service]))}")
    return TROUBLES[service][kind]
