import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import yaml

from l2bridge_helpers.lab import Lab, Request, world
from tests.notebooks.conftest import Outcome, Run


@dataclass
class Story:
    """One cluster's way from nothing to verified routes and back, as the runs of one notebook."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    writes: dict[str, list[Request]] = field(default_factory=dict)
    deleted: str = ""
    node: str = ""

    def tell(self, chapter: str, lab: Lab, outcome: Outcome) -> None:
        """Note how a run ended, and what it wrote."""
        before = sum(map(len, self.writes.values()))
        self.outcomes[chapter], self.writes[chapter] = outcome, lab.writes[before:]


@pytest.fixture(scope="module")
def story(run_runbook: Run) -> Story:
    story = Story()
    with Lab(world("gce-small")) as lab:
        cluster = lab.parameters["cluster"]
        there = {route["name"] for route in lab.world.cloud("routes")}
        story.tell("plan", lab, run_runbook(lab, mode="plan"))
        story.tell("unconfirmed", lab, run_runbook(lab, mode="apply"))
        story.tell("apply", lab, run_runbook(lab, mode="apply", confirm=cluster))
        story.tell("again", lab, run_runbook(lab, mode="apply", confirm=cluster))
        story.tell("check", lab, run_runbook(lab, mode="check"))
        ours = [route for route in lab.world.cloud("routes") if route["name"] not in there]
        story.deleted, story.node = ours[0]["name"], ours[0]["nextHopInstance"].split("/")[-1]
        routes = f"{lab.endpoint}/compute/v1/projects/{lab.parameters['project']}/global/routes"
        requests.delete(f"{routes}/{story.deleted}", timeout=10).raise_for_status()
        story.writes["by hand"] = lab.writes[-1:]
        story.tell("check after", lab, run_runbook(lab, mode="check"))
    return story


# One worker lives through the story; the others need not.
pytestmark = pytest.mark.xdist_group("papermill")


@pytest.mark.parametrize("chapter", ["plan", "apply", "again", "check"])
def test_every_mode_ends_well(story: Story, chapter: str) -> None:
    """A run that reached what was asked for leaves with status 0."""
    assert story.outcomes[chapter].error == ""


@pytest.mark.parametrize("chapter", ["plan", "unconfirmed", "again", "check", "check after"])
def test_only_a_first_apply_writes(story: Story, chapter: str) -> None:
    """Plan and check never write; nor does an apply that is refused, or has nothing to do."""
    cloud = [request for request in story.writes[chapter] if request.server == "gce"]
    leases = [request for request in story.writes[chapter] if "/leases" in request.path]
    assert cloud == []
    assert story.writes[chapter] == (leases if chapter == "again" else [])


def test_apply_writes(story: Story) -> None:
    """Two changes for each of six nodes: forwarding, and a route."""
    sent = [request for request in story.writes["apply"] if request.server == "gce"]
    assert len(sent) == 12


def test_apply_needs_to_be_confirmed(story: Story) -> None:
    """The error names the parameter and what would do."""
    error = story.outcomes["unconfirmed"].error
    assert error.startswith("ParameterError: ")
    assert "confirm" in error
    assert "lab" in error


def test_check_names_what_somebody_deleted(story: Story) -> None:
    """After a route is deleted by hand, check fails; its error names the route or its node."""
    error = story.outcomes["check after"].error
    assert error.startswith("DriftError: ")
    assert story.deleted in error or story.node in error


def test_check_shows_no_frames(story: Story) -> None:
    """What the operator reads last is our text."""
    assert story.outcomes["check after"].foreign_frames == []


@pytest.mark.parametrize("chapter", ["plan", "apply", "check", "check after"])
def test_every_run_leaves_its_folder(story: Story, chapter: str) -> None:
    """One new folder per run, with a result for machines and a report for people."""
    (folder,) = filter(Path.is_dir, (story.outcomes[chapter].executed.parent / "runs").iterdir())
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert result["status"] == ("failed" if chapter == "check after" else "ok")
    assert (folder / "report.html").is_file()
    assert (folder / "plan.json").is_file() == (chapter in {"plan", "apply"})


def test_no_secret_is_written_anywhere(run_runbook: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment and kubeconfig hold secrets; the run's files do not, and the lab never sees them."""
    secrets = ["hunter2-environment", "hunter2-token"]
    monkeypatch.setenv("GOOGLE_SECRET", secrets[0])
    with Lab(world("gce-small")) as lab:
        text = lab.kubeconfig.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        document["users"][0]["user"] = {"token": secrets[1]}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(document), encoding="utf-8")
        outcome = run_runbook(lab, mode="apply", confirm="lab", kubeconfig=str(kubeconfig))
        sent = json.dumps([request.as_dict() for request in lab.requests])
    files = [path for path in outcome.executed.parent.rglob("*") if path.is_file()]
    assert (outcome.error, len(files)) == ("", 7)
    everything = sent + "".join(path.read_text(encoding="latin-1") for path in files)  # the journal is no text
    assert [secret for secret in secrets if secret in everything] == []


def test_the_plain_command_line(lab: Lab, root: Path, tmp_path: Path) -> None:
    """`papermill notebooks/gce.ipynb out.ipynb -p ...` is all that a scheduled job needs."""
    options = [option for item in lab.parameters.items() for option in ("-p", *item)]
    command = [sys.executable, "-m", "papermill", "notebooks/gce.ipynb", str(tmp_path / "out.ipynb")]
    command += ["-p", "runs", str(tmp_path / "runs"), "--no-progress-bar", *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, lab.writes) == (0, []), done.stderr
    assert len(list((tmp_path / "runs").glob("*/plan.json"))) == 1
