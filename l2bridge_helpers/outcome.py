"""What a run came to: the counts, and the error that ends it when the asked-for state does not hold (pure)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.apply import deletion_problem
from l2bridge_helpers.changes import LEFT_ALONE
from l2bridge_helpers.errors import ApplyError, DriftError, L2BridgeError, VerifyError
from l2bridge_helpers.findings import Findings, names_of
from l2bridge_helpers.plain_values import fields_of
from l2bridge_helpers.proof import Proof
from l2bridge_helpers.reachability.result import APPLIED, MOMENTS, NOW, PLANNED, Reachability
from l2bridge_helpers.results import Results

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Plan

APPLYING = "this run was applying its plan"
"""How the error begins of a run that has not said yet how its changes ended."""


@dataclass
class Outcome:
    """What a run has found and done so far; the parts are filled in as the notebook goes on."""

    nodes: int = 0
    max_delete_percent: int = 25
    findings: Findings = field(default_factory=Findings)
    changes: Plan | None = None
    reachability: dict[str, Reachability] = field(default_factory=dict)
    """By the moment that it is about."""
    results: Results = field(default_factory=Results)
    proof: Proof = field(default_factory=Proof)
    by_others: int = 0
    """Changes of the plan that another apply had made by the time that this one had the Lease."""

    def counts(self) -> dict[str, int]:
        """Return `planned`, `applied`, `failed` and `left`: changes, and conflicts among those left."""
        planned = len(self.changes.writes) if self.changes else 0
        conflicts = len(self.changes.conflicts) if self.changes else 0
        applied = self.results.applied
        return {
            "planned": planned,
            "applied": applied,
            "failed": len(self.results.failed),
            "left": planned - applied - self.by_others + conflicts,
        }

    def summary(self) -> str:
        """Return `6 nodes, 12 changes applied, 0 left`."""
        counts = self.counts()
        nodes, applied = (_count(self.nodes, "node"), _count(counts["applied"], "change"))
        others = f", {self.by_others} made by others meanwhile" if self.by_others else ""
        alone = sum(row.reason.startswith(LEFT_ALONE) for row in self.changes) if self.changes else 0
        kept = f", {alone} left as others have changed them" if alone and self.changes and self.changes.undoes else ""
        return f"{nodes}, {applied} applied{others}, {counts['left']} left{kept}"

    def obstacles(self) -> list[str]:
        """Return what would make `apply` refuse the plan, or fail after it."""
        rows = self.changes.conflicts if self.changes else ()
        findings = (*self.findings.blocking, *self.findings.errors)
        too_many = deletion_problem(self.changes, self.max_delete_percent) if self.changes else ""
        told = [str(finding) for finding in findings] + [f"{row.about}{row.reason}" for row in rows]
        return told + ([too_many] if too_many else [])

    def verdict(self, mode: str) -> str:
        """Return what came of a run that met no error, in a sentence or two."""
        if mode != "plan":
            return f"{mode} succeeded: {self.summary()}.{self._told()}"
        planned = self.changes.summary() if self.changes else "nothing"
        obstacles = self.obstacles()
        but = f" But first settle: {' | '.join(obstacles)}." if obstacles else ""
        return f"Nothing was changed. The plan for {_count(self.nodes, 'node')}: {planned}.{self._told()}{but}"

    @property
    def last(self) -> Reachability | None:
        """Who reaches whom, at the last moment that was looked at."""
        found = [self.reachability[moment] for moment in MOMENTS if moment in self.reachability]
        return found[-1] if found else None

    def _told(self) -> str:
        """Return who reaches whom, at each moment that was looked at; of the last one also what is in the way."""
        found = [self.reachability[moment] for moment in MOMENTS if moment in self.reachability]
        told = [one.why() if one is found[-1] else one.summary() for one in found]
        names = {NOW: "before"} if APPLIED in self.reachability else {}
        moments = [names.get(one.moment, one.moment).capitalize() for one in found]
        return "".join(f" {moment}, {text}." for moment, text in zip(moments, told, strict=True))

    def error(self, mode: str) -> L2BridgeError | None:
        """Return the error that ends the run, or None when the asked-for state holds. `plan` only asks for a plan."""
        if mode == "apply":
            return self._apply_error()
        return self._drift() if mode == "check" else None

    def table(self) -> dict[str, Any]:
        """Return everything as plain data for `result.json`."""
        sent = [
            {"outcome": result.outcome, "error": result.error, **fields_of(result.change)} for result in self.results
        ]
        return {
            "nodes": self.nodes,
            "plan_hash": self.changes.hash if self.changes else "",
            "counts": self.counts(),
            "findings": [fields_of(finding) for finding in self.findings],
            "reachability": {moment: one.facts() for moment, one in self.reachability.items()},
            "changes": sent,
            "conflicts": [fields_of(change) for change in (self.changes.conflicts if self.changes else ())],
            "verified": [fields_of(check) for check in self.proof],
        }

    def _apply_error(self) -> L2BridgeError | None:
        failed = [f"{names_of(resources)}: {error}" for error, resources in self._failures().items()]
        unserved = [str(finding) for finding in self.findings.errors]
        wrong = [f"{check.object}: {check.found}, wanted {check.wanted}" for check in self.proof.wrong]
        if failed or unserved:
            applied = f"{self.results.applied} of {len(self.results.items)} changes were applied; not in order: "
            return ApplyError(
                f"{applied}{' | '.join(failed + unserved + wrong)}; mend this and run again, what is done stays done"
            )
        if wrong:
            return VerifyError(
                f"applied, but a fresh read does not show it: {' | '.join(wrong)}; run again in check mode"
            )
        return None

    def _failures(self) -> dict[str, list[str]]:
        """Return the resources that failed, by their error: a write that fails for many is told once."""
        by_error: dict[str, list[str]] = defaultdict(list)
        for result in self.results.failed:
            by_error[result.error].append(result.change.resource)
        return by_error

    def _drift(self) -> L2BridgeError | None:
        reasons = self.obstacles()
        rows = self.changes.writes if self.changes else ()
        reasons += [f"{row.about}{row.action} {row.kind} {row.resource} ({row.reason})" for row in rows]
        reasons += [f"{check.object}: {check.found}, wanted {check.wanted}" for check in self.proof.wrong]
        now = self.reachability.get(NOW)
        reasons += [now.why()] if now and now.failing else []
        if not reasons:
            return None
        return DriftError(f"{_count(len(reasons), 'thing')} out of place: {' | '.join(reasons)}; {self._advice()}")

    def _advice(self) -> str:
        """Return what to do about drift: what an apply would do, as far as it would."""
        if len(self.obstacles()) > len(self.findings.errors):
            return "settle what apply would refuse first"
        planned = self.reachability.get(PLANNED)
        left = bool(self.findings.errors) or bool(planned and planned.failing)
        if self.changes and self.changes.writes:
            return f"run with mode='apply' to mend it{', but for what the plan leaves in the way' if left else ''}"
        return "no run with these parameters mends this: see todo in the findings, and what mends it by hand"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
