import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.by_hand import MANY, script

RECORDER = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word" >> "$RECORD"; done
printf '\\n' >> "$RECORD"
"""
ROUTE = (
    "gcloud compute routes create l2b-{name} --destination-range={cidr} --next-hop-instance={name} "
    '\'--description={{"cluster": "lab", "node": "{name}"}}\' && echo "made {name}" > /dev/null'
)


def carried_out(lines: Sequence[str], folder: Path) -> bytes:
    """Return what a POSIX shell calls when it is given the lines: the words of each command."""
    record = folder / "record"
    record.write_bytes(b"")
    for tool in ("gcloud", "az", "aws"):
        (folder / tool).write_text(RECORDER, encoding="utf-8")
        (folder / tool).chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "RECORD": str(record)}
    subprocess.run(["/bin/sh", "-eu"], input="\n".join(lines).encode(), env=environment, check=True, timeout=120)
    return record.read_bytes()


def routes(number: int) -> list[str]:
    """Return as many commands that differ in a few words."""
    return [ROUTE.format(name=f"node-{place}", cidr=f"10.{place}.0.0/24") for place in range(number)]


def test_a_function_and_its_lines_do_what_the_commands_do(tmp_path: Path) -> None:
    """A shell sees the same words in the same order, also where they are within quotes."""
    commands = routes(MANY + 5)
    lines = script(commands)
    assert len("\n".join(lines)) < len("\n".join(commands)) / 3
    assert carried_out(lines, tmp_path) == carried_out(commands, tmp_path) != b""


def test_few_commands_stay_as_they_are() -> None:
    """They can be read."""
    assert script(routes(MANY - 1)) == routes(MANY - 1)


def test_kinds_of_commands_keep_their_order(tmp_path: Path) -> None:
    """What comes first in a plan is done first: no command moves past one of another kind."""
    deletes = [f"gcloud compute routes delete old-{place} --quiet" for place in range(MANY)]
    commands = ["gcloud version", *routes(MANY), *deletes, "az account show"]
    lines = script(commands)
    assert [line for line in lines if line.endswith("() {")] == ["step_1() {", "step_2() {"]
    assert carried_out(lines, tmp_path) == carried_out(commands, tmp_path)


def test_a_step_that_is_no_command_is_never_a_function() -> None:
    """It is told to people."""
    steps = [f"correct spec.podCIDRs of node-{place}" for place in range(MANY)]
    assert script(steps) == steps


def test_what_the_name_of_a_node_is_part_of_is_one_parameter() -> None:
    """Not `node-1 node-1.yaml`: the shorter a line is, the easier it is to review."""
    commands = [f"gcloud compute instances export node-{n} --destination=node-{n}.yaml" for n in range(MANY)]
    assert script(commands)[-1] == f"step_1 node-{MANY - 1}"
    assert script(commands)[2] == '  gcloud compute instances export "$1" --destination="$1".yaml'


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.text("ab-_.19", min_size=1)] * 3), min_size=MANY, max_size=MANY))
def test_any_names_are_put_in_where_they_were(names: list[tuple[str, str, str]]) -> None:
    """Whatever they have in common, and whatever quotes they stand in: all of them, and each as often as before."""
    commands = [f'az nic update x --ids=/a/{one} --tags \'{{"a": "{two}"}}\' "{three}"' for one, two, three in names]
    with TemporaryDirectory() as folder:
        assert carried_out(script(commands), Path(folder)) == carried_out(commands, Path(folder))


@pytest.mark.parametrize("hostile", ["$(reboot)", "`reboot`", "a b", "'; reboot; '", "é"])
def test_a_name_that_a_shell_would_read_stays_in_its_command(hostile: str) -> None:
    """Only letters, digits, dots, dashes and underscores are taken out of a command."""
    commands = [f"gcloud compute routes delete 'old-{place}{hostile}' --quiet" for place in range(MANY)]
    calls = [line for line in script(commands) if line.startswith("step_")]
    assert not any(letter in line for letter in "$`';é" for line in calls[1:])
