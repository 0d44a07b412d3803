"""The commands of an undo, handed to somebody who runs them with the real az."""

from __future__ import annotations

from dataclasses import replace

from l2bridge_helpers.lab.snapshot import snapshot
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.plan import plan
from l2bridge_helpers.platforms import cloud_of
from l2bridge_helpers.undo import undo
from tests.az import Az, ready_az  # noqa: F401 - a fixture, under the name of `az`
from tests.runs import parameters_of
from tests.undo_runs import carry_out, journalled, rows_of


def test_the_commands_of_an_undo_give_the_world_back(az: Az) -> None:
    """One of each kind at least: subnet, route, table, forwarding; in the order of the table."""
    with az.lab("azure-small") as lab:
        before = snapshot(lab.world, counters=False)
        nodes, cloud = list_nodes(str(lab.kubeconfig)), cloud_of("azure", parameters_of(lab))
        made = plan(nodes, cloud.observe(nodes), cluster="lab")
        few = {name for row in made.writes if (name := row.node)}
        kept = replace(made, changes=tuple(row for row in made.writes if not row.node or row.node in sorted(few)[:2]))
        carry_out(kept, cloud)
        back = undo(journalled(kept), rows_of(kept), cloud.observe(nodes))
        assert {row.kind for row in back.writes} == {"association", "route", "table", "forwarding"}
        for row in back.writes:
            az.shell(row.command)
        assert snapshot(lab.world, counters=False) == before
