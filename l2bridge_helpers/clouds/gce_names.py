"""How a static route or a firewall rule is marked as ours on GCE: its name's prefix *and* its description.

Neither carries labels, and their names are unique per project, so the mark has to be in these two fields. Routes
cannot be edited: their names differ between clusters, address families and next hops, so that a replacement exists
beside the route that it replaces.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection

MANAGER = "l2bridge-helpers"
_PREFIX = "l2b"
_PODS = "pods"
_SLUG = 20
"""Characters of a cluster's or node's name that a route's name shows: 4 + 20 + 1 + 20 + 1 + 12 = 58 of 63."""


def name_prefix(cluster: str) -> str:
    """Return what the names of all our routes of this cluster begin with."""
    return f"{_PREFIX}-{_slug(cluster)}-"


def route_name(*, cluster: str, network: str, node: str, destination: str, next_hop: str) -> str:
    """Return the route's name: at most 63 characters of `[a-z]([-a-z0-9]*[a-z0-9])?`, the same on every run.

    Args:
        cluster: the cluster's name, any text.
        network: the network's name.
        node: the Kubernetes node's name.
        destination: the pod CIDR.
        next_hop: instance (`projects/…/zones/…/instances/…`) or address that the route leads to.

    """
    identity = json.dumps([cluster, network, node, destination, next_hop])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return f"{name_prefix(cluster)}{_slug(node)}-{digest}"


def route_description(*, cluster: str, node: str) -> str:
    """Return the route's description: JSON that names manager, cluster and node."""
    return json.dumps({"managed-by": MANAGER, "cluster": cluster, "node": node}, ensure_ascii=False)


def route_owner(name: str, description: str) -> tuple[str, str]:
    """Return (cluster, node) when name and description both carry our mark, else ("", "")."""
    cluster, node = _marked(description, "node")
    return (cluster, node) if name.startswith(name_prefix(cluster)) else ("", "")


def rule_name(*, cluster: str, network: str, version: int, ranges: Collection[str]) -> str:
    """Return the name of the firewall rule that lets the cluster's pods in, the same on every run.

    Args:
        cluster: the cluster's name, any text.
        network: the network's name.
        version: the IP version of its ranges.
        ranges: flannel's; clusters that are called alike have different ones. Empty: not known.

    """
    identity = json.dumps([cluster, network, version, *sorted(ranges)])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return f"{name_prefix(cluster)}{_PODS}-v{version}-{digest}"


def rule_description(*, cluster: str) -> str:
    """Return the rule's description: JSON that names manager and cluster, and says what it is for."""
    return json.dumps({"managed-by": MANAGER, "cluster": cluster, "for": _PODS}, ensure_ascii=False)


def rule_owner(name: str, description: str) -> str:
    """Return the cluster when name and description both carry our mark, else ""."""
    cluster, purpose = _marked(description, "for")
    return cluster if purpose == _PODS and name.startswith(f"{name_prefix(cluster)}{_PODS}-") else ""


def _marked(description: str, key: str) -> tuple[str, str]:
    """Return the cluster and what else the mark says under this key; two empty texts when it is no mark."""
    try:
        mark = json.loads(description)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(mark, dict) or mark.get("managed-by") != MANAGER:
        return "", ""
    cluster, value = mark.get("cluster"), mark.get(key)
    return (cluster, value) if isinstance(cluster, str) and isinstance(value, str) else ("", "")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:_SLUG].strip("-") or "x"
