from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.worlds.aws_build import aws_id

from .test_aws_api import client, refused

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

GROUP = aws_id("sg", "nodes")
ACL = aws_id("acl", "default")
NOTE = "l2bridge:lab pods"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(world("aws-small")) as lab:
        yield lab


@pytest.fixture
def ec2(lab: Lab) -> "EC2Client":
    return client(lab)


def permission(*ranges: str, **more: Any) -> Any:
    """Return a permission for all protocols from these ranges."""
    own = [{"CidrIp": cidr, "Description": NOTE} for cidr in ranges if ":" not in cidr]
    six = [{"CidrIpv6": cidr, "Description": NOTE} for cidr in ranges if ":" in cidr]
    kinds = {"IpRanges": own, "Ipv6Ranges": six}
    return {"IpProtocol": "-1", **{kind: entries for kind, entries in kinds.items() if entries}, **more}


def group_of(ec2: "EC2Client") -> Any:
    (group,) = ec2.describe_security_groups(GroupIds=[GROUP])["SecurityGroups"]
    return group


def test_rules_come_and_go(lab: Lab, ec2: "EC2Client") -> None:
    """What is added is shown beside what was there, by protocol; removing it leaves the group as it was."""
    before = group_of(ec2)
    added = [
        permission("10.43.0.0/16", "fd00:42::/56"),
        permission("10.44.0.0/16", IpProtocol="tcp", FromPort=1, ToPort=2),
    ]
    assert ec2.authorize_security_group_ingress(GroupId=GROUP, IpPermissions=added)["Return"] is True
    everything, tcp = group_of(ec2)["IpPermissions"]
    assert everything["IpRanges"] == [
        {"CidrIp": "10.42.0.0/16", "Description": "pods"},
        {"CidrIp": "10.43.0.0/16", "Description": NOTE},
    ]
    assert everything["Ipv6Ranges"] == [{"CidrIpv6": "fd00:42::/56", "Description": NOTE}]
    assert (tcp["IpProtocol"], tcp["FromPort"], tcp["ToPort"]) == ("tcp", 1, 2)
    ec2.revoke_security_group_ingress(GroupId=GROUP, IpPermissions=added)
    assert group_of(ec2) == before
    assert [request.action for request in lab.writes] == [
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
    ]


def test_the_way_out_has_rules_of_its_own(ec2: "EC2Client") -> None:
    """The same range in and out are two rules."""
    ec2.authorize_security_group_egress(GroupId=GROUP, IpPermissions=[permission("10.42.0.0/16")])
    assert [entry["CidrIp"] for entry in group_of(ec2)["IpPermissionsEgress"][0]["IpRanges"]] == [
        "0.0.0.0/0",
        "10.42.0.0/16",
    ]


@pytest.mark.parametrize(
    ("group", "entries", "code"),
    [
        (aws_id("sg", "nobody's"), [permission("10.43.0.0/16")], "InvalidGroup.NotFound"),
        ("sg-nodes", [permission("10.43.0.0/16")], "InvalidGroupId.Malformed"),
        (GROUP, [], "MissingParameter"),
        (GROUP, [permission()], "InvalidParameterValue"),
        (GROUP, [permission("10.42.0.0/16")], "InvalidPermission.Duplicate"),
        (GROUP, [permission("10.43.0.0/16"), permission("10.42.0.0/16")], "InvalidPermission.Duplicate"),
        (GROUP, [permission("10.43.0.0/16", "10.43.0.0/16")], "InvalidParameterValue"),
        (GROUP, [permission("10.43.0.1/16")], "InvalidParameterValue"),
        (GROUP, [permission("10.43.0.0/33")], "InvalidParameterValue"),
        (GROUP, [permission("10.43.0.0")], "InvalidParameterValue"),
        (GROUP, [permission(IpRanges=[{"CidrIp": "fd00::/64"}])], "InvalidParameterValue"),
        (GROUP, [permission(IpRanges=[{"CidrIp": "10.43.0.0/16", "Description": "póds"}])], "InvalidParameterValue"),
        (GROUP, [permission(IpRanges=[{"CidrIp": "10.43.0.0/16", "Description": "x" * 256}])], "InvalidParameterValue"),
        (GROUP, [permission("10.43.0.0/16", IpProtocol="all")], "InvalidParameterValue"),
        (GROUP, [permission("10.43.0.0/16", IpProtocol="tcp")], "InvalidParameterValue"),
        (GROUP, [permission("10.43.0.0/16", IpProtocol="tcp", FromPort=2, ToPort=1)], "InvalidParameterValue"),
        (GROUP, [permission(UserIdGroupPairs=[{"GroupId": aws_id("sg", "nobody's")}])], "InvalidGroup.NotFound"),
        (
            GROUP,
            [permission(*(f"10.{n}.0.0/16" for n in range(100, 160)))],
            "RulesPerSecurityGroupLimitExceeded",
        ),
    ],
)
def test_bad_rules_are_refused(ec2: "EC2Client", group: str, entries: list[Any], code: str) -> None:
    """By EC2's own code; of several rules none is made."""
    before = group_of(ec2)
    assert refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=entries) == code
    assert group_of(ec2) == before


def test_a_rule_that_is_not_there_cannot_be_removed(ec2: "EC2Client") -> None:
    """Nor is any other of the same request."""
    before, entries = group_of(ec2), [permission("10.42.0.0/16"), permission("10.43.0.0/16")]
    code = refused(ec2.revoke_security_group_ingress, GroupId=GROUP, IpPermissions=entries)
    assert code == "InvalidPermission.NotFound"
    assert group_of(ec2) == before


@pytest.mark.parametrize(("denied", "code"), [("", "DryRunOperation"), ("yes", "UnauthorizedOperation")])
def test_asking_for_the_permission_is_no_write(lab: Lab, ec2: "EC2Client", denied: str, code: str) -> None:
    """DryRun answers whether it would be allowed."""
    lab.aws.denied_actions = {"ec2:AuthorizeSecurityGroupIngress"} if denied else set()
    asked = {"GroupId": GROUP, "IpPermissions": [permission("192.0.2.0/24")]}
    assert refused(ec2.authorize_security_group_ingress, DryRun=True, **asked) == code
    assert lab.writes == []


def test_an_acl_gets_an_entry(ec2: "EC2Client") -> None:
    """It is shown as it was asked for."""
    ec2.create_network_acl_entry(
        NetworkAclId=ACL, RuleNumber=50, Protocol="-1", RuleAction="allow", Egress=False, CidrBlock="10.42.0.0/16"
    )
    (acl,) = ec2.describe_network_acls(NetworkAclIds=[ACL])["NetworkAcls"]
    assert acl["Entries"][-1] == {
        "CidrBlock": "10.42.0.0/16",
        "Egress": False,
        "Protocol": "-1",
        "RuleAction": "allow",
        "RuleNumber": 50,
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RuleNumber": 0}, "InvalidParameterValue"),
        ({"RuleNumber": 32767}, "InvalidParameterValue"),
        ({"RuleNumber": 100}, "NetworkAclEntryAlreadyExists"),
        ({"RuleAction": "drop"}, "InvalidParameterValue"),
        ({"CidrBlock": "10.42.0.1/16"}, "InvalidParameterValue"),
        ({"Ipv6CidrBlock": "fd00::/64"}, "MissingParameter"),
        ({"NetworkAclId": aws_id("acl", "nobody's")}, "InvalidNetworkAclID.NotFound"),
    ],
)
def test_bad_entries_are_refused(ec2: "EC2Client", changes: dict[str, Any], code: str) -> None:
    """By EC2's own code."""
    good = {"NetworkAclId": ACL, "RuleNumber": 50, "Protocol": "-1", "RuleAction": "allow", "Egress": False}
    assert refused(ec2.create_network_acl_entry, **{**good, "CidrBlock": "10.42.0.0/16", **changes}) == code
