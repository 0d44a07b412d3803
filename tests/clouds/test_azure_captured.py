"""Azure's answers in the shapes that recordings of the real API have; the values are ours.

Which recordings, and what is hard in each, is in tests/data/captured/README.md.
"""

from __future__ import annotations

from typing import Any

import pytest

from l2bridge_helpers.clouds.azure_errors import code_of, translate
from l2bridge_helpers.clouds.azure_read import (
    in_force_of,
    instance_of,
    is_uniform,
    nic_of,
    subnet_of,
    table_of,
    template_of,
    upgrade_mode,
)
from l2bridge_helpers.clouds.azure_rules import group_of, rules_of
from l2bridge_helpers.errors import AccessDeniedError, CredentialsError, ParameterError
from tests.azure_refusals import refusal

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
SCOPE = "00000000-0000-0000-0000-000000000000"
GROUP = f"{SUBSCRIPTION}/resourceGroups/Test_Cluster/providers"
CAPITALS = f"{SUBSCRIPTION}/resourceGroups/TEST_CLUSTER/providers"
NETWORK = f"{GROUP}/Microsoft.Network/virtualNetworks/k8s-vnet-4711"
SUBNET = f"{NETWORK}/subnets/k8s-subnet"
ETAG = 'W/"aaaaaaaa-0000-4000-8000-000000000001"'


def configuration(nic: str, name: str, address: str, **more: object) -> dict[str, Any]:
    """Return an ip configuration of an ordinary interface."""
    return {
        "name": name,
        "id": f"{nic}/ipConfigurations/{name}",
        "etag": ETAG,
        "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAddress": address,
            "privateIPAllocationMethod": "Dynamic",
            "subnet": {"id": SUBNET},
            "privateIPAddressVersion": "IPv4",
            **more,
        },
    }


def interface(name: str, *configurations: dict[str, Any], **more: object) -> dict[str, Any]:
    """Return an ordinary interface without a machine."""
    return {
        "name": name,
        "id": f"{GROUP}/Microsoft.Network/networkInterfaces/{name}",
        "etag": ETAG,
        "location": "southcentralus",
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": f"guid-of-{name}",
            "ipConfigurations": list(configurations),
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": [], "internalDomainNameSuffix": "jx.example"},
            "enableIPForwarding": False,
            "hostedWorkloads": [],
            "tapConfigurations": [],
            **more,
        },
        "type": "Microsoft.Network/networkInterfaces",
    }


def master() -> dict[str, Any]:
    """Return the interface of a control plane machine, as aks-engine made it: forwarding, and behind two balancers."""
    nic = f"{GROUP}/Microsoft.Network/networkInterfaces/k8s-master-4711-nic-0"
    balancers = f"{GROUP}/Microsoft.Network/loadBalancers"
    pools = [{"id": f"{balancers}/{name}/backendAddressPools/masters"} for name in ("public", "internal")]
    return interface(
        "k8s-master-4711-nic-0",
        configuration(
            nic,
            "ipconfig1",
            "10.240.255.5",
            primary=True,
            privateIPAllocationMethod="Static",
            loadBalancerBackendAddressPools=pools,
            loadBalancerInboundNatRules=[{"id": f"{balancers}/public/inboundNatRules/ssh-0"}],
        ),
        macAddress="00-0D-3A-00-00-01",
        enableAcceleratedNetworking=False,
        enableIPForwarding=True,
        primary=True,
        virtualMachine={"id": f"{GROUP}/Microsoft.Compute/virtualMachines/k8s-master-4711-0"},
    )


def route(table: str, name: str, prefix: str, hop: str) -> dict[str, Any]:
    return {
        "name": name,
        "id": f"{table}/routes/{name}",
        "etag": ETAG,
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": prefix,
            "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": hop,
        },
        "type": "Microsoft.Network/routeTables/routes",
    }


def table(*routes: tuple[str, str, str], **more: object) -> dict[str, Any]:
    identifier = f"{GROUP}/Microsoft.Network/routeTables/k8s-master-4711-routetable"
    return {
        "name": "k8s-master-4711-routetable",
        "id": identifier,
        "etag": ETAG,
        "type": "Microsoft.Network/routeTables",
        "location": "southcentralus",
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": "guid-of-table",
            "disableBgpRoutePropagation": False,
            "routes": [route(identifier, *parts) for parts in routes],
            **more,
        },
    }


def default_route(prefix: str, kind: str) -> dict[str, Any]:
    return {
        "disableBgpRoutePropagation": False,
        "source": "Default",
        "state": "Active",
        "addressPrefix": [prefix],
        "nextHopType": kind,
        "nextHopIpAddress": [],
    }


def test_an_interface_of_a_cluster_is_read() -> None:
    """Balancers and rules beside the address change nothing, and stay among its properties."""
    nic = nic_of(master())
    assert (nic.id, nic.subnet) == ("test_cluster/k8s-master-4711-nic-0", "test_cluster/k8s-vnet-4711/k8s-subnet")
    assert (nic.network, nic.addresses) == (f"{SCOPE}/test_cluster/k8s-vnet-4711", ("10.240.255.5/32",))
    assert nic.forwarding
    assert nic.properties["etag"] == ETAG
    assert len(nic.properties["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"]) == 2


def test_an_interface_without_a_machine_is_read() -> None:
    """There is no `virtualMachine`, no `primary` and no `macAddress` then; newer API versions add `kind`."""
    unused = interface("spare", configuration("spare", "ipconfig1", "10.1.0.4", primary=True))
    nic = nic_of({**unused, "kind": "Regular"})
    assert (nic.addresses, nic.forwarding, nic.properties["kind"]) == (("10.1.0.4/32",), False, "Regular")


def test_two_configurations_of_an_interface_are_two_addresses() -> None:
    """The primary one first, wherever it stands; accelerated networking may not be mentioned at all."""
    entries = [
        configuration("two", "ipconfig2", "10.0.0.5", primary=False),
        configuration("two", "ipconfig1", "10.0.0.4", primary=True),
    ]
    nic = nic_of(interface("two", *entries, nicType="Standard", allowPort25Out=True, vnetEncryptionSupported=False))
    assert nic.addresses == ("10.0.0.4/32", "10.0.0.5/32")
    assert "enableAcceleratedNetworking" not in nic.properties


def test_a_machine_is_known_by_its_primary_interface() -> None:
    """Ids are the same whatever letter case an answer has."""
    machine = instance_of(
        f"{CAPITALS}/microsoft.compute/virtualMachines/K8S-master-4711-0", [interface("second"), master()]
    )
    assert (machine.id, machine.uid) == (f"{SCOPE}/test_cluster/k8s-master-4711-0", "guid-of-k8s-master-4711-nic-0")
    assert [nic.forwarding for nic in machine.nics] == [True, False]


def test_an_interface_of_a_scale_set_is_read() -> None:
    """It has neither location nor type, its provider is written in capitals or not, and its id has the instance."""
    identifier = f"{GROUP}/microsoft.Compute/virtualMachineScaleSets/Pool1/virtualMachines/0/networkInterfaces/Pool1Nic"
    entry = configuration(identifier, "Pool1IPConfig", "10.0.0.4", primary=True)
    del entry["type"]
    whole = {**interface("Pool1Nic", entry, primary=True), "id": identifier}
    nic = nic_of({name: value for name, value in whole.items() if name not in ("location", "type")})
    assert (nic.id, nic.addresses) == ("test_cluster/pool1/0/pool1nic", ("10.0.0.4/32",))
    assert nic.network == f"{SCOPE}/test_cluster/k8s-vnet-4711"


def test_the_table_of_a_cluster_is_read() -> None:
    """Routes that Kubernetes made are not ours: they are kept with everything else of the table."""
    answer = table(
        ("k8s-master-4711-0", "10.244.1.0/24", "10.240.255.5"),
        ("k8s-agent-4711-0", "10.244.0.0/24", "10.240.0.5"),
        subnets=[{"id": SUBNET}],
    )
    read = table_of(answer)
    assert (read.id, read.location, read.marks) == (
        f"{SCOPE}/test_cluster/k8s-master-4711-routetable",
        "southcentralus",
        {},
    )
    assert [(one.destination, one.next_hop, one.cluster, one.table) for one in read.routes] == [
        ("10.244.1.0/24", "10.240.255.5", "", read.id),
        ("10.244.0.0/24", "10.240.0.5", "", read.id),
    ]
    assert read.limits[0].used == 2
    assert read.properties["disableBgpRoutePropagation"] is False


def test_a_table_that_was_just_made_is_read() -> None:
    """It says `Updating`, has an empty list of routes, and no list of subnets."""
    read = table_of(table(provisioningState="Updating"))
    assert (read.routes, read.limits[0].used, read.properties["provisioningState"]) == ((), 0, "Updating")


def test_a_subnet_with_delegations_is_read() -> None:
    """What another service put there is kept, letter by letter; one range may stand in either property."""
    policy = f"{SUBSCRIPTION}/resourceGroups/TEST_CLUSTER/providers/Microsoft.Network/networkIntentPolicies/ADB-1"
    answer = {
        "name": "private",
        "id": f"{NETWORK}/subnets/private",
        "etag": ETAG,
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": "10.0.2.0/24",
            "networkSecurityGroup": {"id": f"{CAPITALS}/Microsoft.Network/networkSecurityGroups/Private-NSG"},
            "networkIntentPolicies": [{"id": policy}],
            "serviceEndpoints": [],
            "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Databricks/workspaces"}}],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            "defaultOutboundAccess": True,
        },
        "type": "Microsoft.Network/virtualNetworks/subnets",
    }
    read = subnet_of(answer)
    assert (read.id, read.cidrs, read.table) == ("test_cluster/k8s-vnet-4711/private", ("10.0.2.0/24",), "")
    assert read.properties["networkIntentPolicies"] == [{"id": policy}]
    assert group_of(answer).endswith("/Private-NSG")


def test_rules_keep_the_letter_case_in_which_they_were_written() -> None:
    """Azure answers `deny` and `TCP` to who wrote them so; unused lists are there, and empty."""
    group = f"{GROUP}/Microsoft.Network/networkSecurityGroups/c7n-nsg"
    empty: dict[str, list[str]] = {
        f"{side}{kind}": [] for side in ("source", "destination") for kind in ("PortRanges", "AddressPrefixes")
    }

    def rule(name: str, **properties: object) -> dict[str, Any]:
        anything = {"sourcePortRange": "*", "destinationPortRange": "*", "destinationAddressPrefix": "*"}
        return {"name": name, "properties": {"protocol": "*", **anything, **empty, **properties}}

    custom = [
        rule(
            "closed", access="deny", priority=200, direction="Inbound", protocol="TCP",
            destinationPortRange="443", sourceAddressPrefix="10.42.0.0/16",
        )
    ]  # fmt: skip
    default = [
        rule(
            "AllowVnetInBound", access="Allow", priority=65000, direction="Inbound",
            sourceAddressPrefix="VirtualNetwork", destinationAddressPrefix="VirtualNetwork",
        ),
        rule("DenyAllOutBound", access="Deny", priority=65500, direction="Outbound", sourceAddressPrefix="*"),
    ]  # fmt: skip
    properties = {"securityRules": custom, "defaultSecurityRules": default}
    closed, network, rest = rules_of({"id": group, "properties": properties}, ("subnet",))
    assert (closed.list, closed.number, closed.allow, closed.inbound) == ("test_cluster/c7n-nsg", 200, False, True)
    assert (closed.protocols, closed.sources, closed.destinations) == (("tcp:443",), ("10.42.0.0/16",), ())
    assert (network.allow, network.sources) == (True, ("VirtualNetwork",))
    assert (rest.allow, rest.inbound, rest.sources) == (False, False, ())


def test_a_scale_set_is_read() -> None:
    """Its own id has the group in capitals, its subnet's has not; old ones have no etag and no orchestration mode."""
    entry = {"name": "ip", "properties": {"subnet": {"id": SUBNET}, "privateIPAddressVersion": "IPv4"}}
    nic = {"primary": True, "enableIPForwarding": False, "ipConfigurations": [entry], "dnsSettings": {"dnsServers": []}}
    answer = {
        "sku": {"name": "Standard_DS1_v2", "tier": "Standard", "capacity": 2},
        "properties": {
            "singlePlacementGroup": True,
            "upgradePolicy": {"mode": "Manual", "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": False}},
            "virtualMachineProfile": {
                "networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": nic}]}
            },
            "provisioningState": "Succeeded",
            "overprovision": True,
            "uniqueId": "guid-of-pool",
        },
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "location": "eastus",
        "id": f"{CAPITALS}/Microsoft.Compute/virtualMachineScaleSets/pool",
        "name": "pool",
    }
    read = template_of(answer)
    assert (read.group, read.forwarding, read.changeable) == (f"{SCOPE}/test_cluster/pool", False, True)
    assert (is_uniform(answer), upgrade_mode(answer)) == (True, "Manual")


def test_effective_routes_are_read() -> None:
    """Azure's own have no name and an empty list of next hops; only the active ones of the table are in force."""
    default = [
        default_route(prefix, kind)
        for prefix, kind in (("10.0.0.0/16", "VnetLocal"), ("0.0.0.0/0", "Internet"), ("10.0.0.0/8", "None"))
    ]
    assert in_force_of({"value": default}) == {}
    own = default_route("10.244.1.0/24", "VirtualAppliance") | {"source": "User", "nextHopIpAddress": ["10.240.0.5"]}
    assert in_force_of({"value": [*default, own, own | {"state": "Invalid", "addressPrefix": ["10.244.2.0/24"]}]}) == {
        "10.244.1.0/24": "10.240.0.5"
    }


def test_a_refusal_with_nulls_is_read() -> None:
    """Some services send every property of an error, with null for nothing; the code is read all the same."""
    nulls = dict.fromkeys(("target", "innerError", "debugInfo", "additionalInfo"))
    body = {"error": {"code": "UserError", "message": "Can't find it: spare", "details": [], **nulls}, "time": "now"}
    error = refusal(404, body)
    assert code_of(error) == "UserError"
    assert str(translate(error, "read it")) == "could not read it: UserError: Can't find it: spare"


@pytest.mark.parametrize("body", [None, [], "busy", {"Message": "gone"}, {"error": None}])
def test_a_refusal_that_says_nothing_has_its_status(body: object) -> None:
    """Whatever stands between us and Azure may answer in its place."""
    error = refusal(404, body)
    assert code_of(error) == ""
    assert str(translate(error, "read it")).startswith("could not read it: HTTP 404: ")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AuthorizationFailed", AccessDeniedError),
        (401, "InvalidAuthenticationTokenTenant", CredentialsError),
        (401, "ExpiredAuthenticationToken", CredentialsError),
        (404, "SubscriptionNotFound", ParameterError),
    ],
)
def test_a_refusal_keeps_the_code_that_one_searches_for(status: int, code: str, kind: type[Exception]) -> None:
    """Also where our text says in other words what Azure's message says."""
    told = f"The client does not have authorization to perform action 'a/read' over scope '{SUBSCRIPTION}'."
    error = translate(refusal(status, {"error": {"code": code, "message": told}}), "read it")
    assert isinstance(error, kind)
    assert f"{code}: " in str(error)
