"""Terraform's AWS provider judges the lab: it reads back what it has made, and complains of every difference."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.worlds.aws_build import aws_id

PLUGINS = os.environ.get("L2BRIDGE_TERRAFORM_PLUGINS", "")
"""A folder with `registry.terraform.io/hashicorp/aws/…` in it, for machines that do not reach the registry."""
NIC, TABLE, POD_CIDR = aws_id("eni", "node-1"), aws_id("rtb", "main"), "10.42.0.0/24"
CONFIGURATION = """
terraform {{
  required_providers {{ aws = {{ source = "hashicorp/aws" }} }}
}}
provider "aws" {{
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {{ ec2 = "{endpoint}" }}
}}
import {{
  to = aws_network_interface.node
  id = "{nic}"
}}
resource "aws_network_interface" "node" {{
  subnet_id         = "{subnet}"
  security_groups   = ["{group}"]
  source_dest_check = false
}}
resource "aws_route" "pods" {{
  route_table_id         = "{table}"
  destination_cidr_block = "{cidr}"
  network_interface_id   = aws_network_interface.node.id
}}
resource "aws_ec2_tag" "mark" {{
  resource_id = "{table}"
  key         = "l2bridge:lab"
  value       = "{cidr}"
}}
"""
pytestmark = pytest.mark.skipif(not shutil.which("terraform"), reason="no `terraform` command on this machine")


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run terraform in a folder, with nothing of this machine's configuration."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    return subprocess.run(
        [str(shutil.which("terraform")), *arguments],
        cwd=folder,
        env={**inherited, "HOME": str(folder), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which Terraform has its provider."""
    settings = {"endpoint": "http://127.0.0.1:1", "nic": NIC, "table": TABLE, "cidr": POD_CIDR}
    write(tmp_path, **settings)
    plugins = [f"-plugin-dir={PLUGINS}"] if PLUGINS else []
    done = terraform(tmp_path, "init", "-input=false", "-no-color", *plugins)
    if done.returncode:
        pytest.skip("terraform cannot get its AWS provider here; L2BRIDGE_TERRAFORM_PLUGINS may name a folder with it")
    return tmp_path


def write(folder: Path, **settings: str) -> None:
    """Write the configuration."""
    text = CONFIGURATION.format(subnet=aws_id("subnet", "a"), group=aws_id("sg", "nodes"), **settings)
    (folder / "main.tf").write_text(text, encoding="utf-8")


def test_terraform_converges_on_the_lab(folder: Path) -> None:
    """What it applied it finds again: a second plan has no change; and the lab holds just that."""
    with Lab(world("aws-small")) as lab:
        write(folder, endpoint=lab.endpoint, nic=NIC, table=TABLE, cidr=POD_CIDR)
        done = terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color")
        assert done.returncode == 0, done.stderr
        again = terraform(folder, "plan", "-detailed-exitcode", "-input=false", "-no-color")
        assert again.returncode == 0, again.stdout + again.stderr
        nics = {nic["NetworkInterfaceId"]: nic["SourceDestCheck"] for nic in lab.world.cloud("NetworkInterfaces")}
        assert [nic for nic, check in nics.items() if not check] == [NIC]
        (table,) = lab.world.cloud("RouteTables")
        routes = {route["DestinationCidrBlock"]: route.get("NetworkInterfaceId") for route in table["Routes"]}
        assert routes[POD_CIDR] == NIC
        assert {"Key": "l2bridge:lab", "Value": POD_CIDR} in table["Tags"]
