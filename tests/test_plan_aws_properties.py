from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers import plan
from l2bridge_helpers.clouds.aws_dialect import route_name
from l2bridge_helpers.clouds.aws_ledger import write
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.nodes import nodes_table
from l2bridge_helpers.scope import Scope

NETWORK, TABLES = "eu-west-1/vpc-1", ("eu-west-1/rtb-a", "eu-west-1/rtb-b")
CIDRS = [f"10.42.{number}.0/24" for number in range(4)]
HOPS = st.sampled_from([f"eni-{number}" for number in range(5)])
OWNERS = st.sampled_from([("lab", ""), ("", "lab"), ("", ""), ("other", "")])


def machine(number: int) -> Instance:
    """Return the instance of node `number`, alternately in two subnets."""
    nic = Nic(f"eni-{number}", (f"10.0.0.{number + 1}/32",), f"subnet-{number % 2}", NETWORK, forwarding=False)
    return Instance(f"i-{number}0000000", f"i-{number}0000000", f"ip-{number}", "running", (nic,))


@st.composite
def fabrics(draw: st.DrawFn) -> Fabric:
    """Return two tables with own, claimed and foreign routes in them."""
    tables = []
    for table in TABLES:
        found = []
        for cidr in draw(st.lists(st.sampled_from(CIDRS), unique=True)):
            owner, claim = draw(OWNERS)
            found.append(Route(route_name(table, cidr), cidr, draw(HOPS), table, cluster=owner, claim=claim))
        marks = write("lab", [one.destination for one in found if one.cluster == "lab"])
        tables.append(RouteTable(table, tuple(found), marks=marks))
    subnets = tuple(Subnet(f"subnet-{place}", ("10.0.0.0/24",), table) for place, table in enumerate(TABLES))
    return Fabric("aws", NETWORK, tuple(map(machine, range(5))), subnets, tuple(tables))


@given(fabrics(), st.sets(st.integers(0, 3), min_size=2))
def test_planned_routes_lead_home_and_foreign_ones_stay(fabric: Fabric, numbers: set[int]) -> None:
    """What is no conflict leads to its node in every table used; no foreign route is written to; again is nothing."""
    items = [
        {
            "metadata": {"name": f"node-{number}"},
            "spec": {"podCIDRs": [CIDRS[number]], "providerID": f"aws:///eu-west-1a/i-{number}0000000"},
            "status": {"addresses": [{"type": "InternalIP", "address": f"10.0.0.{number + 1}"}]},
        }
        for number in sorted(numbers)
    ]
    nodes, scope = nodes_table(items), Scope(routes=True)
    changes = plan(nodes, fabric, cluster="lab", scope=scope)
    routes, marks = (
        {route.name: route for route in fabric.routes},
        {table.id: dict(table.marks) for table in fabric.tables},
    )
    for change in changes.writes:
        if change.kind == "mark":
            marks[change.resource] = dict(change.after)
        elif change.kind == "route":
            assert change.action == "create" or routes[change.resource].cluster != "other"
            routes.pop(change.resource, None)
            if change.after:
                routes[change.resource] = Route.from_facts(change.after)
    conflicts = {change.resource for change in changes.conflicts}
    used = {TABLES[number % 2] for number in numbers}
    for number in numbers:
        for table in used:
            name = route_name(table, CIDRS[number])
            assert name in conflicts or routes[name].next_hop == f"eni-{number}"
    tables = tuple(
        replace(table, routes=tuple(one for one in routes.values() if one.table == table.id), marks=marks[table.id])
        for table in fabric.tables
    )
    again = plan(nodes, replace(fabric, tables=tables), cluster="lab", scope=scope)
    assert [row for row in again.writes if row.kind == "route"] == []
