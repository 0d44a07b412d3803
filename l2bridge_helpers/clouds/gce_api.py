"""The Compute Engine API, one method per request that we send; no decisions.

Everything goes through google-cloud-compute, except instances. `instances.update` replaces the whole resource,
and the SDK's typed messages drop every property that they do not know, so instances are read and written as the
JSON that the API speaks, over google-auth's session: the same credentials, the same endpoint.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from google.api_core import exceptions as api
from google.cloud import compute_v1

from l2bridge_helpers.clouds.base import first_word
from l2bridge_helpers.clouds.gce_connection import RETRY, TIMEOUT, GceConnection, explained
from l2bridge_helpers.clouds.gce_lists import instances_of, items_of, refuse_partial, scopes_of, warnings_of

_PAGE = 500
"""The most that one page may hold (every list method's `maxResults`)."""


class GceApi(GceConnection):
    """What we ask of Compute Engine."""

    # Instances, as plain JSON.

    def list_instances(self, project: str) -> list[dict[str, Any]]:
        """Return every instance of the project, all zones, or fail: `instances.aggregatedList`."""
        found: list[dict[str, Any]] = []
        query = {"maxResults": str(_PAGE)}
        while True:
            answer = self._json("list instances", "GET", f"projects/{project}/aggregated/instances", query)
            with explained("list instances"):
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
        with first_word():
            operation = self._json(doing, "PUT", path, query, body)
        self._operations.finish(doing, "/".join(path.split("/")[:4]), operation)

    # Routes.

    def list_routes(self, project: str) -> list[compute_v1.Route]:
        """Return every route of the project: `routes.list`."""
        with explained("list routes"):
            request = compute_v1.ListRoutesRequest(project=project, max_results=_PAGE)
            return items_of("list routes", self._routes.list(request, retry=RETRY, timeout=TIMEOUT))

    def get_route(self, project: str, name: str) -> compute_v1.Route | None:
        """Return one route, or None: `routes.get`."""
        with explained(f"read route {name}"):
            request = compute_v1.GetRouteRequest(project=project, route=name)
            try:
                return self._routes.get(request, retry=RETRY, timeout=TIMEOUT)
            except api.NotFound:
                return None

    def insert_route(self, project: str, route: compute_v1.Route) -> bool:
        """Create a route and wait: `routes.insert`. Return False when the name is taken."""
        path, resource = f"projects/{project}/global/routes", compute_v1.Route.pb(route)
        return self._change(f"create route {route.name}", "POST", path, resource, fine=(api.Conflict,))

    def delete_route(self, project: str, name: str) -> None:
        """Delete a route and wait: `routes.delete`. One that is gone already is no error."""
        self._change(f"delete route {name}", "DELETE", f"projects/{project}/global/routes/{name}", fine=(api.NotFound,))

    # Firewall rules.

    def list_firewalls(self, project: str) -> list[compute_v1.Firewall]:
        """Return every firewall rule of the project: `firewalls.list`."""
        with explained("list firewall rules"):
            request = compute_v1.ListFirewallsRequest(project=project, max_results=_PAGE)
            return items_of("list firewall rules", self._firewalls.list(request, retry=RETRY, timeout=TIMEOUT))

    def get_firewall(self, project: str, name: str) -> compute_v1.Firewall | None:
        """Return one rule, or None: `firewalls.get`."""
        with explained(f"read firewall rule {name}"):
            request = compute_v1.GetFirewallRequest(project=project, firewall=name)
            try:
                return self._firewalls.get(request, retry=RETRY, timeout=TIMEOUT)
            except api.NotFound:
                return None

    def insert_firewall(self, project: str, rule: compute_v1.Firewall) -> bool:
        """Create a rule and wait: `firewalls.insert`. Return False when the name is taken."""
        path, resource = f"projects/{project}/global/firewalls", compute_v1.Firewall.pb(rule)
        return self._change(f"create firewall rule {rule.name}", "POST", path, resource, fine=(api.Conflict,))

    def patch_firewall(self, project: str, rule: compute_v1.Firewall) -> None:
        """Change the fields that are given, no others, and wait: `firewalls.patch`."""
        path, resource = f"projects/{project}/global/firewalls/{rule.name}", compute_v1.Firewall.pb(rule)
        self._change(f"change firewall rule {rule.name}", "PATCH", path, resource)

    def delete_firewall(self, project: str, name: str) -> None:
        """Delete a rule and wait: `firewalls.delete`. One that is gone already is no error."""
        path = f"projects/{project}/global/firewalls/{name}"
        self._change(f"delete firewall rule {name}", "DELETE", path, fine=(api.NotFound,))

    def effective_firewalls(self, project: str, network: str) -> compute_v1.NetworksGetEffectiveFirewallsResponse:
        """Return all rules and policies of a network: `networks.getEffectiveFirewalls`."""
        with explained(f"read the firewall policies of network {network}"):
            request = compute_v1.GetEffectiveFirewallsNetworkRequest(project=project, network=network)
            client = self._client(compute_v1.NetworksClient)
            return client.get_effective_firewalls(request, retry=RETRY, timeout=TIMEOUT)

    def regional_firewalls(
        self, project: str, region: str, network: str
    ) -> compute_v1.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse:
        """Return all rules and policies of a network in a region: `regionNetworkFirewallPolicies.getEffective…`.

        `network`: `projects/…/global/networks/…`.
        """
        with explained(f"read the firewall policies of network {network} in region {region}"):
            request = compute_v1.GetEffectiveFirewallsRegionNetworkFirewallPolicyRequest(
                project=project, region=region, network=network
            )
            client = self._client(compute_v1.RegionNetworkFirewallPoliciesClient)
            return client.get_effective_firewalls(request, retry=RETRY, timeout=TIMEOUT)

    # What surrounds them.

    def get_network(self, project: str, name: str) -> compute_v1.Network:
        """Return the network: `networks.get`."""
        with explained(f"read network {name}"):
            request = compute_v1.GetNetworkRequest(project=project, network=name)
            return self._client(compute_v1.NetworksClient).get(request, retry=RETRY, timeout=TIMEOUT)

    def list_subnetworks(self, project: str) -> list[compute_v1.Subnetwork]:
        """Return every subnet of the project, all regions: `subnetworks.aggregatedList`."""
        with explained("list subnets"):
            request = compute_v1.AggregatedListSubnetworksRequest(project=project, max_results=_PAGE)
            pages = self._client(compute_v1.SubnetworksClient).aggregated_list(request, retry=RETRY, timeout=TIMEOUT)
            return [subnet for scope in scopes_of("list subnets", pages) for subnet in scope.subnetworks]

    def get_quotas(self, project: str) -> list[compute_v1.Quota]:
        """Return the project's quotas: `projects.get`."""
        with explained("read the project's quotas"):
            request = compute_v1.GetProjectRequest(project=project)
            return list(self._client(compute_v1.ProjectsClient).get(request, retry=RETRY, timeout=TIMEOUT).quotas)

    def list_managers(self, project: str) -> list[compute_v1.InstanceGroupManager]:
        """Return every managed instance group, zonal and regional: `instanceGroupManagers.aggregatedList`."""
        with explained("list managed instance groups"):
            request = compute_v1.AggregatedListInstanceGroupManagersRequest(project=project, max_results=_PAGE)
            client = self._client(compute_v1.InstanceGroupManagersClient)
            pages = client.aggregated_list(request, retry=RETRY, timeout=TIMEOUT)
            scopes = scopes_of("list managed instance groups", pages)
            return [manager for scope in scopes for manager in scope.instance_group_managers]

    def get_template(self, project: str, name: str, region: str = "") -> compute_v1.InstanceTemplate:
        """Return an instance template: `instanceTemplates.get`, or `regionInstanceTemplates.get` for a region's."""
        with explained(f"read instance template {name}"):
            if region:
                regional = compute_v1.GetRegionInstanceTemplateRequest(
                    project=project, region=region, instance_template=name
                )
                client = self._client(compute_v1.RegionInstanceTemplatesClient)
                return client.get(regional, retry=RETRY, timeout=TIMEOUT)
            request = compute_v1.GetInstanceTemplateRequest(project=project, instance_template=name)
            return self._client(compute_v1.InstanceTemplatesClient).get(request, retry=RETRY, timeout=TIMEOUT)

    # The clients that are used again and again.

    @cached_property
    def _routes(self) -> compute_v1.RoutesClient:
        return self._client(compute_v1.RoutesClient)

    @cached_property
    def _firewalls(self) -> compute_v1.FirewallsClient:
        return self._client(compute_v1.FirewallsClient)
