"""Who may do what: nobody may do what is in `denied_actions`."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.state import State
from l2bridge_helpers.lab.identity import uid

_NETWORK = "Microsoft.Network"
_JOINS = {
    "subnet": f"{_NETWORK}/virtualNetworks/subnets/join/action",
    "routeTable": f"{_NETWORK}/routeTables/join/action",
    "networkSecurityGroup": f"{_NETWORK}/networkSecurityGroups/join/action",
    "natGateway": f"{_NETWORK}/natGateways/join/action",
    "serviceEndpointPolicies": f"{_NETWORK}/serviceEndpointPolicies/join/action",
    "applicationGatewayBackendAddressPools": f"{_NETWORK}/applicationGateways/backendAddressPools/join/action",
    "loadBalancerInboundNatRules": f"{_NETWORK}/loadBalancers/inboundNatRules/join/action",
    "publicIPAddress": f"{_NETWORK}/publicIPAddresses/join/action",
    "loadBalancerBackendAddressPools": f"{_NETWORK}/loadBalancers/backendAddressPools/join/action",
    "applicationSecurityGroups": f"{_NETWORK}/applicationSecurityGroups/joinIpConfiguration/action",
}
"""What a resource may only refer to with a permission of its own (ARM calls them linked actions)."""
WORDS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_CLIENT = f"The client 'lab' with object id '{uid('client lab')}'"


def authorize(call: Call, method: str) -> None:
    """Refuse an action that is denied.

    Raises:
        ArmError: 403 AuthorizationFailed.

    """
    if method == "POST":
        allow(call, f"{call.kind.type}/{call.place.last}/action")
    else:
        allow(call, f"{call.kind.type}/{WORDS.get(method, 'read')}")


def allow(call: Call, action: str) -> None:
    """Refuse this action on what the call is about, if it is denied.

    Raises:
        ArmError: 403 AuthorizationFailed.

    """
    scope = _scope(call)
    if is_denied(call.state, action, scope):
        raise unauthorized(action, scope)


def unauthorized(action: str, scope: str) -> ArmError:
    """Return the refusal of an action."""
    return ArmError(
        "AuthorizationFailed",
        f"{_CLIENT} does not have authorization to perform action '{action}' over scope '{scope}' or the "
        "scope is invalid. If access was recently granted, please refresh your credentials.",
        403,
    )


def authorize_links(call: Call, body: object) -> None:
    """Refuse a body that refers to what may not be joined.

    Raises:
        ArmError: 403 LinkedAuthorizationFailed.

    """
    for action, scope in _links(body):
        if is_denied(call.state, action, scope):
            raise ArmError(
                "LinkedAuthorizationFailed",
                f"{_CLIENT} has permission to perform action '{call.kind.type}/write' on scope '{call.id}'; however, "
                f"it does not have permission to perform action(s) '{action}' on the linked scope(s) '{scope}' "
                "(respectively) or the linked scope(s) are invalid.",
                403,
            )


def is_denied(state: State, action: str, scope: str) -> bool:
    """Return whether an action is denied, or not granted; letter case does not count, `*` stands for anything."""
    lower = action.lower()
    return state.lacks(action, scope) or any(fnmatchcase(lower, pattern.lower()) for pattern in state.denied_actions)


def _scope(call: Call) -> str:
    if call.place.names:
        return call.id
    return (
        call.id_of(0).partition("/providers/")[0] if call.place.group else f"/subscriptions/{call.place.subscription}"
    )


def _links(value: object) -> Iterator[tuple[str, str]]:
    """Yield the action and the scope of every reference."""
    if isinstance(value, list):
        for element in value:
            yield from _links(element)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        for one in inner if isinstance(inner, list) else [inner]:
            if name in _JOINS and isinstance(one, dict) and isinstance(one.get("id"), str):
                yield _JOINS[name], one["id"]
        yield from _links(inner)
