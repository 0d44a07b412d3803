import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

# What the scripts use; a PATH of these alone has no Python, so a test says which ones there are.
TOOLS = [
    "sh",
    "cat",
    "chmod",
    "cksum",
    "cp",
    "diff",
    "dirname",
    "echo",
    "flock",
    "make",
    "mktemp",
    "mkdir",
    "rm",
    "sed",
]

# A Python that notes what it is asked for. Its venv gives a .venv with a Python that does the same.
PYTHON = """\
#!/bin/sh
echo "{name} $*" >>"$LOG"
case "$*" in
"-c "*) exit {too_old} ;;
"-m venv .venv") [ {venv} = yes ] || exit 1 ;;
"-m virtualenv "*) [ {virtualenv} = yes ] || exit 1 ;;
"-m pip "*) exit "${{PIP_FAILS:-0}}" ;;
"-V") echo "Python 3.12.0"; exit ;;
esac
mkdir -p .venv/bin
sed -e 's/^echo "[^ ]*/echo "made/' "$0" >.venv/bin/python
chmod +x .venv/bin/python
"""


class Machine:
    """A copy of the tree's scripts, and a machine on which only some Pythons are installed."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Copy the scripts; install the tools that they use."""
        self.tree, self.bin, self.log = folder / "a tree", folder / "bin", folder / "log"
        for name in ("Makefile", "requirements.txt", "pyproject.toml", ".ci"):
            copy = shutil.copytree if (root / name).is_dir() else shutil.copy
            self.tree.mkdir(exist_ok=True)
            copy(root / name, self.tree / name)
        self.bin.mkdir()
        for tool in TOOLS:
            path = shutil.which(tool)
            if path:
                (self.bin / tool).symlink_to(path)

    def install(self, name: str, *, venv: bool = True, virtualenv: bool = False, works: bool = True) -> None:
        """Install a Python that has these modules; without `works`, it fails as a broken shim does."""
        words = {"venv": "yes" if venv else "no", "virtualenv": "yes" if virtualenv else "no"}
        text = PYTHON.format(name=name, too_old=0 if works else 1, **words)
        (self.bin / name).write_text(text, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def make(self, *arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Run make on this machine."""
        env |= {"PATH": str(self.bin), "LOG": str(self.log)}
        command = [str(self.bin / "make"), *arguments]
        return subprocess.run(
            command, cwd=cwd or self.tree, env=env, capture_output=True, text=True, timeout=60, check=False
        )

    def calls(self, what: str) -> list[str]:
        """What the Pythons were asked for since the last time, as far as it holds these words."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if what in line]


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return Machine(tmp_path, root)


def test_the_newest_python_that_works_is_taken(machine: Machine) -> None:
    """A command that is there but fails, as pyenv leaves them, is passed over."""
    machine.install("python3.13", works=False)
    machine.install("python3.12")
    machine.install("python3")
    done = machine.make("environment")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "making .venv with Python 3.12.0: about 1 minute, once\n"
    assert machine.calls("venv") == ["python3.12 -m venv .venv"]


def test_a_python_without_venv_uses_virtualenv(machine: Machine) -> None:
    """Debian's python3 has no venv until it is installed."""
    machine.install("python3", venv=False, virtualenv=True)
    assert machine.make("environment").returncode == 0
    assert machine.calls("venv") == ["python3 -m venv .venv", "python3 -m virtualenv --quiet .venv"]


def test_another_python_is_tried_when_the_first_has_neither(machine: Machine) -> None:
    """Every Python that is there is tried before we give up."""
    machine.install("python3.13", venv=False)
    machine.install("python3")
    assert machine.make("environment").returncode == 0
    assert machine.calls("-m venv")[-1] == "python3 -m venv .venv"


def test_neither_venv_nor_virtualenv_is_an_error(machine: Machine) -> None:
    """The error names the Pythons that were found, and what to install; nothing half made stays."""
    machine.install("python3.11", venv=False)
    done = machine.make("environment")
    assert done.returncode != 0
    assert "found python3.11, but neither venv nor virtualenv works" in done.stderr
    assert "python3-venv" in done.stderr
    assert not (machine.tree / ".venv").exists()


def test_no_python_is_an_error(machine: Machine) -> None:
    """The error says which one is needed."""
    machine.install("python3", works=False)
    done = machine.make("environment")
    assert done.returncode != 0
    assert "found no Python 3.11 or newer" in done.stderr


def test_a_python_can_be_named(machine: Machine) -> None:
    """`make PYTHON=...` comes before what is found."""
    machine.install("python3.13")
    machine.install("mine")
    assert machine.make("environment", "PYTHON=mine").returncode == 0
    assert machine.calls("-m venv") == ["mine -m venv .venv"]


def test_the_environment_is_reused(machine: Machine) -> None:
    """The second run says nothing and installs nothing."""
    machine.install("python3")
    assert machine.make("environment").returncode == 0
    assert len(machine.calls("-m pip install")) == 2
    done = machine.make("environment")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.calls("-m ") == []


def test_new_pins_make_a_new_environment(machine: Machine) -> None:
    """No release that was once pinned stays behind."""
    machine.install("python3")
    machine.make("environment")
    (machine.tree / ".venv" / "old").touch()
    with (machine.tree / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert "making .venv anew" in machine.make("environment").stderr
    assert not (machine.tree / ".venv" / "old").exists()


def test_a_changed_project_is_installed_again(machine: Machine) -> None:
    """That takes a second, and needs no new environment."""
    machine.install("python3")
    machine.make("environment")
    machine.calls("")
    with (machine.tree / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert machine.make("environment").returncode == 0
    assert machine.calls("-m ") == ["made -m pip install -qq --no-deps --no-build-isolation --editable ."]


def test_an_interrupted_environment_is_repaired(machine: Machine) -> None:
    """What was not finished is made anew by the next run."""
    machine.install("python3")
    done = machine.make("environment", PIP_FAILS="1")
    assert done.returncode != 0
    assert "run make again" in done.stderr
    machine.calls("")
    assert "making .venv anew" in machine.make("environment").stderr
    assert len(machine.calls("-m pip install")) == 2


def test_a_broken_environment_is_repaired(machine: Machine) -> None:
    """The Python that it was made with may have gone."""
    machine.install("python3")
    machine.make("environment")
    (machine.tree / ".venv" / "bin" / "python").unlink()
    assert "making .venv anew" in machine.make("environment").stderr


def test_a_moved_tree_is_repaired(machine: Machine) -> None:
    """An environment knows its folder by its absolute path."""
    machine.install("python3")
    machine.make("environment")
    machine.tree = machine.tree.rename(machine.tree.with_name("elsewhere"))
    assert "making .venv anew" in machine.make("environment").stderr


@pytest.mark.parametrize("how", ["-C", "-f"])
def test_make_works_from_any_folder(machine: Machine, how: str) -> None:
    """Also when the path of the tree has a space."""
    machine.install("python3")
    where = machine.tree if how == "-C" else machine.tree / "Makefile"
    assert machine.make(how, str(where), "environment", cwd=machine.bin).returncode == 0
    assert (machine.tree / ".venv" / "bin" / "python").exists()


def test_help_is_the_default_and_names_every_target(machine: Machine) -> None:
    """`make` alone changes nothing and tells what there is."""
    done = machine.make()
    targets = re.search(r"^\.PHONY: (.*)$", (machine.tree / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    inner = {"help", "environment", "tools"}
    assert [name for name in targets[1].split() if name not in inner and f"make {name}" not in done.stdout] == []
    assert not (machine.tree / ".venv").exists()


def check(machine: Machine, edit: str) -> subprocess.CompletedProcess[str]:
    """Run the check with a compiler that edits the file by this sed command."""
    command = ["sh", str(machine.tree / ".ci" / "requirements-check"), "requirements.txt", "sed", "-i", edit]
    return subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False)


def test_requirements_that_fit_pass(machine: Machine) -> None:
    """A wheel that was added to a release changes its hashes only, and is no error."""
    done = check(machine, "s/--hash=sha256:0/--hash=sha256:1/")
    assert done.returncode == 0, done.stderr


def test_requirements_that_do_not_fit_fail(machine: Machine) -> None:
    """The error shows the line, and says what to run."""
    done = check(machine, "s/^pandas==/pandas==9/")
    assert done.returncode == 1
    assert re.search(r"^\+pandas==9", done.stdout, re.MULTILINE)
    assert "make requirements" in done.stderr


def test_every_requirement_is_pinned_with_hashes(root: Path) -> None:
    """And no package index is named: each machine has its own."""
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry for entry in entries if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
