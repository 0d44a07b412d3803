import json
import re
from collections import Counter

import pytest

from l2bridge_helpers.lab import Lab, world
from tests.notebooks.conftest import Run

# One worker lives through these: each run of a notebook takes seconds.
pytestmark = pytest.mark.xdist_group("papermill-aws")


def actions(lab: Lab) -> Counter[str]:
    """Return how often each action was sent that changes something."""
    return Counter(request.action for request in lab.writes if request.server == "aws")


def test_checks_are_turned_off_once(run_runbook: Run) -> None:
    """Plan writes nothing, apply turns six checks off, the next runs do nothing, and one that is back is drift."""
    with Lab(world("aws-small")) as lab:
        assert run_runbook(lab, mode="plan").error == ""
        assert actions(lab) == {}
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        assert actions(lab) == {"ModifyNetworkInterfaceAttribute": 6}
        assert run_runbook(lab, mode="apply", confirm="lab").error == ""
        assert run_runbook(lab, mode="check").error == ""
        assert actions(lab) == {"ModifyNetworkInterfaceAttribute": 6}
        nic = lab.world.cloud("NetworkInterfaces")[2]
        nic["SourceDestCheck"] = True
        drifted = run_runbook(lab, mode="check")
        assert drifted.error.startswith("DriftError: ")
        assert nic["NetworkInterfaceId"] in drifted.error
        assert drifted.foreign_frames == []


def test_two_subnets_are_refused_and_routes_mend_it(run_runbook: Run) -> None:
    """One finding names both groups and nothing is written; with routes=True the run converges."""
    with Lab(world("aws-two-subnets")) as lab:
        refused = run_runbook(lab, mode="apply", confirm="lab")
        assert refused.error.startswith("BlockedError: ")
        assert "node-0, node-2" in refused.error
        assert "node-1, node-3" in refused.error
        assert "routes=True" in refused.error
        assert actions(lab) == {}
        assert run_runbook(lab, mode="apply", confirm="lab", routes=True).error == ""
        assert (actions(lab)["CreateRoute"], actions(lab)["ModifyNetworkInterfaceAttribute"]) == (8, 4)
        assert run_runbook(lab, mode="check", routes=True).error == ""


def test_missing_permission_is_told_by_the_plan(run_runbook: Run) -> None:
    """The action is named before anything is sent; check needs no permission to write."""
    with Lab(world("aws-small")) as lab:
        lab.aws.denied_actions.add("ec2:ModifyNetworkInterfaceAttribute")
        planned = run_runbook(lab, mode="plan")
        assert planned.error == ""
        assert "ec2:ModifyNetworkInterfaceAttribute" in json.dumps(planned.result)
        refused = run_runbook(lab, mode="apply", confirm="lab")
        assert re.match(r"BlockedError: .*ec2:ModifyNetworkInterfaceAttribute", refused.error)
        assert actions(lab) == {}


def test_bare_metal_proves_one_subnet(run_runbook: Run) -> None:
    """Everything that Kubernetes shows is fine in all modes; nothing is written anywhere."""
    with Lab(world("bare-metal-small")) as lab:
        for mode in ("plan", "apply", "check"):
            assert run_runbook(lab, mode=mode, confirm="lab" if mode == "apply" else "").error == ""
        assert lab.writes == []


def test_bare_metal_names_what_is_wrong(run_runbook: Run) -> None:
    """Two subnets, a node behind NAT, and another backend: each is named with its node."""
    with Lab(world("bare-metal-messy")) as lab:
        outcome = run_runbook(lab, mode="check")
        assert outcome.error.startswith("DriftError: ")
        for word in ("192.168.41.0/24", "node-3", "203.0.113.13", "vxlan", "node-5"):
            assert word in outcome.error
        assert lab.writes == []
