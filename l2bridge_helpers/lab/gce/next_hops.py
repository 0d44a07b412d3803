"""The state of routes, found out at each read: whether the next hop exists, runs, and forwards.

Source: API reference of `routes`, fields `warnings` and `routeStatus` (2026). That a route whose next hop
cannot take packets is `INACTIVE` is the lab's reading of that page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from l2bridge_helpers.lab.gce.links import absolute, project_of, relative
from l2bridge_helpers.lab.world import World

Json = dict[str, Any]

_TEXTS = {
    "NEXT_HOP_INSTANCE_NOT_FOUND": "The next hop instance does not exist.",
    "NEXT_HOP_ADDRESS_NOT_ASSIGNED": "The next hop IP is not assigned to an instance on the network.",
    "NEXT_HOP_INSTANCE_NOT_ON_NETWORK": "The next hop instance has no interface on the route's network.",
    "NEXT_HOP_INSTANCE_HAS_NO_IPV6_INTERFACE": "The next hop instance has no IPv6 address on the network.",
    "NEXT_HOP_NOT_RUNNING": "The next hop instance is not running.",
    "NEXT_HOP_CANNOT_IP_FORWARD": "The next hop instance does not have IP forwarding enabled.",
}
_STILL_ACTIVE = {"NEXT_HOP_CANNOT_IP_FORWARD"}


class NextHops:
    """The instances that routes may lead to."""

    def __init__(self, world: World) -> None:
        """Look at every instance once."""
        self._instances = {relative(item["selfLink"]): item for item in world.cloud("instances")}
        self._addresses = {
            (relative(nic["network"], project_of(path)), address): item
            for path, item in self._instances.items()
            for nic in item.get("networkInterfaces", [])
            for address in nic_addresses(nic)
        }

    def with_status(self, route: Json) -> Json:
        """Return the route with the status and the warnings that it has now."""
        shown = {key: value for key, value in route.items() if key != "warnings"}
        if "nextHopInstance" not in route and "nextHopIp" not in route:
            return shown
        codes = list(self._faults(route))
        shown["routeStatus"] = "ACTIVE" if _STILL_ACTIVE.issuperset(codes) else "INACTIVE"
        return shown | ({"warnings": [_warning(code, route) for code in codes]} if codes else {})

    def instance_at(self, network: str, address: str) -> Json | None:
        """Return the instance with this address on `projects/P/global/networks/N`."""
        return self._addresses.get((network, str(ip_address(address))))

    def _faults(self, route: Json) -> Iterator[str]:
        network = relative(route["network"])
        if "nextHopInstance" in route:
            instance = self._instances.get(relative(route["nextHopInstance"]))
            missing = "NEXT_HOP_INSTANCE_NOT_FOUND"
        else:
            instance = self.instance_at(network, route["nextHopIp"])
            missing = "NEXT_HOP_ADDRESS_NOT_ASSIGNED"
        if instance is None:
            yield missing
            return
        yield from _nic_faults(route, network, instance)
        if instance.get("status") != "RUNNING":
            yield "NEXT_HOP_NOT_RUNNING"
        if not instance.get("canIpForward"):
            yield "NEXT_HOP_CANNOT_IP_FORWARD"


def nic_addresses(nic: Json) -> Iterator[str]:
    """Yield the primary internal addresses of a network interface, in their shortest form."""
    for field in ("networkIP", "ipv6Address"):
        if nic.get(field):
            yield str(ip_address(nic[field]))


def nics_on(instance: Json, network: str) -> Iterable[Json]:
    """Return the interfaces that an instance has on `projects/P/global/networks/N`."""
    project = project_of(relative(instance["selfLink"]))
    return [nic for nic in instance.get("networkInterfaces", []) if relative(nic["network"], project) == network]


def _nic_faults(route: Json, network: str, instance: Json) -> Iterator[str]:
    nics = nics_on(instance, network)
    if not nics:
        yield "NEXT_HOP_INSTANCE_NOT_ON_NETWORK"
    elif ":" in route["destRange"] and not any(nic.get("ipv6Address") for nic in nics):
        yield "NEXT_HOP_INSTANCE_HAS_NO_IPV6_INTERFACE"


def _warning(code: str, route: Json) -> Json:
    hop = route.get("nextHopIp") or absolute(relative(route["nextHopInstance"]))
    return {"code": code, "message": _TEXTS[code], "data": [{"key": "next_hop", "value": hop}]}
