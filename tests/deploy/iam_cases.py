"""What is run with each role: every mode and option that it is for, and the troubles in which a run asks for more."""

from __future__ import annotations

from l2bridge_helpers.lab import Lab
from tests.deploy.iam_runs import Case, as_it_is

_READING = ("plan", "check", "explain")
_CHANGING = ("plan", "apply", "undo")
_ROUTES, _OPEN = {"routes": True}, {"open_firewall": True}


def _operations_hidden(lab: Lab) -> None:
    """Let no list of operations be read, which no run requires, so that each is asked for; let changes take a while."""
    lab.gce.operation_seconds = 0.3
    lab.gce.denied_permissions = {"compute.globalOperations.list"}


def _instance_written_meanwhile(lab: Lab) -> None:
    """Refuse the first write of an instance for its fingerprint: it is read again."""
    lab.gce.faults.add(("PUT", "instances/"), status=412, reason="conditionNotMet", message="Invalid fingerprint.")


def _slow(lab: Lab) -> None:
    """Let changes take a while: their operations are asked for."""
    lab.azure.operation_seconds = 0.2


def _refers_to_everything(lab: Lab) -> None:
    """Let interfaces and subnets refer to all that they can."""
    _slow(lab)
    nic = lab.world.cloud("networkInterfaces")[0]
    base = nic["id"].rpartition("/networkInterfaces/")[0]
    part = nic["properties"]["ipConfigurations"][0]["properties"]
    part["publicIPAddress"] = {"id": f"{base}/publicIPAddresses/ip"}
    part["loadBalancerBackendAddressPools"] = [{"id": f"{base}/loadBalancers/lb/backendAddressPools/pool"}]
    part["loadBalancerInboundNatRules"] = [{"id": f"{base}/loadBalancers/lb/inboundNatRules/rule"}]
    part["applicationGatewayBackendAddressPools"] = [
        {"id": f"{base}/applicationGateways/gateway/backendAddressPools/pool"}
    ]
    part["applicationSecurityGroups"] = [{"id": f"{base}/applicationSecurityGroups/asg"}]
    for network in lab.world.cloud("virtualNetworks"):
        for subnet in network["properties"]["subnets"]:
            subnet["properties"]["natGateway"] = {"id": f"{base}/natGateways/nat"}
            subnet["properties"]["serviceEndpointPolicies"] = [{"id": f"{base}/serviceEndpointPolicies/policy"}]


_AWS_READ = (
    Case("aws-messy", _READING),
    Case("aws-two-subnets", ("plan", "check"), _ROUTES),
    Case("aws-closed", ("plan", "check"), _ROUTES | _OPEN),
)
_GCE_READ = (Case("gce-messy", _READING), Case("gce-shared-vpc", _READING), Case("gce-dual-stack", ("plan",)))
_GCE_APPLY = (
    Case("gce-messy", ("plan",)),
    Case("gce-small", _CHANGING),
    Case("gce-small", _CHANGING, {}, _operations_hidden),
    Case("gce-small", _CHANGING, {}, _instance_written_meanwhile),
    Case("gce-small", _CHANGING, {}, as_it_is, "gce, outdated"),
)
_AZURE_READ = (
    Case("azure-messy", _READING),
    Case("azure-scale-sets", ("plan", "check"), {"upgrade_instances": True}),
)
_AZURE_APPLY = (
    Case("azure-small", ("plan", "apply", "check"), {}, _refers_to_everything),
    Case("azure-small", ("apply", "check"), {"effective_routes": "all"}, as_it_is, "azure, outdated"),
)

CASES: dict[str, tuple[Case, ...]] = {
    "aws/read.json": _AWS_READ,
    "aws/apply.json": (Case("aws-messy", ("plan",)), Case("aws-small", _CHANGING)),
    "aws/apply-all-options.json": (
        Case("aws-closed", _CHANGING, _ROUTES | _OPEN),
        Case("aws-two-subnets", _CHANGING, _ROUTES),
        Case("aws-small", _CHANGING, _ROUTES, as_it_is, "aws, outdated"),
    ),
    "aws/choosing.json": (Case("aws-small", ("choosing",)),),
    "gce/read.yaml": _GCE_READ,
    "gce/apply.yaml": _GCE_APPLY,
    "gce/apply-all-options.yaml": (
        *_GCE_APPLY,
        Case("gce-closed", _CHANGING, _OPEN),
        Case("gce-closed", ("apply", "narrow", "apply"), _OPEN),
    ),
    "gce/choosing.yaml": (Case("gce-shared-vpc", ("choosing",)),),
    "azure/read.json": _AZURE_READ,
    "azure/apply.json": _AZURE_APPLY,
    "azure/apply-all-options.json": (
        *_AZURE_APPLY,
        Case("azure-small", _CHANGING, {}, _slow),
        Case("azure-scale-sets", _CHANGING, {"upgrade_instances": True}, _slow),
    ),
    "azure/choosing.json": (Case("azure-small", ("choosing",)),),
    "kubernetes/read.yaml": (*_AWS_READ[:1], Case("bare-metal-messy", ("plan", "check"))),
    "kubernetes/apply.yaml": (Case("gce-small", _CHANGING), Case("bare-metal-small", ("apply",))),
}
"""By file of `deploy/iam/`."""
