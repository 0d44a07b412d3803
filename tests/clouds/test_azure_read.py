"""ARM's answers as values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.azure_machines import needs_upgrade
from l2bridge_helpers.clouds.azure_names import route_label, tag_of
from l2bridge_helpers.clouds.azure_read import (
    ROUTES_PER_TABLE,
    configurations,
    flat,
    in_force_of,
    instance_of,
    is_uniform,
    limit_of,
    nic_of,
    region_of,
    route_parts,
    subnet_of,
    table_of,
    template_of,
    upgrade_mode,
)
from l2bridge_helpers.clouds.azure_rules import group_of, rules_of
from l2bridge_helpers.errors import CloudError
from tests.azure_values import (
    ETAG,
    HOME,
    NETWORK,
    REGION,
    arm,
    own_route,
    raw_configuration,
    raw_group,
    raw_nic,
    raw_route,
    raw_rule,
    raw_scale_set,
    raw_subnet,
    raw_table,
)

MACHINE = arm("Microsoft.Compute/virtualMachines/Node-1")
WEB = arm("Microsoft.Network/applicationSecurityGroups/web")
JUNK = [None, 7, "text", [None, 7, "text"], {"a": 1}, True]


# Interfaces and machines.


def test_an_interface_is_read() -> None:
    """Its id has no subscription, its network's has."""
    nic = nic_of(raw_nic())
    assert (nic.id, nic.subnet, nic.network) == ("cluster-rg/node-1-nic", "cluster-rg/main/a", NETWORK)
    assert (nic.addresses, nic.forwarding, nic.fixed) == (("10.10.0.4/32",), False, "")
    assert (nic.properties["etag"], nic.properties["resourceGuid"]) == (ETAG, "guid-1")


def test_addresses_stand_primary_first_and_once() -> None:
    """Several configurations, IPv6 and ranges are delivered too, in one way of writing."""
    entries = [
        raw_configuration("10.10.0.9", primary=False),
        raw_configuration("FD00:10:0::4", primary=False),
        raw_configuration("10.10.0.4", primary=True),
        raw_configuration("10.10.1.0", primary=False, privateIPAddressPrefixLength=28),
        raw_configuration("10.10.0.9", primary=False),
    ]
    nic = nic_of(raw_nic(ipConfigurations=entries))
    assert nic.addresses == ("10.10.0.4/32", "10.10.0.9/32", "fd00:10::4/128", "10.10.1.0/28")
    assert configurations(raw_nic(ipConfigurations=entries))[0]["privateIPAddress"] == "10.10.0.4"


def test_an_interface_is_in_the_subnet_of_its_primary_address() -> None:
    """Wherever that stands."""
    entries = [raw_configuration("10.10.1.9", "b", primary=False), raw_configuration("10.10.0.4", "a", primary=True)]
    assert nic_of(raw_nic(ipConfigurations=entries)).subnet == "cluster-rg/main/a"


def test_reads_in_another_letter_case_are_equal() -> None:
    """Two answers about one interface compare equal, apart from what they carry along."""
    raw = raw_nic()
    there = {"id": arm("Microsoft.Network/virtualNetworks/MAIN/subnets/A").upper()}
    other = raw_nic(ipConfigurations=[raw_configuration("10.10.0.4", subnet="a") | {}])
    other["id"] = raw["id"].upper()
    other["properties"]["ipConfigurations"][0]["properties"]["subnet"] = there
    one, two = nic_of(raw), nic_of(other)
    assert (one.id, one.subnet, one.network) == (two.id, two.subnet, two.network)


@pytest.mark.parametrize(
    ("shown", "forwarding"), [(True, True), (False, False), (None, False), ("true", False), (1, False)]
)
def test_forwarding_is_only_what_azure_says_is_on(shown: object, forwarding: bool) -> None:  # noqa: FBT001 - pytest's
    """What is not said counts as off: then it is turned on."""
    assert nic_of(raw_nic(enableIPForwarding=shown)).forwarding is forwarding


def test_a_machines_primary_interface_stands_first() -> None:
    """ARM lists them in any order; the machine is told from one of the same name by that interface."""
    nics = [raw_nic(3, primary=None), raw_nic(2, primary=False), raw_nic(9, primary=True)]
    machine = instance_of(MACHINE, nics, group="g")
    assert [nic.id[-5] for nic in machine.nics] == ["9", "2", "3"]
    assert (machine.id, machine.uid, machine.name, machine.group) == (f"{HOME}/node-1", "guid-9", "node-1", "g")


def test_a_machine_can_call_itself_otherwise() -> None:
    """An instance of a scale set has a number for a name."""
    assert instance_of(MACHINE, [raw_nic()], name="pool000001").name == "pool000001"


def test_a_machine_without_interface_is_known_by_its_id() -> None:
    """There is nothing better."""
    assert (instance_of(MACHINE, []).uid, instance_of("", []).name) == (f"{HOME}/node-1", "")


# Subnets.


@pytest.mark.parametrize(
    ("properties", "cidrs"),
    [
        ({"addressPrefix": "10.10.0.0/24"}, ("10.10.0.0/24",)),
        ({"addressPrefixes": ["10.10.0.0/24", "fd00:10::/64"]}, ("10.10.0.0/24", "fd00:10::/64")),
        ({"addressPrefix": "10.10.0.0/24", "addressPrefixes": ["10.10.0.0/24"]}, ("10.10.0.0/24",)),
        ({"addressPrefix": None, "addressPrefixes": None}, ()),
    ],
)
def test_a_subnets_ranges_stand_in_either_property(properties: dict[str, object], cidrs: tuple[str, ...]) -> None:
    """Dual-stack ones have a list."""
    assert subnet_of({"id": raw_subnet()["id"], "properties": properties}).cidrs == cidrs


def test_a_subnet_has_a_table_or_none() -> None:
    """Everything else of it is kept."""
    bare, given = subnet_of(raw_subnet()), subnet_of(raw_subnet("a", "Pods", delegations=[]))
    assert (bare.id, bare.table, given.table) == ("cluster-rg/main/a", "", f"{HOME}/pods")
    assert (given.properties["delegations"], given.properties["etag"]) == ([], ETAG)


# Tables.


def test_a_route_is_ours_by_its_name_and_the_tag_of_its_table() -> None:
    """Others in the same table stay others'."""
    routes = [
        own_route(1),
        raw_route("by-hand", "10.42.2.0/24", "10.10.0.5"),
        own_route(3, cluster="green"),
        {**own_route(4), "name": route_label("blue", "10.42.4.0/24").upper()},
    ]
    table = table_of(raw_table("Pods", *routes, tags=tag_of("blue") | {"owner": "ops"}))
    assert [route.cluster for route in table.routes] == ["blue", "", "", "blue"]
    assert [route.name for route in table.routes] == [
        "cluster-rg/pods/l2b-blue-10.42.1.0_24",
        "cluster-rg/pods/by-hand",
        "cluster-rg/pods/l2b-green-10.42.3.0_24",
        "cluster-rg/pods/l2b-blue-10.42.4.0_24",
    ]
    assert (table.id, table.location, table.exists) == (f"{HOME}/pods", REGION, True)


def test_without_the_tag_no_route_is_ours() -> None:
    """Whatever it is called."""
    assert [route.cluster for route in table_of(raw_table("pods", own_route(1), tags={})).routes] == [""]


def test_our_tags_are_marks_in_any_letter_case_and_no_property() -> None:
    """Other tags are kept as they are, and a write of ours has to leave them so."""
    table = table_of(raw_table("pods", own_route(1), tags={"L2Bridge:Blue": "blue", "Owner": "ops"}))
    assert table.marks == {"l2bridge:blue": "blue", "Owner": "ops"}
    assert table.properties["tags"] == {"Owner": "ops"}
    assert [route.cluster for route in table.routes] == ["blue"]


def test_a_tables_properties_are_what_is_not_ours() -> None:
    """Other routes with everything that they carry, and whatever else the table has."""
    foreign = raw_route("By-Hand", "10.9.0.0/16", kind="Internet", provisioningState="Succeeded")
    table = table_of(raw_table("pods", own_route(1), foreign, disableBgpRoutePropagation=True, new={"a": 1}))
    assert table.properties["routes of others"] == {"By-Hand": foreign}
    assert (table.properties["disableBgpRoutePropagation"], table.properties["new"]) == (True, {"a": 1})
    assert "routes" not in table.properties


@pytest.mark.parametrize(
    ("prefix", "hop", "kind", "destination", "next_hop"),
    [
        ("10.42.1.9/24", "10.10.0.4", "VirtualAppliance", "10.42.1.0/24", "10.10.0.4"),
        ("FD00:42::/64", "fd00::4", "VirtualAppliance", "fd00:42::/64", "fd00::4"),
        ("10.42.1.0/24", "10.10.0.4", "virtualappliance", "10.42.1.0/24", "10.10.0.4"),
        ("10.0.0.0/8", "", "VirtualAppliance", "10.0.0.0/8", "VirtualAppliance"),
        ("10.0.0.0/8", "", "VirtualApplianceEcmp", "10.0.0.0/8", "VirtualApplianceEcmp"),
        ("10.0.0.0/8", "", "None", "10.0.0.0/8", "None"),
        ("10.0.0.0/8", "", "VnetLocal", "10.0.0.0/8", "VnetLocal"),
        ("0.0.0.0/0", "10.10.0.4", "Internet", "0.0.0.0/0", "Internet"),
        ("0.0.0.0/0", "", "VirtualNetworkGateway", "0.0.0.0/0", "VirtualNetworkGateway"),
        ("Storage.WestEurope", "", "Internet", "Storage.WestEurope", "Internet"),
        (None, None, None, "", ""),
    ],
)
def test_a_route_leads_to_an_address_or_is_of_a_kind(
    prefix: object, hop: object, kind: object, destination: str, next_hop: str
) -> None:
    """Destinations have one way of writing; a service tag has no range; only appliances have an address."""
    assert route_parts(raw_route("Route", prefix, hop, kind)) == ("Route", destination, next_hop)


def test_the_limit_is_azures_or_the_operators() -> None:
    """Every route counts, whoever made it, and it is said where the number comes from."""
    raw = raw_table("pods", own_route(1), raw_route("by-hand", "10.9.0.0/16", kind="None"))
    (published,), (told,) = table_of(raw).limits, table_of(raw, 400).limits
    assert (published.most, published.used, published.version) == (ROUTES_PER_TABLE, 2, 0)
    assert "route_limit" in published.source
    assert (told.most, told.used, told.source) == (400, 2, "parameter route_limit")
    assert limit_of(0).used == 0


@pytest.mark.parametrize(("shown", "region"), [("westeurope", REGION), ("West Europe", REGION), (None, ""), (7, "")])
def test_regions_have_one_way_of_writing(shown: object, region: str) -> None:
    """ARM answers with both, depending on who wrote it."""
    assert region_of({"location": shown}) == region


# Scale sets.


@pytest.mark.parametrize(
    ("interfaces", "forwarding"),
    [
        (({"enableIPForwarding": True},), True),
        (({"enableIPForwarding": False},), False),
        (({},), False),
        (({"enableIPForwarding": True}, {"primary": True}), False),
        (({}, {"primary": True, "enableIPForwarding": True}), True),
        (({"enableIPForwarding": "true"},), False),
    ],
)
def test_a_template_forwards_where_the_nodes_address_is(
    interfaces: tuple[dict[str, object], ...], forwarding: bool  # noqa: FBT001 - pytest's
) -> None:  # fmt: skip
    """At the primary interface, or the only one."""
    template = template_of(raw_scale_set(*interfaces))
    assert (template.group, template.id) == (f"{HOME}/pool", f"{HOME}/pool")
    assert (template.forwarding, template.changeable) == (forwarding, True)


def test_a_model_without_interfaces_cannot_be_changed() -> None:
    """There is nothing to turn on."""
    template = template_of(raw_scale_set())
    assert (template.forwarding, template.changeable) == (False, False)


@pytest.mark.parametrize(
    ("mode", "forwarding", "upgraded"),
    [
        ("Manual", False, True),
        ("manual", False, True),
        ("", False, True),
        ("Automatic", False, False),
        ("Rolling", False, False),
        ("Automatic", True, True),
    ],
)
def test_instances_follow_by_themselves_or_are_upgraded(mode: str, forwarding: bool, upgraded: bool) -> None:  # noqa: FBT001 - pytest's
    """`Manual`, also where nothing is said; and where the model is right already, waiting would not help."""
    raw = raw_scale_set({"enableIPForwarding": forwarding}, mode=mode)
    assert upgrade_mode(raw) == (mode.title() or "Manual")
    assert needs_upgrade(raw) is upgraded


@pytest.mark.parametrize(
    ("shown", "uniform"), [(None, True), ("Uniform", True), ("Flexible", False), ("flexible", False), (7, True)]
)
def test_machines_of_a_flexible_scale_set_are_ordinary(shown: object, uniform: bool) -> None:  # noqa: FBT001 - pytest's
    """Old ones say nothing, and are uniform."""
    assert is_uniform(raw_scale_set(orchestrationMode=shown)) is uniform


# Effective routes.


def _effective(*prefixes: str, hops: object = ("10.10.0.4",), **more: object) -> dict[str, Any]:
    leads = list(hops) if isinstance(hops, tuple) else hops
    shown = {"source": "User", "state": "Active", "addressPrefix": list(prefixes), "nextHopType": "VirtualAppliance"}
    return {**shown, "nextHopIpAddress": leads, **more}


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (_effective("10.42.1.0/24"), {"10.42.1.0/24": "10.10.0.4"}),
        (_effective("10.42.1.0/24", "fd00:42::/64"), {"10.42.1.0/24": "10.10.0.4", "fd00:42::/64": "10.10.0.4"}),
        (_effective("10.42.1.9/24"), {"10.42.1.0/24": "10.10.0.4"}),
        (_effective("10.42.1.0/24", state="Invalid"), {}),
        (_effective("10.42.1.0/24", source="Default"), {}),
        (_effective("10.42.1.0/24", source="VirtualNetworkGateway"), {}),
        (_effective("10.42.1.0/24", hops=[], nextHopType="None"), {"10.42.1.0/24": "None"}),
        (_effective("Storage"), {}),
        (_effective(), {}),
    ],
)
def test_the_active_routes_of_a_table_are_in_force(entry: dict[str, object], found: dict[str, str]) -> None:
    """Not those that Azure has by itself or learned elsewhere, nor what is invalid; an entry can have many prefixes."""
    assert in_force_of({"value": [entry]}) == found


# Security groups.


def _rule(**more: object) -> dict[str, Any]:
    return raw_rule("r", 100, "Allow", **more)  # type: ignore[arg-type]


def test_a_group_has_its_own_rules_and_azures_six() -> None:
    """On everything that it is on; the numbers say in which order they count."""
    rules = rules_of(raw_group(raw_rule("mine", 100, "Deny", "10.42.0.0/16")), ("cluster-rg/main/a", "cluster-rg/nic"))
    assert [rule.name for rule in rules] == [
        "mine",
        "AllowVnetInBound",
        "AllowAzureLoadBalancerInBound",
        "DenyAllInBound",
        "AllowVnetOutBound",
        "AllowInternetOutBound",
        "DenyAllOutBound",
    ]
    assert {(rule.list, rule.on) for rule in rules} == {("cluster-rg/nsg", ("cluster-rg/main/a", "cluster-rg/nic"))}
    assert [rule.inbound for rule in rules] == [True] * 4 + [False] * 3
    mine, network = rules[:2]
    assert (mine.number, mine.allow, mine.sources, mine.destinations) == (100, False, ("10.42.0.0/16",), ())
    assert (network.number, network.allow, network.sources) == (65000, True, ("VirtualNetwork",))


@pytest.mark.parametrize(
    ("more", "sources"),
    [
        ({"source": "*"}, ()),
        ({"source": "0.0.0.0/0"}, ("0.0.0.0/0",)),
        ({"source": "VirtualNetwork"}, ("VirtualNetwork",)),
        ({"source": None, "sourceAddressPrefixes": ["10.42.0.0/24", "10.42.1.0/24"]}, ("10.42.0.0/24", "10.42.1.0/24")),
        ({"source": "", "sourceAddressPrefixes": ["*"]}, ()),
        ({"source": "10.42.1.7"}, ("10.42.1.7/32",)),
        ({"source": None, "sourceAddressPrefixes": ["FD00:42::7", "10.42.1.0/24"]}, ("fd00:42::7/128", "10.42.1.0/24")),
        (
            {"source": None, "sourceApplicationSecurityGroups": [{"id": WEB}]},
            (WEB,),
        ),
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_matches_ranges_names_or_groups(more: dict[str, Any], sources: tuple[str, ...]) -> None:
    """One, several, or any; a single address is a range of one. The other side is read the same way."""
    both = more | {key.replace("source", "destination"): value for key, value in more.items()}
    (rule, *_) = rules_of(raw_group(_rule(**both)), ())
    assert (rule.sources, rule.destinations) == (sources, sources)


@pytest.mark.parametrize(
    ("more", "protocol"),
    [
        ({}, "all"),
        ({"protocol": "Tcp"}, "tcp"),
        ({"protocol": "UDP"}, "udp"),
        ({"protocol": "Tcp", "destinationPortRange": "0-65535"}, "tcp"),
        ({"protocol": "Tcp", "destinationPortRange": "443"}, "tcp:443"),
        ({"destinationPortRange": None, "destinationPortRanges": ["80", "8000-8100"]}, "all:80,8000-8100"),
        ({"protocol": "Tcp", "destinationPortRange": "1-65535"}, "tcp"),
        ({"destinationPortRange": None, "destinationPortRanges": []}, "all"),
    ],
)
def test_a_rule_for_some_ports_says_so(more: dict[str, object], protocol: str) -> None:
    """By those that packets are sent to."""
    (rule, *_) = rules_of(raw_group(_rule(**more)), ())
    assert (rule.protocols, rule.origins) == ((protocol,), ())


@pytest.mark.parametrize(
    ("more", "origins"),
    [
        ({"sourcePortRange": "53"}, ("53",)),
        ({"sourcePortRange": None, "sourcePortRanges": ["53", "1024-2047"]}, ("53", "1024-2047")),
        ({"sourcePortRange": "*"}, ()),
        ({"sourcePortRange": "0-65535"}, ()),
        ({"sourcePortRange": "1-65535"}, ()),
    ],
)
def test_ports_that_packets_come_from_are_apart(more: dict[str, object], origins: tuple[str, ...]) -> None:
    """They restrict each of the ports that packets are sent to; every port is no restriction."""
    sent = {"protocol": "Tcp", "destinationPortRange": None, "destinationPortRanges": ["443", "8443"]}
    (rule, *_) = rules_of(raw_group(_rule(**sent, **more)), ())
    assert (rule.protocols, rule.origins) == (("tcp:443,8443",), origins)


@pytest.mark.parametrize("word", [str.lower, str.upper, str.title])
def test_rules_say_the_same_in_any_letter_case(word: Any) -> None:
    """Azure answers in the case of who wrote them."""
    (inward, outward, *_) = rules_of(
        raw_group(
            raw_rule("in", 100, word("allow"), direction=word("inbound")),
            raw_rule("out", 100, word("deny"), direction=word("outbound")),
        ),
        (),
    )
    assert [(rule.inbound, rule.allow) for rule in (inward, outward)] == [(True, True), (False, False)]


def test_a_group_is_on_an_interface_or_a_subnet() -> None:
    """As its id, in ARM's letter case."""
    there = {"id": arm("Microsoft.Network/networkSecurityGroups/NSG")}
    assert group_of(raw_nic(networkSecurityGroup=there)) == there["id"]
    assert group_of(raw_subnet()) == ""


# What has another form.


def test_a_resource_is_flat() -> None:
    """What stands under `properties` stands beside the rest, and nothing is lost."""
    assert flat({"id": "x", "properties": {"a": 1}}) == {"id": "x", "a": 1}
    assert flat({"id": "x", "properties": None}) == {"id": "x"}


def _everything(raw: Any) -> None:
    """Read it as each kind of resource; what a whole write would be based on may be refused."""
    nic_of(raw)
    instance_of(MACHINE, [raw, raw])
    for refusing in (subnet_of, table_of):
        with suppress(CloudError):
            refusing(raw)
    template_of(raw)
    is_uniform(raw)
    needs_upgrade(raw)
    in_force_of(raw)
    assert all(type(rule.number) in (int, bool) for rule in rules_of(raw, ()))
    group_of(raw)


_RESOURCES = [
    raw_nic(),
    raw_subnet("a", "pods"),
    raw_table("pods", own_route(1)),
    raw_scale_set({"primary": True}, mode="Manual"),
    raw_group(_rule()),
    {"value": [_effective("10.42.1.0/24")]},
]


def _with_junk(value: Any, junk: object) -> list[Any]:
    """Return the value with junk in each single place of it, and without that place."""
    found: list[Any] = [junk]
    if isinstance(value, Mapping):
        for key in value:
            found += [{**value, key: one} for one in _with_junk(value[key], junk)]
            found.append({name: part for name, part in value.items() if name != key})
    if isinstance(value, list):
        for number, part in enumerate(value):
            found += [[*value[:number], one, *value[number + 1 :]] for one in _with_junk(part, junk)]
    return found


@pytest.mark.parametrize("junk", JUNK, ids=str)
@pytest.mark.parametrize("raw", _RESOURCES, ids=["nic", "subnet", "table", "scale set", "group", "effective routes"])
def test_wrong_types_count_as_missing(raw: dict[str, Any], junk: object) -> None:
    """An answer of another form than Azure documents ends no run, wherever the oddity stands."""
    odd = [one for one in _with_junk(raw, junk) if isinstance(one, dict)]
    assert len(odd) > 5
    for one in odd:
        _everything(one)


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_what_is_missing_is_empty(junk: Any) -> None:
    """Nothing is made up."""
    nic = nic_of({"id": junk, "properties": {"ipConfigurations": junk, "enableIPForwarding": 1}})
    assert (nic.id, nic.addresses, nic.subnet, nic.network, nic.forwarding) == ("", (), "", "", False)
    table = table_of(
        {"id": arm("Microsoft.Network/routeTables/pods"), "tags": junk, "location": 7, "properties": {"routes": []}}
    )
    assert (table.marks, table.location) == ({}, "")
    subnet = subnet_of({"id": junk, "properties": {"routeTable": None, "addressPrefixes": 7}})
    assert (subnet.id, subnet.table, subnet.cidrs) == ("", "", ())
    assert template_of({"properties": {"virtualMachineProfile": junk}}).changeable is False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "properties", "tags", "routes", "name", "value", "securityRules", "ipConfigurations", "addressPrefix",
         "privateIPAddress", "subnet", "routeTable", "virtualMachineProfile", "networkProfile", "priority", "source",
         "networkInterfaceConfigurations", "sourceAddressPrefixes", "nextHopIpAddress", "upgradePolicy", "primary"]
    ), part, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["id", "properties", "tags", "value", "location"]), JSON))
def test_any_json_is_read(raw: dict[str, Any]) -> None:
    """No form of answer is a crash, and none of them is a route of ours."""
    _everything(raw)
    with suppress(CloudError):
        assert all(not route.cluster for route in table_of(raw).routes)


@pytest.mark.parametrize("junk", [junk for junk in JUNK if junk is not None], ids=str)
def test_a_table_that_cannot_be_read_is_not_taken_for_none(junk: object) -> None:
    """A subnet whose table's id is no id has a table all the same: ours would take its place."""
    for odd in (junk, {"id": junk}, {"id": arm("Microsoft.Network/virtualNetworks/pods/subnets/a")}):
        subnet = raw_subnet("a", "pods")
        subnet["properties"]["routeTable"] = odd
        with pytest.raises(CloudError, match=r"subnet .*/a: its route table is .*names none"):
            subnet_of(subnet)


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_a_table_without_its_routes_is_refused(junk: Any) -> None:
    """What is written back whole must have been read whole: routes of others would be lost."""
    table = raw_table("pods", own_route(1))
    table["properties"]["routes"] = [*table["properties"]["routes"], *junk] if isinstance(junk, list) else junk
    with pytest.raises(CloudError, match=r"route table .*/pods: the answer has no whole list of its routes"):
        table_of(table)


def test_a_table_without_an_id_is_refused() -> None:
    """Its routes would be nobody's."""
    with pytest.raises(CloudError, match=r"route table pods: the answer's id 7 is none"):
        table_of({**raw_table("pods"), "name": "pods", "id": 7})
