"""Leave no process behind, whatever ends us: success, an error, Ctrl-C, SIGTERM, SIGHUP, the end of make."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

POLL_SECONDS = 0.25
GRACE_SECONDS = 5.0


class Stopped(KeyboardInterrupt):
    """A signal asked us to end; `status` is the exit status that says so (128 + signal)."""

    def __init__(self, number: int) -> None:
        """Remember which signal it was."""
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def no_process_left() -> Iterator[None]:
    """Raise `Stopped` where a signal arrives; end every child process on the way out. For the main thread."""
    handlers = {number: signal.signal(number, _stop) for number in _signals()}
    if "MAKELEVEL" in os.environ:
        threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    try:
        yield
    finally:
        _ignore_signals()
        end(psutil.Process().children(recursive=True))
        for number, handler in handlers.items():
            signal.signal(number, handler)


def end(processes: list[psutil.Process]) -> None:
    """Terminate the processes; kill those that are still there after a few seconds."""
    for process in processes:
        send(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in alive:
        send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)


def send(process: psutil.Process, number: int) -> None:
    """Send a signal; a process that is gone needs none."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _signals() -> list[int]:
    """Return the signals that end us; under nohup SIGHUP is ignored, and stays so."""
    hangup_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if hangup_ignored else [signal.SIGHUP])]


def _stop(number: int, _frame: FrameType | None) -> None:
    _ignore_signals()  # a second Ctrl-C must not interrupt the cleaning up
    raise Stopped(number)


def _ignore_signals() -> None:
    for number in _signals():
        signal.signal(number, signal.SIG_IGN)


def _follow(make: int) -> None:
    """End with the make that started us: on SIGINT or SIGHUP it stops catching them, and waits for us."""
    before = _caught(make)
    while os.getppid() == make and not before & ~_caught(make):
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _caught(pid: int) -> int:
    """Return which of SIGINT and SIGHUP the process catches, as a bit mask; 0 where there is no /proc."""
    both = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGHUP - 1)
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    masks = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return both & int(masks[0], 16) if masks else 0
