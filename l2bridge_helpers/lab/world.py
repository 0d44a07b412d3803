"""A world: the Kubernetes objects and the cloud's resources that a lab serves. Plain data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class World:
    """One cluster and the cloud around it.

    Attributes:
        name: what it is called, e.g. `gce-small`.
        description: one line about what is special here.
        cluster: the cluster's name in the kubeconfig, which marks its routes.
        parameters: the notebook's parameters that are special to the platform, e.g. for GCE `project` and `network`.
        nodes: Kubernetes Node objects, each as an item of `kubectl get nodes -o json`.
        config_maps: Kubernetes ConfigMap objects.
        resources: the cloud's resources as its API shows them, by the API's collection names.
        platform: `gce`, `aws`, `azure` or `bare_metal`: whose API is served beside Kubernetes; `bare_metal`: none.

    """

    name: str
    description: str
    cluster: str
    parameters: dict[str, str]
    nodes: list[Json]
    config_maps: list[Json]
    resources: dict[str, list[Json]] = field(default_factory=dict)
    platform: str = "gce"

    def cloud(self, collection: str) -> list[Json]:
        """Return the live list of a collection (`instances`, `routes`, ...); changes made there count."""
        return self.resources.setdefault(collection, [])

    def copy(self) -> World:
        """Return a world that shares nothing with this one."""
        return World.parse(json.dumps(vars(self)))

    def dump(self) -> str:
        """Return the whole world as JSON text, always the same for the same world."""
        return json.dumps(vars(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str) -> World:
        """Return the world that `dump` wrote."""
        return cls(**json.loads(text))
