"""Clients for a lab: Google's SDK, and plain HTTP for what the SDK would not send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1

from l2bridge_helpers.lab import Lab

PROJECT = "l2bridge-lab"
ZONE = "europe-west1-b"
Json = dict[str, Any]


def sdk(lab: Lab, name: str) -> Any:
    """Return a client of google-cloud-compute, e.g. `RoutesClient`."""
    options = ClientOptions(api_endpoint=lab.endpoint)
    return getattr(compute_v1, name)(credentials=AnonymousCredentials(), client_options=options)


@dataclass(frozen=True)
class Answer:
    """Status and JSON of an answer."""

    status: int
    body: Json

    @property
    def reason(self) -> str:
        """Google's word for what is wrong."""
        return str(self.body["error"]["errors"][0]["reason"])

    @property
    def message(self) -> str:
        """The error's text."""
        return str(self.body["error"]["message"])


class Rest:
    """Plain HTTP to the lab's cloud API."""

    def __init__(self, lab: Lab, project: str = PROJECT) -> None:
        """Speak to this lab about this project."""
        self._lab = lab
        self._session = requests.Session()
        self._base = f"{lab.endpoint}/compute/v1/projects/{project}"

    def call(self, method: str, path: str, body: object = None, **query: str) -> Answer:
        """Send a request; `path` is below the project."""
        url = f"{self._base}/{path}".rstrip("/")
        found = self._session.request(method, url, json=body, params=query, timeout=20)
        return Answer(found.status_code, found.json())

    def get(self, path: str, **query: str) -> Answer:
        """Read."""
        return self.call("GET", path, **query)

    def done(self, method: str, path: str, body: object = None, **query: str) -> Json:
        """Send a change, wait for its operation, and return that."""
        answer = self.call(method, path, body, **query)
        assert answer.status == 200, answer.body
        link = answer.body["selfLink"].partition("/projects/")[2].partition("/")[2]
        return self.call("POST", f"{link}/wait").body

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
