"""aws-closed: security groups that name each other or nobody, and a network ACL that keeps pods out of one subnet."""

from __future__ import annotations

from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.aws_build import OWNER, Net, aws_id, build
from l2bridge_helpers.lab.worlds.machine import Machine

DESCRIPTION = "no security group lets pod CIDRs in, and a network ACL denies them: routes=True, open_firewall=True"
_NET = Net(subnets=(("a", "10.10.0.0/24"), ("b", "10.10.1.0/24")))
_NAMES = ("control", "workers", "workers", "edge", "edge", "edge")
"""The group of each node: the first two name each other, the third nobody."""
_ALL: Json = {"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []}
_DENIED = 90


def aws_closed() -> World:
    """Return a world in which neither the check nor routes are all that is in the way."""
    machines = [
        Machine(
            name=f"node-{number}",
            zone="ab"[number % 2],
            address=f"10.10.{number % 2}.{10 + number}",
            pods=(f"10.42.{number}.0/24",),
            control_plane=number == 0,
        )
        for number in range(len(_NAMES))
    ]
    world = build("aws-closed", DESCRIPTION, _NET, machines)
    world.resources["SecurityGroups"] = [
        _group("control", "control", "workers"),
        _group("workers", "control", "workers"),
        _group("edge"),
    ]
    for number, name in enumerate(_NAMES):
        _put_in(world, f"node-{number}", name)
    _deny(world)
    return world


def _group(name: str, *peers: str) -> Json:
    """Return a group that lets its peers in, and SSH from the office; everything goes out."""
    named = {**_ALL, "UserIdGroupPairs": [{"GroupId": aws_id("sg", peer), "UserId": OWNER} for peer in peers]}
    ssh = {
        **_ALL,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "192.168.0.0/16", "Description": "office"}],
        "UserIdGroupPairs": [],
    }
    return {
        "Description": f"{name} of the cluster",
        "GroupId": aws_id("sg", name),
        "GroupName": name,
        "IpPermissions": [*([named] if peers else []), ssh],
        "IpPermissionsEgress": [{**_ALL, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": []}],
        "OwnerId": OWNER,
        "Tags": [],
        "VpcId": aws_id("vpc", "cluster"),
    }


def _put_in(world: World, machine: str, group: str) -> None:
    """Give a machine and its interface this group alone."""
    groups = [{"GroupName": group, "GroupId": aws_id("sg", group)}]
    for nic in world.cloud("NetworkInterfaces"):
        if nic["Attachment"]["InstanceId"] == aws_id("i", machine):
            nic["Groups"] = groups
    for instance in world.cloud("Instances"):
        if instance["InstanceId"] == aws_id("i", machine):
            instance["SecurityGroups"] = groups
            for seen in instance["NetworkInterfaces"]:
                seen["Groups"] = groups


def _deny(world: World) -> None:
    """Give subnet b an ACL of its own, which keeps pods out."""
    (shared,) = world.cloud("NetworkAcls")
    identifier, subnet = aws_id("acl", "b"), aws_id("subnet", "b")
    link = next(entry for entry in shared["Associations"] if entry["SubnetId"] == subnet)
    shared["Associations"].remove(link)
    denial = {"CidrBlock": _NET.pods, "Protocol": "-1", "Egress": False, "RuleAction": "deny", "RuleNumber": _DENIED}
    own = {**shared, "NetworkAclId": identifier, "IsDefault": False}
    own["Associations"] = [{**link, "NetworkAclId": identifier}]
    own["Entries"] = [*shared["Entries"], denial]
    world.cloud("NetworkAcls").append(own)
