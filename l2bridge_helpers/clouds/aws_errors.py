"""What EC2 answers -> our errors: each names the action, what EC2 said, and what to do."""

from __future__ import annotations

import re

from botocore import exceptions as boto

from l2bridge_helpers.errors import AccessDeniedError, CloudError, CredentialsError, QuotaError, UnreachableError

_DENIED = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "OptInRequired"})
_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
THROTTLED = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "EC2ThrottledException"})
_LIMITS = frozenset({"RouteLimitExceeded", "TagLimitExceeded"})
_MISSING = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
    boto.UnauthorizedSSOTokenError,
)
_AWAY = (boto.ConnectionError, boto.HTTPClientError)


def code_of(err: Exception) -> str:
    """Return EC2's error code, "" when the error is none of EC2's."""
    return str(err.response.get("Error", {}).get("Code", "")) if isinstance(err, boto.ClientError) else ""


def message_of(err: boto.ClientError) -> str:
    """Return what EC2 says, in one line."""
    return _line(str(err.response.get("Error", {}).get("Message", "")) or err)


def translate(err: Exception, what: str, region: str) -> CloudError:
    """Return our error for what went wrong while doing `what`, e.g. `could not read subnets`."""
    if isinstance(err, boto.ClientError):
        return _refused(err, what)
    if isinstance(err, _MISSING):
        return CredentialsError(
            f"{what}: no AWS credentials ({_line(err)}); run `aws configure` or `aws sso login`, or set AWS_PROFILE"
        )
    if isinstance(err, _AWAY):
        return UnreachableError(
            f"{what}: EC2 in {region} does not answer ({_line(err)}); check parameter region, the network and the proxy"
        )
    return CloudError(f"{what}: the AWS SDK failed ({type(err).__name__}: {_line(err)})")


def _refused(err: boto.ClientError, what: str) -> CloudError:
    code, text = code_of(err), message_of(err)
    action = f"ec2:{err.operation_name}"
    if code in _DENIED:
        return AccessDeniedError(f"{what}: these credentials may not {action} ({text}); grant it, or use others")
    if code in _CREDENTIALS:
        return CredentialsError(f"{what}: EC2 does not accept these credentials ({code}: {text}); renew them")
    if code in THROTTLED:
        return UnreachableError(f"{what}: EC2 throttles {action} ({code}), also after waiting; run again later")
    if code in _LIMITS:
        return QuotaError(
            f"{what}: a limit is reached ({code}: {text}); ask for a higher one, or remove what is not needed"
        )
    return CloudError(f"{what}: EC2 refused {action} ({code or 'no code'}: {text})")


def _line(err: object) -> str:
    """Return the text in one line, without the encoded message that EC2 appends for its administrators."""
    text = re.sub(r"\s*Encoded authorization failure message: \S+", "", str(err))
    return " ".join(text.split())[:600]
