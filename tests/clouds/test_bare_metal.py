"""No cloud: what Kubernetes says of the nodes decides, and the rest is a checklist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from l2bridge_helpers import apply, check, list_nodes, plan, prove
from l2bridge_helpers.checklist import COLUMNS, not_proven
from l2bridge_helpers.clouds.bare_metal import BareMetal
from l2bridge_helpers.errors import BlockedError, CloudError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.platforms import cloud_of, scope_of
from l2bridge_helpers.show import shown
from tests.builders import CLUSTER, node_item, nodes
from tests.pages import Pages, granted

SCOPE = scope_of("bare_metal", {})
CALICO = "projectcalico.org/IPv4Address"


@pytest.fixture
def messy() -> Iterator[Lab]:
    with Lab(world("bare-metal-messy")) as lab:
        yield lab


def _item(number: int, ip: str, prefix: str = "", **more: Any) -> dict[str, Any]:
    item = node_item(f"node-{number}", ip, f"10.42.{number}.0/24", **{"provider_id": "", **more})
    if prefix:
        item["metadata"]["annotations"][CALICO] = f"{ip}/{prefix}"
    return item


def _judged(*items: dict[str, Any], node_prefix: int = 0) -> tuple[Fabric, Findings]:
    table = nodes(*items)
    fabric = BareMetal(node_prefix=node_prefix).observe(table)
    return fabric, check(table, fabric, scope=SCOPE)


def _subnets(fabric: Fabric) -> dict[str, str]:
    return {subnet.id: subnet.zone for subnet in fabric.subnets}


def test_without_a_word_a_slash_24_is_taken_and_that_is_said() -> None:
    """What was guessed is a warning that names the parameter."""
    fabric, findings = _judged(_item(1, "10.0.0.1"), _item(2, "10.0.0.2"))
    assert _subnets(fabric) == {"10.0.0.0/24": "prefix: taken as usual"}
    (warning,) = [one for one in findings if one.object.startswith("prefix")]
    assert (warning.severity, "/24" in warning.found, "node_prefix" in warning.todo) == ("warning", True, True)


def test_the_parameter_decides() -> None:
    """Over what is written too; nothing is guessed then."""
    fabric, findings = _judged(_item(1, "10.0.0.1", "24"), _item(2, "10.0.1.2"), node_prefix=20)
    assert _subnets(fabric) == {"10.0.0.0/20": "prefix: parameter node_prefix"}
    assert findings.blocking == ()
    assert not [one for one in findings if one.object.startswith("prefix")]


def test_calicos_annotation_is_believed_also_for_the_others() -> None:
    """One node that shows the prefix tells it for those that do not; that these do not is still said."""
    fabric, findings = _judged(_item(1, "10.0.0.1", "20"), _item(2, "10.0.1.2"))
    assert _subnets(fabric) == {"10.0.0.0/20": "prefix: written on the nodes"}
    assert findings.blocking == ()
    assert [one.found for one in findings if "taken for /20" in one.found]


def test_an_annotation_about_another_address_says_nothing() -> None:
    """Calico may have found another interface than the one of the InternalIP."""
    item = _item(1, "10.0.0.1")
    item["metadata"]["annotations"][CALICO] = "172.16.0.1/16"
    assert _subnets(_judged(item)[0]) == {"10.0.0.0/24": "prefix: taken as usual"}


def test_ipv6_nodes_are_taken_for_a_slash_64() -> None:
    """The parameter is about IPv4."""
    item = node_item("node-1", "fd00::1", "fd42::/64", provider_id="")
    fabric, _ = _judged(item, node_prefix=20)
    assert list(_subnets(fabric)) == ["fd00::/64"]


def test_two_subnets_block_and_name_their_nodes() -> None:
    """One finding, with both groups."""
    _, findings = _judged(_item(1, "10.0.0.1"), _item(2, "10.0.1.2"))
    (finding,) = findings.blocking
    assert "10.0.0.0/24 (prefix: taken as usual): node-1 | 10.0.1.0/24" in finding.found
    assert "node_prefix" in finding.todo


def test_a_node_behind_nat_blocks() -> None:
    """Its peers would send to an address that is not in the subnet."""
    _, findings = _judged(_item(1, "10.0.0.1"), _item(2, "10.0.0.2", public_ip="203.0.113.2"))
    assert ["203.0.113.2" in one.found for one in findings.blocking] == [True]


def test_mixed_backends_block() -> None:
    """Nodes with different backends do not talk at all."""
    _, findings = _judged(_item(1, "10.0.0.1"), _item(2, "10.0.0.2", backend="vxlan"))
    assert [(one.object, "vxlan" in one.found) for one in findings.blocking] == [("node node-2", True)]


@pytest.mark.parametrize("scheme", ["aws:///eu-west-1a/i-01234567", "azure:///x", "gce://p/z/n"])
def test_machines_of_a_cloud_are_sent_to_its_runbook(scheme: str) -> None:
    """There the network has to be told, so "all is well" would be wrong."""
    _, findings = _judged(_item(1, "10.0.0.1", provider_id=scheme))
    assert [scheme in one.found for one in findings.errors] == [True]


@pytest.mark.parametrize("scheme", ["vsphere://4201", "openstack:///1", "rke2://node-1", "metal3://x", ""])
def test_other_provider_ids_do_not_matter(scheme: str) -> None:
    """Hypervisors' and distributions' IDs lead nowhere here."""
    assert _judged(_item(1, "10.0.0.1", provider_id=scheme))[1].errors == ()


def test_the_messy_world_shows_each_of_its_faults_and_writes_nothing(messy: Lab) -> None:
    """All at once, before anything is done."""
    table = list_nodes(str(messy.kubeconfig))
    cloud = cloud_of("bare_metal", {"node_prefix": 0})
    fabric = cloud.observe(table)
    findings, changes = check(table, fabric, scope=SCOPE), plan(table, fabric, cluster="lab", scope=SCOPE)
    assert {one.object for one in findings.blocking} == {"node node-3", "node node-4", "nodes"}
    with pytest.raises(BlockedError, match="are in 2 subnets"):
        apply(changes, cloud, findings=findings, mode="apply", confirm="lab", entries=Pages(), permit=granted)
    assert (changes.writes, messy.writes) == ((), [])


def test_a_sound_network_is_proved_by_its_one_subnet() -> None:
    """Nothing is sent, and what stands is said."""
    table = nodes(_item(1, "10.0.0.1"), _item(2, "10.0.0.2"))
    cloud = BareMetal()
    fabric = cloud.observe(table)
    changes = plan(table, fabric, cluster=CLUSTER, scope=SCOPE)
    findings = check(table, fabric, scope=SCOPE)
    results = apply(changes, cloud, findings=findings, mode="apply", confirm=CLUSTER, entries=Pages(), permit=granted)
    (row,) = prove(changes, results, cloud, table, fabric)
    assert (row.verdict, row.wanted) == ("ok", "one subnet for 2 nodes with IPv4")


def test_nothing_can_be_sent() -> None:
    """A change that gets here by mistake is refused."""
    table = nodes(_item(1, "10.0.0.1"))
    with pytest.raises(CloudError, match="there is no cloud here"):
        BareMetal().send(plan(table, _judged(_item(1, "10.0.0.1"))[0], cluster=CLUSTER).changes)


def test_what_is_not_proven_is_a_list_with_commands() -> None:
    """Each item says where, what to look at, and what mends it; it can be shown."""
    items = not_proven()
    assert all(getattr(item, column) for item in items for column in COLUMNS)
    assert {"Hyper-V", "vSphere", "KVM", "OpenStack", "Proxmox"} <= {
        item.where.partition(",")[0].split()[0].partition("/")[0] for item in items
    }
    assert "MacAddressSpoofing" in shown(items).text
