"""The commands that a plan shows, run by the real gcloud: who may not run this tool can do the job by hand."""

from pathlib import Path

from l2bridge_helpers import list_nodes, plan
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.gce import Gce
from l2bridge_helpers.lab import Lab, world
from tests.gcloud import Gcloud, needs_gcloud


def _plan(lab: Lab) -> Plan:
    parameters = lab.parameters
    nodes = list_nodes(parameters["kubeconfig"])
    project, network, endpoint = (parameters[name] for name in ("project", "network", "endpoint"))
    cloud = Gce(project=project, network=network, endpoint=endpoint)
    return plan(nodes, cloud.observe(nodes), cluster=parameters["cluster"])


@needs_gcloud
def test_the_commands_of_a_plan_do_what_the_plan_does(tmp_path: Path) -> None:
    """After each command was run by hand, nothing is left to do: forwarding is on, and the routes are ours."""
    with Lab(world("gce-2")) as lab:
        gcloud = Gcloud(lab, tmp_path)
        changes = _plan(lab)
        assert len(changes.writes) == 4
        for change in changes.writes:
            gcloud.shell(change.command)
        assert [change.action for change in _plan(lab)] == ["none"] * 4


@needs_gcloud
def test_the_commands_of_replacements_and_deletions_do_too(tmp_path: Path) -> None:
    """The messy world's stale and replaced routes, by hand."""
    with Lab(world("gce-messy")) as lab:
        gcloud = Gcloud(lab, tmp_path)
        for change in _plan(lab).writes:
            if "delete" in change.command:
                gcloud.shell(change.command)
        assert [change for change in _plan(lab).writes if "delete" in change.command] == []
