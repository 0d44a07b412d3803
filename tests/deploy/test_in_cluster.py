"""The CronJobs' own command, run as their pods run it: no kubeconfig, another user, nothing to write but its volume."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from l2bridge_helpers.lab import Lab, world
from tests.deploy.in_cluster import USER, Pod, arguments, mode_of, pod_of, reason_not_to

pytestmark = [
    pytest.mark.skipif(bool(reason_not_to()), reason=reason_not_to()),
    pytest.mark.xdist_group("in-cluster"),
]


def folders(pod: Pod) -> list[Path]:
    """Return the runs' folders, the oldest first."""
    return sorted(path for path in pod.volume.iterdir() if path.is_dir())


def asked(lab: Lab) -> dict[str, set[str]]:
    """Return the verbs that the cluster was asked for, by resource."""
    found: dict[str, set[str]] = defaultdict(set)
    for request in lab.requests:
        if request.server == "kubernetes":
            resource = next(name for name in ("leases", "configmaps", "nodes", "reviews") if name in request.path)
            named = request.path.rstrip("/").rsplit("/", 1)[-1] != resource
            reading = "get" if named else "list"
            found[resource].add({"GET": reading, "POST": "create", "PUT": "update"}[request.method])
    return found


def granted(*manifests: Path) -> dict[str, set[str]]:
    """Return what manifests grant, by resource."""
    found: dict[str, set[str]] = defaultdict(set)
    for manifest in manifests:
        for each in yaml.safe_load_all(manifest.read_text()):
            for rule in each.get("rules", []):
                for resource in rule["resources"]:
                    found[resource] |= set(rule["verbs"])
    return found


def test_check_then_apply_then_check(root: Path, tmp_path: Path) -> None:
    """Drift fails, an apply mends it, a check is content; each leaves its folder, and nothing anywhere else."""
    kubernetes = root / "deploy" / "kubernetes"
    with Lab(world("gce-small")) as lab, pod_of(lab, tmp_path) as pod:
        words = [*arguments(kubernetes / "gce.yaml", lab), "-p", f"endpoint={lab.endpoint}"]
        before = lab.snapshot(counters=False)

        drift = pod.run(*words)
        assert drift.status == 1, drift.err
        (line,) = drift.err.splitlines()  # also: nothing is left in /tmp
        assert line.startswith("Error: DriftError: 13 things out of place")
        assert lab.snapshot(counters=False) == before
        assert asked(lab) == granted(kubernetes / "common.yaml")

        applied = pod.run(*mode_of(words, "--apply", "--confirm", "lab"))
        assert (applied.status, applied.err) == (0, "")
        in_use = {name: verbs for name, verbs in asked(lab).items() if name != "reviews"}
        assert in_use == granted(kubernetes / "common.yaml", kubernetes / "apply.yaml")

        content = pod.run(*words)
        assert (content.status, content.err) == (0, "")
        assert pod.server.unknown == 0
    results = [json.loads((folder / "result.json").read_text()) for folder in folders(pod)]
    assert [(one["mode"], one["status"]) for one in results] == [("check", "failed"), ("apply", "ok"), ("check", "ok")]
    assert all(one["target"]["context"] == "in-cluster" for one in results)
    assert all((folder / "gce.ipynb").is_file() for folder in folders(pod))
    assert {path.stat().st_uid for path in pod.volume.rglob("*")} == {USER}
    others = {path.name for path in pod.volume.iterdir() if path.is_file()}
    assert others == {"journal.db"}


@pytest.mark.parametrize("name", ["aws-small", "azure-small", "bare-metal-small"])
def test_the_command_of_every_platform_runs(name: str, root: Path, tmp_path: Path) -> None:
    """As its CronJob has it."""
    with Lab(world(name)) as lab, pod_of(lab, tmp_path) as pod:
        manifest = root / "deploy" / "kubernetes" / f"{lab.platform}.yaml"
        endpoint = ["-p", f"endpoint={lab.endpoint}"] if lab.endpoint else []
        done = pod.run(*arguments(manifest, lab), *endpoint)
        assert done.status == (0 if lab.platform == "bare_metal" else 1), done.err
        assert lab.writes == []
    assert len(folders(pod)) == 1


def test_a_volume_that_it_may_not_write_to_is_said_at_once(lab: Lab, root: Path, tmp_path: Path) -> None:
    """FsGroup was left out, say: bad usage, not drift."""
    with pod_of(lab, tmp_path) as pod:
        pod.volume.chmod(0o500)
        os.chown(pod.volume, 0, 0)
        done = pod.run(*arguments(root / "deploy" / "kubernetes" / "gce.yaml", lab))
    assert done.status == 2
    assert "parameter runs: '/srv' cannot hold this run's folder" in done.err


def test_nothing_else_can_be_written_to(lab: Lab, root: Path, tmp_path: Path) -> None:
    """Not even what everybody may write to elsewhere: so a run that ends well has written nothing else."""
    with pod_of(lab, tmp_path) as pod:
        words = arguments(root / "deploy" / "kubernetes" / "gce.yaml", lab)
        done = pod.run(*words[:-1], "/var/tmp/l2bridge-runs")  # noqa: S108 - that it cannot be made is the test
    assert done.status == 2
    assert "Read-only file system" in done.err
    assert folders(pod) == []
