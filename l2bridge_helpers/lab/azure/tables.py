"""Writing route tables: all routes at once, or one of them."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug import Response

from l2bridge_helpers.lab.azure import conditions
from l2bridge_helpers.lab.azure.call import Call, answer
from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.errors import ArmError, no_parent
from l2bridge_helpers.lab.azure.members import model_of, replaced
from l2bridge_helpers.lab.azure.route_rules import check_route, check_routes
from l2bridge_helpers.lab.azure.writes import begin, check_name, copied, finish_put, made, rewrite, store
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json

_ROUTE = "Microsoft.Network/routeTables/routes"


def put_table(call: Call) -> Response:
    """Replace a table with all its routes, or make one."""
    stored = call.state.find("routeTables", call.id)
    new = made(call, stored, model_of("network", "RouteTable"))
    if stored:
        call.state.must_be_free(call.id)
    conditions.check(call, stored)
    properties = new["properties"]
    properties.setdefault("disableBgpRoutePropagation", False)
    properties.setdefault("resourceGuid", uid(f"guid {new['id']}"))
    properties["routes"] = [_route(new, route) for route in properties.get("routes", [])]
    check_routes(new, call.state.routes_per_table)
    call.state.remembered.keep(call.state.world, delay=call.state.effective_delay)
    undo = store(call, stored, new)
    return finish_put(call, stored or new, "PutRouteTableOperation", undo, created=stored is None)


def delete_table(call: Call) -> Response:
    """Remove a table that no subnet has."""
    stored = call.state.find("routeTables", call.id)
    if stored is None:
        return answer(None, 204)
    call.state.must_be_free(call.id)
    conditions.check(call, stored)
    refresh(call.state.world.resources, "routeTables")
    if stored["properties"].get("subnets"):
        raise ArmError(
            "InUseRouteTableCannotBeDeleted", f"Route table {stored['name']} is in use and cannot be deleted."
        )
    before = copied(stored)
    tables = call.state.world.cloud("routeTables")
    call.state.stamp(stored, "Deleting")
    operation = begin(
        call,
        "DeleteRouteTableOperation",
        (call.id,),
        finish=lambda: tables.remove(stored),
        undo=lambda: rewrite(stored, before),
    )
    return call.accepted(operation, None, 202)


def put_route(call: Call) -> Response:
    """Write one route of a table."""
    table = _table(call)
    body = call.content()
    check_name(call.name)
    stored = call.state.part(table, "routes", call.name)
    new = replaced({**body, "name": call.name}, stored or {}, model_of("network", "Route"))
    call.state.must_be_free(table["id"])
    conditions.check(call, stored)
    route = _route(table, {**new, "name": stored["name"] if stored else call.name})
    left = [one for one in table["properties"].get("routes", []) if one is not stored]
    check_route(table, route, left, call.state.routes_per_table)
    undo = _change(call, table)
    routes = table["properties"].setdefault("routes", [])
    routes[:] = [route if one is stored else one for one in routes] if stored else [*routes, route]
    call.state.stamp(table, "Updating", [call.name])
    operation = begin(
        call, "PutRouteOperation", (table["id"],), finish=lambda: call.state.stamp(table, "Succeeded"), undo=undo
    )
    return call.accepted(operation, route, 200 if stored else 201)


def delete_route(call: Call) -> Response:
    """Remove one route of a table."""
    table = call.state.find("routeTables", call.parent_id)
    stored = call.state.part(table, "routes", call.name) if table else None
    if table is None or stored is None:
        return answer(None, 204)
    call.state.must_be_free(table["id"])
    conditions.check(call, stored)
    undo = _change(call, table)
    table["properties"]["routes"].remove(stored)
    call.state.stamp(table, "Updating", [])
    operation = begin(
        call, "DeleteRouteOperation", (table["id"],), finish=lambda: call.state.stamp(table, "Succeeded"), undo=undo
    )
    return call.accepted(operation, None, 202)


def _change(call: Call, table: Json) -> Callable[[], None]:
    """Remember the table; return what takes the change back."""
    call.state.remembered.keep(call.state.world, delay=call.state.effective_delay)
    before = copied(table)
    return lambda: rewrite(table, before)


def _table(call: Call) -> Json:
    found = call.state.find("routeTables", call.parent_id)
    if found is None:
        raise no_parent(call.parent_id)
    return found


def _route(table: Json, route: Json) -> Json:
    """Return a route as the table shows it."""
    name = route.get("name", "")
    properties = {"hasBgpOverride": False} | route.get("properties", {})
    return route | {
        "name": name,
        "id": f"{table['id']}/routes/{name}",
        "etag": table["etag"],
        "type": _ROUTE,
        "properties": properties,
    }
