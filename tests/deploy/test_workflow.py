"""The GitHub workflow: fits GitHub's schema, asks for no permission too many, and names parameters that there are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from l2bridge_helpers.cli.given import from_options
from l2bridge_helpers.parameters import PARAMETERS

FILE = Path(__file__).resolve().parents[2] / "deploy" / "github" / "l2bridge-check.yml"
LINT = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows")


def job() -> dict[str, Any]:
    """Return the one job."""
    (found,) = yaml.safe_load(FILE.read_text())["jobs"].values()
    return dict(found)


def lint(path: Path) -> int:
    """Return how the linter ends; it reads its schema from its own package."""
    return subprocess.run([*LINT, str(path)], capture_output=True, timeout=60, check=False).returncode


def test_it_fits_githubs_schema(tmp_path: Path) -> None:
    """And one that does not is refused."""
    assert lint(FILE) == 0
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(FILE.read_text().replace("timeout-minutes:", "timeout-minuts:"))
    assert lint(wrong) == 1


def test_it_may_read_and_be_known_and_nothing_else() -> None:
    """No token that writes; none of a cloud's keys."""
    assert yaml.safe_load(FILE.read_text())["permissions"] == {}
    assert job()["permissions"] == {"contents": "read", "id-token": "write"}
    assert set(re.findall(r"secrets\.(\w+)", FILE.read_text())) == {"KUBECONFIG"}
    assert job()["timeout-minutes"] <= 60


def test_names_of_others_reach_the_shell_as_values() -> None:
    """An expression in a script would be run as one."""
    assert not [step for step in job()["steps"] if "${{" in step.get("run", "")]


def test_the_command_checks_with_parameters_that_there_are() -> None:
    """And the report is kept also when it fails."""
    (text,) = (step["run"] for step in job()["steps"] if step.get("name") == "Check")
    words = shlex.split(text.splitlines()[-1])
    assert words[:4] == ["l2bridge", "run", "gce", "--check"]
    from_options([value for flag, value in zip(words, words[1:], strict=False) if flag == "-p"], PARAMETERS["gce"])  # noqa: RUF007
    kept = job()["steps"][-1]
    assert kept["if"] == "always()"
    assert "upload-artifact" in kept["uses"]
