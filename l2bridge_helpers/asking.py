"""Which nodes `explain.ipynb` offers where its ends are empty, and the answer to what is chosen.

A choice is answered in a run of its own, with files of its own, from what the notebook has read: the cells stay with
their question.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.choices import Option, assignments, options
from l2bridge_helpers.explain import explain
from l2bridge_helpers.mends import find_mends
from l2bridge_helpers.nodes import node_names, parse_cidr
from l2bridge_helpers.pictures import path
from l2bridge_helpers.prefixes import within
from l2bridge_helpers.printable import printable
from l2bridge_helpers.question import check_ends, check_traffic

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.explaining import ExplainRun
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.traffic import Traffic
    from l2bridge_helpers.stage import Stage

ENDS = ("source", "destination")


@dataclass(frozen=True)
class Asking:
    """What a notebook has read, to be asked again.

    Attributes:
        run: the notebook's.
        nodes: what it has read.
        fabric: the same.

    """

    run: ExplainRun
    nodes: pd.DataFrame
    fabric: Fabric

    def options(self) -> list[Option]:
        """Return the nodes to choose from, in the table's order."""
        return node_options(self.nodes)

    def answer(self, ends: Mapping[str, str], traffic: Traffic, stage: Stage) -> ExplainRun:
        """Answer a question on the stage, in a new run, and return that. Nothing is read again.

        Args:
            ends: `source` and `destination`; those that parameters name are not asked for.
            traffic: what the packet is.
            stage: where the answer is shown.

        Raises:
            ParameterError: an end is missing, or there is no way between them; no run was made.
            DataError: the run's files cannot be written.

        """
        source, destination = ({**ends, **self.run.given}.get(name, "").strip() for name in ENDS)
        check_traffic(traffic)
        check_ends(self.nodes, source, destination)
        cluster = self.run.cluster
        way = explain(self.nodes, self.fabric, source, destination, traffic=traffic, cluster=cluster)
        mends = find_mends(self.nodes, self.fabric, way, source, destination, cluster=cluster)
        run = self.run.another(source, destination, traffic)
        run.stage = stage
        with run.step("Target") as step:
            step.show(run.target())
        with run.step("Question") as step:
            run.keep(self.nodes, self.fabric)
            step.show(run.question(self.nodes, self.fabric))
        with run.step("Path") as step:
            step.show(path(way))
            step.show(way)
        with run.step("Mend") as step:
            step.show(mends)
        run.finish()
        return run


def node_options(nodes: pd.DataFrame) -> list[Option]:
    """Return a node's name, and its name with operating system and pod CIDRs, for each node."""
    made = []
    for name, rows in nodes.groupby("nodeName", sort=False):
        cidrs = ", ".join(filter(None, dict.fromkeys(rows["routeDestination"]))) or "no pod CIDR"
        system = rows["os"].iloc[0] or "unknown system"
        made.append(Option(str(name), printable(f"{name} · {system} · {cidrs}")))
    return made


def first_ends(nodes: pd.DataFrame, given: Mapping[str, str]) -> dict[str, str]:
    """Return the ends that are not given: the first nodes that are at no other end, as far as there are any.

    Args:
        nodes: as `list_nodes` returns them.
        given: `source` and `destination`, as far as parameters name them.

    """
    free = [name for name in node_names(nodes) if not any(_is_at(nodes, name, text) for text in given.values())]
    return dict(zip([name for name in ENDS if name not in given], free, strict=False))


def told_ends(chosen: Mapping[str, str]) -> str:
    """Return which nodes stand in for the parameters that are empty, and what can be done about it."""
    names = " and ".join(chosen)
    verb, kind = ("is", "first other node") if len(chosen) == 1 else ("are", "first two nodes")
    return (
        f"{names} {verb} not given: the {kind} of the table, {' and '.join(map(printable, chosen.values()))}, "
        f"{verb} asked about; choose below, or set the parameter{'' if len(chosen) == 1 else 's'}"
    )


def as_parameters(source: str, destination: str, traffic: Traffic) -> tuple[str, str]:
    """Return a question as lines of a parameters cell, and as arguments of `l2bridge explain`."""
    texts = {"source": source, "destination": destination, "protocol": traffic.protocol}
    return (
        f"{assignments(texts)}\nport: int = {traffic.port}",
        f"{shlex.join([source, destination])} {options({'protocol': traffic.protocol, 'port': traffic.port})}",
    )


def _is_at(nodes: pd.DataFrame, name: str, text: str) -> bool:
    """Return whether a text names this node, or pods of it."""
    if text == name:
        return True
    try:
        pods = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return any(within(pods, parse_cidr(cidr)) for cidr in nodes.loc[nodes["nodeName"] == name, "routeDestination"])
