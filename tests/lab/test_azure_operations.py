import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import models

from l2bridge_helpers.lab import Lab, world

from .clients import SUBNET, Arm, ArmAnswer, network, network_path, nic_path, route, table_of

SECONDS = 0.3
TABLE = "routeTables/l2bridge-lab"


@pytest.fixture
def slow() -> Iterator[Lab]:
    with Lab(world("azure-messy")) as lab:
        lab.azure.operation_seconds = SECONDS
        yield lab


@pytest.fixture
def arm(slow: Lab) -> Iterator[Arm]:
    arm = Arm(slow)
    yield arm
    arm.close()


def again(arm: Arm, path: str) -> ArmAnswer:
    """Write what was read."""
    return arm.put(path, arm.get(path).body)


def ended(arm: Arm, answer: ArmAnswer) -> Any:
    """Follow an operation; return its last status."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        found = arm.get(answer.headers["Azure-AsyncOperation"])
        if found.body["status"] != "InProgress":
            return found.body
        time.sleep(0.02)
    raise AssertionError("the operation does not end")


def test_writes_are_followed_by_the_sdk(slow: Lab) -> None:
    """The answer says Updating, the operation InProgress; the SDK waits until it is Succeeded."""
    calls = network(slow).route_tables
    start = time.monotonic()
    poller = calls.begin_create_or_update("rg-network", "rt", models.RouteTable(location="westeurope"))
    assert calls.get("rg-network", "rt").provisioning_state == "Updating"
    assert poller.result().provisioning_state == "Succeeded"
    assert time.monotonic() - start >= SECONDS


@pytest.mark.parametrize(
    ("path", "status"),
    [(TABLE, 200), ("routeTables/new", 201), (f"{SUBNET}/nodes-a", 200), (f"{TABLE}/routes/new", 201)],
)
def test_a_write_is_an_operation(slow: Lab, arm: Arm, path: str, status: int) -> None:
    """With its URL, a time to wait, and a state that is not final."""
    slow.azure.retry_seconds = 7
    there = network_path(slow, path)
    body = arm.get(there).body if status == 200 else route("new", "10.42.77.0/24") if "routes" in path else table_of()
    answer = arm.put(there, body)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    assert answer.body["properties"]["provisioningState"] == "Updating"
    assert "/providers/Microsoft.Network/locations/westeurope/operations/" in answer.headers["Azure-AsyncOperation"]
    running = arm.get(answer.headers["Azure-AsyncOperation"])
    assert (running.body, running.headers["Retry-After"]) == ({"status": "InProgress"}, "7")
    assert ended(arm, answer) == {"status": "Succeeded"}
    assert arm.get(there).body["properties"]["provisioningState"] == "Succeeded"


def test_a_removal_has_a_place_to_look(slow: Lab, arm: Arm) -> None:
    """Beside its status: 202 while it runs, 204 when it is done; only then the table is gone."""
    there = network_path(slow, TABLE)
    answer = arm.call("DELETE", there)
    assert answer.status == 202
    assert arm.get(answer.headers["Azure-AsyncOperation"]).body == {"status": "InProgress"}
    assert arm.get(answer.headers["Location"]).status == 202
    assert arm.get(there).body["properties"]["provisioningState"] == "Deleting"
    time.sleep(SECONDS)
    assert (arm.get(answer.headers["Location"]).status, arm.get(there).status) == (204, 404)


def test_an_operation_that_nobody_started_is_not_found(slow: Lab, arm: Arm) -> None:
    """404 with a code of its own."""
    there = "providers/Microsoft.Network/locations/westeurope/operations/00000000-0000-0000-0000-000000000000"
    assert arm.get(there).error == (404, "OperationNotFound")
    assert slow.writes == []


# While one runs.


@pytest.mark.parametrize("path", [TABLE, f"{TABLE}/routes/new"], ids=["the table", "a route of it"])
def test_a_table_is_written_by_one_at_a_time(slow: Lab, arm: Arm, path: str) -> None:
    """429 that is no throttling: the code in the details says so, with how long to wait."""
    assert again(arm, network_path(slow, TABLE)).status == 200
    body = route("new", "10.42.77.0/24") if "routes/" in path else table_of()
    refused = arm.put(network_path(slow, path), body)
    assert (refused.error, refused.detail) == ((429, "RetryableError"), "RetryableErrorDueToAnotherOperation")
    assert "can be retried in 11 seconds" in refused.body["error"]["details"][0]["message"]
    assert "Retry-After" in refused.headers
    time.sleep(SECONDS)
    assert arm.put(network_path(slow, path), body).status in (200, 201)


def test_an_interface_is_written_by_one_at_a_time(slow: Lab, arm: Arm) -> None:
    """Others can be written meanwhile."""
    first, second = nic_path(slow, "done-1-nic"), nic_path(slow, "win-1-nic")
    assert again(arm, first).status == 200
    assert again(arm, first).detail == "RetryableErrorDueToAnotherOperation"
    assert again(arm, second).status == 200


def test_a_table_that_is_written_cannot_be_removed(slow: Lab, arm: Arm) -> None:
    """Nor one of its routes."""
    assert again(arm, network_path(slow, "routeTables/rt-hub")).status == 200
    for path in ("routeTables/rt-hub", "routeTables/rt-hub/routes/by-hand"):
        assert arm.call("DELETE", network_path(slow, path)).detail == "RetryableErrorDueToAnotherOperation"


def test_subnets_of_one_network_are_written_one_after_the_other(slow: Lab, arm: Arm) -> None:
    """409 with the URL of the operation that is in the way."""
    first = again(arm, network_path(slow, f"{SUBNET}/nodes-a"))
    refused = again(arm, network_path(slow, f"{SUBNET}/nodes-b"))
    assert refused.error == (409, "AnotherOperationInProgress")
    assert refused.message.endswith(f"use uri: {first.headers['Azure-AsyncOperation']}.")
    assert ended(arm, first) == {"status": "Succeeded"}
    assert again(arm, network_path(slow, f"{SUBNET}/nodes-b")).status == 200


def test_a_subnet_waits_for_its_table(slow: Lab, arm: Arm) -> None:
    """It cannot be given one that is being written."""
    assert again(arm, network_path(slow, "routeTables/rt-hub")).status == 200
    refused = again(arm, network_path(slow, f"{SUBNET}/nodes-b"))
    assert (refused.error, refused.detail) == ((429, "RetryableError"), "ReferencedResourceNotProvisioned")
    assert again(arm, network_path(slow, f"{SUBNET}/nodes-a")).status == 200


def test_an_interface_waits_for_its_subnet(slow: Lab, arm: Arm) -> None:
    """Those of other subnets do not."""
    assert again(arm, network_path(slow, f"{SUBNET}/nodes-a")).status == 200
    assert again(arm, nic_path(slow, "win-1-nic")).detail == "ReferencedResourceNotProvisioned"
    assert again(arm, nic_path(slow, "denied-1-nic")).status == 200


# When one fails.


def _nic(lab: Lab, arm: Arm) -> ArmAnswer:
    body = arm.get(nic_path(lab, "win-1-nic")).body
    body["properties"]["enableIPForwarding"] = True
    return arm.put(body["id"], body)


def _table(lab: Lab, arm: Arm) -> ArmAnswer:
    return arm.put(network_path(lab, TABLE), table_of(route("a", "10.42.0.0/24")))


def _new_table(lab: Lab, arm: Arm) -> ArmAnswer:
    return arm.put(network_path(lab, "routeTables/new"), table_of())


def _route(lab: Lab, arm: Arm) -> ArmAnswer:
    return arm.put(network_path(lab, f"{TABLE}/routes/new"), route("new", "10.42.0.0/24"))


def _no_route(lab: Lab, arm: Arm) -> ArmAnswer:
    return arm.call("DELETE", network_path(lab, "routeTables/rt-hub/routes/by-hand"))


def _no_table(lab: Lab, arm: Arm) -> ArmAnswer:
    return arm.call("DELETE", network_path(lab, TABLE))


def _subnet(lab: Lab, arm: Arm) -> ArmAnswer:
    body = arm.get(network_path(lab, f"{SUBNET}/nodes-a")).body
    body["properties"]["routeTable"] = {"id": network_path(lab, TABLE)}
    return arm.put(body["id"], body)


@pytest.mark.parametrize("write", [_nic, _table, _new_table, _route, _no_route, _no_table, _subnet])
def test_a_failed_operation_leaves_everything_as_it_was(
    slow: Lab, arm: Arm, write: Callable[[Lab, Arm], ArmAnswer]
) -> None:
    """It was accepted, and its status has the error."""
    before = copy.deepcopy(slow.world.resources)
    slow.azure.fail_operations("microsoft.network", code="Broken", message="no luck today")
    answer = write(slow, arm)
    assert answer.status in (200, 201, 202)
    time.sleep(SECONDS)
    place = answer.headers.get("Azure-AsyncOperation") or answer.headers["Location"].replace(
        "operationResults", "operations"
    )
    status = arm.get(place).body
    assert (status["status"], status["error"]["code"], status["error"]["message"]) == (
        "Failed",
        "Broken",
        "no luck today",
    )
    assert slow.world.resources == before


def test_the_sdk_raises_what_an_operation_failed_with(slow: Lab) -> None:
    """Its code and its words; the next one succeeds."""
    slow.azure.fail_operations("routeTables/rt$")
    calls = network(slow).route_tables
    with pytest.raises(HttpResponseError, match="An error occurred"):
        calls.begin_create_or_update("rg-network", "rt", models.RouteTable(location="westeurope")).result()
    assert calls.begin_create_or_update("rg-network", "rt", models.RouteTable(location="westeurope")).result().id
