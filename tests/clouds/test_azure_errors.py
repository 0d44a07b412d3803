"""What ARM answers -> our errors."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core import exceptions as azure

from l2bridge_helpers.clouds.azure_errors import BusyError, LostRaceError, MissingError, explained, translate
from l2bridge_helpers.errors import (
    AccessDeniedError,
    CloudError,
    CredentialsError,
    L2BridgeError,
    ParameterError,
    PolicyError,
    QuotaError,
    UnreachableError,
)
from tests.azure_refusals import refusal

DOING = "write route table rg/nodes"


def _error(status: int, code: str, message: str = "said so", **headers: Any) -> L2BridgeError:
    return translate(refusal(status, {"error": {"code": code, "message": message}}, **headers), DOING)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "AuthenticationFailed", CredentialsError),
        (401, "ExpiredAuthenticationToken", CredentialsError),
        (403, "RequestDisallowedByPolicy", PolicyError),
        (409, "ScopeLocked", PolicyError),
        (404, "ResourceNotFound", MissingError),
        (404, "ResourceGroupNotFound", MissingError),
        (404, "SubscriptionNotFound", ParameterError),
        (412, "PreconditionFailed", LostRaceError),
        (409, "AnotherOperationInProgress", BusyError),
        (429, "RetryableErrorDueToAnotherOperation", BusyError),
        (429, "ReferencedResourceNotProvisioned", BusyError),
        (429, "TooManyRequests", UnreachableError),
        (429, "SubscriptionRequestsThrottled", UnreachableError),
        (500, "InternalServerError", UnreachableError),
        (503, "ServiceUnavailable", UnreachableError),
        (400, "RouteTableRoutesLimitExceeded", QuotaError),
        (400, "RouteConflict", CloudError),
        (418, "SomethingNew", CloudError),
    ],
)
def test_each_refusal_is_an_error_of_its_own(status: int, code: str, kind: type[Exception]) -> None:
    """429 with a lock's code is no throttling; every text holds what was tried, Azure's code and its words."""
    error = _error(status, code)
    assert type(error) is kind
    assert all(part in str(error) for part in (DOING, code, "said so"))


@pytest.mark.parametrize(("header", "seconds"), [("11", 11.0), ("", 0.0), ("soon", 0.0)])
def test_a_lock_says_how_long_to_wait(header: str, seconds: float) -> None:
    """`Retry-After` is honoured, and done without."""
    error = _error(429, "RetryableErrorDueToAnotherOperation", **({"Retry-After": header} if header else {}))
    assert isinstance(error, BusyError)
    assert error.seconds == seconds


def test_a_missing_permission_is_named_with_its_scope() -> None:
    """Nothing else of the long sentence."""
    message = (
        "The client 'me' with object id '123' does not have authorization to perform action "
        "'Microsoft.Network/routeTables/write' over scope '/subscriptions/s/resourceGroups/rg' or the scope is "
        "invalid. If access was recently granted, please refresh your credentials."
    )
    error = _error(403, "AuthorizationFailed", message)
    assert type(error) is AccessDeniedError
    assert "may not Microsoft.Network/routeTables/write on /subscriptions/s/resourceGroups/rg" in str(error)
    assert "object id" not in str(error)


def test_of_a_linked_action_the_one_that_is_missing_is_named() -> None:
    """The first one in the sentence is allowed."""
    message = (
        "The client has permission to perform action 'Microsoft.Network/virtualNetworks/subnets/write' on scope "
        "'/subscriptions/s/subnet'; however, it does not have permission to perform action(s) "
        "'Microsoft.Network/routeTables/join/action' on the linked scope(s) '/subscriptions/s/table' (respectively)."
    )
    text = str(_error(403, "LinkedAuthorizationFailed", message))
    assert "may not Microsoft.Network/routeTables/join/action on /subscriptions/s/table" in text
    assert "subnets/write" not in text


def test_another_tenant_is_said_with_the_right_one() -> None:
    """And how to sign in there."""
    message = "The access token is from the wrong issuer. It must match the tenant 'https://sts.windows.net/bbb/'."
    text = str(_error(401, "InvalidAuthenticationTokenTenant", message))
    assert "az login --tenant https://sts.windows.net/bbb/" in text


def test_details_say_more_than_the_message() -> None:
    """Each of them once."""
    detail = {"code": "PreconditionFailedEtagMismatch", "message": "Etag does not match."}
    body = {"error": {"code": "PreconditionFailed", "message": "Precondition failed.", "details": [detail, detail]}}
    text = str(translate(refusal(412, body), DOING))
    assert text.count("Etag does not match.") == 1
    assert "Precondition failed. Etag" in text


@pytest.mark.parametrize("body", ["<html>", {}, {"error": None}, {"error": "no"}, [], {"error": {"code": 7}}])
def test_an_answer_of_another_form_is_an_error_of_ours(body: object) -> None:
    """One line that holds the status, and no traceback."""
    error = translate(refusal(502, body), DOING)
    assert type(error) is UnreachableError
    assert "\n" not in str(error)
    assert DOING in str(error)


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (azure.ClientAuthenticationError("DefaultAzureCredential failed.\nlong list"), CredentialsError, "az login"),
        (azure.ServiceRequestError("refused"), UnreachableError, "(refused); check parameter endpoint"),
        (azure.ServiceResponseError("cut off"), UnreachableError, "(cut off); check parameter endpoint"),
        (azure.DecodeError("no JSON"), CloudError, "DecodeError"),
        (KeyError("value"), CloudError, "not what Azure answers"),
        (AttributeError("as_dict"), CloudError, "not what Azure answers"),
    ],
)
def test_what_the_sdk_raises_becomes_ours(raised: Exception, kind: type[Exception], words: str) -> None:
    """One line, with what was tried; the cause stays behind it."""
    with pytest.raises(kind) as caught, explained(DOING):
        raise raised
    assert type(caught.value) is kind
    assert all(part in str(caught.value) for part in (DOING, words))
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is raised


def test_what_the_token_service_says_is_told() -> None:
    """An expired secret is not the same as none."""
    text = "DefaultAzureCredential failed.\n  EnvironmentCredential: AADSTS7000222: The secret has expired.\n  other"
    error = translate(azure.ClientAuthenticationError(text), DOING)
    assert "AADSTS7000222: The secret has expired." in str(error)
    assert "other" not in str(error)
