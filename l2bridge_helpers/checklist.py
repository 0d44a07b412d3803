"""What no API can prove about hosts and hypervisors: what to look at, with the exact commands (pure).

Sources: kernel documentation (ip-sysctl), Microsoft's L2bridge documentation, flannel's troubleshooting page, the
vendors' documentation of each hypervisor; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

import pandas as pd


@dataclass(frozen=True)
class Item:
    """One thing to look at; the fields are the table's columns, in their order.

    Attributes:
        unproven: what is not known.
        where: on which hosts or hypervisors it is looked at.
        look: the command that shows it.
        wanted: what it should show.
        mend: the command that makes it so.

    """

    unproven: str
    where: str
    look: str
    wanted: str
    mend: str


COLUMNS = tuple(field.name for field in fields(Item))


@dataclass(frozen=True)
class Checklist:
    """Everything that was not proven."""

    items: tuple[Item, ...]

    def __iter__(self) -> Iterator[Item]:
        """Iterate in the order of the table."""
        return iter(self.items)

    def table(self) -> pd.DataFrame:
        """Return one row per item; columns as in `Item`."""
        return pd.DataFrame([astuple(item) for item in self.items], columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return what the table is, in a sentence."""
        return f"not proven: {len(self.items)} things that only hosts and hypervisors know; look at each"


def not_proven() -> Checklist:
    """Return what decides about pod packets on virtualised and bare metal machines, and no API tells."""
    return Checklist((*_SEGMENT, *_LINUX, *_WINDOWS, *_HYPERVISORS))


_SEGMENT = (
    Item(
        "all nodes are in one broadcast domain (VLAN)",
        "Linux node, for every other node's address",
        "arping -c 3 -I INTERFACE OTHER_NODE_IP",
        "answers, from the other node's own MAC address",
        "put the switch ports or port groups into one VLAN",
    ),
    Item(
        "all nodes are in one broadcast domain (VLAN)",
        "Windows node, after a connection to the other node",
        "Get-NetNeighbor -IPAddress OTHER_NODE_IP",
        "State Reachable, with the other node's own MAC address",
        "put the switch ports or port groups into one VLAN",
    ),
    Item(
        "flannel's routes to the other nodes' pod CIDRs",
        "Linux node",
        "ip route get POD_IP_OF_OTHER_NODE",
        "via that node's InternalIP, on the nodes' interface",
        "look at the log of the flannel pod; RHEL 8: systemctl disable --now nm-cloud-setup.timer",
    ),
)
_LINUX = (
    Item(
        "packets may be forwarded",
        "Linux node",
        "sysctl net.ipv4.ip_forward",
        "1",
        "sysctl -w net.ipv4.ip_forward=1, and a file in sysctl.d to keep it",
    ),
    Item(
        "rp_filter does not drop pod packets",
        "Linux node",
        "sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.INTERFACE.rp_filter",
        "the greater of the two is 0 or 2; 1 drops what comes in by another interface than the answer would take",
        "sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.INTERFACE.rp_filter=2",
    ),
    Item(
        "the FORWARD chain lets pod packets through (Docker sets it to DROP)",
        "Linux node",
        "iptables -S FORWARD",
        "-P FORWARD ACCEPT, or rules that accept the pod network",
        "iptables -P FORWARD ACCEPT",
    ),
)
_WINDOWS = (
    Item(
        "packets may be forwarded",
        "Windows node",
        "Get-NetIPInterface -AddressFamily IPv4 | Format-Table InterfaceAlias, Forwarding",
        "Enabled on the nodes' interface and on vEthernet (cbr0_ep)",
        'Set-NetIPInterface -InterfaceAlias "INTERFACE" -Forwarding Enabled',
    ),
    Item(
        "the host network is L2bridge, with the node's pod CIDR",
        "Windows node",
        "Get-HnsNetwork | Where-Object Type -eq L2Bridge | Select-Object Name, Subnets",
        "cbr0, AddressPrefix is the node's pod CIDR",
        "look at the log of flanneld; 'failed to get management IP': Windows 1803, take 1809 or later",
    ),
    Item(
        "pods reach what is outside the cluster, and the answers come back",
        "Windows node",
        "Get-Content $env:SystemDrive\\etc\\cni\\net.d\\*.conf | Select-String -Context 0,4 ExceptionList",
        "the cluster, service and management CIDRs, and no network that has no route back to the pods",
        "trim ExceptionList, or give those networks a route to the pod CIDRs",
    ),
)
_HYPERVISORS = (
    Item(
        "the hypervisor lets other MAC addresses than the VM's through",
        "Hyper-V host",
        "Get-VMNetworkAdapter -VMName * | Format-Table VMName, MacAddressSpoofing",
        "On, for every Windows node",
        "Set-VMNetworkAdapter -VMName NODE -MacAddressSpoofing On",
    ),
    Item(
        "the hypervisor lets other MAC addresses than the VM's through",
        "vSphere, standard switch",
        "esxcli network vswitch standard portgroup policy security get -p PORTGROUP",
        "Allow MAC Address Change: true, Allow Forged Transmits: true",
        "esxcli network vswitch standard portgroup policy security set -p PORTGROUP -m true -f true",
    ),
    Item(
        "the hypervisor lets other MAC addresses than the VM's through",
        "vSphere, distributed switch (PowerCLI)",
        "Get-VDPortgroup PORTGROUP | Get-VDSecurityPolicy",
        "MacChanges True, ForgedTransmits True",
        "… | Get-VDSecurityPolicy | Set-VDSecurityPolicy -MacChanges $true -ForgedTransmits $true",
    ),
    Item(
        "the guest driver sends unencapsulated pod packets (agents reach Rancher with vxlan, not with host-gw)",
        "Windows node on vSphere",
        '& "$env:ProgramFiles\\VMware\\VMware Tools\\VMwareToolboxCmd.exe" -v',
        "11.1.0 or later",
        "update VMware Tools to 11.1.0 or later",
    ),
    Item(
        "no network filter binds the VM to its own addresses",
        "KVM/libvirt host",
        "virsh dumpxml NODE | grep -A2 filterref",
        "nothing; clean-traffic and no-ip-spoofing drop pod packets",
        "virsh edit NODE, and remove the filterref of the interface",
    ),
    Item(
        "no network filter binds the VM to its own addresses",
        "OpenStack",
        "openstack port show PORT -c allowed_address_pairs -c port_security_enabled",
        "the node's pod CIDR among the pairs, or port security off",
        "openstack port set --allowed-address ip-address=POD_CIDR PORT",
    ),
    Item(
        "no network filter binds the VM to its own addresses",
        "Proxmox VE host",
        "qm config VMID; the VM's Firewall > Options",
        "IP filter: No; MAC filter: No for Windows nodes",
        "the same page: set both to No",
    ),
)
