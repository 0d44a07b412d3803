"""Subscriptions, resource groups, usages and operations: what stands beside the resources."""

from __future__ import annotations

import re

from werkzeug import Response

from l2bridge_helpers.lab.azure.call import Call, answer
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import Place, same
from l2bridge_helpers.lab.azure.permissions import is_denied, unauthorized
from l2bridge_helpers.lab.azure.state import State
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json

_TABLES_PER_SUBSCRIPTION, _PLENTY = 600, 65536
_RESOURCES = "Microsoft.Resources/subscriptions"
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_USAGES = (
    ("VirtualNetworks", "Virtual Networks", "virtualNetworks", 1000),
    ("NetworkInterfaces", "Network Interfaces", "networkInterfaces", _PLENTY),
    ("NetworkSecurityGroups", "Network Security Groups", "networkSecurityGroups", 5000),
    ("RouteTables", "Route Tables", "routeTables", _TABLES_PER_SUBSCRIPTION),
)
"""Limits as published (azure.microsoft.com/updates?id=562695 for route tables, 2026)."""


def subscriptions(state: State) -> Response:
    """Return the list of subscriptions: those that may be read, others are left out."""
    others = [_subscription(state, *one) for one in ((key, *told) for key, told in state.other_subscriptions.items())]
    readable = not is_denied(state, f"{_RESOURCES}/read", f"/subscriptions/{state.subscription}")
    return answer({"value": [_subscription(state), *others] if readable else []})


def subscription(state: State) -> Response:
    """Return the subscription."""
    return answer(_subscription(state))


def groups(state: State, place: Place) -> Response:
    """Return one resource group, or the list of them.

    Raises:
        ArmError: 403, they may not be read.

    """
    scope = f"/subscriptions/{state.subscription}" + (f"/resourceGroups/{place.group}" if place.group else "")
    if is_denied(state, f"{_RESOURCES}/resourceGroups/read", scope):
        raise unauthorized(f"{_RESOURCES}/resourceGroups/read", scope)
    location = state.location
    found = [_group(state, name, location) for name in sorted(state.groups().values())]
    if not place.group:
        return answer({"value": found})
    return answer(next(one for one in found if same(one["name"], place.group)))


def must_exist(state: State, place: Place) -> None:
    """Refuse a subscription or a resource group that is not there.

    Raises:
        ArmError: 404; 400 for what is no subscription's id at all.

    """
    if place.subscription and not _GUID.fullmatch(place.subscription):
        text = f"The provided subscription identifier '{place.subscription}' is malformed or invalid."
        raise ArmError("InvalidSubscriptionId", text)
    if place.subscription and not same(place.subscription, state.subscription):
        raise ArmError("SubscriptionNotFound", f"The subscription '{place.subscription}' could not be found.", 404)
    if place.group and not state.group(place.group):
        raise ArmError("ResourceGroupNotFound", f"Resource group '{place.group}' could not be found.", 404)


def usages(call: Call) -> Response:
    """Return what is used of the limits of Microsoft.Network."""
    where = f"/subscriptions/{call.state.subscription}/providers/Microsoft.Network/locations/{call.place.names[0]}"
    counted = [
        (name, text, len(call.state.world.cloud(collection)), limit) for name, text, collection, limit in _USAGES
    ]
    counted.append(("RoutesPerRouteTable", "Routes per Route Table", 0, call.state.routes_per_table))
    return answer(
        {
            "value": [
                {
                    "id": f"{where}/usages/{name}",
                    "unit": "Count",
                    "currentValue": used,
                    "limit": limit,
                    "name": {"value": name, "localizedValue": text},
                }
                for name, text, used, limit in counted
            ]
        }
    )


def operation(call: Call) -> Response:
    """Return the status of an operation."""
    found = call.state.operations.find(call.name)
    headers = {} if found.ended else {"Retry-After": call.state.retry_after}
    error = {"error": found.error} if found.ended and found.error else {}
    return answer({"status": found.status} | error, 200, headers)


def operation_result(call: Call) -> Response:
    """Return what an operation has brought; 202 while it runs."""
    found = call.state.operations.find(call.name)
    if not found.ended:
        headers = {
            "Retry-After": call.state.retry_after,
            "Location": f"{call.base}{call.request.path}?api-version={call.version}",
        }
        return answer(None, 202, headers)
    if found.error:
        return answer({"error": found.error}, 409)  # [U]: the status with which a failed operation is read
    return answer(found.result, 200 if found.result else 204)


def _subscription(state: State, identifier: str = "", name: str = "lab", status: str = "Enabled") -> Json:
    return {
        "id": f"/subscriptions/{identifier or state.subscription}",
        "subscriptionId": identifier or state.subscription,
        "tenantId": uid("tenant"),
        "displayName": name,
        "state": status,
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _group(state: State, name: str, location: str) -> Json:
    return {
        "id": f"/subscriptions/{state.subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }
