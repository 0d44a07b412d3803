"""EC2's terms and commands."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.aws_dialect import AwsDialect
from l2bridge_helpers.clouds.aws_ledger import noted
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
from l2bridge_helpers.filters import NETWORK_ACL, Rule

ID = "i-0123456789abcdef0"
TABLE = "eu-west-1/rtb-1"
SPEAKS = AwsDialect()
NIC = Nic("eni-1", ("10.0.0.1/32",), "subnet-1", "eu-west-1/vpc-1", forwarding=False, filters=("sg-1", "sg-2"))
FABRIC = Fabric("aws", "eu-west-1/vpc-1")
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


def test_pods_are_let_in_by_as_few_groups_as_serve_all() -> None:
    """The group that most interfaces have, one rule each; the JSON is `aws`'s own."""
    others = [replace(NIC, filters=groups) for groups in (("sg-2", "sg-3"), ("sg-4",), ())]
    words = shlex.split(SPEAKS.allow_command(FABRIC, ("10.42.0.0/16",), (NIC, *others)))
    assert [word for word in words if word.startswith("--group-id")] == ["--group-id=sg-2", "--group-id=sg-4"]
    assert json.loads(words[-1].removeprefix("--ip-permissions=")) == [
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.42.0.0/16", "Description": "pods"}]}
    ]
    assert words[:4] == ["aws", "ec2", "authorize-security-group-ingress", "--region=eu-west-1"]


def test_pods_are_let_out_by_a_call_of_its_own() -> None:
    """IPv6 ranges have a field of their own."""
    words = shlex.split(SPEAKS.allow_command(FABRIC, ("fd00:42::/64",), (NIC,), inbound=False))
    assert words[2] == "authorize-security-group-egress"
    assert "CidrIpv6" in json.loads(words[-1].removeprefix("--ip-permissions="))[0]["Ipv6Ranges"][0]


def test_acl_entries_are_numbered_one_after_the_other() -> None:
    """EC2 takes one range an entry."""
    rule = Rule(NETWORK_ACL, "acl-1", "", 90, allow=True, inbound=False, destinations=("10.42.0.0/24", "fd00:42::/64"))
    one, two = SPEAKS.pass_command(FABRIC, rule).split(" && ")
    entry = ["aws", "ec2", "create-network-acl-entry", "--region=eu-west-1", "--network-acl-id=acl-1"]
    rest = ["--protocol=-1", "--rule-action=allow", "--egress"]
    assert shlex.split(one) == [*entry, "--rule-number=90", *rest, "--cidr-block=10.42.0.0/24"]
    assert shlex.split(two) == [*entry, "--rule-number=91", *rest, "--ipv6-cidr-block=fd00:42::/64"]
    assert "--ingress" in SPEAKS.pass_command(FABRIC, replace(rule, inbound=True, sources=("10.42.0.0/24",)))


def opening(*ranges: str) -> Rule:
    return SPEAKS.opening("la b", FABRIC, "sg-1", ranges, ())


def test_an_opening_s_commands_do_what_is_sent() -> None:
    """Only what differs is added and removed, with the description by which it is ours."""
    old, new = opening("10.42.0.0/16", "10.43.0.0/16"), opening("10.43.0.0/16", "10.44.0.0/16")
    assert noted(old.description) == "la b"
    add, remove = SPEAKS.opening_command(FABRIC, old, new).split(" && ")
    for command, verb, cidr in ((add, "authorize", "10.44.0.0/16"), (remove, "revoke", "10.42.0.0/16")):
        words = shlex.split(command)
        assert words[2:5] == [f"{verb}-security-group-ingress", "--region=eu-west-1", "--group-id=sg-1"]
        ranges = json.loads(words[5].removeprefix("--ip-permissions="))[0]["IpRanges"]
        assert ranges == [{"CidrIp": cidr, "Description": old.description}]
    assert SPEAKS.opening_command(FABRIC, None, old).count("10.4") == 2
    assert shlex.split(SPEAKS.opening_command(FABRIC, old, None))[2] == "revoke-security-group-ingress"


def test_only_the_very_interface_carries_the_packets() -> None:
    """A route to another interface of the machine, or to the machine's id, does not do."""
    assert SPEAKS.leads_to("eni-1", MACHINE, NIC)
    assert not SPEAKS.leads_to("eni-2", MACHINE, NIC)
    assert not SPEAKS.leads_to(ID, MACHINE, NIC)
