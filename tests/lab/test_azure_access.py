import copy
import time

import pytest
import requests
from azure.core.exceptions import HttpResponseError

from l2bridge_helpers.lab import Lab

from .clients import SUBNET, Arm, Json, compute_path, network, network_path, nic_path, table_of

NETWORK, COMPUTE = "Microsoft.Network", "Microsoft.Compute/virtualMachineScaleSets"
NICS = f"{NETWORK}/networkInterfaces"


ACTIONS = [
    ("GET", "networkInterfaces/done-1-nic", f"{NICS}/read"),
    ("PUT", "networkInterfaces/done-1-nic", f"{NICS}/write"),
    (
        "POST",
        "networkInterfaces/done-1-nic/effectiveRouteTable",
        f"{NETWORK}/networkInterfaces/effectiveRouteTable/action",
    ),
    ("GET", "routeTables", f"{NETWORK}/routeTables/read"),
    ("PUT", "routeTables/rt-hub", f"{NETWORK}/routeTables/write"),
    ("DELETE", "routeTables/rt-hub", f"{NETWORK}/routeTables/delete"),
    ("GET", "routeTables/rt-hub/routes", f"{NETWORK}/routeTables/routes/read"),
    ("PUT", "routeTables/rt-hub/routes/r", f"{NETWORK}/routeTables/routes/write"),
    ("DELETE", "routeTables/rt-hub/routes/r", f"{NETWORK}/routeTables/routes/delete"),
    ("GET", "virtualNetworks/vnet-cluster", f"{NETWORK}/virtualNetworks/read"),
    ("GET", f"{SUBNET}/nodes-a", f"{NETWORK}/virtualNetworks/subnets/read"),
    ("PUT", f"{SUBNET}/nodes-a", f"{NETWORK}/virtualNetworks/subnets/write"),
    ("GET", "networkSecurityGroups", f"{NETWORK}/networkSecurityGroups/read"),
]
OF_SETS = [
    ("GET", "", f"{COMPUTE}/read"),
    ("PATCH", "/pool-u", f"{COMPUTE}/write"),
    ("POST", "/pool-u/manualupgrade", f"{COMPUTE}/manualUpgrade/action"),
    ("GET", "/pool-u/virtualMachines", f"{COMPUTE}/virtualMachines/read"),
    ("PUT", "/pool-u/virtualMachines/0", f"{COMPUTE}/virtualMachines/write"),
    ("GET", "/pool-u/networkInterfaces", f"{COMPUTE}/networkInterfaces/read"),
]


@pytest.mark.parametrize(("method", "path", "action"), ACTIONS)
def test_an_action_can_be_denied(messy: Lab, arm: Arm, method: str, path: str, action: str) -> None:
    """403 with the action and the scope; letter case does not count."""
    messy.azure.denied_actions = {action.upper()}
    there = network_path(messy, path, "rg-cluster" if path.startswith("networkI") else "rg-network")
    refused = arm.call(method, there, {})
    assert refused.error == (403, "AuthorizationFailed")
    assert f"does not have authorization to perform action '{action}' over scope '/subscriptions/" in refused.message
    assert "please refresh your credentials" in refused.message


@pytest.mark.parametrize(("method", "path", "action"), OF_SETS)
def test_an_action_on_scale_sets_can_be_denied(messy: Lab, arm: Arm, method: str, path: str, action: str) -> None:
    """Each is one of Microsoft.Compute's."""
    messy.azure.denied_actions = {action}
    assert arm.call(method, compute_path(messy, f"virtualMachineScaleSets{path}"), {}).error == (
        403,
        "AuthorizationFailed",
    )


def test_the_scope_is_what_is_asked_for(messy: Lab, arm: Arm) -> None:
    """A resource, a group, or the subscription."""
    messy.azure.denied_actions = {f"{NETWORK}/*"}
    root = f"/subscriptions/{messy.azure.subscription}"
    for path, scope in (
        (network_path(messy, "routeTables/rt-hub"), network_path(messy, "routeTables/rt-hub")),
        (network_path(messy, "routeTables"), f"{root}/resourceGroups/rg-network"),
        ("providers/Microsoft.Network/routeTables", root),
    ):
        assert f"over scope '{scope}' or" in arm.get(path).message


def test_what_may_not_be_seen_is_not_said_to_be_missing(messy: Lab, arm: Arm) -> None:
    """Permission is asked for first."""
    messy.azure.denied_actions = {f"{NETWORK}/routeTables/read"}
    assert arm.get(network_path(messy, "routeTables/none")).error == (403, "AuthorizationFailed")


def _strict_nic(lab: Lab) -> Json:
    return next(nic for nic in lab.world.cloud("networkInterfaces") if nic["name"] == "denied-1-nic")


def _hub_subnet(lab: Lab) -> Json:
    subnets: list[Json] = lab.world.cloud("virtualNetworks")[0]["properties"]["subnets"]
    return subnets[1]


@pytest.mark.parametrize(
    ("what", "action", "scope"),
    [
        (_strict_nic, "virtualNetworks/subnets/join/action", f"{SUBNET}/nodes-b"),
        (_strict_nic, "networkSecurityGroups/join/action", "networkSecurityGroups/nsg-strict"),
        (_hub_subnet, "routeTables/join/action", "routeTables/rt-hub"),
        (_hub_subnet, "networkSecurityGroups/join/action", "networkSecurityGroups/nsg-nodes"),
    ],
)
def test_what_is_referred_to_must_be_joined(messy: Lab, arm: Arm, what: object, action: str, scope: str) -> None:
    """An interface joins its subnet and its group, a subnet its table and its group, also when nothing changes."""
    assert callable(what)
    body = copy.deepcopy(what(messy))
    messy.azure.denied_actions = {f"{NETWORK}/{action}"}
    refused = arm.put(body["id"], body)
    assert refused.error == (403, "LinkedAuthorizationFailed")
    assert f"'{NETWORK}/{action}' on the linked scope(s) '{network_path(messy, scope)}'" in refused.message
    messy.azure.denied_actions = {f"{NETWORK}/publicIPAddresses/join/action"}
    assert arm.put(body["id"], body).status == 200


# Trouble.


def test_trouble_has_arms_form(messy: Lab, arm: Arm) -> None:
    """A fault's reason is the code, and it may say how long to wait."""
    messy.azure.faults.add(("GET", "rt-hub"), status=429, reason="TooManyRequests", message="slowly", retry_after=17)
    refused = arm.get(network_path(messy, "routeTables/rt-hub"))
    assert (refused.error, refused.message, refused.headers["Retry-After"]) == (
        (429, "TooManyRequests"),
        "slowly",
        "17",
    )
    assert "Retry-After" not in arm.get(network_path(messy, "routeTables/rt-hub")).headers


def test_the_sdk_understands_trouble(messy: Lab) -> None:
    """Status, code and text arrive in its error."""
    messy.azure.faults.add(("GET", "rt-hub"), status=503, reason="ServiceUnavailable", message="later")
    with pytest.raises(HttpResponseError, match=r"\(ServiceUnavailable\) later") as caught:
        network(messy).route_tables.get("rg-network", "rt-hub")
    assert caught.value.status_code == 503


def test_an_answer_can_be_lost_after_the_work(messy: Lab, arm: Arm) -> None:
    """The client cannot know what happened; the log can."""
    messy.azure.faults.add(("PUT", "routeTables/new"), drop=True, when="after")
    with pytest.raises(requests.ConnectionError):
        arm.put(network_path(messy, "routeTables/new"), table_of())
    assert (messy.writes[-1].status, len(messy.world.cloud("routeTables"))) == (0, 3)


def test_answers_can_be_slow(messy: Lab, arm: Arm) -> None:
    """Latency is added to every answer."""
    messy.azure.latency = 0.1
    start = time.perf_counter()
    assert arm.get("/subscriptions").status == 200
    assert time.perf_counter() - start >= 0.1


def test_writes_are_what_changes_something(messy: Lab, arm: Arm) -> None:
    """Whether they are granted or not."""
    arm.get(nic_path(messy, "done-1-nic"))
    for method, path in (("PUT", "a"), ("PATCH", "a"), ("DELETE", "a"), ("POST", "a/fly")):
        arm.call(method, network_path(messy, f"routeTables/{path}"), {})
    assert [request.method for request in messy.writes] == ["PUT", "PATCH", "DELETE", "POST"]
    assert messy.writes[0].server == "azure"
