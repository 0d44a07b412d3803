import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from l2bridge_helpers.lab import Lab, LabError, World, load_azure_world, world

from .clients import Json

DATA = Path(__file__).resolve().parent.parent / "data" / "azure"
FILES = {
    "network_interfaces": "networkInterfaces",
    "vnets": "virtualNetworks",
    "route_tables": "routeTables",
    "network_security_groups": "networkSecurityGroups",
    "virtual_machines": "virtualMachines",
    "scale_sets": "virtualMachineScaleSets",
    "scale_set_instances": "virtualMachineScaleSetVMs",
    "scale_set_network_interfaces": "virtualMachineScaleSetNetworkInterfaces",
}
COMMANDS = {
    "network_interfaces": "az network nic list",
    "vnets": "az network vnet list",
    "route_tables": "az network route-table list",
    "network_security_groups": "az network nsg list",
    "virtual_machines": "az vm list",
    "scale_sets": "az vmss list",
    "scale_set_instances": "az vmss list-instances",
    "scale_set_network_interfaces": "az vmss nic list",
}
ARM: dict[str, list[Json]] = json.loads((DATA / "arm.json").read_text("utf-8"))
SUBSCRIPTION = "6f0a4b1e-2f57-4c1c-9d0e-0c4a8e0b6d11"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-prod"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/cp-1-nic"
NETWORK = f"{GROUP}-network/providers/Microsoft.Network"


def written(folder: Path, form: str = "az") -> dict[str, Any]:
    """Write what kubectl and az print; the names are the loader's parameters."""
    files: dict[str, Any] = {name: folder / f"{name}.json" for name in ("nodes", *FILES)}
    files["nodes"].write_text((DATA / "nodes.json").read_text("utf-8"), encoding="utf-8")
    for name, collection in FILES.items():
        files[name].write_text((DATA / form / f"{collection}.json").read_text("utf-8"), encoding="utf-8")
    return files


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return written(tmp_path)


@pytest.fixture
def few(files: dict[str, Any]) -> dict[str, Any]:
    """No more than what is needed."""
    return {name: files[name] for name in ("nodes", "network_interfaces")}


def change(path: Path, edit: Callable[[list[Json]], object]) -> None:
    items = json.loads(path.read_text("utf-8"))
    edit(items)
    path.write_text(json.dumps(items), encoding="utf-8")


def put(number: int, where: str = "", /, **values: object) -> Callable[[list[Json]], object]:
    """Change fields of an item, or of the first element of one of its lists."""
    return lambda items: (items[number - 1][where][0] if where else items[number - 1]).update(values)


def without(number: int, name: str) -> Callable[[list[Json]], object]:
    return lambda items: items[number - 1].pop(name)


def only(world: World, collection: str) -> Json:
    (item,) = world.cloud(collection)
    return item


# What az prints.


def test_what_az_prints_is_what_arm_shows(files: dict[str, Any]) -> None:
    """Properties go back under `properties`, at every depth; nothing is lost, nothing is added."""
    loaded = load_azure_world(**files, cluster="prod")
    assert loaded.resources == ARM
    assert (loaded.platform, loaded.cluster) == ("azure", "prod")
    assert loaded.nodes == json.loads((DATA / "nodes.json").read_text("utf-8"))["items"]
    assert loaded.parameters == {"subscription_id": SUBSCRIPTION, "resource_group": "rg-prod"}


@pytest.mark.parametrize("name", ["azure-small", "azure-messy", "azure-dual-stack", "azure-scale-sets", "azure-40"])
@pytest.mark.parametrize("lifted", [True, False])
def test_a_world_survives_its_files(tmp_path: Path, name: str, *, lifted: bool) -> None:
    """What was printed, by az or in ARM's form, and read again is the same world."""
    before = world(name)
    files: dict[str, Any] = {what: tmp_path / what for what in ("nodes", "config_maps", *FILES)}
    for what, collection in FILES.items():
        items = before.cloud(collection)
        files[what].write_text(json.dumps(az_prints(items) if lifted else items), encoding="utf-8")
    files["nodes"].write_text(json.dumps({"kind": "List", "items": before.nodes}), encoding="utf-8")
    files["config_maps"].write_text(json.dumps({"kind": "List", "items": before.config_maps}), encoding="utf-8")
    after = load_azure_world(**files)
    assert (after.nodes, after.config_maps, after.parameters) == (before.nodes, before.config_maps, before.parameters)
    for collection in FILES.values():
        assert after.cloud(collection) == before.cloud(collection)


def az_prints(value: Any) -> Any:
    """Return what az makes of ARM's form: properties one level up, and the resource group beside each id."""
    if isinstance(value, list):
        return [az_prints(element) for element in value]
    if not isinstance(value, dict):
        return value
    lifted = {key: az_prints(inner) for key, inner in value.items() if key != "properties"}
    if "properties" in value:
        lifted |= az_prints(value["properties"])
    found = re.match("/subscriptions/[^/]+/resourceGroups/([^/]+)/", str(lifted.get("id")))
    return lifted | ({"resourceGroup": found[1]} if found else {})


def test_what_az_printed_in_2021_can_be_used(tmp_path: Path) -> None:
    """Names in another case and nulls mean the same; only what that az did not know is missing."""
    loaded = load_azure_world(**written(tmp_path, "az-2021"))
    unknown = {"disableTcpStateTracking", "vnetEncryptionSupported", "auxiliaryMode", "auxiliarySku", "timeCreated"}
    unknown |= {"diskControllerType", "requireGuestProvisionSignal", "allowExtensionOperations"}
    for collection, items in ARM.items():
        etags = set() if collection.startswith("network") or collection == "routeTables" else {"etag"}
        assert stripped(loaded.cloud(collection), unknown | etags) == stripped(items, unknown | etags)


def stripped(value: Any, names: set[str]) -> Any:
    if isinstance(value, list):
        return [stripped(element, names) for element in value]
    if isinstance(value, dict):
        return {key: stripped(inner, names) for key, inner in value.items() if key not in names}
    return value


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"value": items}, lambda items: {"data": items}])
def test_arm_form_stays_as_it_is(files: dict[str, Any], wrap: Callable[[list[Json]], object]) -> None:
    """`az rest` and `az graph query` print it; a list may be wrapped."""
    for name, collection in FILES.items():
        files[name].write_text(json.dumps(wrap(ARM[collection])), encoding="utf-8")
    assert load_azure_world(**files).resources == ARM


def test_row_of_resource_graph_loses_what_the_table_added(few: dict[str, Any]) -> None:
    """The type is spelled as ids spell it; columns that no resource has are gone."""
    columns = {"tenantId": "t", "subscriptionId": SUBSCRIPTION, "resourceGroup": "rg-prod", "kind": "", "plan": None}
    rows = [one | columns | {"type": one["type"].lower()} for one in ARM["networkInterfaces"]]
    few["network_interfaces"].write_text(json.dumps({"count": 3, "data": rows, "skip_token": None}), encoding="utf-8")
    assert load_azure_world(**few).cloud("networkInterfaces") == ARM["networkInterfaces"]


def test_property_that_the_sdk_does_not_know_is_kept(few: dict[str, Any]) -> None:
    """A newer az prints it at the top, so it goes under `properties`; without what az adds to it."""
    future = {"keep": True, "to": {"id": f"{GROUP}/providers/New.Service/things/one", "resourceGroup": "rg-prod"}}
    change(few["network_interfaces"], put(1, futureSetting=future))
    change(few["network_interfaces"], put(2, "ipConfigurations", futureAddress="x"))
    first, second = load_azure_world(**few).cloud("networkInterfaces")[:2]
    expected = {"keep": True, "to": {"id": f"{GROUP}/providers/New.Service/things/one"}}
    assert first["properties"]["futureSetting"] == expected
    assert second["properties"]["ipConfigurations"][0]["properties"]["futureAddress"] == "x"


def test_unknown_property_in_arm_form_stays_where_it_is(few: dict[str, Any]) -> None:
    """Whoever prints ARM's form knows where it belongs."""
    items = json.loads(json.dumps(ARM["networkInterfaces"]))
    items[0] |= {"futureTop": 1}
    items[0]["properties"]["futureSetting"] = {"keep": True, "none": None}
    few["network_interfaces"].write_text(json.dumps(items), encoding="utf-8")
    assert load_azure_world(**few).cloud("networkInterfaces") == items


def test_tags_are_nobodys_properties(few: dict[str, Any]) -> None:
    """Whatever their names are, they stay as they are."""
    tags = {"id": "x", "properties": "y", "resourceGroup": "z", "enableIpForwarding": "no"}
    change(few["network_interfaces"], put(1, tags=tags))
    assert load_azure_world(**few).cloud("networkInterfaces")[0]["tags"] == tags


def test_file_may_hold_several_lists(files: dict[str, Any]) -> None:
    """Commands that list one group or one scale set are run several times, each appended to the same file."""
    items = json.loads(files["network_interfaces"].read_text("utf-8"))
    files["network_interfaces"].write_text("\n".join(json.dumps([item], indent=2) for item in items) + "\n[]\n")
    assert load_azure_world(**files).resources == ARM
    items[2] = {"id": NIC}
    files["network_interfaces"].write_text("\n".join(json.dumps([item]) for item in items))
    with pytest.raises(LabError, match="item 3 "):
        load_azure_world(**files)


@pytest.mark.parametrize(
    ("shown", "power"),
    [
        ({}, None),
        ({"powerState": "VM running", "publicIps": "", "fqdns": "", "privateIps": "10.20.0.4"}, "running"),
        ({"powerState": "VM deallocated", "macAddresses": "00-0D-3A-10-20-04"}, "deallocated"),
        ({"powerState": "VM stopped"}, "deallocated"),
        ({"instanceView": {"statuses": [{"code": "OSState/x"}, {"code": "PowerState/stopped"}]}}, "deallocated"),
        ({"extended": {"instanceView": {"powerState": {"code": "PowerState/starting"}}}}, "running"),
    ],
)
def test_power_is_kept_apart(files: dict[str, Any], shown: Json, power: str | None) -> None:
    """Lists of ARM do not show it; `--show-details`, instance views and Resource Graph do."""
    change(files["virtual_machines"], put(1, **shown))
    machine = load_azure_world(**files).cloud("virtualMachines")[0]
    assert machine.pop("_power", None) == power
    assert machine == ARM["virtualMachines"][0]


# What is not given.


def test_nodes_and_interfaces_are_enough(few: dict[str, Any]) -> None:
    """Networks and machines are derived; route tables, security groups and scale sets are not made up."""
    loaded = load_azure_world(**few)
    network = only(loaded, "virtualNetworks")
    assert (network["id"], network["location"]) == (f"{NETWORK}/virtualNetworks/vnet-prod", "westeurope")
    assert network["properties"]["addressSpace"] == {"addressPrefixes": ["10.20.0.0/24", "fd20:20::/64"]}
    (subnet,) = network["properties"]["subnets"]
    assert subnet["properties"]["addressPrefixes"] == ["10.20.0.0/24", "fd20:20::/64"]
    assert len(subnet["properties"]["ipConfigurations"]) == 4
    assert subnet["etag"] == network["etag"] != ""
    assert [machine["name"] for machine in loaded.cloud("virtualMachines")] == ["cp-1", "worker-1"]
    empty = ("routeTables", "networkSecurityGroups", "virtualMachineScaleSets", "virtualMachineScaleSetVMs")
    assert [loaded.cloud(name) for name in empty] == [[], [], [], []]
    assert loaded.config_maps == []
    assert loaded.cluster == "lab"


def test_derived_machine_names_its_interfaces(few: dict[str, Any]) -> None:
    """All of them, also those whose id spells the machine in another case."""
    machine = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/CP-1".replace("rg-prod", "RG-PROD")
    change(few["network_interfaces"], put(3, virtualMachine={"id": machine}, primary=False))
    first, _ = load_azure_world(**few).cloud("virtualMachines")
    nics = first["properties"]["networkProfile"]["networkInterfaces"]
    assert [(nic["id"].rpartition("/")[2], nic["properties"]["primary"]) for nic in nics] == [
        ("cp-1-nic", True),
        ("spare-nic", False),
    ]


def test_instances_are_derived_from_their_interfaces(files: dict[str, Any]) -> None:
    """With the scale set's model, which each is taken to follow."""
    del files["scale_set_instances"]
    instance, known = only(load_azure_world(**files), "virtualMachineScaleSetVMs"), ARM["virtualMachineScaleSetVMs"][0]
    for name in ("id", "name", "type", "location", "instanceId"):
        assert instance[name] == known[name]
    for name in ("networkProfile", "networkProfileConfiguration", "latestModelApplied"):
        assert instance["properties"][name] == known["properties"][name]


def test_cluster_of_uniform_scale_sets_alone_can_be_loaded(files: dict[str, Any]) -> None:
    """Its interfaces are never in `az network nic list`; the subscription and group are theirs."""
    files["network_interfaces"].write_text("[]")
    del files["vnets"]
    loaded = load_azure_world(**files)
    assert loaded.parameters == {"subscription_id": SUBSCRIPTION, "resource_group": "rg-prod"}
    network = only(loaded, "virtualNetworks")
    assert (network["location"], network["properties"]["addressSpace"]) == (
        "westeurope",
        {"addressPrefixes": ["10.20.0.0/24"]},
    )


@pytest.mark.parametrize(
    ("addresses", "ranges", "space"),
    [
        ({"a": ["10.0.0.4"]}, ["10.0.0.0/24"], ["10.0.0.0/24"]),
        ({"a": ["10.0.0.4", "10.0.2.200"]}, ["10.0.0.0/22"], ["10.0.0.0/22"]),
        ({"a": ["10.0.0.4", "10.0.0.20"], "b": ["10.0.0.68"]}, ["10.0.0.0/26", "10.0.0.64/26"], ["10.0.0.0/25"]),
        ({"a": ["10.0.9.4"], "b": ["10.1.0.4"]}, ["10.0.9.0/24", "10.1.0.0/24"], ["10.0.9.0/24", "10.1.0.0/24"]),
        ({"a": ["fd00::4", "fd00::ff:4"]}, ["fd00::/64"], ["fd00::/64"]),
    ],
)
def test_derived_subnet_is_the_smallest_range(
    few: dict[str, Any], addresses: dict[str, list[str]], ranges: list[str], space: list[str]
) -> None:
    """At least a /24 where its neighbours leave room; what lies between subnets stays out of the address space."""
    told = [(name, address) for name, held in addresses.items() for address in held]

    def edit(items: list[Json]) -> None:
        items[:] = [placed(items[1], number, *one) for number, one in enumerate(told)]

    change(few["network_interfaces"], edit)
    properties = only(load_azure_world(**few), "virtualNetworks")["properties"]
    assert [subnet["properties"]["addressPrefix"] for subnet in properties["subnets"]] == ranges
    assert properties["addressSpace"]["addressPrefixes"] == space


def placed(nic: Json, number: int, subnet: str, address: str) -> Json:
    """Return the interface under another name, with this one address in this subnet."""
    path = f"{NETWORK}/virtualNetworks/vnet-prod/subnets/{subnet}"
    configuration = {"name": "one", "privateIPAddress": address, "subnet": {"id": path}}
    return nic | {"id": f"{nic['id']}{number}", "name": f"nic{number}", "ipConfigurations": [configuration]}


def test_network_that_is_not_given_is_derived_beside_others(files: dict[str, Any]) -> None:
    """One may read the interfaces of more groups than the virtual networks of."""
    other = {"id": f"{NETWORK}/virtualNetworks/vnet-other/subnets/s"}
    change(files["network_interfaces"], put(3, "ipConfigurations", subnet=other, privateIPAddress="172.16.0.4"))
    networks = load_azure_world(**files).cloud("virtualNetworks")
    assert [network["name"] for network in networks] == ["vnet-prod", "vnet-other"]


def test_missing_etag_is_made(files: dict[str, Any]) -> None:
    """The same on every run; parts have that of the whole."""
    for name in ("route_tables", "scale_sets"):
        change(files[name], without(1, "etag"))
    change(files["route_tables"], lambda items: items[0]["routes"][0].pop("etag"))
    first, second = load_azure_world(**files), load_azure_world(**files)
    assert first.dump() == second.dump()
    table = only(first, "routeTables")
    assert re.fullmatch(r'W/"[0-9a-f-]{36}"', table["etag"])
    assert table["properties"]["routes"][0]["etag"] == table["etag"]
    assert only(first, "virtualMachineScaleSets")["etag"].startswith("W/")


def test_resource_group_is_that_of_the_most_interfaces(files: dict[str, Any]) -> None:
    """Whatever case their ids are in; the parameter chooses another, that of the route tables."""
    change(files["network_interfaces"], put(1, id=NIC.replace("rg-prod", "RG-PROD")))
    change(files["network_interfaces"], put(3, id=NIC.replace("rg-prod", "aa-first")))
    assert load_azure_world(**files).parameters["resource_group"] == "RG-PROD"
    chosen = load_azure_world(**files, subscription_id=SUBSCRIPTION.upper(), resource_group="rg-prod-network")
    assert chosen.parameters == {"subscription_id": SUBSCRIPTION, "resource_group": "rg-prod-network"}


# What is loaded is served.


def client(lab: Lab, service: Any) -> Any:
    """Return a client of Azure's SDK that signs nothing."""
    return service(object(), SUBSCRIPTION, lab.endpoint, authentication_policy=SansIOHTTPPolicy(), polling_interval=0)


def test_sdk_reads_what_was_loaded(files: dict[str, Any]) -> None:
    """Interfaces, also of scale sets, as the API of Azure shows them."""
    with Lab(load_azure_world(**files)) as lab:
        network, compute = client(lab, NetworkManagementClient), client(lab, ComputeManagementClient)
        nics = list(network.network_interfaces.list_all())
        of_set = list(network.network_interfaces.list_virtual_machine_scale_set_network_interfaces("rg-prod", "pool"))
        assert [nic.as_dict() for nic in nics] == ARM["networkInterfaces"]
        assert [nic.as_dict() for nic in of_set] == ARM["virtualMachineScaleSetNetworkInterfaces"]
        instances = list(compute.virtual_machine_scale_set_vms.list("rg-prod", "pool"))
        assert [instance.instance_id for instance in instances] == ["0"]


def test_what_was_derived_can_be_changed(few: dict[str, Any]) -> None:
    """An interface goes back whole; its effective routes are those of the derived network."""
    with Lab(load_azure_world(**few)) as lab:
        nics = client(lab, NetworkManagementClient).network_interfaces
        nic = nics.get("rg-prod", "worker-1-nic")
        nic.enable_ip_forwarding = False
        assert nics.begin_create_or_update("rg-prod", "worker-1-nic", nic).result().enable_ip_forwarding is False
        routes = nics.begin_get_effective_route_table("rg-prod", "worker-1-nic").result().value
        assert routes[0].address_prefix == ["10.20.0.0/24"]


# What cannot be used.


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("network_interfaces", "[]", "holds no network interfaces"),
        ("network_interfaces", "", "is not JSON"),
        ("network_interfaces", "[1", "is not JSON"),
        ("network_interfaces", "[] x", "is not JSON"),
        ("network_interfaces", "[7]", "holds no list of objects"),
        ("network_interfaces", '{"value": 7}', "holds no list of objects"),
        ("network_interfaces", '{"nextLink": "https://x"}', "is not complete, nextLink says"),
        ("route_tables", '{"value": [], "nextLink": "https://x"}', "is not complete, nextLink says"),
        ("vnets", '{"data": [], "skip_token": "x"}', "is not complete, skip_token says"),
        ("network_security_groups", '{"error": {"code": "Forbidden"}}', r"item 1 \(no id\) has no usable id"),
        ("virtual_machines", '[{"id": "cp-1"}]', "item 1: id 'cp-1' is not that of a resource"),
        ("scale_sets", '{"kind": "List", "items": []}', r"item 1 \(no id\) has no usable id"),
        ("scale_set_instances", '[{"id": "/subscriptions/1"}]', "item 1: id '/subscriptions/1' is not that of"),
        ("scale_set_network_interfaces", "null", "holds no list of objects"),
    ],
)
def test_file_that_cannot_be_used_is_named(files: dict[str, Any], name: str, text: str, complaint: str) -> None:
    """With what is wrong in it, and the command that writes it again; on one line."""
    files[name].write_text(text, encoding="utf-8")
    if name == "network_interfaces":
        del files["scale_set_network_interfaces"]
    refused(files, name, complaint)


def refused(files: dict[str, Any], name: str, complaint: str) -> str:
    with pytest.raises(LabError, match=complaint) as caught:
        load_azure_world(**files)
    text = str(caught.value)
    assert text.startswith(str(files[name]))
    assert f"`{COMMANDS[name]}" in text
    assert "\n" not in text
    return text


def test_file_that_is_not_there_is_named(files: dict[str, Any], tmp_path: Path) -> None:
    """With the command that makes it."""
    with pytest.raises(LabError, match=r"nope\.json cannot be read .*az network nsg list"):
        load_azure_world(**files | {"network_security_groups": tmp_path / "nope.json"})


@pytest.mark.parametrize(("name", "other"), list(zip(FILES, [*list(FILES)[1:], "network_interfaces"], strict=True)))
def test_file_of_another_command_is_named(files: dict[str, Any], name: str, other: str) -> None:
    """By the types of resources, which ids tell."""
    files[name].write_text(files[other].read_text("utf-8"), encoding="utf-8")
    text = refused(files, name, "item 1 is a Microsoft")
    assert "not a Microsoft" in text


@pytest.mark.parametrize(
    ("name", "edit", "complaint"),
    [
        ("network_interfaces", without(1, "location"), rf"item 1 \({NIC}\) has no usable location"),
        ("network_interfaces", put(1, ipConfigurations=[]), r"no usable properties.ipConfigurations\[\].name"),
        ("network_interfaces", put(1, ipConfigurations="x"), r"no usable properties.ipConfigurations\[\].name"),
        ("network_interfaces", put(1, "ipConfigurations", subnet=None), "ipConfigurations.*properties.subnet.id"),
        ("network_interfaces", put(1, "ipConfigurations", subnet={"id": "nodes"}), "'nodes' is no id of a subnet"),
        ("network_interfaces", put(1, "ipConfigurations", privateIPAddress="10.0.0.999"), "privateIPAddress '10.0"),
        ("network_interfaces", put(1, virtualMachine="cp-1"), "has no usable properties.virtualMachine"),
        ("network_interfaces", lambda items: items.append(items[0]), rf"item 4 \({NIC}\) is there twice"),
        ("network_interfaces", lambda items: items.append(items[0] | {"id": NIC.replace("rg-p", "RG-P")}), "twice"),
        ("vnets", put(1, addressSpace={}), r"no usable properties.addressSpace.addressPrefixes\[\]"),
        ("vnets", put(1, addressSpace={"addressPrefixes": ["all"]}), "addressPrefixes 'all' is not an address or"),
        ("vnets", put(1, "subnets", addressPrefixes=["10.20.0.1/8"]), "addressPrefixes '10.20.0.1/8' is not"),
        ("vnets", put(1, "subnets", addressPrefixes=[]), "/subnets/nodes has no addressPrefix"),
        ("vnets", put(1, "subnets", routeTable={}), r"no usable properties.subnets\[\].properties.routeTable.id"),
        ("vnets", put(1, subnets={"nodes": 1}), r"no usable properties.subnets\[\]"),
        ("route_tables", put(1, "routes", addressPrefix="10.0.0.1/8"), "addressPrefix '10.0.0.1/8' is not an"),
        ("route_tables", put(1, "routes", nextHopType=None), r"routes\[\].*nextHopType"),
        ("route_tables", put(1, subnets=["nodes"]), r"no usable properties.subnets\[\].id"),
        ("route_tables", without(1, "name"), "has no usable name"),
        ("network_security_groups", put(1, "securityRules", access=""), "securityRules.*access"),
        ("virtual_machines", put(2, networkProfile={}), "item 2 .*networkProfile.networkInterfaces"),
        ("scale_sets", put(1, virtualMachineProfile="x"), "has no usable properties.virtualMachineProfile;"),
        ("scale_sets", without(1, "location"), "has no usable location"),
        ("scale_set_instances", without(1, "instanceId"), "has no usable instanceId"),
        ("scale_set_network_interfaces", without(1, "virtualMachine"), "properties.virtualMachine.id"),
    ],
)
def test_broken_item_is_named(
    files: dict[str, Any], name: str, edit: Callable[[list[Json]], object], complaint: str
) -> None:
    """File, item, field, and the command that writes the file again; on one line."""
    change(files[name], edit)
    refused(files, name, complaint)


@pytest.mark.parametrize("name", list(FILES))
def test_value_of_a_wrong_type_is_no_surprise(files: dict[str, Any], name: str) -> None:
    """Wherever it stands, the world is loaded, or one line says what cannot be used."""
    text = files[name].read_text("utf-8")
    for place in range(len(list(holders(json.loads(text))))):
        document = json.loads(text)
        holder, key = list(holders(document))[place]
        holder[key] = ["x"]
        files[name].write_text(json.dumps(document), encoding="utf-8")
        assert "\n" not in outcome(files)


def outcome(files: dict[str, Any]) -> str:
    try:
        return load_azure_world(**files).name
    except LabError as err:
        return str(err)


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a document: what holds it, and its name or number there."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from holders(value[key])


@pytest.mark.parametrize("name", list(FILES))
def test_item_of_another_subscription_is_named(files: dict[str, Any], name: str) -> None:
    """Which one it is in, which one is meant, and how to list that one alone."""
    other = "11111111-2222-3333-4444-555555555555"
    change(files[name], lambda items: items[-1].update(id=items[-1]["id"].replace(SUBSCRIPTION, other)))
    text = refused(files, name, f"is in subscription {other}, not in {SUBSCRIPTION}")
    assert text.endswith(f"--subscription {SUBSCRIPTION}`")


def test_subscription_that_was_given_must_be_that_of_the_files(files: dict[str, Any]) -> None:
    """The files are another cluster's, else."""
    with pytest.raises(LabError, match=r"is in subscription 6f0a.*, not in 1234; .*--subscription 1234`"):
        load_azure_world(**files, subscription_id="1234")


def test_subnet_that_its_network_does_not_have_is_named(files: dict[str, Any]) -> None:
    """The two files were written at different times."""
    change(files["vnets"], lambda items: items[0]["subnets"].pop(0))
    text = refused(files, "network_interfaces", r"item 1 \(.*\): subnet .*/subnets/nodes is not in .*vnets\.json")
    assert "`az network vnet list " in text


@pytest.mark.parametrize("given", [True, False])
def test_route_table_of_a_subnet_of_nodes_must_be_there(files: dict[str, Any], *, given: bool) -> None:
    """Without it every route would be planned anew; the text says which group to list."""
    if given:
        files["route_tables"].write_text("[]")
    else:
        del files["route_tables"]
    with pytest.raises(LabError, match=r"subnet .*/subnets/nodes has the route table .*/routeTables/rt-hub") as caught:
        load_azure_world(**files)
    assert "`az network route-table list --resource-group rg-prod-network --output json`" in str(caught.value)
    assert "--route-tables" in str(caught.value)


def test_route_table_of_a_subnet_without_interfaces_is_not_needed(files: dict[str, Any]) -> None:
    """No node of the cluster is there."""
    change(files["vnets"], lambda items: items[0]["subnets"][1].update(routeTable={"id": f"{NETWORK}/routeTables/far"}))
    assert len(load_azure_world(**files).cloud("routeTables")) == 1


@pytest.mark.parametrize("name", ["scale_set_instances", "scale_set_network_interfaces"])
def test_scale_set_of_an_instance_must_be_there(files: dict[str, Any], name: str) -> None:
    """Its model says whether an instance that is made anew forwards; it cannot be guessed."""
    kept = {one: path for one, path in files.items() if one in {"nodes", "network_interfaces", name}}
    with pytest.raises(LabError, match=r"item 1 .* is of a scale set that no file holds.*`az vmss list ") as caught:
        load_azure_world(**kept)
    assert str(caught.value).startswith(str(files[name]))


def test_derived_subnet_needs_an_address(few: dict[str, Any]) -> None:
    """Without one its range cannot be told; with the file of virtual networks it is known."""

    def edit(items: list[Json]) -> None:
        del items[:2], items[0]["ipConfigurations"][0]["privateIPAddress"]

    change(few["network_interfaces"], edit)
    with pytest.raises(LabError, match=r"subnet .*/subnets/nodes: no privateIPAddress .*az network vnet list.*--vnets"):
        load_azure_world(**few)
