"""Nodes + Fabric -> Findings: whether flannel's host-gw can work here, and who would be left out (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from l2bridge_helpers.check_network import check_network
from l2bridge_helpers.check_reach import check_reach
from l2bridge_helpers.check_segment import check_segment
from l2bridge_helpers.findings import Finding, Findings, nodes_called
from l2bridge_helpers.flannel import HOST_GW
from l2bridge_helpers.nodes import Network, NodeRow, natural_key, net_conf, node_rows, parse_cidr
from l2bridge_helpers.placement import place
from l2bridge_helpers.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from l2bridge_helpers.fabric import Fabric


def check(nodes: pd.DataFrame, fabric: Fabric, *, scope: Scope = EVERYTHING, cluster: str = "") -> Findings:
    """Return what is wrong, the worst first.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        scope: which kinds of change the run may make: without routes the nodes have to share one layer-2 subnet.
        cluster: the name that marks this cluster's routes, for the commands that make them.

    """
    placement = place(nodes, fabric)
    unplaced = [
        Finding(
            "error",
            f"node {row.row.nodeName}",
            row.found,
            row.meaning,
            row.todo,
        )
        for row in placement.unplaced
    ]
    network = check_network(placement.placed, fabric, scope)
    segments = check_segment(placement.placed, fabric, routes=scope.routes)
    return Findings.of(
        [*check_nodes(nodes), *unplaced, *segments, *network, *check_reach(nodes, fabric, scope, cluster)]
    )


def check_nodes(nodes: pd.DataFrame) -> list[Finding]:
    """Return what Kubernetes and flannel alone tell: the checks that hold on every platform."""
    rows = node_rows(nodes)
    if not rows:
        meaning = "an empty list is no reason to change or delete anything"
        return [Finding("blocking", "cluster", "has no nodes", meaning, "check kubeconfig and context")]
    cidrs = [(network, row) for row in rows if (network := row.network)]
    return [
        *_duplicate_cidrs(cidrs),
        *_overlapping_cidrs(cidrs),
        *_unusable_cidrs(cidrs),
        *_outside_flannel(cidrs, nodes),
        *_family_without_flannel(cidrs, nodes),
        *_unreadable_networks(nodes),
        *_addresses_disagree(rows),
        *_backends(rows, nodes),
        *_route_controllers(rows),
    ]


def _duplicate_cidrs(cidrs: list[tuple[Network, NodeRow]]) -> Iterator[Finding]:
    users: dict[Network, list[str]] = {}
    for network, row in cidrs:
        users.setdefault(network, []).append(row.nodeName)
    for network, names in users.items():
        if len(set(names)) > 1:
            meaning = "a packet to one of its pods could go to either node"
            todo = "give each node its own pod CIDR (recreate the node objects), then run again"
            yield Finding("blocking", nodes_called(names), f"have the same pod CIDR {network}", meaning, todo)


def _overlapping_cidrs(cidrs: list[tuple[Network, NodeRow]]) -> Iterator[Finding]:
    ordered = sorted(cidrs, key=lambda pair: (pair[0].version, int(pair[0].network_address), pair[0].prefixlen))
    widest: tuple[Network, NodeRow] | None = None
    for network, row in ordered:
        if widest and widest[0].version == network.version and network.network_address in widest[0]:
            if widest[0] != network and widest[1].nodeName != row.nodeName:
                found = f"has the pod CIDR {network} inside {widest[0]} of node {widest[1].nodeName}"
                todo = "give each node its own pod CIDR (recreate the node objects), then run again"
                meaning = "packets for the one node's pods would go to the other"
                yield Finding("blocking", f"node {row.nodeName}", found, meaning, todo)
        else:
            widest = (network, row)


def _unusable_cidrs(cidrs: list[tuple[Network, NodeRow]]) -> Iterator[Finding]:
    for network, row in cidrs:
        special = network.is_loopback or network.is_link_local or network.is_multicast or network.prefixlen == 0
        if special or network.network_address.is_unspecified:
            meaning = "no route may lead such a range to a node"
            yield Finding(
                "blocking", f"node {row.nodeName}", f"has the pod CIDR {network}", meaning, "correct spec.podCIDRs"
            )


def _outside_flannel(cidrs: list[tuple[Network, NodeRow]], nodes: pd.DataFrame) -> Iterator[Finding]:
    conf = net_conf(nodes)
    clusters = [network for text in conf.networks if (network := parse_cidr(text))]
    for network, row in cidrs:
        same = [cluster for cluster in clusters if cluster.version == network.version]
        if same and not any(network.subnet_of(cluster) for cluster in same):  # type: ignore[arg-type]
            found = f"has the pod CIDR {network} outside flannel's Network {same[0]} ({conf.source})"
            meaning = "flannel refuses such a lease and does not route it"
            todo = "make flannel's Network and the controller manager's --cluster-cidr agree, then run again"
            yield Finding("blocking", f"node {row.nodeName}", found, meaning, todo)


def _family_without_flannel(cidrs: list[tuple[Network, NodeRow]], nodes: pd.DataFrame) -> Iterator[Finding]:
    conf = net_conf(nodes)
    families = {network.version for text in conf.networks if (network := parse_cidr(text))}
    left_out = {row.nodeName for network, row in cidrs if families and network.version not in families}
    if left_out:
        about = nodes_called(sorted(left_out, key=natural_key))
        found = f"names no network of the address family of some pod CIDRs of {about}"
        meaning = "flannel does not route that family; the cloud's routes alone do not make it work"
        todo = "add IPv6Network (and EnableIPv6) or Network to net-conf.json, or ignore this family"
        yield Finding("warning", f"ConfigMap {conf.source}", found, meaning, todo)


def _unreadable_networks(nodes: pd.DataFrame) -> Iterator[Finding]:
    conf = net_conf(nodes)
    for text in conf.networks:
        if parse_cidr(text) is None:
            meaning = "whether the pod CIDRs are inside it was not checked"
            yield Finding(
                "warning", f"ConfigMap {conf.source}", f"has the Network {text!r}, which is none", meaning, "correct it"
            )


def _addresses_disagree(rows: tuple[NodeRow, ...]) -> Iterator[Finding]:
    for row in rows:
        if row.flannelPublicIP and row.nodeIP and row.flannelPublicIP != row.nodeIP:
            found = f"has the InternalIP {row.nodeIP}, but flannel's public IP is {row.flannelPublicIP}"
            meaning = "its peers send pod packets to flannel's address; behind NAT host-gw does not work at all"
            todo = "set flannel's --iface, or the public-ip-overwrite annotation, to the InternalIP, then run again"
            yield Finding("blocking", f"node {row.nodeName}", found, meaning, todo)


def _backends(rows: tuple[NodeRow, ...], nodes: pd.DataFrame) -> Iterator[Finding]:
    conf = net_conf(nodes)
    meaning = "these routes serve host-gw (on Windows: L2bridge) only; nodes with different backends do not talk at all"
    todo = f"set Backend.Type to {HOST_GW} and restart flannel on every node, or do not run this runbook"
    if conf.problem:
        yield Finding("warning", f"ConfigMap {conf.source}", f"cannot be used: {conf.problem}", meaning, todo)
    elif conf.source and conf.backend != HOST_GW:
        yield Finding(
            "blocking", f"ConfigMap {conf.source}", f"sets flannel's backend to {conf.backend!r}", meaning, todo
        )
    others = [row for row in rows if row.backendType not in ("", HOST_GW)]
    if others:
        kinds = ", ".join(sorted({row.backendType for row in others}))
        about = nodes_called(row.nodeName for row in others)
        yield Finding("blocking", about, f"run flannel's backend {kinds}", meaning, todo)
    yield from _no_flannel(rows, known=bool(conf.source))


def _no_flannel(rows: tuple[NodeRow, ...], *, known: bool) -> Iterator[Finding]:
    silent = [row.nodeName for row in rows if not row.backendType]
    if silent and (known or len(silent) < len(rows)):
        found = "carry no flannel annotations"
        meaning = "flannel has not started there: the routes will wait for it"
        yield Finding("warning", nodes_called(silent), found, meaning, "look at the flannel pods of these nodes")
    elif silent:
        found = "shows no flannel: no ConfigMap kube-flannel-cfg, no annotations on the nodes"
        meaning = "whether the backend is host-gw was not checked"
        yield Finding("warning", "cluster", found, meaning, "make sure that pods are routed unencapsulated")


def _route_controllers(rows: tuple[NodeRow, ...]) -> Iterator[Finding]:
    owners = [row for row in rows if row.routeController]
    if owners:
        reasons = ", ".join(sorted({row.routeController for row in owners}))
        meaning = "a cloud controller manager writes routes for these nodes: two writers would undo each other's work"
        todo = "let it do the job, or start it with --configure-cloud-routes=false, then run again"
        about = nodes_called(row.nodeName for row in owners)
        yield Finding("blocking", about, f"have the condition NetworkUnavailable with reason {reasons}", meaning, todo)
