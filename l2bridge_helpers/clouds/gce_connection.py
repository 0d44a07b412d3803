"""The connection to Compute Engine: credentials, clients, plain JSON, all of it at the pace that is granted."""

from __future__ import annotations

import uuid
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
from google.protobuf.json_format import MessageToDict, ParseError
from google.protobuf.message import Message

from l2bridge_helpers.clouds.base import first_word
from l2bridge_helpers.clouds.gce_errors import RETRY_SECONDS, translate, worth_retrying
from l2bridge_helpers.clouds.gce_identity import gce_identity
from l2bridge_helpers.clouds.gce_operations import GceOperations
from l2bridge_helpers.clouds.gce_pace import PacedAdapter
from l2bridge_helpers.endpoints import is_plain_http
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.pace_limits import GCE

PUBLIC = "https://compute.googleapis.com"
TIMEOUT = 30.0
_WAIT_TIMEOUT = 150.0
"""Seconds; an operation's `wait` itself answers after two minutes at most."""
RETRY = Retry(predicate=worth_retrying, initial=0.5, maximum=20.0, multiplier=2.0, timeout=RETRY_SECONDS)
"""With jitter."""

_MALFORMED = (ValueError, TypeError, AttributeError, RecursionError)
"""What reading an answer of another shape than the API's ends in."""

_Client = TypeVar("_Client")


class GceConnection:
    """A connection to Compute Engine. Opening it sends nothing; credentials are looked up at the first request.

    Plain-http endpoints, which are accepted on loopback only, get no credentials.

    Attributes:
        scopes: what tokens are asked for.

    """

    scopes: tuple[str, ...] = ("https://www.googleapis.com/auth/compute",)

    def __init__(self, endpoint: str = "", pace: Pace | None = None) -> None:
        """Talk to `endpoint`, or to the public one when it is empty, at this pace."""
        self.pace = pace or Pace(GCE)
        self._endpoint = endpoint.rstrip("/")
        self._operations = GceOperations(self._json)

    @cached_property
    def _credentials(self) -> Credentials:
        if is_plain_http(self._endpoint):
            return AnonymousCredentials()
        credentials, _ = google.auth.default(scopes=self.scopes)
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
        """Keep a session from what `requests` does unasked: ~/.netrc, redirects, proxies on the way to this machine.

        What it sends goes out at our pace.
        """
        session.auth = lambda request: request
        session.max_redirects = 0
        session.trust_env = not is_plain_http(self._endpoint)
        for scheme in ("https://", "http://"):
            session.mount(scheme, PacedAdapter(self.pace))
        return session

    def _json(
        self, doing: str, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send a request, again while that may help, and return the answer's JSON object."""
        with explained(doing):
            return self._object(doing, method, path, query, body)

    def _change(
        self, doing: str, method: str, path: str, body: Message | None = None, fine: tuple[type[Exception], ...] = ()
    ) -> bool:
        """Change something global and wait until it is done; return False when it failed with an error of `fine`.

        A request that is made again carries the same id, so that it takes effect once.
        """
        content = MessageToDict(body, use_integers_for_enums=False) if body is not None else None
        try:
            with first_word(), explained(doing, fine):
                operation = self._object(doing, method, path, {"requestId": str(uuid.uuid4())}, content)
        except fine:
            return False
        self._operations.finish(doing, "/".join(path.split("/")[:3]), operation)
        return True

    def _object(
        self, doing: str, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        url = f"{self._endpoint or PUBLIC}/compute/v1/{path}"
        timeout = _WAIT_TIMEOUT if path.endswith("/wait") else TIMEOUT

        def send() -> Any:
            response = self._session.request(method, url, params=dict(query), json=body, timeout=timeout)
            if not response.ok or response.is_redirect:
                raise api.from_http_response(response)
            return response.json()

        answer = RETRY(send)()
        if not isinstance(answer, dict):
            raise CloudError(
                f"could not {doing}: the answer is no JSON object; is {self._endpoint or PUBLIC} Compute Engine?"
            )
        return answer


@contextmanager
def explained(doing: str, fine: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn the SDK's errors into ours, all but those that are fine."""
    try:
        yield
    except fine:
        raise
    except (api.GoogleAPICallError, api.RetryError, auth.GoogleAuthError, requests.exceptions.RequestException) as err:
        raise translate(err, doing) from err
    except (ParseError, *_MALFORMED) as err:
        raise CloudError(
            f"could not {doing}: the answer is not what Compute Engine answers ({err}); run again"
        ) from err
