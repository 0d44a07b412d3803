"""A run that `undo.ipynb` can put back, the same each time: its name, its hour and its user are made up."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from l2bridge_helpers.journal import Journal
from l2bridge_helpers.lab import Lab
from l2bridge_helpers.nodes import list_nodes, node_rows
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.plan import plan
from l2bridge_helpers.platforms import cloud_of, scope_of
from tests.undo_runs import batches, journalled

RUN = "20261124T220000Z-lab-gce"


def make_run(lab: Lab, folder: Path) -> dict[str, str]:
    """Do what a run does that is killed right after its last change, and return the parameters that name its journal.

    What became of the last change is not known: the journal holds the intent alone.
    """
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS[lab.platform]}
    parameters = {**defaults, **lab.parameters}
    nodes, cloud = list_nodes(str(lab.kubeconfig)), cloud_of(lab.platform, parameters)
    changes = plan(
        nodes, cloud.observe(nodes), cluster=str(parameters["cluster"]), scope=scope_of(lab.platform, parameters)
    )
    url = f"sqlite:///{folder}/journal.db"
    journal = Journal.open(url)
    where = {name: value for name, value in lab.parameters.items() if name not in ("kubeconfig", "context", "cluster")}
    journal.begin(
        replace(
            journalled(changes, RUN),
            user="alice@desk-7",
            identity="nobody (practice lab)",
            parameters=where,
            nodes=[asdict(row) for row in node_rows(nodes)],
        )
    )
    for place, (change,) in enumerate(batches(changes)):
        journal.intend(RUN, [(place, change)])
        cloud.send([change])
        if place + 1 < len(changes.writes):
            journal.settle(RUN, [place], "applied")
    journal.close()
    return {"journal": url}
