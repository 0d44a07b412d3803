"""Which permissions the runbooks need, where, and what for: the one list that roles and notebooks are made of (data).

What is here is what runs really use: tests hold it against the requests of whole runs on the lab, which refuses what
is not granted. Sources beside the methods' own pages: learn.microsoft.com, async-operations ("permission for tracking
async status"); cloud.google.com, update-instance-properties ("use-permissions on referenced resources"), 2026-11.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

READ, APPLY = "read", "apply"
ROUTES, OPEN_FIREWALL, SCALE_SETS, UPGRADE = "routes", "open_firewall", "scale_sets", "upgrade_instances"
UNDO, CHOOSING = "undo", "choosing"
VMS, NETWORK = "vms", "network"
"""Of a Shared VPC: the project of the machines, and the one of the network."""


@dataclass(frozen=True)
class Need:
    """Permissions that are needed together, for one purpose.

    Attributes:
        where: of which cloud, and when, for people.
        permissions: as the platform names them; of Kubernetes `verb resource`.
        purpose: the step or the change that needs them, for people.
        mode: `read` for `plan` and `check`; `apply` needs those, too.
        options: what has to be asked for, all of them, before these are needed.
        parts: GCE: in which projects of a Shared VPC.

    """

    where: str
    permissions: tuple[str, ...]
    purpose: str
    mode: str = READ
    options: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset({VMS, NETWORK})

    def is_for(self, mode: str, options: Collection[str]) -> bool:
        """Return whether a role for this mode and these options holds them."""
        return self.mode in (READ, mode) and self.options <= set(options)


def permissions(needs: Iterable[Need], mode: str, options: Collection[str] = ()) -> list[str]:
    """Return what a role for a mode and options holds, each permission once, in the order of the list."""
    return list(dict.fromkeys(one for need in needs if need.is_for(mode, options) for one in need.permissions))


def _options(*names: str) -> frozenset[str]:
    return frozenset(names)


LEASES = Need(
    "Kubernetes, `apply` only",
    ("get leases.coordination.k8s.io", "create leases.coordination.k8s.io", "update leases.coordination.k8s.io"),
    "one `apply` at a time",
    APPLY,
)
KUBERNETES = (
    Need("Kubernetes", ("list nodes", "get configmaps"), "*Nodes*"),
    LEASES,
)
BARE_METAL = (
    *KUBERNETES[:1],
    Need("Kubernetes, `apply` only", ("get leases.coordination.k8s.io",), "another run may hold the lock", APPLY),
)
_NOT_REQUIRED = "for choosing in JupyterLab; not required"

AWS = (
    Need(
        "AWS",
        ("ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeRouteTables"),
        "*Findings*",
    ),
    Need(
        "AWS, where you want these checks",
        ("ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls"),
        "filter findings; left out, and said to be, without them",
    ),
    Need(
        "AWS with `routes`, where you want these checks",
        ("ec2:DescribeVpcs",),
        "the VPC's own ranges; left out, and said to be, without it",
        options=_options(ROUTES),
    ),
    Need("AWS, `apply` only", ("ec2:ModifyNetworkInterfaceAttribute",), "source/destination checks", APPLY),
    Need(
        "AWS, `apply` with `routes` only",
        ("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute", "ec2:CreateTags", "ec2:DeleteTags"),
        "routes, and the tags that mark them as ours",
        APPLY,
        _options(ROUTES),
    ),
    Need(
        "AWS, `apply` with `open_firewall` only",
        ("ec2:AuthorizeSecurityGroupIngress",),
        "rules for the pod CIDRs",
        APPLY,
        _options(OPEN_FIREWALL),
    ),
    Need(
        "AWS, to undo `open_firewall` only",
        ("ec2:RevokeSecurityGroupIngress",),
        "the way back",
        APPLY,
        _options(OPEN_FIREWALL, UNDO),
    ),
    Need("AWS", ("ec2:DescribeRegions",), f"*Target*, {_NOT_REQUIRED}", options=_options(CHOOSING)),
)

GCE = (
    Need("project of the VMs", ("compute.instances.list",), "*Findings*", parts=frozenset({VMS})),
    Need(
        "project of the network",
        ("compute.networks.get", "compute.subnetworks.list", "compute.routes.list"),
        "*Findings*",
        parts=frozenset({NETWORK}),
    ),
    Need(
        "project of the network, where you want these checks",
        (
            "compute.firewalls.list",
            "compute.networks.getEffectiveFirewalls",
            "compute.networks.getRegionEffectiveFirewalls",
            "compute.projects.get",
        ),
        "firewall and quota findings; left out, and said to be, without them",
        parts=frozenset({NETWORK}),
    ),
    Need(
        "project of the VMs, where you want these checks",
        ("compute.instanceGroupManagers.list", "compute.instanceTemplates.get"),
        "template findings, with managed instance groups; left out, and said to be, without them",
        parts=frozenset({VMS}),
    ),
    Need(
        "project of the VMs, `apply` only",
        (
            *("compute.instances.get", "compute.instances.update", "compute.zoneOperations.get"),
            *("compute.disks.use", "iam.serviceAccounts.actAs"),
        ),
        "forwarding, and to use what the VM refers to",
        APPLY,
        parts=frozenset({VMS}),
    ),
    Need(
        "project of the VMs, `apply` only",
        ("compute.instances.use",),
        "routes to its VMs",
        APPLY,
        parts=frozenset({VMS}),
    ),
    Need(
        "project of the network, `apply` only",
        ("compute.subnetworks.use", "compute.subnetworks.useExternalIp"),
        "forwarding: what the VM refers to",
        APPLY,
        parts=frozenset({NETWORK}),
    ),
    Need(
        "project of the network, `apply` only",
        (
            *("compute.routes.get", "compute.routes.create", "compute.routes.delete"),
            *("compute.networks.updatePolicy", "compute.globalOperations.get"),
        ),
        "routes",
        APPLY,
        parts=frozenset({NETWORK}),
    ),
    Need(
        "project of the VMs and of the network, `apply` only, not required",
        ("compute.globalOperations.list",),
        "one list tells of all changes under way; without it each asks for its own",
        APPLY,
    ),
    Need(
        "project of the network, `apply` with `open_firewall` only",
        (
            *("compute.firewalls.get", "compute.firewalls.create"),
            *("compute.firewalls.update", "compute.firewalls.delete"),
        ),
        "the firewall rule",
        APPLY,
        _options(OPEN_FIREWALL),
        frozenset({NETWORK}),
    ),
    Need(
        "each project to choose from",
        ("resourcemanager.projects.get", "compute.projects.get"),
        f"*Target*, {_NOT_REQUIRED}",
        options=_options(CHOOSING),
        parts=frozenset({VMS}),
    ),
    Need(
        "project of the network",
        ("compute.networks.list",),
        f"*Target*, {_NOT_REQUIRED}",
        options=_options(CHOOSING),
    ),
)

_NETWORK, _COMPUTE, _RESOURCES = "Microsoft.Network", "Microsoft.Compute", "Microsoft.Resources"
_SETS = f"{_COMPUTE}/virtualMachineScaleSets"

AZURE = (
    Need(
        "Azure",
        (
            f"{_NETWORK}/networkInterfaces/read",
            f"{_NETWORK}/virtualNetworks/read",
            f"{_NETWORK}/routeTables/read",
        ),
        "*Findings*",
    ),
    Need(
        "Azure, where you want these checks",
        (
            f"{_NETWORK}/networkSecurityGroups/read",
            f"{_NETWORK}/networkInterfaces/effectiveRouteTable/action",
            f"{_NETWORK}/locations/operationResults/read",
            f"{_SETS}/read",
        ),
        "security groups, effective routes and their answers, whether there are scale sets; left out, and said to be, "
        "without them",
    ),
    Need(
        "Azure, with scale sets",
        (
            f"{_SETS}/virtualMachines/read",
            f"{_SETS}/networkInterfaces/read",
            f"{_COMPUTE}/virtualMachines/read",
        ),
        "*Findings*",
        options=_options(SCALE_SETS),
    ),
    Need(
        "Azure, `apply` only",
        (
            f"{_NETWORK}/networkInterfaces/write",
            f"{_NETWORK}/routeTables/write",
            f"{_NETWORK}/virtualNetworks/subnets/read",
            f"{_NETWORK}/virtualNetworks/subnets/write",
        ),
        "IP forwarding, routes, subnets",
        APPLY,
    ),
    Need(
        "Azure, `apply` only, as far as interfaces and subnets refer to such",
        (
            f"{_NETWORK}/virtualNetworks/subnets/join/action",
            f"{_NETWORK}/routeTables/join/action",
            f"{_NETWORK}/networkSecurityGroups/join/action",
            f"{_NETWORK}/natGateways/join/action",
            f"{_NETWORK}/publicIPAddresses/join/action",
            f"{_NETWORK}/loadBalancers/backendAddressPools/join/action",
            f"{_NETWORK}/loadBalancers/inboundNatRules/join/action",
            f"{_NETWORK}/applicationGateways/backendAddressPools/join/action",
            f"{_NETWORK}/applicationSecurityGroups/joinIpConfiguration/action",
            f"{_NETWORK}/serviceEndpointPolicies/join/action",
        ),
        "what is written whole says again what it uses",
        APPLY,
    ),
    Need(
        "Azure, `apply` with scale sets",
        (f"{_SETS}/write", f"{_COMPUTE}/locations/operations/read"),
        "their models",
        APPLY,
        _options(SCALE_SETS),
    ),
    Need(
        "Azure, `apply` with `upgrade_instances`",
        (f"{_SETS}/manualUpgrade/action", f"{_COMPUTE}/locations/operationResults/read"),
        "their instances",
        APPLY,
        _options(SCALE_SETS, UPGRADE),
    ),
    Need(
        "Azure, to undo only",
        (f"{_NETWORK}/routeTables/delete", f"{_NETWORK}/locations/operations/read"),
        "the way back, where the run made a table, and how its deletion ends",
        APPLY,
        _options(UNDO),
    ),
    Need(
        "Azure",
        (
            f"{_RESOURCES}/subscriptions/read",
            f"{_RESOURCES}/subscriptions/resourceGroups/read",
            f"{_NETWORK}/routeTables/read",
        ),
        f"*Target*, {_NOT_REQUIRED}",
        options=_options(CHOOSING),
    ),
)

NEEDS = {"kubernetes": KUBERNETES, "aws": AWS, "gce": GCE, "azure": AZURE, "bare_metal": BARE_METAL}
