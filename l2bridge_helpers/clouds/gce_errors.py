"""Google's errors -> ours: which permission, policy or quota it was, and what to do."""

from __future__ import annotations

import re

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud import compute_v1
from urllib3.exceptions import NewConnectionError

from l2bridge_helpers.errors import (
    AccessDeniedError,
    CloudError,
    CredentialsError,
    PolicyError,
    QuotaError,
    UnreachableError,
)

RETRY_SECONDS = 300.0
"""How long a request is made again. It outlasts some of the quota's minutes, with others waiting in front of it."""
_RETRIED_STATUS = (429, 500, 502, 503, 504)
_RATE_LIMITS = ("rateLimitExceeded", "userRateLimitExceeded")
_PERMISSION = re.compile(
    r"Required '([\w.]+)' permission for '([^']+)'|Permission '([\w.]+)' denied on resource '([^']+)'"
)
_POLICY = re.compile(r"[Cc]onstraint (constraints/[\w./]+)")
_TRANSIENT = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    auth.TransportError,
)


class LostRaceError(CloudError):
    """Someone else changed the resource since it was read (412 conditionNotMet)."""


_BY_STATUS: dict[int, tuple[type[CloudError], str]] = {
    401: (CredentialsError, "the credentials are refused: sign in again"),
    403: (AccessDeniedError, "check the account's roles and OAuth scopes, and that the Compute Engine API is enabled"),
    404: (CloudError, "check the parameters project and network (Shared VPC: projects/HOST/global/networks/NAME)"),
    412: (LostRaceError, "others keep changing it: run again"),
}


def worth_retrying(err: BaseException) -> bool:
    """Return whether the same request may succeed later: throttled, overloaded, cut off. Nobody listening is final."""
    if isinstance(err, api.GoogleAPICallError):
        return err.code in _RETRIED_STATUS or _reason(err) in _RATE_LIMITS
    return (
        isinstance(err, _TRANSIENT) and not isinstance(err, requests.exceptions.SSLError) and not _nobody_listens(err)
    )


def translate(err: BaseException, doing: str) -> CloudError:
    """Return our error for one of Google's. `doing` is what was tried, as in `could not <doing>`."""
    if isinstance(err, api.RetryError):
        cause = err.cause or err
        tried = f"still failing after {RETRY_SECONDS / 60:.0f} minutes of retries"
        return UnreachableError(f"could not {doing}: {tried} ({_text(cause)}); run again later")
    if isinstance(err, api.GoogleAPICallError):
        return _api_error(err, doing)
    if isinstance(err, auth.GoogleAuthError):
        return _auth_error(err, doing)
    if isinstance(err, requests.exceptions.JSONDecodeError):
        return CloudError(f"could not {doing}: the answer is no JSON; is parameter endpoint the Compute Engine API?")
    if isinstance(err, requests.exceptions.RequestException):
        return UnreachableError(
            f"could not {doing}: {_connection(err)}; check parameter endpoint, network and proxy, then run again"
        )
    return CloudError(f"could not {doing}: {type(err).__name__}: {err}")


def _auth_error(err: auth.GoogleAuthError, doing: str) -> CloudError:
    if isinstance(err, auth.DefaultCredentialsError):
        return CredentialsError(
            f"could not {doing}: there are no Google credentials; run `gcloud auth application-default login`, "
            "or set GOOGLE_APPLICATION_CREDENTIALS"
        )
    if isinstance(err, auth.TransportError):
        return UnreachableError(
            f"could not {doing}: Google's token service does not answer ({_text(err)}); check network and proxy"
        )
    return CredentialsError(
        f"could not {doing}: the Google credentials do not work ({_text(err)}); "
        "run `gcloud auth application-default login` again"
    )


def operation_error(operation: compute_v1.Operation, doing: str) -> CloudError:
    """Return our error for an operation that ended in errors although HTTP said 200."""
    errors = operation.error.errors
    text = "; ".join(f"{error.code}: {error.message}" for error in errors)
    text = text or f"{operation.http_error_message} (HTTP {operation.http_error_status_code})"
    if any("QUOTA" in error.code for error in errors):
        return QuotaError(f"could not {doing}: {text}; ask for a higher quota, or remove routes that nobody needs")
    return _by_message(text, doing) or CloudError(f"could not {doing}: {text}")


def _api_error(err: api.GoogleAPICallError, doing: str) -> CloudError:
    text = _text(err)
    known = _by_message(text, doing)
    if known:
        return known
    if _reason(err) == "quotaExceeded":
        return QuotaError(f"could not {doing}: {text}; ask for a higher quota, or remove routes that nobody needs")
    if err.code in _BY_STATUS:
        kind, todo = _BY_STATUS[err.code]
        return kind(f"could not {doing}: {text} (HTTP {int(err.code)}); {todo}")
    return CloudError(f"could not {doing}: {text} (HTTP {int(err.code) if err.code else '?'})")


def _by_message(text: str, doing: str) -> CloudError | None:
    if found := _PERMISSION.search(text):
        permission, resource = found[1] or found[3], found[2] or found[4]
        return AccessDeniedError(
            f"could not {doing}: permission {permission} is missing on {resource}; grant it to this account"
        )
    if found := _POLICY.search(text):
        return PolicyError(
            f"could not {doing}: organization policy {found[1]} forbids it ({text}); ask for an exception"
        )
    return None


def _reason(err: api.GoogleAPICallError) -> str:
    return next((str(error.get("reason", "")) for error in err.errors or [] if isinstance(error, dict)), "")


def _text(err: BaseException) -> str:
    """Return Google's own message, without the method and address that the client puts in front."""
    entries = err.errors if isinstance(err, api.GoogleAPICallError) else []
    messages = [str(entry["message"]) for entry in entries or [] if isinstance(entry, dict) and entry.get("message")]
    told = getattr(err, "message", "") or (err.args[0] if err.args else err)
    text = messages[0] if messages else str(told)
    return " ".join(re.sub(r"^(?:\d{3} )?(?:GET|PUT|POST|DELETE|PATCH) \S+: ", "", text).split())


def _nobody_listens(err: BaseException) -> bool:
    return any(isinstance(getattr(arg, "reason", None), NewConnectionError) for arg in err.args)


def _connection(err: requests.exceptions.RequestException) -> str:
    host = getattr(getattr(err, "request", None), "url", "") or "the endpoint"
    host = re.sub(r"^(https?://[^/]+).*", r"\1", str(host))
    if _nobody_listens(err):
        return f"nothing answers at {host}"
    return f"the connection to {host} failed ({type(err).__name__})"
