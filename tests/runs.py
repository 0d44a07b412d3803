"""One run of a runbook on a lab, step by step, without its notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from l2bridge_helpers import apply, check, list_nodes, plan, prove
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.base import Cloud
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.platforms import cloud_of, scope_of
from l2bridge_helpers.proof import Proof
from l2bridge_helpers.results import Results
from tests.pages import Pages, granted


def parameters_of(lab: Lab, **changed: Any) -> dict[str, Any]:
    """Return all parameters of the runbook in `apply` mode: those that are changed, the lab's, else the defaults."""
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS[lab.platform]}
    return {**defaults, "mode": "apply", **lab.parameters, **changed}


@dataclass
class Run:
    """One run up to its plan; `apply` and `proof` go on."""

    lab: Lab
    changed: dict[str, Any]
    nodes: pd.DataFrame = field(init=False)
    cloud: Cloud = field(init=False)
    fabric: Fabric = field(init=False)
    findings: Findings = field(init=False)
    changes: Plan = field(init=False)

    def __post_init__(self) -> None:
        """Read, check, plan."""
        parameters = parameters_of(self.lab, **self.changed)
        scope = scope_of(self.lab.platform, parameters)
        self.nodes = list_nodes(str(self.lab.kubeconfig))
        self.cloud = cloud_of(self.lab.platform, parameters)
        self.fabric = self.cloud.observe(self.nodes)
        self.findings = check(self.nodes, self.fabric, scope=scope)
        self.changes = plan(self.nodes, self.fabric, cluster="lab", scope=scope)

    def apply(self) -> Results:
        """Carry the plan out."""
        entries, findings = Pages(), self.findings
        return apply(
            self.changes, self.cloud, findings=findings, mode="apply", confirm="lab", entries=entries, permit=granted
        )

    def proof(self, results: Results, patience: float = 2) -> Proof:
        """Return what a fresh read shows."""
        return prove(self.changes, results, self.cloud, self.nodes, self.fabric, patience=patience)


def errors_of(results: Results) -> list[str]:
    """Return the errors of what was tried and failed, each once, without what was skipped for it."""
    return list(dict.fromkeys(str(result.error) for result in results if result.outcome == "failed"))


def remove_node(lab: Lab, name: str) -> None:
    """Remove a Node object."""
    lab.world.nodes[:] = [node for node in lab.world.nodes if node["metadata"]["name"] != name]


def without_provider_ids(lab: Lab) -> None:
    """Let no node say which machine it is."""
    for node in lab.world.nodes:
        node["spec"]["providerID"] = ""
