"""How a static route is marked as ours on GCE: its name's prefix *and* its description.

Routes carry no labels, cannot be edited, and their names are unique per project, so the mark has to be in these
two fields, and the name has to differ between clusters, address families and next hops: a replacement then
exists beside the route that it replaces.
"""

from __future__ import annotations

import hashlib
import json
import re

MANAGER = "l2bridge-helpers"
_PREFIX = "l2b"
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
    try:
        mark = json.loads(description)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(mark, dict) or mark.get("managed-by") != MANAGER:
        return "", ""
    cluster, node = mark.get("cluster"), mark.get("node")
    if not isinstance(cluster, str) or not isinstance(node, str) or not name.startswith(name_prefix(cluster)):
        return "", ""
    return cluster, node


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:_SLUG].strip("-") or "x"
