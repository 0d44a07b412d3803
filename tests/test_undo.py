"""The rules of an undo, one by one, on small networks as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.aws_dialect import AwsDialect, route_name
from l2bridge_helpers.clouds.aws_ledger import Ledger, write
from l2bridge_helpers.clouds.azure_names import tag_of
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.filters import FIREWALL_RULES
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.nodes import nodes_table, parse_cidr
from l2bridge_helpers.observed import Template, Unread
from l2bridge_helpers.plan import plan
from l2bridge_helpers.scope import EVERYTHING, Scope
from l2bridge_helpers.undo import undo
from l2bridge_helpers.undo_order import undo_order
from tests.azure_values import nodes_of, raw_route, raw_table, world
from tests.builders import (
    ALLOW_PODS,
    CLUSTER,
    FLANNEL,
    NETWORK,
    foreign_route,
    numbered_fabric,
    numbered_nodes,
    rerouted,
)
from tests.undo_runs import journalled, rows_of


def applied(nodes: pd.DataFrame, fabric: Fabric, scope: Scope = EVERYTHING) -> tuple[Plan, Fabric]:
    """Return a run's plan, and the network after it."""
    done = plan(nodes, fabric, cluster=CLUSTER, scope=scope)
    return done, foresee(fabric, done)


def back(done: Plan, seen: Fabric, **options: bool) -> Plan:
    """Return the undo of a run on the network as it is now."""
    return undo(journalled(done), rows_of(done), seen, **options)


def the_row(changes: Plan, kind: str, resource: str = "") -> Change:
    """Return the one row of a kind, or of a resource."""
    (row,) = [one for one in changes if one.kind == kind and one.resource.endswith(resource)]
    return row


def with_machine(fabric: Fabric, **changed: Any) -> Fabric:
    """Return the network with its first machine changed."""
    first, *others = fabric.instances
    return replace(fabric, instances=(replace(first, **changed), *others))


# Forwarding.


def test_forwarding_goes_off_only_at_the_very_machine() -> None:
    """One that was made anew under the same name is another one: it is left alone, and the row says so."""
    done, there = applied(numbered_nodes(2), numbered_fabric(2))
    changes = back(done, with_machine(there, uid="new"))
    row = the_row(changes, "forwarding", "node-1")
    assert (row.action, row.reason) == (
        "none",
        "another machine has its name now: the one that the run changed is gone",
    )
    other = the_row(changes, "forwarding", "node-2")
    assert (other.action, other.before, other.after) == (
        "update",
        {"forwarding": True, "uid": "uid-node-2"},
        {"forwarding": False, "uid": "uid-node-2"},
    )
    assert "canIpForward: false" in other.command


def test_a_machine_that_is_gone_needs_nothing() -> None:
    """Nothing of it is left that could be put back."""
    done, there = applied(numbered_nodes(2), numbered_fabric(2))
    row = the_row(back(done, replace(there, instances=there.instances[1:])), "forwarding", "node-1")
    assert (row.action, row.reason) == ("none", "the machine is gone, and with it what the run changed")


@pytest.mark.parametrize(("kind", "what"), [("forwarding", "instances of project other"), ("filter", FIREWALL_RULES)])
def test_what_was_not_read_is_not_taken_for_gone(kind: str, what: str) -> None:
    """It may still be there: a conflict that names what could not be read, never a row that says all is well."""
    network = replace(numbered_fabric(2), rules=())
    done, there = applied(numbered_nodes(2), network, Scope(open_firewall=True))
    blind = replace(there, instances=(), rules=(), unread=(Unread(what, "403 forbidden"),))
    (row, *_) = [one for one in back(done, blind) if one.kind == kind]
    assert row.action == "conflict"
    assert f"{what}: 403 forbidden" in row.reason


def test_an_interface_that_nobody_may_change_is_a_conflict() -> None:
    """It says why, and what to do about that."""
    done, there = applied(numbered_nodes(1), numbered_fabric(1))
    (nic,) = there.instances[0].nics
    row = the_row(
        back(done, with_machine(there, nics=(replace(nic, fixed="it is Google's", remedy="ask them"),))), "forwarding"
    )
    assert (row.action, row.reason) == ("conflict", "nobody may change it here: it is Google's; ask them")


# Routes.


def test_a_route_is_deleted_only_as_the_run_left_it() -> None:
    """The conflict names what is there now, and what the run had made."""
    done, there = applied(numbered_nodes(1), numbered_fabric(1))
    (route,) = there.routes
    row = the_row(back(done, rerouted(there, [replace(route, priority=900)])), "route")
    assert row.action == "conflict"
    assert "priority 900 (not 1000)" in row.reason
    assert row.before["priority"] == 900


def test_a_route_that_others_have_deleted_needs_nothing() -> None:
    """It was not there before the run."""
    done, there = applied(numbered_nodes(1), numbered_fabric(1))
    assert the_row(back(done, rerouted(there, [])), "route").action == "none"


def test_a_route_without_our_mark_is_no_longer_ours() -> None:
    """Whoever took the mark off has made it theirs."""
    nodes, fabric = aws_nodes(1), aws_fabric()
    done, there = aws_applied(nodes, fabric)
    (table,) = there.tables
    bare = replace(
        there, tables=(replace(table, marks={}, routes=tuple(replace(one, cluster="") for one in table.routes)),)
    )
    row = the_row(back(done, bare), "route")
    assert row.action == "conflict"
    assert "no longer carries our mark" in row.reason


def test_nothing_of_another_network_is_looked_at() -> None:
    """The journal names the network; where the nodes' machines are elsewhere by now, every row is a conflict."""
    done, there = applied(numbered_nodes(1), numbered_fabric(1))
    for network, word in (("projects/p/global/networks/other", "other"), ("", "no machine of it is left")):
        changes = back(done, replace(there, network=network))
        assert changes.writes == ()
        assert {row.action for row in changes} == {"conflict"}
        assert all(NETWORK in row.reason and word in row.reason for row in changes)


def test_conflicts_can_be_left_and_the_rest_put_back() -> None:
    """The row stays in the plan, changes nothing, and says why."""
    done, there = applied(numbered_nodes(2), numbered_fabric(2))
    first, *others = there.routes
    seen = rerouted(there, [replace(first, description="mine"), *others])
    changes = back(done, seen, skip_conflicts=True)
    assert changes.conflicts == ()
    row = the_row(changes, "route", first.name)
    assert (row.action, row.before) == ("none", row.after)
    assert row.reason.startswith("left alone: the route has ")
    assert {route.name for route in foresee(seen, changes).routes} == {first.name}


def test_a_foreign_route_is_never_a_row() -> None:
    """Also one that satisfied the run, or was in the way."""
    fabric = rerouted(
        numbered_fabric(2), [foreign_route("10.42.0.0/24", "10.10.0.2"), foreign_route("10.0.0.0/8", "gw", name="gw")]
    )
    done, there = applied(numbered_nodes(2), fabric)
    assert {row.resource for row in back(done, there) if row.kind == "route"} == {
        row.resource for row in done.writes if row.kind == "route"
    }


# Filters and templates.


def test_what_a_run_opened_is_closed_as_it_left_it() -> None:
    """A rule that others have widened since stays, and is shown."""
    network = replace(numbered_fabric(2), rules=())
    done, there = applied(numbered_nodes(2), network, Scope(open_firewall=True))
    assert the_row(back(done, there), "filter").action == "delete"
    assert foresee(there, back(done, there)).rules == ()
    (rule,) = there.rules
    wider = replace(there, rules=(replace(rule, sources=("10.0.0.0/8",)), ALLOW_PODS))
    row = the_row(back(done, wider), "filter")
    assert row.action == "conflict"
    assert "sources 10.0.0.0/8 (not " in row.reason


def test_a_model_goes_back_before_its_instances_follow_it() -> None:
    """Forth and back: an instance that is upgraded comes to whatever its model says then."""
    on, off = {"forwarding": True}, {"forwarding": False}
    rows = [
        Change("update", "forwarding", "rg/pool/0/nic", "node-1", on, off, ""),
        Change("update", "template", "s/rg/pool", "", on, off, ""),
    ]
    assert [row.kind for row in undo_order(rows)] == ["template", "forwarding"]
    forward = [replace(row, before=off, after=on) for row in rows]
    assert [row.kind for row in undo_order(forward)] == ["template", "forwarding"]


def test_a_template_that_is_gone_or_fixed_is_not_written() -> None:
    """Gone with its group: nothing to do; no longer changeable: a conflict."""
    on, off = {"forwarding": True}, {"forwarding": False}
    done = Plan("azure", CLUSTER, "net", (Change("update", "template", "s/rg/pool", "", off, on, ""),))
    gone = Fabric("azure", "net")
    assert the_row(back(done, gone), "template").action == "none"
    fixed = replace(gone, templates=(Template("s/rg/pool", "s/rg/pool", forwarding=True),))
    assert the_row(back(done, fixed), "template").action == "conflict"
    free = replace(gone, templates=(Template("s/rg/pool", "s/rg/pool", forwarding=True, changeable=True),))
    row = the_row(back(done, free), "template")
    assert (row.action, row.after) == ("update", off)
    assert "enableIPForwarding=false" in row.command


# Azure's tables.


def azure_run(places: str = "ab") -> tuple[Plan, Fabric]:
    """Return a run that made a table and gave it to subnets, and the network after it."""
    return applied(nodes_of(places), world(places).fabric())


def test_a_table_that_a_run_made_goes_when_nothing_else_uses_it() -> None:
    """Subnets first, then its routes, then the table itself."""
    done, there = azure_run()
    changes = back(done, there)
    assert changes.conflicts == ()
    assert list(dict.fromkeys(row.kind for row in changes.writes)) == ["association", "route", "table", "forwarding"]
    assert the_row(changes, "table").action == "delete"
    after = foresee(there, changes)
    assert [subnet.table for subnet in after.subnets] == ["", ""]
    assert [table.exists for table in after.tables] == [False]


SUBNET_ELSEWHERE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/x"
SPOILT: dict[str, Callable[[RouteTable], dict[str, Any]]] = {
    "other routes are in it now (x)": lambda table: {
        "routes": (*table.routes, Route("g/t/x", "0.0.0.0/0", "10.9.9.9", table.id))
    },
    "owner=bob": lambda table: {"marks": {**table.marks, "owner": "bob"}},
    "other subnets have it now (rg/net/x)": lambda _: {"properties": {"subnets": [{"id": SUBNET_ELSEWHERE}]}},
    "gateways' routes are kept from it": lambda _: {"hides": "gateways' routes are kept from it"},
}


@pytest.mark.parametrize("why", SPOILT)
def test_a_table_that_others_use_stays(why: str) -> None:
    """The conflict says what they have done with it; our routes in it still go."""
    done, there = azure_run()
    (table,) = there.tables
    changes = back(done, replace(there, tables=(replace(table, **SPOILT[why](table)),)))
    row = the_row(changes, "table")
    assert row.action == "conflict"
    assert why in row.reason
    assert all(one.action == "delete" for one in changes if one.kind == "route")


def test_a_subnet_that_has_got_another_table_keeps_it() -> None:
    """And then the table that the run made is still needed by the others only."""
    done, there = azure_run()
    first, second = there.subnets
    changes = back(done, replace(there, subnets=(replace(first, table="s/rg/theirs"), second)))
    row = the_row(changes, "association", first.id)
    assert row.action == "conflict"
    assert "s/rg/theirs" in row.reason
    assert the_row(changes, "association", second.id).action == "update"


def test_a_tag_goes_only_with_the_last_route_of_ours() -> None:
    """A later run has added a route to the same table: its routes stay known as ours."""
    table = raw_table("pods", raw_route("by-hand", "10.1.0.0/16", "10.9.9.9"), tags={"o": "x"})
    made = world("aab", table, given="pods")
    first, there = applied(nodes_of("a"), made.fabric())
    assert the_row(back(first, there), "mark").after == {}
    _, later = applied(nodes_of("aab"), there)
    changes = back(first, later)
    assert [row.action for row in changes if row.kind in ("claim", "mark")] == ["none"]
    after = foresee(later, changes)
    assert {route.destination for route in after.routes if route.cluster} == {"10.42.2.0/24", "10.42.3.0/24"}
    assert tag_of(CLUSTER).items() <= after.tables[0].marks.items()


# AWS's ledger.

TABLE = "eu-west-1/rtb-a"
ROUTES = Scope(routes=True)


def aws_nodes(count: int) -> pd.DataFrame:
    """Return the table of nodes 0 to `count` - 1."""
    items = [
        {
            "metadata": {"name": f"node-{number}"},
            "spec": {"podCIDRs": [f"10.42.{number}.0/24"], "providerID": f"aws:///eu-west-1a/i-{number}0000000"},
            "status": {"addresses": [{"type": "InternalIP", "address": f"10.0.0.{number + 1}"}]},
        }
        for number in range(count)
    ]
    return nodes_table(items, FLANNEL)


def aws_fabric(*owned: str, marks: dict[str, str] | None = None) -> Fabric:
    """Return a VPC with six machines; our routes lead these destinations to the sixth."""
    nics = [
        Nic(f"eni-{number}", (f"10.0.0.{number + 1}/32",), "subnet-a", "eu-west-1/vpc-1", forwarding=False)
        for number in range(6)
    ]
    machines = tuple(
        Instance(f"i-{number}0000000", f"i-{number}0000000", f"ip-{number}", "running", (nic,))
        for number, nic in enumerate(nics)
    )
    routes = tuple(Route(route_name(TABLE, cidr), cidr, "eni-5", TABLE) for cidr in owned)
    table = RouteTable(TABLE, routes, marks={"Name": "main", **(write(CLUSTER, owned) if marks is None else marks)})
    return read_again(
        Fabric("aws", "eu-west-1/vpc-1", machines, (Subnet("subnet-a", ("10.0.0.0/24",), TABLE),), (table,))
    )


def read_again(fabric: Fabric) -> Fabric:
    """Return the network as EC2 would tell it: whose a route is stands in the table's tags alone."""

    def of(table: RouteTable) -> RouteTable:
        ledger = Ledger(table.marks)
        routes = []
        for route in table.routes:
            network = parse_cidr(route.destination)
            assert network is not None
            routes.append(replace(route, cluster=ledger.owner(network), claim=ledger.claimant(network)))
        return replace(table, routes=tuple(routes))

    return replace(fabric, tables=tuple(map(of, fabric.tables)))


def aws_applied(nodes: pd.DataFrame, fabric: Fabric, *, stop_before: str = "") -> tuple[Plan, Fabric]:
    """Return a run's plan, and the network after it, or after it broke off before rows of this kind."""
    done = plan(nodes, fabric, cluster=CLUSTER, scope=ROUTES)
    kinds = [row.kind for row in done.writes]
    made = done.writes[: kinds.index(stop_before)] if stop_before else done.writes
    return done, read_again(foresee(fabric, replace(done, changes=made)))


@pytest.mark.parametrize("stop_before", ["", "mark"])
def test_the_ledger_becomes_as_it_was_to_the_letter(stop_before: str) -> None:
    """Also one with entries without a route, and after a run that broke off before it said what is ours."""
    stale = {"l2bridge:blue": "10.42.9.0/24"}
    before = aws_fabric(marks=stale)
    done, there = aws_applied(aws_nodes(3), before, stop_before=stop_before)
    assert there.tables[0].marks != before.tables[0].marks
    changes = back(done, there)
    assert changes.conflicts == ()
    assert read_again(foresee(there, changes)).tables == before.tables


def test_routes_stay_known_as_ours_until_they_are_gone() -> None:
    """The marks are written after the deletions."""
    done, there = aws_applied(aws_nodes(2), aws_fabric())
    kinds = [row.kind for row in back(done, there).writes]
    assert kinds.index("mark") > max(place for place, kind in enumerate(kinds) if kind == "route")
    assert "claim" not in kinds


def test_routes_that_come_back_are_claimed_before() -> None:
    """A run that deleted routes of gone nodes is undone: first the claim, then the routes, then what is ours."""
    before = aws_fabric("10.42.4.0/24", "10.42.5.0/24")
    done, there = aws_applied(aws_nodes(2), before)
    assert {row.action for row in done.writes if row.kind == "route"} == {"create", "delete"}
    changes = back(done, there)
    kinds = [row.kind for row in changes.writes if row.kind != "forwarding"]
    assert kinds == ["claim", "route", "route", "route", "route", "mark"]
    again = read_again(foresee(there, changes))
    assert {route.name: route for route in again.routes} == {route.name: route for route in before.routes}
    assert again.tables[0].marks == before.tables[0].marks


def test_a_later_runs_routes_stay_ours() -> None:
    """The old tags are not blindly restored: they are made of what is there."""
    first, there = aws_applied(aws_nodes(2), aws_fabric())
    _, later = aws_applied(aws_nodes(4), there)
    after = read_again(foresee(later, back(first, later)))
    assert {route.destination: route.cluster for route in after.routes} == {
        "10.42.2.0/24": CLUSTER,
        "10.42.3.0/24": CLUSTER,
    }
    assert AwsDialect().own_marks(after.tables[0].marks, CLUSTER) == write(CLUSTER, ["10.42.2.0/24", "10.42.3.0/24"])


def test_what_a_newer_run_has_led_elsewhere_is_a_conflict_of_the_older_one() -> None:
    """And stays marked as ours when it is skipped."""
    first, there = aws_applied(aws_nodes(1), aws_fabric())
    (table,) = there.tables
    moved = read_again(replace(there, tables=(replace(table, routes=(replace(table.routes[0], next_hop="eni-4"),)),)))
    assert [row.kind for row in back(first, moved).conflicts] == ["route"]
    after = read_again(foresee(moved, back(first, moved, skip_conflicts=True)))
    assert [(route.next_hop, route.cluster) for route in after.routes] == [("eni-4", CLUSTER)]


def test_a_destination_that_others_have_taken_is_not_taken_back() -> None:
    """A run deleted our route there; what others have made since stays, and is not called ours."""
    done, there = aws_applied(aws_nodes(1), aws_fabric("10.42.4.0/24"))
    (table,) = there.tables
    theirs = Route(route_name(TABLE, "10.42.4.0/24"), "10.42.4.0/24", "eni-3", TABLE)
    seen = replace(there, tables=(replace(table, routes=(*table.routes, theirs)),))
    changes = back(done, seen)
    assert [row.resource for row in changes.conflicts] == [theirs.name]
    after = read_again(foresee(seen, back(done, seen, skip_conflicts=True)))
    assert [(route.next_hop, route.cluster) for route in after.routes] == [("eni-3", "")]


def test_a_table_that_is_gone_needs_nothing() -> None:
    """Neither for its routes nor for its marks."""
    done, there = aws_applied(aws_nodes(2), aws_fabric())
    changes = back(done, replace(there, tables=()))
    rows = [row for row in changes if row.kind != "forwarding"]
    assert {row.action for row in rows} == {"none"}
    assert all("is gone" in row.reason for row in rows)
