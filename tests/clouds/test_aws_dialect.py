"""EC2's terms and commands."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.aws_dialect import AwsDialect
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route

ID = "i-0123456789abcdef0"
TABLE = "eu-west-1/rtb-1"
SPEAKS = AwsDialect()
NIC = Nic("eni-1", ("10.0.0.1/32",), "subnet-1", "eu-west-1/vpc-1", forwarding=False, filters=("sg-1", "sg-2"))
MACHINE = Instance(ID, ID, "", "running", (NIC,))


@pytest.mark.parametrize("written", [f"aws:///eu-west-1a/{ID}", f"aws:////{ID}", f"aws:///{ID}", ID, "i-01234567"])
def test_every_form_of_a_provider_id_is_read(written: str) -> None:
    """With a zone, with an empty one, without, and the bare id; old ids are shorter."""
    assert SPEAKS.instance_id(written) == written.rpartition("/")[2]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "aws://",
        "aws:///eu-west-1a/",
        f"gce://p/z/{ID}",
        f"rke2://{ID}",
        f"aws:///z/{ID}\n",
        "aws:///z/i-XYZ",
        "i-*",
    ],
)
def test_what_is_no_provider_id_of_aws_names_nothing(written: str) -> None:
    """Nothing is guessed; a wildcard would be a filter for every instance."""
    assert SPEAKS.instance_id(written) == ""


@pytest.mark.parametrize(
    ("name", "address"),
    [("ip-ac1f2610", "172.31.38.16"), ("0a0a0015", "10.10.0.21"), ("ip-10-10-0-21", ""), ("ec2amaz-abc", ""), ("", "")],
)
def test_hex_names_of_windows_spell_an_address(name: str, address: str) -> None:
    """As in rke2 issue 5415; ordinary names spell none."""
    assert SPEAKS.address_in(name) == address


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_marks_survive_the_shell(key: str, value: str) -> None:
    """Whatever stands in a tag, the shell hands the very JSON to `aws`."""
    words = shlex.split(SPEAKS.mark_command(TABLE, {"old": "x"}, {key: value}))
    put = next(word for word in words if word.startswith("--tags="))
    assert json.loads(put.removeprefix("--tags=")) == [{"Key": key, "Value": value}]
    assert words.count("&&") == (0 if key == "old" else 1)


@pytest.mark.parametrize(
    ("cidr", "option"),
    [("10.42.0.0/24", "--destination-cidr-block"), ("fd00:42::/64", "--destination-ipv6-cidr-block")],
)
def test_route_commands_name_region_table_destination_and_interface(cidr: str, option: str) -> None:
    """Each can be run as it stands; IPv6 has an option of its own."""
    route = Route("r", cidr, "eni-1", TABLE)
    place = ["--region=eu-west-1", "--route-table-id=rtb-1", f"{option}={cidr}"]
    hop = "--network-interface-id=eni-1"
    assert shlex.split(SPEAKS.create_command(route)) == ["aws", "ec2", "create-route", *place, hop]
    assert shlex.split(SPEAKS.replace_command(route, route)) == ["aws", "ec2", "replace-route", *place, hop]
    assert shlex.split(SPEAKS.delete_command(route)) == ["aws", "ec2", "delete-route", *place]


def test_the_check_is_turned_off_by_interface() -> None:
    """The call by instance fails where there are two interfaces."""
    assert shlex.split(SPEAKS.enable_command(MACHINE, NIC)) == [
        *("aws", "ec2", "modify-network-interface-attribute", "--region=eu-west-1"),
        *("--network-interface-id=eni-1", "--no-source-dest-check"),
    ]


def test_pods_are_let_in_by_each_first_group_once() -> None:
    """One rule is enough, and the JSON is `aws`'s own."""
    fabric = Fabric("aws", "eu-west-1/vpc-1")
    words = shlex.split(SPEAKS.allow_command(fabric, ("10.42.0.0/16",), (NIC, NIC)))
    assert [word for word in words if word.startswith("--group-id")] == ["--group-id=sg-1"]
    permissions = json.loads(words[-1].removeprefix("--ip-permissions="))
    assert permissions[0]["IpRanges"][0]["CidrIp"] == "10.42.0.0/16"


def test_only_the_very_interface_carries_the_packets() -> None:
    """A route to another interface of the machine, or to the machine's id, does not do."""
    assert SPEAKS.leads_to("eni-1", MACHINE, NIC)
    assert not SPEAKS.leads_to("eni-2", MACHINE, NIC)
    assert not SPEAKS.leads_to(ID, MACHINE, NIC)
