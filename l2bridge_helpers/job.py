"""One headless run of a runbook, as a job needs it: signals are heard, the notebook is kept, the end is told."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import psutil

from l2bridge_helpers.command_line import JOB, stop_file
from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.headless import NotebookError, hide_paths, jupyter_apart, run_notebook
from l2bridge_helpers.notebooks import notebook
from l2bridge_helpers.processes import end, send

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        error: the class of the error that ended it; "": none.
        text: what that error says.
        folder: the run's folder; None: it ended before it had one.
        executed: the executed notebook; None without a folder: it would say nothing that the error does not.
        result: what `result.json` holds; empty without a folder.

    """

    error: str
    text: str
    folder: Path | None
    executed: Path | None
    result: Mapping[str, Any] = field(default_factory=dict)


def run_job(runbook: str, parameters: Mapping[str, Any], *, said: TextIO) -> Ended:
    """Run a runbook's notebook to its end; Ctrl-C and SIGTERM end it between two changes, with its files written.

    Args:
        runbook: its name.
        parameters: all that differ from the notebook's defaults, already checked.
        said: where the lines go that the run says on the way.

    Raises:
        ParameterError: the folder `runs` cannot hold the run.
        DataError: the notebook is not there.

    """
    source, runs = notebook(runbook), Path(parameters["runs"])
    try:
        runs.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".running-", dir=runs))
    except OSError as err:
        raise ParameterError(
            f"parameter runs: {str(runs)!r} cannot hold this run's folder ({err}); give a folder that you may write to"
        ) from err
    executed, told = scratch / source.name, scratch / "folder"
    try:
        error = _run(source, executed, parameters, told, said)
        folder = Path(told.read_text(encoding="utf-8")) if told.is_file() else None
        kept = _keep(executed, folder) if folder else None
    finally:
        for path in scratch.iterdir():
            path.unlink()
        scratch.rmdir()
    return Ended(error.name if error else "", error.text if error else "", folder, kept, _result(folder))


def _run(source: Path, executed: Path, parameters: Mapping[str, Any], told: Path, said: TextIO) -> NotebookError | None:
    """Run it in a thread: the main thread is the one that hears signals."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            run_notebook(source, executed, parameters, said=said)
        except BaseException as err:  # noqa: BLE001 - raised again where it is waited for
            errors.append(err)

    with jupyter_apart(**{JOB: str(told.resolve())}), _passed_on(stop_file(told)):
        thread = threading.Thread(target=work, name="notebook")
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
    for err in errors:
        if isinstance(err, NotebookError):
            return err
        if not stop_file(told).is_file() or told.is_file():
            raise err
        return NotebookError("KeyboardInterrupt", "stopped before the run began, nothing was sent")
    return None


@contextmanager
def _passed_on(stop: Path) -> Iterator[None]:
    """Pass signals on to the kernel as Ctrl-C, which ends its run in order; a second one ends everything at once.

    A kernel that starts, or stands between two cells, hears nothing: the file tells the run before it sends a change.
    """
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            end(psutil.Process().children(recursive=True))
            raise KeyboardInterrupt
        print(f"{signal.Signals(number).name}: what is under way is finished, nothing more is sent", file=sys.stderr)
        stop.touch()
        for child in psutil.Process().children():
            send(child, signal.SIGINT)

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep(executed: Path, folder: Path) -> Path:
    """Move the executed notebook to the run's files."""
    hide_paths(executed, executed.name)
    return executed.replace(folder / executed.name)


def _result(folder: Path | None) -> Mapping[str, Any]:
    path = folder / "result.json" if folder else None
    if path is None or not path.is_file():
        return {}
    read: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
