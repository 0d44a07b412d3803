"""What ARM answers -> our errors: each names the action, what Azure said, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from azure.core import exceptions as azure
from urllib3.exceptions import NewConnectionError

from l2bridge_helpers.errors import (
    AccessDeniedError,
    CloudError,
    CredentialsError,
    ParameterError,
    PolicyError,
    QuotaError,
    UnreachableError,
)

_ACTION = re.compile(r"perform action(?:\(s\))? '([^']+)' (?:over|on) (?:the linked )?scope(?:\(s\))? '([^']+)'")
_TENANT = re.compile(r"must match (?:the tenant|one of the tenants) '([^']+)'")
_DENIED = frozenset(
    {"AuthorizationFailed", "LinkedAuthorizationFailed", "Forbidden", "AuthorizationPermissionMismatch"}
)
_BUSY = frozenset(
    {
        "AnotherOperationInProgress",
        "RetryableError",
        "RetryableErrorDueToAnotherOperation",
        "ReferencedResourceNotProvisioned",
        "OperationPreempted",
        "Conflict",
    }
)
"""Someone works on the resource or on what it refers to. 429 with such a code is no throttling."""
_POLICIES = frozenset({"RequestDisallowedByPolicy", "ScopeLocked"})
_MISSING = frozenset({"ResourceNotFound", "NotFound", "ParentResourceNotFound", "ResourceGroupNotFound"})
_LIMIT = re.compile(r"Limit(?:Exceeded|Reached)|QuotaExceeded|MaxCountExceeded")
_UNAUTHORIZED, _LOST, _THROTTLED, _BROKEN = 401, 412, 429, 500
_LONGEST = 600


class LostRaceError(CloudError):
    """Someone else changed the resource since it was read (412 PreconditionFailed)."""


class MissingError(CloudError):
    """There is no such resource, or no such group; `code` is Azure's word."""

    def __init__(self, text: str, code: str) -> None:
        """Keep the code."""
        super().__init__(text)
        self.code = code


class BusyError(CloudError):
    """Another operation works on the resource; `seconds` is how long Azure asks to wait, 0 when it does not say."""

    def __init__(self, text: str, seconds: float = 0.0) -> None:
        """Keep what Azure asks for."""
        super().__init__(text)
        self.seconds = seconds


@contextmanager
def explained(doing: str, endpoint: str = "Azure") -> Iterator[None]:
    """Turn the SDK's errors into ours. `doing` is what is tried, as in `could not <doing>`; `endpoint` is where."""
    try:
        yield
    except azure.AzureError as err:
        raise translate(err, doing, endpoint) from err
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as err:
        raise CloudError(
            f"could not {doing}: the answer is not what Azure answers ({type(err).__name__}: {err})"
        ) from err


def translate(err: azure.AzureError, doing: str, endpoint: str = "Azure") -> CloudError | ParameterError:
    """Return our error for one of Azure's."""
    if isinstance(err, azure.HttpResponseError) and err.status_code:
        return _refused(err, doing)
    if isinstance(err, azure.ClientAuthenticationError):
        return CredentialsError(
            f"could not {doing}: there are no Azure credentials that work ({_reasons(err)}); run `az login`, or set "
            "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use the machine's managed identity"
        )
    if isinstance(err, azure.ServiceRequestError | azure.ServiceResponseError):
        refused = isinstance(err.inner_exception, NewConnectionError)
        why = (
            f"nothing answers at {endpoint}" if refused else f"the connection to {endpoint} failed ({_first_line(err)})"
        )
        todo = "check parameter endpoint, network and proxy, then run again"
        return UnreachableError(f"could not {doing}: {why}; {todo}")
    return CloudError(f"could not {doing}: the Azure SDK failed ({type(err).__name__}: {_first_line(err)})")


def is_lock(body: bytes) -> bool:
    """Return whether an error's body says that another operation works on the resource, which is no throttling."""
    try:
        return json.loads(body)["error"]["code"] in _BUSY
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def code_of(err: azure.HttpResponseError) -> str:
    """Return ARM's error code, "" when the answer has none."""
    error = _error_of(err)
    return str(error.code or "") if error else ""


def _refused(err: azure.HttpResponseError, doing: str) -> CloudError | ParameterError:
    code, text = code_of(err), _told(err)
    if code in _DENIED:
        return _denied(code, text, doing)
    if err.status_code == _UNAUTHORIZED:
        return _credentials(code, text, doing)
    if code == "SubscriptionNotFound":
        return ParameterError(
            f"parameter subscription_id: {code}: {text} ({doing}); `az account list` shows those you may use"
        )
    return _failed(err, code, f"could not {doing}: {code or f'HTTP {err.status_code}'}: {text}")


def _failed(err: azure.HttpResponseError, code: str, said: str) -> CloudError:
    """Return our error for what concerns one resource, or all of Azure."""
    status = err.status_code or 0
    if code in _BUSY:
        return BusyError(f"{said}; another operation works on it: run again", _seconds(err))
    if code in _MISSING:
        todo = "it is gone, or the parameters subscription_id, resource_group and route_table do not fit"
        return MissingError(f"{said}; {todo}", code)
    if _LIMIT.search(code):
        return QuotaError(f"{said}; ask for a higher limit, or remove what nobody needs")
    if status == _LOST:
        return LostRaceError(f"{said}; others keep changing it: run again")
    if status == _THROTTLED or status >= _BROKEN:
        return UnreachableError(f"{said}; Azure asks to wait: run again later")
    policy = code in _POLICIES
    return PolicyError(f"{said}; a policy or a lock forbids it: ask for an exception") if policy else CloudError(said)


def _denied(code: str, text: str, doing: str) -> AccessDeniedError:
    found = _ACTION.findall(text)  # of a linked action: what is allowed, then what is not
    action = "may not {} on {}".format(*found[-1]) if found else f"may not do that ({text})"
    return AccessDeniedError(f"could not {doing}: {code}: these credentials {action}; grant it, or use others")


def _credentials(code: str, text: str, doing: str) -> CredentialsError:
    tenant = _TENANT.search(text)
    if code == "InvalidAuthenticationTokenTenant":
        todo = f"run `az login --tenant {tenant[1]}`" if tenant else "sign in to the subscription's tenant"
        return CredentialsError(f"could not {doing}: {code}: the credentials are of another tenant ({text}); {todo}")
    said = f"{code}: {text}" if code else text
    return CredentialsError(f"could not {doing}: Azure does not accept these credentials ({said}); sign in again")


def _told(err: azure.HttpResponseError) -> str:
    """Return Azure's own message, with the details that say more than it does."""
    error = _error_of(err)
    if not error:
        return _first_line(err)
    details = [str(detail.message) for detail in error.details or [] if getattr(detail, "message", "")]
    told = dict.fromkeys([str(error.message or ""), *details])
    return " ".join(" ".join(filter(None, told)).split())[:_LONGEST] or _first_line(err)


def _error_of(err: azure.HttpResponseError) -> azure.ODataV4Format | None:
    """Return what the answer says, also where ARM's own reader gives up: on `"additionalInfo": null`."""
    try:
        return err.error or azure.ODataV4Format(json.loads(err.response.text() if err.response else ""))
    except (AttributeError, TypeError, ValueError, RecursionError):
        return None


def _seconds(err: azure.HttpResponseError) -> float:
    """Return how long the answer asks to wait."""
    headers = getattr(err.response, "headers", None) or {}
    header = str(headers.get("Retry-After", ""))
    return float(header) if header.isdecimal() else 0.0


def _first_line(err: Exception) -> str:
    return " ".join(str(err).strip().partition("\n")[0].split())[:_LONGEST]


def _reasons(err: Exception) -> str:
    """Return what failed, and what Azure's token service said against credentials that were tried."""
    said = [line.strip() for line in str(err).splitlines() if "AADSTS" in line]
    return " ".join(" ".join([_first_line(err), *dict.fromkeys(said)]).split())[:_LONGEST]
