"""What the plain tools know of the nodes: the document's three columns, and each node's machine."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config

PAGE = 500


@dataclass(frozen=True)
class Node:
    """One node."""

    name: str
    address: str
    pods: str
    machine: str
    """What `spec.providerID` says, without the scheme."""


def parameters() -> dict[str, Any]:
    """Return the parameters that stand on standard input."""
    found: dict[str, Any] = json.load(sys.stdin)
    return found


def nodes(kubeconfig: str) -> list[Node]:
    """Return the nodes as Kubernetes lists them."""
    config.load_kube_config(kubeconfig)
    core, found, token = client.CoreV1Api(), [], ""
    while token is not None:
        page = core.list_node(limit=PAGE, **({"_continue": token} if token else {}))
        found += [_node(item) for item in page.items]
        token = page.metadata._continue or None  # noqa: SLF001 - the client's own spelling
    return found


def _node(item: Any) -> Node:
    address = next(one.address for one in item.status.addresses if one.type == "InternalIP")
    return Node(item.metadata.name, address, item.spec.pod_cidr, item.spec.provider_id.partition("://")[2])


def main() -> None:
    """Print them, a line each, for the shell loops: where there is no kubectl to do so."""
    for node in nodes(sys.argv[1]):
        print(node.name, node.address, node.pods, node.machine)


if __name__ == "__main__":
    main()
