import re
from collections import Counter

import pytest

from l2bridge_helpers.lab import Lab, world
from tests.notebooks.conftest import Run

# One worker lives through these: each run of a notebook takes seconds.
pytestmark = pytest.mark.xdist_group("papermill-azure")


def written(lab: Lab) -> Counter[str]:
    """Return how often each kind of resource was written."""
    return Counter(request.path.split("/")[-2] for request in lab.writes if request.server == "azure")


def test_a_cluster_is_mended_once(run_runbook: Run) -> None:
    """Plan writes nothing, apply writes each resource once, the next runs do nothing, and what is back is drift."""
    with Lab(world("azure-small")) as lab:
        assert run_runbook(lab, mode="plan").error == ""
        assert written(lab) == {}
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        assert written(lab) == {"networkInterfaces": 6, "routeTables": 1, "subnets": 1}
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        assert run_runbook(lab, mode="check").error == ""
        assert written(lab) == {"networkInterfaces": 6, "routeTables": 1, "subnets": 1}
        lab.world.cloud("networkInterfaces")[2]["properties"]["enableIPForwarding"] = False
        drifted = run_runbook(lab, mode="check")
        assert drifted.error.startswith("DriftError: ")
        assert lab.world.cloud("networkInterfaces")[2]["name"] in drifted.error
        assert drifted.foreign_frames == []


def test_a_subnet_that_has_lost_its_table_is_drift(run_runbook: Run) -> None:
    """The table is found again by its name, and given back."""
    with Lab(world("azure-small")) as lab:
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        (network,) = lab.world.cloud("virtualNetworks")
        for subnet in network["properties"]["subnets"]:
            subnet["properties"].pop("routeTable", None)
        assert "update association" in run_runbook(lab, mode="check").error
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        assert written(lab) == {"networkInterfaces": 6, "routeTables": 1, "subnets": 2}


def test_what_is_wrong_in_a_messy_cluster_is_named(run_runbook: Run) -> None:
    """Nothing is written while a foreign route is in the way, and every offender is in the one error."""
    with Lab(world("azure-messy")) as lab:
        refused = run_runbook(lab, mode="apply", confirm="lab")
        assert refused.error.startswith("BlockedError: ")
        assert "made by others" in refused.error
        assert "has no pod CIDR" in refused.error
        assert "upgrade_instances=True" in refused.error
        assert refused.foreign_frames == []
        assert lab.writes == []


def test_scale_sets_wait_for_the_operator(run_runbook: Run) -> None:
    """The others are served, the run ends in an error with the parameter; with it everything is done."""
    with Lab(world("azure-scale-sets")) as lab:
        waiting = run_runbook(lab, mode="apply", confirm="lab")
        assert waiting.error.startswith("ApplyError: ")
        assert "upgrade_instances=True" in waiting.error
        assert run_runbook(lab, mode="apply", confirm="lab", upgrade_instances=True).error == ""
        assert run_runbook(lab, mode="check").error == ""


def test_a_missing_permission_is_named(run_runbook: Run) -> None:
    """With the action, and what was done stays done."""
    with Lab(world("azure-small")) as lab:
        lab.azure.denied_actions.add("Microsoft.Network/virtualNetworks/subnets/write")
        failed = run_runbook(lab, mode="apply", confirm="lab")
        assert re.match(r"ApplyError: .*Microsoft\.Network/virtualNetworks/subnets/write", failed.error)
        assert failed.foreign_frames == []
        counts = failed.result["counts"]
        assert isinstance(counts, dict)
        assert (counts["applied"], counts["failed"]) == (13, 1)
