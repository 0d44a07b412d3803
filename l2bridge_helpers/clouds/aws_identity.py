"""Who AWS takes us for: the ARN that STS knows, which needs no permission."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from l2bridge_helpers.clouds.aws_errors import code_of
from l2bridge_helpers.clouds.identity import LAB, or_unknown
from l2bridge_helpers.endpoints import is_plain_http

_PLAIN = "unknown (the AWS configuration sends STS's requests to a plain-http endpoint)"


def aws_identity(session: boto3.session.Session, region: str, endpoint: str) -> str:
    """Return the caller's ARN, from the region's own endpoint, in one request; never raises.

    Args:
        session: whose credentials are meant.
        region: where to ask.
        endpoint: EC2's; on a plain-http one we are nobody, and nothing is asked.

    """
    return LAB if is_plain_http(endpoint) else or_unknown(lambda: _ask(session, region))


def _ask(session: boto3.session.Session, region: str) -> str:
    settings = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
    client = session.client("sts", region_name=region, config=settings)
    if is_plain_http(client.meta.endpoint_url):
        return _PLAIN
    try:
        return str(client.get_caller_identity()["Arn"])
    except ClientError as err:
        return f"unknown ({code_of(err)})"
