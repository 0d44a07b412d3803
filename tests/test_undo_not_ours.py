"""What a run was refused, or found done already, is not its work: its undo leaves it alone, whoever did it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.errors import ApplyError, BlockedError
from l2bridge_helpers.journal import Journal, history
from l2bridge_helpers.journal_url import journal_url
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.record import Request
from tests.crashes.steps import make_run, make_undo

DENIED = {
    "gce": {"reason": "forbidden", "message": "Required 'compute.instances.update' permission for 'node-1'"},
    "aws": {"reason": "UnauthorizedOperation", "message": "You are not authorized to perform this operation."},
    "azure": {"reason": "AuthorizationFailed", "message": "no"},
}


def _parameters(lab: Lab, runs: Path) -> dict[str, Any]:
    more = {"routes": True} if lab.platform == "aws" else {}
    return {**lab.parameters, **more, "runs": str(runs), "mode": "apply", "confirm": "lab"}


def _unchanged(runs: Path) -> list[tuple[str, str]]:
    rows = history(journal_url("", str(runs)))
    return [(str(row.kind), str(row.node)) for row in rows.itertuples() if row.outcome == "unchanged"]


def _nic(lab: Lab) -> dict[str, Any]:
    """Return what says whether node-1 forwards, as the cloud keeps it."""
    if lab.platform == "gce":
        return next(one for one in lab.world.cloud("instances") if one["name"] == "node-1")
    if lab.platform == "aws":
        return next(one for one in lab.world.cloud("NetworkInterfaces") if one["PrivateIpAddress"] == _address(lab))
    return next(one for one in lab.world.cloud("networkInterfaces") if one["name"] == "node-1-nic")


def _address(lab: Lab) -> str:
    node = next(one for one in lab.world.nodes if one["metadata"]["name"] == "node-1")
    return next(str(one["address"]) for one in node["status"]["addresses"] if one["type"] == "InternalIP")


def _forwards(lab: Lab) -> bool:
    nic = _nic(lab)
    if lab.platform == "aws":
        return nic["SourceDestCheck"] is False
    return bool(nic.get("canIpForward") or nic.get("properties", {}).get("enableIPForwarding"))


def _by_hand(lab: Lab) -> None:
    """Turn forwarding on at node-1, as somebody else does it."""
    nic = _nic(lab)
    if lab.platform == "gce":
        nic.update(canIpForward=True, fingerprint="changed=")
    elif lab.platform == "aws":
        nic["SourceDestCheck"] = False
    else:
        nic["properties"]["enableIPForwarding"], nic["etag"] = True, 'W/"changed"'


def _writes_forwarding(lab: Lab, request: Request) -> bool:
    if lab.platform == "aws":
        asked = str(request)
        return request.mutates and "ModifyNetworkInterfaceA" in asked and _nic(lab)["NetworkInterfaceId"] in asked
    return request.method == "PUT" and request.path.rstrip("/").endswith(("/node-1", "/node-1-nic"))


def _server(lab: Lab) -> Any:
    return getattr(lab, lab.platform)


@pytest.mark.parametrize("name", ["gce-small", "aws-small", "azure-small"])
def test_what_the_run_may_not_do_and_a_person_does_stays(name: str, tmp_path: Path) -> None:
    """It is as the run would have left it, and yet not the run's."""
    with Lab(world(name)) as lab:
        given = _parameters(lab, tmp_path)
        before = lab.snapshot(counters=False)
        faults = _server(lab).faults
        faults.add(lambda one: _writes_forwarding(lab, one), status=403, times=None, **DENIED[lab.platform])
        with pytest.raises(ApplyError):
            make_run(lab.platform, given)
        faults.clear()
        assert _unchanged(tmp_path) == [("forwarding", "node-1")]
        _by_hand(lab)
        make_undo("", given)
        assert _forwards(lab)
        assert lab.snapshot(counters=False) != before


@pytest.mark.parametrize("name", ["gce-small", "azure-small"])
def test_what_a_person_does_between_plan_and_write_stays(name: str, tmp_path: Path) -> None:
    """The write meets a newer version, and finds nothing left to do."""
    with Lab(world(name)) as lab:
        given = _parameters(lab, tmp_path)
        _server(lab).faults.add(lambda one: _writes_forwarding(lab, one), status=0, do=lambda: _by_hand(lab))
        make_run(lab.platform, given)
        assert _unchanged(tmp_path) == [("forwarding", "node-1")]
        make_undo("", given)
        assert _forwards(lab)


@pytest.mark.parametrize("name", ["gce-small", "aws-small", "azure-small"])
def test_a_lost_answer_is_still_the_runs_work(name: str, tmp_path: Path) -> None:
    """What the second try finds done may be the first one's work: undo puts it back."""
    with Lab(world(name)) as lab:
        given = _parameters(lab, tmp_path)
        before = lab.snapshot(counters=False)
        _server(lab).faults.add(lambda one: one.mutates, when="after", drop=True, times=4)
        make_run(lab.platform, given)
        assert _unchanged(tmp_path) == []
        make_undo("", given)
        assert lab.snapshot(counters=False) == before


def test_a_route_that_a_person_makes_between_plan_and_create_stays(tmp_path: Path) -> None:
    """EC2 says that there is one; undo deletes those of the run alone."""
    with Lab(world("aws-small")) as lab:
        given = _parameters(lab, tmp_path)
        eni = _nic(lab)["NetworkInterfaceId"]
        pods = next(one for one in lab.world.nodes if one["metadata"]["name"] == "node-1")["spec"]["podCIDR"]
        route = {"DestinationCidrBlock": pods, "NetworkInterfaceId": eni, "Origin": "CreateRoute", "State": "active"}
        table = next(one for one in lab.world.cloud("RouteTables") if one["Associations"])
        lab.aws.faults.add(
            lambda one: one.action == "CreateTags", status=0, do=lambda: table["Routes"].append(dict(route)), times=1
        )
        make_run("aws", given)
        assert _unchanged(tmp_path) == [("route", "node-1")]
        make_undo("", given)
        assert [one for one in table["Routes"] if one.get("NetworkInterfaceId")] == [route]


@pytest.mark.parametrize("skip", [False, True])
def test_what_a_later_run_has_done_again_is_put_back_with_that_run(tmp_path: Path, *, skip: bool) -> None:
    """It looks as the older run left it; nothing is sent, and the error names the run that comes first."""
    with Lab(world("gce-small")) as lab:
        given = _parameters(lab, tmp_path)
        before = lab.snapshot(counters=False)
        old = make_run("gce", given).folder.name
        make_undo("", given)
        new = make_run("gce", given).folder.name
        there = lab.snapshot(counters=False)
        with pytest.raises(BlockedError, match=f"run {new} has done this since; put back that run first$"):
            make_undo(old, {**given, "skip_conflicts": skip})
        assert lab.snapshot(counters=False) == there
        make_undo(new, given)
        make_undo(old, given)
        assert lab.snapshot(counters=False) == before


def test_what_an_undo_of_a_later_run_has_made_again_is_the_older_runs_again(tmp_path: Path) -> None:
    """A later run closed what nobody needed; its undo opens it again, as the older run left it."""
    with Lab(world("aws-small")) as lab:
        given = _parameters(lab, tmp_path) | {"routes": True}
        before = lab.snapshot(counters=False)
        old = make_run("aws", given).folder.name
        gone = lab.world.nodes.pop()
        new = make_run("aws", given).folder.name
        make_undo(new, given)
        make_undo(old, given)
        lab.world.nodes.append(gone)
        assert lab.snapshot(counters=False) == before


def test_the_last_run_that_changed_anything_is_meant_when_none_is_named(tmp_path: Path) -> None:
    """One that lost its Lease before its first change is not what an operator wants to have back at night."""
    with Lab(world("gce-small")) as lab:
        given = _parameters(lab, tmp_path)
        before = lab.snapshot(counters=False)
        make_run("gce", given)
        with closing(Journal.open(journal_url("", str(tmp_path)))) as journal:
            (made,) = journal.runs()
            journal.begin(replace(made, run="stopped at once"))
        make_undo("", given)
        assert lab.snapshot(counters=False) == before
