"""deploy/README.md says what is so: files that are there, options that are taken, metrics that are written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from l2bridge_helpers import __version__
from l2bridge_helpers.cli import main
from l2bridge_helpers.cli.exits import FAILED, OK, UNMET, USAGE
from l2bridge_helpers.metrics import HELP

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "deploy" / "README.md").read_text()


def test_every_file_that_it_names_is_there() -> None:
    """By its path from the root."""
    named = set(re.findall(r"(?:deploy|l2bridge_helpers)/[\w./-]+\w", TEXT))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_commands_are_taken() -> None:
    """The file is not there: that is what is refused, no option before it."""
    (line,) = (line for line in TEXT.splitlines() if line.startswith("l2bridge "))
    words = shlex.split(line)[1:]
    at = words.index("--metrics") + 1
    done = CliRunner().invoke(main, [*words[: at - 1], *words[at + 1 :]])
    assert done.exit_code == USAGE
    assert "production.yaml" in done.output
    assert words[at].endswith(".prom")
    assert f"l2bridge:{__version__}" in TEXT


def test_every_metric_and_status_is_told() -> None:
    """And none that there is not."""
    assert set(re.findall(r"\bl2bridge_(?!helpers)\w+", TEXT)) - {"l2bridge_check"} == set(HELP)
    assert re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE) == [str(one) for one in (OK, FAILED, USAGE, UNMET)]
