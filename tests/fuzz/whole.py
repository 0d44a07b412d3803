"""Everything that a run does with what it reads, up to the apply, and `explain.ipynb` after it."""

from __future__ import annotations

import itertools
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from l2bridge_helpers import check, explain, foresee, list_nodes, matrix, plan, reach, topology
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.files import write_file
from l2bridge_helpers.looks import CHANGE
from l2bridge_helpers.mends import find_mends
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.platforms import cloud_of, scope_of
from l2bridge_helpers.report import report
from l2bridge_helpers.report_head import Head
from l2bridge_helpers.show import shown
from l2bridge_helpers.state import load_state, save_state
from tests.fuzz.tampered import TamperedLab

SCOPES = {"aws": {"routes": True, "open_firewall": True}, "gce": {"open_firewall": True}}
_PAIRS = 2


def plan_of(lab: TamperedLab, **changed: Any) -> Plan:
    """Return the plan, after everything else that a run shows was made, too."""
    values = values_of(lab, **changed)
    sections = [("section", shown(value).html) for value in values]
    page = report(Head(lab.world.cluster, "", CHANGE, ""), sections)
    (changes,) = (value for value in values if isinstance(value, Plan))
    with tempfile.TemporaryDirectory() as folder:
        write_file(Path(folder) / "report.html", page)
        changes.save(Path(folder) / "plan.json")
        assert Plan.load(Path(folder) / "plan.json").hash == changes.hash
    return changes


def values_of(lab: TamperedLab, **changed: Any) -> list[object]:
    """Return everything that the runbook shows up to its plan, and what `explain.ipynb` shows of some pairs."""
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS[lab.platform]}
    given = {**defaults, **lab.parameters, **SCOPES.get(lab.platform, {}), **changed}
    scope, cluster = scope_of(lab.platform, given), given["cluster"]
    nodes = list_nodes(given["kubeconfig"], given["context"])
    cloud = lab.adapter = lab.adapter or cloud_of(lab.platform, given)
    fabric = cloud.observe(nodes)
    findings = check(nodes, fabric, scope=scope, cluster=cluster)
    now = reach(nodes, fabric, cluster=cluster)
    changes = plan(nodes, fabric, cluster=cluster, scope=scope)
    assert plan(*saved(lab.platform, nodes, fabric), cluster=cluster, scope=scope).hash == changes.hash
    planned = reach(nodes, foresee(fabric, changes), cluster=cluster, moment="after the plan")
    cloud.in_force(nodes, fabric)
    pairs = itertools.islice(itertools.permutations(node_names(nodes), 2), _PAIRS)
    ways = [value for pair in pairs for value in explained(nodes, fabric, pair, cluster)]
    return [nodes, findings, now, topology(nodes, fabric, now), matrix(now), changes, planned, *ways]


def saved(platform: str, nodes: pd.DataFrame, fabric: Fabric) -> tuple[pd.DataFrame, Fabric]:
    """Return a state after its journey through a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        save_state(path, platform, nodes, fabric)
        return load_state(path)


def explained(nodes: pd.DataFrame, fabric: Fabric, pair: tuple[str, str], cluster: str) -> list[object]:
    """Return what `explain.ipynb` shows; a pair that cannot be asked about is refused by an error of ours."""
    with suppress(L2BridgeError):
        way = explain(nodes, fabric, *pair, cluster=cluster)
        return [way, find_mends(nodes, fabric, way, *pair, cluster=cluster)]
    return []
