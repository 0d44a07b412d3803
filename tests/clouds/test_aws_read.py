"""EC2's answers as values."""

from __future__ import annotations

from typing import Any

import pytest

from l2bridge_helpers.clouds.aws_ledger import note
from l2bridge_helpers.clouds.aws_read import (
    acl_rules_of,
    group_rules_of,
    instance_of,
    nic_of,
    route_destination,
    route_next_hop,
    subnet_of,
    table_of,
    vpc_cidrs,
)
from l2bridge_helpers.filters import SECURITY_GROUP, Rule

REGION = "eu-west-1"
MARKED = [{"Key": "l2bridge:lab", "Value": "10.42.0.0/24 10.42.1.0/24"}, {"Key": "Name", "Value": "main"}]


def _nic(identifier: str = "eni-1", index: object = 0, **more: object) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": identifier,
        "Attachment": {"DeviceIndex": index},
        "InterfaceType": "interface",
        "PrivateIpAddresses": [
            {"PrivateIpAddress": "10.0.0.9", "Primary": False},
            {"PrivateIpAddress": "10.0.0.4", "Primary": True},
        ],
        "SourceDestCheck": True,
        "SubnetId": "subnet-a",
        "VpcId": "vpc-1",
        **more,
    }


def _table(*routes: dict[str, Any], tags: object = ()) -> dict[str, Any]:
    return {"RouteTableId": "rtb-1", "Routes": list(routes), "Tags": list(tags)}  # type: ignore[call-overload]


def _route(**more: object) -> dict[str, Any]:
    shown = {"DestinationCidrBlock": "10.42.0.0/24", "NetworkInterfaceId": "eni-1", "Origin": "CreateRoute"}
    return {**shown, "State": "active", **more}


def test_interfaces_stand_in_the_order_of_the_device() -> None:
    """EC2 lists them in any order; one without an index stands last."""
    machine = instance_of({"InstanceId": "i-1"}, [_nic("c", None), _nic("b", 1), _nic("a", 0)], REGION)
    assert [nic.id for nic in machine.nics] == ["a", "b", "c"]


def test_addresses_stand_primary_first_and_once() -> None:
    """Secondary addresses, prefixes and IPv6 are delivered too."""
    more: dict[str, Any] = {
        "Ipv6Addresses": [{"Ipv6Address": "fd00:0:0::4"}],
        "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}],
    }
    addresses = nic_of(_nic(PrivateIpAddress="10.0.0.4", **more), REGION).addresses
    assert addresses == ("10.0.0.4/32", "10.0.0.9/32", "fd00::4/128", "10.0.1.0/28")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, ""),
        ({"InterfaceType": "efa"}, "an efa interface does not let it be changed"),
        ({"InterfaceType": "efa-only"}, "an efa-only interface does not let it be changed"),
        ({"InterfaceType": "nat_gateway"}, "it is of type nat_gateway"),
        ({"RequesterManaged": True, "Description": "ELB app"}, "another service manages it (ELB app)"),
        ({"InterfaceType": None}, ""),
    ],
)
def test_interfaces_that_nobody_may_change_say_why(more: dict[str, Any], reason: str) -> None:
    """EFA, and whatever another service made."""
    assert nic_of(_nic(**more), REGION).fixed == reason


@pytest.mark.parametrize(("shown", "forwarding"), [(False, True), (True, False), (None, False), ("false", False)])
def test_forwarding_is_only_what_ec2_says_is_off(shown: object, forwarding: bool) -> None:  # noqa: FBT001 - pytest's
    """What is not said counts as on: then it is turned off."""
    assert nic_of(_nic(SourceDestCheck=shown), REGION).forwarding is forwarding


@pytest.mark.parametrize("reverse", [False, True])
def test_a_subnet_uses_its_own_table_else_the_main_one(reverse: bool) -> None:  # noqa: FBT001 - pytest's
    """Whatever order the tables are listed in."""
    main = {"RouteTableId": "rtb-main", "Associations": [{"Main": True}]}
    own = {"RouteTableId": "rtb-own", "Associations": [{"Main": False, "SubnetId": "subnet-a"}]}
    tables = [own, main] if reverse else [main, own]
    found = [
        subnet_of({"SubnetId": name, "CidrBlock": "10.0.0.0/24"}, tables, REGION).table for name in ("subnet-a", "b")
    ]
    assert found == ["eu-west-1/rtb-own", "eu-west-1/rtb-main"]


def test_a_route_is_ours_by_the_tags_of_its_table() -> None:
    """Only a route that was created, leads to an interface, and is listed."""
    routes = [_route(), _route(DestinationCidrBlock="10.42.2.0/24"), _route(DestinationCidrBlock="10.42.1.0/24")]
    routes[2] |= {"NetworkInterfaceId": None, "GatewayId": "igw-1"}
    table = table_of(_table(*routes, tags=MARKED), REGION)
    assert [route.cluster for route in table.routes] == ["lab", "", ""]
    assert table.marks["Name"] == "main"


def test_a_propagated_route_is_nobodys_and_weaker() -> None:
    """The static one wins, and the propagated one neither is ours nor shares its name."""
    static, propagated = _route(), _route(Origin="EnableVgwRoutePropagation", GatewayId="vgw-1", NetworkInterfaceId="")
    one, other = table_of(_table(static, propagated, tags=MARKED), REGION).routes
    assert one.priority < other.priority
    assert (one.cluster, other.cluster, one.name != other.name) == ("lab", "", True)


def test_propagated_routes_do_not_count_against_the_limit() -> None:
    """Each IP version is counted apart."""
    six = {"DestinationIpv6CidrBlock": "fd00::/64", "GatewayId": "local", "Origin": "CreateRouteTable"}
    table = table_of(_table(_route(), _route(Origin="EnableVgwRoutePropagation"), six), REGION)
    assert {limit.version: limit.used for limit in table.limits} == {4: 1, 6: 1}


@pytest.mark.parametrize(
    ("raw", "destination"),
    [
        ({"DestinationCidrBlock": "10.42.0.9/24"}, "10.42.0.0/24"),
        ({"DestinationIpv6CidrBlock": "FD00:0::/64"}, "fd00::/64"),
        ({"DestinationPrefixListId": "pl-1"}, "pl-1"),
        ({"DestinationCidrBlock": 7}, ""),
    ],
)
def test_destinations_have_one_way_of_writing(raw: dict[str, Any], destination: str) -> None:
    """Two reads compare equal; a prefix list is known by its id."""
    assert route_destination(raw) == destination


def test_a_prefix_list_is_never_ours_and_does_no_harm() -> None:
    """Its routes are there, and no pod CIDR is compared with them."""
    raw = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute", "State": "active"}
    (route,) = table_of(_table(raw, tags=MARKED), REGION).routes
    assert (route.destination, route.next_hop, route.cluster) == ("pl-1", "vpce-1", "")


def test_a_route_to_an_instance_is_known_by_its_interface() -> None:
    """EC2 shows both; the interface is what packets come to."""
    assert route_next_hop({"InstanceId": "i-1", "NetworkInterfaceId": "eni-1"}) == "eni-1"


@pytest.mark.parametrize(("state", "status"), [("active", ""), ("blackhole", "blackhole"), (None, "")])
def test_a_blackhole_is_a_status(state: object, status: str) -> None:
    """What is in force has none."""
    assert table_of(_table(_route(State=state)), REGION).routes[0].status == status


def test_group_rules_hold_ranges_and_protocols() -> None:
    """Rules that name groups and prefix lists alone have no ranges; limited ports are said; each way has its own."""
    rules = [
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}], "PrefixListIds": [{"PrefixListId": "pl-1"}]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    ]
    out = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    found = group_rules_of({"GroupId": "sg-1", "IpPermissions": rules, "IpPermissionsEgress": out})
    assert [(rule.id, rule.sources, rule.destinations, rule.peers, rule.protocols) for rule in found] == [
        ("sg-1/in/all", (), (), ("sg-1", "pl-1"), ("all",)),
        ("sg-1/in/tcp:22-22", ("0.0.0.0/0",), (), (), ("tcp:22-22",)),
        ("sg-1/in/tcp", ("::/0",), (), (), ("tcp",)),
        ("sg-1/out/all", (), ("0.0.0.0/0",), (), ("all",)),
    ]
    assert {(rule.kind, rule.list, rule.on, rule.allow) for rule in found} == {
        (SECURITY_GROUP, "sg-1", ("sg-1",), True)
    }


def _pods(*ranges: tuple[str, str], **more: object) -> list[Rule]:
    """Return what is read of a permission with these ranges, each with its description."""
    four = [{"CidrIp": cidr, "Description": said} for cidr, said in ranges if ":" not in cidr]
    six = [{"CidrIpv6": cidr, "Description": said} for cidr, said in ranges if ":" in cidr]
    entry = {"IpProtocol": "-1", "IpRanges": four, "Ipv6Ranges": six, **more}
    return group_rules_of({"GroupId": "sg-1", "IpPermissions": [entry]})


def test_ranges_with_our_mark_are_rules_of_their_own() -> None:
    """EC2 shows all ranges of one protocol together; ours are told apart by cluster and family."""
    mine, six, others = ("10.42.0.0/16", note("lab")), ("fd00:42::/56", note("lab")), ("10.43.0.0/16", note("b c"))
    found = _pods(("192.168.0.0/16", "office"), mine, six, others)
    assert [(rule.cluster, rule.sources) for rule in found] == [
        ("", ("192.168.0.0/16",)),
        ("b c", ("10.43.0.0/16",)),
        ("lab", ("10.42.0.0/16",)),
        ("lab", ("fd00:42::/56",)),
    ]
    assert len({rule.id for rule in found}) == 4
    assert found[0] == _pods(("192.168.0.0/16", "office"))[0]


@pytest.mark.parametrize(
    "said", ["", "pods", "l2bridge: pods", "l2bridge:lab", "L2bridge:lab pods", "l2bridge:=6Cab pods"]
)
def test_what_only_looks_like_our_mark_is_not(said: str) -> None:
    """Such a range stays someone else's."""
    assert [rule.cluster for rule in _pods(("10.42.0.0/16", said))] == [""]


def test_our_mark_on_another_kind_of_rule_says_nothing() -> None:
    """We make rules for all protocols, on the way in."""
    (rule,) = _pods(("10.42.0.0/16", note("lab")), IpProtocol="tcp", FromPort=1, ToPort=2)
    assert rule.cluster == ""
    entry = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.42.0.0/16", "Description": note("lab")}]}
    assert [rule.cluster for rule in group_rules_of({"GroupId": "sg-1", "IpPermissionsEgress": [entry]})] == [""]


def test_a_permission_without_the_other_side_matches_nobody() -> None:
    """No range and no group is no rule for everybody."""
    assert _pods() == []


def test_acl_entries_hold_their_way_and_number() -> None:
    """Egress looks at packets on their way out."""
    entry = {"CidrBlock": "0.0.0.0/0", "Protocol": "6", "PortRange": {"From": 0, "To": 65535}, "RuleAction": "allow"}
    entries = [{**entry, "RuleNumber": 100, "Egress": True}, {**entry, "RuleNumber": 7, "Egress": False}]
    raw = {"NetworkAclId": "acl-1", "Associations": [{"SubnetId": "subnet-a"}], "Entries": entries}
    found = acl_rules_of(raw)
    assert [(rule.number, rule.inbound, rule.allow, rule.protocols) for rule in found] == [
        (100, False, True, ("6",)),
        (7, True, True, ("6",)),
    ]


@pytest.mark.parametrize(
    ("protocol", "message", "written"),
    [
        ("icmp", (-1, -1), "icmp"),
        ("icmp", (None, None), "icmp"),
        ("icmp", (8, -1), "icmp:8"),
        ("icmp", (3, 4), "icmp:3-4"),
        ("icmp", (0, 0), "icmp:0-0"),
        ("icmpv6", (128, -1), "icmpv6:128"),
        ("1", (8, -1), "1:8"),
        ("58", (-1, -1), "58"),
    ],
)
def test_icmp_is_read_with_its_type_and_code(protocol: str, message: tuple[object, object], written: str) -> None:
    """Groups write them as ports, ACLs apart; -1 is any."""
    ranges = [{"CidrIp": "0.0.0.0/0"}]
    permission = {"IpProtocol": protocol, "FromPort": message[0], "ToPort": message[1], "IpRanges": ranges}
    entry = {"Protocol": protocol, "IcmpTypeCode": {"Type": message[0], "Code": message[1]}, "RuleAction": "allow"}
    (of_group,) = group_rules_of({"IpPermissions": [permission]})
    (of_acl,) = acl_rules_of({"Entries": [entry]})
    assert (of_group.protocols, of_acl.protocols) == ((written,), (written,))


@pytest.mark.parametrize("junk", [None, 7, "text", [None, 7, "text"], {"a": 1}, True])
def test_wrong_types_count_as_missing(junk: Any) -> None:
    """An answer of another form than EC2 documents ends no run."""
    shown = ("Attachment", "PrivateIpAddresses", "Ipv6Addresses", "Ipv4Prefixes", "Groups", "SubnetId", "Description")
    assert nic_of(dict.fromkeys(shown, junk) | {"NetworkInterfaceId": "eni-1"}, REGION).addresses == ()
    instance_of({"InstanceId": "i-1", "State": junk, "Tags": junk}, [_nic(Attachment=junk), _nic(index=junk)], REGION)
    assert table_of({"RouteTableId": "rtb-1", "Routes": junk, "Tags": junk}, REGION).marks == {}
    assert group_rules_of({"IpPermissions": junk, "IpPermissionsEgress": [{"IpRanges": junk}]}) == []
    subnet_of({"SubnetId": "s", "Ipv6CidrBlockAssociationSet": junk}, [{"Associations": junk}], REGION)
    acl_rules_of({"Associations": junk, "Entries": [{"RuleNumber": junk, "PortRange": junk}]})
    acl_rules_of(
        {"Entries": [{"Protocol": "1", "IcmpTypeCode": junk}, {"Protocol": "1", "IcmpTypeCode": {"Type": junk}}]}
    )
    vpc_cidrs({"CidrBlock": junk, "CidrBlockAssociationSet": junk})
