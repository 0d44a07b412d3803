"""Runs as processes of their own, which a test may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from typing import Any

_PATIENCE = 60.0
"""Seconds for which a run may go on."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Child:
    """One run that is under way."""

    nursery: Nursery
    pid: int
    log: Path

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Return its exit status when it has ended: -9 when it was killed."""
        try:
            return int(self.nursery.ask(self.pid))
        except TimeoutError:
            self.send_signal(signal.SIGKILL)
            self.nursery.answer()
            raise TimeoutError(f"a run did not end in {_PATIENCE:.0f} s; it said:\n{self.said()}") from None

    def said(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


class Nursery:
    """Starts runs of one platform in processes that have everything imported."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        """Belong to a process; see `nursery`."""
        self._process = process
        self._folder = folder
        self._number = 0
        self.answer()

    def start(self, platform: str, parameters: dict[str, Any], **how: Any) -> Child:
        """Start a run; `how` is what `child` reads of a job beside it."""
        self._number += 1
        log = self._folder / f"{self._number}.log"
        job = {"platform": platform, "parameters": parameters, "log": str(log), **how}
        return Child(self, int(self.ask(job)), log)

    def ask(self, what: object) -> str:
        """Send one line, and return the one that is answered."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> str:
        """Return the next line."""
        assert self._process.stdout
        if not select([self._process.stdout], [], [], _PATIENCE)[0]:
            raise TimeoutError
        line = self._process.stdout.readline().decode().strip()
        assert line, "the nursery has ended"
        return line


@contextmanager
def nursery(platform: str) -> Iterator[Nursery]:
    """Give a nursery, which ends with the block."""
    command = [sys.executable, "-m", "tests.crashes.child", platform]
    with (
        TemporaryDirectory(prefix="l2bridge-crashes-") as folder,
        subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process,
    ):
        try:
            yield Nursery(process, Path(folder))
        finally:
            process.kill()  # it has nothing to put in order
