"""Small worlds that crashes are tried in: what a run does in each is different."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.lab import Lab

Run = Callable[[], None]
"""Makes one run in the world, to its end, that no journal of the scenario knows."""
Prepare = Callable[[Lab, Run], None]
_DENIAL = 90
"""The entry of a network ACL that no run mends."""


def _as_it_is(_lab: Lab, _run: Run) -> None:
    """Leave the world as it is."""


@dataclass(frozen=True)
class Scenario:
    """One world and what a run is asked to do there.

    Attributes:
        world: its name.
        parameters: of the runbook, besides the lab's own.
        nodes: the names of the nodes that stay in the cluster; empty: all. Machines of the others stay.
        prepare: changes the world before anything is tried.

    """

    world: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    prepare: Prepare = _as_it_is

    @property
    def platform(self) -> str:
        """Return whose world it is."""
        return self.world.partition("-")[0]

    def set_up(self, lab: Lab, run: Run) -> None:
        """Make a lab's fresh world the one of this scenario."""
        if self.nodes:
            lab.world.nodes[:] = [node for node in lab.world.nodes if node["metadata"]["name"] in self.nodes]
        self.prepare(lab, run)


def _outdated(lab: Lab, run: Run) -> None:
    """Make a run, then let a node go, and two others swap their pod CIDRs: routes are replaced and deleted."""
    run()
    nodes = lab.world.nodes
    del nodes[-1]
    first, second = nodes[0]["spec"], nodes[1]["spec"]
    for name in ("podCIDR", "podCIDRs"):
        first[name], second[name] = second[name], first[name]


def _without_denial(lab: Lab, _run: Run) -> None:
    """Take away what no run mends, so that a run can end well."""
    for acl in lab.world.cloud("NetworkAcls"):
        acl["Entries"] = [entry for entry in acl["Entries"] if entry["RuleNumber"] != _DENIAL]


_TWO = ("node-1", "win-1")
_THREE = ("node-1", "node-2", "win-1")
_AWS = ("node-0", "node-1")
_SETS = ("pool-auto000000", "pool-manual000000", "pool-flex000000")
_OPEN = {"open_firewall": True}

SCENARIOS: dict[str, Scenario] = {
    "gce": Scenario("gce-small", nodes=_TWO),
    "gce, firewall": Scenario("gce-closed", _OPEN, _TWO),
    "gce, outdated": Scenario("gce-small", {}, _THREE, _outdated),
    "aws": Scenario("aws-small", nodes=_TWO),
    "aws, routes and firewall": Scenario(
        "aws-closed", {"routes": True, **_OPEN}, ("node-0", "node-1"), _without_denial
    ),
    "aws, outdated": Scenario("aws-small", {"routes": True}, _THREE, _outdated),
    "azure": Scenario("azure-small", nodes=_TWO),
    "azure, scale sets": Scenario("azure-scale-sets", {"upgrade_instances": True}, _SETS),
    "azure, outdated": Scenario("azure-small", {}, _THREE, _outdated),
}
