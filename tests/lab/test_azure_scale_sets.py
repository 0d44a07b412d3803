import copy
import time
from collections.abc import Iterator

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError

from l2bridge_helpers.lab import Lab, world

from .clients import Arm, Json, compute, compute_path

SETS = "virtualMachineScaleSets"


@pytest.fixture
def sets() -> Iterator[Lab]:
    with Lab(world("azure-scale-sets")) as lab:
        yield lab


@pytest.fixture
def arm(sets: Lab) -> Iterator[Arm]:
    arm = Arm(sets)
    yield arm
    arm.close()


def held(lab: Lab, name: str) -> Json:
    """Return a scale set as the world has it."""
    return next(one for one in lab.world.cloud(SETS) if one["name"] == name)


def model(lab: Lab, name: str, *, forwarding: bool = True) -> Json:
    """Return a patch that turns forwarding on in a scale set's model, and leaves the rest of the list as it is."""
    profile = copy.deepcopy(held(lab, name)["properties"]["virtualMachineProfile"]["networkProfile"])
    profile["networkInterfaceConfigurations"][0]["properties"]["enableIPForwarding"] = forwarding
    return {"properties": {"virtualMachineProfile": {"networkProfile": profile}}}


def forwards(lab: Lab, name: str) -> list[bool]:
    """Return whether the interfaces of a uniform scale set's instances forward."""
    nics = lab.world.cloud("virtualMachineScaleSetNetworkInterfaces")
    return [nic["properties"]["enableIPForwarding"] for nic in nics if f"/{name}/" in nic["id"]]


def latest(lab: Lab, name: str) -> list[bool]:
    """Return whether instances have the latest model."""
    machines = lab.world.cloud("virtualMachineScaleSetVMs")
    return [one["properties"]["latestModelApplied"] for one in machines if f"/{name}/" in one["id"]]


def path(lab: Lab, name: str) -> str:
    return compute_path(lab, f"{SETS}/{name}")


# Reading.


def test_the_sdk_reads_sets_and_instances(sets: Lab) -> None:
    """All of the subscription or of a group, and the instances of one."""
    client = compute(sets)
    names = ["pool-auto", "pool-manual", "pool-flex"]
    assert [one.name for one in client.virtual_machine_scale_sets.list_all()] == names
    assert [one.name for one in client.virtual_machine_scale_sets.list("rg-cluster")] == names
    instances = list(client.virtual_machine_scale_set_vms.list("rg-cluster", "pool-auto", expand="instanceView"))
    assert [(one.instance_id, one.latest_model_applied) for one in instances] == [("0", True), ("1", True), ("2", True)]
    view = instances[0].instance_view
    assert view is not None
    assert [status.code for status in view.statuses or []][-1] == "PowerState/running"
    one = client.virtual_machine_scale_set_vms.get("rg-cluster", "pool-auto", "1")
    assert one.as_dict()["properties"]["osProfile"]["computerName"] == "pool-auto000001"


def test_machines_of_a_flexible_set_are_filtered(sets: Lab) -> None:
    """By the set's id in whatever letter case; another filter is refused."""
    calls = compute(sets).virtual_machines
    wanted = f"'virtualMachineScaleSet/id' eq '{path(sets, 'POOL-FLEX')}'"
    assert len(list(calls.list("rg-cluster", filter=wanted))) == 2
    assert len(list(calls.list_all(filter=wanted))) == 2
    assert list(calls.list("rg-cluster", filter=wanted.replace("FLEX", "auto"))) == []
    with pytest.raises(HttpResponseError, match="InvalidParameter"):
        list(calls.list("rg-cluster", filter="name eq 'x'"))


@pytest.mark.parametrize("tail", ["virtualMachines", "networkInterfaces", "virtualMachines/0/networkInterfaces"])
def test_what_is_below_a_set_needs_the_set(sets: Lab, arm: Arm, tail: str) -> None:
    """A list below one that is not there is no empty list."""
    assert arm.get(f"{path(sets, 'pool-none')}/{tail}").error == (404, "ResourceNotFound")
    assert arm.get(f"{path(sets, 'pool-auto')}/virtualMachines/9/networkInterfaces").error == (404, "ResourceNotFound")


# Changing a model.


def test_instances_follow_the_model_when_the_policy_says_so(sets: Lab) -> None:
    """Automatic: the SDK's one call changes model, instances and interfaces."""
    compute(sets).virtual_machine_scale_sets.begin_update("rg-cluster", "pool-auto", model(sets, "pool-auto")).result()
    assert (forwards(sets, "pool-auto"), latest(sets, "pool-auto")) == ([True] * 3, [True] * 3)
    assert forwards(sets, "pool-manual") == [False] * 2


def test_instances_follow_when_the_operation_ends(sets: Lab, arm: Arm) -> None:
    """Under Rolling too; before that they are not of the latest model."""
    held(sets, "pool-auto")["properties"]["upgradePolicy"]["mode"] = "Rolling"
    sets.azure.operation_seconds = 0.2
    assert arm.call("PATCH", path(sets, "pool-auto"), model(sets, "pool-auto")).status == 200
    assert (forwards(sets, "pool-auto"), latest(sets, "pool-auto")) == ([False] * 3, [False] * 3)
    time.sleep(0.2)
    assert (forwards(sets, "pool-auto"), latest(sets, "pool-auto")) == ([True] * 3, [True] * 3)


def test_instances_wait_for_an_upgrade_under_the_manual_policy(sets: Lab) -> None:
    """The model is changed; each instance follows when it is named."""
    calls = compute(sets).virtual_machine_scale_sets
    calls.begin_update("rg-cluster", "pool-manual", model(sets, "pool-manual")).result()
    assert (forwards(sets, "pool-manual"), latest(sets, "pool-manual")) == ([False] * 2, [False] * 2)
    calls.begin_update_instances("rg-cluster", "pool-manual", {"instanceIds": ["1"]}).result()
    assert (forwards(sets, "pool-manual"), latest(sets, "pool-manual")) == ([False, True], [False, True])
    calls.begin_update_instances("rg-cluster", "pool-manual", {"instanceIds": ["*"]}).result()
    assert (forwards(sets, "pool-manual"), latest(sets, "pool-manual")) == ([True] * 2, [True] * 2)


def test_what_is_no_change_leaves_instances_alone(sets: Lab, arm: Arm) -> None:
    """They are of the latest model still."""
    assert arm.call("PATCH", path(sets, "pool-manual"), model(sets, "pool-manual", forwarding=False)).status == 200
    assert arm.call("PATCH", path(sets, "pool-manual"), {"tags": {"a": "b"}}).status == 200
    assert latest(sets, "pool-manual") == [True] * 2
    assert held(sets, "pool-manual")["tags"] == {"pool": "pool-manual", "a": "b"}


def test_the_model_of_a_flexible_set_changes_alone(sets: Lab, arm: Arm) -> None:
    """Its machines are ordinary ones with ordinary interfaces."""
    assert arm.call("PATCH", path(sets, "pool-flex"), model(sets, "pool-flex")).status == 200
    nics = sets.world.cloud("networkInterfaces")
    assert [nic["properties"]["enableIPForwarding"] for nic in nics] == [False] * 2
    refused = arm.call("POST", f"{path(sets, 'pool-flex')}/manualupgrade", {"instanceIds": ["*"]})
    assert refused.error == (400, "OperationNotAllowed")


def test_a_patch_replaces_lists_whole(sets: Lab, arm: Arm) -> None:
    """What an element of the list leaves out is gone, and an element without what it needs is refused."""
    patch = model(sets, "pool-manual")
    (entry,) = patch["properties"]["virtualMachineProfile"]["networkProfile"]["networkInterfaceConfigurations"]
    del entry["properties"]["dnsSettings"]
    assert arm.call("PATCH", path(sets, "pool-manual"), patch).status == 200
    profile = held(sets, "pool-manual")["properties"]["virtualMachineProfile"]
    assert "dnsSettings" not in profile["networkProfile"]["networkInterfaceConfigurations"][0]["properties"]
    assert profile["osProfile"]["computerNamePrefix"] == "pool-manual"
    del entry["properties"]["ipConfigurations"]
    assert arm.call("PATCH", path(sets, "pool-manual"), patch).error == (400, "InvalidParameter")


def test_a_set_can_be_replaced(sets: Lab, arm: Arm) -> None:
    """As az does: all of it is sent back; what only Azure writes stays."""
    body = copy.deepcopy(held(sets, "pool-auto"))
    profile = body["properties"]["virtualMachineProfile"]["networkProfile"]
    profile["networkInterfaceConfigurations"][0]["properties"]["enableIPForwarding"] = True
    unique = body["properties"].pop("uniqueId")
    assert arm.put(body["id"], body, body["etag"]).status == 200
    assert forwards(sets, "pool-auto") == [True] * 3
    assert held(sets, "pool-auto")["properties"]["uniqueId"] == unique
    assert arm.put(path(sets, "pool-new"), body).error == (405, "UnsupportedOperation")


# What is refused.


def test_a_stale_etag_is_refused(sets: Lab) -> None:
    """Under the SDK's own condition."""
    calls = compute(sets).virtual_machine_scale_sets
    etag = calls.get("rg-cluster", "pool-manual").etag
    condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    calls.begin_update("rg-cluster", "pool-manual", {"tags": {"a": "b"}}, **condition).result()
    with pytest.raises(HttpResponseError) as caught:
        calls.begin_update("rg-cluster", "pool-manual", model(sets, "pool-manual"), **condition)
    assert caught.value.status_code == 412


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ({"futureSetting": 1}, (400, "BadRequest")),
        ({"properties": {"upgradePolicy": {"mood": "good"}}}, (400, "BadRequest")),
        ({"properties": {"orchestrationMode": "Flexible"}}, (409, "PropertyChangeNotAllowed")),
        ({"properties": {"overprovision": "yes"}}, (400, "InvalidRequestFormat")),
        ([], (400, "InvalidRequestContent")),
    ],
)
def test_a_bad_patch_is_refused(sets: Lab, arm: Arm, patch: object, error: tuple[int, str]) -> None:
    """Unknown properties, other types, and what cannot be changed."""
    assert arm.call("PATCH", path(sets, "pool-manual"), patch).error == error


@pytest.mark.parametrize("numbers", [["7"], ["0", "7"], [], None])
def test_instances_must_be_there(sets: Lab, arm: Arm, numbers: list[str] | None) -> None:
    """One that is not refuses the whole call, as does none at all."""
    before = copy.deepcopy(sets.world.resources)
    body = {"instanceIds": numbers}
    assert arm.call("POST", f"{path(sets, 'pool-manual')}/manualupgrade", body).error == (400, "InvalidParameter")
    assert sets.world.resources == before


def test_one_thing_at_a_time_is_done_to_a_set(sets: Lab, arm: Arm) -> None:
    """Others are refused until it has ended."""
    sets.azure.operation_seconds = 0.2
    assert arm.call("PATCH", path(sets, "pool-manual"), model(sets, "pool-manual")).status == 200
    upgrade = ("POST", f"{path(sets, 'pool-manual')}/manualupgrade", {"instanceIds": ["*"]})
    assert arm.call(*upgrade).error == (409, "Conflict")
    assert arm.call("PATCH", path(sets, "pool-auto"), model(sets, "pool-auto")).status == 200
    time.sleep(0.2)
    assert arm.call(*upgrade).status == 202


def test_a_failed_operation_leaves_everything_as_it_was(sets: Lab, arm: Arm) -> None:
    """Model, instances and interfaces."""
    before = copy.deepcopy(sets.world.resources)
    sets.azure.fail_operations("pool-auto", message="no room")
    answer = arm.call("PATCH", path(sets, "pool-auto"), model(sets, "pool-auto"))
    assert answer.status == 200
    assert arm.get(answer.headers["Azure-AsyncOperation"]).body["error"]["message"] == "no room"
    assert sets.world.resources == before


# One instance.


def test_one_instance_can_be_changed(sets: Lab) -> None:
    """Its interface follows; the model and the other instances do not."""
    calls = compute(sets).virtual_machine_scale_set_vms
    one = calls.get("rg-cluster", "pool-manual", "0")
    one.network_profile_configuration.network_interface_configurations[0].enable_ip_forwarding = True
    calls.begin_update("rg-cluster", "pool-manual", "0", one).result()
    assert forwards(sets, "pool-manual") == [True, False]
    profile = held(sets, "pool-manual")["properties"]["virtualMachineProfile"]["networkProfile"]
    assert profile["networkInterfaceConfigurations"][0]["properties"]["enableIPForwarding"] is False


def test_an_instance_that_is_not_there_cannot_be_changed(sets: Lab, arm: Arm) -> None:
    """Its number is named."""
    refused = arm.put(f"{path(sets, 'pool-manual')}/virtualMachines/9", {"location": "westeurope"})
    assert refused.error == (400, "InvalidParameter")
    assert "instanceId 9 " in refused.message
