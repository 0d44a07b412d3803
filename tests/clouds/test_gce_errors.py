import json
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud import compute_v1
from urllib3 import exceptions as http

from l2bridge_helpers.clouds.gce_errors import LostRaceError, operation_error, translate, worth_retrying
from l2bridge_helpers.errors import AccessDeniedError, CloudError, CredentialsError, PolicyError, QuotaError

URL = "https://compute.googleapis.com/compute/v1/projects/p/global/routes?key=secret"
POLICY = "Constraint constraints/compute.vmCanIpForward violated for project p."
QUOTA = "Quota 'ROUTES' exceeded.  Limit: 200.0 globally."
CAPTURED = sorted((Path(__file__).parent.parent / "data/captured/gce").glob("error-*.json"))


def answer(status: int, body: object) -> Any:
    """Return the SDK's error for an HTTP answer."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers["content-type"] = "text/html" if isinstance(body, bytes) else "application/json"
    response.request = requests.Request("POST", URL).prepare()
    return api.from_http_response(response)


def refusal(status: int, message: str, reason: str = "other") -> Any:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return answer(status, {"error": {"code": status, "message": message, "errors": errors}})


def cut(reason: Exception) -> requests.exceptions.ConnectionError:
    """Return the error of a connection that could not be made, for this reason."""
    return requests.exceptions.ConnectionError(http.MaxRetryError(pool=None, url="/x", reason=reason))  # type: ignore[arg-type]


def told(err: BaseException) -> CloudError:
    """Return our error, which always begins with what was tried."""
    ours = translate(err, "create route r1")
    assert str(ours).startswith("could not create route r1: ")
    assert "\n" not in str(ours)
    assert "secret" not in str(ours)
    return ours


# Which error it is.


@pytest.mark.parametrize(
    "message",
    [
        "Required 'compute.routes.create' permission for 'projects/p/global/routes/r1'",
        "Required 'compute.routes.create' permission for 'projects/p/global/routes/r1'.\nMore.",
        "Permission 'compute.routes.create' denied on resource 'projects/p' (or it may not exist).",
    ],
)
def test_missing_permission_is_named_with_what_to_do(message: str) -> None:
    """The text names permission and resource, and asks to grant it."""
    ours = told(refusal(403, message, "forbidden"))
    assert type(ours) is AccessDeniedError
    assert all(part in str(ours) for part in ("compute.routes.create", "projects/p", "grant"))


def test_other_refusal_keeps_googles_words() -> None:
    """Missing OAuth scopes name no permission."""
    ours = told(refusal(403, "Request had insufficient authentication scopes.", "insufficientPermissions"))
    assert type(ours) is AccessDeniedError
    assert "insufficient authentication scopes" in str(ours)


@pytest.mark.parametrize("status", [400, 403, 412])
def test_organization_policy_is_named(status: int) -> None:
    """Whatever HTTP status it comes with, also that of a lost race."""
    ours = told(refusal(status, POLICY, "conditionNotMet"))
    assert type(ours) is PolicyError
    assert "constraints/compute.vmCanIpForward forbids it" in str(ours)
    assert "ask for an exception" in str(ours)


def test_quota_is_named_with_its_limit() -> None:
    """Google's text says which quota and how much; ours what to do."""
    ours = told(refusal(403, QUOTA, "quotaExceeded"))
    assert type(ours) is QuotaError
    assert all(part in str(ours) for part in ("'ROUTES'", "200", "ask for a higher quota"))


def test_lost_race_has_an_error_of_its_own() -> None:
    """The caller reads again instead of overwriting."""
    ours = told(refusal(412, "Supplied fingerprint does not match current metadata fingerprint.", "conditionNotMet"))
    assert type(ours) is LostRaceError
    assert isinstance(ours, CloudError)


@pytest.mark.parametrize(
    ("err", "todo"),
    [
        (auth.DefaultCredentialsError("nowhere"), "gcloud auth application-default login"),
        (auth.RefreshError("Reauthentication is needed."), "gcloud auth application-default login"),
        (refusal(401, "Request had invalid authentication credentials.", "authError"), "sign in"),
    ],
)
def test_credentials_that_are_missing_expired_or_refused_are_told(err: Exception, todo: str) -> None:
    """With the command that makes new ones."""
    ours = told(err)
    assert type(ours) is CredentialsError
    assert todo in str(ours)


def test_expired_credentials_are_told_in_words() -> None:
    """google-auth's error carries the server's answer beside its text; people need the text."""
    ours = told(auth.RefreshError("invalid_grant: Token has been expired or revoked.", {"error": "invalid_grant"}))
    assert "(invalid_grant: Token has been expired or revoked.)" in str(ours)


def test_token_server_that_cannot_be_reached_is_no_matter_of_credentials() -> None:
    """To sign in again does not mend a network."""
    ours = told(
        auth.TransportError("HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Max retries exceeded")
    )
    assert not isinstance(ours, CredentialsError)
    assert "oauth2.googleapis.com" in str(ours)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "The resource 'projects/p/global/networks/main' was not found"),
        (400, "Invalid value for field 'resource.destRange': '10.42.0.0/24'. 10.42.0.0/24 hides the address space"),
        (503, "The service is currently unavailable."),
    ],
)
def test_other_answers_keep_googles_words_and_the_status(status: int, message: str) -> None:
    """Method and address, which the client puts in front, are left out."""
    ours = told(refusal(status, message))
    assert type(ours) is CloudError
    assert message in str(ours)
    assert f"(HTTP {status})" in str(ours)
    assert "POST" not in str(ours)


@pytest.mark.parametrize("path", CAPTURED, ids=lambda path: path.stem)
def test_captured_answers_of_google_can_be_told(path: Path) -> None:
    """What the real API answered keeps its own words."""
    body = json.loads(path.read_text())
    ours = told(answer(body["error"]["code"], body))
    assert body["error"]["message"].split(". ")[0] in str(ours)
    assert isinstance(ours, AccessDeniedError) == (body["error"]["code"] == 403)


def test_there_are_captured_answers() -> None:
    """The test above must not pass because the folder has moved."""
    assert len(CAPTURED) >= 4


def test_answer_of_a_proxy_is_told() -> None:
    """It is HTML, on several lines."""
    assert "bad gateway" in str(told(answer(502, b"<html>\n<h1>bad gateway</h1>\n</html>")))


def test_nobody_listening_is_told_with_the_host() -> None:
    """The host, without the rest of the address, and the parameter that may be wrong."""
    err = cut(http.NewConnectionError(None, "Connection refused"))  # type: ignore[arg-type]
    err.request = requests.Request("GET", URL).prepare()
    assert "nothing answers at https://compute.googleapis.com; check parameter endpoint" in str(told(err))


def test_end_of_retries_is_told_with_the_last_reason() -> None:
    """And that it may work later."""
    text = str(told(api.RetryError("Timeout of 120s exceeded", cause=refusal(503, "Backend error."))))
    assert "Backend error." in text
    assert "run again later" in text


def test_end_of_retries_of_a_rate_limit_is_told_as_such() -> None:
    """Two minutes of throttling are a quota, which can be raised."""
    cause = refusal(403, "Quota exceeded for quota metric 'Queries' per minute.", "rateLimitExceeded")
    assert "Quota exceeded for quota metric 'Queries'" in str(told(api.RetryError("Timeout", cause=cause)))


def test_anything_else_is_told_too() -> None:
    """No error is lost for being unknown."""
    assert "ZeroDivisionError: division by zero" in str(told(ZeroDivisionError("division by zero")))


# What is tried again.


@pytest.mark.parametrize(
    "err",
    [
        *(refusal(status, "try later") for status in (429, 500, 502, 503, 504)),
        refusal(403, "Rate Limit Exceeded", "rateLimitExceeded"),
        refusal(403, "User Rate Limit Exceeded", "userRateLimitExceeded"),
        answer(502, b"<html>bad gateway</html>"),
        requests.exceptions.ReadTimeout("slow"),
        cut(http.ConnectTimeoutError("slow")),
        requests.exceptions.ConnectionError(
            http.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
        ),
        requests.exceptions.ChunkedEncodingError("cut off"),
        auth.TransportError("the token server was cut off"),
    ],
    ids=repr,
)
def test_passing_trouble_is_tried_again(err: BaseException) -> None:
    """Throttled, overloaded, slow, or cut off."""
    assert worth_retrying(err)


@pytest.mark.parametrize(
    "err",
    [
        *(refusal(status, "no") for status in (400, 401, 403, 404, 409, 412)),
        refusal(403, QUOTA, "quotaExceeded"),
        refusal(403, "Required 'x' permission for 'y'", "forbidden"),
        refusal(412, POLICY, "conditionNotMet"),
        auth.DefaultCredentialsError("nowhere"),
        auth.RefreshError("revoked"),
        cut(http.NewConnectionError(None, "Connection refused")),  # type: ignore[arg-type]
        cut(http.NameResolutionError("nowhere.example", None, OSError("unknown"))),  # type: ignore[arg-type]
        requests.exceptions.SSLError(http.MaxRetryError(None, "/x", http.SSLError("certificate verify failed"))),  # type: ignore[arg-type]
        requests.exceptions.InvalidURL("no URL"),
        ValueError("a bug"),
    ],
    ids=repr,
)
def test_lasting_trouble_is_told_at_once(err: BaseException) -> None:
    """What will be the same in a minute is not waited for: refusals, nobody there, a bad certificate."""
    assert not worth_retrying(err)


# Operations that end in errors although HTTP said 200.


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("QUOTA_EXCEEDED", QUOTA, QuotaError),
        ("CONDITION_NOT_MET", POLICY, PolicyError),
        ("PERMISSIONS_ERROR", "Required 'compute.instances.use' permission for 'projects/p/i'", AccessDeniedError),
        ("RESOURCE_NOT_FOUND", "The resource 'projects/p/i' was not found", CloudError),
    ],
)
def test_failed_operation_is_told_like_a_refusal(code: str, message: str, kind: type[CloudError]) -> None:
    """Permission, policy and quota are named here too."""
    ours = operation_error(failed(compute_v1.Errors(code=code, message=message)), "create route r1")
    assert type(ours) is kind
    assert str(ours).startswith("could not create route r1: ")


def test_every_error_of_an_operation_is_told() -> None:
    """There can be several."""
    errors = [compute_v1.Errors(code=code, message=f"about {code}") for code in ("FIRST", "SECOND")]
    assert "FIRST: about FIRST; SECOND: about SECOND" in str(operation_error(failed(*errors), "create route r1"))


def test_operation_that_failed_without_an_error_is_told_by_its_status() -> None:
    """Some operations only carry an HTTP status of their own."""
    operation = compute_v1.Operation(http_error_status_code=403, http_error_message="FORBIDDEN")
    assert "FORBIDDEN (HTTP 403)" in str(operation_error(operation, "create route r1"))


def failed(*errors: compute_v1.Errors) -> compute_v1.Operation:
    """Return an operation that ended in these errors."""
    return compute_v1.Operation(error=compute_v1.Error(errors=list(errors)))
