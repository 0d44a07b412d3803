"""The planner on Azure: one row per pod CIDR and table, whole tables, subnets that are given one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.azure_names import default_table, route_label, tag_of
from l2bridge_helpers.clouds.azure_read import nic_of, template_of
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.observed import Template
from l2bridge_helpers.plan import plan
from l2bridge_helpers.scope import Scope
from tests.azure_values import (
    HOME,
    REGION,
    SPARE,
    Raw,
    World,
    address,
    carried_out,
    item_of,
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
from tests.builders import CLUSTER, node_item, nodes

MARK = tag_of(CLUSTER)
PODS = f"{HOME}/pods"
GIVEN = "cluster-rg/main"
NAMED = f"--subscription={HOME.partition('/')[0]} --resource-group=cluster-rg"


def _plan(places: str, made: World, cluster: str = CLUSTER) -> Plan:
    return plan(nodes_of(places), made.fabric(), cluster=cluster)


def _rows(changes: Plan, *kinds: str) -> list[tuple[str, str, str]]:
    return [(row.action, row.kind, row.resource) for row in changes if not kinds or row.kind in kinds]


def _writes(changes: Plan) -> list[tuple[str, str, str]]:
    return [(row.action, row.kind, row.resource) for row in changes.writes]


def _label(number: int, table: str = "pods") -> str:
    return f"cluster-rg/{table}/{route_label(CLUSTER, pod_cidr(number))}"


def _only(changes: Plan, kind: str) -> Change:
    (row,) = [row for row in changes if row.kind == kind]
    return row


# Tables and routes.


def test_a_new_cluster_gets_a_table_with_its_routes_and_every_subnet_gets_the_table() -> None:
    """In this order: interfaces, the table, its routes, and at last what makes them count."""
    changes = _plan("ab", world("ab"))
    spare = default_table(CLUSTER)
    assert _rows(changes) == [
        ("update", "forwarding", "cluster-rg/node-1-nic"),
        ("update", "forwarding", "cluster-rg/node-2-nic"),
        ("create", "table", SPARE),
        ("create", "route", _label(1, spare)),
        ("create", "route", _label(2, spare)),
        ("update", "association", f"{GIVEN}/a"),
        ("update", "association", f"{GIVEN}/b"),
    ]
    assert [row.node for row in changes] == ["node-1", "node-2", "", "node-1", "node-2", "", ""]


def test_a_new_table_has_its_mark_in_its_own_row() -> None:
    """There is no moment in which it has routes of ours and does not say whose."""
    row = _only(_plan("a", world("a")), "table")
    assert (row.before, row.after) == ({}, {"location": REGION, "marks": MARK})
    assert row.command == (
        f"az network route-table create {NAMED} --name=l2bridge-blue --location={REGION} "
        """'--tags={"l2bridge:blue": "blue"}'"""
    )


def test_a_table_that_is_there_is_marked_before_it_has_routes_of_ours() -> None:
    """The claim stands before the routes, and there is nothing left to mark after."""
    changes = _plan("a", world("a", raw_table("pods", tags={"owner": "ops"}), given="pods"))
    assert _rows(changes) == [
        ("update", "claim", PODS),
        ("update", "forwarding", "cluster-rg/node-1-nic"),
        ("create", "route", _label(1)),
        ("none", "association", f"{GIVEN}/a"),
    ]
    claim = _only(changes, "claim")
    assert (claim.before, claim.after) == ({}, MARK)
    assert claim.command.endswith("--operation=Merge --tags l2bridge:blue=blue")


def test_every_table_that_nodes_use_has_every_route() -> None:
    """A pod on a node of the one subnet talks to pods of the other."""
    pods, more = raw_table("pods", tags={}), raw_table("more", tags={})
    made = replace(world("ab", pods, more), subnets=(raw_subnet("a", "pods"), raw_subnet("b", "more")))
    changes = _plan("ab", made)
    assert sorted(_rows(changes, "route")) == sorted(
        ("create", "route", _label(number, table)) for number in (1, 2) for table in ("pods", "more")
    )
    assert [row for _, _, row in _rows(changes, "claim")] == [f"{HOME}/more", PODS]
    hops = {
        (row.after["table"], row.after["destination"]): row.after["next_hop"] for row in changes if row.kind == "route"
    }
    assert hops == {
        (f"{HOME}/{table}", pod_cidr(number)): address(number, place)
        for table in ("pods", "more")
        for number, place in ((1, "a"), (2, "b"))
    }


def test_a_bare_subnet_is_given_the_table_of_the_others() -> None:
    """And no other subnet is touched."""
    made = served("ab")
    changes = _plan("ab", replace(made, subnets=(raw_subnet("a", "pods"), raw_subnet("b"))))
    assert _rows(changes, "association", "table") == [
        ("update", "association", f"{GIVEN}/b"),
        ("none", "association", f"{GIVEN}/a"),
    ]
    (row,) = changes.writes
    assert (row.before, row.after) == ({"table": ""}, {"table": PODS})
    assert "--vnet-name=main --name=b --route-table=" in row.command


def test_subnets_without_nodes_are_left_alone() -> None:
    """They have no row at all."""
    made = served("a")
    changes = _plan("a", replace(made, subnets=(*made.subnets, raw_subnet("b"), raw_subnet("c", "pods"))))
    assert _rows(changes, "association") == [("none", "association", f"{GIVEN}/a")]


def test_a_subnet_keeps_a_table_that_leads_other_things_and_the_bare_one_gets_its_own() -> None:
    """Its routes are added to what is there; what it leads elsewhere is not spread."""
    firewall = raw_route("default", "0.0.0.0/0", "10.9.9.9")
    made = replace(world("ab", raw_table("hub", firewall, tags={})), subnets=(raw_subnet("a", "hub"), raw_subnet("b")))
    changes = _plan("ab", made)
    spare = default_table(CLUSTER)
    assert _rows(changes, "table", "association", "claim") == [
        ("update", "claim", f"{HOME}/hub"),
        ("create", "table", SPARE),
        ("update", "association", f"{GIVEN}/b"),
        ("none", "association", f"{GIVEN}/a"),
    ]
    assert sorted(_rows(changes, "route")) == sorted(
        ("create", "route", _label(number, table)) for number in (1, 2) for table in ("hub", spare)
    )


def test_a_table_that_no_route_will_be_in_is_not_made() -> None:
    """A list without usable nodes gives nobody a table."""
    lost = item_of(1)
    del lost["spec"]["podCIDR"], lost["spec"]["podCIDRs"]
    changes = plan(nodes(lost), world("a").fabric(), cluster=CLUSTER)
    assert _writes(changes) == []


def test_a_cluster_whose_name_no_tag_holds_is_a_conflict() -> None:
    """It is seen in the plan, for a new table and for one that is there."""
    long = "c" * 257
    (new,) = _plan("a", world("a"), cluster=long).conflicts
    (there,) = _plan("a", world("a", raw_table("pods"), given="pods"), cluster=long).conflicts
    assert (new.kind, there.kind) == ("table", "mark")
    assert long in new.reason
    assert long in there.reason


def test_a_run_without_routes_touches_no_table() -> None:
    """Nor does it give one."""
    changes = plan(nodes_of("a"), world("a").fabric(), cluster=CLUSTER, scope=Scope(routes=False))
    assert {row.kind for row in changes} == {"forwarding"}
    made = replace(served("ab"), subnets=(raw_subnet("a", "pods"), raw_subnet("b")))
    changes = plan(nodes_of("ab"), made.fabric(), cluster=CLUSTER, scope=Scope(routes=False))
    assert {row.kind for row in changes} == {"forwarding", "route"}
    assert {row.action for row in changes} == {"none"}


def test_what_is_in_place_needs_nothing() -> None:
    """A second plan has rows, but none that writes."""
    changes = _plan("ab", served("ab"))
    assert (len(changes.changes), changes.writes) == (6, ())


# Routes of others.


def _in_the_way(*routes: Raw, tags: dict[str, str] | None = None) -> Plan:
    return _plan("a", world("a", raw_table("pods", *routes, tags=tags or {}), given="pods"))


@pytest.mark.parametrize(
    "route",
    [
        raw_route("by-hand", pod_cidr(1), "10.10.0.99"),
        raw_route("by-hand", pod_cidr(1), kind="None"),
        raw_route("by-hand", "10.42.1.128/25", "10.10.0.99"),
        own_route(1, "10.10.0.99", cluster="green"),
        own_route(1, "10.10.0.99"),
    ],
    ids=["elsewhere", "dropped", "half of it", "another cluster's", "ours by its name alone"],
)
def test_a_route_of_others_that_leads_elsewhere_is_a_conflict(route: Raw) -> None:
    """It is named with the command that removes it, and nothing else is written to the table."""
    changes = _in_the_way(route, tags={"l2bridge:green": "green"})
    (row,) = changes.conflicts
    named = route["name"].startswith("l2b-blue-")
    todo = f"az network route-table route delete {NAMED} --route-table-name=pods --name={route['name']}"
    told = " is called as ours are" if named else ", made by "
    assert f"route cluster-rg/pods/{route['name']}{told}" in row.reason
    assert ("--operation=Merge --tags l2bridge:blue=blue" if named else todo) in row.reason
    assert [kind for _, kind, _ in _writes(changes)] == ["forwarding"]


@pytest.mark.parametrize(
    "route",
    [raw_route("by-hand", pod_cidr(1), address(1)), own_route(1, cluster="green"), own_route(1)],
    ids=["by hand", "another cluster's", "ours by its name alone"],
)
def test_a_route_of_others_that_leads_home_satisfies(route: Raw) -> None:
    """It stays whose it is: no row of the table is written."""
    changes = _in_the_way(route, tags={"l2bridge:green": "green"})
    assert _rows(changes, "route") == [("none", "route", f"cluster-rg/pods/{route['name']}")]
    assert [kind for _, kind, _ in _writes(changes)] == ["forwarding"]


def test_a_name_of_ours_in_other_hands_is_a_conflict() -> None:
    """Someone's route of just that name, for another range: it is looked at, not led elsewhere."""
    taken = raw_route(route_label(CLUSTER, pod_cidr(1)), "10.9.0.0/16", "10.9.9.9")
    (row,) = _in_the_way(taken, tags=MARK).conflicts
    assert row.reason == f"a route called {_label(1)} exists and is not what we would make; look at it"


def test_a_wider_route_of_others_is_not_in_the_way() -> None:
    """The longer prefix wins."""
    changes = _in_the_way(raw_route("all", "10.42.0.0/16", kind="None"))
    assert [action for action, _, _ in _rows(changes, "route")] == ["create"]


def test_a_service_tag_is_no_range() -> None:
    """Such a route takes no pod's packet that anybody could tell of."""
    changes = _in_the_way(raw_route("storage", "Storage.WestEurope", kind="Internet"))
    assert [action for action, _, _ in _rows(changes, "route")] == ["create"]


# Our own.


@pytest.mark.parametrize(("hop", "kind"), [("10.10.0.99", "VirtualAppliance"), ("", "None")])
def test_a_stale_route_of_ours_is_led_home_in_its_place(hop: str, kind: str) -> None:
    """One row, one step: there is no moment without a route."""
    stale = raw_route(route_label(CLUSTER, pod_cidr(1)), pod_cidr(1), hop, kind)
    made = served("a")
    changes = _plan("a", replace(made, tables=(raw_table("pods", stale),)))
    (row,) = changes.writes
    assert (row.action, row.kind, row.resource) == ("update", "route", _label(1))
    assert (row.before["next_hop"], row.after["next_hop"]) == (hop or kind, address(1))
    assert row.command.startswith("az network route-table route update")
    assert row.command.endswith(f"--next-hop-ip-address={address(1)}")


def test_the_route_of_a_node_that_is_gone_is_deleted() -> None:
    """The table's mark stays while it has other routes of ours."""
    made = served("aa")
    changes = plan(nodes(item_of(1)), made.fabric(), cluster=CLUSTER)
    assert _writes(changes) == [("delete", "route", _label(2))]
    assert changes.own_routes == 2


def test_with_the_last_route_of_ours_goes_the_mark() -> None:
    """After the route, in the same write."""
    by_hand = raw_route("by-hand", pod_cidr(1), address(1))
    made = replace(served("a"), tables=(raw_table("pods", by_hand, own_route(9)),))
    changes = _plan("a", made)
    assert _writes(changes) == [("delete", "route", _label(9)), ("update", "mark", PODS)]
    mark = changes.writes[1]
    assert (mark.before, mark.after) == (MARK, {})
    assert mark.command.endswith("--operation=Delete --tags l2bridge:blue=blue")


def test_a_mark_that_marks_nothing_goes() -> None:
    """Somebody has removed our routes by hand."""
    by_hand = raw_route("by-hand", pod_cidr(1), address(1))
    changes = _plan("a", replace(served("a"), tables=(raw_table("pods", by_hand),)))
    assert _writes(changes) == [("update", "mark", PODS)]


def test_a_mark_in_another_letter_case_is_ours() -> None:
    """Azure keeps the case that it was first written in, so writing it anew would never end."""
    made = served("a")
    shouted = {**made.tables[0], "tags": {"L2Bridge:BLUE": "blue"}}
    assert _plan("a", replace(made, tables=(shouted,))).writes == ()


@pytest.mark.parametrize("items", [[], [node_item("node-9", "10.10.0.99", "10.42.300.0/24")]])
def test_a_list_that_is_empty_or_unreadable_deletes_nothing(items: list[Raw]) -> None:
    """Neither routes nor the mark."""
    changes = plan(nodes(*items), served("aa").fabric(), cluster=CLUSTER)
    assert {row.action for row in changes} == {"none"}


def test_a_route_of_a_namesake_is_not_ours() -> None:
    """Outside flannel's Network; the mark that it shares with ours stays, too."""
    theirs = raw_route(route_label(CLUSTER, "10.60.1.0/24"), "10.60.1.0/24", "10.10.0.77")
    by_hand = raw_route("by-hand", pod_cidr(1), address(1))
    changes = _plan("a", replace(served("a"), tables=(raw_table("pods", by_hand, theirs),)))
    assert changes.writes == ()


# Limits.


def test_what_a_table_does_not_hold_is_a_conflict() -> None:
    """Every route of the table counts, also those of others; the parameter is named."""
    by_hand = raw_route("by-hand", "10.9.0.0/16", kind="None")
    made = world("aaa", raw_table("pods", by_hand, tags={}), given="pods", limit=3)
    changes = _plan("aaa", made)
    assert _rows(changes, "route") == [
        ("conflict", "route", _label(3)),
        ("create", "route", _label(1)),
        ("create", "route", _label(2)),
    ]
    assert "parameter route_limit: 1 of 3 routes are used, 3 are to be added" in changes.conflicts[0].reason


def test_each_table_has_its_own_limit() -> None:
    """A new one is empty; a route that is led elsewhere in its place needs no room."""
    stale = raw_table("pods", own_route(1, "10.10.0.99"), own_route(2, address(2, "b")))
    made = replace(world("ab", stale, limit=2), subnets=(raw_subnet("a", "pods"), raw_subnet("b", "pods")))
    assert _plan("ab", made).conflicts == ()
    two = world("ab", raw_table("pods", tags={}), raw_table("more", tags={}), limit=2)
    assert _plan("ab", replace(two, subnets=(raw_subnet("a", "pods"), raw_subnet("b", "more")))).conflicts == ()
    assert _plan("aa", world("aa", limit=2)).conflicts == ()
    assert [row.resource for row in _plan("aaa", world("aaa", limit=2)).conflicts] == [
        _label(3, default_table(CLUSTER))
    ]


def test_azures_published_limit_is_said_to_be_that() -> None:
    """With its date and what overrides it."""
    routes = [
        raw_route(f"r-{number}", f"10.{number // 250 + 100}.{number % 250}.0/24", kind="None") for number in range(1000)
    ]
    (row,) = _plan("a", world("a", raw_table("pods", *routes, tags={}), given="pods")).conflicts
    assert "1000 of 1000 routes are used, 1 are to be added" in row.reason
    assert "route_limit overrides it" in row.reason


# Interfaces and scale sets.


POOL = f"{HOME}/pool"


def _with_templates(made: World, *templates: Template) -> Fabric:
    return replace(made.fabric(), templates=templates)


def test_a_scale_set_that_nodes_are_made_by_is_changed_first() -> None:
    """Its instances follow its model; one row for the group, whoever is in it."""
    made = replace(served("aa"), members={"node-1": POOL, "node-2": POOL})
    changes = plan(nodes_of("aa"), _with_templates(made, template_of(raw_scale_set({}))), cluster=CLUSTER)
    (row,) = changes.writes
    assert (row.action, row.kind, row.resource) == ("update", "template", POOL)
    assert (row.before, row.after) == ({"forwarding": False}, {"forwarding": True})
    assert row.command.startswith("az vmss update")


def test_templates_stand_before_interfaces() -> None:
    """An instance would come up to the old model otherwise."""
    made = replace(world("a", raw_table("pods", own_route(1)), given="pods"), members={"node-1": POOL})
    changes = plan(nodes_of("a"), _with_templates(made, template_of(raw_scale_set({}))), cluster=CLUSTER)
    assert [row.kind for row in changes.writes] == ["template", "forwarding"]


@pytest.mark.parametrize(
    ("template", "member", "rows"),
    [
        (template_of(raw_scale_set({"enableIPForwarding": True})), POOL, [("none", "template", POOL)]),
        (template_of(raw_scale_set({})), f"{HOME}/other", []),
        (template_of(raw_scale_set({})), "", []),
        (template_of(raw_scale_set()), POOL, []),
    ],
    ids=["forwards", "another group", "no group", "cannot be changed"],
)
def test_other_templates_are_left_alone(template: Template, member: str, rows: list[tuple[str, str, str]]) -> None:
    """What is right needs nothing, and groups without nodes are nobody's affair."""
    made = replace(served("a"), members={"node-1": member})
    changes = plan(nodes_of("a"), _with_templates(made, template), cluster=CLUSTER)
    assert _rows(changes, "template") == rows
    assert changes.writes == ()


def test_a_run_without_forwarding_changes_no_template() -> None:
    """It is forwarding."""
    made = replace(served("a"), members={"node-1": POOL})
    fabric = _with_templates(made, template_of(raw_scale_set({})))
    changes = plan(nodes_of("a"), fabric, cluster=CLUSTER, scope=Scope(forwarding=False))
    assert _rows(changes, "template", "forwarding") == []


def test_an_interface_that_is_fixed_stays() -> None:
    """The row says why; the route is made, for the day on which it forwards."""
    made = world("a", raw_table("pods", tags={}), given="pods")
    fabric = made.fabric()
    (machine,) = fabric.instances
    fixed = replace(machine, nics=(replace(nic_of(made.nics[0]), fixed="it follows its model", remedy="upgrade it"),))
    changes = plan(nodes_of("a"), replace(fabric, instances=(fixed,)), cluster=CLUSTER)
    row = _only(changes, "forwarding")
    assert (row.action, row.reason) == ("none", "left alone: it follows its model")
    assert row.before == row.after == {"forwarding": False, "uid": "guid-1"}
    assert ("create", "route", _label(1)) in _rows(changes)


# Again.


def _mixed() -> World:
    """Return a network in which everything is to be done at once."""
    hub = raw_table("hub", raw_route("default", "0.0.0.0/0", "10.9.9.9"), own_route(1, "10.10.0.99"), own_route(9))
    made = replace(world("aabbc", hub), subnets=(raw_subnet("a", "hub"), raw_subnet("b"), raw_subnet("c")))
    return replace(made, nics=(*served("aa").nics, *made.nics[2:]))


def test_everything_at_once_is_in_the_order_in_which_it_is_applied() -> None:
    """What subnets are given is full by then; deletions stand between."""
    assert [(row.action, row.kind) for row in _plan("aabbc", _mixed()).writes] == [
        *[("update", "forwarding")] * 3,
        ("create", "table"),
        ("update", "route"),
        *[("create", "route")] * 9,
        ("delete", "route"),
        *[("update", "association")] * 2,
    ]


@pytest.mark.parametrize(
    ("places", "made"),
    [
        ("a", world("a")),
        ("abc", world("abc")),
        ("ab", world("ab", raw_table("pods", tags={"owner": "ops"}), given="pods")),
        ("aabbc", _mixed()),
        ("ab", world("ab", raw_table("pods", own_route(7), raw_route("x", "10.9.0.0/16", kind="None")), chosen="pods")),
        ("aa", served("aaa")),
    ],
    ids=["one", "three subnets", "a table", "everything", "chosen", "one gone"],
)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(places: str, made: World) -> None:
    """One write per table, and the next read is as it should be."""
    changes = _plan(places, made)
    assert changes.writes
    assert changes.conflicts == ()
    after = carried_out(changes, made)
    assert _plan(places, after).writes == ()
    assert all(raw["properties"].get("routeTable") for raw in after.subnets)
    assert all(raw["properties"]["enableIPForwarding"] for raw in after.nics[: len(places)])
