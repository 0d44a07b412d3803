"""One cluster's life by the command: plan, drift, apply, in order, looked back at, put back."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from l2bridge_helpers.lab import Lab, world

pytestmark = pytest.mark.xdist_group("cli")
L2BRIDGE = (sys.executable, "-m", "l2bridge_helpers.cli")
SECONDS = 120


@dataclass
class Told:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass
class Desk:
    """A folder from which commands are given, and the lab that they are about."""

    lab: Lab
    folder: Path
    told: dict[str, Told] = field(default_factory=dict)

    def run(self, *words: str) -> Told:
        """Give one command."""
        done = subprocess.run(
            [*L2BRIDGE, *words], cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Told(done.returncode, done.stdout, done.stderr)

    def parameters(self, *names: str) -> list[str]:
        """Return the lab's parameters as options; all, or those that are named."""
        given = {name: value for name, value in self.lab.parameters.items() if not names or name in names}
        return [word for name, value in given.items() for word in ("-p", f"{name}={value}")]

    def folders(self) -> list[Path]:
        """Return the folders of runs, the oldest first."""
        return sorted(path.parent for path in self.folder.glob("runs/*/result.json"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Tell it once; each test looks at a part."""
    with Lab(world("gce-small")) as lab:
        desk = Desk(lab, tmp_path_factory.mktemp("cli"))
        given, before = desk.parameters(), lab.snapshot(counters=False)
        desk.told["plan"] = desk.run("run", "gce", *given)
        desk.told["drift"] = desk.run("run", "gce", *given, "--check")
        assert lab.snapshot(counters=False) == before
        desk.told["apply"] = desk.run("run", "gce", *given, "--apply", "--confirm", "lab")
        desk.told["check"] = desk.run("run", "gce", *given, "--check")
        applied = desk.folders()[2].name
        desk.told["show"] = desk.run("show", applied)
        desk.told["list"] = desk.run("show")
        desk.told["history"] = desk.run("history", "--node", "win-1")
        desk.told["explain"] = desk.run("explain", "node-1", "win-2", "--run", applied)
        where = desk.parameters("kubeconfig", "context", "endpoint")
        desk.told["undo"] = desk.run("undo", applied, *where, "--apply", "--confirm", "lab")
        desk.told["undone"] = Told(0, str(lab.snapshot(counters=False) == before), "")
        yield desk


@pytest.mark.parametrize(
    ("chapter", "status"),
    [("plan", 0), ("drift", 1), ("apply", 0), ("check", 0), ("show", 0), ("history", 0), ("explain", 0), ("undo", 0)],
)
def test_the_status_tells_jobs_what_came_of_it(story: Desk, chapter: str, status: int) -> None:
    """0 as asked, 1 drift."""
    told = story.told[chapter]
    assert told.status == status, told.err


def test_a_plan_says_what_it_came_to_and_where_it_is(story: Desk) -> None:
    """The last lines are paths that can be opened."""
    told = story.told["plan"].out
    report, executed = re.findall(r"(?:report|notebook): (\S+)", told)
    assert (story.folder / report).is_file()
    assert (story.folder / executed).parent == (story.folder / report).parent


def test_drift_is_one_line_that_an_alert_can_carry(story: Desk) -> None:
    """It names the first things, how many more there are, and where all of them stand."""
    (line,) = story.told["drift"].err.splitlines()
    assert line.startswith("Error: DriftError: 13 things out of place: node node-1: update forwarding ")
    assert "and 10 more, all in runs/" in line
    assert len(line) < 1000


def test_the_notebook_is_kept_with_the_runs_files_and_tells_no_path(story: Desk) -> None:
    """Neither the folder that it was run in, nor who ran it; nothing else is left lying about."""
    folders = story.folders()
    assert [len(list(folder.glob("*.ipynb"))) for folder in folders] == [1] * len(folders)
    for executed in story.folder.glob("runs/*/*.ipynb"):
        assert str(Path.cwd()) not in executed.read_text()
        assert str(Path.home()) + "/" not in executed.read_text()
    assert {path.name for path in (story.folder / "runs").iterdir()} == {
        *(folder.name for folder in folders),
        "journal.db",
    }


def test_looking_back(story: Desk) -> None:
    """What came of a run, which runs there were, and what was changed at a node."""
    assert "12 planned, 12 applied" in story.told["show"].out
    assert len(story.told["list"].out.splitlines()) == 4
    rows = story.told["history"].out.splitlines()
    assert len(rows) == 3
    assert all("win-1" in row and "applied" in row for row in rows[1:])


def test_the_way_is_told_hop_by_hop(story: Desk) -> None:
    """As text, and what it came to behind it."""
    told = story.told["explain"].out
    assert re.search(r"^passes +there ", told, re.MULTILINE)
    assert "explain: node-1 -> win-2 TCP 443: reaches" in told


def test_undo_gives_the_world_back(story: Desk) -> None:
    """By the run's name alone, and where its cloud is."""
    assert story.told["undone"].out == "True"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A cluster of its own."""
    with Lab(world("gce-small")) as lab:
        yield Desk(lab, tmp_path)


def test_bad_parameters_start_no_kernel_and_leave_nothing(desk: Desk) -> None:
    """Status 2, before anything is read."""
    told = desk.run("run", "gce", "-p", "projet=x", "-p", "lock_timeout=soon")
    assert told.status == 2
    assert "did you mean project?" in told.err
    assert "'soon' is not a whole number" in told.err
    assert list(desk.folder.iterdir()) == []
    assert desk.lab.requests == []


def test_a_wrong_name_leaves_the_world_alone(desk: Desk) -> None:
    """Status 2: it is a parameter that has to be another one."""
    told = desk.run("run", "gce", *desk.parameters(), "--apply", "--confirm", "nope")
    assert told.status == 2
    assert "'nope' is not the cluster's name" in told.err
    assert desk.lab.writes == []
    assert list((desk.folder / "runs").iterdir()) == []


def test_what_has_to_be_settled_first_has_a_status_of_its_own(tmp_path: Path) -> None:
    """Status 3: a job that is started again would end in the same way."""
    with Lab(world("gce-messy")) as lab:
        desk = Desk(lab, tmp_path)
        told = desk.run("run", "gce", *desk.parameters(), "--apply", "--confirm", lab.parameters["cluster"])
    assert told.status == 3
    assert told.err.startswith("Error: BlockedError: nothing was sent; settle first: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_between_two_changes(number: signal.Signals, desk: Desk) -> None:
    """What is under way is finished and written down, the run's files say so, and a second run finishes it."""
    begun = threading.Event()

    def note(request: object, side: str) -> None:
        if side == "before" and getattr(request, "server", "") != "kubernetes":
            begun.set()

    desk.lab.on_boundary(note)
    desk.lab.cloud.write_latency = 1.0
    child = subprocess.Popen(
        [*L2BRIDGE, "run", "gce", *desk.parameters(), "--apply", "--confirm", "lab"],
        cwd=desk.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert begun.wait(SECONDS)
    child.send_signal(number)
    _, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 1, err
    assert f"{number.name}: what is under way is finished, nothing more is sent" in err
    (folder,) = desk.folders()
    result = json.loads((folder / "result.json").read_text())
    assert result["status"] == "failed"
    assert 0 < result["counts"]["applied"] < 12
    desk.lab.on_boundary(None)
    desk.lab.cloud.write_latency = 0.0
    assert desk.run("run", "gce", *desk.parameters(), "--apply", "--confirm", "lab").status == 0


@pytest.mark.parametrize("look", ["scratch", "kernel"])
def test_a_signal_that_the_kernel_does_not_hear_keeps_everything_from_being_sent(look: str, desk: Desk) -> None:
    """A kernel that starts takes no notice of a signal: the run does, before it sends its first change."""
    child = subprocess.Popen(
        [*L2BRIDGE, "run", "gce", *desk.parameters(), "--apply", "--confirm", "lab"],
        cwd=desk.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    job = psutil.Process(child.pid)
    while child.poll() is None and not (
        job.children() if look == "kernel" else list(desk.folder.glob("runs/.running-*"))
    ):
        time.sleep(0.01)
    time.sleep(0.1)
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 1, err
    assert err.splitlines()[-1].startswith("Error: ")
    assert desk.lab.writes == []
    assert not list(desk.folder.glob("runs/.running-*"))
