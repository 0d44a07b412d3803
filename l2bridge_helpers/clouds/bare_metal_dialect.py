"""Virtualised and bare metal: no cloud, no routes to make; what Kubernetes says decides (pure)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.plain_dialect import PlainDialect
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Instance, Nic, Route

if TYPE_CHECKING:
    from l2bridge_helpers.nodes import NodeRow

_CLOUDS = frozenset({"aws", "azure", "gce"})
"""Whose machines have runbooks of their own, because there the network has to be told."""


class BareMetalDialect(PlainDialect):
    """How decisions are written down where there is no cloud: there are no ids, routes or commands."""

    platform = "bare_metal"
    title = "Virtualised and bare metal"
    provider_id_form = "anything but a cloud's"
    elsewhere: frozenset[str] | None = _CLOUDS
    forwarding_per_nic = True
    checks_addresses = False
    routes_pods = False
    one_segment = True
    across_segments = (
        "connect the nodes to one subnet (one VLAN), or use flannel's vxlan backend; if they are in one subnet whose "
        "prefix is shorter than was taken, set parameter node_prefix"
    )

    def instance_id(self, provider_id: str) -> str:  # noqa: ARG002 - hypervisors' IDs do not lead anywhere here
        """Return "": nodes are found by their addresses."""
        return ""

    def segment(self, nic: Nic, version: int) -> str:
        """Return the network that the interface's address of this IP version is in."""
        return next((cidr for cidr in nic.subnet.split() if ipaddress.ip_network(cidr).version == version), "")

    def route(self, row: NodeRow, instance: Instance, nic: Nic, table: str, cluster: str) -> Route:  # noqa: ARG002 - see below
        """Refuse: there is no table to put it in.

        Raises:
            DataError: always.

        """
        raise DataError(f"node {row.nodeName}: there are no routes to make where there is no cloud")

    def leads_to(self, next_hop: str, instance: Instance, nic: Nic) -> bool:  # noqa: ARG002 - the address is enough
        """Return whether the next hop is an address of the node."""
        return next_hop in nic.hosts()

    def enable_command(self, instance: Instance, nic: Nic) -> str:  # noqa: ARG002 - the checklist holds what there is
        """Return "": what hypervisors need is in the checklist."""
        return ""

    def disable_command(self, instance: Instance, nic: Nic) -> str:  # noqa: ARG002 - as above
        """Return ""."""
        return ""

    def create_command(self, route: Route) -> str:  # noqa: ARG002 - flannel makes the hosts' routes
        """Return ""."""
        return ""

    def replace_command(self, old: Route, new: Route) -> str:  # noqa: ARG002 - flannel makes the hosts' routes
        """Return ""."""
        return ""

    def delete_command(self, route: Route) -> str:  # noqa: ARG002 - flannel makes the hosts' routes
        """Return ""."""
        return ""
