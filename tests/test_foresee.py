"""What is foreseen of a plan is what is read when it has been applied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from l2bridge_helpers.apply import apply
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.plan import plan
from l2bridge_helpers.reach import reach
from tests import worlds_of_nodes
from tests.lab_worlds import AWS, CLOSED, MESSY, OTHERS, SMALL, seen, served
from tests.model_cloud import carry_out
from tests.pages import Pages, granted
from tests.test_plan_properties import many


def _bare(fabric: Fabric) -> tuple[object, ...]:
    """Return what decides who reaches whom, in one order: properties as they were read tell more."""
    nics = {nic.id: nic.forwarding for one in fabric.instances for nic in one.nics}
    tables = {table.id: {route.name: route.facts() for route in table.routes} for table in fabric.tables}
    subnets = {subnet.id: subnet.table for subnet in fabric.subnets}
    marks = {table.id: dict(table.marks) for table in fabric.tables}
    templates = {template.group: template.forwarding for template in fabric.templates}
    rules = sorted(repr(replace(rule, name="", properties={})) for rule in fabric.rules)
    return (nics, tables, subnets, marks, templates, rules)


@pytest.mark.parametrize(
    "name",
    [
        *SMALL,
        *MESSY,
        *CLOSED,
        *OTHERS,
        *(f"{name} routes" for name in AWS),
        *(f"{name} open_firewall" for name in CLOSED),
    ],
)
def test_what_is_foreseen_is_what_a_fresh_read_shows(name: str) -> None:
    """On every world, through the real SDK: the same network, and so the same pairs; with more parameters, too."""
    world, _, more = name.partition(" ")
    with served(world, **({more: True} if more else {})) as (_, cloud, found):
        changes = plan(found.nodes, found.fabric, cluster=found.cluster, scope=found.scope)
        changes = replace(changes, changes=changes.writes)  # what stands in the way elsewhere is no matter here
        results = apply(
            changes,
            cloud,
            findings=Findings(),
            mode="apply",
            confirm=found.cluster,
            entries=Pages(),
            permit=granted,
            max_delete_percent=100,
        )
        assert not results.failed
        after, foreseen = cloud.observe(found.nodes), foresee(found.fabric, changes)
    assert _bare(foreseen) == _bare(after)
    assert reach(found.nodes, foreseen).facts() == reach(found.nodes, after).facts()


@pytest.mark.parametrize("name", [*SMALL, *OTHERS])
def test_small_worlds_reach_after_their_plan(name: str) -> None:
    """What is left is what the plan may not do there: other subnets without routes=True, a manual upgrade."""
    found = seen(name)
    changes = plan(found.nodes, found.fabric, cluster=found.cluster, scope=found.scope)
    after = reach(found.nodes, foresee(found.fabric, changes))
    left = {"aws-two-subnets": {"route"}, "azure-scale-sets": {"forwarding"}}.get(name, set())
    assert {cause.kind for cause in after.causes} == left
    assert (after.reaching == after.pairs) is (not left)


@many
@given(worlds_of_nodes.worlds())
def test_any_plan_is_foreseen_as_it_is_carried_out(world: worlds_of_nodes.World) -> None:
    """As the model of the cloud that the tests of plans have."""
    changes = plan(world.nodes, world.fabric, cluster=worlds_of_nodes.CLUSTER)
    foreseen, carried = foresee(world.fabric, changes), carry_out(changes, world.fabric)
    assert _bare(foreseen) == _bare(carried)
    assert plan(world.nodes, foreseen, cluster=worlds_of_nodes.CLUSTER).writes == ()
