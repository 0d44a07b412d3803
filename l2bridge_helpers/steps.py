"""The sections of a run, which go to the notebook and to the report, and the folder of the files that it leaves."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from l2bridge_helpers.command_line import JOB
from l2bridge_helpers.errors import DataError, ParameterError
from l2bridge_helpers.files import write_file
from l2bridge_helpers.journal_records import os_user
from l2bridge_helpers.moment import now
from l2bridge_helpers.report import report
from l2bridge_helpers.report_head import head_of
from l2bridge_helpers.show import shown
from l2bridge_helpers.stage import Cell, Stage

SCHEMA = 1


class Steps(ABC):
    """What all runs have in common.

    Attributes:
        folder: where this run's files are.
        started: when it began.
        stage: where it shows what it does.

    """

    def __init__(self, folder: Path) -> None:
        """Begin now, without sections."""
        self.folder = folder
        self.started = now()
        self.stage: Stage = Cell()
        self._sections: dict[str, str] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Open a section of the run; opened again, it begins anew.

        An error inside it is written to the run's files before it goes on its way.
        """
        step = Step(self, name)
        self.stage.begin(name)
        try:
            yield step
        except BaseException as err:  # also Ctrl-C: the run's files always say how it ended
            self._sections[name] = "".join(step.html)
            self.write_anyway(f"{name}: {str(err) or type(err).__name__}")
            raise
        self._sections[name] = "".join(step.html)

    def write_anyway(self, error: str) -> None:
        """Write the run's files; that they cannot be written must not hide why the run ends."""
        try:
            self.write("failed", error)
        except DataError as err:
            self.stage.say(f"this run's files are not complete: {err}")

    @abstractmethod
    def record(self, value: object) -> None:
        """Keep a step's value for the run's files."""

    def is_reviewed(self, value: object) -> bool:
        """Return whether a person sees a value's table beside it, so that it need not stand open twice."""
        del value
        return False

    @abstractmethod
    def write(self, status: str, error: str) -> None:
        """Write the run's files."""

    def undo(self) -> dict[str, str]:
        """Return how to put back what this run has changed, as label -> value."""
        return {}

    def save(self, document: Mapping[str, Any], *, title: str, verdict: str, failed: bool, **facts: object) -> None:
        """Write `result.json`, with who ran it, when it began and ended, and `report.html`; see `head_of`.

        Raises:
            DataError: they cannot be written.

        """
        about = {"user": os_user(), "run": self.folder.name, "started": self.started, "finished": now()}
        whole = {"schema": SCHEMA, **document, **about}
        write_file(self.folder / "result.json", json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
        head = head_of(whole, title=title, verdict=verdict, failed=failed, back=self.undo())
        head = replace(head, facts={**head.facts, **facts})
        write_file(self.folder / "report.html", report(head, list(self._sections.items())))


class Step:
    """One section of a run: what it shows goes to the notebook and to the report."""

    def __init__(self, run: Steps, name: str) -> None:
        """Belong to a run."""
        self._run = run
        self._name = name
        self.html: list[str] = []

    def show(self, value: object) -> None:
        """Display a value, and keep it for the run's files."""
        self._run.record(value)
        both = shown(value)
        self.html.append(both.html)
        self._run.stage.show(self._name, both, folded=self._run.is_reviewed(value))


def make_folder(runs: str, cluster: str, runbook: str) -> Path:
    """Make `<runs>/<utc>-<cluster>-<runbook>`, with a number behind it when that is taken.

    Raises:
        ParameterError: it cannot be made.

    """
    name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in cluster)[:60]
    base = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{runbook}"
    try:
        Path(runs).mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            folder = Path(runs) / (base if number == 1 else f"{base}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            if JOB in os.environ:
                write_file(Path(os.environ[JOB]), str(folder))
            return folder
    except OSError as err:
        raise ParameterError(
            f"parameter runs: {runs!r} cannot hold this run's folder ({err}); give a folder that you may write to"
        ) from err
    raise ParameterError(f"parameter runs: {runs!r} holds too many runs of this second; give another folder")
