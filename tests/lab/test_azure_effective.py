import time
from collections.abc import Iterator

import pytest

from l2bridge_helpers.lab import Lab, world

from .clients import SUBNET, Arm, Json, compute_path, network, network_path, nic_path, route, table_of


@pytest.fixture
def small() -> Iterator[Lab]:
    with Lab(world("azure-small")) as lab:
        yield lab


@pytest.fixture
def arm(small: Lab) -> Iterator[Arm]:
    arm = Arm(small)
    yield arm
    arm.close()


def effective(lab: Lab, arm: Arm, name: str = "node-1-nic") -> dict[str, Json]:
    """Return prefix -> effective route of an interface; of a prefix that is there twice the last one."""
    answer = arm.call("POST", f"{nic_path(lab, name)}/effectiveRouteTable")
    assert (answer.status, "Azure-AsyncOperation" in answer.headers) == (202, False)
    time.sleep(lab.azure.operation_seconds)
    found = arm.get(answer.headers["Location"])
    assert found.status == 200
    return {one["addressPrefix"][0]: one for one in found.body["value"]}


def users(found: dict[str, Json]) -> dict[str, str]:
    """Return prefix -> next hop of the routes of a table."""
    return {prefix: one["nextHopIpAddress"][0] for prefix, one in found.items() if one["source"] == "User"}


def associate(lab: Lab, arm: Arm, *routes: Json) -> None:
    """Give the subnet of the nodes a table with these routes."""
    table = network_path(lab, "routeTables/rt")
    assert arm.put(table, table_of(*routes)).status in (200, 201)
    body = arm.get(network_path(lab, f"{SUBNET}/nodes")).body
    body["properties"]["routeTable"] = {"id": table}
    assert arm.put(body["id"], body).status == 200


def test_azures_own_routes_are_there_without_a_table(small: Lab) -> None:
    """The network stays inside, the internet is reached, private ranges lead nowhere."""
    answer = network(small).network_interfaces.begin_get_effective_route_table("rg-cluster", "node-1-nic").result()
    found = {(one.address_prefix or [""])[0]: (one.next_hop_type, one.source, one.state) for one in answer.value or []}
    assert found == {
        "10.10.0.0/16": ("VnetLocal", "Default", "Active"),
        "0.0.0.0/0": ("Internet", "Default", "Active"),
        "10.0.0.0/8": ("None", "Default", "Active"),
        "172.16.0.0/12": ("None", "Default", "Active"),
        "192.168.0.0/16": ("None", "Default", "Active"),
        "100.64.0.0/10": ("None", "Default", "Active"),
    }


def test_a_table_counts_once_a_subnet_has_it(small: Lab, arm: Arm) -> None:
    """For every interface of the subnet, with the route's name."""
    assert arm.put(network_path(small, "routeTables/rt"), table_of(route("r", "10.42.0.0/24"))).status == 201
    assert users(effective(small, arm)) == {}
    associate(small, arm, route("r", "10.42.0.0/24"))
    for name in ("node-1-nic", "win-2-nic"):
        found = effective(small, arm, name)
        assert users(found) == {"10.42.0.0/24": "10.10.0.4"}
        assert (found["10.42.0.0/24"]["name"], found["10.42.0.0/24"]["state"]) == ("r", "Active")


def test_a_route_of_the_same_prefix_replaces_azures_own(small: Lab, arm: Arm) -> None:
    """Which is then invalid."""
    associate(small, arm, route("out", "0.0.0.0/0"))
    answer = arm.call("POST", f"{nic_path(small, 'node-1-nic')}/effectiveRouteTable")
    found = arm.get(answer.headers["Location"]).body["value"]
    states = [(one["source"], one["state"]) for one in found if one["addressPrefix"] == ["0.0.0.0/0"]]
    assert states == [("Default", "Invalid"), ("User", "Active")]


def test_both_families_have_a_way_out() -> None:
    """::/0 is there where the network has IPv6."""
    with Lab(world("azure-dual-stack")) as lab:
        assert {"::/0", "fd00:10:10::/48"} <= effective(lab, Arm(lab)).keys()


def test_a_machine_has_to_run(small: Lab, arm: Arm) -> None:
    """Neither a stopped one nor none will do; the code is Azure's."""
    machine = next(one for one in small.world.cloud("virtualMachines") if one["name"] == "node-1")
    machine["_power"] = "deallocated"
    refused = arm.call("POST", f"{nic_path(small, 'node-1-nic')}/effectiveRouteTable")
    assert refused.error == (400, "NicMustBeAttachedToRunningVmToGetEffectiveRoutes")
    del small.world.cloud("networkInterfaces")[1]["properties"]["virtualMachine"]
    assert arm.call("POST", f"{nic_path(small, 'node-2-nic')}/effectiveRouteTable").status == 400
    assert arm.call("POST", f"{nic_path(small, 'none')}/effectiveRouteTable").error == (404, "ResourceNotFound")
    assert arm.get(compute_path(small, "virtualMachines/node-1")).status == 200


def test_routes_follow_a_write_late(small: Lab, arm: Arm) -> None:
    """`effective_delay` reads of each interface still show what was before all writes that nobody has looked at."""
    small.azure.effective_delay = 2
    associate(small, arm, route("r", "10.42.0.0/24"))
    for name in ("node-1-nic", "node-2-nic"):
        assert [users(effective(small, arm, name)) for _ in range(3)] == [{}, {}, {"10.42.0.0/24": "10.10.0.4"}]
    associate(small, arm, route("r", "10.42.1.0/24"))
    assert [list(users(effective(small, arm))) for _ in range(3)] == [
        ["10.42.0.0/24"],
        ["10.42.0.0/24"],
        ["10.42.1.0/24"],
    ]


def test_routes_are_not_in_force_while_they_are_written(small: Lab, arm: Arm) -> None:
    """Only when the operation has ended."""
    associate(small, arm, route("r", "10.42.0.0/24"))
    small.azure.operation_seconds = 0.2
    assert arm.put(network_path(small, "routeTables/rt"), table_of(route("s", "10.42.1.0/24"))).status == 200
    assert list(users(effective(small, arm))) == ["10.42.0.0/24"]
    assert list(users(effective(small, arm))) == ["10.42.1.0/24"]


def test_asking_for_effective_routes_is_no_write(small: Lab, arm: Arm) -> None:
    """Though it is a POST, in whatever letter case."""
    effective(small, arm)
    arm.call("POST", f"{nic_path(small, 'node-1-nic')}/EFFECTIVEROUTETABLE")
    assert [request.method for request in small.requests] == ["POST", "GET", "POST"]
    assert small.writes == []
