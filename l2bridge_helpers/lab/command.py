"""What the command `l2bridge lab` does."""

from __future__ import annotations

import json
import shlex
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from l2bridge_helpers.lab.catalogue import world as named_world
from l2bridge_helpers.lab.catalogue import worlds
from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.lab import Lab
from l2bridge_helpers.lab.record import Request
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.load import load_gce_world

_FROM_FILES = "gce"
_NEEDED = ("nodes", "instances")


def show_worlds() -> None:
    """Print the worlds, a line each."""
    described = worlds() | {_FROM_FILES: "a copy of your own cluster, from files (see --help)"}
    width = max(map(len, described))
    for name, description in described.items():
        print(f"{name:{width}}  {description}")


def choose(name: str, given: dict[str, Any]) -> World:
    """Return the world of this name, or the one that is made from the files given.

    Raises:
        LabError: the world does not exist, or what was given does not fit it.

    """
    if name == _FROM_FILES:
        missing = [f"--{need}" for need in _NEEDED if need not in given]
        if missing:
            raise LabError(f"world gce needs {' and '.join(missing)}; `l2bridge lab --help` says how to collect them")
        return load_gce_world(**given)
    if given:
        options = ", ".join(f"--{option.replace('_', '-')}" for option in given)
        raise LabError(f"{options} can only be used with the world gce: `l2bridge lab gce ...`")
    return named_world(name)


def serve(chosen: World, *, folder: Path | None, port: int, kubernetes_port: int, log: Path | None) -> None:
    """Serve a world and print how to use it, until SIGINT or SIGTERM.

    Raises:
        LabError: a port or a file cannot be used.

    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        lines = stack.enter_context(_open(log)) if log else None
        lab = stack.enter_context(
            Lab(
                chosen,
                folder=folder,
                port=port,
                kubernetes_port=kubernetes_port,
                on_request=lambda request: _write(lines, request),
            )
        )
        print(_instructions(lab), flush=True)
        stop.wait()


def _open(log: Path) -> TextIO:
    try:
        return log.open("w", encoding="utf-8")
    except OSError as err:
        raise LabError(f"--log {log} cannot be written ({err.strerror}); choose another file") from err


def _write(lines: TextIO | None, request: Request) -> None:
    if lines is not None:
        lines.write(json.dumps(request.as_dict()) + "\n")
        lines.flush()


def _instructions(lab: Lab) -> str:
    parameters = " ".join(f"-p {name} {shlex.quote(value)}" for name, value in lab.parameters.items())
    return "\n".join(
        [
            f"world       {lab.world.name}: {lab.world.description}",
            f"nodes       {len(lab.world.nodes)}",
            f"endpoint    {lab.endpoint}",
            f"kubeconfig  {lab.kubeconfig}",
            "",
            f"papermill notebooks/{lab.platform}.ipynb out.ipynb {parameters} -p mode plan",
            "",
            "Ctrl-C stops it.",
        ]
    )
