"""Reports of whole runs: how big they are, whether they hold everything, and that nothing secret is in them."""

import base64
import json
import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from l2bridge_helpers.changes import Plan
from l2bridge_helpers.headless import jupyter_apart, run_notebook
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.platforms import cloud_of
from l2bridge_helpers.run import Run, start
from l2bridge_helpers.show import plan_rows
from tests.runs import parameters_of

if TYPE_CHECKING:
    from l2bridge_helpers.progress import Pulse
    from l2bridge_helpers.show import Shown

MEGABYTE = 1_000_000
SECRET = "hunter2-hunter2"  # noqa: S105 - the secret of these tests


class Kept:
    """A stage that keeps what is shown, as a log has it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.text = ""

    def begin(self, section: str) -> None:
        """Take no notice."""

    def show(self, section: str, both: "Shown", /, *, folded: bool = False) -> None:
        """Keep the text."""
        del section, folded
        self.text += f"{both.text}\n"

    def say(self, line: str) -> None:
        """Keep the line."""
        self.text += f"{line}\n"

    def watch(self, pulse: "Pulse") -> None:
        """Take no notice."""


def ran(name: str, folder: Path, **parameters: object) -> tuple[Run, Kept]:
    """Run a runbook of a world's platform to its end."""
    with Lab(world(name)) as lab:
        run = start(lab.platform, **{**lab.parameters, "runs": str(folder), **parameters})
        run.stage = kept = Kept()
        run.carry_out()
    return run, kept


def words_of(html: str) -> str:
    """Return a page's text, tags and pictures taken out."""
    return unescape(re.sub(r"<style.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gce-1000", {"mode": "apply", "confirm": "lab"}),
        ("aws-1000", {}),
        ("azure-1000", {}),
    ],
    ids=["gce applied", "aws", "azure"],
)
def test_report_of_a_thousand_nodes_is_below_a_megabyte_and_whole(
    name: str, parameters: dict[str, str], tmp_path: Path
) -> None:
    """Every node, every resource of the plan and every value of its commands is in it."""
    run, kept = ran(name, tmp_path, **parameters)
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    assert len(html.encode()) < MEGABYTE
    words = set(re.split(r"[\s,…\"]+", words_of(html)))
    changes = Plan.load(run.folder / "plan.json")
    assert len(changes.writes) >= 900
    assert {change.node for change in changes} - {""} <= words
    assert {row[3].rpartition("/")[2] for row in plan_rows(changes)} <= {word.rpartition("/")[2] for word in words}
    assert all(row[3] in kept.text for row in plan_rows(changes))
    assert run.outcome.nodes == 1000


def test_report_tells_what_somebody_who_was_not_there_needs(tmp_path: Path) -> None:
    """Verdict, figures, target, who and when, plan hash, every section, both ways to put it back."""
    run, _ = ran("gce-small", tmp_path, mode="apply", confirm="lab")
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    result = json.loads((run.folder / "result.json").read_text(encoding="utf-8"))
    words = " ".join(words_of(html).split())
    told = ["Applied and verified", "0 → 30", "12", result["user"], result["identity"], result["run"]]
    told += [result["plan_hash"], *result["target"].values(), "Nothing is wrong.", "12 applied.", "19 as wanted"]
    told += ["Now, 0 of 30 pairs reach", "After the plan, 30 of 30", "After the apply, 30 of 30"]
    told += ["gcloud compute routes create", *(" ".join(line.split()) for line in run.undo().values())]
    assert [one for one in told if one not in words] == []
    assert html.count("<h1>") == 1
    assert re.findall(r"<h2>(.*?)</h2>", html) == [
        "Who and when", "Target", "Nodes", "Findings", "Reachability now", "Plan", "Apply", "Verify", "Undo",
    ]  # fmt: skip
    assert html.count("<img") == 4
    assert all(re.search(r'alt="[^"]{30,}"', image) for image in re.findall(r"<img[^>]*>", html))


def test_commands_that_stand_twice_are_told_once(tmp_path: Path) -> None:
    """What mends it by hand is what the plan does: there is a link to it."""
    run, _ = ran("gce-small", tmp_path)
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    assert words_of(html).count("gcloud compute instances update-from-file node-1 ") == 1
    (place,) = re.findall(r'<a href="(#s\d+)">the plan</a>', html)
    assert f'<section id="{place[1:]}"><h2>Plan</h2>' in html


# Nothing secret.


def planted(lab: Lab) -> None:
    """Put a secret into the kubeconfig and into everything that the cloud tells beside what is needed."""
    config = json.loads(lab.kubeconfig.read_text(encoding="utf-8"))
    user = {"token": SECRET, "username": "admin", "password": SECRET, "client-key-data": _base64(SECRET)}
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "true", "interactiveMode": "Never"}
    other = {"exec": {**command, "env": [{"name": "PASSWORD", "value": SECRET}]}}
    config["users"] = [{"name": config["users"][0]["name"], "user": user}, {"name": "other", "user": other}]
    lab.kubeconfig.write_text(json.dumps(config), encoding="utf-8")
    for node in lab.world.nodes:
        node["metadata"].setdefault("annotations", {})["example.com/password"] = SECRET
        node["metadata"].setdefault("labels", {})["password"] = SECRET
    _PLANT[lab.platform](lab)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _plant_gce(lab: Lab) -> None:
    for raw in lab.world.cloud("instances"):
        raw["metadata"] = {"items": [{"key": "startup-script", "value": f"login {SECRET}"}]}
        raw["labels"] = {"password": SECRET}


def _plant_aws(lab: Lab) -> None:
    for kind in ("Instances", "NetworkInterfaces", "Subnets", "RouteTables", "SecurityGroups", "Vpcs"):
        for raw in lab.world.cloud(kind):
            raw["TagSet" if "TagSet" in raw else "Tags"].append({"Key": "password", "Value": SECRET})


def _plant_azure(lab: Lab) -> None:
    for kind in ("networkInterfaces", "routeTables", "virtualMachines", "networkSecurityGroups", "virtualNetworks"):
        for raw in lab.world.cloud(kind):
            raw["tags"] = {**raw.get("tags", {}), "password": SECRET}
    for raw in lab.world.cloud("virtualMachines"):
        raw["properties"]["osProfile"] = {"adminPassword": SECRET, "customData": _base64(SECRET)}


_PLANT = {"gce": _plant_gce, "aws": _plant_aws, "azure": _plant_azure}
ENVIRONMENT = {
    **dict.fromkeys(("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "PASSWORD"), SECRET),
    "AWS_ACCESS_KEY_ID": f"AKIA{SECRET}",
    "AZURE_CLIENT_ID": "x",
    "AZURE_TENANT_ID": "y",
    "API_TOKEN": SECRET,
}


@pytest.mark.parametrize(
    ("name", "modes"), [("gce-small", ("plan", "apply")), ("aws-small", ("apply",)), ("azure-small", ("apply",))]
)
def test_nothing_secret_is_in_what_a_run_leaves(name: str, modes: tuple[str, ...], root: Path, tmp_path: Path) -> None:
    """Neither in the report nor in any other file, the journal or the executed notebook, planned and applied."""
    with Lab(world(name)) as lab, jupyter_apart(**ENVIRONMENT):
        planted(lab)
        for mode in modes:
            given = {"mode": mode, "runs": str(tmp_path / "runs"), "confirm": "lab" if mode == "apply" else ""}
            executed = tmp_path / f"{mode}.ipynb"
            run_notebook(root / "notebooks" / f"{lab.platform}.ipynb", executed, {**lab.parameters, **given})
        assert lab.writes
        assert SECRET in str(lab.world.nodes)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"report.html", "result.json", "plan.json", "state.json", "journal.db", "apply.ipynb"} <= names
    forms = (SECRET.encode(), _base64(SECRET).encode())
    assert [path.name for path in files if any(form in path.read_bytes() for form in forms)] == []


@pytest.mark.parametrize("name", ["gce-small", "aws-small", "azure-small"])
def test_what_is_planted_is_read(name: str) -> None:
    """So the test above can fail: the clouds tell the secrets, and a run leaves them behind."""
    with Lab(world(name)) as lab:
        planted(lab)
        parameters = parameters_of(lab)
        seen = cloud_of(lab.platform, parameters).observe(list_nodes(str(lab.kubeconfig)))
        assert SECRET in f"{seen.resources()}{seen.tables}{seen}"
