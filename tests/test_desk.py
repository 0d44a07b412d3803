import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import psutil
import pytest
import requests
from nbformat.v4 import new_code_cell, new_notebook

from l2bridge_helpers.desk import copy_notebooks, fill_in, parameters_for_people, parameters_of
from l2bridge_helpers.lab import Lab, world


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the repository's root is, with one notebook that was run."""
    cell = new_code_cell('project: str = ""  # Google Cloud project', metadata={"tags": ["parameters"]})
    shown = new_code_cell("print(1)", execution_count=1, outputs=[nbformat.v4.new_output("stream", text="1")])
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=[cell, shown]), tmp_path / "notebooks" / "gce.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_filling_in_keeps_names_types_and_help() -> None:
    """Only the literals change; what is not given, stays."""
    source = 'mode: str = "plan"  # plan — or apply\npercent: int = 25  # %\nproject: str = "ö"  # "id"'
    filled = fill_in(source, {"project": 'a"b', "mode": "x", "other": "y"})
    assert filled == 'mode: str = "x"  # plan — or apply\npercent: int = 25  # %\nproject: str = "a\\"b"  # "id"'


def test_a_desk_has_notebooks_for_its_lab(tree: Path) -> None:
    """The copies have the lab's parameters and no outputs; the originals stay as they are."""
    before = (tree / "notebooks" / "gce.ipynb").read_bytes()
    (tree / "desk").mkdir()
    assert copy_notebooks(tree / "desk", "gce", {"project": "shop"}) == ["gce.ipynb"]
    copy = nbformat.read(tree / "desk" / "gce.ipynb", as_version=4)
    assert copy.cells[0].source == 'project: str = "shop"  # Google Cloud project'
    assert (copy.cells[1].outputs, copy.cells[1].execution_count) == ([], None)
    assert (tree / "notebooks" / "gce.ipynb").read_bytes() == before


def test_a_desk_has_a_question_for_its_lab(tree: Path) -> None:
    """`explain.ipynb` and `undo.ipynb` come after the platform's; the question is about the first two nodes."""
    cell = new_code_cell('platform: str = ""  # cloud\nsource: str = ""  # who', metadata={"tags": ["parameters"]})
    for name in ("explain", "undo"):
        nbformat.write(new_notebook(cells=[cell]), tree / "notebooks" / f"{name}.ipynb")
    (tree / "desk").mkdir()
    with Lab(world("gce-small")) as lab:
        lab.world.nodes.reverse()
        parameters = parameters_of(lab)
    assert copy_notebooks(tree / "desk", "gce", parameters) == ["gce.ipynb", "explain.ipynb", "undo.ipynb"]
    copy = nbformat.read(tree / "desk" / "explain.ipynb", as_version=4)
    assert copy.cells[0].source == 'platform: str = "gce"  # cloud\nsource: str = "node-1"  # who'
    assert parameters["destination"] == "node-2"


def test_people_choose_who_is_asked_about() -> None:
    """Copies for people have no ends, so that JupyterLab offers the nodes; the rest is the lab's."""
    with Lab(world("gce-small")) as lab:
        given, known = parameters_for_people(lab), parameters_of(lab)
    assert (given["source"], given["destination"], given["kubeconfig"]) == ("", "", "kubeconfig")
    assert {name: known[name] for name in given if given[name] != known[name]}.keys() == {
        "source",
        "destination",
        "kubeconfig",
    }


@pytest.fixture
def desk(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """`make lab` as it runs, without a display."""
    monkeypatch.chdir(tree)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    command = [sys.executable, "-m", "l2bridge_helpers.desk", "gce-small"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def test_a_desk_opens_and_ends(tree: Path, desk: subprocess.Popen[str]) -> None:
    """JupyterLab answers on loopback to whoever has the token; Ctrl-C ends it and its kernels, and keeps the work."""
    assert desk.stdout
    lines = [desk.stdout.readline() for _ in range(4)]
    url = lines[1].removeprefix("JupyterLab: ").strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab/tree/gce\.ipynb\?token=\w{32}", url), lines
    token, api = parse_qs(urlsplit(url).query), url.split("/lab/")[0] + "/api"
    assert requests.get(f"{api}/contents", timeout=10).status_code == 403
    names = [item["name"] for item in requests.get(f"{api}/contents", token, timeout=10).json()["content"]]
    assert sorted(names) == ["gce.ipynb", "kubeconfig"]
    headers = {"Authorization": f"token {token['token'][0]}"}
    assert requests.post(f"{api}/kernels", headers=headers, timeout=20).status_code == 201
    family = psutil.Process(desk.pid).children(recursive=True)
    assert len(family) >= 2
    desk.send_signal(signal.SIGINT)
    _, error = desk.communicate(timeout=30)
    assert (desk.returncode, error) == (0, "")
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert len(list(tree.glob("runs/lab-*/gce.ipynb"))) == 1


def test_an_unknown_world_is_one_line(tree: Path) -> None:
    """The error names the worlds that there are."""
    command = [sys.executable, "-m", "l2bridge_helpers.desk", "mars"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*mars.*gce-small.*\n", done.stderr)
    assert not (tree / "runs").exists()
