"""Effective routes of an interface: Azure's own, and those of its subnet's table."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from werkzeug import Response

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.compute_views import running
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import reference, same
from l2bridge_helpers.lab.azure.writes import begin
from l2bridge_helpers.lab.world import Json

_DROPPED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""Ranges that Azure routes to nowhere outside of the virtual network (virtual-networks-udr-overview, 2026)."""
_IPV6 = 6


def effective_routes(call: Call) -> Response:
    """Start to collect the effective routes of an interface."""
    nic = call.state.find("networkInterfaces", call.id)
    if nic is None:
        raise call.missing()
    _must_run(call, nic)
    operation = begin(
        call, "GetVmEffectiveRoutesOperation", (), finish=lambda: None, result={"value": _routes(call, nic)}
    )
    return call.accepted(operation, None, 202, asks=True)


def _must_run(call: Call, nic: Json) -> None:
    """Refuse an interface without a running machine (the code is Azure's, seen in several reports of 2026)."""
    named = reference(nic["properties"], "virtualMachine")
    machine = call.state.find("virtualMachines", named) if named else None
    if machine is None or not running(machine):
        raise ArmError(
            "NicMustBeAttachedToRunningVmToGetEffectiveRoutes",
            "A network interface must be attached to a running virtual machine to get effective routes. The network "
            f"interface {nic['id']} is not attached to a running virtual machine.",
        )


def _routes(call: Call, nic: Json) -> list[Json]:
    """Return the routes that the interface has by now."""
    state = call.state
    subnet_id = reference(_primary(nic)["properties"], "subnet")
    busy = any(one and state.operations.running(one["id"]) for one in _holders(state.world.resources, subnet_id))
    resources = state.remembered.resources(
        state.world, nic["id"].lower(), delay=state.effective_delay, running=bool(busy)
    )
    network, table = _holders(resources, subnet_id)
    users = [_user(route, table) for route in table["properties"].get("routes", [])] if table else []
    taken = {prefix for route in users for prefix in route["addressPrefix"]}
    return [_own(prefix, hop, prefix in taken) for prefix, hop in _system(network)] + users


def _primary(nic: Json) -> Any:
    parts = nic["properties"]["ipConfigurations"]
    return next((part for part in parts if part["properties"].get("primary")), parts[0])


def _holders(resources: dict[str, list[Json]], subnet_id: str) -> tuple[Json | None, Json | None]:
    """Return the network that a subnet is in, and its table."""
    for network in resources.get("virtualNetworks", []):
        for subnet in network["properties"].get("subnets", []):
            if same(subnet["id"], subnet_id):
                named = reference(subnet["properties"], "routeTable")
                tables = [one for one in resources.get("routeTables", []) if same(one["id"], named)]
                return network, tables[0] if tables else None
    return None, None


def _system(network: Json | None) -> list[tuple[str, str]]:
    space = network["properties"]["addressSpace"]["addressPrefixes"] if network else []
    default = ["0.0.0.0/0", *(["::/0"] if any(ip_network(one).version == _IPV6 for one in space) else [])]
    dropped = [(prefix, "None") for prefix in _DROPPED if prefix not in space]
    return [*((prefix, "VnetLocal") for prefix in space), *((one, "Internet") for one in default), *dropped]


def _own(prefix: str, hop: str, replaced: bool) -> Json:  # noqa: FBT001 - whether a route of the table has the same prefix
    state = "Invalid" if replaced else "Active"
    return _route("Default", state, prefix, hop, [], disabled=False)


def _user(route: Json, table: Json) -> Json:
    properties = route["properties"]
    hops = (properties.get("nextHop") or {}).get("nextHopIpAddresses") or [properties.get("nextHopIpAddress")]
    disabled = bool(table["properties"].get("disableBgpRoutePropagation"))
    made = _route(
        "User",
        "Active",
        properties["addressPrefix"],
        properties["nextHopType"],
        [hop for hop in hops if hop],
        disabled=disabled,
    )
    return {"name": route["name"]} | made


def _route(source: str, state: str, prefix: str, kind: str, hops: list[str], *, disabled: bool) -> Json:
    return {
        "disableBgpRoutePropagation": disabled,
        "source": source,
        "state": state,
        "addressPrefix": [prefix],
        "nextHopType": kind,
        "nextHopIpAddress": hops,
    }
