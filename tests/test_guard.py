"""What stands around an application: the Lease, the journal, the saved plan; through `start`, on the lab."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.checks import check
from l2bridge_helpers.errors import BlockedError, DataError, JournalError, LockError, ParameterError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.journal import Journal, history
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.lab import Lab, Request, world
from l2bridge_helpers.lease import Lease
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.plan import plan
from l2bridge_helpers.prove import prove
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import PLANNED
from l2bridge_helpers.results import Results
from l2bridge_helpers.run import Run, start
from tests.runs import remove_node

PLATFORMS = ("gce", "aws", "azure")


@pytest.fixture(params=PLATFORMS)
def any_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(world(f"{request.param}-small")) as lab:
        yield lab


@pytest.fixture
def gce() -> Iterator[Lab]:
    with Lab(world("gce-small")) as lab:
        yield lab


@dataclass
class Planned:
    """A run up to its plan."""

    run: Run
    fabric: Fabric
    findings: Findings
    changes: Plan

    def apply(self) -> Results:
        """Carry the plan out."""
        nodes = list_nodes(self.run.kubeconfig, self.run.context)
        results = self.run.apply(
            self.changes, self.findings, reach(nodes, foresee(self.fabric, self.changes), moment=PLANNED)
        )
        self.run.record(results)
        return results


def planned(lab: Lab, folder: Path, **changed: Any) -> Planned:
    """Begin a run in `apply` mode, and plan."""
    given = {**lab.parameters, "mode": "apply", "confirm": "lab", "runs": str(folder / "runs"), **changed}
    if given["mode"] != "apply":
        given["confirm"] = ""
    run = start(lab.platform, **given)
    nodes = list_nodes(run.kubeconfig, run.context)
    run.record(nodes)
    fabric = run.observe(nodes)
    findings = check(nodes, fabric, scope=run.scope, cluster=run.cluster)
    changes = plan(nodes, fabric, cluster=run.cluster, scope=run.scope)
    run.record(changes)
    return Planned(run, fabric, findings, changes)


def cloud_writes(lab: Lab) -> list[str]:
    return [f"{request.method} {request.path}" for request in lab.writes if request.server != "kubernetes"]


# The journal.


def test_every_change_of_a_run_is_in_the_journal(any_lab: Lab, tmp_path: Path) -> None:
    """Who, where, what, before and after; the run's result and its plan carry the same hash as the journal."""
    first = planned(any_lab, tmp_path)
    results = first.apply()
    table = history(f"sqlite:///{tmp_path / 'runs' / 'journal.db'}", cluster="lab")
    assert sorted(table["resource"]) == sorted(one.change.resource for one in results)
    assert set(table["outcome"]) == {"applied"}
    assert set(table["run"]) == {first.run.folder.name}
    assert table["user"].str.contains("@").all()
    assert (table["identity"] != "").all()
    (entry,) = Journal.open(f"sqlite:///{tmp_path / 'runs' / 'journal.db'}").runs()
    saved = json.loads((first.run.folder / "plan.json").read_text(encoding="utf-8"))
    assert entry.plan_hash == saved["hash"] == first.run.outcome.table()["plan_hash"]


@pytest.mark.parametrize("mode", ["plan", "check"])
def test_modes_that_change_nothing_have_no_journal_and_no_lease(gce: Lab, tmp_path: Path, mode: str) -> None:
    """They write nothing anywhere but their own folder."""
    results = planned(gce, tmp_path, mode=mode).apply()
    assert {one.outcome for one in results} == {"not sent"}
    assert [path for path in (tmp_path / "runs").iterdir() if path.is_file()] == []
    assert gce.writes == []


def test_a_journal_that_cannot_be_used_stops_the_run_before_it_reads(gce: Lab, tmp_path: Path) -> None:
    """Nothing is sent to the cloud that could not be written down."""
    (tmp_path / "journal.db").write_text("no database", encoding="utf-8")
    with pytest.raises(JournalError, match=r"journal\.db"):
        planned(gce, tmp_path, journal=f"sqlite:///{tmp_path / 'journal.db'}")
    assert [request for request in gce.requests if request.server == "gce"] == []


# The Lease.


def test_nothing_is_sent_while_another_holds_the_lease(any_lab: Lab, tmp_path: Path) -> None:
    """The error says who holds it since when; the cloud has seen no write."""
    second = planned(any_lab, tmp_path, lock_timeout=0)
    other = Lease(Kube(str(any_lab.kubeconfig)), namespace="kube-system", holder="bob@desk/1/other")
    with other, pytest.raises(LockError, match=r"bob@desk"):
        second.apply()
    assert cloud_writes(any_lab) == []


def test_who_waited_for_another_apply_does_only_what_is_left(any_lab: Lab, tmp_path: Path) -> None:
    """Both had planned everything. What the first has done is not done again, and nobody's marks are lost."""
    second, first = planned(any_lab, tmp_path), planned(any_lab, tmp_path)
    first.apply()
    sent = len(cloud_writes(any_lab))
    results = second.apply()
    assert results.items == ()
    assert len(cloud_writes(any_lab)) == sent
    nodes = list_nodes(second.run.kubeconfig, second.run.context)
    proof = prove(second.changes, results, second.run.cloud, nodes, second.fabric)
    second.run.record(proof)
    assert [one for one in proof if one.verdict == "wrong"] == []
    assert {one.change.resource for one in first.run.outcome.results} <= {one.object for one in proof}
    counts = second.run.outcome.counts()
    assert (counts["planned"], counts["applied"], counts["left"]) == (len(second.changes.writes), 0, 0)
    assert f"{len(second.changes.writes)} made by others meanwhile, 0 left" in second.run.outcome.verdict("apply")


def test_who_waited_does_not_claim_what_is_gone_again(gce: Lab, tmp_path: Path) -> None:
    """That another apply has made everything is proven by a fresh read, not believed."""
    second, first = planned(gce, tmp_path), planned(gce, tmp_path)
    first.apply()
    results = second.apply()
    gone = gce.world.cloud("routes").pop()
    nodes = list_nodes(second.run.kubeconfig, second.run.context)
    proof = prove(second.changes, results, second.run.cloud, nodes, second.fabric, patience=0)
    assert gone["name"] in {one.object for one in proof.wrong}


def test_a_plan_that_another_apply_has_made_wrong_is_refused(gce: Lab, tmp_path: Path) -> None:
    """What is left would be more than was shown: the rows are named, and nothing is sent."""
    second = planned(gce, tmp_path)
    planned(gce, tmp_path).apply()
    remove_node(gce, gce.world.nodes[0]["metadata"]["name"])
    sent = len(cloud_writes(gce))
    with pytest.raises(BlockedError, match=r"another apply has changed .* run again from the top"):
        second.apply()
    assert len(cloud_writes(gce)) == sent


def test_without_a_lease_it_is_said(gce: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`lease_namespace=""` is for a cluster whose API cannot keep one."""
    assert planned(gce, tmp_path, lease_namespace="").apply().applied == 12
    assert [request for request in gce.writes if request.server == "kubernetes"] == []
    assert "no lock is held" in capsys.readouterr().out


def test_the_lease_is_all_that_apply_writes_to_kubernetes(any_lab: Lab, tmp_path: Path) -> None:
    """And it is given back."""
    planned(any_lab, tmp_path).apply()
    paths = {request.path for request in any_lab.writes if request.server == "kubernetes"}
    assert all("/namespaces/kube-system/leases" in path for path in paths)
    with Lease(Kube(str(any_lab.kubeconfig)), namespace="kube-system", holder="next", timeout=0) as lease:
        assert lease.problem() == ""


def test_a_plan_that_is_older_than_what_was_read_last_is_not_applied(gce: Lab, tmp_path: Path) -> None:
    """Cells run out of order: what would tell whether others have applied since was looked at after the plan."""
    first = planned(gce, tmp_path)
    first.run.observe(list_nodes(first.run.kubeconfig, first.run.context))
    with pytest.raises(ParameterError, match="not made from what was read last"):
        first.apply()
    assert gce.writes == []
    first.run.record(first.changes)
    assert first.apply().applied == 12


# The saved plan.


def _saved(lab: Lab, folder: Path) -> str:
    return str(planned(lab, folder / "first", mode="plan").run.folder / "plan.json")


def test_exactly_the_saved_plan_is_applied(any_lab: Lab, tmp_path: Path) -> None:
    """Plan, approval, result: one hash."""
    file = _saved(any_lab, tmp_path)
    second = planned(any_lab, tmp_path, plan_file=file)
    assert second.apply().applied == len(second.changes.writes)
    assert Plan.load(Path(file)).hash == second.run.outcome.table()["plan_hash"]


def test_a_saved_plan_that_another_apply_has_done_a_part_of_is_refused(gce: Lab, tmp_path: Path) -> None:
    """Also when the other one has run between the look at the world and the Lease: exactly that plan, or nothing."""
    second = planned(gce, tmp_path, plan_file=_saved(gce, tmp_path))
    planned(gce, tmp_path).apply()
    sent = len(cloud_writes(gce))
    with pytest.raises(BlockedError, match=r"plan_file: plan .* no longer fits"):
        second.apply()
    assert len(cloud_writes(gce)) == sent


def _node_gone(lab: Lab) -> None:
    remove_node(lab, lab.world.nodes[0]["metadata"]["name"])


def _pod_cidr_moved(lab: Lab) -> None:
    lab.world.nodes[0]["spec"].update(podCIDR="10.42.77.0/24", podCIDRs=["10.42.77.0/24"])


def _already_on(lab: Lab) -> None:
    lab.world.cloud("instances")[0]["canIpForward"] = True


@pytest.mark.parametrize("move", [_node_gone, _pod_cidr_moved, _already_on])
def test_a_saved_plan_that_no_longer_fits_is_refused_and_names_the_rows(
    gce: Lab, tmp_path: Path, move: Callable[[Lab], None]
) -> None:
    """Also when less is to be done: what was approved is not what would happen."""
    file = _saved(gce, tmp_path)
    name = gce.world.nodes[0]["metadata"]["name"]
    move(gce)
    second = planned(gce, tmp_path, plan_file=file)
    with pytest.raises(BlockedError, match=rf"plan_file: plan \w+ no longer fits.*{name}"):
        second.run.check_plan_file(second.changes)
    with pytest.raises(BlockedError, match="plan_file"):
        second.apply()
    assert gce.writes == []


def test_a_saved_plan_of_elsewhere_or_edited_is_refused_before_anything_is_read(gce: Lab, tmp_path: Path) -> None:
    """Another cluster, another mode, another content."""
    file = _saved(gce, tmp_path)
    read = len(gce.requests)
    with pytest.raises(ParameterError, match=r"plan_file: .* is for mode='apply' only"):
        planned(gce, tmp_path, plan_file=file, mode="plan")
    with pytest.raises(ParameterError, match="is a plan for cluster lab on gce, not for other"):
        planned(gce, tmp_path, plan_file=file, cluster="other", confirm="other")
    Path(file).write_text(Path(file).read_text(encoding="utf-8").replace("node-1", "node-2"), encoding="utf-8")
    with pytest.raises(DataError, match="edited"):
        planned(gce, tmp_path, plan_file=file)
    assert len(gce.requests) == read


# What undoes it.


def test_who_finds_a_run_that_broke_off_finds_how_to_go_on_and_back(gce: Lab, tmp_path: Path) -> None:
    """The run's files are there while it applies, with the line that shows the way back; they never say `ok`."""
    first, found = planned(gce, tmp_path), list[dict[str, Any]]()
    file = first.run.folder / "result.json"

    def look(request: Request, _moment: str) -> None:
        if request.server == "gce":
            found.append(json.loads(file.read_text(encoding="utf-8")))

    gce.on_boundary(look)
    first.apply()
    assert {(one["status"], one["plan_hash"]) for one in found} == {("failed", first.changes.hash)}
    assert all("has not said how that ended" in one["error"] for one in found)
    after = json.loads(file.read_text(encoding="utf-8"))
    assert "has not verified it" in after["error"]
    assert after["counts"]["applied"] == 12
    assert f"l2bridge undo {first.run.folder.name} " in after["error"]
    assert "has not verified it" in (first.run.folder / "report.html").read_text(encoding="utf-8")


def test_a_run_says_how_to_put_it_back(gce: Lab, tmp_path: Path) -> None:
    """A line to paste; without changes there is nothing to put back."""
    first = planned(gce, tmp_path / "it's here")
    assert first.run.undo() == {"undo": "nothing to put back: this run has sent nothing"}
    first.apply()
    told = first.run.undo()
    assert told["run"] == first.run.folder.name
    words = shlex.split(told["put it back"])
    assert words[words.index("undo") + 1] == first.run.folder.name
    assert words[-5:] == ["--apply", "--confirm", "lab", "--runs", str(tmp_path / "it's here" / "runs")]


def test_what_a_run_says_puts_it_back_from_any_folder(
    gce: Lab, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab runs a notebook in the notebook's folder, a shell is elsewhere: the line finds the same journal."""
    monkeypatch.chdir(root / "notebooks")
    first = planned(gce, Path(os.path.relpath(tmp_path)))
    first.apply()
    told = first.run.undo()
    assert told["see it first"] == told["put it back"].replace(" --apply --confirm lab", "")
    monkeypatch.chdir(tmp_path)
    subprocess.run(["/bin/sh", "-c", told["put it back"]], check=True, capture_output=True, timeout=120)
    assert [route for route in gce.world.cloud("routes") if route["name"].startswith("l2b-lab-")] == []
