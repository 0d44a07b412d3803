import copy
import json
from typing import Any

import pytest
from google.cloud import compute_v1
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.gce_names import route_description, route_name, rule_description, rule_name
from l2bridge_helpers.clouds.gce_read import (
    AUTO_MODE_RANGE,
    instance_of,
    path_of,
    route_of,
    rule_of,
    subnet_of,
    table_of,
)
from l2bridge_helpers.fabric import Instance, Limit, Nic, Route, Subnet
from l2bridge_helpers.filters import FIREWALL, Rule

Json = dict[str, Any]
API = "https://www.googleapis.com/compute/v1/"
PATH = "projects/p/zones/z/instances/node-1"
NETWORK = "projects/p/global/networks/main"
RAW: Json = {
    "id": "4718",
    "name": "node-1",
    "selfLink": API + PATH,
    "zone": API + "projects/p/zones/z",
    "status": "RUNNING",
    "canIpForward": True,
    "tags": {"items": ["k8s", "web"], "fingerprint": "x="},
    "metadata": {
        "items": [
            {"key": "other", "value": "x"},
            {"key": "created-by", "value": "projects/123/zones/z/instanceGroupManagers/workers"},
        ]
    },
    "networkInterfaces": [
        {
            "name": "nic0",
            "network": API + NETWORK,
            "subnetwork": API + "projects/p/regions/r/subnetworks/nodes",
            "networkIP": "10.0.0.2",
            "ipv6Address": "fd20:0:0:1::",
            "internalIpv6PrefixLength": 96,
            "aliasIpRanges": [{"ipCidrRange": "10.8.0.0/24"}],
        }
    ],
    "propertyOfTomorrow": {"kept": True},
}


# Ids.


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (API + PATH, PATH),
        ("https://compute.googleapis.com/compute/beta/" + PATH, PATH),
        ("http://127.0.0.1:8080/compute/v1/" + PATH, PATH),
        ("//compute.googleapis.com/" + PATH, PATH),
        (PATH, PATH),
        ("10.0.0.2", "10.0.0.2"),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_link_loses_its_host(link: object, path: str) -> None:
    """Ids compare equal whatever server and version they were read from."""
    assert path_of(link) == path


# Instances.


def test_instance_is_read_with_everything() -> None:
    """Every property stays, also those that no SDK knows."""
    nic = Nic(
        id=f"{PATH}/nic0",
        addresses=("10.0.0.2/32", "fd20:0:0:1::/96", "10.8.0.0/24"),
        subnet="projects/p/regions/r/subnetworks/nodes",
        network=NETWORK,
        forwarding=True,
    )
    expected = Instance(
        id=PATH,
        uid="4718",
        name="node-1",
        status="RUNNING",
        nics=(nic,),
        tags=("k8s", "web"),
        group="projects/p/zones/z/instanceGroupManagers/workers",
        properties=RAW,
    )
    assert expected == instance_of(RAW)


def test_first_address_is_the_private_one_of_each_family() -> None:
    """Alias ranges come after it."""
    nic = instance_of(RAW).nics[0]
    assert (nic.primary(4), nic.primary(6)) == ("10.0.0.2", "fd20:0:0:1::")


@pytest.mark.parametrize("value", [False, None, "true", 1])
def test_forwarding_is_on_only_when_the_api_says_true(value: object) -> None:
    """A missing property is off: the API leaves out what is false."""
    raw = {key: part for key, part in RAW.items() if key != "canIpForward"}
    assert not instance_of(raw).nics[0].forwarding
    assert not instance_of({**raw, "canIpForward": value}).nics[0].forwarding


def test_external_ipv6_of_an_interface_is_its_address_too() -> None:
    """It stands in `ipv6AccessConfigs`."""
    access = {"externalIpv6": "2600:1900:4000:1:0:0:0:0", "externalIpv6PrefixLength": 96}
    raw = {**RAW, "networkInterfaces": [{"networkIP": "10.0.0.2", "ipv6AccessConfigs": [access]}]}
    assert instance_of(raw).nics[0].addresses == ("10.0.0.2/32", "2600:1900:4000:1::/96")


@pytest.mark.parametrize(
    ("created_by", "group"),
    [
        ("projects/123/zones/z/instanceGroupManagers/g", "projects/p/zones/z/instanceGroupManagers/g"),
        ("projects/123/regions/r/instanceGroupManagers/g", "projects/p/regions/r/instanceGroupManagers/g"),
        (API + "projects/p/zones/z/instanceGroupManagers/g", "projects/p/zones/z/instanceGroupManagers/g"),
        ("someone", ""),
        (None, ""),
    ],
)
def test_group_is_known_by_created_by(created_by: object, group: str) -> None:
    """Compute Engine writes the project's number there; ids elsewhere have its name."""
    raw = {**RAW, "metadata": {"items": [{"key": "created-by", "value": created_by}]}}
    assert instance_of(raw).group == group


NONSENSE: tuple[Any, ...] = (None, 5, "text", [], {}, [None], [5], [{}], {"items": 5}, {"items": [None]})


@pytest.mark.parametrize("key", RAW)
@pytest.mark.parametrize("nonsense", NONSENSE, ids=json.dumps)
def test_property_of_a_wrong_type_is_no_crash(key: str, nonsense: Any) -> None:
    """It counts as missing."""
    found = instance_of({**RAW, key: nonsense})
    assert found.properties[key] == nonsense
    assert found.id.endswith("node-1") or key in ("selfLink", "name")


@pytest.mark.parametrize("key", RAW["networkInterfaces"][0])
@pytest.mark.parametrize("nonsense", NONSENSE, ids=json.dumps)
def test_interface_property_of_a_wrong_type_is_no_crash(key: str, nonsense: Any) -> None:
    """What is left of its addresses can be used."""
    raw = copy.deepcopy(RAW)
    raw["networkInterfaces"][0][key] = nonsense
    nic = instance_of(raw).nics[0]
    left = {"networkIP": "10.0.0.2/32", "aliasIpRanges": "10.8.0.0/24"}
    assert {address for name, address in left.items() if name != key} <= set(nic.addresses)
    assert not nic.owns("192.0.2.1")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from([*RAW, "items"]), part, max_size=4),
    )
)
def test_any_json_object_is_read(raw: Any) -> None:
    """Half-made, renamed or foreign resources do not stop the run."""
    if isinstance(raw, dict):
        assert raw == instance_of(raw).properties


# Subnets.


def test_subnet_has_all_of_its_ranges() -> None:
    """Primary, secondary and IPv6 ranges are all delivered by the network itself; each is told once."""
    subnet = compute_v1.Subnetwork(
        self_link=API + "projects/p/regions/r/subnetworks/nodes",
        ip_cidr_range="10.0.0.0/20",
        secondary_ip_ranges=[
            compute_v1.SubnetworkSecondaryRange(range_name="pods", ip_cidr_range="10.4.0.0/14"),
            compute_v1.SubnetworkSecondaryRange(range_name="services", ip_cidr_range="10.8.0.0/20"),
        ],
        internal_ipv6_prefix="fd20:0:0:1::/64",
        ipv6_cidr_range="fd20:0:0:1::/64",
        external_ipv6_prefix="2600:1900:4000:1::/64",
    )
    ranges = ("10.0.0.0/20", "10.4.0.0/14", "10.8.0.0/20", "fd20:0:0:1::/64", "2600:1900:4000:1::/64")
    assert Subnet("projects/p/regions/r/subnetworks/nodes", ranges) == subnet_of(subnet)


def test_subnet_of_ipv6_only_has_no_empty_range() -> None:
    """What is not there is left out."""
    assert subnet_of(compute_v1.Subnetwork(internal_ipv6_prefix="fd20::/64")).cidrs == ("fd20::/64",)


# Routes.


def own_route(**fields: Any) -> compute_v1.Route:
    name = route_name(cluster="blue", network="main", node="node-1", destination="10.42.0.0/24", next_hop=PATH)
    description = route_description(cluster="blue", node="node-1")
    common = {"name": name, "network": API + NETWORK, "description": description, "priority": 1000}
    return compute_v1.Route(**{**common, "dest_range": "10.42.0.0/24", "next_hop_instance": API + PATH, **fields})


def test_own_route_is_read_with_its_marks_and_state() -> None:
    """Owner, node, status and warnings."""
    warning = compute_v1.Warnings(code="NEXT_HOP_NOT_RUNNING", message="Next hop is not running.")
    raw = own_route(route_status="INACTIVE", warnings=[warning], tags=["k8s"])
    expected = Route(
        name=raw.name,
        destination="10.42.0.0/24",
        next_hop=PATH,
        table=NETWORK,
        priority=1000,
        cluster="blue",
        node="node-1",
        tags=("k8s",),
        description=raw.description,
        status="INACTIVE",
        warnings=("NEXT_HOP_NOT_RUNNING: Next hop is not running.",),
    )
    assert expected == route_of(raw)


@pytest.mark.parametrize("change", [{"name": "by-hand"}, {"description": ""}, {"description": "k8s-node-route"}])
def test_route_with_one_mark_only_is_someone_elses(change: Json) -> None:
    """Ownership needs both."""
    assert (route_of(own_route(**change)).cluster, route_of(own_route(**change)).node) == ("", "")


HOPS = [name for name in compute_v1.Route.meta.fields if name.startswith("next_hop_")]
NO_HOPS = ("next_hop_inter_region_cost", "next_hop_med", "next_hop_origin")
"""Properties of a next hop, not where it leads."""


@pytest.mark.parametrize("hop", [name for name in HOPS if name not in NO_HOPS])
def test_every_kind_of_next_hop_is_read(hop: str) -> None:
    """A route that seems to lead nowhere could be taken for one that is not in the way."""
    raw = compute_v1.Route(name="r", dest_range="10.42.0.0/24", **{hop: "projects/p/x"})
    assert route_of(raw).next_hop == "projects/p/x"


@pytest.mark.parametrize(("written", "read"), [("FD00:42:0::/64", "fd00:42::/64"), ("0.0.0.0/0", "0.0.0.0/0")])
def test_destination_is_written_in_one_way(written: str, read: str) -> None:
    """So that it compares equal to a pod CIDR."""
    assert route_of(own_route(dest_range=written)).destination == read


# The table.


def table(*routes: compute_v1.Route, auto: bool = False, quotas: tuple[compute_v1.Quota, ...] = ()) -> Any:
    network = compute_v1.Network(name="main", self_link=API + NETWORK, auto_create_subnetworks=auto)
    return table_of(network, routes, quotas)


def quota(metric: str, limit: float, usage: float) -> compute_v1.Quota:
    return compute_v1.Quota(metric=metric, limit=limit, usage=usage)


def test_table_holds_the_routes_of_its_network_only() -> None:
    """A project has routes of many networks."""
    other = own_route(name="other", network=API + "projects/p/global/networks/main-2")
    assert [route.destination for route in table(own_route(), other).routes] == ["10.42.0.0/24"]


def test_auto_mode_network_keeps_its_range() -> None:
    """No route may lie in 10.128.0.0/9 there, whatever subnets exist."""
    assert table(auto=True).reserved == (AUTO_MODE_RANGE,)
    assert table().reserved == ()


def test_live_quota_is_the_limit() -> None:
    """With what says so."""
    found = table(quotas=(quota("NETWORKS", 5, 1), quota("ROUTES", 200, 17)))
    assert found.limits == (Limit(200, 17, "quota ROUTES of project p"),)


def test_quota_of_the_network_comes_before_the_projects() -> None:
    """The project's is no longer enforced where there is one per network."""
    found = table(quotas=(quota("ROUTES", 200, 17), quota("STATIC_ROUTES_PER_NETWORK", 300, 4)))
    assert found.limits == (Limit(300, 4, "quota STATIC_ROUTES_PER_NETWORK of project p"),)


def test_unknown_quota_is_no_limit() -> None:
    """Nothing is guessed."""
    assert table().limits == ()


# Filters.


def test_firewall_rule_is_read() -> None:
    """Ports stand behind their protocol; targets are tags and accounts; without a priority it has the default."""
    rule = compute_v1.Firewall(
        name="allow-pods",
        network=API + NETWORK,
        source_ranges=["10.42.0.0/16"],
        allowed=[compute_v1.Allowed(I_p_protocol="tcp", ports=["80", "443"]), compute_v1.Allowed(I_p_protocol="udp")],
        target_tags=["k8s"],
        target_service_accounts=["nodes@p.iam.gserviceaccount.com"],
    )
    expected = Rule(
        kind=FIREWALL,
        list=NETWORK,
        name="allow-pods",
        number=1000,
        allow=True,
        inbound=True,
        sources=("10.42.0.0/16",),
        protocols=("tcp:80,443", "udp"),
        on=("k8s", "nodes@p.iam.gserviceaccount.com"),
        properties=compute_v1.Firewall.to_dict(rule),
    )
    assert expected == rule_of(rule)


def test_rule_for_the_way_out_selects_receivers() -> None:
    """Its ranges are those of the other side; priority 0 is one."""
    rule = rule_of(
        compute_v1.Firewall(
            name="r",
            direction="EGRESS",
            priority=0,
            destination_ranges=["10.0.0.0/8", "fd00:0042:0::/64", "192.0.2.1"],
            denied=[compute_v1.Denied(I_p_protocol="all")],
        )
    )
    assert (rule.inbound, rule.number, rule.sources) == (False, 0, ())
    assert rule.destinations == ("10.0.0.0/8", "fd00:42::/64", "192.0.2.1/32")
    assert rule.on is None


def test_senders_by_tag_and_account_are_peers() -> None:
    """They match interfaces' own addresses, which pods do not have."""
    rule = rule_of(compute_v1.Firewall(name="r", source_tags=["web"], source_service_accounts=["a@b"]))
    assert (rule.sources, rule.peers) == ((), ("web", "a@b"))


@pytest.mark.parametrize(
    ("named", "described", "cluster"), [(True, True, "blue"), (True, False, ""), (False, True, ""), (False, False, "")]
)
def test_rule_is_ours_by_both_parts_of_its_mark(named: bool, described: bool, cluster: str) -> None:  # noqa: FBT001 - pytest's
    """A name that anybody could give is not enough, nor is a description that was copied."""
    name = rule_name(cluster="blue", network="main", version=4, ranges=()) if named else "allow-pods"
    rule = rule_of(compute_v1.Firewall(name=name, description=rule_description(cluster="blue") if described else ""))
    assert rule.cluster == cluster


def test_rule_that_denies_or_sleeps_lets_nothing_in() -> None:
    """Both are told apart from one that allows."""
    rule = rule_of(compute_v1.Firewall(name="r", denied=[compute_v1.Denied(I_p_protocol="all")], disabled=True))
    assert (rule.allow, rule.enabled, rule.protocols) == (False, False, ("all",))
