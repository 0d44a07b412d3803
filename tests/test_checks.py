from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from l2bridge_helpers.checks import check, check_nodes
from l2bridge_helpers.findings import Finding
from l2bridge_helpers.flannel import NetConf
from tests.builders import (
    FLANNEL,
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


def the_one(table: pd.DataFrame) -> Finding:
    """Return the only finding about these nodes."""
    findings = check_nodes(table)
    assert len(findings) == 1, findings
    return findings[0]


def with_condition(item: Json, kind: str, reason: str) -> Json:
    item["status"]["conditions"].append({"type": kind, "status": "False", "reason": reason})
    return item


def assert_complete(finding: Finding) -> None:
    """A finding says what was found, what it means, and what to do."""
    assert all([finding.object, finding.found, finding.meaning, finding.todo])


# Nothing is wrong.


@pytest.mark.parametrize("forwarding", [True, False])
def test_good_cluster_has_no_findings(forwarding: bool) -> None:  # noqa: FBT001 - two worlds
    """What the plan will mend is no finding."""
    assert list(check(numbered_nodes(5), numbered_fabric(5, forwarding=forwarding))) == []


def test_dual_stack_cluster_has_no_findings() -> None:
    """Each family is compared with its own."""
    item = node_item("node-1", address(1), pod_cidr(1), "fd00:42::/64")
    item["status"]["addresses"].append({"type": "InternalIP", "address": "fd00:10::2"})
    item["metadata"]["annotations"]["flannel.alpha.coreos.com/public-ipv6"] = "fd00:10::2"
    flannel = replace(FLANNEL, networks=("10.42.0.0/16", "fd00:42::/48"))
    assert check_nodes(nodes(item, numbered_item(2), flannel=flannel)) == []


# The list.


def test_empty_list_blocks() -> None:
    """An empty list is no reason to do anything."""
    finding = the_one(nodes())
    assert (finding.severity, finding.object) == ("blocking", "cluster")
    assert "no nodes" in finding.found


# Pod CIDRs.


def test_pod_cidr_of_two_nodes_blocks_and_names_both() -> None:
    """A packet could go to either."""
    items = [node_item(f"node-{number}", address(number), "10.42.7.0/24") for number in (1, 2, 3)]
    finding = the_one(nodes(*items, numbered_item(4)))
    assert (finding.severity, finding.object) == ("blocking", "nodes node-1, node-2, node-3")
    assert "10.42.7.0/24" in finding.found


def test_pod_cidr_written_in_two_ways_is_the_same_one() -> None:
    """Host bits do not hide a duplicate."""
    table = nodes(node_item("a", address(1), "10.42.7.0/24"), node_item("b", address(2), "10.42.7.9/24"))
    assert "same pod CIDR 10.42.7.0/24" in the_one(table).found


def test_every_duplicated_pod_cidr_is_told() -> None:
    """Two pairs are two findings."""
    items = [node_item(f"node-{n}", address(n), f"10.42.{n % 2}.0/24") for n in (1, 2, 3, 4)]
    assert [finding.object for finding in check_nodes(nodes(*items))] == [
        "nodes node-1, node-3",
        "nodes node-2, node-4",
    ]


@pytest.mark.parametrize(
    ("wide", "narrow"), [("10.42.0.0/23", "10.42.1.0/24"), ("10.42.0.0/24", "10.42.0.0/25"), ("fd00::/48", "fd00::/64")]
)
def test_overlapping_pod_cidrs_block_and_name_both(wide: str, narrow: str) -> None:
    """Packets for the one node's pods would go to the other, in whatever order they are listed."""
    for first, second in ((wide, narrow), (narrow, wide)):
        table = nodes(node_item("a", address(1), first), node_item("b", address(2), second), flannel=None)
        finding = next(finding for finding in check_nodes(table) if finding.severity == "blocking")
        text = str(finding)
        assert all(part in text for part in ("node a", "node b", wide, narrow))


def test_every_overlap_inside_a_wide_pod_cidr_is_told() -> None:
    """Not only the neighbour's."""
    items = [numbered_item(number) for number in (1, 2, 3)]
    findings = check_nodes(nodes(node_item("wide", address(9), "10.42.0.0/16"), *items))
    assert [finding.object for finding in findings] == ["node node-1", "node node-2", "node node-3"]
    assert {finding.severity for finding in findings} == {"blocking"}


def test_neighbouring_pod_cidrs_do_not_overlap() -> None:
    """Nor do the two of one node concern anyone else."""
    table = nodes(
        node_item("a", address(1), "10.42.0.0/24", "10.42.0.0/25"), node_item("b", address(2), "10.42.1.0/24")
    )
    assert check_nodes(table) == []


def test_pod_cidr_outside_flannels_network_blocks() -> None:
    """Flannel refuses such a lease; the finding names node, CIDR, Network and ConfigMap."""
    finding = the_one(nodes(numbered_item(1), node_item("stray", address(2), "10.43.0.0/24")))
    assert (finding.severity, finding.object) == ("blocking", "node stray")
    assert all(part in finding.found for part in ("10.43.0.0/24", "10.42.0.0/16", "kube-flannel/kube-flannel-cfg"))


def test_pod_cidr_wider_than_flannels_network_blocks() -> None:
    """It lies only partly inside."""
    assert "outside" in the_one(nodes(node_item("wide", address(1), "10.42.0.0/15"))).found


def test_every_pod_cidr_outside_is_told() -> None:
    """All offenders at once."""
    items = [node_item(f"node-{number}", address(number), f"10.43.{number}.0/24") for number in (1, 2)]
    text = " ".join(map(str, check_nodes(nodes(*items))))
    assert all(part in text for part in ("node-1", "10.43.1.0/24", "node-2", "10.43.2.0/24"))


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "127.0.0.0/24", "169.254.7.0/24", "224.0.0.0/24", "0.0.0.0/8", "::/0"])
def test_range_that_no_node_can_have_blocks(cidr: str) -> None:
    """A route for such a range would take away more than pods' packets."""
    finding = the_one(nodes(node_item("node-1", address(1), cidr), flannel=None))
    assert (finding.severity, finding.object) == ("blocking", "node node-1")
    assert cidr in finding.found


# Addresses.


def test_address_that_disagrees_with_flannels_blocks() -> None:
    """The peers send to flannel's address; the finding names both."""
    table = nodes(numbered_item(1), node_item("node-2", address(2), pod_cidr(2), public_ip="203.0.113.9"))
    finding = the_one(table)
    assert (finding.severity, finding.object) == ("blocking", "node node-2")
    assert address(2) in finding.found
    assert "203.0.113.9" in finding.found


def test_every_disagreeing_address_is_told() -> None:
    """All offenders at once."""
    items = [node_item(f"node-{n}", address(n), pod_cidr(n), public_ip="203.0.113.9") for n in (1, 2, 3)]
    assert [finding.object for finding in check_nodes(nodes(*items))] == ["node node-1", "node node-2", "node node-3"]


# Backends.


@pytest.mark.parametrize("backend", ["vxlan", "udp", "host_gw", ""])
def test_other_backend_in_the_config_map_blocks(backend: str) -> None:
    """These routes serve host-gw only; `host_gw` is a known typing error, and flannel's default is not host-gw."""
    items = [node_item(f"node-{n}", address(n), pod_cidr(n)) for n in (1, 2)]
    finding = the_one(nodes(*items, flannel=replace(FLANNEL, backend=backend)))
    assert (finding.severity, finding.object) == ("blocking", "ConfigMap kube-flannel/kube-flannel-cfg")
    assert repr(backend) in finding.found
    assert "host-gw" in finding.todo


def test_other_backend_on_some_nodes_blocks_and_names_them() -> None:
    """Mixed backends silently part the cluster."""
    others = [
        node_item(f"node-{n}", address(n), pod_cidr(n), backend=kind) for n, kind in ((2, "vxlan"), (3, "wireguard"))
    ]
    finding = the_one(nodes(numbered_item(1), *others))
    assert (finding.severity, finding.object) == ("blocking", "nodes node-2, node-3")
    assert "vxlan, wireguard" in finding.found


def test_config_map_that_cannot_be_read_is_a_warning() -> None:
    """The annotations still tell the backend."""
    conf = NetConf("kube-system/kube-flannel-cfg", problem="its net-conf.json is not JSON: line 1")
    finding = the_one(nodes(numbered_item(1), flannel=conf))
    assert (finding.severity, finding.object) == ("warning", "ConfigMap kube-system/kube-flannel-cfg")
    assert "not JSON: line 1" in finding.found


def test_nodes_where_flannel_has_not_started_are_a_warning() -> None:
    """Their routes will wait for it."""
    silent = [node_item(f"node-{n}", address(n), pod_cidr(n), backend="") for n in (2, 3)]
    finding = the_one(nodes(numbered_item(1), *silent))
    assert (finding.severity, finding.object) == ("warning", "nodes node-2, node-3")


def test_cluster_without_any_flannel_is_a_warning() -> None:
    """Whether pods are routed unencapsulated was not checked, and that is said."""
    items = [node_item(f"node-{n}", address(n), pod_cidr(n), backend="") for n in (1, 2)]
    finding = the_one(nodes(*items, flannel=None))
    assert (finding.severity, finding.object) == ("warning", "cluster")
    assert "not checked" in finding.meaning


def test_annotations_suffice_where_the_config_map_has_another_name() -> None:
    """Every node says host-gw: there is nothing to say."""
    assert check_nodes(nodes(numbered_item(1), numbered_item(2), flannel=None)) == []


# Other writers.


@pytest.mark.parametrize("reason", ["RouteCreated", "NoRouteCreated"])
def test_route_controller_blocks_and_names_its_nodes(reason: str) -> None:
    """Two writers would undo each other's work."""
    items = [with_condition(numbered_item(number), "NetworkUnavailable", reason) for number in (1, 2)]
    finding = the_one(nodes(*items, numbered_item(3)))
    assert (finding.severity, finding.object) == ("blocking", "nodes node-1, node-2")
    assert reason in finding.found
    assert "--configure-cloud-routes=false" in finding.todo


def test_dual_stack_offender_is_named_once() -> None:
    """A node with two pod CIDRs is one node."""
    item = with_condition(numbered_item(1), "NetworkUnavailable", "RouteCreated")
    item["spec"]["podCIDRs"].append("10.42.99.0/24")
    assert the_one(nodes(item)).object == "node node-1"


def test_flannels_own_condition_is_fine() -> None:
    """Network plugins set NetworkUnavailable too."""
    assert check_nodes(nodes(with_condition(numbered_item(1), "NetworkUnavailable", "FlannelIsUp"))) == []


# Nodes that cannot be served: the others are.


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (node_item("bad", address(2)), "has no pod CIDR"),
        (node_item("bad", address(2), "10.42.1.0"), "has the pod CIDR '10.42.1.0', which is none"),
        (node_item("bad", address(2), pod_cidr(2), pod_cidr(2)), "lists pod CIDR 10.42.1.0/24 twice"),
        (node_item("bad", "", pod_cidr(2)), "has no InternalIP"),
        (
            node_item("bad", address(2), pod_cidr(2), provider_id="aws:///eu-west-1a/i-0abc"),
            "another cloud, not of Google Compute Engine",
        ),
        (node_item("bad", address(2), pod_cidr(2), provider_id="gce://p/z/gone"), "there is no such instance"),
        (node_item("bad", "10.99.0.9", pod_cidr(2), provider_id=""), "has no such address"),
    ],
)
def test_node_that_cannot_be_served_is_an_error_and_does_not_block(item: Json, found: str) -> None:
    """The finding names it; nothing else is found, so the other nodes are served."""
    machines = (numbered_instance(1), instance("bad", address(2)))
    findings = check(nodes(numbered_item(1), item), fabric(*machines))
    assert [(finding.severity, finding.object) for finding in findings] == [("error", "node bad")]
    assert found in findings.items[0].found
    assert_complete(findings.items[0])


def test_every_node_that_cannot_be_served_is_told() -> None:
    """All offenders at once."""
    items = [node_item(f"bad-{number}", "10.99.0.9", pod_cidr(number), provider_id="") for number in (1, 2, 3)]
    findings = check(nodes(*items), fabric())
    assert [finding.object for finding in findings.errors] == ["node bad-1", "node bad-2", "node bad-3"]


def test_worst_stands_first() -> None:
    """Blocking findings before errors before warnings, whichever check made them."""
    items = [
        node_item("node-1", address(1)),
        node_item("node-2", address(2), pod_cidr(2), backend=""),
        node_item("node-3", address(3), "10.99.0.0/24"),
    ]
    findings = check(nodes(*items), fabric(*map(numbered_instance, (1, 2, 3))))
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=("blocking", "error", "warning").index)
    assert set(severities) == {"blocking", "error", "warning"}
    for finding in findings:
        assert_complete(finding)


def test_findings_are_the_same_for_any_order_of_the_list() -> None:
    """The API may list nodes in any order."""
    items = [node_item(f"node-{n}", address(n), f"10.42.{n % 3}.0/24", backend="vxlan") for n in range(1, 7)]
    machines = fabric(*map(numbered_instance, range(1, 7)))
    assert check(nodes(*items), machines) == check(nodes(*items[::-1]), machines)


def test_family_that_flannel_does_not_route_is_a_warning() -> None:
    """A dual-stack node in a cluster whose flannel has no IPv6Network: the cloud's route alone does not help."""
    finding = the_one(nodes(node_item("node-1", address(1), pod_cidr(1), "fd00:42::/64")))
    assert (finding.severity, finding.object) == ("warning", "ConfigMap kube-flannel/kube-flannel-cfg")
    assert "of node node-1" in finding.found


def test_network_that_is_none_is_a_warning() -> None:
    """A check that cannot be made is said not to be."""
    conf = NetConf("kube-flannel/kube-flannel-cfg", "host-gw", ("10.42.0.0",))
    finding = the_one(nodes(numbered_item(1), flannel=conf))
    assert (finding.severity, finding.found) == ("warning", "has the Network '10.42.0.0', which is none")
