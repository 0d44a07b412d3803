"""What a person can choose from on Azure: the subscriptions that the credentials can see, their groups and tables."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.network import NetworkManagementClient

from l2bridge_helpers.choices import Option
from l2bridge_helpers.clouds.azure_client import PUBLIC, client_options, credential_for
from l2bridge_helpers.clouds.azure_errors import explained
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.pace_limits import AZURE
from l2bridge_helpers.printable import printable

Raw = dict[str, Any]

_SUBSCRIPTIONS, _GROUPS = "2022-12-01", "2021-04-01"
"""Versions of Microsoft.Resources (azure-mgmt-resource 23, learn.microsoft.com/rest/api/resources, 2026-11)."""
_UNUSABLE = ("disabled", "deleted")
_PATIENCE: dict[str, Any] = {"retry_total": 1}
"""Nobody waits long for a list."""


class AzureOffers:
    """Lists of what there is; opening it sends nothing."""

    def __init__(self, endpoint: str = "") -> None:
        """Talk to `endpoint`, or to the public one when it is empty."""
        self._endpoint = (endpoint or PUBLIC).rstrip("/")

    def subscriptions(self) -> list[Option]:
        """Return the subscriptions in use that these credentials have a role in, by name.

        Raises:
            CloudError: they cannot be listed.

        """
        with explained("list subscriptions", self._endpoint):
            found = [
                (str(one.get("displayName") or ""), str(one["subscriptionId"]))
                for one in self._pages("/subscriptions", _SUBSCRIPTIONS)
                if str(one.get("state", "")).lower() not in _UNUSABLE
            ]
        return [Option(one, printable(f"{title} ({one})" if title else one)) for title, one in sorted(found)]

    def groups(self, subscription: str) -> list[Option]:
        """Return the resource groups (Microsoft.Resources/subscriptions/resourceGroups/read), by name.

        Raises:
            CloudError: they cannot be listed.

        """
        path = f"/subscriptions/{subscription}/resourcegroups"
        with explained(f"list resource groups of subscription {subscription}", self._endpoint):
            found = [(str(one["name"]), str(one.get("location") or "")) for one in self._pages(path, _GROUPS)]
        return [Option(name, printable(f"{name} ({place})" if place else name)) for name, place in _sorted(found)]

    def tables(self, subscription: str, group: str = "") -> list[Option]:
        """Return the route tables (Microsoft.Network/routeTables/read): a group's by name, else all by their ids.

        Raises:
            CloudError: they cannot be listed.

        """
        options = client_options(self._endpoint, self._credential, self._pace)
        with explained(f"list route tables of subscription {subscription}", self._endpoint):
            calls = NetworkManagementClient(self._credential, subscription, self._endpoint, **options).route_tables
            pages = calls.list(group, **_PATIENCE) if group else calls.list_all(**_PATIENCE)
            found = [table.as_dict() for table in pages]
            rows = [(str(one["name"]), str(one["id"]), str(one.get("location") or "")) for one in found]
        told = [
            (name, name if group else identifier, f"{name} ({_group_of(identifier)}, {place})")
            for name, identifier, place in rows
        ]
        return [Option(value, printable(label)) for _, value, label in sorted(told, key=lambda one: one[0].lower())]

    def _pages(self, path: str, version: str) -> Iterator[Raw]:
        """Yield what a list holds; a link to its next page is followed on this host only."""
        options = client_options(self._endpoint, self._credential, self._pace)
        client: ARMPipelineClient[Any, Any] = ARMPipelineClient(
            self._endpoint, policies=options["policies"], transport=options["transport"]
        )
        url = f"{self._endpoint}{path}?api-version={version}"
        with client:
            while url:
                response = client.send_request(HttpRequest("GET", url), **_PATIENCE)
                response.raise_for_status()
                answer = response.json()
                yield from answer["value"]
                url = str(answer.get("nextLink") or "")

    @cached_property
    def _credential(self) -> TokenCredential:
        return credential_for(self._endpoint)

    @cached_property
    def _pace(self) -> Pace:
        return Pace(AZURE)


def _group_of(identifier: str) -> str:
    parts = identifier.split("/")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - /subscriptions/…/resourceGroups/NAME/…


def _sorted(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(found, key=lambda pair: pair[0].lower())
