"""Plan -> Results, through a Cloud: refused as a whole before the first write, or carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from l2bridge_helpers.errors import BlockedError, ParameterError
from l2bridge_helpers.execution import Execution
from l2bridge_helpers.findings import names_of
from l2bridge_helpers.progress import Lines
from l2bridge_helpers.results import Result, Results

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.entries import Entries
    from l2bridge_helpers.findings import Findings
    from l2bridge_helpers.progress import Pulse
    from l2bridge_helpers.reachability.result import Reachability

FEW_DELETES = 2
"""So many of our own routes may always go, whatever share of them that is."""


def apply(  # noqa: PLR0913 - each is one of the operator's parameters
    changes: Plan,
    cloud: Cloud,
    *,
    findings: Findings,
    mode: str,
    confirm: str,
    entries: Entries,
    permit: Callable[[], str],
    max_delete_percent: int = 25,
    foreseen: Reachability | None = None,
    tell: Callable[[str], None] = print,
    watch: Callable[[Pulse], None] | None = None,
    halted: Callable[[], str] = str,
) -> Results:
    """Carry out a plan in `mode="apply"`; in the other modes send nothing.

    Args:
        changes: the plan.
        cloud: where.
        findings: of the same read; a blocking one refuses the whole plan.
        mode: `plan`, `apply` or `check`.
        confirm: must be the cluster's name.
        entries: this run's pages of the journal: each change is written there before it is sent, its outcome after.
        permit: returns why nothing may be sent any more, "" while all is well: whether the cluster's Lease is ours.
        max_delete_percent: 0 to 100: refuse to delete more than 2 of our routes *and* more than this share of them.
        foreseen: who reaches whom when the plan is applied: what it leaves in the way is told before it starts.
        tell: takes a line for people.
        watch: takes how far it is, about once a second; None: `tell` is given a line every few seconds.
        halted: returns why the operator wants nothing more to be sent, "" while they have said nothing.

    Raises:
        ParameterError: `confirm` is not the cluster's name.
        BlockedError: a finding, a conflict or the number of deletions forbids it. Nothing was sent.

    """
    if mode != "apply":
        return Results(tuple(Result(change, "not sent") for change in changes.writes), changes.cluster)
    refuse(changes, findings, confirm, max_delete_percent)
    if foreseen and foreseen.reaching < foreseen.pairs:
        tell(f"this plan does not lead to full reachability: {foreseen.why()}")
    execution = Execution(
        changes, cloud, entries=entries, permit=permit, tell=tell, watch=watch or Lines(tell).watch, halted=halted
    )
    return execution.results()


def deletion_problem(changes: Plan, max_delete_percent: int) -> str:
    """Return why the plan deletes too much, or "". A replacement is no deletion."""
    deletes = [change.resource for change in changes.writes if change.action == "delete" and change.kind != "table"]
    what = "routes and rules" if any(change.kind == "filter" for change in changes) else "routes"
    share = 100 * len(deletes) / max(changes.own_routes, 1)
    if len(deletes) <= FEW_DELETES or share <= max_delete_percent:
        return ""
    return (
        f"the plan deletes {len(deletes)} of our {changes.own_routes} {what} ({share:.0f} %), more than "
        f"max_delete_percent={max_delete_percent} allows: {names_of(deletes)}; if these nodes are really gone, raise it"
    )


def refuse(changes: Plan, findings: Findings, confirm: str, max_delete_percent: int = 100) -> None:
    """Refuse a plan that must not be applied, for all reasons at once.

    Raises:
        ParameterError: `confirm` is not the cluster's name.
        BlockedError: a finding, a conflict or the number of deletions forbids it.

    """
    if confirm != changes.cluster:
        raise ParameterError(
            f"parameter confirm: {confirm!r} is not the cluster's name; to apply set confirm={changes.cluster!r}"
        )
    reasons = [str(finding) for finding in findings.blocking]
    reasons += [f"{change.about}{change.reason}" for change in changes.conflicts]
    reasons += filter(None, [deletion_problem(changes, max_delete_percent)])
    if reasons:
        reasons += [str(finding) for finding in findings.errors]
        msg = "nothing was sent; settle first: " + " | ".join(reasons)
        raise BlockedError(msg)
