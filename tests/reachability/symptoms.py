"""The known failures of such clusters, by their symptoms: what the state shows of them, and where to look otherwise.

Sources: issues and documents of flannel, Rancher, Calico, Kubernetes and the clouds, collected 2026-11; each row names
its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.reachability import faults
from tests.reachability import healthy as made
from tests.reachability.faults import Change, nic, route, row, rules, then, without
from tests.reachability.healthy import World


@dataclass(frozen=True)
class Shown:
    """A failure that nodes and network show.

    Attributes:
        symptom: what people see, or the cause where it is the better-known part.
        source: who tells of it.
        platform: of the world.
        change: what makes the healthy world fail so.
        kind: of the cause that `reach` names.
        nodes: where it is.
        mend: a part of what mends it.
        finding: a part of what `check` says; empty: it leaves that to `reach`, or to the plan.

    """

    symptom: str
    source: str
    platform: str
    change: Change
    kind: str
    nodes: tuple[str, ...]
    mend: str
    finding: str = ""
    verdict: str = "blocked"


def check_everywhere(world: World) -> World:
    """Turn the check on at every interface, as it is when a machine is made."""
    for name in faults.NODES:
        world = made.with_nic(world, name, forwarding=False)
    return world


ALL, ONE, TWO = faults.NODES, ("node-3",), ("node-3", "node-4")
SHOWN = [
    Shown(
        "no ping across hosts in clouds",
        "rootsongjc/kubernetes-handbook #87",
        "aws",
        check_everywhere,
        "forwarding",
        ALL,
        "--network-interface-id=eni-1 --no-source-dest-check",
    ),
    Shown(
        "no ping across hosts in clouds",
        "rootsongjc/kubernetes-handbook #87",
        "gce",
        check_everywhere,
        "forwarding",
        ALL,
        "canIpForward: true",
    ),
    Shown(
        "no ping across hosts in clouds",
        "rootsongjc/kubernetes-handbook #87",
        "azure",
        check_everywhere,
        "forwarding",
        ALL,
        "--ip-forwarding=true",
    ),
    Shown(
        "EFA interfaces do not let the check be changed",
        "gardener MCM-AWS",
        "aws",
        nic(forwarding=False, fixed="an efa interface does not let it be changed"),
        "forwarding",
        ONE,
        "ordinary interface",
        "an efa interface does not let it be changed",
    ),
    Shown(
        "duplicate routes, or a loop",
        "flannel #254",
        "aws",
        row(routeDestination="10.10.0.0/25"),
        "pod CIDR",
        ONE,
        "outside every range of the network",
        "overlaps 10.10.0.0/24 of subnet subnet-a",
    ),
    Shown(
        "backend typo host_gw",
        "kubernetes #86482",
        "gce",
        faults.backend_everywhere("host_gw"),
        "flannel",
        ALL,
        "set Backend.Type to host-gw",
        "run flannel's backend host_gw",
        "unproven",
    ),
    Shown(
        "some nodes have another backend than chosen",
        "rancher #18542, #15936",
        "gce",
        row(backendType="vxlan"),
        "flannel",
        ONE,
        "set Backend.Type to host-gw",
        "run flannel's backend vxlan",
    ),
    Shown(
        *(
            "mixed backends partition the cluster silently",
            "flannel, hostgw.go",
            "bare_metal",
            row(backendType="vxlan"),
        ),
        "flannel",
        ONE,
        "restart flannel on every node",
        "run flannel's backend vxlan",
    ),
    Shown(
        'node "…" pod cidr not assigned',
        "flannel, kube.go",
        "azure",
        row(routeDestination=""),
        "node",
        ONE,
        "--allocate-node-cidrs",
        "has no pod CIDR",
    ),
    Shown(
        "a pod CIDR outside Network is an error",
        "flannel, kube.go",
        "gce",
        faults.flannel_networks("10.42.0.0/22"),
        "pod CIDR",
        ("node-4", "node-5"),
        "--cluster-cidr",
        "outside flannel's Network 10.42.0.0/22",
    ),
    Shown(
        "you're on a NAT, which is not supported by host-gw",
        "flannel, hostgw.go",
        "bare_metal",
        row(flannelPublicIP="203.0.113.9"),
        "flannel",
        ONE,
        "--iface",
        "flannel's public IP is 203.0.113.9",
    ),
    Shown(
        "host-gw needs all nodes in one layer-2 network",
        "flannel, backends.md; Rancher",
        "bare_metal",
        nic(subnet="10.10.9.0/24"),
        "segment",
        ONE,
        "connect the nodes to one subnet (one VLAN)",
        "10.10.9.0/24",
    ),
    Shown(
        "default-allow-internal holds 10.128.0.0/9 only",
        "VPC firewall rules",
        "gce",
        then(without("allow-pods-4"), rules(made.firewall("default-allow-internal", 65534, sources=("10.128.0.0/9",)))),
        "filter",
        ALL,
        "gcloud compute firewall-rules create",
        "no rule lets packets from 10.42.1.0/24",
    ),
    Shown(
        "source tags never match pods' addresses",
        "kops, firewall.go; CAPG #70",
        "gce",
        then(without("allow-pods-4"), rules(made.firewall("allow-nodes", peers=("at-3",)))),
        "filter",
        ALL,
        "--source-ranges=10.42.0.0/16",
        "no rule lets packets from 10.42.1.0/24",
    ),
    Shown(
        "a stale duplicate silently loses part of the flows",
        "Route.yaml (ECMP)",
        "gce",
        route(more=True, next_hop=faults.NODE_1),
        "route",
        ONE,
        "gcloud compute routes delete",
    ),
    Shown(
        "routes to a machine that is gone",
        "Route.yaml (NEXT_HOP_INSTANCE_NOT_FOUND)",
        "gce",
        route(next_hop=made.instance_id("gce", 9)),
        "route",
        ONE,
        "gcloud compute routes create",
    ),
    Shown(
        "no route in the sending subnet's own table",
        "VPC route tables",
        "aws",
        route(made.table_id("aws", "a"), gone=True),
        "route",
        ONE,
        "aws ec2 create-route --region=eu-west-1 --route-table-id=rtb-a",
    ),
    Shown(
        "a dead machine leaves a blackhole",
        "VPC route tables",
        "aws",
        route(made.table_id("aws", "a"), status="blackhole"),
        "route",
        ONE,
        "aws ec2 replace-route",
    ),
    Shown(
        "security groups that name each other: contested",
        "AWS; kops, firewall.go",
        "aws",
        then(without("permission 4"), rules(made.permission("sg-nodes", 1, peers=("sg-nodes",)))),
        "filter",
        ALL,
        "authorize-security-group-ingress",
        "that names security group sg-nodes: AWS does not say",
        "unproven",
    ),
    Shown(
        "network ACLs are stateless and know addresses only",
        "network ACLs",
        "aws",
        rules(faults.drop("b", made.PODS[4])),
        "filter",
        TWO,
        "create-network-acl-entry",
        "rule 50 drops packets",
    ),
    Shown(
        "pod traffic silently disappears (RFC 1918 leads to None)",
        "virtual-networks-udr-overview",
        "azure",
        route(made.table_id("azure", "a"), gone=True),
        "route",
        ONE,
        "az network route-table route create",
    ),
    Shown(
        "redeployments drop the association",
        "AKS #718, #1781",
        "azure",
        faults.table_of("rg/main/b", ""),
        "route table",
        TWO,
        "--route-table=",
        "has no route table",
    ),
    Shown(
        "people's own deny rules win over AllowVnetInBound",
        "service-tags-overview",
        "azure",
        rules(faults.closed("b")),
        "filter",
        TWO,
        "there is no room before rule x",
        "rule x drops packets",
    ),
    Shown(
        "the machine does not run",
        "Route.yaml (NEXT_HOP_NOT_RUNNING)",
        "gce",
        faults.machine(running=False, status="TERMINATED"),
        "machine",
        ONE,
        "start the machine",
        "which is TERMINATED",
    ),
]


# What no API of Kubernetes or a cloud tells: where our own prose says how to look for it.


@dataclass(frozen=True)
class Hidden:
    """A failure that nodes and network do not show.

    Attributes:
        symptom, source: see `Shown`.
        why: why it is not seen from there.
        words: what people are told to look at.
        where: files that tell so, and `checklist`.

    """

    symptom: str
    source: str
    why: str
    words: str
    where: tuple[str, ...]


CLOUDS = ("notebooks/aws.ipynb", "notebooks/azure.ipynb", "notebooks/gce.ipynb")
HIDDEN = [
    Hidden(
        "pods of different hosts cannot talk: FORWARD is DROP",
        "flannel, troubleshooting.md",
        "iptables is the host's own",
        "iptables -S FORWARD",
        (*CLOUDS, "notebooks/explain.ipynb", "checklist"),
    ),
    Hidden(
        "ping fails, though all is well",
        "Virtualization-Documentation, common-problems.md",
        "Windows pods do not answer it",
        "test with TCP",
        (*CLOUDS, "notebooks/explain.ipynb", "README.md"),
    ),
    Hidden(
        "RHEL 8: pods lose routes",
        "rke2-docs, known_issues.md; rke2 #1053",
        "policy routes are the host's own",
        "nm-cloud-setup",
        ("checklist",),
    ),
    Hidden(
        "the machine itself does not forward",
        "virtual-network-network-interface (Azure)",
        "sysctl is the host's own",
        "net.ipv4.ip_forward",
        ("checklist",),
    ),
    Hidden(
        "rp_filter drops pod packets",
        "kernel, ip-sysctl",
        "sysctl is the host's own",
        "rp_filter",
        ("checklist",),
    ),
    Hidden(
        "the hypervisor drops other MAC addresses",
        "rancher #27367; L2bridge (Microsoft)",
        "only the hypervisor knows",
        "MacAddressSpoofing",
        ("checklist",),
    ),
    Hidden(
        "the HNS network has another subnet than the pod CIDR",
        "flannel, hostgw_windows.go",
        "HNS is the host's own",
        "Get-HnsNetwork",
        ("checklist",),
    ),
    Hidden(
        "Windows: 169.254.169.254 is out of reach once the HNS network is there",
        "projectcalico/node PR 604",
        "routes inside the guest are the host's own",
        "169.254.169.254",
        (*CLOUDS,),
    ),
    Hidden(
        "agents cannot reach Rancher on host-gw, with vxlan they can",
        "rancher #27367, #24255",
        "VMware Tools before 11.1.0: only the guest knows",
        "VMware Tools",
        ("checklist",),
    ),
    Hidden(
        "Windows pods reach cluster nodes only",
        "rancher #19230",
        "OutBoundNAT's exceptions are in the host's CNI configuration",
        "ExceptionList",
        ("checklist",),
    ),
    Hidden(
        "failed to get management IP … cbr0",
        "flannel #1066",
        "Windows 1803; the node table does not hold the build",
        "1809",
        ("checklist",),
    ),
]
