"""What the command `l2bridge lab` does."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from inspect import signature
from pathlib import Path
from typing import Any, TextIO

from l2bridge_helpers.command_line import command_line
from l2bridge_helpers.lab.catalogue import world as named_world
from l2bridge_helpers.lab.catalogue import worlds
from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.lab import Lab
from l2bridge_helpers.lab.record import Request
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds.aws_load import load_aws_world, load_bare_metal_world
from l2bridge_helpers.lab.worlds.azure_load import load_azure_world
from l2bridge_helpers.lab.worlds.load import load_gce_world
from l2bridge_helpers.parameters import PARAMETERS

_LOADERS: dict[str, tuple[tuple[str, ...], Callable[..., World]]] = {
    "gce": (("nodes", "instances"), load_gce_world),
    "aws": (("nodes", "instances", "network_interfaces"), load_aws_world),
    "azure": (("nodes", "network_interfaces"), load_azure_world),
    "bare_metal": (("nodes",), load_bare_metal_world),
}


def show_worlds() -> None:
    """Print the worlds, a line each."""
    described = worlds() | dict.fromkeys(_LOADERS, "a copy of your own cluster, from files (see --help)")
    width = max(map(len, described))
    for name, description in described.items():
        print(f"{name:{width}}  {description}")


def choose(name: str, given: dict[str, Any]) -> World:
    """Return the world of this name, or the one that is made from the files given.

    Raises:
        LabError: the world does not exist, or what was given does not fit it.

    """
    if name not in _LOADERS:
        if given:
            worlds_of_files = " or ".join(f"`l2bridge lab {platform} ...`" for platform in _LOADERS)
            raise LabError(f"{_options(given)} can only be used with a world from files: {worlds_of_files}")
        return named_world(name)
    needed, load = _LOADERS[name]
    missing = [need for need in needed if need not in given]
    if missing:
        text = " and ".join(filter(None, (_options(missing[:-1]), _options(missing[-1:]))))
        raise LabError(f"world {name} needs {text}; `l2bridge lab --help` says how to collect them")
    unused = sorted(given.keys() - signature(load).parameters.keys())
    if unused:
        raise LabError(f"{_options(unused)} cannot be used with the world {name}; `l2bridge lab --help` says what can")
    return load(**given)


def _options(names: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def serve(chosen: World, *, folder: Path | None, port: int, kubernetes_port: int, log: Path | None) -> None:
    """Serve a world and print how to use it, until SIGINT or SIGTERM.

    Raises:
        LabError: a port or a file cannot be used.

    """
    stop = threading.Event()
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, lambda *_: stop.set()))
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
    line = command_line(("run", lab.platform), PARAMETERS[lab.platform], lab.parameters)
    return "\n".join(
        [
            f"world       {lab.world.name}: {lab.world.description}",
            f"nodes       {len(lab.world.nodes)}",
            f"endpoint    {lab.endpoint}",
            f"kubeconfig  {lab.kubeconfig}",
            "",
            line,
            "",
            "Ctrl-C stops it.",
        ]
    )
