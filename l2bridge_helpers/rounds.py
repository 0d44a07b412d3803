"""What of a plan runs side by side, round after round, and what is left out because something before it failed.

A node's changes run one after the other. Before them stands what claims their routes; after them come deletions, only
where the route that takes their place was made; then what says which routes are ours, only where all of a table's were
done. Where a cloud writes a whole table at once, all its rows are one write, without those of nodes that have failed.
Subnets get their tables last. An undo goes the other way (see `undo_order`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from l2bridge_helpers.changes import ASSOCIATIONS, CLAIMS, DELETIONS, MARKS, NODES, TEMPLATES, stage
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.undo_order import leads_forward

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change, Plan
    from l2bridge_helpers.results import Result

Batch = tuple[int, ...]
"""The places, among the plan's writes, of changes that are one write."""
Chain = list[Batch]
"""Writes that run one after the other, as long as none fails."""
Obstacle = Callable[["Change"], str]


class Rounds:
    """The rounds of one plan. Each is made when those before it are done.

    Args:
        changes: the plan.
        outcomes: what became of its writes so far, by their places; filled in by whoever runs the rounds.
        skip: is told the place of each change that is left out, and why; it adds that to the outcomes.

    """

    def __init__(self, changes: Plan, outcomes: Mapping[int, Result], skip: Callable[[int, str], None]) -> None:
        """Look at what is written together."""
        self._skip = skip
        self._writes = changes.writes
        self._undo = bool(changes.undoes)
        self._dialect = dialect_of(changes.platform)
        self._outcomes = outcomes
        every = range(len(self._writes))
        self._shared = [place for place in every if self._name(place) and self._writes[place].kind != "forwarding"]
        self._alone = sorted(set(every) - set(self._shared))

    def __iter__(self) -> Iterator[list[Chain]]:
        """Give the rounds in their order: chains that run side by side."""
        return self._back() if self._undo else self._forth()

    def _forth(self) -> Iterator[list[Chain]]:
        yield _each(self._due(CLAIMS))
        yield _each(self._due(TEMPLATES))
        yield self._round(self._unprepared, self._due(NODES), self._chains)
        yield self._round(self._unreplaced, self._due(DELETIONS), _each)
        yield self._round(self._unfinished, self._due(MARKS), _each)
        yield self._round(self._unready, self._shared, self._batches)
        for place in self._due(ASSOCIATIONS):  # one at a time: each locks the whole network
            yield self._round(self._unmade, [place], _each)

    def _back(self) -> Iterator[list[Chain]]:
        """Give the rounds of an undo; what an undo of an undo makes again is made in the order in which it was made."""
        for place in self._of("association", forward=False):
            yield _each([place])
        yield _each(self._of("claim"))
        yield _each(self._of("template", forward=True))
        made = self._of("forwarding", "filter", "route", forward=True)
        yield self._round(self._unprepared, made, self._chains)
        yield self._round(self._unreplaced, self._of("route", "filter", forward=False), _each)
        yield self._round(self._unfinished, self._of("mark"), _each)
        yield self._round(self._unfit, self._shared, self._batches)
        yield self._round(self._unreleased, self._of("table"), _each)
        yield _each(self._of("template", forward=False))
        yield self._round(self._still_led, self._of("forwarding", forward=False), self._chains)
        for place in self._of("association", forward=True):
            yield self._round(self._unmade, [place], _each)

    def _due(self, number: int) -> list[int]:
        return [place for place in self._alone if stage(self._writes[place]) == number]

    def _of(self, *kinds: str, forward: bool | None = None) -> list[int]:
        """Return the changes of these kinds; of those, where it counts, the ones that lead forward, or back."""
        rows = ((place, self._writes[place]) for place in self._alone)
        some = ((place, row) for place, row in rows if row.kind in kinds)
        return [place for place, row in some if forward is None or leads_forward(row) is forward]

    def _name(self, place: int) -> str:
        return self._dialect.together(self._writes[place])

    def _round(
        self, obstacle: Obstacle, places: Iterable[int], arrange: Callable[[list[int]], list[Chain]]
    ) -> list[Chain]:
        """Return the round of these changes, without what something stands against; also what was just skipped."""
        free = []
        for place in places:
            if why := obstacle(self._writes[place]):
                self._skip(place, why)
            else:
                free.append(place)
        return arrange(free)

    def _batches(self, places: Iterable[int]) -> list[Chain]:
        """Return the places of each write."""
        batches: dict[str, list[int]] = defaultdict(list)
        for place in places:
            batches[self._name(place)].append(place)
        return [[tuple(batch)] for batch in batches.values()]

    def _chains(self, places: Iterable[int]) -> list[Chain]:
        """Return each node's changes, in the plan's order; those of several nodes that are one write stand alone."""
        chains: dict[str, Chain] = defaultdict(list)
        shared: list[int] = []
        for place in places:
            if self._name(place):
                shared.append(place)
            else:
                chains[self._writes[place].node or self._writes[place].resource].append((place,))
        return [*chains.values(), *self._batches(shared)]

    # What stands against a change.

    def _undone(self) -> Iterator[Change]:
        """Give what was tried or skipped, and not made."""
        return (self._writes[place] for place, result in list(self._outcomes.items()) if result.outcome != "applied")

    def _unprepared(self, change: Change) -> str:
        table, group = change.after.get("table"), self._dialect.together(change)
        for other in self._undone():
            if other.kind == "claim" and other.resource == table:
                return f"what marks it as ours could not be written on {table}"
            if other.kind == "template" and group and other.resource == group:
                return f"the template of {group} could not be changed"
        return ""

    def _unreplaced(self, change: Change) -> str:
        if change.kind == "filter":
            undone = any(other.kind == "filter" for other in self._undone())
            return "a rule that may take its place was not made" if undone else ""
        place = (change.before.get("table"), change.before.get("destination"))
        missing = ((other.after.get("table"), other.after.get("destination")) for other in self._undone())
        return "the route that takes its place was not made" if place in missing else ""

    def _unfinished(self, change: Change) -> str:
        tables = {side.get("table") for other in self._undone() for side in (other.before, other.after)}
        return "not every route of this table is done; the claim stays" if change.resource in tables else ""

    def _unready(self, change: Change) -> str:
        """Return why a row is left out of the write of its table: its node, or a row that it needs, has failed."""
        if change.action == "delete":
            return self._unreplaced(change)
        if change.kind == "mark":
            return self._unfinished(change)
        return self._broken(change) if change.kind == "route" else self._useless(change)

    def _broken(self, change: Change) -> str:
        """Return what failed first of the node that a row is for."""
        broken = (other for other in self._undone() if change.node and other.node == change.node)
        return next((failed_first(other) for other in broken), "")

    def _useless(self, change: Change) -> str:
        """Return why a table is not prepared: none of the routes that are to be made in it can be."""
        rows = [row for row in self._writes if row.kind == "route" and row.after.get("table") == change.resource]
        return "none of its routes can be made" if rows and all(map(self._broken, rows)) else ""

    def _unmade(self, change: Change) -> str:
        """Return why a subnet is not given its table: the table's write failed."""
        failed = (result.change for result in self._outcomes.values() if result.outcome == "failed")
        rows = [row for row in failed if row.kind != "association"]  # another subnet's failure is its own
        rows += [row for row in self._undone() if row.kind == "table"]
        tables = {table for row in rows for table in (row.resource, row.after.get("table"))}
        return "its route table was not written" if change.after["table"] in tables else ""

    def _unreleased(self, change: Change) -> str:
        """Return why a table keeps its routes: a subnet that was given it still has it."""
        table = change.resource if change.kind in ("table", "mark", "claim") else change.before.get("table")
        still = [row for row in self._undone() if row.kind == "association" and row.before.get("table") == table]
        return f"subnet {still[0].resource} still has the table" if still else ""

    def _unfit(self, change: Change) -> str:
        """Return why a row of an undo is left out of the write of its table."""
        return self._unreleased(change) or self._unready(change)

    def _still_led(self, change: Change) -> str:
        """Return why a node goes on to forward: a route that leads to it is still there."""
        routes = (row for row in self._undone() if row.kind == "route" and change.node and row.node == change.node)
        return next((failed_first(row) for row in routes), "")


def failed_first(change: Change) -> str:
    """Return why what depends on a change is not tried."""
    return f"{change.kind} of {change.resource} failed first"


def _each(places: Iterable[int]) -> list[Chain]:
    return [[(place,)] for place in places]
