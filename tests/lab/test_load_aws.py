import json
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.lab import LabError, World, load_aws_world, load_bare_metal_world, world

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
        ("instances", '{"Reservations": []}', "holds no instance"),
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


def test_bare_metal_needs_the_nodes_only(files: dict[str, Any]) -> None:
    """There is no cloud whose resources could be read."""
    loaded = load_bare_metal_world(nodes=files["nodes"])
    assert (loaded.platform, loaded.resources, len(loaded.nodes)) == ("bare_metal", {}, 8)
