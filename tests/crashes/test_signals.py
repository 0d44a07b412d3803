"""Ctrl-C and SIGTERM, disks that are full: nothing is half-written, and the journal is right."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.crashes.child import INTERRUPTED, OURS
from tests.crashes.nursery import Nursery
from tests.crashes.scenarios import SCENARIOS
from tests.crashes.walk import Killer, site

Nurseries = Callable[[str], Nursery]
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PLATFORMS = {"gce": "gce", "aws": "aws, outdated", "azure": "azure"}
EACH = [pytest.param(one, marks=pytest.mark.xdist_group(f"crash {one}")) for one in PLATFORMS]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("platform", EACH)
def test_signal_while_applying(platform: str, number: signal.Signals, nurseries: Nurseries) -> None:
    """What is under way is finished and written down, nothing more is sent, and the error says what is left."""
    with site(SCENARIOS[PLATFORMS[platform]], nurseries(platform)) as here:
        killer = Killer(3, "before", signal=number)
        here.lab.on_boundary(killer)
        child = here.run(lanes=1)
        killer.aim(child)
        assert child.wait() == OURS, child.said()
        here.lab.on_boundary(None)
        assert re.search(r"ApplyError: .*not sent|ApplyError: .*interrupted", child.said()), child.said()
        rows = here.rows()
        assert rows
        assert {row.outcome for row in rows} == {"applied"}
        assert [*here.unnamed(), *here.finish(), *here.put_back()] == []


@pytest.mark.xdist_group("crash gce")
@pytest.mark.parametrize("number", SIGNALS)
def test_signal_while_reading(number: signal.Signals, nurseries: Nurseries) -> None:
    """Before anything is sent a signal ends the run, and nothing has changed."""
    with site(SCENARIOS["gce"], nurseries("gce")) as here:
        runs: list[object] = []
        here.lab.gce.faults.add(("GET", "routes"), status=0, do=lambda: child.send_signal(number))
        child = here.run()
        assert child.wait() in (INTERRUPTED, -number), child.said()
        assert runs == here.lab.writes == []
        assert [*here.changed(), *here.finish(), *here.put_back()] == []


@pytest.mark.xdist_group("crash gce")
def test_full_disk(nurseries: Nurseries) -> None:
    """Wherever the disk is full, what is not written down is not sent, and the error says what was not written."""
    ends = set()
    for size in (4_000, 20_000, 44_000, 56_000, 200_000):
        with site(SCENARIOS["gce"], nurseries("gce")) as here:
            child = here.run(file_bytes=size)
            status = child.wait()
            ends.add((status, here.state() == here.start))
            assert status in (0, OURS), f"{size}: {child.said()}"
            assert not status or re.search(r"^(Journal|Data|Apply)Error: ", child.said(), re.MULTILINE), child.said()
            assert [*here.unnamed(), *here.finish(), *here.put_back()] == [], size
    assert ends >= {(OURS, True), (0, False)}


@pytest.mark.xdist_group("crash gce")
@pytest.mark.parametrize("number", SIGNALS)
def test_signal_to_papermill(number: signal.Signals, root: Path, nurseries: Nurseries) -> None:
    """Papermill leaves with another status than 0, nobody goes on, and what was done is known and can be finished."""
    with site(SCENARIOS["gce"], nurseries("gce")) as here:
        given = here.parameters()
        options = [part for name, value in given.items() for part in ("-p", name, str(value))]
        executed = here.folder.parent / "executed.ipynb"
        command = [sys.executable, "-m", "papermill", "notebooks/gce.ipynb", str(executed), *options]
        here.lab.gce.write_latency = 0.1
        killer = Killer(3, "before", signal=number)
        here.lab.on_boundary(killer)
        with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            killer.aim(process)
            family: list[psutil.Process] = []
            while not killer.at and process.poll() is None:
                family = psutil.Process(process.pid).children(recursive=True) or family
                time.sleep(0.05)
            assert process.wait(60) != 0
        assert killer.at
        assert psutil.wait_procs(family, timeout=30)[1] == []
        here.lab.on_boundary(None)
        here.lab.gce.write_latency = 0
        assert [*here.unnamed(), *here.finish(), *here.put_back()] == []
