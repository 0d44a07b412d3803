"""What the Kubernetes API of a lab serves, and the hooks for tests."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.lab.faults import Faults
from l2bridge_helpers.lab.world import World

Json = dict[str, Any]


@dataclass
class KubeState:
    """The live cluster.

    Attributes:
        world: its objects; whoever changes them by hand changes what the API shows.
        faults: trouble to make.
        latency: seconds that every answer takes longer.
        denied: e.g. `("list", "nodes")`; refused with 403.

    """

    world: World
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.0
    denied: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)
    snapshots: dict[str, list[Json]] = field(default_factory=dict)
    snapshots_taken: int = 0

    def expire_continue(self) -> None:
        """Make every `continue` token that was given out until now answer 410 Expired."""
        with self.lock:
            self.snapshots.clear()

    def objects(self, plural: str) -> list[Json]:
        """Return the objects of one kind, in the order of their names."""
        stored = {"nodes": self.world.nodes, "configmaps": self.world.config_maps}
        found = stored[plural] if plural in stored else [_namespace(name) for name in self._namespaces()]
        return sorted(found, key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))

    def _namespaces(self) -> set[str]:
        used = {item["metadata"].get("namespace", "default") for item in self.world.config_maps}
        return used | {"default", "kube-system"}


def _namespace(name: str) -> Json:
    metadata = {
        "name": name,
        "labels": {"kubernetes.io/metadata.name": name},
        "creationTimestamp": "2026-10-01T08:00:00Z",
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": "Active"}}
