from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.placement import place
from tests.builders import (
    NETWORK,
    PROJECT,
    ZONE,
    address,
    fabric,
    instance,
    node_item,
    nodes,
    numbered_fabric,
    numbered_instance,
    numbered_item,
    numbered_nodes,
    pod_cidr,
)

Json = dict[str, Any]


def where(network: Fabric, *items: Json) -> dict[str, str]:
    """Return each node's instance, by their names."""
    return {spot.row.nodeName: spot.instance.name for spot in place(nodes(*items), network).placed}


def problem(network: Fabric, *items: Json) -> str:
    """Return what is wrong with the first node that is not placed."""
    unplaced = place(nodes(*items), network).unplaced
    assert unplaced
    assert unplaced[0].todo
    return unplaced[0].found


def item(provider_id: str, *, name: str = "node-1", ip: str = address(1)) -> Json:
    return node_item(name, ip, pod_cidr(1), provider_id=provider_id)


def test_every_row_is_placed_or_not() -> None:
    """No row is lost, and none is there twice."""
    table = nodes(numbered_item(1), numbered_item(9), node_item("node-2", address(2), pod_cidr(2), "fd00::/64"))
    placement = place(table, numbered_fabric(2))
    rows = [spot.row for spot in placement.placed] + [spot.row for spot in placement.unplaced]
    assert sorted(row.routeDestination for row in rows) == sorted(table["routeDestination"])


def test_provider_id_leads_to_its_instance() -> None:
    """Whatever the node is called."""
    provider_id = f"gce://{PROJECT}/{ZONE}/machine-7"
    assert where(fabric(instance("machine-7", address(1))), item(provider_id)) == {"node-1": "machine-7"}


def test_provider_id_of_a_missing_instance_is_not_second_guessed() -> None:
    """Another machine with the address is a hint for people, not a match."""
    text = problem(fabric(instance("heir", address(1))), item(f"gce://{PROJECT}/{ZONE}/gone"))
    assert "there is no such instance" in text
    assert f"{ZONE}/instances/heir has its address" in text


@pytest.mark.parametrize("provider_id", ["gce://p/z", "gce:///p/z/n", "gce://p/z/n/", "gce://", "gce"])
def test_malformed_provider_id_is_told_with_the_right_form(provider_id: str) -> None:
    """cloud-provider-gcp refuses a trailing slash too."""
    text = problem(numbered_fabric(1), item(provider_id))
    assert provider_id in text
    assert "gce://PROJECT/ZONE/NAME" in text


@pytest.mark.parametrize(
    "provider_id",
    [
        "aws:///eu-west-1a/i-0abc",
        "azure:///subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v",
        "openstack:///3f609814-b4d6-4d8b-8bdb-1f2b4e1d1c1b",
        "vsphere://4223b5f6-7e0c-8a0b-1b3e-1d1c1b1a1918",
        "digitalocean://3164494",
    ],
)
def test_provider_id_of_another_cloud_is_refused(provider_id: str) -> None:
    """A machine elsewhere is not looked for here, also not by its address, which many private networks have."""
    assert "another cloud, not of Google Compute Engine" in problem(numbered_fabric(1), item(provider_id))


@pytest.mark.parametrize("provider_id", ["", "rke2://node-1", "k3s://node-1", "kind://docker/kind/node-1"])
def test_provider_id_of_no_cloud_falls_back_to_the_address(provider_id: str) -> None:
    """What a distribution writes there says nothing about the machine."""
    assert where(fabric(instance("machine-7", address(1))), item(provider_id)) == {"node-1": "machine-7"}


def test_address_wins_over_the_name() -> None:
    """Names of nodes and machines need not agree."""
    machines = fabric(instance("node-1", address(5)), instance("other", address(1)))
    assert where(machines, item("")) == {"node-1": "other"}


@pytest.mark.parametrize("name", ["node-1", "NODE-1", "node-1.europe-west1-b.c.lab-project.internal"])
def test_name_leads_to_the_instance_only_if_the_address_is_its_own(name: str) -> None:
    """The short name is compared without regard to case; the address still has to be there."""
    text = problem(fabric(instance("node-1", address(5))), item("", name=name))
    assert address(1) in text
    assert "has no such address" in text
    assert f"{address(5)}/32" in text


def test_two_machines_with_the_address_are_as_bad_as_none() -> None:
    """Both candidates are named."""
    twin = instance("twin", address(1))
    text = problem(fabric(numbered_instance(1), twin), item(""))
    assert "could be any of 2 instances" in text
    assert numbered_instance(1).id in text
    assert twin.id in text


def test_two_machines_of_the_name_are_as_bad_as_none() -> None:
    """The same name in two zones; both are named."""
    other = instance("node-1", address(6), zone="europe-west1-c")
    text = problem(fabric(instance("node-1", address(5)), other), item(""))
    assert "could be any of 2 instances that are called node-1" in text
    assert other.id in text


def test_same_address_in_another_network_is_no_candidate() -> None:
    """Private ranges repeat from network to network."""
    stranger = instance("stranger", address(1), network=f"{NETWORK}-2")
    assert where(fabric(stranger, numbered_instance(1)), item("")) == {"node-1": "node-1"}


def test_instance_without_an_interface_in_the_network_is_told() -> None:
    """The network that was looked at is named."""
    text = problem(fabric(instance("node-1", address(1), network=f"{NETWORK}-2")), numbered_item(1))
    assert f"in network {NETWORK}" in text


def test_machine_that_two_nodes_claim_is_given_to_neither() -> None:
    """Each of them names the other."""
    provider_id = f"gce://{PROJECT}/{ZONE}/node-1"
    second = node_item("double", address(1), pod_cidr(2), provider_id=provider_id)
    placement = place(nodes(numbered_item(1), second), numbered_fabric(2))
    assert placement.placed == ()
    assert [(spot.row.nodeName, spot.found.split("which ")[1]) for spot in placement.unplaced] == [
        ("double", "node node-1 claims too"),
        ("node-1", "node double claims too"),
    ]


def test_node_beside_the_two_is_served() -> None:
    """One bad node takes no other with it."""
    second = node_item("double", address(1), pod_cidr(8), provider_id="")
    assert where(numbered_fabric(3), numbered_item(1), second, numbered_item(3)) == {"node-3": "node-3"}


def test_dual_stack_node_is_one_claim() -> None:
    """Both of its rows lead to its machine."""
    both = node_item("node-1", address(1), pod_cidr(1), "fd00:42::/64")
    both["status"]["addresses"].append({"type": "InternalIP", "address": "fd00:10::2"})
    placed = place(nodes(both), fabric(instance("node-1", address(1), "fd00:10::2"))).placed
    assert [spot.row.routeDestination for spot in placed] == [pod_cidr(1), "fd00:42::/64"]


def test_address_written_in_another_way_is_found() -> None:
    """Kubelet and the cloud may write the same IPv6 address in two ways."""
    node = node_item("machine-7", "", "fd00:42::/64", provider_id="")
    node["status"]["addresses"] = [{"type": "InternalIP", "address": "FD00:10:0::2"}]
    assert where(fabric(instance("other", "fd00:10::2")), node) == {"machine-7": "other"}


def test_node_without_an_address_of_the_family_is_told() -> None:
    """The family is named, and how to give an address."""
    text = problem(numbered_fabric(1), node_item("node-1", address(1), "fd00:42::/64"))
    assert "no InternalIP for its IPv6 pod CIDR" in text


@pytest.mark.parametrize(
    ("cidrs", "text"),
    [
        ((), "has no pod CIDR"),
        (("10.42.0.0/33",), "has the pod CIDR '10.42.0.0/33', which is none"),
        ((pod_cidr(1), pod_cidr(1)), f"lists pod CIDR {pod_cidr(1)} twice"),
    ],
)
def test_row_whose_pod_cidr_is_unusable_is_told(cidrs: tuple[str, ...], text: str) -> None:
    """With the value."""
    assert problem(numbered_fabric(1), node_item("node-1", address(1), *cidrs)) == text


def test_first_of_two_equal_pod_cidrs_is_served() -> None:
    """It does the others, also of the same node."""
    placement = place(nodes(node_item("node-1", address(1), pod_cidr(1), pod_cidr(1))), numbered_fabric(1))
    assert (len(placement.placed), len(placement.unplaced)) == (1, 1)


def test_second_interface_in_the_network_is_the_one() -> None:
    """A machine with two interfaces is entered by the one that has the node's address."""
    machine = numbered_instance(1)
    front = replace(machine.nics[0], id="front", network=f"{NETWORK}-2", addresses=("192.0.2.1/32",))
    placed = place(numbered_nodes(1), fabric(replace(machine, nics=(front, machine.nics[0])))).placed
    assert placed[0].nic == machine.nics[0]


def test_empty_list_places_nothing() -> None:
    """Nor does it fail."""
    assert place(nodes(), numbered_fabric(2)).placed == ()
