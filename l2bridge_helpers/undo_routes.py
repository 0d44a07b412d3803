"""The inverse of what is about route tables: their routes, marks, subnets, and the tables themselves (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.azure_names import local
from l2bridge_helpers.clouds.gce_dialect import parse_instance
from l2bridge_helpers.clouds.loose_json import objects, text
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Route
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.undo_now import UNTOUCHED, conflict, gone, inverse, stays, told

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import RouteTable
    from l2bridge_helpers.undo_now import Facts, Now


def undo_tables(changes: Sequence[Change], now: Now) -> Iterator[Change]:
    """Return the rows of everything about tables that a run has changed."""
    of_kind = {
        kind: [row for row in changes if row.kind == kind]
        for kind in ("table", "route", "claim", "mark", "association")
    }
    remade = {row.resource for row in of_kind["table"] if row.action == "delete" and row.resource not in now.tables}
    routes = [_undo_route(row, now, remade) for row in of_kind["route"]]
    routes = _without_rivals(routes, now)
    subnets = [_undo_association(row, now, remade) for row in of_kind["association"]]
    yield from subnets
    yield from routes
    yield from (_undo_table(row, now, routes, subnets) for row in of_kind["table"])
    marked = dict.fromkeys(row.resource for row in (*of_kind["claim"], *of_kind["mark"]))
    for table in marked:
        rows = [row for row in (*of_kind["claim"], *of_kind["mark"]) if row.resource == table]
        yield from _undo_marks(rows, now, [row for row in routes if _table(row) == table])


def _table(row: Change) -> str:
    return str({**row.before, **row.after}.get("table", ""))


# Routes.


def _undo_route(change: Change, now: Now, remade: set[str]) -> Change:
    """Return the row of one route; old and new one have two names where a replacement is not made in place."""
    made, old = now.route(change.after), now.route(change.before)
    table = _table(change)
    if table not in now.tables and table not in remade:
        return gone(change, now, f"route table {table}")
    two_names = bool(change.after and change.before) and change.after["name"] != change.before["name"]
    if two_names:
        return _undo_replacement(change, now, made, old)
    there = made if change.after else old
    if there == change.before:
        return stays(change, there, UNTOUCHED)
    if there != change.after:
        return conflict(change, there, change.before, _changed("the route", there, change.after))
    return _back(change, there, now)


def _undo_replacement(change: Change, now: Now, made: Facts, old: Facts) -> Change:
    """Return the row of a route that another one of another name has taken the place of."""
    if not made and old == change.before:
        return stays(change, old, UNTOUCHED)
    if made == change.after and old == change.before:  # the run broke off before it removed the old one
        command = now.dialect.delete_command(Route.from_facts(made))
        return inverse(change, made, {}, command)
    if made == change.after and not old:
        return _back(change, made, now)
    reason = _changed("the route", made, change.after) if made != change.after else ""
    reason = reason or _changed(f"the route that it took the place of, {change.before['name']},", old, change.before)
    return conflict(change, made, change.before, reason)


def _back(change: Change, there: Facts, now: Now) -> Change:
    """Return the row that puts a route back, unless what it led to is gone."""
    wanted = change.before
    if wanted and _is_gone(str(wanted["next_hop"]), now):
        what = f"the machine {wanted['next_hop']}, to which {wanted['destination']} led,"
        if not there:
            return gone(change, now, what)
        command = now.dialect.delete_command(Route.from_facts(there))
        row = inverse(change, there, {}, command)
        return replace(row, reason=f"{row.reason}; {what} before, is gone, so the old one cannot come back")
    dialect = now.dialect
    old, new = (Route.from_facts(side) if side else None for side in (there, wanted))
    if old and new:
        command = dialect.replace_command(old, new)
    else:
        command = dialect.delete_command(old) if old else dialect.create_command(new) if new else ""
    return inverse(change, there, wanted, command)


def _is_gone(next_hop: str, now: Now) -> bool:
    """Return whether a route's machine is surely gone; where routes lead to addresses nobody can tell."""
    return all(parse_instance(next_hop)) and next_hop not in now.machines and not now.unread("forwarding")


def _without_rivals(rows: list[Change], now: Now) -> list[Change]:
    """Turn routes that come back into conflicts where their destination is taken, and a table has each only once."""
    if not now.dialect.replaces_in_place:
        return rows
    going = {row.before["name"] for row in rows if row.action == "delete"}
    taken = {(one.table, one.destination): one for one in now.routes.values() if one.name not in going}
    return [_unless_taken(row, taken) if row.action == "create" else row for row in rows]


def _unless_taken(row: Change, taken: dict[tuple[str, str], Route]) -> Change:
    rival = taken.get((row.after["table"], row.after["destination"]))
    if rival is None:
        return row
    reason = f"route {rival.name}, made since the run, leads {rival.destination} to {rival.next_hop} now"
    return conflict(row, rival.facts(), row.after, reason)


def _changed(what: str, there: Facts, wanted: Facts) -> str:
    if wanted and there and there == {**wanted, "cluster": ""}:
        return f"{what} no longer carries our mark, so it is not ours to change: others have changed that since the run"
    if not wanted:
        return f"{what} is there again and leads {there['destination']} to {there['next_hop']}: made since the run"
    return f"{what} {told(there, wanted)}: others have changed it since the run"


# Subnets and tables.


def _undo_association(change: Change, now: Now, remade: set[str]) -> Change:
    """Return the row that takes the table off a subnet again, or gives it back."""
    subnet = now.fabric.subnet(change.resource)
    if subnet is None:
        return gone(change, now, "the subnet")
    there, wanted = {"table": subnet.table}, {"table": str(change.before["table"])}
    if there == wanted:
        return stays(change, there, UNTOUCHED)
    if there != dict(change.after):
        reason = f"the subnet has {subnet.table or 'no route table'} now: others have changed that since the run"
        return conflict(change, there, wanted, reason)
    if wanted["table"] and wanted["table"] not in now.tables and wanted["table"] not in remade:
        return conflict(change, there, wanted, f"route table {wanted['table']}, which the subnet had, is gone")
    dialect = now.dialect
    if wanted["table"]:
        command = dialect.associate_command(subnet.id, wanted["table"])
    else:
        command = dialect.dissociate_command(subnet.id, subnet.table)
    return inverse(change, there, wanted, command)


def _undo_table(change: Change, now: Now, routes: list[Change], subnets: list[Change]) -> Change:
    """Return the row that deletes a table that the run made, or makes the one again that it deleted."""
    table = now.tables.get(change.resource)
    if change.action == "delete":
        if table is not None:
            return stays(change, {**_table_facts(table)}, "there is such a table again")
        location, marks = change.before["location"], change.before["marks"]
        command = now.dialect.table_command(change.resource, location, marks)
        return inverse(change, {}, change.before, command)
    if table is None:
        return gone(change, now, "the route table") if now.unread("table") else stays(change, {}, UNTOUCHED)
    there = _table_facts(table)
    reasons = list(_in_use(table, change, now, (routes, subnets)))
    if reasons:
        return conflict(change, there, {}, f"the run made this table, but {', and '.join(reasons)}; it stays")
    return inverse(change, there, {}, now.dialect.delete_table_command(table.id))


def _table_facts(table: RouteTable) -> dict[str, object]:
    return {"location": table.location, "marks": dict(table.marks)}


def _subnets(table: RouteTable, now: Now) -> set[str]:
    """Return the subnets that have the table, also those of other networks: the table itself names them."""
    named = {local(text(one.get("id"))) for one in objects(table.properties.get("subnets"))}
    return named | {subnet.id for subnet in now.fabric.subnets if subnet.table == table.id}


def _in_use(table: RouteTable, change: Change, now: Now, rows: tuple[list[Change], list[Change]]) -> Iterator[str]:
    """Give what keeps a table that the run made: what others have done with it."""
    routes, subnets = rows
    going = {row.before["name"] for row in routes if row.action == "delete"}
    kept = [route.name.rpartition("/")[2] for route in table.routes if route.name not in going]
    if kept:
        yield f"other routes are in it now ({names_of(kept)})"
    freed = {row.resource for row in subnets if row.action == "update" and row.before["table"] == table.id}
    still = sorted(_subnets(table, now) - freed)
    if still:
        yield f"other subnets have it now ({names_of(still)})"
    if dict(table.marks) != dict(change.after["marks"]):
        differing = told({"tags": dict(table.marks)}, {"tags": change.after["marks"]})
        yield f"its tags are not those that the run gave it: it {differing}"
    if table.hides:
        yield f"{table.hides}: others have set that"


# Marks.


@dataclass(frozen=True)
class _Ledger:
    """What one table's marks say, and what is to become of the routes that they speak of."""

    table: RouteTable
    now: Now
    routes: list[Change]

    def destinations(self, action: str) -> set[str]:
        """Return where the routes lead that are made again, or go."""
        rows = (row for row in self.routes if row.action == action)
        return {str((row.after or row.before)["destination"]) for row in rows}

    def owned(self) -> set[str]:
        """Return where our routes lead that are there now."""
        return {route.destination for route in self.table.routes if route.cluster == self.now.cluster}

    def back(self) -> set[str]:
        """Return where routes of ours lead that an earlier undo has made again before it broke off."""
        rows = (row.before for row in self.routes if row.reason == UNTOUCHED)
        return {str(there["destination"]) for there in rows if there and there["cluster"] == self.now.cluster}

    def claimed(self) -> set[str]:
        """Return where routes lead that a run of ours was about to make."""
        routes = (route for route in self.table.routes if not route.cluster)
        return {route.destination for route in routes if route.claim == self.now.cluster}


def _undo_marks(changes: list[Change], now: Now, routes: list[Change]) -> Iterator[Change]:
    """Return what has to be written on a table so that it says which of its routes are ours, before and after.

    Where the marks are as the run left them, at whatever moment it ended, they become as they were, byte for byte.
    Where later runs have changed them they are made of what is there: routes of later runs stay known as ours.
    """
    first = changes[0]
    table = now.tables.get(first.resource)
    if table is None:
        yield gone(first, now, "the route table")
        return
    there = now.dialect.own_marks(table.marks, now.cluster)
    ledger = _Ledger(table, now, routes)
    made, going = ledger.destinations("create"), ledger.destinations("delete")
    known = [dict(row.before) for row in changes] + [dict(row.after) for row in changes]
    left = (ledger.owned() | ledger.back() | made) - going
    settled = there in known and all(row.writes or row.reason == UNTOUCHED for row in routes)
    settled = settled and bool(first.before or not left)  # one mark for all routes does not tell whose run's they are
    try:
        claim = now.dialect.marks(now.cluster, ledger.owned(), ledger.claimed() | made) if made else there
        computed = now.dialect.marks(now.cluster, left, ledger.claimed() - going - left)
    except DataError as err:
        yield conflict(first, there, first.before, str(err))
        return
    after = dict(first.before) if settled else computed
    yield from _mark_rows(first.resource, (there, claim, after), now)


def _mark_rows(table: str, steps: tuple[Facts, Facts, Facts], now: Now) -> Iterator[Change]:
    there, claim, after = steps
    if claim != there:
        reason = "whatever happens on the way, the routes that come back will be known as ours"
        yield Change("update", "claim", table, "", there, claim, reason, now.dialect.mark_command(table, there, claim))
    if after != claim:
        reason = "the run changed the marks; they say which routes are ours when it is undone"
        yield Change("update", "mark", table, "", claim, after, reason, now.dialect.mark_command(table, claim, after))
    if there == claim == after:
        yield Change("none", "mark", table, "", there, there, UNTOUCHED)
