"""One world that runs are made in, and killed: what must hold after each crash."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from l2bridge_helpers.journal import Journal, JournalRow
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.record import Request
from tests.crashes.differences import differences, unnamed
from tests.crashes.nursery import Child, Nursery
from tests.crashes.scenarios import Scenario

Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, Moment] = ("before", "after")
KILLED = -9
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of an unforgeable name is made in it
"""Where files are written without waiting for a disk: what a killed process has written outlives it there, too."""
_SETTLED = 0.5
_FIRST = re.compile(r"run (\S+) has done this since; put back that run first")
_ADVISED = 3
"""How often an undo may say that another one has to come first."""
_IN_ORDER: set[tuple[str, str]] = set()
"""Scenarios, each with a state of its world that `check` has found nothing wrong with."""
_TOLD = 900
"""Characters of what a run has said, its last, that a problem shows."""


@dataclass
class Killer:
    """Kills a process at one boundary of the lab: the change that arrives as the `number`-th, from 1 on.

    Attributes:
        signal: what it is sent; after another one than SIGKILL the request goes on its way.
        at: which request that was.

    """

    number: int
    moment: Moment
    signal: int = signal.SIGKILL
    at: str = ""
    child: Child | subprocess.Popen[bytes] | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    arrived: int = 0
    under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: dict[int, int] = field(default_factory=dict)

    def aim(self, child: Child | subprocess.Popen[bytes]) -> None:
        """Say whom to kill; requests wait until then."""
        self.child = child
        self.ready.set()

    def __call__(self, request: Request, moment: Moment) -> bool:
        """Kill if this is the boundary; return whether to hang up."""
        self.ready.wait()
        with self.lock:
            if moment == "before":
                self.arrived += 1
                self.under_way += 1
                self.numbers[id(request)] = self.arrived
            strikes = (self.numbers[id(request)], moment) == (self.number, self.moment)
            hangs_up = strikes and self.signal == signal.SIGKILL
            self.under_way -= moment == "after" or hangs_up
            if strikes and self.child:
                self.at = f"{request.action or request.method} {request.path}"
                self.child.send_signal(self.signal)
        return hangs_up

    def settle(self) -> None:
        """Wait for the changes that others of the process's threads have sent before it was killed."""
        deadline = time.monotonic() + _SETTLED  # one that trouble has struck is never heard of again
        while self.under_way and time.monotonic() < deadline:
            time.sleep(0.002)


class Site:
    """A scenario's lab with a folder of runs.

    Attributes:
        lab: the lab.
        folder: where the runs are.
        start: the world before anything was tried.

    """

    def __init__(self, scenario: Scenario, lab: Lab, nursery: Nursery, folder: Path) -> None:
        """Make the scenario's world of the lab's."""
        self.lab = lab
        self.folder = folder / "runs"
        self._scenario = scenario
        self._nursery = nursery
        self._old: set[str] = set()
        scenario.set_up(lab, lambda: self._first(folder / "first"))
        self.start = self.state()

    def _first(self, folder: Path) -> None:
        child = self.run(runs=str(folder), lease_namespace="")
        assert child.wait() == 0, child.said()

    def state(self) -> str:
        """Return the world, without what clouds count themselves."""
        return self.lab.snapshot(counters=False)

    def parameters(self, mode: str = "apply") -> dict[str, Any]:
        """Return the runbook's parameters here."""
        given = {**self.lab.parameters, **self._scenario.parameters, "runs": str(self.folder), "lock_timeout": 10}
        return {**given, "mode": mode, "confirm": self.lab.parameters["cluster"] if mode == "apply" else ""}

    def run(
        self,
        mode: str = "apply",
        *,
        undoes: str | None = None,
        lanes: int = 0,
        patience: float = 0.0,
        file_bytes: int = 0,
        **changed: Any,
    ) -> Child:
        """Start a run.

        Args:
            mode: the runbook's.
            undoes: the run that it puts back; None: it is a run of the runbook.
            lanes: so many changes may be under way at once; 0: as many as the platform bears.
            patience: seconds to wait for an answer; 0: as many as the adapters wait.
            file_bytes: how long a file may become, as if the disk were full then; 0: any length.
            changed: other parameters of the runbook.

        """
        given = self.parameters(mode) | changed
        how = {"undoes": undoes, "lanes": lanes, "patience": patience, "file_bytes": file_bytes}
        return self._nursery.start(self._scenario.platform, given, **how)

    def kill(self, number: int, moment: Moment, **how: Any) -> str:
        """Make a run and kill it at a boundary; return which request that was, "" when the run ended well before."""
        killer = Killer(number, moment)
        self.lab.on_boundary(killer)
        child = self.run(**how)
        killer.aim(child)
        status = child.wait()
        killer.settle()
        self.lab.on_boundary(None)
        assert status == (KILLED if killer.at else 0), (
            f"status {status} at {killer.at or 'no boundary'}: {child.said()}"
        )
        return killer.at

    def whole(self) -> str:
        """Make a run to its end, and return its name."""
        child = self.run()
        assert child.wait() == 0, child.said()
        return self.runs()[0]

    def begin(self) -> None:
        """Begin a round: the runs until now are no part of it."""
        self._old = set(self._names())

    def runs(self) -> list[str]:
        """Return the names of this round's runs that the journal knows, newest first."""
        return [name for name in self._names() if name not in self._old]

    def _names(self) -> list[str]:
        with closing(self.journal()) as journal:
            return [one.run for one in journal.runs(self.lab.parameters["cluster"])]

    def rows(self) -> list[JournalRow]:
        """Return the journal's rows of this round's runs."""
        with closing(self.journal()) as journal:
            return [row for run in reversed(self.runs()) for row in journal.rows(run)]

    def journal(self) -> Journal:
        """Open the journal."""
        self.folder.mkdir(exist_ok=True)
        return Journal.open(f"sqlite:///{self.folder / 'journal.db'}")

    def unnamed(self) -> Iterator[str]:
        """Give what has changed since the start of the world, and is not named by the journal."""
        rows = self.rows()
        for place in unnamed(differences(self.start, self.state()), rows):
            yield f"the journal does not name {place}"

    def finish(self) -> Iterator[str]:
        """Run again, and check; give what is wrong."""
        yield from _failure("the run after it", self.run())
        yield from self.checked()

    def checked(self) -> Iterator[str]:
        """Give what a run in `check` mode finds out of place, or changes; what was in order is not checked again."""
        state = (repr(self._scenario), self.state())
        if state in _IN_ORDER:
            return
        writes = len(self.lab.writes)
        found = list(_failure("check", self.run("check")))
        if len(self.lab.writes) != writes:
            found.append("check has written")
        if not found:
            _IN_ORDER.add(state)
        yield from found

    def put_back(self, runs: Sequence[str] | None = None) -> Iterator[str]:
        """Undo runs, all of this round if none are named, the newest first; give what is not as it was."""
        given = list(self.runs() if runs is None else runs)
        later = [run for run in given if not self._undo(run)]
        for run in later:  # what one run has changed may stand on what an older one has: both may say so
            self.run(undoes=run, skip_conflicts=True).wait()
        for run in later:
            yield from _failure(f"undo of {run}", self.run(undoes=run))
        yield from self.changed()

    def _undo(self, run: str, advised: int = _ADVISED) -> bool:
        """Undo a run, and before it those that its error names; return whether that went well."""
        child = self.run(undoes=run)
        if not child.wait():
            return True
        first = sorted(set(_FIRST.findall(child.said())), reverse=True)
        return bool(advised and first) and all(self._undo(one, advised - 1) for one in first) and self._undo(run, 0)

    def changed(self) -> Iterator[str]:
        """Give what is not as it was at the start."""
        state = self.state()
        if state != self.start:
            yield "not put back byte for byte: " + ", ".join(differences(self.start, state))


def _failure(what: str, child: Child) -> Iterator[str]:
    if status := child.wait():
        yield f"{what} ended with status {status}: {child.said()[-_TOLD:]}"


@contextmanager
def site(scenario: Scenario, nursery: Nursery) -> Iterator[Site]:
    """Give a new site of a scenario."""
    place = str(_MEMORY) if _MEMORY.is_dir() else None
    with Lab(world(scenario.world)) as lab, TemporaryDirectory(prefix="l2bridge-runs-", dir=place) as folder:
        yield Site(scenario, lab, nursery, Path(folder))
