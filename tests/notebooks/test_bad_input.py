import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2bridge_helpers.lab import Lab, world
from tests.notebooks.conftest import Run


@pytest.fixture(scope="module")
def untouched_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab for runs that are refused before they write; the world is the parameter, else `gce-small`."""
    with Lab(world(getattr(request, "param", "gce-small"))) as lab:
        yield lab
        assert lab.writes == []


CLOSED = "http://127.0.0.1:9"
BAD_INPUT: dict[str, dict[str, dict[str, object]]] = {
    "gce-small": {
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
    },
    "aws-small": {
        "no region of AWS": {"region": "europe"},
        "routes as text": {"routes": "yes"},
        "unknown mode": {"mode": "aply"},
        "cloud unreachable": {"endpoint": "http://127.0.0.1:9"},
    },
    "azure-small": {
        "no subscription": {"subscription_id": ""},
        "no subscription's id": {"subscription_id": "my subscription"},
        "no group's name": {"resource_group": "rg/cluster"},
        "no table's name": {"route_table": "/subscriptions/x"},
        "misspelt table": {"route_table": "nodes-rt"},
        "whose effective routes": {"effective_routes": "some"},
        "a limit as text": {"route_limit": "many"},
        "a negative limit": {"route_limit": -1},
        "upgrade as text": {"upgrade_instances": "yes"},
        "unknown mode": {"mode": "aply"},
        "cloud unreachable": {"endpoint": "http://127.0.0.1:9"},
    },
}


@pytest.mark.parametrize(
    ("untouched_lab", "case"),
    [(name, case) for name, cases in BAD_INPUT.items() for case in cases],
    indirect=["untouched_lab"],
)
def test_bad_input_is_one_line(case: str, untouched_lab: Lab, run_runbook: Run) -> None:
    """The last word is one line of ours with the parameter and its value; no SDK is in the way."""
    given = BAD_INPUT[f"{untouched_lab.platform}-small"][case]
    outcome = run_runbook(untouched_lab, **given)
    name, value = list(given.items())[-1]
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
