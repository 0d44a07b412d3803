"""References from one resource to another."""

from __future__ import annotations

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import reference
from l2bridge_helpers.lab.world import Json

_ONE = frozenset(
    {"subnet", "routeTable", "networkSecurityGroup", "natGateway", "publicIPAddress", "gatewayLoadBalancer"}
)
_MANY = frozenset(
    {
        "applicationGatewayBackendAddressPools",
        "applicationSecurityGroups",
        "loadBalancerBackendAddressPools",
        "loadBalancerInboundNatRules",
    }
)


def only_ids(value: object) -> None:
    """Leave of every reference nothing but the id: that is all that Azure keeps of what a body tells about others."""
    if isinstance(value, list):
        for element in value:
            only_ids(element)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in _ONE and isinstance(inner, dict):
                value[name] = {"id": inner.get("id", "")}
            elif name in _MANY and isinstance(inner, list):
                value[name] = [{"id": one.get("id", "")} for one in inner]
            else:
                only_ids(inner)


def must_exist(call: Call, properties: Json, field: str, collection: str) -> Json | None:
    """Return what a property refers to, None when it refers to nothing.

    Raises:
        ArmError: it is not there, or in another region.

    """
    named = reference(properties, field)
    if field not in properties:
        return None
    found = call.state.find(collection, named)
    if found is None or found["location"] != _location(call):
        raise ArmError(
            "InvalidResourceReference",
            f"Resource {named} referenced by resource {call.id} was not found. Please make sure that the referenced "
            "resource exists, and that both resources are in the same region.",
        )
    properties[field] = {"id": found["id"]}
    return found


def _location(call: Call) -> str:
    """Return the region of the resource that is written, or of the one around it."""
    around = call.state.find(call.kind.collection, call.id_of(1))
    body = call.body if isinstance(call.body, dict) else {}
    return str(around["location"] if around else str(body.get("location", "")).replace(" ", "").lower())
