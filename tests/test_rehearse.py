import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LAST_LINE = r"gce: 6 nodes, 12 changes applied, 0 left, report: (runs/[^/ ]+/report\.html)"
PARAMETERS = """\
context: str = ""  # kubeconfig context; empty: the current one
cluster: str = ""  # name
mode: str = "plan"  # plan, apply or check
confirm: str = ""  # the cluster's name
runs: str = "runs"  # folder
endpoint: str = ""  # API
project: str = ""  # Google Cloud project
network: str = ""  # VPC network"""
RESULT = """\
import json, os, pathlib, time
folder = pathlib.Path(runs) / f"{mode}-{time.time_ns()}"
folder.mkdir(parents=True)
counts = {"planned": 12, "applied": 12 * (mode == "apply"), "failed": 0, "left": 0}
result = {"status": "ok", "error": "", "nodes": 6, "counts": counts}
_ = (folder / "result.json").write_text(json.dumps(result))
_ = (folder / "report.html").write_text("")"""
WAIT = """\
import os, pathlib, time
_ = pathlib.Path("kernel").write_text(str(os.getpid()))
time.sleep(60)"""
WRITE = """\
import urllib.request
url = f"{endpoint}/compute/v1/projects/{project}/global/routes/none"
try:
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE"))
except OSError:
    pass"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the repository's root is, with a notebook that only pretends."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path)
    return tmp_path


def write_notebook(tree: Path, *cells: str) -> None:
    first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    notebook = new_notebook(cells=[new_markdown_cell("# GCE"), first, *map(new_code_cell, [*cells, RESULT])])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tree / "notebooks" / "gce.ipynb")


def rehearse(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "l2bridge_helpers.rehearse", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_three_runs_and_one_line(tree: Path) -> None:
    """All three modes are run; the last line is of the form that is the same on every platform."""
    done = rehearse("gce")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in lines] == [
        "notebooks/gce.ipynb",
        "plan",
        "apply",
        "check",
        "plan",
        "gce:",
    ]
    report = re.fullmatch(LAST_LINE, lines[-1])
    assert report
    assert (tree / report[1]).parent.name.startswith("apply-")


def test_the_real_runbook(tree: Path, root: Path) -> None:
    """Twelve changes for six nodes are planned, applied and verified; nothing is left to do."""
    shutil.copy(root / "notebooks" / "gce.ipynb", tree / "notebooks")
    done = rehearse("gce")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(LAST_LINE, done.stdout.splitlines()[-1])


def test_executed_notebooks_are_kept_and_tell_nothing(tree: Path) -> None:
    """Each run folder holds its executed notebook, without a path of this machine."""
    write_notebook(tree, "import os, sys; os.getcwd(), sys.executable")
    assert rehearse("gce").returncode == 0
    kept = sorted(tree.glob("runs/*/gce.ipynb"))
    assert len(kept) == 3
    texts = [path.read_text(encoding="utf-8") for path in kept]
    assert [text for text in texts if f"{tree}/" in text or f"{sys.prefix}/" in text] == []
    assert json.loads(texts[0])["metadata"]["papermill"]["input_path"] == "notebooks/gce.ipynb"


def test_the_users_own_kernels_and_startup_files_do_not_matter(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's broken kernel of the same name, or a startup file, is not used."""
    home = tmp_path_factory.mktemp("home")
    kernel = home / ".local/share/jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "broken", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    startup = home / ".ipython/profile_default/startup/bad.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("raise SystemExit('bad')", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_PATH", str(kernel.parent.parent))
    monkeypatch.setenv("PYTHONSTARTUP", str(startup))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert rehearse("gce").returncode == 0, tree


def test_an_error_is_one_line(tree: Path) -> None:
    """The notebook's own error is the last word; its notebook is kept."""
    write_notebook(tree, "raise ValueError('project: is empty; set it')")
    done = rehearse("gce")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line]
    kept = "(the executed notebook: runs/gce-plan.ipynb)"
    assert lines == [f"error: plan ended in ValueError: project: is empty; set it {kept}"]
    assert (tree / "runs/gce-plan.ipynb").is_file()


def test_a_plan_that_writes_fails(tree: Path) -> None:
    """Plan and check write nothing, and that is measured at the lab."""
    write_notebook(tree, WRITE)
    done = rehearse("gce")
    assert done.returncode == 1
    assert "plan must write nothing, but sent DELETE" in done.stderr


def test_a_notebook_without_result_fails(tree: Path) -> None:
    """A run that leaves no result.json was no run."""
    write_notebook(tree, "runs = 'elsewhere'")
    done = rehearse("gce")
    assert done.returncode == 1
    assert "left no new folder with a result.json" in done.stderr


def test_an_unknown_platform_is_refused(tree: Path) -> None:
    """The error names what there is."""
    done = rehearse("vax")
    assert (done.returncode, done.stdout) == (1, "")
    assert "notebooks/vax.ipynb" in done.stderr
    assert "gce" in done.stderr
    assert not (tree / "runs").exists()


@pytest.fixture
def makefile(tree: Path, root: Path) -> Path:
    """The tree, with our Makefile, and with the environment that we are in as its .venv."""
    shutil.copy(root / "Makefile", tree)
    (tree / ".ci").mkdir()
    (tree / ".ci" / "venv").write_text("", encoding="utf-8")
    (tree / ".venv").symlink_to(sys.prefix)
    return tree


COMMANDS = {
    "python": [sys.executable, "-m", "l2bridge_helpers.rehearse", "gce"],
    "make": ["make", "runbook"],
}
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def running(makefile: Path, command: str) -> Iterator[subprocess.Popen[str]]:
    """A rehearsal in a process group of its own, whose kernel is busy."""
    write_notebook(makefile, WAIT)
    process = subprocess.Popen(
        COMMANDS[command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # As a terminal starts it: a job in the background would inherit that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs here
    )
    wait_for(lambda: (makefile / "kernel").exists() and (makefile / "kernel").read_text(encoding="utf-8"))
    yield process
    process.kill()
    process.communicate()


def wait_for(what: object) -> None:
    end = time.monotonic() + 30
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("to_group", [True, False], ids=["group", "alone"])
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_leaves_no_process(running: subprocess.Popen[str], number: signal.Signals, *, to_group: bool) -> None:
    """Ctrl-C (to the group), and each signal to make or Python alone, ends the rehearsal, its kernel, its lab."""
    family = psutil.Process(running.pid).children(recursive=True)
    kernel = psutil.Process(int(Path("kernel").read_text(encoding="utf-8")))
    assert kernel in family
    if to_group:
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    _, error = running.communicate(timeout=20)
    assert running.returncode != 0
    assert "Traceback" not in error
    _, alive = psutil.wait_procs([*family, kernel], timeout=5)
    assert alive == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_leaves_no_process(running: subprocess.Popen[str]) -> None:
    """Even kill -9, of make or of Python, leaves no kernel behind for long."""
    family = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []
