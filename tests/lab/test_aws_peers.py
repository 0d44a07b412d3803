"""The real `aws` command judges the lab and the commands that a plan shows."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from l2bridge_helpers import list_nodes, plan, reach
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.aws import Aws
from l2bridge_helpers.clouds.aws_dialect import AwsDialect
from l2bridge_helpers.filters import NETWORK_ACL, Rule
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.worlds.aws_build import aws_id
from l2bridge_helpers.scope import Scope

AWS = os.environ.get("L2BRIDGE_AWS_CLI") or shutil.which("aws") or ""
pytestmark = pytest.mark.skipif(not AWS, reason="no `aws` command on this machine (its pins clash with boto3's)")
MAIN, NIC, OTHER = aws_id("rtb", "main"), aws_id("eni", "node-1"), aws_id("eni", "node-2")


@pytest.fixture
def messy() -> Iterator[Lab]:
    with Lab(world("aws-messy")) as lab:
        yield lab


def ec2(lab: Lab, command: str) -> Any:
    """Run `aws ec2 ...`; return the JSON that it prints."""
    return json.loads(run(lab, f"aws ec2 {command} --region=eu-west-1 --output=json") or "null")


def refused(lab: Lab, command: str) -> str:
    """Return what `aws ec2 ...` says when it fails."""
    return run(lab, f"aws ec2 {command} --region=eu-west-1", fails=True)


def routes(lab: Lab) -> dict[str, str]:
    """Return the main table's routes to interfaces."""
    found = lab.world.cloud("RouteTables")[0]["Routes"]
    return {one["DestinationCidrBlock"]: one["NetworkInterfaceId"] for one in found if "NetworkInterfaceId" in one}


def run(lab: Lab, command: str, *, fails: bool = False) -> str:
    """Run a plan's command in a shell, with the real tool; return what it prints, or says when it is to fail."""
    variables = {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    text = command.replace("aws ec2", f"{AWS} ec2")
    done = subprocess.run(
        ["/bin/sh", "-c", text],
        env={**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stderr or done.stdout
    return done.stderr if fails else done.stdout


def planned(lab: Lab, scope: Scope) -> Plan:
    nodes = list_nodes(str(lab.kubeconfig))
    cloud = Aws(region="eu-west-1", endpoint=lab.endpoint, scope=scope, ask_permissions=False)
    return plan(nodes, cloud.observe(nodes), cluster="lab", scope=scope)


def test_aws_describes_the_lab() -> None:
    """Every interface is listed with its check."""
    with Lab(world("aws-small")) as lab:
        query = "NetworkInterfaces[].SourceDestCheck"
        shown = run(lab, f"aws ec2 describe-network-interfaces --region=eu-west-1 --output=text --query='{query}'")
        assert shown.split() == ["True"] * 6


@pytest.mark.parametrize("name", ["aws-small", "aws-two-subnets"])
def test_commands_of_a_plan_do_what_apply_does(name: str) -> None:
    """An operator who may not run this tool can do it by hand: then nothing is left to do."""
    scope = Scope(routes=name == "aws-two-subnets")
    with Lab(world(name)) as lab:
        for change in planned(lab, scope).writes:
            run(lab, change.command)
        assert not planned(lab, scope).writes


@pytest.mark.parametrize(
    ("command", "collection", "key"),
    [
        ("describe-network-interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        ("describe-vpcs", "Vpcs", "VpcId"),
        ("describe-subnets", "Subnets", "SubnetId"),
        ("describe-route-tables", "RouteTables", "RouteTableId"),
        ("describe-security-groups", "SecurityGroups", "GroupId"),
        ("describe-network-acls", "NetworkAcls", "NetworkAclId"),
    ],
)
def test_aws_reads_every_property(messy: Lab, command: str, collection: str, key: str) -> None:
    """What the world holds is what the command prints, name by name."""
    shown = {item[key]: set(item) for item in ec2(messy, command)[collection]}
    assert {item[key]: set(item) for item in messy.world.cloud(collection)} == shown


def test_aws_reads_instances_in_pages(messy: Lab) -> None:
    """Page by page, each one once, with the types that JSON has."""
    shown = [
        item for one in ec2(messy, "describe-instances --page-size=5")["Reservations"] for item in one["Instances"]
    ]
    held = [(item["InstanceId"], item["SourceDestCheck"]) for item in messy.world.cloud("Instances")]
    assert [(item["InstanceId"], item["SourceDestCheck"]) for item in shown] == held
    assert [request.action for request in messy.requests] == ["DescribeInstances"] * 2


def test_aws_turns_the_check_off(messy: Lab) -> None:
    """By interface; by instance only where there is one interface; `--dry-run` changes nothing."""
    command = f"modify-network-interface-attribute --no-source-dest-check --network-interface-id={NIC}"
    assert "(DryRunOperation)" in refused(messy, f"{command} --dry-run")
    assert messy.writes == []
    ec2(messy, command)
    (shown,) = ec2(messy, f"describe-network-interfaces --network-interface-ids={NIC}")["NetworkInterfaces"]
    assert shown["SourceDestCheck"] is False
    by_instance = "modify-instance-attribute --no-source-dest-check --instance-id="
    ec2(messy, by_instance + aws_id("i", "node-2"))
    assert "(InvalidInstanceID)" in refused(messy, by_instance + aws_id("i", "node-0"))


def test_aws_makes_moves_and_removes_a_route(messy: Lab) -> None:
    """Create, refuse to create again, replace, delete, refuse to delete again."""
    place = f"--route-table-id={MAIN} --destination-cidr-block=10.42.9.0/24"
    assert ec2(messy, f"create-route {place} --network-interface-id={NIC}") == {"Return": True}
    assert routes(messy)["10.42.9.0/24"] == NIC
    assert "(RouteAlreadyExists)" in refused(messy, f"create-route {place} --network-interface-id={OTHER}")
    ec2(messy, f"replace-route {place} --network-interface-id={OTHER}")
    assert routes(messy)["10.42.9.0/24"] == OTHER
    ec2(messy, f"delete-route {place}")
    assert "10.42.9.0/24" not in routes(messy)
    assert "(InvalidRoute.NotFound)" in refused(messy, f"delete-route {place}")


def test_aws_sets_and_removes_tags(messy: Lab) -> None:
    """Letters outside ASCII and XML's own signs come back as they were; a tag goes only with its value."""
    tags = [{"Key": "l2bridge:lab", "Value": "10.42.0.0/22-24"}, {"Key": "team", "Value": "A & <B> \u00e9"}]
    ec2(messy, f"create-tags --resources={MAIN} --tags='{json.dumps(tags)}'")
    (shown,) = ec2(messy, "describe-route-tables --filters='Name=tag:team,Values=A*'")["RouteTables"]
    assert [tag for tag in shown["Tags"] if tag["Key"] != "Name"] == tags
    ec2(messy, f"delete-tags --resources={MAIN} --tags Key=team,Value=other Key=l2bridge:lab")
    assert {tag["Key"] for tag in messy.world.cloud("RouteTables")[0]["Tags"]} == {"Name", "team"}


def test_the_commands_open_groups_and_acls_as_the_plan_does() -> None:
    """Groups get our marked ranges, the ACL its entries before the one that denies; then nothing is left to do."""
    with Lab(world("aws-closed")) as lab:
        scope = Scope(routes=True, open_firewall=True)
        nodes = list_nodes(str(lab.kubeconfig))
        cloud = Aws(region="eu-west-1", endpoint=lab.endpoint, scope=scope)
        changes = plan(nodes, cloud.observe(nodes), cluster="lab", scope=scope)
        for change in changes.writes:
            run(lab, change.command)
        fabric = cloud.observe(nodes)
        assert plan(nodes, fabric, cluster="lab", scope=scope).writes == ()
        acl = aws_id("acl", "b")
        rule = Rule(NETWORK_ACL, acl, "", 80, allow=True, inbound=True, sources=("10.42.0.0/17", "10.42.128.0/17"))
        run(lab, AwsDialect().pass_command(fabric, rule))
        assert reach(nodes, cloud.observe(nodes)).summary().startswith("30 of 30 pairs reach")
