from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.fabric import Fabric, Instance, Route, Subnet
from l2bridge_helpers.filters import FIREWALL, Rule
from l2bridge_helpers.plan import plan
from l2bridge_helpers.proof import COLUMNS, Check, Proof
from l2bridge_helpers.verify import verify
from tests.builders import (
    ALLOW_PODS,
    CLUSTER,
    NETWORK,
    address,
    foreign_route,
    nodes,
    numbered_fabric,
    numbered_instance,
    numbered_item,
    numbered_nodes,
    own_routes,
    pod_cidr,
    rerouted,
)

TABLE = numbered_nodes(2)
BEFORE = numbered_fabric(2)
ROUTES = own_routes(TABLE, BEFORE)
CHANGES = plan(TABLE, BEFORE, cluster=CLUSTER)


def enabled(number: int) -> Instance:
    """Return the instance of node `number` as the cloud shows it after forwarding was turned on."""
    machine = numbered_instance(number, forwarding=True)
    return replace(machine, properties={**machine.properties, "fingerprint": "new="})


AFTER = rerouted(replace(BEFORE, instances=(enabled(1), enabled(2))), ROUTES)
DENIAL = Rule(FIREWALL, NETWORK, "new", 1000, allow=False, inbound=True)


def with_routes(*routes: Route) -> Fabric:
    return rerouted(AFTER, routes)


def with_first(**fields: Any) -> Fabric:
    """Return the fabric with the first route changed."""
    return with_routes(replace(ROUTES[0], **fields), *ROUTES[1:])


def wrong(after: Fabric, before: Fabric = BEFORE, changes: Plan = CHANGES) -> list[tuple[str, str]]:
    return [(check.object, check.found) for check in verify(changes, before, after).wrong]


def notes(after: Fabric, before: Fabric = BEFORE) -> list[tuple[str, str]]:
    return [(check.object, check.found) for check in verify(CHANGES, before, after) if check.verdict == "note"]


# As wanted.


def test_everything_in_place_is_ok() -> None:
    """Every change, and every instance's other properties, are looked at and found as wanted."""
    proof = verify(CHANGES, BEFORE, AFTER)
    assert {check.verdict for check in proof} == {"ok"}
    assert len(list(proof)) == len(CHANGES.changes) + 2
    assert proof.summary() == "6 as wanted, 0 wrong"


def test_plan_without_changes_verifies_what_stands() -> None:
    """The second run has nothing to do, and still looks."""
    again = plan(TABLE, AFTER, cluster=CLUSTER)
    assert again.writes == ()
    assert {check.verdict for check in verify(again, AFTER, AFTER)} == {"ok"}


def test_nothing_to_verify_is_said() -> None:
    """An empty proof is no success."""
    assert Proof().summary() == "nothing to verify"
    assert list(Proof().table().columns) == list(COLUMNS) == ["verdict", "object", "node", "wanted", "found"]


def test_wrong_things_stand_first() -> None:
    """Then notes, then what is fine."""
    after = with_routes(ROUTES[0], foreign_route("192.0.2.0/24", "10.10.0.99"))
    verdicts = [check.verdict for check in verify(CHANGES, BEFORE, after)]
    assert verdicts == sorted(verdicts, key=("wrong", "note", "ok").index)
    assert set(verdicts) == {"wrong", "note", "ok"}


# Not as wanted.


def test_missing_route_is_wrong() -> None:
    """A write that was accepted and shows nothing has not happened."""
    assert wrong(with_routes(ROUTES[1])) == [(ROUTES[0].name, "no such route")]


def test_every_missing_route_is_told() -> None:
    """All offenders at once, each with its node."""
    found = verify(CHANGES, BEFORE, with_routes()).wrong
    assert [(check.object, check.node) for check in found] == [(route.name, route.node) for route in ROUTES]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"next_hop": address(9)}, f"{pod_cidr(1)} via {address(9)}"),
        ({"destination": "10.42.9.0/24"}, "10.42.9.0/24 via node-1"),
        ({"status": "DROPPED"}, "status DROPPED"),
        ({"status": "PENDING"}, "status PENDING"),
        ({"warnings": ("NEXT_HOP_CANNOT_IP_FORWARD: off",)}, "NEXT_HOP_CANNOT_IP_FORWARD: off"),
        ({"warnings": ("A: a", "B: b")}, "A: a; B: b"),
    ],
)
def test_route_that_does_not_do_its_job_is_wrong(fields: dict[str, Any], found: str) -> None:
    """It leads elsewhere, or the cloud itself says that it does not work."""
    assert wrong(with_first(**fields)) == [(ROUTES[0].name, found)]


def test_route_that_only_some_machines_follow_is_wrong() -> None:
    """With a tag, or a worse priority, it is not the route that was asked for."""
    assert wrong(with_first(tags=("web",)))
    assert wrong(with_first(priority=2000))


def test_forwarding_that_is_off_is_wrong() -> None:
    """On the machine that was to be changed."""
    after = replace(AFTER, instances=(numbered_instance(1), enabled(2)))
    assert wrong(after) == [(numbered_instance(1).id, "off")]


def test_machine_that_was_replaced_is_wrong() -> None:
    """Another machine under the same name is not the one that was looked at."""
    after = replace(AFTER, instances=(replace(enabled(1), uid="new"), enabled(2)))
    assert (numbered_instance(1).id, "another machine under the same name") in wrong(after)


def test_machine_that_is_gone_is_wrong() -> None:
    """Its node cannot be reached."""
    assert (numbered_instance(1).id, "no such instance") in wrong(replace(AFTER, instances=(enabled(2),)))


def test_own_route_that_was_to_go_and_stands_is_wrong() -> None:
    """A deletion is proved by its absence."""
    left = own_routes(numbered_nodes(3), numbered_fabric(3))[2]
    before = rerouted(AFTER, (*ROUTES, left))
    changes = plan(TABLE, before, cluster=CLUSTER)
    assert [change.action for change in changes.writes] == ["delete"]
    assert wrong(before, before, changes) == [(left.name, "still there")]
    assert wrong(AFTER, before, changes) == []


def test_replaced_route_that_still_stands_is_wrong() -> None:
    """Two routes with one destination share its packets."""
    old = replace(ROUTES[0], name=f"{ROUTES[0].name}-old", next_hop=numbered_instance(9).id)
    before = with_routes(old, ROUTES[1])
    changes = plan(TABLE, before, cluster=CLUSTER)
    assert [change.action for change in changes.writes] == ["update"]
    assert wrong(AFTER, before, changes) == []
    assert wrong(with_routes(*ROUTES, old), before, changes) == [
        (ROUTES[0].name, f"the route that it replaces, {old.name}, is still there"),
        (ROUTES[0].name, f"route {old.name} leads 10.42.0.0/24 elsewhere"),
    ]


# Machines that do not run.


def stopped(*warnings: str) -> Fabric:
    after = with_first(warnings=warnings)
    return replace(after, instances=(replace(enabled(1), status="TERMINATED", running=False), enabled(2)))


def test_route_to_a_stopped_machine_is_a_note() -> None:
    """It will work when the machine does; that it does not run is a finding of its own."""
    after = stopped("NEXT_HOP_NOT_RUNNING: stopped")
    assert wrong(after) == []
    assert (ROUTES[0].name, "NEXT_HOP_NOT_RUNNING: stopped") in notes(after)


def test_stopped_machine_excuses_no_other_warning() -> None:
    """What stays wrong when the machine runs is wrong."""
    after = stopped("NEXT_HOP_NOT_RUNNING: stopped", "NEXT_HOP_INSTANCE_NOT_ON_NETWORK: elsewhere")
    assert [name for name, _ in wrong(after)] == [ROUTES[0].name]


def test_warning_about_a_machine_that_runs_is_wrong() -> None:
    """The cloud says that it does not."""
    assert wrong(with_first(warnings=("NEXT_HOP_NOT_RUNNING: stopped",)))


# Nothing else changed.


def test_other_property_of_a_machine_that_we_wrote_is_wrong() -> None:
    """A full write must carry back everything; what is missing or different is named."""
    properties = {key: value for key, value in enabled(1).properties.items() if key != "labels"}
    after = replace(AFTER, instances=(replace(enabled(1), properties={**properties, "tags": {}}), enabled(2)))
    assert wrong(after) == [(numbered_instance(1).id, "changed: labels, tags")]


def test_property_of_a_machine_that_we_did_not_write_is_a_note() -> None:
    """Others work too."""
    bystander = numbered_instance(9, forwarding=True)
    changed = replace(bystander, properties={**bystander.properties, "labels": {"owner": "dev"}})
    before = replace(BEFORE, instances=(*BEFORE.instances, bystander))
    after = replace(AFTER, instances=(*AFTER.instances, changed))
    assert wrong(after, before) == []
    assert notes(after, before) == [(bystander.id, "changed by others: labels")]


def test_machine_of_others_that_is_gone_is_a_note() -> None:
    """It was no node's."""
    before = replace(BEFORE, instances=(*BEFORE.instances, numbered_instance(9)))
    assert notes(AFTER, before) == [(numbered_instance(9).id, "gone; removed by others")]


HAND_MADE = foreign_route("192.0.2.0/24", "10.10.0.99")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ((), (HAND_MADE,), "added"),
        ((HAND_MADE,), (), "removed"),
        ((HAND_MADE,), (replace(HAND_MADE, next_hop="10.10.0.98"),), "changed"),
        ((HAND_MADE,), (replace(HAND_MADE, priority=7),), "changed"),
    ],
)
def test_route_of_others_that_changes_is_a_note(
    before: tuple[Route, ...], after: tuple[Route, ...], found: str
) -> None:
    """To be known, not to fail for."""
    assert notes(rerouted(AFTER, (*ROUTES, *after)), rerouted(BEFORE, before)) == [
        ("route by-hand", f"{found} by others while this ran")
    ]


def test_state_of_a_foreign_route_may_change_by_itself() -> None:
    """Status and warnings are the cloud's, nobody changed the route."""
    now = rerouted(AFTER, (*ROUTES, replace(HAND_MADE, status="INACTIVE", warnings=("X: x",))))
    assert notes(now, rerouted(BEFORE, (HAND_MADE,))) == []


def test_new_foreign_route_in_the_way_is_wrong() -> None:
    """Someone's route for the same pod CIDR, made in the meantime, takes packets from the node."""
    rival = foreign_route(pod_cidr(1), address(9), priority=100)
    assert "by-hand" in str(wrong(with_routes(*ROUTES, rival)))


@pytest.mark.parametrize(
    "helper",
    [
        foreign_route(pod_cidr(1), address(9), priority=2000),
        foreign_route(pod_cidr(1), address(1)),
        foreign_route("10.42.0.0/16", address(9), priority=100),
    ],
    ids=["worse priority", "same node, by its address", "wider range"],
)
def test_new_foreign_route_that_takes_nothing_away_is_a_note(helper: Route) -> None:
    """A route that loses against ours, or that leads to the very node, is someone else's work, no failure of ours."""
    assert wrong(with_routes(*ROUTES, helper)) == []
    assert notes(with_routes(*ROUTES, helper)) == [("route by-hand", "added by others while this ran")]


def test_state_of_a_foreign_route_beside_ours_may_change_by_itself() -> None:
    """A spare route of someone, there before and planned around, is not made anew by a new status."""
    spare = foreign_route(pod_cidr(1), address(9), priority=2000)
    before = rerouted(BEFORE, (spare,))
    changes = plan(TABLE, before, cluster=CLUSTER)
    assert changes.conflicts == ()
    assert wrong(with_routes(*ROUTES, replace(spare, status="INACTIVE")), before, changes) == []


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"subnets": (*BEFORE.subnets, Subnet("new", ("10.77.0.0/24",)))}, "subnet new"),
        ({"subnets": ()}, f"subnet {BEFORE.subnets[0].id}"),
        ({"rules": ()}, f"filter rule {ALLOW_PODS.id}"),
        ({"rules": (replace(ALLOW_PODS, properties={"disabled": True}),)}, f"filter rule {ALLOW_PODS.id}"),
        ({"rules": (ALLOW_PODS, DENIAL)}, f"filter rule {DENIAL.id}"),
    ],
)
def test_subnets_and_rules_that_change_are_notes(part: dict[str, Any], name: str) -> None:
    """We never write them."""
    assert [about for about, _ in notes(replace(AFTER, **part))] == [name]


# What is not judged.


def test_conflict_is_not_verified() -> None:
    """It stops apply; there is nothing that should be there."""
    changes = replace(CHANGES, changes=(Change("conflict", "route", "r", "node-1", {}, {}, "in the way"),))
    assert [check for check in verify(changes, BEFORE, BEFORE) if check.object == "r"] == []


def test_foreign_route_that_does_the_job_is_verified_too() -> None:
    """It satisfies the plan only as long as it is there."""
    hand_made = foreign_route(pod_cidr(1), address(1))
    before = rerouted(AFTER, (hand_made,))
    changes = plan(nodes(numbered_item(1)), before, cluster=CLUSTER)
    assert changes.writes == ()
    assert wrong(before, before, changes) == []
    gone = rerouted(AFTER, ())
    assert wrong(gone, before, changes) == [("by-hand", "no such route")]


def test_table_has_a_row_for_each_check() -> None:
    """In the order of the proof."""
    proof = verify(CHANGES, BEFORE, AFTER)
    assert [Check(*row) for row in proof.table().to_numpy().tolist()] == list(proof)


def test_fingerprints_inside_properties_are_renewed_by_every_write() -> None:
    """An interface's new fingerprint is no change of ours."""
    nested = {"networkInterfaces": [{"name": "nic0", "fingerprint": "old"}]}
    renewed = {"networkInterfaces": [{"name": "nic0", "fingerprint": "new"}]}
    before = replace(BEFORE, instances=(_with(numbered_instance(1), nested), BEFORE.instances[1]))
    after = replace(AFTER, instances=(_with(enabled(1), renewed), enabled(2)))
    assert wrong(after, before) == []


def _with(machine: Instance, more: dict[str, Any]) -> Instance:
    return replace(machine, properties={**machine.properties, **more})


def test_route_of_ours_that_an_older_run_left_inside_a_pod_cidr_is_wrong() -> None:
    """Whoever made it: packets for that half of the pod CIDR go elsewhere."""
    left = replace(ROUTES[1], name="l2b-blue-left", destination="10.42.0.128/25")
    assert (ROUTES[0].name, "route l2b-blue-left leads 10.42.0.128/25 elsewhere") in wrong(with_routes(*ROUTES, left))
