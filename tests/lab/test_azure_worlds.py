import json
import time
from typing import Any

import pytest

from l2bridge_helpers.lab import World, world, worlds
from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.ids import etag
from l2bridge_helpers.lab.azure.members import model_of, replaced

MODELS = {
    "networkInterfaces": ("network", "NetworkInterface"),
    "virtualNetworks": ("network", "VirtualNetwork"),
    "routeTables": ("network", "RouteTable"),
    "networkSecurityGroups": ("network", "NetworkSecurityGroup"),
    "virtualMachines": ("compute", "VirtualMachine"),
    "virtualMachineScaleSets": ("compute", "VirtualMachineScaleSet"),
    "virtualMachineScaleSetVMs": ("compute", "VirtualMachineScaleSetVM"),
    "virtualMachineScaleSetNetworkInterfaces": ("network", "NetworkInterface"),
}
SHARED = ("virtualNetworks", "routeTables", "networkSecurityGroups")
PARTS = (("virtualNetworks", "subnets"), ("routeTables", "routes"), ("networkInterfaces", "ipConfigurations"))
NAMES = [name for name in worlds() if name.startswith("azure-") and "<" not in name] + ["azure-40"]
SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"


def _without_future(value: Any) -> Any:
    """Return a resource without the one property that no SDK is to know."""
    if isinstance(value, dict):
        return {key: _without_future(part) for key, part in value.items() if key != "futureSetting"}
    return [_without_future(part) for part in value] if isinstance(value, list) else value


def _ids(messy: World, collection: str) -> dict[str, Any]:
    return {item["name"]: item for item in messy.cloud(collection)}


@pytest.mark.parametrize("name", NAMES)
def test_resources_are_what_the_sdk_describes(name: str) -> None:
    """Every property of every world is known to Azure's SDK, and of the right type."""
    for collection, items in world(name).resources.items():
        model = model_of(*MODELS[collection])
        for item in _without_future(items):
            replaced(item, {}, model)


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_somewhere(name: str) -> None:
    """Subnets, tables, groups and machines that are named are there, and show who names them."""
    made = world(name)
    before = made.dump()
    refresh(made.resources)
    known = before.lower()
    assert made.dump() == before
    for nic in made.cloud("networkInterfaces"):
        for wanted in (nic["properties"]["virtualMachine"], *(part["properties"]["subnet"] for part in _parts(nic))):
            assert f'"id": "{wanted["id"].lower()}"' in known


def _parts(nic: Any) -> list[Any]:
    parts: list[Any] = nic["properties"]["ipConfigurations"]
    return parts


@pytest.mark.parametrize("name", NAMES)
def test_no_id_is_there_twice(name: str) -> None:
    """Ids, MAC addresses, GUIDs and addresses are of one resource each."""
    made = world(name)
    items = [item for items in made.resources.values() for item in items]
    nics = [*made.cloud("networkInterfaces"), *made.cloud("virtualMachineScaleSetNetworkInterfaces")]
    for values in (
        [item["id"].lower() for item in items],
        [nic["properties"]["macAddress"] for nic in nics],
        [nic["properties"]["resourceGuid"] for nic in nics],
        [part["properties"]["privateIPAddress"] for nic in nics for part in _parts(nic)],
    ):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_in_one_subscription_and_region(name: str) -> None:
    """Machines and interfaces in one resource group, what they share in another."""
    made = world(name)
    assert made.parameters == {"subscription_id": SUBSCRIPTION, "resource_group": "rg-cluster"}
    for collection, items in made.resources.items():
        group = "rg-network" if collection in SHARED else "rg-cluster"
        for item in items:
            assert item["id"].startswith(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.")
            assert item["location"] == "westeurope"


@pytest.mark.parametrize("name", NAMES)
def test_parts_have_the_etag_of_their_resource(name: str) -> None:
    """As at Azure: writing one subnet renews the ETags of all."""
    for collection, field in PARTS:
        for item in world(name).cloud(collection):
            assert item["etag"] == etag(item["id"])
            assert {part["etag"] for part in item["properties"][field]} <= {item["etag"]}


def test_nodes_list_their_names_first() -> None:
    """As Azure's cloud provider does: the first address is no address."""
    for node in world("azure-small").nodes:
        assert [one["type"] for one in node["status"]["addresses"]] == ["Hostname", "InternalIP"]


def test_azure_small_has_six_nodes_and_nothing_done() -> None:
    """4 Linux, 2 Windows, forwarding off, one subnet without a table, a group without rules of its own."""
    small = world("azure-small")
    systems = [node["metadata"]["labels"]["kubernetes.io/os"] for node in small.nodes]
    (network,) = small.cloud("virtualNetworks")
    (subnet,) = network["properties"]["subnets"]
    assert (systems.count("linux"), systems.count("windows"), small.cloud("routeTables")) == (4, 2, [])
    assert [nic["properties"]["enableIPForwarding"] for nic in small.cloud("networkInterfaces")] == [False] * 6
    assert "routeTable" not in subnet["properties"]
    assert len(subnet["properties"]["ipConfigurations"]) == 6
    assert small.cloud("networkSecurityGroups")[0]["properties"]["securityRules"] == []


def test_provider_ids_name_the_machines() -> None:
    """Ordinary machines and instances of uniform scale sets by their ARM ids."""
    made = world("azure-scale-sets")
    machines = {item["id"] for name in ("virtualMachines", "virtualMachineScaleSetVMs") for item in made.cloud(name)}
    assert {node["spec"]["providerID"] for node in made.nodes} == {f"azure://{one}" for one in machines}


def test_azure_messy_has_one_of_everything() -> None:
    """The messy world holds each case that its description names."""
    messy = world("azure-messy")
    specs = {node["metadata"]["name"]: node["spec"] for node in messy.nodes}
    tables, nics = _ids(messy, "routeTables"), _ids(messy, "networkInterfaces")
    subnets = {one["name"]: one["properties"] for one in messy.cloud("virtualNetworks")[0]["properties"]["subnets"]}
    routes = {one["name"]: one["properties"] for one in tables["rt-hub"]["properties"]["routes"]}
    assert "podCIDR" not in specs["nocidr-1"]
    assert (specs["win-1"]["providerID"], specs["nameless-1"]["providerID"]) == ("rke2://win-1", "")
    assert "/RESOURCEGROUPS/RG-CLUSTER/" in specs["upper-1"]["providerID"]
    assert len(specs["dual-1"]["podCIDRs"]) == 2
    assert routes["by-hand"]["addressPrefix"] == specs["served-1"]["podCIDR"]
    assert routes["in-the-way"]["addressPrefix"] == specs["blocked-1"]["podCIDR"]
    assert tables["rt-hub"]["properties"]["disableBgpRoutePropagation"]
    assert "subnets" not in tables["l2bridge-lab"]["properties"]
    assert tables["rt-hub"]["properties"]["subnets"][0]["id"].endswith("/subnets/nodes-b")
    assert {"natGateway", "serviceEndpoints", "delegations", "futureSetting"} <= subnets["nodes-a"].keys()
    assert "ipConfigurations" not in subnets["apps"]
    assert nics["control-1-nic"]["properties"]["futureSetting"] == {"keep": True}
    assert len(_parts(nics["two-addresses-1-nic"])) == 2


def test_azure_messy_has_a_rule_that_denies_pods_on_an_interface() -> None:
    """It comes before the rules that every group has."""
    messy = world("azure-messy")
    group = _ids(messy, "networkSecurityGroups")["nsg-strict"]["properties"]
    (rule,) = group["securityRules"]
    assert (rule["properties"]["access"], rule["properties"]["priority"]) == ("Deny", 200)
    assert [one["id"].rpartition("/")[2] for one in group["networkInterfaces"]] == ["denied-1-nic"]
    assert len(group["defaultSecurityRules"]) == 6


def test_azure_messy_has_scale_sets_of_each_kind() -> None:
    """Uniform with both policies, and a flexible one whose machine is an ordinary one."""
    messy = world("azure-messy")
    pools = {name: item["properties"] for name, item in _ids(messy, "virtualMachineScaleSets").items()}
    modes = {name: one.get("upgradePolicy", {}).get("mode") for name, one in pools.items()}
    assert modes == {"pool-u": "Manual", "pool-auto": "Automatic", "pool-f": None}
    assert pools["pool-f"]["orchestrationMode"] == "Flexible"
    members = [item for item in messy.cloud("virtualMachines") if "virtualMachineScaleSet" in item["properties"]]
    assert len(members) == 1
    assert len(messy.cloud("virtualMachineScaleSetNetworkInterfaces")) == 3


def test_every_tenth_of_many_is_done() -> None:
    """`azure-1000` is quick to make; there is no table yet."""
    start = time.perf_counter()
    large = world("azure-1000")
    seconds = time.perf_counter() - start
    assert seconds < 1.0
    assert sum(nic["properties"]["enableIPForwarding"] for nic in large.cloud("networkInterfaces")) == 100
    assert (len(large.nodes), large.cloud("routeTables")) == (1000, [])


def test_what_is_shown_from_outside_is_kept() -> None:
    """A bastion in a subnet, or a subnet of another network, is not of this world and stays."""
    small = world("azure-small")
    bastion = {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/bastionHosts/b/ipConfigurations/c"}
    subnet = small.cloud("virtualNetworks")[0]["properties"]["subnets"][0]
    subnet["properties"]["ipConfigurations"].append(json.loads(json.dumps(bastion)))
    small.cloud("networkInterfaces").pop()
    refresh(small.resources)
    assert bastion in subnet["properties"]["ipConfigurations"]
