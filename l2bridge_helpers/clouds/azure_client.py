"""How Azure's SDKs talk to ARM here: who signs in where, what requests pass on their way, what is never followed."""

from __future__ import annotations

import logging
from typing import Any

import requests
from azure.core.credentials import TokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse, policies
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import AzureAuthorityHosts, DefaultAzureCredential
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, parse_url

from l2bridge_helpers import __version__
from l2bridge_helpers.clouds.azure_errors import is_lock
from l2bridge_helpers.clouds.azure_pace import PacedPolicy
from l2bridge_helpers.endpoints import is_plain_http
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.pace import Pace

PUBLIC = "https://management.azure.com"
_CLOUDS = {
    PUBLIC: (AzureAuthorityHosts.AZURE_PUBLIC_CLOUD, PUBLIC),
    "https://management.usgovcloudapi.net": (
        AzureAuthorityHosts.AZURE_GOVERNMENT,
        "https://management.core.usgovcloudapi.net",
    ),
    "https://management.chinacloudapi.cn": (AzureAuthorityHosts.AZURE_CHINA, "https://management.chinacloudapi.cn"),
}
"""Endpoint -> who signs in there, and for what (azure-mgmt-core, 2026-11). Others: AZURE_AUTHORITY_HOST says who."""
_NONE = Retry(total=False, redirect=False, raise_on_status=False)
"""Below the pipeline nothing is tried again."""
_THROTTLED = 429
_POLL, _LAB_POLL = 2.0, 0.05
"""Seconds between two looks at an operation where Azure does not say how long to wait."""

logging.getLogger("azure").addHandler(logging.NullHandler())
"""Where nobody listens to it, the SDK's log does not end up beside our errors."""


def credential_for(endpoint: str) -> TokenCredential:
    """Return who signs in: the usual credential of Azure's SDKs, nobody on plain http."""
    if is_plain_http(endpoint):
        return _NoCredential()
    authority = _CLOUDS.get(endpoint, ("", ""))[0]
    return DefaultAzureCredential(**({"authority": authority} if authority else {}))


def scope_for(endpoint: str) -> str:
    """Return what tokens are asked for."""
    return f"{_CLOUDS.get(endpoint, ('', endpoint))[1]}/.default"


def client_options(endpoint: str, credential: TokenCredential, pace: Pace) -> dict[str, Any]:
    """Return what a client is made with: no redirects, no registration of providers behind our back, our pace."""
    lab = is_plain_http(endpoint)
    steps: list[Any] = [
        OnlyThere(endpoint),
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(base_user_agent=f"l2bridge/{__version__}"),
        policies.ProxyPolicy(),
        policies.ContentDecodePolicy(),
        _Retries(retry_total=8, retry_connect=2, retry_read=3, retry_status=8, retry_backoff_max=60),
    ]
    if not lab:
        steps.append(ARMChallengeAuthenticationPolicy(credential, scope_for(endpoint)))
    steps.append(PacedPolicy(pace))
    ways = {"connection_timeout": 10, "read_timeout": 60, "use_env_settings": not lab}
    return {
        "policies": steps,
        "polling_interval": polling_interval(endpoint),
        "transport": _Transport(pace.width, **ways),
    }


def polling_interval(endpoint: str) -> float:
    """Return the seconds between two looks at an operation, where nothing else says how many."""
    return _LAB_POLL if is_plain_http(endpoint) else _POLL


class _Transport(RequestsTransport):  # type: ignore[misc] # the SDK imports it when it is asked for
    """The SDK's own transport, with as many connections kept open as requests may be under way."""

    def __init__(self, width: int, **ways: Any) -> None:
        self._width = width
        super().__init__(**ways)

    def _init_session(self, session: requests.Session) -> None:
        super()._init_session(session)
        for scheme in self._protocols:
            session.mount(scheme, HTTPAdapter(pool_maxsize=self._width, max_retries=_NONE))


class _Retries(policies.RetryPolicy[Any, Any]):
    """Tries again what may pass: no answer, an overload, throttling. Writes that meet a lock are the caller's."""

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Return whether a request is sent again."""
        answer = response.http_response
        write = response.http_request.method != "GET"
        locked = write and answer.status_code == _THROTTLED and is_lock(answer.read())
        return super().is_retry(settings, response) and not locked


class OnlyThere(policies.SansIOHTTPPolicy[Any, Any]):
    """Refuses to follow an answer's link (next page, operation) to another host: a token would travel along."""

    def __init__(self, endpoint: str) -> None:
        """Keep where requests may go."""
        self._there = parse_url(endpoint)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Refuse a request to another host; ARM's own regional hosts are below the endpoint's.

        Raises:
            CloudError: the text names both.

        """
        url = request.http_request.url
        asked = parse_url(url)  # the parser that will connect, too: others read some addresses differently
        same = (asked.scheme, asked.port) == (self._there.scheme, self._there.port)
        below = f".{asked.host}".endswith(f".{self._there.host}")
        if not (same and below) or asked.auth or "\\" in url or not url.isprintable():
            raise CloudError(
                f"an answer of {self._there.netloc} leads to {asked.netloc}, which is not asked: nothing was sent"
            )


class _NoCredential:
    """For a lab: whoever asks it for a token has made a mistake."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        """Refuse.

        Raises:
            CloudError: always.

        """
        raise CloudError(f"no credentials go to a plain-http endpoint (asked for {', '.join(scopes)})")
