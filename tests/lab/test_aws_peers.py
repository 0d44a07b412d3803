"""The real `aws` command judges the lab and the commands that a plan shows."""

import os
import shutil
import subprocess

import pytest

from l2bridge_helpers import list_nodes, plan
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.aws import Aws
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.scope import Scope

AWS = os.environ.get("L2BRIDGE_AWS_CLI") or shutil.which("aws") or ""
pytestmark = pytest.mark.skipif(not AWS, reason="no `aws` command on this machine (its pins clash with boto3's)")


def run(lab: Lab, command: str) -> str:
    """Run a plan's command in a shell, with the real tool; return what it prints."""
    variables = {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,
    }
    text = command.replace("aws ec2", f"{AWS} ec2")
    done = subprocess.run(
        ["/bin/sh", "-c", text],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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
