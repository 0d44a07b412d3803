import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2bridge_helpers.lab import Lab, world
from tests.notebooks.conftest import Run


@pytest.fixture(scope="module")
def untouched_lab() -> Iterator[Lab]:
    """A lab for runs that are refused before they write."""
    with Lab(world("gce-small")) as lab:
        yield lab
        assert lab.writes == []


CLOSED = "http://127.0.0.1:9"
BAD_INPUT: dict[str, dict[str, object]] = {
    "unknown mode": {"mode": "aply"},
    "wrong confirm": {"mode": "apply", "confirm": "prod"},
    "empty project": {"project": ""},
    "share above 100": {"max_delete_percent": 101},
    "malformed endpoint": {"endpoint": "compute.example"},
    "no host": {"endpoint": "http://"},
    "http in the open": {"endpoint": "http://10.1.2.3:8080"},
    "no kubeconfig": {"kubeconfig": "no/such/kubeconfig"},
    "unknown context": {"context": "nowhere"},
    "cloud unreachable": {"endpoint": CLOSED},
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line(case: str, untouched_lab: Lab, run_runbook: Run) -> None:
    """The last word is one line of ours with the parameter and its value; no SDK is in the way."""
    outcome = run_runbook(untouched_lab, **BAD_INPUT[case])
    name, value = list(BAD_INPUT[case].items())[-1]
    assert re.match(r"\w+Error: ", outcome.error), outcome.error
    assert "\n" not in outcome.error
    assert name in outcome.error
    assert str(value) in outcome.error
    assert outcome.foreign_frames == []


def test_unreachable_kubernetes_is_one_line(untouched_lab: Lab, run_runbook: Run, tmp_path: Path) -> None:
    """The error names the server that did not answer."""
    text = untouched_lab.kubeconfig.read_text(encoding="utf-8")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(re.sub(r"http://127.0.0.1:\d+", CLOSED, text), encoding="utf-8")
    outcome = run_runbook(untouched_lab, kubeconfig=str(kubeconfig))
    assert outcome.error.startswith("KubernetesError: ")
    assert "\n" not in outcome.error
    assert "127.0.0.1:9" in outcome.error
    assert outcome.foreign_frames == []
