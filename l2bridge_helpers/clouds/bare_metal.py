"""Virtualised and bare metal: a fabric made of what Kubernetes says of the nodes. Nothing is called or changed."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Subnet
from l2bridge_helpers.filters import FIREWALL_RULES
from l2bridge_helpers.nodes import node_prefixes, node_rows
from l2bridge_helpers.observed import InForce, Unread
from l2bridge_helpers.pace import Pace

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Change

USUAL_PREFIX = {4: 24, 6: 64}
"""What is taken for a node's subnet when nothing says it, by IP version."""
_NETWORK = "the nodes' network"


class BareMetal:
    """The network of the nodes, as far as their addresses tell.

    Args:
        node_prefix: length of the prefix of the nodes' IPv4 subnet; 0: what a CNI plugin has written on the nodes,
            else 24.

    """

    platform = "bare_metal"

    def __init__(self, *, node_prefix: int = 0) -> None:
        """Keep what is meant."""
        self._prefix = node_prefix
        self.pace = Pace.unlimited()

    def target(self) -> dict[str, str]:
        """Return where the prefix comes from, as label -> value."""
        given = f"/{self._prefix} (parameter node_prefix)"
        return {
            "network": "no cloud: what Kubernetes says of the nodes",
            "nodes' subnet": given if self._prefix else "as a CNI plugin wrote it on the nodes, else /24",
        }

    def identity(self) -> str:
        """Return nobody: there is no cloud."""
        return "nobody (no cloud)"

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the nodes as machines with one interface each, in the subnets that their addresses are in."""
        addresses: dict[str, dict[str, None]] = defaultdict(dict)
        for row in node_rows(nodes):
            addresses[row.nodeName] |= {row.nodeIP: None} if row.nodeIP else {}
        written = node_prefixes(nodes)
        prefixes = {ip: self._prefix_of(ip, written) for ips in addresses.values() for ip in ips}
        machines = tuple(_machine(name, tuple(ips), prefixes) for name, ips in addresses.items())
        subnets = dict.fromkeys(cidr for machine in machines for nic in machine.nics for cidr in nic.subnet.split())
        return Fabric(
            platform=self.platform,
            network=_NETWORK,
            instances=machines,
            subnets=tuple(Subnet(cidr, (cidr,), zone=self._source(cidr, prefixes, written)) for cidr in subnets),
            unread=tuple(self._unread(prefixes, written)),
        )

    def in_force(self, nodes: pd.DataFrame, fabric: Fabric) -> tuple[InForce, ...]:  # noqa: ARG002 - no API tells
        """Return nothing: there are no routes."""
        return ()

    def send(self, changes: Sequence[Change]) -> Mapping[str, Mapping[str, Any]]:
        """Refuse: there is nothing to change.

        Raises:
            CloudError: always.

        """
        raise CloudError(f"{changes[0].kind} of {changes[0].resource}: there is no cloud here that it could be sent to")

    def _prefix_of(self, ip: str, written: Mapping[str, int]) -> int:
        """Return the length of an address's prefix: as given, as written on the node or the others, as usual."""
        version = ipaddress.ip_address(ip).version
        if self._prefix and version == 4:  # noqa: PLR2004 - IPv4
            return self._prefix
        others = Counter(length for other, length in written.items() if ipaddress.ip_address(other).version == version)
        agreed = next(iter(others)) if len(others) == 1 else USUAL_PREFIX[version]
        return written.get(ip, agreed)

    def _source(self, cidr: str, prefixes: Mapping[str, int], written: Mapping[str, int]) -> str:
        """Return where the length of a subnet's prefix comes from."""
        network = ipaddress.ip_network(cidr)
        if self._prefix and network.version == 4:  # noqa: PLR2004 - IPv4
            return "prefix: parameter node_prefix"
        inside = [ip for ip in prefixes if ipaddress.ip_address(ip) in network]
        return "prefix: written on the nodes" if any(ip in written for ip in inside) else "prefix: taken as usual"

    def _unread(self, prefixes: Mapping[str, int], written: Mapping[str, int]) -> Iterator[Unread]:
        guessed = {
            f"/{length}"
            for ip, length in prefixes.items()
            if ip not in written and not (self._prefix and ":" not in ip)
        }
        if guessed:
            taken = " and ".join(sorted(guessed))
            why = f"some nodes do not show it (no CNI plugin's annotation), so it is taken for {taken}"
            meaning = "whether the nodes share one subnet was judged by that"
            todo = "set parameter node_prefix to what `ip -brief address` shows on a node"
            yield Unread("prefix of the nodes' subnet", why, meaning, todo)
        why = "there is no API to ask"
        todo = "go through the checklist of what is not proven"
        yield Unread(FIREWALL_RULES, why, "hosts and hypervisors can still drop pod packets", todo)


def _machine(name: str, ips: tuple[str, ...], prefixes: Mapping[str, int]) -> Instance:
    subnets = (str(ipaddress.ip_network(f"{ip}/{prefixes[ip]}", strict=False)) for ip in ips)
    hosts = tuple(str(ipaddress.ip_network(ip)) for ip in ips)
    nic = Nic(f"{name}/address", hosts, " ".join(dict.fromkeys(subnets)), _NETWORK, forwarding=False)
    return Instance(name, name, name, "", (nic,))
