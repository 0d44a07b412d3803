"""Put an AWS world together: machines in subnets of one VPC, and the resources around them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from l2bridge_helpers.lab.world import Json, World
from l2bridge_helpers.lab.worlds.kube_objects import flannel_config, node
from l2bridge_helpers.lab.worlds.machine import Machine, Site

REGION, OWNER, CLUSTER = "eu-west-1", "123456789012", "lab"
_CREATED = "2026-10-01T15:00:00.000Z"
_ALL: Json = {"IpProtocol": "-1", "PrefixListIds": []}


@dataclass(frozen=True, kw_only=True)
class Net:
    """The VPC: its range, the pods' range, and its subnets by zone letter."""

    range: str = "10.10.0.0/16"
    pods: str = "10.42.0.0/16"
    subnets: tuple[tuple[str, str], ...] = (("a", "10.10.0.0/24"),)


def aws_id(kind: str, name: str) -> str:
    """Return an id of EC2's form, made from a name."""
    return f"{kind}-{hashlib.sha256(f'{kind} {name}'.encode()).hexdigest()[:17]}"


def build(name: str, description: str, net: Net, machines: Sequence[Machine]) -> World:
    """Return a world in which the machines that say so forward already, and nothing else is done."""
    site = Site(region=REGION, pods_range=net.pods, nodes_range=net.range)
    instances = [instance(machine) for machine in machines]
    return World(
        name=name,
        description=description,
        cluster=CLUSTER,
        parameters={"region": REGION},
        nodes=[aws_node(machine, site) for machine in machines],
        config_maps=[flannel_config(site)],
        resources={
            "Instances": instances,
            "NetworkInterfaces": [interface(machine) for machine in machines],
            "Vpcs": [_vpc(net)],
            "Subnets": [_subnet(zone, cidr) for zone, cidr in net.subnets],
            "RouteTables": [route_table("main", net, main=True)],
            "SecurityGroups": [_group(net)],
            "NetworkAcls": [_acl(net)],
        },
        platform="aws",
    )


def aws_node(machine: Machine, site: Site) -> Json:
    """Return the Node object of a machine as cloud-provider-aws leaves it."""
    made = node(machine, site)
    zone = f"{REGION}{machine.zone}"
    made["spec"]["providerID"] = f"aws:///{zone}/{aws_id('i', machine.name)}"
    made["metadata"]["labels"] |= {
        "topology.kubernetes.io/zone": zone,
        "node.kubernetes.io/instance-type": "m6i.xlarge",
    }
    for address in made["status"]["addresses"]:
        if address["type"] == "InternalDNS":
            address["address"] = _dns(machine)
    return made


def interface(machine: Machine, *, index: int = 0, address: str = "", kind: str = "interface", **more: object) -> Json:
    """Return a network interface of a machine; index 0 is the one with its address."""
    ip = address or machine.address
    name = machine.name if index == 0 else f"{machine.name} {index}"
    return {
        "Attachment": {
            "AttachTime": _CREATED,
            "AttachmentId": aws_id("eni-attach", name),
            "DeleteOnTermination": True,
            "DeviceIndex": index,
            "NetworkCardIndex": 0,
            "InstanceId": aws_id("i", machine.name),
            "InstanceOwnerId": OWNER,
            "Status": "attached",
        },
        "AvailabilityZone": f"{REGION}{machine.zone}",
        "Description": "",
        "Groups": [{"GroupName": "nodes", "GroupId": aws_id("sg", "nodes")}],
        "InterfaceType": kind,
        "Ipv6Addresses": [],
        "MacAddress": _mac(name),
        "NetworkInterfaceId": aws_id("eni", name),
        "OwnerId": OWNER,
        "PrivateDnsName": f"ip-{ip.replace('.', '-')}.{REGION}.compute.internal",
        "PrivateIpAddress": ip,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": ip}],
        "RequesterManaged": False,
        "SourceDestCheck": not machine.forwarding,
        "Status": "in-use",
        "SubnetId": aws_id("subnet", machine.zone),
        "TagSet": [],
        "VpcId": aws_id("vpc", "cluster"),
        **more,
    }


def instance(machine: Machine) -> Json:
    """Return the instance of a machine with its one interface."""
    nic = interface(machine)
    tags = [{"Key": "Name", "Value": machine.name}]
    if machine.manager:
        tags.append({"Key": "aws:autoscaling:groupName", "Value": machine.manager})
    return {
        "AmiLaunchIndex": 0,
        "Architecture": "x86_64",
        "ImageId": aws_id("ami", "windows" if machine.windows else "linux"),
        "InstanceId": aws_id("i", machine.name),
        "InstanceType": "m6i.xlarge",
        "LaunchTime": _CREATED,
        "NetworkInterfaces": [seen(nic)],
        "Placement": {"AvailabilityZone": f"{REGION}{machine.zone}", "GroupName": "", "Tenancy": "default"},
        "PrivateDnsName": _dns(machine),
        "PrivateIpAddress": machine.address,
        "SecurityGroups": nic["Groups"],
        "SourceDestCheck": not machine.forwarding,
        "State": {"Code": 16, "Name": "running"},
        "SubnetId": nic["SubnetId"],
        "Tags": tags,
        "VpcId": nic["VpcId"],
        **({"Platform": "windows"} if machine.windows else {}),
    }


def seen(nic: Json) -> Json:
    """Return an interface as its instance shows it."""
    left = {
        name: value for name, value in nic.items() if name not in ("AvailabilityZone", "RequesterManaged", "TagSet")
    }
    attachment = {name: value for name, value in nic["Attachment"].items() if not name.startswith("Instance")}
    return {**left, "Attachment": attachment}


def route_table(name: str, net: Net, *, main: bool = False, subnets: tuple[str, ...] = ()) -> Json:
    """Return a route table: the VPC's main one, or one that subnets (zone letters) are associated with."""
    links: list[Json] = (
        [{"Main": True}] if main else [{"Main": False, "SubnetId": aws_id("subnet", zone)} for zone in subnets]
    )
    identifier = aws_id("rtb", name)
    return {
        "Associations": [
            {
                **link,
                "RouteTableAssociationId": aws_id("rtbassoc", f"{name} {place}"),
                "RouteTableId": identifier,
                "AssociationState": {"State": "associated"},
            }
            for place, link in enumerate(links)
        ],
        "OwnerId": OWNER,
        "PropagatingVgws": [],
        "RouteTableId": identifier,
        "Routes": [
            {"DestinationCidrBlock": net.range, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"},
            {
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": aws_id("igw", "cluster"),
                "Origin": "CreateRoute",
                "State": "active",
            },
        ],
        "Tags": [{"Key": "Name", "Value": name}],
        "VpcId": aws_id("vpc", "cluster"),
    }


def _vpc(net: Net) -> Json:
    block = {"AssociationId": aws_id("vpc-cidr-assoc", "cluster"), "CidrBlock": net.range}
    return {
        "CidrBlock": net.range,
        "CidrBlockAssociationSet": [{**block, "CidrBlockState": {"State": "associated"}}],
        "DhcpOptionsId": aws_id("dopt", "cluster"),
        "InstanceTenancy": "default",
        "IsDefault": False,
        "OwnerId": OWNER,
        "State": "available",
        "Tags": [],
        "VpcId": aws_id("vpc", "cluster"),
    }


def _subnet(zone: str, cidr: str) -> Json:
    return {
        "AssignIpv6AddressOnCreation": False,
        "AvailabilityZone": f"{REGION}{zone}",
        "AvailableIpAddressCount": 200,
        "CidrBlock": cidr,
        "DefaultForAz": False,
        "Ipv6CidrBlockAssociationSet": [],
        "MapPublicIpOnLaunch": False,
        "OwnerId": OWNER,
        "State": "available",
        "SubnetId": aws_id("subnet", zone),
        "Tags": [],
        "VpcId": aws_id("vpc", "cluster"),
    }


def _group(net: Net) -> Json:
    group = aws_id("sg", "nodes")
    inside = {
        **_ALL,
        "IpRanges": [{"CidrIp": net.pods, "Description": "pods"}],
        "Ipv6Ranges": [],
        "UserIdGroupPairs": [{"GroupId": group, "UserId": OWNER}],
    }
    outside = {**_ALL, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "UserIdGroupPairs": []}
    return {
        "Description": "nodes of the cluster",
        "GroupId": group,
        "GroupName": "nodes",
        "IpPermissions": [inside],
        "IpPermissionsEgress": [outside],
        "OwnerId": OWNER,
        "Tags": [],
        "VpcId": aws_id("vpc", "cluster"),
    }


def _acl(net: Net) -> Json:
    identifier = aws_id("acl", "default")
    entry: Json = {"CidrBlock": "0.0.0.0/0", "Protocol": "-1"}
    return {
        "Associations": [
            {
                "NetworkAclAssociationId": aws_id("aclassoc", zone),
                "NetworkAclId": identifier,
                "SubnetId": aws_id("subnet", zone),
            }
            for zone, _ in net.subnets
        ],
        "Entries": [
            {**entry, "Egress": egress, "RuleAction": action, "RuleNumber": number}
            for egress in (True, False)
            for number, action in ((100, "allow"), (32767, "deny"))
        ],
        "IsDefault": True,
        "NetworkAclId": identifier,
        "OwnerId": OWNER,
        "Tags": [],
        "VpcId": aws_id("vpc", "cluster"),
    }


def _dns(machine: Machine) -> str:
    return f"ip-{machine.address.replace('.', '-')}.{REGION}.compute.internal"


def _mac(name: str) -> str:
    digits = hashlib.sha256(name.encode()).hexdigest()
    return ":".join(["0a", *(digits[place : place + 2] for place in range(0, 10, 2))])
