"""A plan that a person looks at: what it would do, whether it may be applied, and the run that applies exactly it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.apply import refuse
from l2bridge_helpers.choosing import chosen_since
from l2bridge_helpers.errors import BlockedError, ParameterError
from l2bridge_helpers.reachability.result import NOW

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Plan
    from l2bridge_helpers.findings import Findings
    from l2bridge_helpers.reachability.result import Reachability
    from l2bridge_helpers.run import Run


@dataclass(frozen=True)
class Proposal:
    """What a run in `plan` mode proposes.

    Attributes:
        run: the run.
        changes: its plan.
        findings: of the same read.
        planned: who reaches whom once it is applied.
        begin: returns a run that applies exactly this plan or nothing, once it is given the cluster's name.
        line: what does the same in a shell.

    """

    run: Run
    changes: Plan
    findings: Findings
    planned: Reachability
    begin: Callable[[str], Run]
    line: str

    def sentence(self) -> str:
        """Return what it would do, and who reaches whom before and after it."""
        told = self.changes.summary()
        now = self.run.outcome.reachability.get(NOW)
        before = f"{now.reaching:,} of {now.pairs:,} → " if now else ""
        pairs = f"{before}{self.planned.reaching:,} of {self.planned.pairs:,} pairs of nodes reach each other"
        return f"{told[:1].upper()}{told[1:]}; {pairs}."

    def refusal(self) -> str:
        """Return why an apply would refuse it before the first write; "" when it would not."""
        try:
            refuse(self.changes, self.findings, self.changes.cluster, self.run.max_delete_percent)
        except BlockedError as err:
            return str(err)
        return ""

    def warnings(self) -> list[str]:
        """Return what an apply leaves out, and will end in an error for."""
        return [str(finding) for finding in self.findings.errors]

    def outdated(self, namespace: Mapping[str, Any]) -> str:
        """Return why it is not what the notebook is about any more; "" while it is.

        Args:
            namespace: the notebook's variables, as they are now.

        """
        again = "run the cells again, from Target on, and review what they show"
        held = [value for name, value in namespace.items() if not name.startswith("_")]
        if namespace and not any(value is self.run for value in held):
            return f"Target was run again since this plan was made; {again}"
        typed = self.run.typed
        edited = [name for name in typed if name in namespace and namespace[name] != typed[name]]
        if edited:
            changed = ", ".join(f"{name} is {namespace[name]!r} now, and was {typed[name]!r}" for name in edited)
            return f"parameters were edited since this plan was made ({changed}); {again}"
        rechosen = chosen_since(self.run.runbook)
        if rechosen:
            return f"another target was chosen since this plan was made ({', '.join(rechosen)}); {again}"
        try:
            self.run.check_fresh(self.changes)
        except ParameterError:
            return f"the network was read again since this plan was made; {again}"
        return ""
