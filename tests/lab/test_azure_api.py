import pytest

from l2bridge_helpers.lab import Lab, World, world

from .clients import SUBNET, Arm, compute_path, network, network_path, nic_path

KINDS = ("networkInterfaces", "virtualNetworks", "routeTables", "networkSecurityGroups")


def test_parameters_are_ready_for_the_notebook(messy: Lab) -> None:
    """Everything that a notebook needs to reach the lab."""
    wanted = {"kubeconfig", "context", "cluster", "subscription_id", "resource_group", "endpoint"}
    assert messy.parameters.keys() == wanted


# What is asked.


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("", "MissingApiVersionParameter"),
        ("v1", "InvalidApiVersionParameter"),
        ("2026-13-01", "InvalidApiVersionParameter"),
    ],
)
def test_a_version_is_needed(messy: Lab, arm: Arm, version: str, code: str) -> None:
    """Without api-version, or with one that is no date, nothing is answered."""
    assert arm.get(nic_path(messy, "done-1-nic"), **{"api-version": version}).error == (400, code)


def test_the_version_may_be_a_preview(messy: Lab, arm: Arm) -> None:
    """A date with -preview is a version too."""
    assert arm.get(nic_path(messy, "done-1-nic"), **{"api-version": "2025-07-01-preview"}).status == 200


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups", (404, "SubscriptionNotFound")),
        ("/subscriptions/mine/resourceGroups", (400, "InvalidSubscriptionId")),
        ("resourceGroups/rg-none/providers/Microsoft.Network/routeTables", (404, "ResourceGroupNotFound")),
        ("resourceGroups/rg-network/providers/Microsoft.Network/teapots", (404, "InvalidResourceType")),
        ("resourceGroups/rg-network/providers/Microsoft.Tea/pots/x", (404, "InvalidResourceNamespace")),
        ("/compute/v1/projects/p", (404, "InvalidResourceType")),
        ("teapots/x", (404, "InvalidResourceType")),
    ],
)
def test_what_does_not_exist_is_named(arm: Arm, path: str, error: tuple[int, str]) -> None:
    """Subscription, group, type and namespace have codes of their own."""
    assert arm.get(path).error == error


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("networkInterfaces/none", "ResourceNotFound"),
        ("routeTables/none", "ResourceNotFound"),
        ("routeTables/none/routes", "ResourceNotFound"),
        ("routeTables/none/routes/r", "ResourceNotFound"),
        ("routeTables/rt-hub/routes/none", "NotFound"),
        (f"{SUBNET}/none", "NotFound"),
    ],
)
def test_what_is_not_there_is_not_found(messy: Lab, arm: Arm, path: str, code: str) -> None:
    """A part has a code of its own."""
    found = arm.get(network_path(messy, path))
    assert found.error == (404, code)


def test_missing_resources_are_worded_as_azure_does(messy: Lab, arm: Arm) -> None:
    """Type, name, group, and where to read on."""
    text = arm.get(network_path(messy, "routeTables/none")).message
    assert text.startswith(
        "The Resource 'Microsoft.Network/routeTables/none' under resource group 'rg-network' was not "
    )


def test_what_the_lab_does_not_do_is_said(messy: Lab, arm: Arm) -> None:
    """A known type with a method that nobody needed is no 404."""
    answers = [
        arm.call(method, network_path(messy, path), {})
        for method, path in (
            ("PUT", "virtualNetworks/vnet-cluster"),
            ("PATCH", "routeTables/rt-hub"),
            ("POST", "routeTables/rt-hub/fly"),
            ("PUT", "routeTables"),
        )
    ]
    assert {answer.error for answer in answers} == {(405, "UnsupportedOperation")}


def test_letter_case_does_not_matter(messy: Lab, arm: Arm) -> None:
    """Of paths; what is answered is spelled as it is stored."""
    path = nic_path(messy, "done-1-nic")
    assert arm.get(path.upper()).body == arm.get(path).body
    assert arm.get(path.lower()).body["id"] == path


def test_every_answer_can_be_traced(messy: Lab, arm: Arm) -> None:
    """Each has ids of its own, refusals too."""
    answers = [arm.get(network_path(messy, f"routeTables/{name}")) for name in ("rt-hub", "none")]
    ids = {answer.headers[f"x-ms-{word}request-id"] for answer in answers for word in ("", "correlation-")}
    assert len(ids) == 2


# Lists.


@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_of_a_group_or_of_the_subscription(messy: Lab, arm: Arm, kind: str) -> None:
    """Each shows what is there, and nothing of another group."""
    held = [item["name"] for item in messy.world.cloud(kind)]
    whole = arm.get(f"providers/Microsoft.Network/{kind}").body["value"]
    groups = [
        arm.get(f"resourceGroups/{group}/providers/Microsoft.Network/{kind}").body["value"]
        for group in ("rg-cluster", "RG-NETWORK")
    ]
    assert [item["name"] for item in whole] == held
    assert sorted(map(len, groups)) == [0, len(held)]


def test_lists_have_pages(messy: Lab, arm: Arm) -> None:
    """`nextLink` leads through all of it, each resource once."""
    messy.azure.page_size = 5
    client = network(messy)
    held = [item["name"] for item in messy.world.cloud("networkInterfaces")]
    assert [nic.name for nic in client.network_interfaces.list_all()] == held
    assert [nic.name for nic in client.network_interfaces.list("rg-cluster")] == held
    assert len(messy.requests) == 6
    assert "nextLink" not in arm.get("providers/Microsoft.Network/routeTables").body


def test_pages_are_of_the_size_that_is_set(messy: Lab, arm: Arm) -> None:
    """100 unless a test says otherwise; the last page has no link."""
    assert messy.azure.page_size == 100
    messy.azure.page_size = 14
    assert len(arm.get("providers/Microsoft.Network/networkInterfaces").body["value"]) == 14
    assert "nextLink" not in arm.get("providers/Microsoft.Network/networkInterfaces").body


def test_a_made_up_page_is_refused(arm: Arm) -> None:
    """A token is taken back from whoever was given it."""
    assert arm.get("providers/Microsoft.Network/routeTables", **{"$skiptoken": "one"}).status == 400


def test_parts_are_listed_below_their_resource(messy: Lab) -> None:
    """Subnets, routes and rules, as they stand in it."""
    client = network(messy)
    assert [one.name for one in client.subnets.list("rg-network", "vnet-cluster")] == ["nodes-a", "nodes-b", "apps"]
    assert [one.name for one in client.routes.list("rg-network", "rt-hub")] == ["to-firewall", "by-hand", "in-the-way"]
    assert [one.name for one in client.security_rules.list("rg-network", "nsg-strict")] == ["deny-pods"]
    assert client.subnets.get("rg-network", "vnet-cluster", "apps").name == "apps"
    assert client.routes.get("rg-network", "rt-hub", "by-hand").next_hop_ip_address == "10.10.1.8"


def test_the_etag_is_in_the_answer_twice(messy: Lab, arm: Arm) -> None:
    """In the body and as a header, for resources and for parts."""
    for path in ("routeTables/rt-hub", f"{SUBNET}/nodes-a", "routeTables/rt-hub/routes/by-hand"):
        found = arm.get(network_path(messy, path))
        assert found.headers["ETag"] == found.body["etag"]


def test_unknown_properties_reach_the_client(messy: Lab) -> None:
    """The SDK's models keep what they do not know."""
    nic = network(messy).network_interfaces.get("rg-cluster", "control-1-nic")
    assert nic.as_dict()["properties"]["futureSetting"] == {"keep": True}


# Beside the resources.


def test_subscriptions_and_groups_can_be_read(messy: Lab, arm: Arm) -> None:
    """As az does before anything else."""
    (one,) = arm.get("/subscriptions").body["value"]
    assert one["subscriptionId"] == messy.azure.subscription
    assert arm.get(f"/subscriptions/{messy.azure.subscription}").body == one
    assert [group["name"] for group in arm.get("resourcegroups").body["value"]] == ["rg-cluster", "rg-network"]
    assert arm.get("resourceGroups/RG-network").body["name"] == "rg-network"


def test_usages_show_limits(messy: Lab) -> None:
    """Route tables of the subscription, and routes of one table."""
    messy.azure.routes_per_table = 400
    found = {one.name.value: (one.current_value, one.limit) for one in network(messy).usages.list("westeurope")}
    assert found["RouteTables"] == (2, 600)
    assert found["RoutesPerRouteTable"] == (0, 400)


# Machines.


def test_machines_show_their_power_when_asked(messy: Lab, arm: Arm) -> None:
    """In an instance view, and in nothing else; the lab's own field is never shown."""
    machine = messy.world.cloud("virtualMachines")[0]
    machine["_power"] = "deallocated"
    path = compute_path(messy, f"virtualMachines/{machine['name']}")
    plain = arm.get(path).body
    assert ("instanceView" in plain["properties"], "_power" in plain) == (False, False)
    asked = {"$expand": "instanceView"}
    shown = [
        arm.get(path, **asked).body,
        arm.get("providers/Microsoft.Compute/virtualMachines", statusOnly="true").body["value"][0],
    ]
    for one in shown:
        codes = [status["code"] for status in one["properties"]["instanceView"]["statuses"]]
        assert codes == ["ProvisioningState/succeeded", "PowerState/deallocated"]


def test_two_labs_share_nothing() -> None:
    """What is changed in one is not changed in the other."""
    shared: World = world("azure-small")
    with Lab(shared) as one, Lab(shared) as other:
        network(one).route_tables.begin_create_or_update("rg-network", "rt", {"location": "westeurope"}).result()
        assert (len(one.world.cloud("routeTables")), other.world.cloud("routeTables")) == (1, [])
