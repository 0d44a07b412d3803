"""What a person can choose from on Google Cloud: the projects that the credentials can see, and their networks.

Projects are the Resource Manager's, which google-cloud-compute does not know: they are read over google-auth's session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.api_core import exceptions as api
from google.cloud import compute_v1

from l2bridge_helpers.choices import Option
from l2bridge_helpers.clouds.gce_connection import GceConnection, explained
from l2bridge_helpers.clouds.gce_lists import items_of
from l2bridge_helpers.endpoints import is_plain_http
from l2bridge_helpers.errors import AccessDeniedError, CloudError
from l2bridge_helpers.printable import printable

_RESOURCE_MANAGER = "https://cloudresourcemanager.googleapis.com"
_PAGE = 500
_LONG = 400
"""Characters of what Google says that are worth reading."""
_TIMEOUT = 15.0
"""Seconds for one page; asked once: nobody waits long for a list."""


class GceOffers(GceConnection):
    """Lists of what there is. Nothing but these reads can be done with it."""

    scopes = (
        "https://www.googleapis.com/auth/cloud-platform.read-only",
        "https://www.googleapis.com/auth/compute.readonly",
    )

    def projects(self) -> list[Option]:
        """Return the active projects that these credentials may read (resourcemanager.projects.get), by name.

        Raises:
            CloudError: they cannot be listed.

        """
        if self._endpoint and not is_plain_http(self._endpoint):
            raise CloudError(
                f"could not list projects: parameter endpoint is {self._endpoint!r}, which is Compute Engine's; type "
                "the project's id"
            )
        with explained("list projects"):
            found = [(str(one["projectId"]), str(one.get("displayName") or "")) for one in self._pages()]
        return [Option(name, _told(name, title)) for name, title in sorted(found)]

    def networks(self, project: str) -> list[Option]:
        """Return the project's own networks (compute.networks.list), by name.

        Raises:
            CloudError: they cannot be listed.

        """
        with explained("list networks"):
            request = compute_v1.ListNetworksRequest(project=project, max_results=_PAGE)
            pages = self._client(compute_v1.NetworksClient).list(request, retry=None, timeout=_TIMEOUT)
            names = sorted(network.name for network in items_of("list networks", pages))
        return [Option(name, printable(name)) for name in names]

    def shared_networks(self, project: str) -> list[Option]:
        """Return the networks of the Shared VPC's host that the project is attached to, by name; mostly there is none.

        Raises:
            CloudError: they cannot be listed.

        """
        with explained("ask for the host project of the Shared VPC"):
            request = compute_v1.GetXpnHostProjectRequest(project=project)
            client = self._client(compute_v1.ProjectsClient)
            host = str(client.get_xpn_host(request, retry=None, timeout=_TIMEOUT).name)
        networks = self.networks(host) if host else []
        where = f"projects/{host}/global/networks"
        return [Option(f"{where}/{one.value}", f"{one.label} (Shared VPC of {printable(host)})") for one in networks]

    def _pages(self) -> Iterator[dict[str, Any]]:
        """Yield the projects: `projects.search`, version 3 (cloud.google.com/resource-manager/reference, 2026-11)."""
        query = {"query": "state:ACTIVE", "pageSize": str(_PAGE)}
        while True:
            url = f"{self._endpoint or _RESOURCE_MANAGER}/v3/projects:search"
            response = self._session.request("GET", url, params=query, timeout=_TIMEOUT)
            if not response.ok or response.is_redirect:
                raise _refused(api.from_http_response(response))
            answer = response.json()
            yield from answer.get("projects", [])
            if not answer.get("nextPageToken"):
                return
            query = {**query, "pageToken": str(answer["nextPageToken"])}


def _refused(err: api.GoogleAPICallError) -> Exception:
    """Return our error where the API is not enabled, or not allowed: what to do is not what Compute Engine needs."""
    if not isinstance(err, api.Forbidden):
        return err
    told = " ".join(re.sub(r"^GET \S+: ", "", str(err.message)).split())[:_LONG]
    return AccessDeniedError(
        f"could not list projects: {told} (HTTP 403); enable the Cloud Resource Manager API, or type the project's id"
    )


def _told(name: str, title: str) -> str:
    return printable(name if title in ("", name) else f"{name} ({title})")
