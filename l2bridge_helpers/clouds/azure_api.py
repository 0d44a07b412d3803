"""Azure Resource Manager's calls that the runbook needs, through Azure's SDKs: no decisions, our errors.

Resources are read and written as the JSON that ARM speaks: the SDK's models keep what they do not know, and a
dictionary is sent as it is. Writes wait until the operation behind them has ended, and until others have ended theirs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.polling import LROPoller
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from l2bridge_helpers.clouds.azure_client import PUBLIC, client_options, credential_for, polling_interval, scope_for
from l2bridge_helpers.clouds.azure_errors import BusyError, MissingError, explained
from l2bridge_helpers.clouds.azure_identity import azure_identity
from l2bridge_helpers.clouds.azure_operations import InterfaceWatcher, WritePolling, has_settled
from l2bridge_helpers.clouds.base import first_word
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.pace_limits import AZURE

_OPERATION_SECONDS = 1200.0
_TRIES = 8
"""How often a write is sent while other operations stand in its way."""
_LONGEST_PAUSE = 60.0
_DICE = random.SystemRandom()
"""To fall out of step with others; nobody else's numbers change by it."""

Raw = dict[str, Any]


class AzureApi:
    """One subscription. Opening it sends nothing; credentials are looked up at the first request.

    Plain-http endpoints, which are accepted on loopback only, get no credentials.
    """

    def __init__(self, subscription: str, endpoint: str = "", pace: Pace | None = None) -> None:
        """Talk to `endpoint`, or to the public one when it is empty, at this pace."""
        self._pace = pace or Pace(AZURE)
        self.subscription = subscription
        self._endpoint = (endpoint or PUBLIC).rstrip("/")

    def identity(self) -> str:
        """Return who the requests' token is for; see `azure_identity`."""
        return azure_identity(self._credential, scope_for(self._endpoint), self._endpoint)

    @property
    def begun_here(self) -> int:
        """How many requests this thread has sent."""
        return self._pace.begun_here

    # Read.

    def interfaces(self, group: str = "") -> list[Raw]:
        """Return the network interfaces of a group, or of the whole subscription."""
        calls = self._network.network_interfaces
        where = f"of group {group}" if group else f"of subscription {self.subscription}"
        return self._list(f"list network interfaces {where}", lambda: calls.list(group) if group else calls.list_all())

    def interface(self, group: str, name: str) -> Raw:
        """Return one network interface."""
        return self._get(
            f"read network interface {group}/{name}", lambda: self._network.network_interfaces.get(group, name)
        )

    def virtual_network(self, group: str, name: str) -> Raw:
        """Return a virtual network with its subnets."""
        return self._get(
            f"read virtual network {group}/{name}", lambda: self._network.virtual_networks.get(group, name)
        )

    def subnet(self, group: str, network: str, name: str) -> Raw:
        """Return one subnet."""
        return self._get(
            f"read subnet {group}/{network}/{name}", lambda: self._network.subnets.get(group, network, name)
        )

    def route_table(self, group: str, name: str) -> Raw | None:
        """Return a route table with its routes, None when there is no such table.

        Raises:
            MissingError: there is no such group.

        """
        try:
            return self._get(f"read route table {group}/{name}", lambda: self._network.route_tables.get(group, name))
        except MissingError as err:
            if err.code == "ResourceGroupNotFound":
                raise
            return None

    def route_tables(self, group: str) -> list[Raw]:
        """Return the route tables of a group."""
        return self._list(f"list route tables of group {group}", lambda: self._network.route_tables.list(group))

    def security_groups(self, group: str) -> list[Raw]:
        """Return the network security groups of a resource group."""
        return self._list(
            f"list network security groups of {group}", lambda: self._network.network_security_groups.list(group)
        )

    def effective_routes(self, group: str, name: str) -> Raw:
        """Return the routes that an interface really uses."""
        doing = f"ask for the effective routes of {group}/{name}"
        return self._finished(
            doing, lambda: self._network.network_interfaces.begin_get_effective_route_table(group, name)
        )

    def scale_sets(self, group: str = "") -> list[Raw]:
        """Return the scale sets of a group, or of the whole subscription."""
        calls = self._compute.virtual_machine_scale_sets
        return self._list("list scale sets", lambda: calls.list(group) if group else calls.list_all())

    def scale_set(self, group: str, name: str) -> Raw:
        """Return one scale set."""
        calls = self._compute.virtual_machine_scale_sets
        return self._get(f"read scale set {group}/{name}", lambda: calls.get(group, name))

    def scale_set_interfaces(self, group: str, scale_set: str) -> list[Raw]:
        """Return the network interfaces of a uniform scale set."""
        calls = self._network.network_interfaces
        return self._list(
            f"list network interfaces of scale set {group}/{scale_set}",
            lambda: calls.list_virtual_machine_scale_set_network_interfaces(group, scale_set),
        )

    def scale_set_machines(self, group: str, scale_set: str) -> list[Raw]:
        """Return the instances of a uniform scale set."""
        calls = self._compute.virtual_machine_scale_set_vms
        return self._list(f"list instances of scale set {group}/{scale_set}", lambda: calls.list(group, scale_set))

    def machines_of(self, scale_set_id: str, group: str) -> list[Raw]:
        """Return the ordinary machines of a flexible scale set, by its ARM id."""
        wanted = f"'virtualMachineScaleSet/id' eq '{scale_set_id}'"
        return self._list(
            "list machines of a scale set", lambda: self._compute.virtual_machines.list(group, filter=wanted)
        )

    # Write.

    def put_interface(self, group: str, name: str, body: Raw) -> None:
        """Replace a network interface that still is as it was read."""
        calls: Any = self._network.network_interfaces
        doing = f"update network interface {group}/{name}"
        headers = _unchanged(body, doing)
        identifier = f"{group}/{name}".lower()

        def start() -> LROPoller[Any]:
            polling = self._polling(lambda: self._interfaces.has_succeeded(identifier, headers["If-Match"]))
            poller: LROPoller[Any] = calls.begin_create_or_update(group, name, body, headers=headers, polling=polling)
            return poller

        self._write(doing, start)

    def put_route_table(self, group: str, name: str, body: Raw) -> None:
        """Replace a route table that still is as it was read; make it when the body was not read from one."""
        calls: Any = self._network.route_tables
        doing = f"write route table {group}/{name}"
        headers = _unchanged(body, doing) if "id" in body else {"If-None-Match": "*"}
        polling = self._polling(lambda: self._has_settled(lambda: self.route_table(group, name) or {}, body))
        self._write(doing, lambda: calls.begin_create_or_update(group, name, body, headers=headers, polling=polling))

    def delete_route_table(self, group: str, name: str, seen: Raw) -> None:
        """Delete a route table that still is as it was read."""
        calls: Any = self._network.route_tables
        doing = f"delete route table {group}/{name}"
        headers = _unchanged(seen, doing)
        self._write(doing, lambda: calls.begin_delete(group, name, headers=headers))

    def put_subnet(self, group: str, network: str, name: str, body: Raw) -> None:
        """Replace a subnet that still is as it was read."""
        calls: Any = self._network.subnets
        doing = f"update subnet {group}/{network}/{name}"
        headers = _unchanged(body, doing)
        polling = self._polling(lambda: self._has_settled(lambda: self.subnet(group, network, name), body))
        self._write(
            doing,
            lambda: calls.begin_create_or_update(group, network, name, body, headers=headers, polling=polling),
        )

    def patch_scale_set(self, group: str, name: str, body: Raw, etag: str) -> None:
        """Change a part of a scale set's model; with its etag only if it still is as it was read."""
        calls: Any = self._compute.virtual_machine_scale_sets
        condition: Raw = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        self._write(f"change scale set {group}/{name}", lambda: calls.begin_update(group, name, body, **condition))

    def upgrade_machines(self, group: str, scale_set: str, numbers: list[str]) -> None:
        """Bring instances of a scale set up to its model."""
        calls: Any = self._compute.virtual_machine_scale_sets
        body = {"instanceIds": numbers}
        self._write(
            f"upgrade instances {', '.join(numbers)} of scale set {group}/{scale_set}",
            lambda: calls.begin_update_instances(group, scale_set, body),
        )

    # How.

    def _write(self, doing: str, start: Callable[[], LROPoller[Any]]) -> None:
        """Send a write and wait for it; while another operation is in its way, wait for that and send it again."""
        for attempt in range(_TRIES):
            try:
                self._ended(doing, start)
            except BusyError as err:
                if attempt == _TRIES - 1:
                    raise
                pause = err.seconds or min(2.0**attempt, _LONGEST_PAUSE)
                time.sleep(pause * _DICE.uniform(1.0, 1.25))
            else:
                return

    def _finished(self, doing: str, start: Callable[[], LROPoller[Any]]) -> Raw:
        """Return what an operation came to; its failure counts although the request was accepted."""
        with explained(doing, self._endpoint):
            result = self._ended(doing, start).result()
            return result.as_dict() if result is not None else {}

    def _ended(self, doing: str, start: Callable[[], LROPoller[Any]]) -> LROPoller[Any]:
        """Return an operation that has ended well."""
        with first_word(), explained(doing, self._endpoint):
            poller = start()
        with explained(doing, self._endpoint):
            poller.wait(_OPERATION_SECONDS)
            if not poller.done():
                raise CloudError(f"could not {doing}: the operation still runs after {_OPERATION_SECONDS:.0f} s")
            return poller

    def _polling(self, wait: Callable[[], bool]) -> WritePolling:
        """Return how a write's operation is followed: by `wait`, which returns whether it has succeeded."""
        return WritePolling(self._endpoint, polling_interval(self._endpoint), wait)

    def _has_settled(self, read: Callable[[], Raw], before: Raw) -> bool:
        return has_settled(read, str(before.get("etag") or ""), self._interfaces.typical)

    def _list(self, doing: str, call: Callable[[], Iterable[Any]]) -> list[Raw]:
        with explained(doing, self._endpoint):
            return [item.as_dict() for item in call()]

    def _get(self, doing: str, call: Callable[[], Any]) -> Raw:
        with explained(doing, self._endpoint):
            answer: Raw = call().as_dict()
            return answer

    @cached_property
    def _interfaces(self) -> InterfaceWatcher:
        return InterfaceWatcher(self._each_interface, self.interface, self._pace)

    def _each_interface(self, group: str) -> Iterator[Raw]:
        """Give the interfaces of a group, page by page as they are asked for."""
        with explained(f"list network interfaces of group {group}", self._endpoint):
            for item in self._network.network_interfaces.list(group):
                yield item.as_dict()

    @cached_property
    def _network(self) -> NetworkManagementClient:
        return NetworkManagementClient(self._credential, self.subscription, self._endpoint, **self._options)

    @cached_property
    def _compute(self) -> ComputeManagementClient:
        return ComputeManagementClient(self._credential, self.subscription, self._endpoint, **self._options)

    @cached_property
    def _credential(self) -> TokenCredential:
        return credential_for(self._endpoint)

    @property
    def _options(self) -> Raw:
        return client_options(self._endpoint, self._credential, self._pace)


def _unchanged(body: Mapping[str, Any], doing: str) -> dict[str, str]:
    """Return the header under which a resource is written only if it still is as it was read.

    Raises:
        CloudError: Azure has told no ETag, so that somebody's change could be overwritten.

    """
    etag = body.get("etag")
    if not isinstance(etag, str) or not etag:
        raise CloudError(
            f"could not {doing}: Azure has told no ETag of it, and it is not written without one; run again"
        )
    return {"If-Match": etag}
