import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from l2bridge_helpers.lab import Lab, LabError, World, load_aws_world, load_bare_metal_world, world

from .clients import Json

FILES = {
    "network_interfaces": "NetworkInterfaces",
    "vpcs": "Vpcs",
    "subnets": "Subnets",
    "route_tables": "RouteTables",
    "security_groups": "SecurityGroups",
    "network_acls": "NetworkAcls",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """What kubectl and aws print about `aws-messy`, by the loader's parameters."""
    return written(world("aws-messy"), tmp_path)


def written(told: World, folder: Path) -> dict[str, Path]:
    """Write what kubectl and aws would print of a world; the names are the loader's parameters."""
    documents: dict[str, object] = {name: {key: told.cloud(key)} for name, key in FILES.items()}
    documents["instances"] = {"Reservations": [{"Instances": [one]} for one in told.cloud("Instances")]}
    documents["nodes"] = {"kind": "List", "items": told.nodes}
    documents["config_maps"] = {"kind": "List", "items": told.config_maps}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return {name: folder / name for name in documents}


def test_what_was_printed_is_what_is_served(files: dict[str, Any]) -> None:
    """Every resource comes back as it was; the region is that of the zones."""
    loaded, told = load_aws_world(**files, cluster="prod"), world("aws-messy")
    assert loaded.resources == told.resources
    assert (loaded.nodes, loaded.config_maps, loaded.platform) == (told.nodes, told.config_maps, "aws")
    assert (loaded.parameters, loaded.cluster) == ({"region": "eu-west-1"}, "prod")


def test_what_is_not_given_is_derived(files: dict[str, Any]) -> None:
    """Subnets and VPCs from addresses, a main route table for each VPC; filters are not guessed."""
    few: dict[str, Any] = {name: files[name] for name in ("nodes", "instances", "network_interfaces")}
    loaded = load_aws_world(**few)
    assert [subnet["CidrBlock"] for subnet in loaded.cloud("Subnets")] == ["10.10.1.0/24", "10.10.0.0/24"]
    assert [vpc["CidrBlock"] for vpc in loaded.cloud("Vpcs")] == ["10.10.0.0/23"]
    assert len(loaded.cloud("RouteTables")) == 1
    assert (loaded.cloud("SecurityGroups"), loaded.cloud("NetworkAcls")) == ([], [])


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("instances", "{}", "has no list Reservations"),
        ("instances", '{"Reservations": []}', "holds no Instances"),
        ("instances", '{"Reservations": [{"Instances": 7}]}', "has no list Instances"),
        ("instances", '{"Reservations": [{"Instances": [7]}]}', "has no list Instances"),
        ("network_interfaces", '{"NetworkInterfaces": []}', "holds no NetworkInterfaces"),
        ("network_interfaces", '{"NetworkInterfaces": [], "NextToken": "x"}', "is not complete"),
        ("route_tables", '[{"RouteTableId": "rtb-1"}]', "has no list RouteTables"),
        ("network_interfaces", '{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}]}', "has no usable VpcId"),
        ("subnets", "[1, 2", "is not JSON"),
    ],
)
def test_file_that_cannot_be_used_is_named(files: dict[str, Any], name: str, text: str, complaint: str) -> None:
    """With what is wrong in it, and the command that writes it again."""
    files[name].write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match=complaint) as caught:
        load_aws_world(**files)
    assert str(files[name]) in str(caught.value)
    assert "aws ec2 describe-" in str(caught.value)


def change(path: Path, key: str, edit: Callable[[list[Json]], object]) -> None:
    """Edit the items of a file; those of `instances` lie a level deeper, in reservations."""
    document = json.loads(path.read_text())
    items = (
        document[key] if key != "Instances" else [item for one in document["Reservations"] for item in one["Instances"]]
    )
    edit(items)
    document = {key: items} if key != "Instances" else {"Reservations": [{"Instances": items}]}
    path.write_text(json.dumps(document))


def put(number: int, **values: object) -> Callable[[list[Json]], object]:
    return lambda items: items[number - 1].update(values)


@pytest.mark.parametrize(
    ("name", "edit", "complaint"),
    [
        ("instances", put(2, State=None), "item 2 (i-893184c13b721cc28) has no usable State.Name"),
        ("instances", put(2, VpcId=7), "item 2 (i-893184c13b721cc28) has no usable VpcId"),
        ("instances", put(1, Placement="a"), "item 1 (i-42c529ecf57aae05c) has no usable Placement.AvailabilityZone"),
        ("instances", put(1, Placement={"AvailabilityZone": "b"}), "AvailabilityZone 'b' is in no region"),
        ("instances", put(1, Placement={"AvailabilityZone": "us-east-1a"}), "more than one region (eu-west-1, us-"),
        ("instances", lambda items: items.append(items[0]), "item 10 (i-42c529ecf57aae05c) is there twice"),
        ("network_interfaces", put(1, PrivateIpAddress="10.0.0.999"), "item 1 (eni-629b1bcbfd787de1f): PrivateIpAddr"),
        ("network_interfaces", put(1, PrivateIpAddress="fd00::1"), "PrivateIpAddress 'fd00::1' is not an address"),
        ("network_interfaces", put(3, NetworkInterfaceId=""), "item 3 (no NetworkInterfaceId)"),
        ("network_interfaces", lambda items: items.append(items[0]), "(eni-629b1bcbfd787de1f) is there twice"),
        ("subnets", put(2, CidrBlock="10.0.0.1/8"), "item 2 (subnet-"),
        ("vpcs", put(1, CidrBlock="all"), "CidrBlock 'all' is not an address or range"),
        ("route_tables", put(1, Routes=[]), "has no usable Routes[]"),
        ("security_groups", put(1, VpcId=""), "has no usable VpcId"),
        ("network_acls", put(1, VpcId=None), "has no usable VpcId"),
    ],
)
def test_broken_item_is_named(
    files: dict[str, Any], name: str, edit: Callable[[list[Json]], object], complaint: str
) -> None:
    """File, item, field, and the command that writes the file again; on one line."""
    change(files[name], FILES.get(name, "Instances"), edit)
    with pytest.raises(LabError, match=re.escape(complaint)) as caught:
        load_aws_world(**files)
    text = str(caught.value)
    assert text.startswith(str(files[name]))
    assert f"`aws ec2 describe-{name.replace('_', '-')} --output json`" in text
    assert "\n" not in text


def test_file_that_is_not_there_is_named(files: dict[str, Any], tmp_path: Path) -> None:
    """With the command that makes it."""
    with pytest.raises(LabError, match=r"nope\.json cannot be read .*describe-subnets"):
        load_aws_world(**files | {"subnets": tmp_path / "nope.json"})


def test_terminated_instance_is_left_out(files: dict[str, Any]) -> None:
    """EC2 lists it for a while, without network; the others keep their numbers in errors."""
    change(files["instances"], "Instances", lambda items: items[0].update(State={"Name": "terminated"}, VpcId=""))
    assert len(load_aws_world(**files).cloud("Instances")) == 8
    change(files["instances"], "Instances", put(3, SubnetId=""))
    with pytest.raises(LabError, match="item 3 "):
        load_aws_world(**files)


@pytest.mark.parametrize(
    ("zone", "region"),
    [("us-gov-west-1b", "us-gov-west-1"), ("us-west-2-lax-1a", "us-west-2"), ("us-east-1-wl1-bos-wlz-1", "us-east-1")],
)
def test_region_is_how_the_zone_begins(files: dict[str, Any], zone: str, region: str) -> None:
    """Local Zones and Wavelength Zones have more than a letter behind it."""
    change(
        files["instances"],
        "Instances",
        lambda items: [item["Placement"].update(AvailabilityZone=zone) for item in items],
    )
    assert load_aws_world(**files).parameters == {"region": region}


def test_derived_vpc_is_no_larger_than_a_vpc_can_be(files: dict[str, Any]) -> None:
    """A local route that covered everything between two CIDR blocks would cover pod CIDRs too."""
    change(files["subnets"], "Subnets", put(2, CidrBlock="100.64.0.0/20"))
    del files["vpcs"], files["route_tables"]
    loaded = load_aws_world(**files)
    blocks = ["10.10.0.0/24", "100.64.0.0/20"]
    assert [entry["CidrBlock"] for entry in loaded.cloud("Vpcs")[0]["CidrBlockAssociationSet"]] == blocks
    assert [route["DestinationCidrBlock"] for route in loaded.cloud("RouteTables")[0]["Routes"]] == blocks


def test_derived_subnet_holds_all_addresses(tmp_path: Path) -> None:
    """The range grows until every interface is in it."""
    few = written(world("aws-600"), tmp_path)
    loaded = load_aws_world(
        nodes=few["nodes"], instances=few["instances"], network_interfaces=few["network_interfaces"]
    )
    assert [subnet["CidrBlock"] for subnet in loaded.cloud("Subnets")] == ["10.8.0.0/22"]


def test_what_was_derived_can_be_served(files: dict[str, Any]) -> None:
    """The lab answers with it, as with a world of its own."""
    few: dict[str, Any] = {name: files[name] for name in ("nodes", "instances", "network_interfaces")}
    with Lab(load_aws_world(**few)) as lab:
        form = {"Action": "DescribeRouteTables", "Version": "2016-11-15"}
        answer = requests.post(lab.endpoint, data=form, timeout=5)
    assert answer.ok
    assert "<destinationCidrBlock>10.10.0.0/23</destinationCidrBlock>" in answer.text


def test_bare_metal_needs_the_nodes_only(files: dict[str, Any]) -> None:
    """There is no cloud whose resources could be read."""
    loaded = load_bare_metal_world(files["nodes"])
    assert (loaded.platform, loaded.resources, len(loaded.nodes)) == ("bare_metal", {}, 8)
