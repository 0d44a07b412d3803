"""One Lease object of Kubernetes, read and written: each call is one request, and says what is known afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from l2bridge_helpers.errors import KubernetesError
from l2bridge_helpers.kube import Kube, root_of, status_message

Json = dict[str, Any]

_CONNECT_SECONDS = 3.0
_PASSING = (408, 425, 429)
"""Refusals that say nothing about the request; 5xx are the others."""


class NoAnswerError(KubernetesError):
    """The API did not answer, or not as one: a write may have been made or not. Look, then try again."""


class OvertakenError(KubernetesError):
    """409: somebody else has written in between, or has made it."""


class RefusedError(KubernetesError):
    """The API refuses, and will do so again; `status` is HTTP's."""

    def __init__(self, text: str, status: int) -> None:
        """Keep the status."""
        super().__init__(text)
        self.status = status


class LeaseObject:
    """The requests about one Lease.

    Attributes:
        name: of the object, in an error.
        server: the API, in an error.

    """

    def __init__(self, kube: Kube, namespace: str, name: str, *, timeout: float) -> None:
        """Send nothing yet; `timeout`: seconds to wait for the data of one answer."""
        self._api = client.CoordinationV1Api(kube.without_retries())
        self._where = {"name": name, "namespace": namespace}
        self._timeout = (min(_CONNECT_SECONDS, timeout), timeout)
        self.server = kube.name
        self.name = f"Lease {namespace}/{name}"
        self._date: tuple[datetime, float] | None = None

    def time(self) -> datetime | None:
        """Return what the API server takes the time for, to the second; None: it has not said."""
        date = self._date
        return date[0] + timedelta(seconds=clock() - date[1]) if date else None

    def read(self) -> Json | None:
        """Return the object, None when there is none."""
        try:
            return self._send(self._api.read_namespaced_lease, **self._where)
        except RefusedError as err:
            if err.status == 404:  # noqa: PLR2004 - HTTP Not Found
                return None
            raise

    def create(self, body: Json) -> Json:
        """Make it, and return it as it is kept."""
        return self._send(self._api.create_namespaced_lease, namespace=self._where["namespace"], body=body)

    def replace(self, body: Json) -> Json:
        """Replace what has the body's resourceVersion and uid, and return it as it is kept."""
        return self._send(self._api.replace_namespaced_lease, **self._where, body=body)

    def _send(self, call: Callable[..., Any], **arguments: Any) -> Json:
        try:
            response = call(**arguments, _preload_content=False, _request_timeout=self._timeout)
            answer = json.loads(response.data)
        except ApiException as err:
            self._look_at_clock(err.headers)
            raise self._explain(err) from err
        except urllib3.exceptions.HTTPError as err:
            raise NoAnswerError(f"{self.server} does not answer: {root_of(err)}") from err
        except (ValueError, RecursionError) as err:
            raise NoAnswerError(f"{self.server}: the answer is not JSON ({err}); is this a Kubernetes API?") from err
        self._look_at_clock(response.headers)
        return self._whole(answer)

    def _whole(self, answer: Any) -> Json:
        """Return the answer if it is an object that can be written again."""
        metadata = answer.get("metadata") if isinstance(answer, dict) else None
        known = isinstance(metadata, dict) and all(isinstance(metadata.get(x), str) for x in ("uid", "resourceVersion"))
        if not known or answer.get("kind") != "Lease":
            raise NoAnswerError(f"{self.server}: the answer is no Lease; is this a Kubernetes API?")
        return dict(answer)

    def _explain(self, err: ApiException) -> KubernetesError:
        text = f"{self.server}: {status_message(err)}"
        status = int(err.status or 0)
        if status == 409:  # noqa: PLR2004 - HTTP Conflict
            return OvertakenError(text)
        if status in _PASSING or status >= 500:  # noqa: PLR2004 - the server's own failures
            return NoAnswerError(f"{text} ({status})")
        return RefusedError(text, status)

    def _look_at_clock(self, headers: Any) -> None:
        try:
            date = parsedate_to_datetime((headers or {}).get("Date") or "")
        except ValueError:
            return
        if date.tzinfo:
            self._date = date, clock()


def clock() -> float:
    """Return seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
