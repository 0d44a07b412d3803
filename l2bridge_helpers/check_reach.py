"""Findings that follow from who reaches whom: filters in the way, and subnets without a table (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.findings import Finding, names_of, nodes_called
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.traffic import ANY_PORT
from l2bridge_helpers.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.reachability.result import Cause, Reachability

_TOLD = ("filter", "route table")
"""The kinds of causes that no other check tells of."""
_AT = re.compile(r" at \d[\d,]* nodes?\b")
"""What a title says of how many nodes there are, which are named instead."""
_MOST = 3
"""So many faults of one cause are told one by one: `explain` tells the others."""


def check_reach(nodes: pd.DataFrame, fabric: Fabric, scope: Scope = EVERYTHING, cluster: str = "") -> Iterator[Finding]:
    """Give a warning for each cause that no other check tells of, with the pairs that it stops and what mends it.

    Args:
        nodes: as `list_nodes` returns them.
        fabric: as `Cloud.observe` returns it.
        scope: what the run may change.
        cluster: the name that marks this cluster's routes, for the commands that make them.

    """
    found = reach(nodes, fabric, cluster=cluster)
    for cause in found.causes:
        if cause.kind in _TOLD and cause.nodes:
            yield _finding(cause, found, _advice(cause, fabric, scope))
    yield from _some_ports(nodes, fabric, found)


def _finding(cause: Cause, found: Reachability, advice: str) -> Finding:
    if cause.verdict == "unproven":
        meaning = f"whether {_pairs(cause.pairs)} reach is not proven"
        todo = f"probe it, or make sure of it: {_todo(cause)}"
        return Finding("warning", _about(cause), _found(cause), meaning, todo)
    alone = f", {cause.alone} of them for this alone" if 0 < cause.alone < cause.pairs else ""
    meaning = f"{cause.pairs} of {_pairs(found.pairs)} do not reach{alone}"
    mend = _todo(cause)
    return Finding("warning", _about(cause), _found(cause), meaning, f"{advice}: {mend}")


def _advice(cause: Cause, fabric: Fabric, scope: Scope) -> str:
    """Return what to do, before the command that does it by hand."""
    if cause.kind == "route table":
        return "apply the plan, or"
    if not cause.title.startswith("no "):
        return "if what drops them is not meant, let them through"
    if not dialect_of(fabric.platform).opens_filters or " in " not in cause.title:
        return "let them through"
    return "apply the plan, or" if scope.open_firewall else "let them through, by open_firewall=True or by hand"


def _some_ports(nodes: pd.DataFrame, fabric: Fabric, found: Reachability) -> Iterator[Finding]:
    """Warn where packets pass to the port that was asked about, but not to any port that no rule speaks of."""
    told = {cause.title for cause in found.causes}
    for cause in reach(nodes, fabric, traffic=ANY_PORT).causes:
        if cause.kind == "filter" and cause.verdict == "blocked" and cause.title not in told:
            meaning = f"{found.traffic} may pass, but most other ports between {_pairs(cause.pairs)} do not"
            yield Finding("warning", _about(cause), _found(cause), meaning, f"let all ports through: {_todo(cause)}")


def _about(cause: Cause) -> str:
    if cause.kind != "route table":
        return nodes_called(cause.nodes)
    subnets = names_of(fault.object for fault in cause.faults)
    return f"subnet{'' if len(cause.faults) == 1 else 's'} {subnets}"


def _found(cause: Cause) -> str:
    one = len(cause.faults if cause.kind == "route table" else cause.nodes) == 1
    if cause.kind == "route table":
        return f"{'has' if one else 'have'} no route table"
    told = list(dict.fromkeys(fault.found for fault in cause.faults))
    if len(told) == 1:
        return f"{'is' if one else 'are'} behind {told[0]}"
    lists = _in_short([text.partition(": ")[0] for text in told], ", ", "more")
    return f"{'is' if one else 'are'} behind {lists}: {_AT.sub('', cause.title)}"


def _todo(cause: Cause) -> str:
    return _in_short(cause.mends, " ; ")


def _in_short(texts: Sequence[str], between: str, rest: str = "more of the kind") -> str:
    """Return the first few different texts, and how many more there are."""
    each = list(dict.fromkeys(texts))
    more = len(each) - _MOST
    return between.join([*each[:_MOST], *([f"and {more} {rest}"] if more > 0 else [])])


def _pairs(number: int) -> str:
    return f"{number} pair{'' if number == 1 else 's'}"
