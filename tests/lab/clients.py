"""Clients for a lab: the clouds' SDKs, and plain HTTP for what they would not send."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
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


class NoCredential:
    """What Azure's SDKs insist on; nobody asks it for a token."""

    def get_token(self, *_: str, **__: Any) -> Any:
        """Refuse."""
        raise AssertionError("a token was asked for")


def network(lab: Lab) -> Any:
    """Return the network client of Azure's SDK, without credentials and retries."""
    return NetworkManagementClient(NoCredential(), lab.azure.subscription, **_options(lab))


def compute(lab: Lab) -> Any:
    """Return the compute client of Azure's SDK, without credentials and retries."""
    return ComputeManagementClient(NoCredential(), lab.azure.subscription, **_options(lab))


def _options(lab: Lab) -> dict[str, Any]:
    auth: Any = SansIOHTTPPolicy()
    return {"base_url": lab.endpoint, "authentication_policy": auth, "polling_interval": 0.01, "retry_total": 0}


@dataclass(frozen=True)
class ArmAnswer:
    """Status, JSON and headers of an answer of Azure Resource Manager."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(repr=False)

    @property
    def error(self) -> tuple[int, str]:
        """Status and code."""
        return self.status, str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        """The error's text."""
        return str(self.body["error"]["message"])

    @property
    def detail(self) -> str:
        """Code of the first detail."""
        return str(self.body["error"]["details"][0]["code"])


class Arm:
    """Plain HTTP to the lab's Azure; every answer's operation can be followed with `done`."""

    def __init__(self, lab: Lab) -> None:
        """Speak to this lab."""
        self._endpoint = lab.endpoint
        self._session = requests.Session()
        self.root = f"/subscriptions/{lab.azure.subscription}"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> ArmAnswer:
        """Send a request to an id, to what is below the subscription, or to a URL."""
        url = path if path.startswith("http") else self._endpoint + (path if path[:1] == "/" else f"{self.root}/{path}")
        asked = {} if "api-version=" in url else {"api-version": "2026-03-01", **(query or {})}
        found = self._session.request(method, url, json=body, params=asked, headers=headers, timeout=20)
        return ArmAnswer(found.status_code, found.json() if found.content else {}, found.headers)

    def get(self, path: str, **query: str) -> ArmAnswer:
        """Read."""
        return self.call("GET", path, query=query)

    def put(self, path: str, body: object, match: str = "") -> ArmAnswer:
        """Replace, if the resource still has this ETag."""
        return self.call("PUT", path, body, {"If-Match": match} if match else None)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def network_path(lab: Lab, path: str, group: str = "rg-network") -> str:
    """Return the id of what Microsoft.Network has in a group, e.g. `routeTables/rt-hub`."""
    return f"/subscriptions/{lab.azure.subscription}/resourceGroups/{group}/providers/Microsoft.Network/{path}"


def compute_path(lab: Lab, path: str) -> str:
    """Return the id of what Microsoft.Compute has in the cluster's group."""
    return f"/subscriptions/{lab.azure.subscription}/resourceGroups/rg-cluster/providers/Microsoft.Compute/{path}"


def nic_path(lab: Lab, name: str) -> str:
    """Return the id of an ordinary network interface."""
    return network_path(lab, f"networkInterfaces/{name}", "rg-cluster")


SUBNET = "virtualNetworks/vnet-cluster/subnets"


def route(name: str, prefix: str, hop: str = "10.10.0.4", **more: Any) -> Json:
    """Return a route to a virtual appliance as ARM writes it."""
    properties = {"addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop}
    return {"name": name, "properties": properties | more}


def table_of(*routes: Json, **more: Any) -> Json:
    """Return a route table as a PUT takes it."""
    return {"location": "westeurope", "properties": {"routes": list(routes)}} | more


def held_nic(lab: Lab, name: str) -> Json:
    """Return an interface as the world has it."""
    return next(nic for nic in lab.world.cloud("networkInterfaces") if nic["name"] == name)


def put_nic(lab: Lab, arm: Arm, name: str, **properties: Any) -> ArmAnswer:
    """Send an interface back with other properties; None takes one out."""
    body = copy.deepcopy(held_nic(lab, name))
    body["properties"] |= properties
    body["properties"] = {key: value for key, value in body["properties"].items() if value is not None}
    return arm.put(body["id"], body)
