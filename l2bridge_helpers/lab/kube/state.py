"""What the Kubernetes API of a lab serves, and the hooks for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.lab.hooks import Hooks

Json = dict[str, Any]


@dataclass
class KubeState(Hooks):
    """The live cluster.

    Attributes (beside those of `Hooks`):
        denied: e.g. `("list", "nodes")`; refused with 403.
        leases: Lease objects by (namespace, name). They are no part of the world: what a run leaves of its lock there
            is no change of what it was asked to change.
        version: the last resourceVersion that was given to a write.

    """

    denied: set[tuple[str, str]] = field(default_factory=set)
    leases: dict[tuple[str, str], Json] = field(default_factory=dict)
    version: int = 1_000_000
    snapshots: dict[str, list[Json]] = field(default_factory=dict)
    snapshots_taken: int = 0

    def expire_continue(self) -> None:
        """Make every `continue` token that was given out until now answer 410 Expired."""
        with self.lock:
            self.snapshots.clear()

    def objects(self, plural: str) -> list[Json]:
        """Return the objects of one kind, in the order of their names."""
        stored = {"nodes": self.world.nodes, "configmaps": self.world.config_maps, "leases": list(self.leases.values())}
        found = stored[plural] if plural in stored else [_namespace(name) for name in self.namespaces()]
        return sorted(found, key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))

    def next_version(self) -> str:
        """Return the resourceVersion of a write."""
        self.version += 1
        return str(self.version)

    def namespaces(self) -> set[str]:
        """Return the names of all namespaces: the usual ones, and those that something is in."""
        used = {item["metadata"].get("namespace", "default") for item in self.world.config_maps}
        return used | {"default", "kube-system"}


def _namespace(name: str) -> Json:
    metadata = {
        "name": name,
        "labels": {"kubernetes.io/metadata.name": name},
        "creationTimestamp": "2026-10-01T08:00:00Z",
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": "Active"}}
