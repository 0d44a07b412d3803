"""The connection to Compute Engine: credentials, clients, plain JSON, and waiting until a change is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

import google.auth
import requests
from google.api_core import exceptions as api
from google.api_core.client_options import ClientOptions
from google.api_core.retry import Retry
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import compute_v1
from google.protobuf.json_format import ParseError

from l2bridge_helpers.clouds.gce_errors import operation_error, translate, worth_retrying
from l2bridge_helpers.clouds.gce_identity import gce_identity
from l2bridge_helpers.endpoints import is_plain_http
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.pace_limits import GCE

PUBLIC = "https://compute.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/compute",)
TIMEOUT = 30.0
WAIT_TIMEOUT = 150.0
"""Seconds; an operation's `wait` itself answers after two minutes at most."""
_OPERATION_SECONDS = 600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_FAILED = 400
"""HTTP statuses from here on are failures."""
RETRY = Retry(predicate=worth_retrying, initial=0.5, maximum=20.0, multiplier=2.0, timeout=120.0)
"""With jitter. Two minutes outlast the quota's window of one."""

_MALFORMED = (ValueError, TypeError, AttributeError)
"""What reading an answer of another shape than the API's ends in."""

_Client = TypeVar("_Client")


class GceConnection:
    """A connection to Compute Engine. Opening it sends nothing; credentials are looked up at the first request.

    Plain-http endpoints, which are accepted on loopback only, get no credentials.
    """

    def __init__(self, endpoint: str = "", pace: Pace | None = None) -> None:
        """Talk to `endpoint`, or to the public one when it is empty, at this pace."""
        self.pace = pace or Pace(GCE)
        self._endpoint = endpoint.rstrip("/")

    @cached_property
    def _credentials(self) -> Credentials:
        if is_plain_http(self._endpoint):
            return AnonymousCredentials()
        credentials, _ = google.auth.default(scopes=_SCOPES)
        return credentials

    def identity(self) -> str:
        """Return who the credentials are for; see `gce_identity`."""
        return gce_identity(lambda: self._credentials)

    @cached_property
    def _session(self) -> AuthorizedSession:
        return self._guarded(AuthorizedSession(self._credentials))

    def _client(self, kind: Callable[..., _Client]) -> _Client:
        options = ClientOptions(api_endpoint=self._endpoint or PUBLIC)
        client = kind(credentials=self._credentials, client_options=options)
        self._guarded(client.transport._session)  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way to it
        return client

    def _guarded(self, session: AuthorizedSession) -> AuthorizedSession:
        """Keep a session from what `requests` does unasked: ~/.netrc, redirects, proxies on the way to this machine."""
        session.auth = lambda request: request
        session.max_redirects = 0
        session.trust_env = not is_plain_http(self._endpoint)
        return session

    @cached_property
    def _global_operations(self) -> compute_v1.GlobalOperationsClient:
        return self._client(compute_v1.GlobalOperationsClient)

    @cached_property
    def _zone_operations(self) -> compute_v1.ZoneOperationsClient:
        return self._client(compute_v1.ZoneOperationsClient)

    def _json(
        self, doing: str, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        url = f"{self._endpoint or PUBLIC}/compute/v1/{path}"

        def send() -> Any:
            response = self._session.request(method, url, params=dict(query), json=body, timeout=TIMEOUT)
            if not response.ok or response.is_redirect:
                raise api.from_http_response(response)
            return response.json()

        with explained(doing):
            answer = RETRY(send)()
        if not isinstance(answer, dict):
            raise CloudError(
                f"could not {doing}: the answer is no JSON object; is {self._endpoint or PUBLIC} Compute Engine?"
            )
        return answer

    def _finish_global(self, doing: str, project: str, operation: compute_v1.Operation) -> None:
        def wait(name: str) -> compute_v1.Operation:
            request = compute_v1.WaitGlobalOperationRequest(project=project, operation=name)
            return self._global_operations.wait(request, retry=RETRY, timeout=WAIT_TIMEOUT)

        self._finish(doing, wait, operation)

    def _finish(self, doing: str, wait: Callable[[str], compute_v1.Operation], operation: compute_v1.Operation) -> None:
        """Wait until the operation is done; its errors count although HTTP said 200.

        Own clients do the waiting: the SDK's `operation.result()` forgets the endpoint and asks the public host.
        """
        deadline, pause = time.monotonic() + _OPERATION_SECONDS, _FIRST_PAUSE
        while operation.status != compute_v1.Operation.Status.DONE:
            if time.monotonic() > deadline:
                raise CloudError(
                    f"could not {doing}: operation {operation.name} is still running after {_OPERATION_SECONDS:.0f} s"
                )
            asked = time.monotonic()
            operation = wait(operation.name)
            if operation.status != compute_v1.Operation.Status.DONE and time.monotonic() - asked < 1:
                time.sleep(pause)  # `wait` should have waited: do not eat the quota of reads
                pause = min(2 * pause, _LONGEST_PAUSE)
        if operation.error.errors or operation.http_error_status_code >= _FAILED:
            raise operation_error(operation, doing)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except (api.GoogleAPICallError, api.RetryError, auth.GoogleAuthError, requests.exceptions.RequestException) as err:
        raise translate(err, doing) from err
    except (ParseError, *_MALFORMED) as err:
        raise CloudError(
            f"could not {doing}: the answer is not what Compute Engine answers ({err}); run again"
        ) from err
