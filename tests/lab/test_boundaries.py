"""Boundaries of changes, reads that lag, machines that change."""

import threading

import pandas as pd
import pytest
import requests

from l2bridge_helpers.fabric import Nic
from l2bridge_helpers.lab import Lab, LabError, world
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.platforms import cloud_of
from tests.runs import parameters_of

from .ask import PLATFORMS, asking


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_change_has_two_boundaries(platform: str) -> None:
    """Before it nothing is done, after it the work is done and the client does not know; reads have none."""
    with asking(platform) as ask:
        seen: list[tuple[str, bool]] = []
        before = ask.forwards()
        ask.lab.on_boundary(lambda _, when: seen.append((when, _live(ask.lab))))
        ask.read()
        assert ask.change().ok
        ask.lab.on_boundary(None)
        ask.change()
    assert [when for when, _ in seen] == ["before", "after"]
    assert seen[0][1] is before
    if platform == "aws":
        assert seen[1][1] is not before


def _live(lab: Lab) -> bool:
    if lab.platform == "gce":
        return bool(lab.world.cloud("instances")[0]["canIpForward"])
    if lab.platform == "aws":
        return not lab.world.cloud("NetworkInterfaces")[0]["SourceDestCheck"]
    return bool(lab.world.cloud("networkInterfaces")[0]["properties"]["enableIPForwarding"])


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("moment", "done"), [("before", False), ("after", True)])
def test_a_boundary_can_hang_up(platform: str, moment: str, *, done: bool) -> None:
    """A callback that returns True takes the client's answer away: as if it had been killed there."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.on_boundary(lambda _, when: when == moment)
        with pytest.raises(requests.ConnectionError):
            ask.change()
        assert (ask.forwards() is not before) is done


def test_a_boundary_can_wait_without_holding_others_up() -> None:
    """The callback runs in its request's thread; reads go on meanwhile."""
    with asking("azure") as ask:
        arrived, go_on = threading.Event(), threading.Event()

        def stop(_: object, when: str) -> None:
            if when == "before":
                arrived.set()
                go_on.wait(10)

        ask.lab.on_boundary(stop)
        sender = threading.Thread(target=ask.change)
        sender.start()
        assert arrived.wait(10)
        assert ask.lab.requests[-1].mutates
        assert requests.get(f"{ask.lab.endpoint}/subscriptions?api-version=2022-12-01", timeout=5).ok
        go_on.set()
        sender.join()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_reads_can_lag(platform: str) -> None:
    """So many reads after a change still see the cloud without it."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.cloud.lag = 3
        assert ask.forwards() is before
        assert ask.change().ok
        assert [ask.forwards() for _ in range(5)] == [before, before, before, not before, not before]
        assert ask.change().ok
        assert ask.forwards() is not before
        ask.lab.cloud.lag = 0
        assert ask.forwards() is before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_change_lags_for_itself(platform: str) -> None:
    """Two changes become visible one after the other, in their order."""
    with asking(platform) as ask:
        before = ask.forwards()
        ask.lab.cloud.lag = 2
        ask.change()
        assert ask.forwards() is before
        ask.change()
        assert [ask.forwards() for _ in range(3)] == [before, not before, before]


def test_a_change_from_an_old_read_is_refused() -> None:
    """What lags is old: its fingerprint is stale."""
    with asking("gce") as ask:
        url = f"{ask.lab.endpoint}/compute/v1/" + ask.lab.world.cloud("instances")[0]["selfLink"].partition("/v1/")[2]
        ask.lab.gce.lag = 9
        ask.change()
        seen = requests.get(url, timeout=5).json()
        put = requests.put(f"{url}?mostDisruptiveAllowedAction=REFRESH", json=seen, timeout=5)
        assert put.status_code == 412


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_machine_is_replaced(platform: str) -> None:
    """The same name and addresses, other ids, nothing done: a run finds it like any other node."""
    with Lab(world(f"{platform}-small")) as lab:
        name = lab.world.nodes[1]["metadata"]["name"]
        nodes, nic, uid = _found(lab, name)
        lab.replace_machine(name)
        again, new, newer = _found(lab, name)
        assert nodes == again
        assert uid != newer
        assert (new.forwarding, new.addresses) == (False, nic.addresses)
        assert (new.id != nic.id) is (platform == "aws")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_machine_is_deleted(platform: str) -> None:
    """Node, machine and interface are gone; the others are as they were."""
    with Lab(world(f"{platform}-small")) as lab:
        name = lab.world.nodes[1]["metadata"]["name"]
        nodes, nic, _ = _found(lab, name)
        before = {one.id for one in _nics(lab, list_nodes(str(lab.kubeconfig)))}
        lab.delete_machine(name)
        left = list_nodes(str(lab.kubeconfig))
        assert set(nodes) - set(left["nodeName"]) == {name}
        assert before - {one.id for one in _nics(lab, left)} == {nic.id}


def _found(lab: Lab, name: str) -> tuple[list[str], Nic, str]:
    nodes = list_nodes(str(lab.kubeconfig))
    address = next(str(found) for found, node in zip(nodes["nodeIP"], nodes["nodeName"], strict=True) if node == name)
    nic = next(nic for nic in _nics(lab, nodes) if f"{address}/32" in nic.addresses)
    uid = next(node["metadata"]["uid"] for node in lab.world.nodes if node["metadata"]["name"] == name)
    return list(nodes["nodeName"]), nic, uid


def _nics(lab: Lab, nodes: pd.DataFrame) -> list[Nic]:
    fabric = cloud_of(lab.platform, parameters_of(lab)).observe(nodes)
    return [nic for instance in fabric.instances for nic in instance.nics]


def test_who_is_not_there_cannot_be_replaced() -> None:
    """The error names the node, and those that there are."""
    with Lab(world("gce-small")) as lab, pytest.raises(LabError, match=r"'nobody'.*node-1"):
        lab.replace_machine("nobody")
