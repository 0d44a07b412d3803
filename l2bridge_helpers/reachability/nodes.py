"""What stops packets at a node whoever the other one is: its pod CIDR, flannel, its machine, its interface (pure)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.flannel import HOST_GW, NetConf
from l2bridge_helpers.nodes import Network, net_conf, parse_cidr
from l2bridge_helpers.prefixes import merge, within
from l2bridge_helpers.reachability.ends import bounds
from l2bridge_helpers.reachability.result import Fault

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.placement import Placed
    from l2bridge_helpers.reachability.ends import End, Ends


@dataclass(frozen=True)
class Reason:
    """What faults of one cause have in common.

    Attributes:
        kind: one of `result.KINDS`.
        text: the cause's title, with `{nodes}` and `{objects}` for how many there are.
        verdict: `blocked` or `unproven`.
        fails: whether pairs that it stops should reach.

    """

    kind: str
    text: str
    verdict: str = "blocked"
    fails: bool = True


@dataclass(frozen=True)
class NodeHop:
    """One thing that is looked at at single nodes.

    Attributes:
        reason: what it is when something is wrong.
        faults: the number of an end -> what is wrong there.
        sends: whether it stops packets on their way out.
        receives: whether it stops packets on their way in.

    """

    reason: Reason
    faults: Mapping[int, Fault]
    sends: bool = True
    receives: bool = True


def node_hops(ends: Ends, nodes: pd.DataFrame, fabric: Fabric) -> tuple[NodeHop, ...]:
    """Return everything that is wrong at single nodes, in the order of the way."""
    hops = [
        *_unplaced(ends),
        *_pod_cidrs(ends, net_conf(nodes), fabric),
        *_flannel(ends, net_conf(nodes), seen=any(nodes["backendType"])),
        *_stopped(ends),
        *_forwarding(ends, fabric),
    ]
    return tuple(hop for hop in hops if hop.faults)


def backends(ends: Ends) -> dict[int, str]:
    """Return the number of each end that shows flannel's backend -> the backend."""
    return {end.number: end.row.backendType for end, _ in ends.placed if end.row.backendType}


def backend_fault(end: End) -> Fault:
    """Return what is wrong with a node's backend."""
    mend = f"set Backend.Type to {HOST_GW} in flannel's net-conf.json, and restart flannel on every node"
    return Fault(end.node, end.node, f"flannel's backend is {end.row.backendType}", mend)


def _unplaced(ends: Ends) -> Iterator[NodeHop]:
    found: dict[str, dict[int, Fault]] = defaultdict(dict)
    for end in ends.items:
        if end.spot is None:
            problem = end.problem
            told = (problem.found, problem.todo) if problem else ("was not looked at", "look at the node")
            found[_lack(end)][end.number] = Fault(end.node, end.node, *told)
    for lack, faults in found.items():
        yield NodeHop(Reason("node", f"{lack} at {{nodes}}"), faults)


def _lack(end: End) -> str:
    """Return in a few words why nobody knows where a node's pods are."""
    if not end.row.routeDestination:
        return "no pod CIDR"
    if end.row.network is None:
        return "unreadable pod CIDR"
    return "no machine found" if end.row.nodeIP else "no InternalIP of the family"


def _pod_cidrs(ends: Ends, conf: NetConf, fabric: Fabric) -> Iterator[NodeHop]:
    faults = dict(_shared(ends))
    yield NodeHop(Reason("pod CIDR", "pod CIDR shared with another node at {nodes}"), faults)
    special = {
        end.number: _cidr_fault(end, f"the pod CIDR {end.network} is no range that may be led to a node")
        for end, _ in ends.placed
        if _is_special(end.network)
    }
    yield NodeHop(Reason("pod CIDR", "unusable pod CIDR at {nodes}"), special)
    clusters = [network for text in conf.networks if (network := parse_cidr(text)) and network.version == ends.version]
    outside = {
        end.number: Fault(
            end.node,
            end.node,
            f"the pod CIDR {end.network} is outside flannel's Network {clusters[0]}",
            "make flannel's Network and the controller manager's --cluster-cidr agree",
        )
        for end, _ in (ends.placed if clusters else ())
        if not any(within(end.network, cluster) for cluster in clusters)
    }
    yield NodeHop(Reason("pod CIDR", "pod CIDR outside flannel's Network at {nodes}"), outside)
    yield NodeHop(Reason("pod CIDR", "pod CIDR in use elsewhere at {nodes}"), dict(_in_use(ends, fabric)))


def _shared(ends: Ends) -> Iterator[tuple[int, Fault]]:
    """Give the ends whose pod CIDR has addresses of another one's: CIDRs are nested, or have nothing in common."""
    ordered = [(end, network) for end in ends.items if (network := end.row.network)]
    ordered.sort(key=lambda pair: (bounds(pair[1])[0], -bounds(pair[1])[1], pair[0].number))
    around: list[tuple[End, Network]] = []
    others: dict[int, list[str]] = defaultdict(list)
    for end, network in ordered:
        while around and bounds(around[-1][1])[1] < bounds(network)[0]:
            around.pop()
        for other, wider in around:
            others[end.number].append(f"{wider} of node {other.node}")
            others[other.number].append(f"{network} of node {end.node}")
        around.append((end, network))
    for number, names in others.items():
        end = ends.items[number]
        if end.spot:
            found = f"the pod CIDR {end.row.routeDestination} has addresses of {names_of(names)}"
            yield (
                number,
                Fault(end.node, end.node, found, "give each node its own pod CIDR (recreate the node objects)"),
            )


def _is_special(network: Network) -> bool:
    special = network.is_loopback or network.is_link_local or network.is_multicast or network.prefixlen == 0
    return special or network.network_address.is_unspecified


def _cidr_fault(end: End, found: str) -> Fault:
    return Fault(end.node, end.node, found, "correct spec.podCIDRs")


def _in_use(ends: Ends, fabric: Fabric) -> Iterator[tuple[int, Fault]]:
    """Give the ends whose pod CIDR overlaps a range that the network, or a peer of it, uses."""
    taken = [(network, what) for network, what in ranges_in_use(fabric) if network.version == ends.version]
    spans = [bounds(network) for network in merge(network for network, _ in taken)]
    starts = [first for first, _ in spans]
    for end, _ in ends.placed:
        first, last = bounds(end.network)
        place = bisect_right(starts, last) - 1
        if place >= 0 and spans[place][1] >= first:
            hits = names_of(sorted(f"{one} of {what}" for one, what in taken if one.overlaps(end.network)))
            todo = "choose a cluster CIDR outside every range of the network and its peers"
            yield end.number, Fault(end.node, end.node, f"the pod CIDR {end.network} overlaps {hits}", todo)


def ranges_in_use(fabric: Fabric) -> list[tuple[Network, str]]:
    """Return the ranges that the network and its peers use, with what each belongs to."""
    reserved = dict.fromkeys(cidr for table in fabric.tables for cidr in table.reserved)
    named = [(cidr, f"subnet {subnet.id}") for subnet in fabric.subnets for cidr in subnet.cidrs]
    named += [(cidr, "the network's own range") for cidr in reserved]
    named += [(cidr, f"peered network {name}") for name, cidrs in fabric.neighbours.items() for cidr in cidrs]
    return [(network, what) for cidr, what in named if (network := parse_cidr(cidr))]


def _flannel(ends: Ends, conf: NetConf, *, seen: bool) -> Iterator[NodeHop]:
    """Give what is wrong with flannel; `seen`: on any node of the cluster, of whichever family."""
    if seen:
        silent = {
            end.number: Fault(
                end.node, end.node, "it carries no flannel annotations", "look at the flannel pod of this node"
            )
            for end, _ in ends.placed
            if not end.row.backendType
        }
        yield NodeHop(Reason("flannel", "flannel not seen at {nodes}", "unproven", fails=False), silent)
    families = {network.version for text in conf.networks if (network := parse_cidr(text))}
    if conf.source and not conf.problem and ends.version not in families:
        found = f"flannel's configuration ({conf.source}) names no IPv{ends.version} network"
        todo = "add IPv6Network (and EnableIPv6) or Network to net-conf.json, or ignore this family"
        reason = Reason("flannel", f"flannel not set up for IPv{ends.version} at {{nodes}}", "unproven", fails=False)
        yield NodeHop(reason, {end.number: Fault(conf.source, end.node, found, todo) for end, _ in ends.placed})
    astray = {
        end.number: Fault(
            end.node,
            end.node,
            f"flannel's public IP is {end.row.flannelPublicIP}, the InternalIP {end.row.nodeIP}",
            "set flannel's --iface, or the public-ip-overwrite annotation, to the InternalIP",
        )
        for end, _ in ends.placed
        if end.row.flannelPublicIP not in ("", end.row.nodeIP)
    }
    yield NodeHop(Reason("flannel", "flannel's public IP is another address at {nodes}"), astray, sends=False)


def _stopped(ends: Ends) -> Iterator[NodeHop]:
    """Give the machines that do not run; where the cloud was not asked, those of which Kubernetes says so."""
    faults = {
        end.number: Fault(
            spot.instance.id,
            end.node,
            f"the machine is {spot.instance.status or 'in an unknown state'}",
            "start the machine, or remove the node",
        )
        for end, spot in ends.placed
        if not spot.instance.running
    }
    yield NodeHop(Reason("machine", "machine does not run at {nodes}", fails=False), faults)
    silent = {
        end.number: Fault(
            end.node,
            end.node,
            "Kubernetes says NotReady, and whether the machine runs was not read",
            "look at the node (kubectl describe node)",
        )
        for end, spot in ends.placed
        if spot.instance.running and not spot.instance.status and not end.row.ready
    }
    yield NodeHop(Reason("machine", "machine perhaps not running at {nodes}", "unproven", fails=False), silent)


def _forwarding(ends: Ends, fabric: Fabric) -> Iterator[NodeHop]:
    dialect = dialect_of(fabric.platform)
    if dialect.checks_addresses:
        off = {
            end.number: Fault(
                spot.nic.id if dialect.forwarding_per_nic else spot.instance.id,
                end.node,
                dialect.forwarding_off,
                _turn_on(spot, fabric),
            )
            for end, spot in ends.placed
            if not spot.nic.forwarding
        }
        yield NodeHop(Reason("forwarding", f"{dialect.forwarding_off} at {{nodes}}"), off)


def _turn_on(spot: Placed, fabric: Fabric) -> str:
    if spot.nic.fixed:
        return spot.nic.remedy or "give the node an address on an ordinary interface (--node-ip, flannel's --iface)"
    dialect = dialect_of(fabric.platform)
    model = next((one for one in fabric.templates if spot.nic.template and one.group == spot.nic.template), None)
    first = dialect.template_command(model) if model and not model.forwarding else ""  # else it is brought back to it
    return " && ".join(filter(None, [first, dialect.enable_command(spot.instance, spot.nic)]))
