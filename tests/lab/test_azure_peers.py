"""The real `az` command judges the lab: what it reads, what it changes, and what it says of a refusal."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from l2bridge_helpers import list_nodes, plan
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.azure import Azure
from l2bridge_helpers.lab import Lab
from tests.az import Az, ready_az  # noqa: F401 - a fixture, under the name of `az`

pytestmark = pytest.mark.xdist_group("az")

NETWORK = "--resource-group=rg-network"
SUBNET = f"{NETWORK} --vnet-name=vnet-cluster --name=nodes"
TABLE = f"{NETWORK} --name=rt-nodes"
MADE = {
    ("10.42.0.0/24", "VirtualAppliance", "10.10.0.2"),
    ("10.42.1.0/24", "VirtualAppliance", "10.10.0.3"),
}
HOP = "--next-hop-type=VirtualAppliance --next-hop-ip-address"
MODEL = "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[0].enableIPForwarding"


@pytest.fixture
def small(az: Az) -> Iterator[Lab]:
    with az.lab("azure-small") as lab:
        yield lab


@pytest.fixture
def messy(az: Az) -> Iterator[Lab]:
    with az.lab("azure-messy") as lab:
        yield lab


@pytest.fixture
def pools(az: Az) -> Iterator[Lab]:
    with az.lab("azure-scale-sets") as lab:
        yield lab


@pytest.fixture
def table(az: Az, small: Lab) -> str:
    """Make a route table with two routes and give it to the subnet of the nodes; return its id."""
    made = az(f"network route-table create {TABLE} --location=westeurope --tags team=network")["id"]
    for number in (0, 1):
        place = f"--route-table-name=rt-nodes --name=node-{number + 1} --address-prefix=10.42.{number}.0/24"
        az(f"network route-table route create {NETWORK} {place} {HOP}=10.10.0.{number + 2}")
    az(f"network vnet subnet update {SUBNET} --route-table=rt-nodes")
    assert small.writes
    return str(made)


def named(lab: Lab, collection: str, name: str) -> Any:
    """Return the one resource of this name that the lab's world holds."""
    (found,) = (item for item in lab.world.cloud(collection) if item["name"] == name)
    return found


def subnet(lab: Lab, name: str) -> Any:
    """Return the properties of a subnet of the lab's virtual network."""
    (found,) = (item for item in lab.world.cloud("virtualNetworks")[0]["properties"]["subnets"] if item["name"] == name)
    return found["properties"]


def forwarding(nics: list[Any]) -> dict[str, bool]:
    """Return, for each interface as Azure Resource Manager shows it, whether it forwards."""
    return {nic["id"]: nic["properties"]["enableIPForwarding"] for nic in nics}


def test_az_lists_every_interface_in_pages(az: Az, small: Lab) -> None:
    """Page by page, each one once, with its forwarding."""
    small.azure.page_size = 4
    shown = az("network nic list")
    assert {nic["id"]: nic["enableIPForwarding"] for nic in shown} == forwarding(small.world.cloud("networkInterfaces"))
    assert len(small.requests) == 2


def test_az_reads_tables_and_subnets(az: Az, messy: Lab) -> None:
    """Every route and every association that the world holds is what the command prints."""
    shown = {table["id"]: table for table in az(f"network route-table list {NETWORK}")}
    held = {table["id"]: table["properties"] for table in messy.world.cloud("routeTables")}
    assert {key: {one["name"]: one["addressPrefix"] for one in table["routes"]} for key, table in shown.items()} == {
        key: {one["name"]: one["properties"]["addressPrefix"] for one in table["routes"]} for key, table in held.items()
    }
    of_subnets = {one["name"]: one for one in az(f"network vnet subnet list {NETWORK} --vnet-name=vnet-cluster")}
    tables = {name: (one.get("routeTable") or {}).get("id") for name, one in of_subnets.items()}
    assert tables == {name: subnet(messy, name).get("routeTable", {}).get("id") for name in of_subnets}
    assert {one["id"]: table["id"] for table in shown.values() for one in table.get("subnets") or []} == {
        one["id"]: tables[name] for name, one in of_subnets.items() if tables[name]
    }


def test_az_turns_forwarding_on(az: Az, small: Lab) -> None:
    """Of this interface alone, and nothing else about it changes, though az sends back all of it."""
    before = json.loads(json.dumps(small.world.cloud("networkInterfaces")))
    az(f"network nic update --ids {before[0]['id']} --ip-forwarding true")
    after = small.world.cloud("networkInterfaces")
    assert [nic["properties"]["enableIPForwarding"] for nic in after] == [True] + [False] * (len(before) - 1)
    before[0]["properties"]["enableIPForwarding"] = True
    assert without_etags(after) == without_etags(before)


def test_az_makes_a_table_with_routes(az: Az, small: Lab, table: str) -> None:
    """What was made is there when read again: in the table, in the subnet, and in what is in force at an interface."""
    shown = az(f"network route-table show {TABLE}")
    assert (shown["tags"], shown["disableBgpRoutePropagation"]) == ({"team": "network"}, False)
    assert {(one["addressPrefix"], one["nextHopType"], one["nextHopIpAddress"]) for one in shown["routes"]} == MADE
    assert [one["id"].rpartition("/")[2] for one in shown["subnets"]] == ["nodes"]
    assert subnet(small, "nodes")["routeTable"]["id"] == table
    effective = az("network nic show-effective-route-table --resource-group=rg-cluster --name=node-1-nic")["value"]
    found = {(one["addressPrefix"][0], one["nextHopType"], *one["nextHopIpAddress"]): one for one in effective}
    assert {key for key, one in found.items() if one["source"] == "User"} == MADE
    assert found["10.10.0.0/16", "VnetLocal"]["source"] == "Default"
    assert {one["state"] for one in effective} == {"Active"}


def test_az_is_told_why_not(az: Az, small: Lab, table: str) -> None:
    """A second route to one prefix, a table in use and a missing interface are errors with Azure's own codes."""
    second = f"--route-table-name=rt-nodes --name=other --address-prefix=10.42.0.0/24 {HOP}=10.10.0.5"
    assert "(RouteConflict)" in az.refused(f"network route-table route create {NETWORK} {second}")
    assert "(InUseRouteTableCannotBeDeleted)" in az.refused(f"network route-table delete {TABLE}")
    assert "(ResourceNotFound)" in az.refused("network nic show --resource-group=rg-cluster --name=node-0-nic")
    small.azure.denied_actions = {"Microsoft.Network/routeTables/routes/delete"}
    route = f"{NETWORK} --route-table-name=rt-nodes --name=node-1"
    assert "(AuthorizationFailed)" in az.refused(f"network route-table route delete {route}")
    assert len(named(small, "routeTables", "rt-nodes")["properties"]["routes"]) == 2
    assert subnet(small, "nodes")["routeTable"]["id"] == table


def test_a_second_association_replaces_the_first(az: Az, small: Lab, table: str) -> None:
    """Nobody is asked: the subnet has the other table, and the first one may go."""
    other = az(f"network route-table create {NETWORK} --name=rt-other --location=westeurope")["id"]
    az(f"network vnet subnet update {SUBNET} --route-table=rt-other")
    assert subnet(small, "nodes")["routeTable"]["id"] == other
    az(f"network route-table delete {TABLE}")
    assert table not in {one["id"] for one in small.world.cloud("routeTables")}


def test_az_waits_for_operations(az: Az, small: Lab) -> None:
    """An operation that takes its time is followed until it ends; what is then read is not being updated."""
    small.azure.operation_seconds, small.azure.retry_seconds = 0.3, 1
    made = az(f"network route-table create {TABLE} --location=westeurope")
    assert made["provisioningState"] == "Succeeded"
    assert any("/operations/" in request.path for request in small.requests)


def test_az_changes_a_scale_set_and_its_instances(az: Az, pools: Lab) -> None:
    """With the manual policy the model is changed first, and each instance follows when it is told to."""
    held = {item["id"] for item in pools.world.cloud("virtualMachineScaleSets")}
    assert {item["id"] for item in az("vmss list --resource-group=rg-cluster")} == held
    place = "--resource-group=rg-cluster --name=pool-manual"
    az(f"vmss update {place} --set '{MODEL}=true'")
    assert set(forwarding(interfaces(pools, "pool-manual")).values()) == {False}
    az(f"vmss update-instances {place} --instance-ids '*'")
    assert set(forwarding(interfaces(pools, "pool-manual")).values()) == {True}


def test_az_sets_and_removes_the_mark_of_a_table(az: Az, messy: Lab) -> None:
    """By itself: the other tags and the routes stay; it goes only with its value."""
    before = json.loads(json.dumps(named(messy, "routeTables", "rt-hub")))
    resource = f"tag update --resource-id={before['id']}"
    az(f"{resource} --operation=Merge --tags l2bridge:lab=lab")
    assert named(messy, "routeTables", "rt-hub")["tags"] == {**before["tags"], "l2bridge:lab": "lab"}
    az(f"{resource} --operation=Delete --tags l2bridge:lab=other")
    assert "l2bridge:lab" in named(messy, "routeTables", "rt-hub")["tags"]
    az(f"{resource} --operation=Delete --tags l2bridge:lab=lab")
    assert without_etags(named(messy, "routeTables", "rt-hub")) == without_etags(before)


@pytest.mark.parametrize("name", ["azure-small", "azure-scale-sets"])
def test_commands_of_a_plan_do_what_apply_does(az: Az, name: str) -> None:
    """An operator who may not run this tool can do it by hand, in the plan's order: then nothing is left to do."""
    with az.lab(name) as lab:
        for change in planned(lab).writes:
            az.shell(change.command)
        assert not planned(lab).writes


def planned(lab: Lab) -> Plan:
    nodes = list_nodes(str(lab.kubeconfig))
    cloud = Azure(
        subscription_id=lab.parameters["subscription_id"],
        cluster="lab",
        endpoint=lab.endpoint,
        upgrade_instances=True,
        effective_routes="none",
    )
    return plan(nodes, cloud.observe(nodes), cluster="lab")


def interfaces(lab: Lab, pool: str) -> list[Any]:
    """Return the interfaces of a uniform scale set's instances."""
    all_of_them = lab.world.cloud("virtualMachineScaleSetNetworkInterfaces")
    return [nic for nic in all_of_them if f"/virtualmachinescalesets/{pool}/" in nic["id"].lower()]


def without_etags(value: Any) -> Any:
    """Return the same, less what is new after every write."""
    if isinstance(value, dict):
        return {key: without_etags(item) for key, item in value.items() if key != "etag"}
    return [without_etags(item) for item in value] if isinstance(value, list) else value
