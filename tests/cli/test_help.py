"""What the command says of itself, and that saying it waits for nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from l2bridge_helpers.cli import _COMMANDS, main
from l2bridge_helpers.cli.exits import FAILED, UNMET, USAGE, status_of
from l2bridge_helpers.notebooks import NAMES, parameters
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.question import QUESTION
from l2bridge_helpers.undo_choice import UNDO

_SLOW = ("pandas", "numpy", "IPython", "papermill", "kubernetes", "sqlalchemy", "yaml")


def test_help_imports_nothing_slow() -> None:
    """It is read by people who wait for it, and by shells at each press of Tab."""
    code = f"""
import sys
from click.testing import CliRunner
from l2bridge_helpers.cli import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
print([name for name in {_SLOW!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_subcommand_has_help(name: str) -> None:
    """And is there."""
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "Usage: " in done.output


def test_a_shell_completes_names() -> None:
    """By click's own means; the script is made by `_L2BRIDGE_COMPLETE=bash_source l2bridge`."""
    words = {"_L2BRIDGE_COMPLETE": "bash_complete", "COMP_WORDS": "l2bridge run b", "COMP_CWORD": "2"}
    code = "from l2bridge_helpers.cli import main; main(prog_name='l2bridge')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **words}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["plain,bare_metal"]


@pytest.mark.parametrize("name", NAMES)
def test_the_list_tells_every_parameter(name: str) -> None:
    """As the notebook's own cell does, which the rules know."""
    known = {"undo": UNDO, "explain": QUESTION, **PARAMETERS}[name]
    done = CliRunner().invoke(main, ["list", name])
    assert done.exit_code == 0
    assert {line.name for line in parameters(name)} == {one.name for one in known}
    assert all(f"{one.name}: " in done.output for one in known)
    assert all(line.help for line in parameters(name))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("DriftError", FAILED),
        ("ApplyError", FAILED),
        ("VerifyError", FAILED),
        ("ParameterError", USAGE),
        ("BlockedError", UNMET),
        ("LockError", UNMET),
        ("CredentialsError", UNMET),
        ("KubernetesError", UNMET),
        ("KeyboardInterrupt", FAILED),
        ("ZeroDivisionError", FAILED),
    ],
)
def test_statuses(error: str, status: int) -> None:
    """What is not ours is a failure, and never `as asked`."""
    assert status_of(error) == status
