"""Who a cloud takes us for: a name in the journal, asked for with the least, and never a reason to stop."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest
from azure.core.credentials import AccessToken
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError
from google.oauth2.credentials import Credentials as UserCredentials
from google.oauth2.service_account import Credentials as ServiceAccount

from l2bridge_helpers.clouds.aws_identity import aws_identity
from l2bridge_helpers.clouds.azure_identity import azure_identity
from l2bridge_helpers.clouds.gce_identity import gce_identity
from l2bridge_helpers.clouds.identity import LAB, or_unknown
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.platforms import cloud_of
from tests.runs import parameters_of

SECRET = "planted-4711"  # noqa: S105 - it must be seen nowhere
_SCOPE = "https://management.azure.com/.default"
_ARN = "arn:aws:sts::123456789012:assumed-role/runbook/alice"
_CALLER = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>{_ARN}</Arn><UserId>AROA:alice</UserId><Account>123456789012</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
_REFUSED = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it has expired</Message></Error></ErrorResponse>"


class _Body:
    """An answer's body, as botocore reads it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def stream(self, **_: object) -> list[bytes]:
        return [self._text.encode()]


class _Sts:
    """Answers in STS's place, where botocore would send the request."""

    def __init__(self, session: boto3.session.Session, status: int, text: str) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self._answer = AWSResponse("", status, HTTPHeaders(), _Body(text))
        session.events.register("before-send.sts.GetCallerIdentity", self._answered)  # type: ignore[arg-type]

    def _answered(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.requests.append(request)
        return self._answer


class _Token:
    """A credential with a token of these claims."""

    def __init__(self, **claims: str) -> None:
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        self.token = f"e30.{payload}.{SECRET}"
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken(self.token, 0)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> boto3.session.Session:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_STS_REGIONAL_ENDPOINTS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return boto3.session.Session("AKIDEXAMPLE", SECRET)


@pytest.mark.parametrize("name", ["gce-small", "aws-small", "azure-small"])
def test_on_a_lab_we_are_nobody_and_nothing_is_asked(name: str) -> None:
    """A plain-http endpoint gets no credentials, so there is nobody to be."""
    with Lab(world(name)) as lab:
        cloud = cloud_of(lab.platform, parameters_of(lab))
        assert cloud.identity() == LAB
        assert lab.requests == []


def test_without_a_cloud_we_are_nobody() -> None:
    """The runbook of bare metal asks no one."""
    assert cloud_of("bare_metal", {"node_prefix": 0}).identity() == "nobody (no cloud)"


def test_aws_tells_the_arn_in_one_request_to_the_region(session: boto3.session.Session) -> None:
    """STS is asked where EC2 is, with the session's own credentials."""
    sts = _Sts(session, 200, _CALLER)
    assert aws_identity(session, "eu-west-1", "") == _ARN
    assert [request.url for request in sts.requests] == ["https://sts.eu-west-1.amazonaws.com/"]
    assert b"AKIDEXAMPLE" in sts.requests[0].headers["Authorization"]


def test_aws_refuses_with_a_code(session: boto3.session.Session) -> None:
    """Expired credentials are said to be just that."""
    _Sts(session, 403, _REFUSED)
    assert aws_identity(session, "eu-west-1", "") == "unknown (ExpiredToken)"


def test_aws_credentials_go_to_no_plain_http(session: boto3.session.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that the environment names for STS is not asked in the clear."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    sts = _Sts(session, 200, _CALLER)
    assert "plain-http" in aws_identity(session, "eu-west-1", "")
    assert sts.requests == []


def test_a_credential_process_that_fails_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, session: boto3.session.Session
) -> None:
    """What it prints may be secret: only the kind of failure is told."""
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = sh -c 'echo {SECRET} >&2; exit 1'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    del session
    assert aws_identity(boto3.session.Session(), "eu-west-1", "") == "unknown (CredentialRetrievalError)"


def test_gce_tells_the_account_of_the_credentials() -> None:
    """Service accounts and users are known by their e-mail addresses; no request is made."""
    robot = ServiceAccount(None, "runbook@lab.iam.gserviceaccount.com", "https://oauth2.googleapis.com/token")
    user = UserCredentials("token", account="alice@example.com")
    assert gce_identity(lambda: robot) == "runbook@lab.iam.gserviceaccount.com"
    assert gce_identity(lambda: user) == "alice@example.com"
    assert gce_identity(lambda: UserCredentials("token")) == "unknown (the credentials do not tell)"
    assert gce_identity(AnonymousCredentials) == LAB


def test_gce_without_credentials_is_unknown() -> None:
    """That there are none is another step's error."""

    def none() -> Credentials:
        raise DefaultCredentialsError(SECRET)

    assert gce_identity(none) == "unknown (DefaultCredentialsError)"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"upn": "alice@example.com", "appid": "a1", "oid": "o1"}, "alice@example.com"),
        ({"unique_name": "live.com#alice@example.com", "oid": "o1"}, "live.com#alice@example.com"),
        ({"xms_mirid": "/…/userAssignedIdentities/runbook", "appid": "a1"}, "/…/userAssignedIdentities/runbook"),
        ({"appid": "a1", "oid": "o1"}, "application a1, object o1"),
        ({"oid": "o1"}, "application unknown, object o1"),
        ({"aud": "x"}, "unknown (the credentials do not tell)"),
    ],
)
def test_azure_tells_whom_the_token_is_for(claims: dict[str, str], name: str) -> None:
    """A user by name, a managed identity by its resource, else the application and its object."""
    credential = _Token(**claims)
    assert azure_identity(credential, _SCOPE, "https://management.azure.com") == name
    assert credential.scopes == [_SCOPE]


def test_azure_with_a_token_of_another_form_is_unknown() -> None:
    """A token that nobody can read is no error, and is not shown."""
    credential = _Token()
    for token in (SECRET, f"{SECRET}.{SECRET}.{SECRET}", f"e30.W10.{SECRET}"):
        credential.token = token
        told = azure_identity(credential, _SCOPE, "https://management.azure.com")
        assert told.startswith("unknown (")
        assert SECRET not in told


def test_a_name_from_outside_is_written_out() -> None:
    """A claim can forge no line of a log."""
    assert or_unknown(lambda: "alice\x1b[2K\nroot") == "alice\\x1b[2K\\nroot"
