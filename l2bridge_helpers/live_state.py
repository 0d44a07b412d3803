"""A cluster and its network as they are now, for runs that only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.kube import Kube
from l2bridge_helpers.kubeconfig import cluster_of, shown_server
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.platforms import reader_of

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric


class LiveState:
    """What the parameters of a runbook mean. Making it sends nothing.

    Attributes:
        platform: the cloud.
        cluster: the name that marks this cluster's routes.

    Raises:
        ParameterError: the parameters do not say where to look.
        KubernetesError: the kubeconfig is missing or broken, or has no such context.

    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Resolve the cluster's name, and make the cloud's adapter."""
        self._kubernetes = parameters["kubeconfig"], parameters["context"]
        self._meant = Kube(*self._kubernetes).target
        self.platform: str = parameters["platform"]
        self.cluster = cluster_of(parameters["cluster"], self._meant)
        self._cloud = reader_of(self.platform, {**parameters, "cluster": self.cluster})

    def target(self) -> dict[str, str]:
        """Return what is looked at, as label -> value, without a call."""
        kubernetes = {"context": self._meant.context or "in-cluster", "Kubernetes API": shown_server(self._meant)}
        return {"cluster": self.cluster, **kubernetes, **self._cloud.target()}

    def nodes(self) -> pd.DataFrame:
        """Return the nodes.

        Raises:
            KubernetesError: they cannot be read.

        """
        return list_nodes(*self._kubernetes)

    def fabric(self, nodes: pd.DataFrame) -> Fabric:
        """Return the network that they are in.

        Raises:
            CloudError: it cannot be read.

        """
        return self._cloud.observe(nodes)
