"""The README shows what really happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from l2bridge_helpers.cli.exits import UNMET
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.parameters import PARAMETERS
from tests.notebooks.conftest import Run


@pytest.fixture
def blocks(root: Path) -> dict[str, str]:
    """The README's console blocks: command -> output."""
    text = (root / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"```console\n\$ (.+)\n((?:.*\n)*?)```", text)
    return dict(found)


def test_every_make_target_exists(blocks: dict[str, str], root: Path) -> None:
    """A target that the README names is one of the Makefile's."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?:`|\$ )make ([a-z]+)\b", (root / "README.md").read_text(encoding="utf-8"))
    assert {"runbook", "test", "lab"} <= set(targets)
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert "make runbook" in blocks


def test_the_list_of_worlds_is_real(blocks: dict[str, str]) -> None:
    """What the README prints is what the command prints."""
    (command,) = [command for command in blocks if command.endswith("lab --list")]
    done = subprocess.run(
        [sys.executable, "-m", "l2bridge_helpers.cli", *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == blocks[command]


def test_the_papermill_line_names_real_parameters(root: Path) -> None:
    """Each `-r name` is a parameter of the notebook."""
    text = (root / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"papermill notebooks/(\w+)\.ipynb (.*)`", text)
    assert lines
    for named, options in lines:
        given = re.findall(r"-r (\w+)", options)
        assert given
        assert set(given) <= {parameter.name for parameter in PARAMETERS[named]}


def test_the_lines_of_l2bridge_are_taken(blocks: dict[str, str], tmp_path: Path) -> None:
    """Each is understood, up to where a cluster or a journal is needed that is not there."""
    commands = [command for command in blocks if re.search(r"l2bridge (run|undo)\b", command)]
    assert len(commands) > 1
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "l2bridge_helpers.cli", *shlex.split(command)[1:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "PATH": os.defpath},
        )
        assert done.returncode == UNMET, done.stderr
        assert re.match(r"Error: (Kubernetes|Journal)Error: ", done.stderr), done.stderr


def test_the_drift_error_is_real(run_runbook: Run, root: Path) -> None:
    """A route that somebody deleted: the README's error, to the letter."""
    shown = re.search(r"^DriftError: .*$", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert shown is not None
    with Lab(world("gce-small")) as lab:
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        routes = lab.world.cloud("routes")
        routes[:] = [route for route in routes if not route["name"].startswith("l2b-lab-node-1-")]
        assert run_runbook(lab, mode="check").error == shown[0]
