"""What is wrong or worth knowing, as data: how bad, about what, what it means, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from typing import Literal

import pandas as pd

Severity = Literal["blocking", "error", "warning"]
_ORDER = {"blocking": 0, "error": 1, "warning": 2}


@dataclass(frozen=True)
class Finding:
    """One finding; the fields are the table's columns, in their order.

    Attributes:
        severity: `blocking` stops `apply` before the first write; `error` lets it serve the other nodes and then fails
            the run; `warning` is to be known.
        object: the node, resource or parameter, by name.
        found: what was found there, with the value.
        meaning: why that matters.
        todo: what to do about it.

    """

    severity: Severity
    object: str
    found: str
    meaning: str
    todo: str

    def __str__(self) -> str:
        """Return the finding in one sentence."""
        return f"{self.object} {self.found}; {self.todo}"


COLUMNS = tuple(field.name for field in fields(Finding))


@dataclass(frozen=True)
class Findings:
    """All findings of one read, the worst first, otherwise in the order of the checks."""

    items: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, found: Iterable[Finding]) -> Findings:
        """Collect and sort."""
        return cls(tuple(sorted(found, key=lambda finding: _ORDER[finding.severity])))

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the findings, the worst first."""
        return iter(self.items)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.items)

    def of_severity(self, severity: Severity) -> tuple[Finding, ...]:
        """Return those of one severity."""
        return tuple(finding for finding in self.items if finding.severity == severity)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Those that stop `apply` before the first write."""
        return self.of_severity("blocking")

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that fail the run after the other nodes were served."""
        return self.of_severity("error")

    def table(self) -> pd.DataFrame:
        """Return one row per finding; columns as in `Finding`."""
        return pd.DataFrame([astuple(finding) for finding in self.items], columns=pd.Index(COLUMNS), dtype=object)

    def summary(self) -> str:
        """Return the counts in a sentence."""
        counts = [(len(self.of_severity(severity)), severity) for severity in _ORDER]  # type: ignore[arg-type]
        told = [f"{number} {severity}{_plural(severity, number)}" for number, severity in counts if number]
        return ", ".join(told) if told else "nothing is wrong"


def _plural(severity: str, number: int) -> str:
    return "" if number == 1 or severity == "blocking" else "s"


def names_of(names: Iterable[str]) -> str:
    """Return the names for a sentence, each once, all of them: who repairs things at night needs the whole list."""
    return ", ".join(dict.fromkeys(names))


def nodes_called(names: Iterable[str]) -> str:
    """Return `node a`, or `nodes a, b`."""
    each = names_of(names)
    return f"nodes {each}" if ", " in each else f"node {each}"
