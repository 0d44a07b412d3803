"""The Compute Engine API, one method per request that we send; no decisions.

Everything goes through google-cloud-compute, except instances. `instances.update` replaces the whole resource,
and the SDK's typed messages drop every property that they do not know, so instances are read and written as the
JSON that the API speaks, over google-auth's session: the same credentials, the same endpoint.
"""

from __future__ import annotations

import json
import time
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
from google.cloud import compute_v1
from google.protobuf.json_format import ParseError

from l2bridge_helpers.clouds.gce_errors import operation_error, translate, worth_retrying
from l2bridge_helpers.clouds.gce_lists import instances_of, items_of, refuse_partial, scopes_of, warnings_of
from l2bridge_helpers.endpoints import is_plain_http
from l2bridge_helpers.errors import CloudError

PUBLIC = "https://compute.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/compute",)
_PAGE = 500
"""The most that one page may hold (every list method's `maxResults`)."""
_TIMEOUT = 30.0
_WAIT_TIMEOUT = 150.0
"""Seconds; an operation's `wait` itself answers after two minutes at most."""
_OPERATION_SECONDS = 600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_FAILED = 400
"""HTTP statuses from here on are failures."""
_RETRY = Retry(predicate=worth_retrying, initial=0.5, maximum=20.0, multiplier=2.0, timeout=120.0)
"""With jitter. Two minutes outlast the quota's window of one."""

_MALFORMED = (ValueError, TypeError, AttributeError)
"""What reading an answer of another shape than the API's ends in."""

_Client = TypeVar("_Client")


class GceApi:
    """A connection to Compute Engine. Opening it sends nothing; credentials are looked up at the first request.

    Plain-http endpoints, which are accepted on loopback only, get no credentials.
    """

    def __init__(self, endpoint: str = "") -> None:
        """Talk to `endpoint`, or to the public one when it is empty."""
        self._endpoint = endpoint.rstrip("/")

    # Instances, as plain JSON.

    def list_instances(self, project: str) -> list[dict[str, Any]]:
        """Return every instance of the project, all zones, or fail: `instances.aggregatedList`."""
        found: list[dict[str, Any]] = []
        query = {"maxResults": str(_PAGE)}
        while True:
            answer = self._json("list instances", "GET", f"projects/{project}/aggregated/instances", query)
            with _explained("list instances"):
                refuse_partial("list instances", json.dumps(answer.get("unreachables") or ""), warnings_of(answer))
                found += instances_of(answer)
            if not answer.get("nextPageToken"):
                return found
            query = {**query, "pageToken": answer["nextPageToken"]}

    def get_instance(self, path: str) -> dict[str, Any]:
        """Return one instance with every property: `instances.get`."""
        return self._json(f"read instance {path}", "GET", path, {})

    def update_instance(self, path: str, body: Mapping[str, Any]) -> None:
        """Replace the instance, allowing what needs no restart, and wait: `instances.update`."""
        doing = f"update instance {path}"
        query = {"mostDisruptiveAllowedAction": "REFRESH", "requestId": str(uuid.uuid4())}
        operation = self._json(doing, "PUT", path, query, body)
        project, zone = path.split("/")[1], path.split("/")[3]
        with _explained(doing):
            self._finish(
                doing,
                lambda name: self._zone_operations.wait(
                    compute_v1.WaitZoneOperationRequest(project=project, zone=zone, operation=name),
                    retry=_RETRY,
                    timeout=_WAIT_TIMEOUT,
                ),
                compute_v1.Operation.from_json(json.dumps(operation), ignore_unknown_fields=True),
            )

    # Routes.

    def list_routes(self, project: str) -> list[compute_v1.Route]:
        """Return every route of the project: `routes.list`."""
        with _explained("list routes"):
            request = compute_v1.ListRoutesRequest(project=project, max_results=_PAGE)
            return items_of("list routes", self._routes.list(request, retry=_RETRY, timeout=_TIMEOUT))

    def get_route(self, project: str, name: str) -> compute_v1.Route | None:
        """Return one route, or None: `routes.get`."""
        with _explained(f"read route {name}"):
            request = compute_v1.GetRouteRequest(project=project, route=name)
            try:
                return self._routes.get(request, retry=_RETRY, timeout=_TIMEOUT)
            except api.NotFound:
                return None

    def insert_route(self, project: str, route: compute_v1.Route) -> bool:
        """Create a route and wait: `routes.insert`. Return False when the name is taken."""
        doing = f"create route {route.name}"
        request = compute_v1.InsertRouteRequest(project=project, route_resource=route, request_id=str(uuid.uuid4()))
        with _explained(doing):
            try:
                operation = self._routes.insert_unary(request, retry=_RETRY, timeout=_TIMEOUT)
            except api.Conflict:
                return False
            self._finish_global(doing, project, operation)
        return True

    def delete_route(self, project: str, name: str) -> None:
        """Delete a route and wait: `routes.delete`. One that is gone already is no error."""
        doing = f"delete route {name}"
        request = compute_v1.DeleteRouteRequest(project=project, route=name, request_id=str(uuid.uuid4()))
        with _explained(doing):
            try:
                operation = self._routes.delete_unary(request, retry=_RETRY, timeout=_TIMEOUT)
            except api.NotFound:
                return
            self._finish_global(doing, project, operation)

    # What surrounds them.

    def get_network(self, project: str, name: str) -> compute_v1.Network:
        """Return the network: `networks.get`."""
        with _explained(f"read network {name}"):
            request = compute_v1.GetNetworkRequest(project=project, network=name)
            return self._client(compute_v1.NetworksClient).get(request, retry=_RETRY, timeout=_TIMEOUT)

    def list_subnetworks(self, project: str) -> list[compute_v1.Subnetwork]:
        """Return every subnet of the project, all regions: `subnetworks.aggregatedList`."""
        with _explained("list subnets"):
            request = compute_v1.AggregatedListSubnetworksRequest(project=project, max_results=_PAGE)
            pages = self._client(compute_v1.SubnetworksClient).aggregated_list(request, retry=_RETRY, timeout=_TIMEOUT)
            return [subnet for scope in scopes_of("list subnets", pages) for subnet in scope.subnetworks]

    def list_firewalls(self, project: str) -> list[compute_v1.Firewall]:
        """Return every firewall rule of the project: `firewalls.list`."""
        with _explained("list firewall rules"):
            request = compute_v1.ListFirewallsRequest(project=project, max_results=_PAGE)
            pages = self._client(compute_v1.FirewallsClient).list(request, retry=_RETRY, timeout=_TIMEOUT)
            return items_of("list firewall rules", pages)

    def get_quotas(self, project: str) -> list[compute_v1.Quota]:
        """Return the project's quotas: `projects.get`."""
        with _explained("read the project's quotas"):
            request = compute_v1.GetProjectRequest(project=project)
            return list(self._client(compute_v1.ProjectsClient).get(request, retry=_RETRY, timeout=_TIMEOUT).quotas)

    def list_managers(self, project: str) -> list[compute_v1.InstanceGroupManager]:
        """Return every managed instance group, zonal and regional: `instanceGroupManagers.aggregatedList`."""
        with _explained("list managed instance groups"):
            request = compute_v1.AggregatedListInstanceGroupManagersRequest(project=project, max_results=_PAGE)
            client = self._client(compute_v1.InstanceGroupManagersClient)
            pages = client.aggregated_list(request, retry=_RETRY, timeout=_TIMEOUT)
            scopes = scopes_of("list managed instance groups", pages)
            return [manager for scope in scopes for manager in scope.instance_group_managers]

    def get_template(self, project: str, name: str, region: str = "") -> compute_v1.InstanceTemplate:
        """Return an instance template: `instanceTemplates.get`, or `regionInstanceTemplates.get` for a region's."""
        with _explained(f"read instance template {name}"):
            if region:
                regional = compute_v1.GetRegionInstanceTemplateRequest(
                    project=project, region=region, instance_template=name
                )
                client = self._client(compute_v1.RegionInstanceTemplatesClient)
                return client.get(regional, retry=_RETRY, timeout=_TIMEOUT)
            request = compute_v1.GetInstanceTemplateRequest(project=project, instance_template=name)
            return self._client(compute_v1.InstanceTemplatesClient).get(request, retry=_RETRY, timeout=_TIMEOUT)

    # How.

    @cached_property
    def _credentials(self) -> Credentials:
        if is_plain_http(self._endpoint):
            return AnonymousCredentials()
        credentials, _ = google.auth.default(scopes=_SCOPES)
        return credentials

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
    def _routes(self) -> compute_v1.RoutesClient:
        return self._client(compute_v1.RoutesClient)

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
            response = self._session.request(method, url, params=dict(query), json=body, timeout=_TIMEOUT)
            if not response.ok or response.is_redirect:
                raise api.from_http_response(response)
            return response.json()

        with _explained(doing):
            answer = _RETRY(send)()
        if not isinstance(answer, dict):
            raise CloudError(
                f"could not {doing}: the answer is no JSON object; is {self._endpoint or PUBLIC} Compute Engine?"
            )
        return answer

    def _finish_global(self, doing: str, project: str, operation: compute_v1.Operation) -> None:
        def wait(name: str) -> compute_v1.Operation:
            request = compute_v1.WaitGlobalOperationRequest(project=project, operation=name)
            return self._global_operations.wait(request, retry=_RETRY, timeout=_WAIT_TIMEOUT)

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
def _explained(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except (api.GoogleAPICallError, api.RetryError, auth.GoogleAuthError, requests.exceptions.RequestException) as err:
        raise translate(err, doing) from err
    except (ParseError, *_MALFORMED) as err:
        raise CloudError(
            f"could not {doing}: the answer is not what Compute Engine answers ({err}); run again"
        ) from err
