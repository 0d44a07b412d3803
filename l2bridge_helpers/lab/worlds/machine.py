"""What a world is made of: machines, on a site. Each machine is a Kubernetes node and a cloud instance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where machines stand: one network with one subnetwork in one region.

    Attributes:
        project: of the instances.
        number: that project's number.
        host: project of the network; the same one, unless the network is shared.

    """

    project: str = "l2bridge-lab"
    number: str = "483920174655"
    host: str = ""
    network: str = "cluster-net"
    subnet: str = "nodes"
    region: str = "europe-west1"
    nodes_range: str = "10.10.0.0/24"
    pods_range: str = "10.42.0.0/16"
    nodes_range6: str = ""
    pods_range6: str = ""

    @property
    def network_path(self) -> str:
        """Return `projects/P/global/networks/N`."""
        return f"projects/{self.host or self.project}/global/networks/{self.network}"

    @property
    def subnet_path(self) -> str:
        """Return `projects/P/regions/R/subnetworks/N`."""
        return f"projects/{self.host or self.project}/regions/{self.region}/subnetworks/{self.subnet}"

    @property
    def network_parameter(self) -> str:
        """Return the notebook's parameter `network`: a name, or a path when the network is shared."""
        return self.network_path if self.host else self.network


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One node and its instance.

    Attributes:
        zone: the last part, `b` of `europe-west1-b`.
        manager: managed instance group that made it.
        template: instance template it was made from.
        created: what makes the ids differ when a machine is made anew under the same name.

    """

    name: str
    zone: str
    address: str
    pods: tuple[str, ...]
    windows: bool = False
    control_plane: bool = False
    forwarding: bool = False
    address6: str = ""
    external: str = ""
    external_first: bool = False
    manager: str = ""
    template: str = ""
    created: str = ""

    def zone_of(self, site: Site) -> str:
        """Return the zone's full name."""
        return f"{site.region}-{self.zone}"

    def path(self, site: Site) -> str:
        """Return `projects/P/zones/Z/instances/N`."""
        return f"projects/{site.project}/zones/{self.zone_of(site)}/instances/{self.name}"
