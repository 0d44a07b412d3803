"""The document's procedure with boto3: `python bench/tools/sdk_aws.py sequential|threads|tuned`."""

from __future__ import annotations

import sys

import boto3
from botocore.config import Config
from loop import THREADS, each
from nodes import nodes, parameters

_CONFIGS = {
    "sequential": Config(),
    "threads": Config(max_pool_connections=THREADS),
    "tuned": Config(max_pool_connections=THREADS, retries={"mode": "adaptive", "max_attempts": 20}),
}


def main() -> None:
    """List the interfaces once; switch the check off at those of the nodes, one call each."""
    how, given = sys.argv[1], parameters()
    access = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": given["region"]}
    ec2 = boto3.client("ec2", endpoint_url=given["endpoint"], config=_CONFIGS[how], **access)
    machines = {node.machine.rpartition("/")[2] for node in nodes(given["kubeconfig"])}
    pages = ec2.get_paginator("describe_network_interfaces").paginate(PaginationConfig={"PageSize": 1000})
    nics = [
        nic["NetworkInterfaceId"]
        for page in pages
        for nic in page["NetworkInterfaces"]
        if nic.get("Attachment", {}).get("InstanceId") in machines
    ]

    def switch_off(nic: str) -> None:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=nic, SourceDestCheck={"Value": False})

    each(nics, switch_off, threads=1 if how == "sequential" else THREADS)


if __name__ == "__main__":
    main()
