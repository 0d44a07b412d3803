"""What a run does, as a line of the command `l2bridge` that does the same: to be pasted into a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.paths import is_file

if TYPE_CHECKING:
    from l2bridge_helpers.parameters import Parameter

JOB = "L2BRIDGE_FOLDER_FILE"
"""Variable that `l2bridge run` gives its kernel: the file into which a run writes the name of its folder."""
_STOP = "stop"
"""File beside it, which is there once the job was told to stop: a kernel hears no signal between two cells."""
_MODES = {"apply": "--apply", "check": "--check"}
_OPTIONS = {"confirm": "--confirm", "runs": "--runs"}
"""Parameters that have an option of their own."""
_ROOT = Path(__file__).resolve().parents[1]


def command_line(words: Iterable[str], known: Iterable[Parameter], values: Mapping[str, Any]) -> str:
    """Return the line: `l2bridge run gce -p project=shop --apply --confirm shop-prod`.

    Args:
        words: the subcommand and its arguments.
        known: the parameters that the runbook has; what equals its default is left out.
        values: what they are.

    """
    given = [one.name for one in known if values.get(one.name, one.default) != one.default]
    pairs = [word for name in given if name != "mode" and name not in _OPTIONS for word in _pair(name, values[name])]
    mode = [_MODES[values["mode"]]] if "mode" in given and values["mode"] in _MODES else []
    own = [word for name, option in _OPTIONS.items() if name in given for word in (option, str(values[name]))]
    return f"{_program()} {shlex.join([*words, *pairs, *mode, *own])}"


def from_any_folder(line: str) -> str:
    """Return the line so that it does the same from any folder; a job's own is given where the job was."""
    return line if JOB in os.environ else f"cd {shlex.quote(str(Path.cwd()))} && {line}"


def stop_file(told: Path) -> Path:
    """Return the file that says that a job is to stop, beside the one that its run writes."""
    return told.with_name(_STOP)


def is_job_stopped() -> bool:
    """Return whether the job that this process belongs to, if it does, was told to stop."""
    return JOB in os.environ and is_file(stop_file(Path(os.environ[JOB])))


def _pair(name: str, value: object) -> tuple[str, str]:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "-p", f"{name}={text}"


def _program() -> str:
    """Return the program of this environment, as short as a shell finds it."""
    beside = Path(sys.executable).with_name("l2bridge")
    found = shutil.which("l2bridge")
    if JOB in os.environ or not is_file(beside) or (found and Path(found).resolve() == beside.resolve()):
        return "l2bridge"
    here = beside.is_relative_to(_ROOT) and Path.cwd().is_relative_to(_ROOT)
    return shlex.quote(os.path.relpath(beside) if here else str(beside))
