"""`--metrics FILE`: what Prometheus is told, read by its own parser, however a run ends."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from l2bridge_helpers.cli import main
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.metrics import HELP, LABELS, SUCCESS, Measured, drift, write_metrics
from tests.cli.test_story import L2BRIDGE, SECONDS

pytestmark = pytest.mark.xdist_group("cli")
Samples = dict[tuple[str, str], float]


def read(path: Path) -> Samples:
    """Return the samples: name and what it is of (a kind, a verdict) -> value."""
    samples: Samples = {}
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        assert family.type == "gauge"
        assert family.documentation == HELP[family.name]
        for sample in family.samples:
            assert set(LABELS) <= sample.labels.keys()
            samples[sample.name, sample.labels.get("kind") or sample.labels.get("verdict") or ""] = sample.value
    return samples


def run(lab: Lab, folder: Path, *words: str, **changed: str) -> int:
    """Run the runbook; return the exit status."""
    given_by_options = {**lab.parameters, "runs": str(folder / "runs"), **changed}
    pairs = [word for name, value in given_by_options.items() for word in ("-p", f"{name}={value}")]
    metrics = str(folder / "l2bridge.prom")
    command = [*L2BRIDGE, "run", lab.platform, *pairs, "--metrics", metrics, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, check=False).returncode


def test_drift_then_order_then_no_answer(lab: Lab, tmp_path: Path) -> None:
    """Each run tells what it knows; one that fails keeps the time of the last success."""
    path = tmp_path / "l2bridge.prom"
    assert run(lab, tmp_path, "--check") == 1
    drifted = read(path)
    assert (drifted["l2bridge_nodes", ""], drifted["l2bridge_exit_status", ""]) == (6, 1)
    assert (drifted["l2bridge_drift_rows", "forwarding"], drifted["l2bridge_drift_rows", "route"]) == (6, 6)
    assert [drifted["l2bridge_pairs", verdict] for verdict in ("reaches", "unproven", "blocked")] == [0, 0, 30]
    assert (SUCCESS, "") not in drifted

    assert run(lab, tmp_path, "--apply", "--confirm", "lab") == 0
    applied = read(path)
    assert applied["l2bridge_exit_status", ""] == 0
    assert sum(value for (name, _), value in applied.items() if name == "l2bridge_drift_rows") == 0
    assert applied["l2bridge_pairs", "reaches"] == 30
    assert applied["l2bridge_duration_seconds", ""] > 0

    assert run(lab, tmp_path, "--check", kubeconfig="/nowhere") == 3
    unread = read(path)
    assert unread["l2bridge_exit_status", ""] == 3
    assert unread[SUCCESS, ""] == applied[SUCCESS, ""]
    assert {name for name, _ in unread} == {"l2bridge_exit_status", "l2bridge_duration_seconds", SUCCESS}

    assert run(lab, tmp_path, "-p", "projet=x") == 2
    assert read(path)["l2bridge_exit_status", ""] == 2
    assert [child.name for child in tmp_path.glob("*.prom*")] == [path.name]


def test_a_refused_parameter_does_not_lose_the_clusters_name(tmp_path: Path) -> None:
    """What a broken job leaves is the series of the whole one."""
    path = tmp_path / "l2bridge.prom"
    write_metrics(path, Measured("gce", result={"cluster": "shop"}))
    success = read(path)[SUCCESS, ""]
    write_metrics(path, Measured("gce", status=2))
    assert read(path)[SUCCESS, ""] == success
    assert 'cluster="shop"' in path.read_text()


@pytest.mark.parametrize("other", [Measured("aws", "shop", status=1), Measured("gce", "toys", status=1)])
def test_the_success_of_another_job_is_none_of_ours(other: Measured, tmp_path: Path) -> None:
    """Neither of another cluster nor of another runbook."""
    path = tmp_path / "l2bridge.prom"
    write_metrics(path, Measured("gce", "shop"))
    write_metrics(path, other)
    assert (SUCCESS, "") not in read(path)


@given(st.text())
def test_any_name_can_be_read_again(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Quotes, backslashes and line ends of names do not forge samples."""
    path = tmp_path_factory.getbasetemp() / "names.prom"
    if not name.isprintable():
        name = "shop"
    write_metrics(path, Measured("gce", name))
    told = [sample for family in text_string_to_metric_families(path.read_text()) for sample in family.samples]
    assert {sample.labels["cluster"] for sample in told} == {name}
    assert math.isfinite(told[0].value)


def test_what_waits_is_counted_by_its_kind() -> None:
    """What was applied does not wait; conflicts, findings and what a read does not show do."""
    result = {
        "changes": [{"kind": "route", "outcome": "applied"}, {"kind": "route", "outcome": "failed"}],
        "conflicts": [{"kind": "route"}],
        "findings": [{"severity": "warning"}, {"severity": "blocking"}],
        "verified": [{"verdict": "wrong"}, {"verdict": "ok"}, {"verdict": "note"}],
    }
    assert {kind: number for kind, number in drift(result).items() if number} == {
        "route": 2,
        "finding": 1,
        "verified": 1,
    }


@pytest.mark.parametrize(("name", "told"), [("l2bridge.txt", "does not end in .prom"), ("no/l2.prom", "no folder")])
def test_a_file_that_nobody_could_read_is_refused_first(name: str, told: str, tmp_path: Path) -> None:
    """Before anything is read or changed."""
    with Lab(world("gce-small")) as lab:
        pairs = [word for pair in lab.parameters.items() for word in ("-p", "=".join(pair))]
        done = CliRunner().invoke(main, ["run", "gce", *pairs, "--metrics", str(tmp_path / name)])
        assert lab.requests == []
    assert done.exit_code == 2
    assert told in done.output


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """And nothing half written lies about."""
    (tmp_path / "l2bridge.prom").mkdir()
    with pytest.raises(DataError, match=r"l2bridge\.prom cannot be written"):
        write_metrics(tmp_path / "l2bridge.prom", Measured("gce"))
    assert len(list(tmp_path.iterdir())) == 1
