"""Which process something is from, so that it can be said for sure that it is dead.

A host's name does not say which machine it is, and a number not which process: both are given again. What says it is
the kernel's boot, the process namespace, the number, and when the process started. Where one of them cannot be read
(not Linux), nothing is said, and nobody is taken for dead.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_STARTED = 19
"""Place of `starttime` after the command's name in /proc/PID/stat, see proc(5)."""


def process_mark() -> str:
    """Return the mark of this process, "" where there is none."""
    place, started = _place(), _started(os.getpid())
    return f"{place}/{os.getpid()}/{started}" if place and started else ""


def surely_dead(mark: str) -> bool:
    """Return whether the process of a mark has lived on this machine, where we would see it, and lives no more."""
    place, _, rest = mark.partition("/")
    number, _, started = rest.partition("/")
    if not place or place != _place() or not number.isascii() or not number.isdecimal() or int(number) <= 1:
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    seen = _started(int(number))
    return bool(seen and started) and seen != started


def _place() -> str:
    """Return what the numbers of processes are unique in: this boot of this kernel, and the namespace."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = (_PROC / "self/ns/pid").stat().st_ino
    except (OSError, ValueError):
        return ""
    return f"{boot}:{namespace}" if boot else ""


def _started(number: int) -> str:
    try:
        fields = (_PROC / str(number) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return fields[_STARTED]
    except (OSError, IndexError):
        return ""
