"""What `pip install` gives: the package with its notebooks and schema, from the tree and from the sdist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from l2bridge_helpers.notebooks import NAMES

BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')(sys.argv[2])"
PARTS = ("l2bridge_helpers", "notebooks", "setup.py", "MANIFEST.in", "pyproject.toml", "README.md", "LICENSE")
WANTED = {
    *(f"l2bridge_helpers/notebooks/{name}.ipynb" for name in NAMES),
    "l2bridge_helpers/data/result.schema.json",
    "l2bridge_helpers/lab/data/compute-v1.json",
    "l2bridge_helpers/py.typed",
}


def build(kind: str, tree: Path) -> Path:
    """Build an sdist or a wheel of a tree; return it."""
    subprocess.run([sys.executable, "-c", BUILD, kind, "dist"], cwd=tree, capture_output=True, check=True)
    (made,) = tree.joinpath("dist").glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what packages are made of."""
    root, copy = Path(__file__).resolve().parent.parent, tmp_path_factory.mktemp("tree")
    for name in PARTS:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_*"))
        else:
            shutil.copy(root / name, copy)
    return copy


@pytest.mark.xdist_group("packages")
def test_a_wheel_of_the_tree_and_one_of_its_sdist_are_the_same(tree: Path, tmp_path: Path) -> None:
    """And both have all that the package reads."""
    with tarfile.open(build("sdist", tree)) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    names = [
        {name for name in zipfile.ZipFile(build("wheel", of)).namelist() if "dist-info" not in name}
        for of in (tree, unpacked)
    ]
    assert names[0] == names[1]
    assert names[0] >= WANTED
    assert {name.split("/")[0] for name in names[0]} == {"l2bridge_helpers"}


@pytest.mark.xdist_group("packages")
def test_an_installed_package_finds_its_own_notebooks(tree: Path, tmp_path: Path) -> None:
    """Far from the repository."""
    shutil.rmtree(tree / "dist", ignore_errors=True)
    place = tmp_path / "site"
    zipfile.ZipFile(build("wheel", tree)).extractall(place)  # noqa: S202 - made by us, just now
    done = subprocess.run(
        [sys.executable, "-m", "l2bridge_helpers.cli", "list", "gce"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(place / "l2bridge_helpers" / "notebooks" / "gce.ipynb")
