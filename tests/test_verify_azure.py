"""What a fresh read has to show on Azure, where a write carries a whole table, interface or subnet back."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.clouds.azure_names import route_label, tag_of
from l2bridge_helpers.clouds.azure_read import flat, table_of, template_of
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.plan import plan
from l2bridge_helpers.proof import Check
from l2bridge_helpers.verify import verify
from tests.azure_values import (
    HOME,
    SPARE,
    Raw,
    World,
    address,
    carried_out,
    nodes_of,
    own_route,
    pod_cidr,
    raw_route,
    raw_scale_set,
    raw_subnet,
    raw_table,
    served,
    world,
)
from tests.builders import CLUSTER

PODS, POOL, NIC = f"{HOME}/pods", f"{HOME}/pool", "cluster-rg/node-1-nic"
BY_HAND = raw_route("by-hand", "10.9.0.0/16", "10.9.9.9")
THERE = world("ab", raw_table("pods", BY_HAND, tags={"owner": "ops"}))
BEFORE = replace(THERE, subnets=(raw_subnet("a", "pods"), raw_subnet("b")), chosen="pods")
"""A table of others on one subnet, none on the other."""
CHANGES = plan(nodes_of("ab"), BEFORE.fabric(), cluster=CLUSTER)
AFTER = carried_out(CHANGES, BEFORE)


def _verify(after: World, read: World = BEFORE) -> list[Check]:
    """Return the checks, where `read` is what was read just before the writes."""
    based_on = {PODS: table_of(read.tables[0]).properties, NIC: flat(read.nics[0])}
    based_on["cluster-rg/main/b"] = flat(read.subnets[1])
    return list(verify(CHANGES, BEFORE.fabric(), after.fabric(), based_on))


def _of(checks: list[Check], verdict: str) -> list[tuple[str, str]]:
    return [(check.object, check.found) for check in checks if check.verdict == verdict]


def _wrong(after: World, read: World = BEFORE) -> list[tuple[str, str]]:
    return _of(_verify(after, read), "wrong")


def _with_table(made: World, **more: Any) -> World:
    """Return the network with the first table changed: `routes`, `tags` or another property."""
    raw = deepcopy(made.tables[0])
    raw["tags"] = more.pop("tags", raw["tags"])
    raw["properties"] |= more
    return replace(made, tables=(raw, *made.tables[1:]))


def _routes(made: World, change: Callable[[list[Raw]], list[Raw]]) -> World:
    return _with_table(made, routes=change(deepcopy(made.tables[0]["properties"]["routes"])))


def _led_away(made: World) -> World:
    """Return the network in which somebody has led the route that is not ours elsewhere."""
    return _routes(made, lambda routes: [_elsewhere(one) if one["name"] == "by-hand" else one for one in routes])


def _elsewhere(route: Raw) -> Raw:
    return {**route, "properties": {**route["properties"], "nextHopIpAddress": "10.9.9.8"}}


def test_everything_in_place_is_ok() -> None:
    """Claim, interfaces, routes, associations, and everything else of what was written."""
    checks = _verify(AFTER)
    assert {check.verdict for check in checks} == {"ok"}
    told = {check.object: check.node for check in checks if check.wanted == "every other property as before"}
    assert told == {PODS: "", NIC: "node-1", "cluster-rg/node-2-nic": "node-2", "cluster-rg/main/b": ""}
    assert len(checks) == len(CHANGES.changes) + len(told)


def test_what_a_write_renews_and_azure_reports_by_itself_is_no_change() -> None:
    """ETags, states, and which subnets have the table."""
    renewed = replace(
        _with_table(
            _routes(AFTER, lambda routes: [_renewed(route) for route in routes]),
            provisioningState="Updating",
            subnets=[{"id": raw_subnet("b")["id"]}],
        ),
        nics=tuple({**raw, "etag": "new"} for raw in AFTER.nics),
        subnets=tuple({**raw, "etag": "new"} for raw in AFTER.subnets),
    )
    fresh = replace(renewed, tables=({**renewed.tables[0], "etag": "new"},))
    assert {check.verdict for check in _verify(fresh)} == {"ok"}


def _renewed(route: Raw) -> Raw:
    """Return a route as it is while its table is written."""
    return {**route, "etag": "new", "properties": {**route["properties"], "provisioningState": "Updating"}}


# Rows.


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({"owner": "ops"}, "no marks of ours"),
        ({"owner": "ops", "l2bridge:blue": "green"}, "l2bridge:blue=green"),
    ],
)
def test_a_claim_that_is_not_there_is_wrong(tags: dict[str, str], found: str) -> None:
    """Without it the routes are not ours either."""
    checks = verify(CHANGES, BEFORE.fabric(), _with_table(AFTER, tags=tags).fabric())
    (check,) = [one for one in checks if one.object == PODS and one.wanted == "l2bridge:blue=blue"]
    assert (check.verdict, check.found) == ("wrong", found)
    assert any("has cluster" in found for _, found in _of(list(checks), "wrong"))


def test_a_claim_in_another_letter_case_is_there() -> None:
    """Azure may keep the case that somebody else wrote it in."""
    assert _wrong(_with_table(AFTER, tags={"owner": "ops", "L2Bridge:Blue": "blue"})) == []


@pytest.mark.parametrize(
    ("subnet", "found"),
    [
        (raw_subnet("b"), "no route table"),
        (raw_subnet("b", "other"), "cluster-rg/other"),
        (raw_subnet("c", "pods"), "no such subnet"),
    ],
    ids=["none", "another one", "no subnet"],
)
def test_a_subnet_that_does_not_have_its_table_is_wrong(subnet: Raw, found: str) -> None:
    """What is there instead is told."""
    after = replace(AFTER, subnets=(AFTER.subnets[0], subnet))
    checks = [check for check in _verify(after) if check.wanted == "route table cluster-rg/pods"]
    assert [(check.verdict, check.object, check.found) for check in checks] == [
        ("wrong", "cluster-rg/main/b", found),
        ("ok", "cluster-rg/main/a", "cluster-rg/pods"),
    ]


def test_a_table_of_the_same_name_in_another_group_is_another_one() -> None:
    """Or in another subscription."""
    other = raw_subnet("b")
    other["properties"]["routeTable"] = {"id": AFTER.tables[0]["id"].replace("0b1f6471", "11111111")}
    after = replace(AFTER, subnets=(AFTER.subnets[0], other))
    assert [name for name, _ in _wrong(after)] == ["cluster-rg/main/b"]


def test_a_subnet_that_kept_its_table_and_lost_it_is_wrong() -> None:
    """Its nodes reach no pods any more, whoever did it."""
    after = replace(AFTER, subnets=(raw_subnet("a"), AFTER.subnets[1]))
    assert ("cluster-rg/main/a", "no route table") in _wrong(after)


FRESH = world("a")
MAKES = plan(nodes_of("a"), FRESH.fabric(), cluster=CLUSTER)


def _made(after: World) -> list[tuple[str, str]]:
    """Return what is wrong after a table was to be made."""
    return _of(list(verify(MAKES, FRESH.fabric(), after.fabric())), "wrong")


def test_a_table_that_was_made_is_ok() -> None:
    """With its mark, and its routes."""
    assert _made(carried_out(MAKES, FRESH)) == []


def test_a_table_that_was_to_be_made_and_is_not_there_is_wrong() -> None:
    """With all that was to be in it."""
    assert (SPARE, "no such table") in _made(replace(carried_out(MAKES, FRESH), tables=()))


@pytest.mark.parametrize("tags", [{}, tag_of("green"), {"l2bridge:blue": "green"}])
def test_a_table_that_was_made_without_its_mark_is_wrong(tags: dict[str, str]) -> None:
    """The next run would take its routes for somebody's."""
    found = _made(_with_table(carried_out(MAKES, FRESH), tags=tags))
    assert (SPARE, "l2bridge:blue=green" if "l2bridge:blue" in tags else "no marks of ours") in found


def test_other_tags_of_a_new_table_are_not_ours_to_judge() -> None:
    """A policy of the subscription may add them."""
    assert _made(_with_table(carried_out(MAKES, FRESH), tags={"cost": "1"} | tag_of(CLUSTER))) == []


def _pool(*, forwarding: bool, group: str = "") -> Fabric:
    """Return a network whose node is a scale set's."""
    template = template_of(raw_scale_set({"enableIPForwarding": forwarding}))
    made = replace(served("a"), members={"node-1": POOL}).fabric()
    return replace(made, templates=(replace(template, group=group or template.group),))


@pytest.mark.parametrize(
    ("after", "verdict", "found"),
    [
        (_pool(forwarding=True), "ok", "on"),
        (_pool(forwarding=False), "wrong", "off"),
        (_pool(forwarding=True, group=f"{HOME}/other"), "wrong", "no such group"),
    ],
)
def test_a_template_has_to_forward(after: Fabric, verdict: str, found: str) -> None:
    """As the next read shows it, whether it was changed or was right before."""
    for before in (_pool(forwarding=False), _pool(forwarding=True)):
        changes = plan(nodes_of("a"), before, cluster=CLUSTER)
        (check,) = [one for one in verify(changes, before, after) if one.object == POOL]
        assert (check.verdict, check.found, check.wanted) == (verdict, found, "forwarding on in its template")


LAST = replace(served("a"), tables=(raw_table("pods", raw_route("by-hand", pod_cidr(1), address(1)), own_route(9)),))


def test_a_mark_that_was_to_go_with_the_last_route_is_gone_or_wrong() -> None:
    """Both are looked at."""
    changes = plan(nodes_of("a"), LAST.fabric(), cluster=CLUSTER)
    gone = carried_out(changes, LAST)
    assert _of(list(verify(changes, LAST.fabric(), gone.fabric())), "wrong") == []
    stands = verify(changes, LAST.fabric(), LAST.fabric())
    assert _of(list(stands), "wrong") == [
        (f"cluster-rg/pods/{route_label(CLUSTER, pod_cidr(9))}", "still there"),
        (PODS, "l2bridge:blue=blue"),
    ]


# What is not ours.


NEW = raw_route("new", "10.8.0.0/16", kind="None")
OTHERS: dict[str, tuple[Callable[[World], World], str]] = {
    "route led elsewhere": (_led_away, "routes of others"),
    "route gone": (lambda made: _routes(made, lambda routes: routes[1:]), "routes of others"),
    "route added": (lambda made: _routes(made, lambda routes: [*routes, NEW]), "routes of others"),
    "tag changed": (lambda made: _with_table(made, tags={**made.tables[0]["tags"], "owner": "dev"}), "tags"),
    "tag added": (lambda made: _with_table(made, tags={**made.tables[0]["tags"], "cost": "1"}), "tags"),
    "property": (lambda made: _with_table(made, disableBgpRoutePropagation=True), "disableBgpRoutePropagation"),
    "unheard of": (lambda made: _with_table(made, new={"a": 1}), "new"),
}


@pytest.mark.parametrize(("change", "told"), OTHERS.values(), ids=OTHERS)
def test_what_is_not_ours_in_a_table_that_we_wrote_is_wrong_when_it_changes(
    change: Callable[[World], World], told: str
) -> None:
    """Our write has carried it back as it was read, so the change is our fault until the opposite is known."""
    checks = _verify(change(AFTER))
    (check,) = [one for one in checks if one.object == PODS and one.wanted == "every other property as before"]
    assert (check.verdict, check.found) == ("wrong", f"changed: {told}")


@pytest.mark.parametrize(("change", "told"), OTHERS.values(), ids=OTHERS)
def test_what_others_changed_before_the_table_was_written_is_a_note(
    change: Callable[[World], World], told: str
) -> None:
    """It was read just before, and carried back."""
    checks = _verify(change(AFTER), read=change(BEFORE))
    assert _of(checks, "wrong") == []
    assert (PODS, f"changed by others before it was written: {told}") in _of(checks, "note")


def test_both_are_told_apart_in_one_table() -> None:
    """A tag that was changed before, a route that our write lost."""
    tagged = {"owner": "dev"}
    lost = _routes(_with_table(AFTER, tags=tagged | tag_of(CLUSTER)), lambda routes: routes[1:])
    checks = _verify(lost, read=_with_table(BEFORE, tags=tagged))
    assert (PODS, "changed by others before it was written: tags") in _of(checks, "note")
    assert _of(checks, "wrong") == [(PODS, "changed: routes of others")]


def test_a_table_that_no_write_touched_is_somebody_elses() -> None:
    """What changes there is a note."""
    made = served("a")
    changes = plan(nodes_of("a"), made.fabric(), cluster=CLUSTER)
    assert changes.writes == ()
    after = _with_table(made, disableBgpRoutePropagation=True)
    checks = list(verify(changes, made.fabric(), after.fabric()))
    assert _of(checks, "wrong") == []
    assert (PODS, "changed by others: disableBgpRoutePropagation") in _of(checks, "note")


def test_a_longer_prefix_that_others_added_takes_packets_away() -> None:
    """Whoever made it: these pods are out of reach from the subnets of this table."""
    half = raw_route("half", "10.42.1.128/25", "10.9.9.9")
    found = _wrong(_routes(AFTER, lambda routes: [*routes, half]), read=_routes(BEFORE, lambda routes: [*routes, half]))
    assert [text for _, text in found] == ["route cluster-rg/pods/half leads 10.42.1.128/25 elsewhere"]


# Interfaces and subnets.


def _nic(made: World, **more: object) -> World:
    first = made.nics[0]
    return replace(made, nics=({**first, "properties": {**first["properties"], **more}}, *made.nics[1:]))


def _subnet(made: World, **more: object) -> World:
    first, last = made.subnets
    return replace(made, subnets=(first, {**last, "properties": {**last["properties"], **more}}))


@pytest.mark.parametrize(
    ("change", "resource"), [(_nic, NIC), (_subnet, "cluster-rg/main/b")], ids=["interface", "subnet"]
)
def test_another_property_of_what_we_wrote_is_wrong_unless_others_changed_it_before(
    change: Callable[..., World], resource: str
) -> None:
    """A security group that our write has lost, or one that somebody has put on it."""
    group = {"id": "nsg"}
    assert _wrong(change(AFTER, networkSecurityGroup=group)) == [(resource, "changed: networkSecurityGroup")]
    checks = _verify(change(AFTER, networkSecurityGroup=group), read=change(BEFORE, networkSecurityGroup=group))
    assert _of(checks, "wrong") == []
    assert (resource, "changed by others before it was written: networkSecurityGroup") in _of(checks, "note")


def test_what_we_wrote_ourselves_is_no_other_property() -> None:
    """Forwarding of an interface, the table of a subnet: their own checks look at them."""
    checks = [check for check in _verify(AFTER) if check.object in (NIC, "cluster-rg/main/b")]
    assert [check.verdict for check in checks] == ["ok"] * 4


def test_an_interface_of_another_machine_is_wrong() -> None:
    """It was made anew under its name; who was looked at is gone."""
    anew = _nic(AFTER, resourceGuid="another")
    assert (NIC, "another machine under the same name") in _wrong(anew, read=_nic(BEFORE, resourceGuid="another"))
