"""What holds for every plan on Azure, whatever the tables hold and whoever has one."""

from __future__ import annotations

import ipaddress
import json
import random
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.azure_names import default_table, tag_of
from l2bridge_helpers.fabric import Fabric, RouteTable
from l2bridge_helpers.nodes import nodes_table
from l2bridge_helpers.plan import plan
from tests.azure_values import (
    Raw,
    World,
    address,
    carried_out,
    item_of,
    own_route,
    pod_cidr,
    raw_nic,
    raw_route,
    raw_subnet,
    raw_table,
)
from tests.builders import CLUSTER

many = settings(max_examples=150)
PLACES = "aabbc"
NODES = range(1, len(PLACES) + 1)
HOMES = {number: address(number, PLACES[number - 1]) for number in NODES}
HOPS = [*HOMES.values(), "10.10.9.9", ""]
TAGS = [{}, tag_of(CLUSTER), tag_of("green") | {"Owner": "ops"}, tag_of("green") | tag_of(CLUSTER)]
TABLES = ["one", "two", default_table(CLUSTER)]


@dataclass(frozen=True)
class Case:
    """A network, and the nodes that are in it now."""

    made: World
    numbers: tuple[int, ...]

    def plan(self, made: World | None = None) -> Plan:
        """Return the plan for this network, or for what became of it."""
        items = [item_of(number, PLACES[number - 1]) for number in self.numbers]
        return plan(nodes_table(items), (made or self.made).fabric(), cluster=CLUSTER)

    def places(self) -> set[str]:
        """Return the subnets of nodes."""
        return {PLACES[number - 1] for number in self.numbers}


@st.composite
def _routes(draw: st.DrawFn, *, marked: bool) -> list[Raw]:
    """Return routes of ours where the table says so, of another cluster and of others, good and bad, in any order."""
    found = []
    for number in draw(st.sets(st.integers(1, len(PLACES) + 2))):
        hop = draw(st.sampled_from([HOMES.get(number, "10.10.9.9"), *HOPS]))
        kind = "VirtualAppliance" if hop else "None"
        owner = draw(st.sampled_from(["ours", "ours", "green", "hand"] if marked else ["green", "hand"]))
        made = own_route(number, cluster="green" if owner == "green" else CLUSTER)
        name = f"Hand-{number}" if owner == "hand" else made["name"]
        found.append(raw_route(name, pod_cidr(number), hop, kind, **draw(st.sampled_from([{}, {"new": [1]}]))))
    odd = [
        raw_route("default", "0.0.0.0/0", "10.9.9.9"),
        raw_route("half", "10.42.2.128/25", "10.10.9.9"),
        raw_route("Home", "10.42.2.0/25", HOMES[2]),
        raw_route("tag", "Storage", kind="Internet"),
    ]
    found += draw(st.lists(st.sampled_from(odd), unique_by=lambda route: str(route["name"]), max_size=2))
    return draw(st.permutations(found))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a network in which everything that can meet, meets."""
    given_to = {where: draw(st.sampled_from(["", "", *TABLES])) for where in "abc"}
    names = sorted({*given_to.values()} - {""} | draw(st.sets(st.sampled_from(TABLES))))
    tables = []
    for name in names:
        tags = draw(st.sampled_from(TAGS))
        marked = CLUSTER in tags.values()
        tables.append(raw_table(name, *draw(_routes(marked=marked)), tags=tags))
    nics = tuple(raw_nic(number, PLACES[number - 1], enableIPForwarding=draw(st.booleans())) for number in NODES)
    subnets = tuple(raw_subnet(where, table) for where, table in given_to.items())
    chosen = draw(st.sampled_from(["", "", "", *names]))
    numbers = draw(st.sets(st.sampled_from(NODES), min_size=1))
    return Case(World(nics, subnets, tuple(tables), chosen=chosen), tuple(sorted(numbers)))


def _hop(table: RouteTable, ip: str) -> str:
    """Return where a table leads an address: by the longest prefix."""
    found = [
        (network.prefixlen, route.next_hop)
        for route in table.routes
        if "/" in route.destination and ipaddress.ip_address(ip) in (network := ipaddress.ip_network(route.destination))
    ]
    return max(found, default=(0, ""))[1]


def _table_of(fabric: Fabric, where: str) -> RouteTable:
    (subnet,) = [one for one in fabric.subnets if one.id.endswith(f"/{where}")]
    found = fabric.table(subnet.table)
    assert found is not None, f"subnet {where} has no table"
    return found


@many
@given(cases())
def test_what_is_no_conflict_leads_home_from_every_subnet_of_nodes(case: Case) -> None:
    """Whatever table it has: the first and the last address of each pod CIDR, and those in the middle."""
    changes = case.plan()
    conflicts = {(row.after["table"], row.after["destination"]) for row in changes.conflicts}
    after = carried_out(changes, case.made).fabric()
    for where in case.places():
        table = _table_of(after, where)
        for number in case.numbers:
            if (table.id, pod_cidr(number)) not in conflicts:
                network = ipaddress.ip_network(pod_cidr(number))
                assert {_hop(table, str(network[place])) for place in (0, 1, 127, 128, 255)} == {HOMES[number]}
    forwarding = {nic.id: nic.forwarding for one in after.instances for nic in one.nics}
    assert all(forwarding[f"cluster-rg/node-{number}-nic"] for number in case.numbers)


@many
@given(cases())
def test_planning_again_yields_nothing(case: Case) -> None:
    """A plan that was carried out leaves nothing to do; conflicts stay conflicts."""
    changes = case.plan()
    again = case.plan(carried_out(changes, case.made))
    assert again.writes == ()
    assert {row.resource for row in again.conflicts} == {row.resource for row in changes.conflicts}


def _not_ours(raw: Raw) -> tuple[list[str], dict[str, str], str]:
    """Return a table's routes, tags and properties that are not this cluster's, to the letter."""
    owned = raw["tags"].get("l2bridge:blue") == CLUSTER if "tags" in raw else False
    ours = {own_route(number)["name"] for number in range(1, 9)} if owned else set()
    routes = [json.dumps(route) for route in raw["properties"]["routes"] if route["name"] not in ours]
    tags = {name: value for name, value in raw.get("tags", {}).items() if name != "l2bridge:blue"}
    return routes, tags, json.dumps({**raw, "tags": {}, "properties": {**raw["properties"], "routes": []}})


@many
@given(cases())
def test_what_is_not_ours_is_untouched(case: Case) -> None:
    """Routes and tags of others in every table, and what else it has; also the tables that subnets have."""
    after = carried_out(case.plan(), case.made)
    there = {raw["name"]: raw for raw in after.tables if "name" in raw}
    for raw in case.made.tables:
        routes, tags, rest = _not_ours(raw)
        now = [json.dumps(route) for route in there[raw["name"]]["properties"]["routes"]]
        assert [route for route in now if route in routes] == routes
        assert (_not_ours(there[raw["name"]])[1:]) == (tags, rest)
    for before, now_there in zip(case.made.subnets, after.subnets, strict=True):
        if "routeTable" in before["properties"] or before["name"] not in case.places():
            assert now_there == before


@many
@given(cases())
def test_a_route_is_written_only_under_our_name_and_in_a_table_that_nodes_use(case: Case) -> None:
    """And no two rows write the same."""
    changes = case.plan()
    rows = [row for row in changes.writes if row.kind == "route"]
    assert len({row.resource for row in rows}) == len(rows)
    assert all(row.resource.rpartition("/")[2].startswith("l2b-blue-10.42.") for row in rows)
    after = carried_out(changes, case.made).fabric()
    used = {_table_of(after, where).id for where in case.places()}
    assert {row.after["table"] for row in rows if row.after} <= used


@many
@given(cases())
def test_a_table_that_has_routes_of_ours_says_so(case: Case) -> None:
    """And one that has none does not; a table that is on no subnet is not looked at."""
    for table in carried_out(case.plan(), case.made).fabric().tables:
        ours = [route for route in table.routes if route.cluster == CLUSTER]
        assert (table.marks.get("l2bridge:blue") == CLUSTER) == bool(ours)


@many
@given(cases(), st.randoms(use_true_random=False))
def test_the_same_network_in_another_order_gives_the_same_plan(case: Case, chance: random.Random) -> None:
    """The order of ARM's answers decides nothing: the hash is the same."""

    def shuffled(raws: tuple[Raw, ...]) -> tuple[Raw, ...]:
        return tuple(chance.sample(raws, len(raws)))

    def mixed(raw: Raw) -> Raw:
        return {**raw, "properties": {**raw["properties"], "routes": list(shuffled(raw["properties"]["routes"]))}}

    made = case.made
    tables = shuffled(tuple(map(mixed, made.tables)))
    other = replace(made, nics=shuffled(made.nics), subnets=shuffled(made.subnets), tables=tables)
    assert case.plan(other).hash == case.plan().hash
