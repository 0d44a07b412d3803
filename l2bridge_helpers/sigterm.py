"""SIGTERM as an interruption, so that what has been begun is brought to its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from l2bridge_helpers.processes import Stopped


@contextmanager
def interrupted_by_sigterm(over: threading.Event) -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, unless somebody sees to it already; once, and not its cleaning up."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        if not over.is_set():
            signal.signal(number, signal.SIG_IGN)
            raise Stopped(number)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():  # nobody else may
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
