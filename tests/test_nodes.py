import copy
import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.errors import KubernetesError
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.nodes import (
    COLUMNS,
    list_nodes,
    natural_key,
    net_conf,
    node_names,
    node_rows,
    nodes_table,
    parse_cidr,
)
from tests.builders import FLANNEL, node_item, nodes, numbered_nodes, rows_of

Json = dict[str, Any]
IPV6 = {"type": "InternalIP", "address": "fd00:10::2"}


def with_addresses(item: Json, *addresses: Json) -> Json:
    return {**item, "status": {**item["status"], "addresses": list(addresses)}}


def test_first_columns_are_those_of_the_kubectl_command() -> None:
    """The table begins with nodeName, nodeIP, routeDestination, and always has the same columns."""
    assert list(COLUMNS) == list(numbered_nodes(2).columns)
    assert list(COLUMNS[:3]) == ["nodeName", "nodeIP", "routeDestination"]


def test_empty_list_keeps_its_columns_and_types() -> None:
    """A table without rows looks like one with rows."""
    full, empty = numbered_nodes(1), nodes()
    assert list(full.columns) == list(empty.columns)
    assert list(full.dtypes) == list(empty.dtypes)
    assert node_rows(empty) == ()


def test_row_tells_everything_about_a_node() -> None:
    """One row carries what the checks and the plan need, in plain words."""
    item = node_item("node-1", "10.10.0.2", "10.42.0.0/24", provider_id="gce://p/z/node-1", os="windows")
    assert rows_of(item) == [
        {
            "nodeName": "node-1",
            "nodeIP": "10.10.0.2",
            "routeDestination": "10.42.0.0/24",
            "os": "windows",
            "ready": True,
            "providerID": "gce://p/z/node-1",
            "flannelPublicIP": "10.10.0.2",
            "backendType": "host-gw",
            "routeController": "",
        }
    ]


def test_dual_stack_node_has_a_row_and_an_address_for_each_family() -> None:
    """Each pod CIDR gets the InternalIP and flannel's address of its own family."""
    item = node_item("a", "10.0.0.2", "10.42.0.0/24", "fd00:42::/64")
    item["metadata"]["annotations"]["flannel.alpha.coreos.com/public-ipv6"] = "fd00:10::2"
    item["status"]["addresses"].append(IPV6)
    found = [(row["routeDestination"], row["nodeIP"], row["flannelPublicIP"]) for row in rows_of(item)]
    assert found == [("10.42.0.0/24", "10.0.0.2", "10.0.0.2"), ("fd00:42::/64", "fd00:10::2", "fd00:10::2")]


def test_address_is_the_internal_one_whatever_stands_first() -> None:
    """`status.addresses[0]` can be a host name, an external address or the other family."""
    item = with_addresses(
        node_item("a", "", "10.42.0.0/24"),
        {"type": "Hostname", "address": "a"},
        {"type": "ExternalIP", "address": "203.0.113.9"},
        IPV6,
        {"type": "InternalIP", "address": "10.0.0.2"},
    )
    assert rows_of(item)[0]["nodeIP"] == "10.0.0.2"


def test_of_several_internal_addresses_flannels_is_taken() -> None:
    """The peers send pod packets to flannel's address, so among a node's own ones that is the next hop."""
    item = with_addresses(
        node_item("a", "10.0.0.2", "10.42.0.0/24", public_ip="10.9.0.2"),
        {"type": "InternalIP", "address": "10.0.0.2"},
        {"type": "InternalIP", "address": "10.9.0.2"},
    )
    assert rows_of(item)[0]["nodeIP"] == "10.9.0.2"


def test_address_of_the_other_family_does_not_count() -> None:
    """An IPv4 pod CIDR is not led to an IPv6 address."""
    item = with_addresses(node_item("a", "", "10.42.0.0/24"), IPV6)
    assert rows_of(item)[0]["nodeIP"] == ""


def test_addresses_are_written_in_one_way() -> None:
    """The same IPv6 address, written by kubelet and by flannel in two ways, compares equal."""
    item = with_addresses(node_item("a", "", "fd00:42::/64"), {"type": "InternalIP", "address": "FD00:10:0:0:0:0:0:2"})
    item["metadata"]["annotations"]["flannel.alpha.coreos.com/public-ipv6"] = "fd00:10::0002"
    row = rows_of(item)[0]
    assert (row["nodeIP"], row["flannelPublicIP"]) == ("fd00:10::2", "fd00:10::2")


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("10.42.0.7/24", "10.42.0.0/24"),
        (" 10.42.0.0/24 ", "10.42.0.0/24"),
        ("FD00:42:0:0::1/64", "fd00:42::/64"),
        ("10.42.0.0", "10.42.0.0"),
        ("10.42.0.0/33", "10.42.0.0/33"),
        ("nonsense/24", "nonsense/24"),
    ],
)
def test_cidrs_are_normalised_or_left_as_written(written: str, normalised: str) -> None:
    """What is a CIDR is written in one way; what is none stays, to be shown."""
    assert rows_of(node_item("a", "10.0.0.2", written))[0]["routeDestination"] == normalised


@given(st.ip_addresses(), st.integers(0, 32))
def test_parse_cidr_clears_host_bits(address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> None:
    """Every address with a length is a network, and a network parses to itself."""
    network = parse_cidr(f"{address}/{length}")
    assert network is not None
    assert address in network
    assert network == parse_cidr(str(network))


def test_names_are_sorted_as_people_count() -> None:
    """node-2 stands before node-10."""
    table = nodes(*(node_item(name, "10.0.0.2") for name in ("node-10", "win-1", "node-2", "node-1")))
    assert node_names(table) == ("node-1", "node-2", "node-10", "win-1")


@given(st.lists(st.text("0123456789ab-.", max_size=8)))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    """No two names are incomparable, and different names never have the same key."""
    ordered = sorted(set(names), key=natural_key)
    assert len(ordered) == len({natural_key(name) for name in ordered})


def test_every_pod_cidr_has_a_row_and_every_node_one_name() -> None:
    """One row per node and pod CIDR; a node without any has one row too."""
    table = nodes(node_item("a", "10.0.0.2", "10.42.0.0/24", "10.42.1.0/24"), node_item("b", "10.0.0.3"))
    assert list(table["routeDestination"]) == ["10.42.0.0/24", "10.42.1.0/24", ""]
    assert node_names(table) == ("a", "b")


def test_pod_cidr_counts_where_pod_cidrs_is_missing() -> None:
    """Old API servers write `spec.podCIDR` only."""
    item = node_item("a", "10.0.0.2", "10.42.0.0/24")
    del item["spec"]["podCIDRs"]
    assert [row["routeDestination"] for row in rows_of(item)] == ["10.42.0.0/24"]


def test_pod_cidr_beside_other_pod_cidrs_is_not_lost() -> None:
    """Where the two fields contradict each other both are shown."""
    item = node_item("a", "10.0.0.2", "10.42.0.0/24")
    item["spec"]["podCIDR"] = "10.42.9.0/24"
    assert [row["routeDestination"] for row in rows_of(item)] == ["10.42.9.0/24", "10.42.0.0/24"]


def test_cidr_listed_twice_stays_listed_twice() -> None:
    """It is for the checks to say so."""
    rows = rows_of(node_item("a", "10.0.0.2", "10.42.0.0/24", "10.42.0.9/24"))
    assert [row["routeDestination"] for row in rows] == ["10.42.0.0/24", "10.42.0.0/24"]


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([{"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}], "RouteCreated"),
        ([{"type": "NetworkUnavailable", "status": "True", "reason": "NoRouteCreated"}], "NoRouteCreated"),
        ([{"type": "NetworkUnavailable", "status": "False", "reason": "FlannelIsUp"}], ""),
        ([{"type": "Ready", "status": "True", "reason": "RouteCreated"}], ""),
        ([], ""),
    ],
)
def test_route_controller_is_known_by_its_reason(conditions: list[Json], reason: str) -> None:
    """Only NetworkUnavailable's RouteCreated and NoRouteCreated tell of a route controller; flannel's own does not."""
    item = node_item("a", "10.0.0.2", "10.42.0.0/24")
    item["status"]["conditions"] = conditions
    assert rows_of(item)[0]["routeController"] == reason


@pytest.mark.parametrize("status", ["False", "Unknown", None])
def test_node_is_ready_only_when_it_says_so(status: str | None) -> None:
    """Unknown is not ready."""
    item = node_item("a", "10.0.0.2")
    item["status"]["conditions"] = [{"type": "Ready", "status": status}]
    assert rows_of(item)[0]["ready"] is False


@pytest.mark.parametrize(
    ("labels", "reported", "system"),
    [
        ({"kubernetes.io/os": "windows"}, None, "windows"),
        ({"beta.kubernetes.io/os": "windows"}, None, "windows"),
        ({"kubernetes.io/os": "linux"}, "windows", "windows"),
        ({}, None, ""),
    ],
)
def test_system_is_found_in_old_and_new_clusters(labels: Json, reported: str | None, system: str) -> None:
    """What the kubelet reports counts first, then the label, then its old name."""
    item = node_item("a", "10.0.0.2")
    item["metadata"]["labels"] = labels
    item["status"]["nodeInfo"] = {"operatingSystem": reported}
    assert rows_of(item)[0]["os"] == system


NONSENSE: tuple[Any, ...] = (None, 5, "text", [], {}, [None], [5], [{}], [{"type": "InternalIP", "address": 7}])
FIELDS = (
    ("spec",),
    ("status",),
    ("spec", "podCIDRs"),
    ("spec", "podCIDR"),
    ("spec", "providerID"),
    ("status", "addresses"),
    ("status", "conditions"),
    ("status", "nodeInfo"),
    ("metadata", "annotations"),
    ("metadata", "labels"),
    ("metadata", "annotations", "flannel.alpha.coreos.com/public-ip"),
    ("metadata", "annotations", "flannel.alpha.coreos.com/backend-type"),
)


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
@pytest.mark.parametrize("nonsense", NONSENSE, ids=json.dumps)
def test_field_of_a_wrong_type_is_no_crash(path: tuple[str, ...], nonsense: Any) -> None:
    """A field that is null or of a wrong type makes a poorer row of the node, and keeps its types."""
    item = copy.deepcopy(node_item("a", "10.0.0.2", "10.42.0.0/24"))
    parent: Any = item
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = nonsense
    rows = rows_of(item)
    assert {row["nodeName"] for row in rows} == {"a"}
    for row in rows:
        assert {type(value) for name, value in row.items() if name != "ready"} == {str}
        assert isinstance(row["ready"], bool)


@pytest.mark.parametrize("item", [None, 5, "x", [], {}, {"metadata": None}, {"metadata": {"name": ""}}])
def test_item_without_a_name_refuses_the_whole_list(item: Any) -> None:
    """Half a list is never used: what is missing from it would look like a node that is gone."""
    with pytest.raises(KubernetesError, match=r"item 1 has no metadata\.name"):
        nodes_table([node_item(), item])


def test_flannels_configuration_travels_with_the_table() -> None:
    """The table carries flannel's configuration, also through a copy."""
    assert net_conf(numbered_nodes(1).copy()) == FLANNEL


def test_list_nodes_reads_the_lab(lab: Lab) -> None:
    """Nodes and flannel's configuration come from the API, in two requests, without a change."""
    table = list_nodes(str(lab.kubeconfig), "lab")
    assert node_names(table) == ("node-1", "node-2", "node-3", "node-4", "win-1", "win-2")
    assert net_conf(table).backend == "host-gw"
    assert [request.path for request in lab.requests] == [
        "/api/v1/nodes",
        "/api/v1/namespaces/kube-flannel/configmaps/kube-flannel-cfg",
    ]
    assert lab.writes == []


def test_external_address_first_does_not_mislead(lab: Lab) -> None:
    """node-3 of the lab lists its host name and its external address before the internal one."""
    table = list_nodes(str(lab.kubeconfig))
    assert list(table.loc[table["nodeName"] == "node-3", "nodeIP"]) == ["10.10.0.4"]


def test_flannel_in_kube_system_is_found(lab: Lab) -> None:
    """RKE1 keeps flannel's ConfigMap in kube-system."""
    lab.world.config_maps[0]["metadata"]["namespace"] = "kube-system"
    assert net_conf(list_nodes(str(lab.kubeconfig))).source == "kube-system/kube-flannel-cfg"


def test_cluster_without_flannel_has_no_configuration(lab: Lab) -> None:
    """No ConfigMap is no error: it is for the checks to say so."""
    lab.world.config_maps.clear()
    assert net_conf(list_nodes(str(lab.kubeconfig))).source == ""
