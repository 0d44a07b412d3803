"""The document's procedure with azure-mgmt-network: `python bench/tools/sdk_azure.py sequential|threads|tuned`.

Tuned: interfaces are listed once, not read one by one; the table is written once, with all of its routes; operations
are asked for as often as the service allows.
"""

from __future__ import annotations

import sys
from typing import Any

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network.models import NetworkInterface, Route, RouteTable, Subnet
from loop import THREADS, each
from nodes import Node, nodes, parameters

_TABLE = "pods"
_POLL_SECONDS = 1


class Script:
    """The calls."""

    def __init__(self, given: dict[str, Any], how: str) -> None:
        """Make the client."""
        self._group = given["resource_group"]
        tuned = {"retry_total": 30, "retry_status": 30, "polling_interval": _POLL_SECONDS} if how == "tuned" else {}
        options = {"base_url": given["endpoint"], "authentication_policy": SansIOHTTPPolicy(), **tuned}
        self._client: Any = NetworkManagementClient(object(), given["subscription_id"], **options)  # type: ignore[arg-type]
        (self._network,) = self._client.virtual_networks.list_all()
        self._network_group = self._network.id.split("/")[4]

    def interfaces(self) -> dict[str, NetworkInterface]:
        """Read all, by machine."""
        listed = self._client.network_interfaces.list(self._group)
        return {nic.virtual_machine.id.rpartition("/")[2]: nic for nic in listed if nic.virtual_machine}

    def forward(self, nic: NetworkInterface) -> None:
        """Let it forward."""
        nic.enable_ip_forwarding = True
        self._client.network_interfaces.begin_create_or_update(nic.id.split("/")[4], nic.name, nic).result()

    def forward_by_name(self, nic: NetworkInterface) -> None:
        """Read it, and let it forward."""
        self.forward(self._client.network_interfaces.get(nic.id.split("/")[4], nic.name))

    def table(self, routes: list[Route]) -> None:
        """Make the table."""
        table = RouteTable(location=self._network.location, routes=routes)
        self._client.route_tables.begin_create_or_update(self._network_group, _TABLE, table).result()

    def route(self, node: Node) -> None:
        """Add one route to the table."""
        self._client.routes.begin_create_or_update(
            self._network_group, _TABLE, f"pods-{node.name}", route_of(node)
        ).result()

    def associate(self, subnet: Subnet) -> None:
        """Give the table to a subnet."""
        subnet.route_table = self._client.route_tables.get(self._network_group, _TABLE)
        self._client.subnets.begin_create_or_update(
            self._network_group, self._network.name, subnet.name, subnet
        ).result()

    def subnets(self, nics: list[NetworkInterface]) -> list[Subnet]:
        """Return the subnets that these interfaces are in."""
        used = {configuration.subnet.id.lower() for nic in nics for configuration in nic.ip_configurations or []}
        return [subnet for subnet in self._network.subnets if subnet.id.lower() in used]


def route_of(node: Node) -> Route:
    """Return a node's route."""
    return Route(
        name=f"pods-{node.name}",
        address_prefix=node.pods,
        next_hop_type="VirtualAppliance",
        next_hop_ip_address=node.address,
    )


def main() -> None:
    """Interfaces, then the table, then the subnets."""
    how, given = sys.argv[1], parameters()
    script, found = Script(given, how), nodes(given["kubeconfig"])
    known = script.interfaces()
    nics = [known[node.machine.rpartition("/")[2]] for node in found]
    threads = 1 if how == "sequential" else THREADS
    each(nics, script.forward if how == "tuned" else script.forward_by_name, threads=threads)
    if how == "tuned":
        script.table([route_of(node) for node in found])
    else:
        script.table([])
        each(found, script.route, threads=threads)
    each(script.subnets(nics), script.associate, threads=1)


if __name__ == "__main__":
    main()
