"""What every cloud offers: a `Cloud` does I/O and decides nothing, a `Dialect` decides and does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
    from l2bridge_helpers.nodes import NodeRow


class Cloud(Protocol):
    """One network of one cloud, read and changed through the cloud's own SDK."""

    platform: str

    def target(self) -> dict[str, str]:
        """Return what this object will talk to, as label -> value, without a call."""

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the network's state, freshly read.

        Raises:
            CloudError: it cannot be read; the text names what is missing.

        """

    def send(self, change: Change) -> Mapping[str, Any]:
        """Make one change, wait until the cloud says that it is done, and return what a full write was based on.

        That is the resource with every property, as it was read just before; empty where nothing was written back.

        Raises:
            CloudError: it was refused or failed.

        """


class Dialect(Protocol):
    """A cloud's own way to say it: ids, names, next hops, commands. Pure."""

    platform: str
    provider_id_form: str
    written_properties: frozenset[str]
    """The properties of an instance that turning forwarding on may change."""
    reported_properties: frozenset[str]
    """The properties of an instance by which the cloud reports its state: they change by themselves."""

    def instance_id(self, provider_id: str) -> str:
        """Return the id of the instance that a provider ID of this cloud names, "" when it is malformed."""

    def route(self, row: NodeRow, instance: Instance, nic: Nic, fabric: Fabric, cluster: str) -> Route:
        """Return the route that leads the row's pod CIDR to the node."""

    def leads_to(self, route: Route, instance: Instance, nic: Nic) -> bool:
        """Return whether the route's next hop is this node, by instance or by address."""

    def is_route_controller(self, route: Route) -> bool:
        """Return whether a cloud controller manager made the route."""

    def enable_command(self, instance: Instance) -> str:
        """Return the shell command that turns forwarding on."""

    def create_command(self, route: Route) -> str:
        """Return the shell command that creates the route."""

    def delete_command(self, route: Route) -> str:
        """Return the shell command that deletes the route."""

    def allow_command(self, fabric: Fabric, cidrs: tuple[str, ...]) -> str:
        """Return the shell command that lets packets from the pod CIDRs in."""
