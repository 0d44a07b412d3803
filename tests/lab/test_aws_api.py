from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError

from l2bridge_helpers.lab import Lab, world, worlds
from l2bridge_helpers.lab.aws.protocol import service
from l2bridge_helpers.lab.worlds.aws_build import aws_id

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

SHAPES = {
    "Instances": "Instance",
    "NetworkInterfaces": "NetworkInterface",
    "Vpcs": "Vpc",
    "Subnets": "Subnet",
    "RouteTables": "RouteTable",
    "SecurityGroups": "SecurityGroup",
    "NetworkAcls": "NetworkAcl",
}
NAMES = [name for name in worlds() if name.startswith("aws-") and "<" not in name] + ["aws-40"]
TYPES = {"string": str, "boolean": bool, "integer": int, "timestamp": str, "structure": dict, "list": list}
MAIN = aws_id("rtb", "main")
OFF: Any = {"Value": False}


@pytest.fixture
def messy() -> Iterator[Lab]:
    with Lab(world("aws-messy")) as lab:
        yield lab


@pytest.fixture
def ec2(messy: Lab) -> "EC2Client":
    return client(messy)


def client(lab: Lab) -> "EC2Client":
    """Return a client that sends no credentials and asks once."""
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0, "mode": "standard"}, proxies={})
    return boto3.client(
        "ec2",
        endpoint_url=lab.endpoint,
        region_name="eu-west-1",
        config=config,
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106 - nothing is signed with it
    )


def refused(call: Callable[..., object], **arguments: Any) -> str:
    """Return EC2's code for why a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def raw(lab: Lab, **form: str) -> requests.Response:
    """Send what no SDK would send."""
    return requests.post(lab.endpoint, data=form, timeout=10)


def problems(shape: Any, value: Any, where: str) -> list[str]:
    """Return where a value is not what botocore's description says."""
    kind: Any = TYPES[shape.type_name]
    if not isinstance(value, kind):
        return [f"{where}: {value!r} is no {shape.type_name}"]
    if shape.type_name == "list":
        return [one for place, part in enumerate(value) for one in problems(shape.member, part, f"{where}[{place}]")]
    if shape.type_name != "structure":
        return []
    unknown = [f"{where}: {name}" for name in value.keys() - shape.members.keys()]
    known = [name for name in value if name in shape.members]
    return unknown + [one for name in known for one in problems(shape.members[name], value[name], f"{where}.{name}")]


# Worlds.


@pytest.mark.parametrize("name", NAMES)
def test_resources_are_what_ec2_describes(name: str) -> None:
    """Every property of every world is known, and of the right type."""
    for collection, items in world(name).resources.items():
        shape = service().shape_for(SHAPES[collection])
        for item in items:
            assert problems(shape, item, collection) == []


def test_two_labs_share_nothing(messy: Lab) -> None:
    """What is changed in one is not changed in the other."""
    with Lab(world("aws-messy")) as other:
        client(other).delete_tags(Resources=[MAIN])
        assert other.world.dump() != messy.world.dump()
        assert messy.world.dump() == world("aws-messy").dump()


# Interfaces.


def test_instance_call_needs_a_single_interface(ec2: "EC2Client") -> None:
    """With two it is refused in EC2's words; with one it changes that one."""
    with pytest.raises(ClientError, match="multiple interfaces attached") as caught:
        ec2.modify_instance_attribute(InstanceId=aws_id("i", "node-0"), SourceDestCheck=OFF)
    assert caught.value.response["Error"]["Code"] == "InvalidInstanceID"
    ec2.modify_instance_attribute(InstanceId=aws_id("i", "node-1"), SourceDestCheck=OFF)
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[aws_id("eni", "node-1")])
    assert found["NetworkInterfaces"][0]["SourceDestCheck"] is False


def test_instance_mirrors_its_interfaces(ec2: "EC2Client") -> None:
    """Each interface as it is, and the instance's own flag as the primary one."""
    second = aws_id("eni", "node-0 1")
    ec2.modify_network_interface_attribute(NetworkInterfaceId=second, SourceDestCheck=OFF)
    (instance,) = ec2.describe_instances(InstanceIds=[aws_id("i", "node-0")])["Reservations"][0]["Instances"]
    assert {nic["NetworkInterfaceId"]: nic["SourceDestCheck"] for nic in instance["NetworkInterfaces"]}[second] is False
    assert instance["SourceDestCheck"] is True


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        ("foo", "InvalidNetworkInterfaceID.Malformed"),
        ("eni-0", "InvalidNetworkInterfaceID.Malformed"),
        (aws_id("eni", "nobody"), "InvalidNetworkInterfaceID.NotFound"),
        (aws_id("eni", "node-7 1"), "OperationNotPermitted"),
        (aws_id("eni", "nat"), "AuthFailure"),
    ],
)
def test_interfaces_that_cannot_be_changed(ec2: "EC2Client", identifier: str, code: str) -> None:
    """Malformed, unknown, EFA, and those of AWS's own services."""
    call = ec2.modify_network_interface_attribute
    assert refused(call, NetworkInterfaceId=identifier, SourceDestCheck=OFF) == code


def test_one_attribute_a_call(messy: Lab, ec2: "EC2Client") -> None:
    """Neither none nor two, on interfaces and on instances."""
    for more in ({}, {"SourceDestCheck": OFF, "EbsOptimized": OFF}):
        code = refused(ec2.modify_instance_attribute, InstanceId=aws_id("i", "node-1"), **more)
        assert code == "InvalidParameterCombination"
    nic, call = aws_id("eni", "node-1"), ec2.modify_network_interface_attribute
    assert refused(call, NetworkInterfaceId=nic) == "InvalidParameterCombination"
    both = {"NetworkInterfaceId": nic, "SourceDestCheck": OFF, "Description": {"Value": "x"}}
    assert refused(call, **both) == "InvalidParameterCombination"
    assert messy.world.dump() == world("aws-messy").dump()


# Requests.


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "DescribeSubnets", "Colour": "red"}, "UnknownParameter"),
        ({"Action": "DescribeSubnets", "MaxResults": "--5"}, "InvalidParameterValue"),
        ({"Action": "DescribeEverything"}, "InvalidAction"),
        ({"Action": "DescribeSubnets", "MaxResults": "many"}, "InvalidParameterValue"),
        ({"Action": "ModifyNetworkInterfaceAttribute"}, "MissingParameter"),
    ],
)
def test_nonsense_is_refused(messy: Lab, form: dict[str, str], code: str) -> None:
    """In EC2's own form."""
    answer = raw(messy, Version="2016-11-15", **form)
    assert answer.status_code == 400
    assert f"<Code>{code}</Code>" in answer.text


def test_filters_are_those_that_ec2_has(ec2: "EC2Client") -> None:
    """An unknown one is refused, as are more than 200 values."""
    unknown: Any = [{"Name": "colour", "Values": ["red"]}]
    assert refused(ec2.describe_instances, Filters=unknown) == "InvalidParameterValue"
    many: Any = [{"Name": "instance-id", "Values": [f"i-{number:017x}" for number in range(201)]}]
    assert refused(ec2.describe_instances, Filters=many) == "FilterLimitExceeded"


def test_pages_are_whole() -> None:
    """Every instance once; a page is counted in instances."""
    with Lab(world("aws-40")) as lab:
        ec2 = client(lab)
        pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 15}))
        assert [len(page["Reservations"]) for page in pages] == [15, 15, 10]
        found = [one["Instances"][0]["InstanceId"] for page in pages for one in page["Reservations"]]
        assert len(set(found)) == 40
        assert {refused(ec2.describe_instances, NextToken=token) for token in ("expired", "é")} == {"InvalidNextToken"}
        assert refused(ec2.describe_instances, MaxResults=4) == "InvalidParameterValue"
        assert refused(ec2.describe_instances, MaxResults=10, InstanceIds=found[:1]) == "InvalidParameterCombination"


def test_dry_run_changes_nothing(messy: Lab, ec2: "EC2Client") -> None:
    """It says whether it would be allowed, and is no write."""
    call, nic = ec2.modify_network_interface_attribute, aws_id("eni", "node-1")
    assert refused(call, NetworkInterfaceId=nic, SourceDestCheck=OFF, DryRun=True) == "DryRunOperation"
    messy.aws.denied_actions.add("ec2:ModifyNetworkInterfaceAttribute")
    assert refused(call, NetworkInterfaceId=nic, SourceDestCheck=OFF, DryRun=True) == "UnauthorizedOperation"
    assert messy.writes == []
    assert messy.world.dump() == world("aws-messy").dump()


def test_faults_strike_by_action(messy: Lab, ec2: "EC2Client") -> None:
    """In EC2's form, once; other actions are answered. A connection can drop when the work is done."""
    messy.aws.faults.add(lambda one: one.action == "DescribeVpcs", status=503, reason="RequestLimitExceeded")
    assert ec2.describe_subnets()["Subnets"]
    assert refused(ec2.describe_vpcs) == "RequestLimitExceeded"
    assert ec2.describe_vpcs()["Vpcs"]
    messy.aws.faults.add(lambda one: one.action == "CreateTags", drop=True, when="after")
    with pytest.raises(ConnectionClosedError):
        ec2.create_tags(Resources=[MAIN], Tags=[{"Key": "mine", "Value": "1"}])
    assert {"Key": "mine", "Value": "1"} in messy.world.cloud("RouteTables")[0]["Tags"]


# Routes.


def test_route_is_created_once(messy: Lab, ec2: "EC2Client") -> None:
    """Its destination is written as EC2 writes it; another one with the same is refused."""
    nic = aws_id("eni", "node-1")
    ec2.create_route(RouteTableId=MAIN, DestinationCidrBlock="100.68.0.18/18", NetworkInterfaceId=nic)
    again = {"RouteTableId": MAIN, "DestinationCidrBlock": "100.68.0.0/18", "NetworkInterfaceId": nic}
    assert refused(ec2.create_route, **again) == "RouteAlreadyExists"
    routes = messy.world.cloud("RouteTables")[0]["Routes"]
    (made,) = [route for route in routes if route.get("DestinationCidrBlock") == "100.68.0.0/18"]
    assert (made["NetworkInterfaceId"], made["Origin"]) == (nic, "CreateRoute")


def test_routes_that_are_refused(messy: Lab, ec2: "EC2Client") -> None:
    """No CIDR, the other family, in the VPC but no subnet's, an absent one, the local one, foreign, a full table."""
    nic = aws_id("eni", "node-1")
    place = {"RouteTableId": MAIN, "NetworkInterfaceId": nic}
    for destination in ("10.42.0.0", "10.9.0.0/255.255.0.0", "fd00::/64", "10.10.0.128/25", "10.10.77.0/24"):
        assert refused(ec2.create_route, **place, DestinationCidrBlock=destination) == "InvalidParameterValue"
    assert refused(ec2.replace_route, **place, DestinationCidrBlock="10.99.0.0/24") == "InvalidParameterValue"
    assert refused(ec2.delete_route, RouteTableId=MAIN, DestinationCidrBlock="10.99.0.0/24") == "InvalidRoute.NotFound"
    local = {"RouteTableId": MAIN, "DestinationCidrBlock": "10.10.0.0/16"}
    assert refused(ec2.delete_route, **local) == "InvalidParameterValue"
    assert refused(ec2.replace_route, **local, NetworkInterfaceId=nic) == "InvalidParameterValue"
    with mock.patch.dict(messy.world.cloud("RouteTables")[0], VpcId="vpc-12345678"):
        assert refused(ec2.create_route, **place, DestinationCidrBlock="10.99.0.0/24") == "InvalidParameterValue"
    messy.aws.routes_per_table = 4
    assert refused(ec2.create_route, **place, DestinationCidrBlock="10.99.0.0/24") == "RouteLimitExceeded"
    ec2.create_route(RouteTableId=MAIN, DestinationIpv6CidrBlock="fd00:99::/64", NetworkInterfaceId=nic)


def test_route_to_what_is_gone_is_a_blackhole(messy: Lab, ec2: "EC2Client") -> None:
    """Its interface was deleted, or its machine is stopped."""
    found = ec2.describe_route_tables(RouteTableIds=[aws_id("rtb", "private")])["RouteTables"][0]["Routes"]
    states = {route["DestinationCidrBlock"]: route["State"] for route in found}
    assert (states["10.42.99.0/24"], states["10.42.6.0/24"]) == ("blackhole", "active")
    for machine in messy.world.cloud("Instances"):
        machine["State"] = {"Code": 80, "Name": "stopped"}
    found = ec2.describe_route_tables(RouteTableIds=[aws_id("rtb", "private")])["RouteTables"][0]["Routes"]
    assert {route["State"] for route in found if "NetworkInterfaceId" in route} == {"blackhole"}


# Tags.


def test_tags_have_limits(ec2: "EC2Client") -> None:
    """Reserved keys, long values, and the fifty-first tag are refused."""
    reserved: Any = [{"Key": "aws:x", "Value": ""}]
    long: Any = [{"Key": "x", "Value": "v" * 257}]
    many: Any = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert refused(ec2.create_tags, Resources=[MAIN], Tags=reserved) == "InvalidParameterValue"
    assert refused(ec2.create_tags, Resources=[MAIN], Tags=long) == "InvalidParameterValue"
    assert refused(ec2.create_tags, Resources=[MAIN], Tags=many) == "TagLimitExceeded"
    assert refused(ec2.delete_tags, Resources=[MAIN], Tags=reserved) == "InvalidParameterValue"


def test_tags_of_all_resources_or_of_none(messy: Lab, ec2: "EC2Client") -> None:
    """One bad id and nothing changes; without names all go that are not AWS's; an interface shows them too."""
    group, tags = aws_id("i", "node-2"), [{"Key": "mine", "Value": "1"}]
    bad: Any = {"Resources": [group, "rtb-12345678"], "Tags": tags}
    assert {refused(call, **bad) for call in (ec2.create_tags, ec2.delete_tags)} == {"InvalidRouteTableID.NotFound"}
    assert messy.world.dump() == world("aws-messy").dump()
    ec2.delete_tags(Resources=[group])
    assert [tag["Key"] for tag in messy.world.cloud("Instances")[2]["Tags"]] == ["aws:autoscaling:groupName"]
    ec2.create_tags(Resources=[aws_id("eni", "node-2")], Tags=tags)  # type: ignore[arg-type]
    found = ec2.describe_network_interfaces(Filters=[{"Name": "tag:mine", "Values": ["1"]}])["NetworkInterfaces"]
    assert [nic["TagSet"] for nic in found] == [tags]


def test_tag_goes_only_with_its_value(messy: Lab, ec2: "EC2Client") -> None:
    """Named with another value it stays."""
    ec2.create_tags(Resources=[MAIN], Tags=[{"Key": "mine", "Value": "1"}])
    ec2.delete_tags(Resources=[MAIN], Tags=[{"Key": "mine", "Value": "2"}])
    assert {"Key": "mine", "Value": "1"} in messy.world.cloud("RouteTables")[0]["Tags"]
    ec2.delete_tags(Resources=[MAIN], Tags=[{"Key": "mine", "Value": "1"}])
    assert {tag["Key"] for tag in messy.world.cloud("RouteTables")[0]["Tags"]} == {"Name"}


def test_sdk_refuses_what_the_lab_never_sees(ec2: "EC2Client") -> None:
    """The SDK's own validation is the same description of the service."""
    with pytest.raises(ParamValidationError):
        ec2.create_route(RouteTableId=MAIN, Colour="red")  # type: ignore[call-arg]


def test_tags_are_listed_by_resource_and_key(ec2: "EC2Client") -> None:
    """Those of interfaces too, whose field has another name."""
    nic = aws_id("eni", "node-1")
    ec2.create_tags(Resources=[nic, MAIN], Tags=[{"Key": "mine", "Value": "1"}])
    filters: Any = [{"Name": "resource-id", "Values": [nic]}, {"Name": "key", "Values": ["mine"]}]
    (tag,) = ec2.describe_tags(Filters=filters)["Tags"]
    assert tag == {"ResourceId": nic, "ResourceType": "network-interface", "Key": "mine", "Value": "1"}
