"""`l2bridge lab`: an embedded cluster and cloud."""

from __future__ import annotations

from pathlib import Path

import click

from l2bridge_helpers.cli.exits import Refused
from l2bridge_helpers.errors import L2BridgeError

_LAB_HELP = """\
Start an embedded cluster and cloud to practise on; runs until Ctrl-C.

WORLD is a name (see --list), or `gce`, `aws`, `azure`, `bare_metal` for a copy of your own cluster. Nothing leaves
this machine: servers on 127.0.0.1 answer as the Kubernetes API and the cloud's API do.

\b
To rehearse on a copy of your own cluster on GCE, collect (the first two are needed):
  kubectl get nodes -o json > nodes.json
  gcloud compute instances list --format=json > instances.json
  gcloud compute routes list --format=json > routes.json
  gcloud compute networks list --format=json > networks.json
  gcloud compute networks subnets list --format=json > subnets.json
  gcloud compute firewall-rules list --format=json > firewalls.json
  gcloud compute instance-groups managed list --format=json > managers.json
  gcloud compute instance-templates list --format=json > templates.json
  gcloud compute project-info describe --format=json > project.json
  kubectl -n kube-flannel get configmap kube-flannel-cfg -o json > flannel.json

\b
then start it, with as many of them as you have:
  l2bridge lab gce --nodes nodes.json --instances instances.json --routes routes.json \\
    --networks networks.json --subnets subnets.json --firewalls firewalls.json \\
    --managers managers.json --templates templates.json --project-info project.json \\
    --config-maps flannel.json --cluster NAME

With a Shared VPC, take routes, networks, subnets and firewall rules from the host project (--project=HOST).
What is not given is derived from the instances; firewall rules are not: none given means none.

\b
On AWS, collect, in the region of the cluster (the first three are needed):
  kubectl get nodes -o json > nodes.json
  aws ec2 describe-instances --output json > instances.json
  aws ec2 describe-network-interfaces --output json > nics.json
  aws ec2 describe-subnets --output json > subnets.json
  aws ec2 describe-route-tables --output json > tables.json
  aws ec2 describe-security-groups --output json > groups.json
  aws ec2 describe-network-acls --output json > acls.json
  aws ec2 describe-vpcs --output json > vpcs.json
  kubectl -n kube-flannel get configmap kube-flannel-cfg -o json > flannel.json

\b
then start it, with as many of them as you have:
  l2bridge lab aws --nodes nodes.json --instances instances.json --network-interfaces nics.json \\
    --subnets subnets.json --route-tables tables.json --security-groups groups.json \\
    --network-acls acls.json --vpcs vpcs.json --config-maps flannel.json --cluster NAME

What is not given is derived from the interfaces; security groups and network ACLs are not: none given means none.

\b
On Azure, collect, in the subscription of the cluster (the first two are needed):
  kubectl get nodes -o json > nodes.json
  az network nic list --output json > nics.json
  az network vnet list --output json > vnets.json
  az network route-table list --resource-group GROUP --output json > tables.json
  az network nsg list --output json > nsgs.json
  az vm list --output json > vms.json
  kubectl -n kube-flannel get configmap kube-flannel-cfg -o json > flannel.json

\b
with scale sets, also (the last two for each uniform one; a flexible one's members are in nics.json and vms.json):
  az vmss list --output json > sets.json
  az vmss list-instances --resource-group GROUP --name POOL --output json > set-vms.json
  az vmss nic list --resource-group GROUP --vmss-name POOL --output json > set-nics.json

\b
then start it, with as many of them as you have:
  l2bridge lab azure --nodes nodes.json --network-interfaces nics.json --vnets vnets.json \\
    --route-tables tables.json --network-security-groups nsgs.json --virtual-machines vms.json \\
    --scale-sets sets.json --scale-set-instances set-vms.json --scale-set-network-interfaces set-nics.json \\
    --config-maps flannel.json --cluster NAME

For more groups or scale sets, append to the same file (>> instead of >). `az vm list --show-details` also tells
which machines run. What is not given is derived from the interfaces; route tables and network security groups
are not: none given means none.

\b
On virtualised and bare metal, collect (the first is needed):
  kubectl get nodes -o json > nodes.json
  kubectl -n kube-flannel get configmap kube-flannel-cfg -o json > flannel.json

\b
then start it:
  l2bridge lab bare_metal --nodes nodes.json --config-maps flannel.json --cluster NAME
"""
_FILE = click.Path(path_type=Path)


@click.command(help=_LAB_HELP)
@click.argument("world", default="gce-small")
@click.option("--list", "listing", is_flag=True, help="List the worlds that can be started, then stop.")
@click.option("--nodes", type=_FILE, help="Kubernetes nodes (for WORLD gce, aws, azure, bare_metal, as files below).")
@click.option("--instances", type=_FILE, help="GCE or AWS instances.")
@click.option("--routes", type=_FILE, help="GCE routes.")
@click.option("--networks", type=_FILE, help="GCE networks.")
@click.option("--subnets", type=_FILE, help="GCE subnetworks or AWS subnets.")
@click.option("--firewalls", type=_FILE, help="GCE firewall rules.")
@click.option("--config-maps", type=_FILE, help="Kubernetes ConfigMaps, for flannel's kube-flannel-cfg.")
@click.option("--managers", type=_FILE, help="GCE managed instance groups.")
@click.option("--templates", type=_FILE, help="GCE instance templates.")
@click.option("--project-info", type=_FILE, help="The GCE project, for its quotas.")
@click.option("--project", default="", help="GCE project of the instances; default: theirs, when there is one.")
@click.option("--network", default="", help="GCE network, name or path; default: the instances', when there is one.")
@click.option("--network-interfaces", type=_FILE, help="AWS or Azure network interfaces.")
@click.option("--route-tables", type=_FILE, help="AWS or Azure route tables.")
@click.option("--security-groups", type=_FILE, help="AWS security groups.")
@click.option("--network-acls", type=_FILE, help="AWS network ACLs.")
@click.option("--vpcs", type=_FILE, help="AWS VPCs.")
@click.option("--vnets", type=_FILE, help="Azure virtual networks.")
@click.option("--network-security-groups", type=_FILE, help="Azure network security groups.")
@click.option("--virtual-machines", type=_FILE, help="Azure virtual machines.")
@click.option("--scale-sets", type=_FILE, help="Azure virtual machine scale sets.")
@click.option("--scale-set-instances", type=_FILE, help="Instances of uniform scale sets.")
@click.option("--scale-set-network-interfaces", type=_FILE, help="Network interfaces of those instances.")
@click.option("--subscription-id", default="", help="Azure subscription of it all; default: the interfaces'.")
@click.option("--resource-group", default="", help="Azure resource group; default: that of the most interfaces.")
@click.option("--cluster", default="", help="Cluster name that marks your routes; default: lab.")
@click.option("--folder", type=_FILE, help="Where to write the kubeconfig; default: a temporary folder.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the cloud API; default: a free one.")
@click.option("--kubernetes-port", type=click.IntRange(0, 65535), default=0, help="Port of the Kubernetes API.")
@click.option("--log", type=_FILE, help="Write every request to this file, one JSON object a line.")
def lab(
    *,
    world: str,
    listing: bool,
    folder: Path | None,
    port: int,
    kubernetes_port: int,
    log: Path | None,
    **files: Path | str | None,
) -> None:
    """Start the lab; `_LAB_HELP` is what people read."""
    from l2bridge_helpers.lab import command

    given = {name: value for name, value in files.items() if value}
    try:
        if listing:
            command.show_worlds()
        else:
            chosen = command.choose(world, given)
            command.serve(chosen, folder=folder, port=port, kubernetes_port=kubernetes_port, log=log)
    except L2BridgeError as err:
        raise Refused(str(err)) from err
