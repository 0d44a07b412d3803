import json

import pytest
from google.api_core import exceptions
from google.cloud import compute_v1

from l2bridge_helpers.lab import Lab

from .clients import PROJECT, ZONE, Json, Rest, sdk

PATH = f"zones/{ZONE}/instances/node-1"


def _stored(lab: Lab) -> Json:
    return next(item for item in lab.world.cloud("instances") if item["name"] == "node-1")


def _read(rest: Rest) -> Json:
    return rest.get(PATH).body


def test_the_sdk_enables_forwarding(lab: Lab) -> None:
    """Get, change, update with REFRESH: the instance forwards, and was not restarted."""
    instances, operations = sdk(lab, "InstancesClient"), sdk(lab, "ZoneOperationsClient")
    key = {"project": PROJECT, "zone": ZONE, "instance": "node-1"}
    resource = instances.get(**key)
    resource.can_ip_forward = True
    request = compute_v1.UpdateInstanceRequest(
        **key, instance_resource=resource, most_disruptive_allowed_action="REFRESH"
    )
    operation = instances.update_unary(request=request)
    operations.wait(project=PROJECT, zone=ZONE, operation=operation.name)
    assert instances.get(**key).can_ip_forward is True
    assert lab.gce.restarts == []
    with pytest.raises(exceptions.PreconditionFailed):
        instances.update_unary(request=request)


def test_only_what_was_changed_is_changed(lab: Lab, rest: Rest) -> None:
    """Everything but the flag and the fingerprint is as before."""
    before = json.loads(json.dumps(_stored(lab)))
    rest.done("PUT", PATH, _read(rest) | {"canIpForward": True}, mostDisruptiveAllowedAction="REFRESH")
    after = _stored(lab)
    assert after["fingerprint"] != before["fingerprint"]
    assert after == before | {"canIpForward": True, "fingerprint": after["fingerprint"]}


def test_every_update_makes_a_new_fingerprint(rest: Rest) -> None:
    """Also when the content is again what it was."""
    seen = [_read(rest)["fingerprint"]]
    for flag in (True, False, False):
        rest.done("PUT", PATH, _read(rest) | {"canIpForward": flag}, mostDisruptiveAllowedAction="REFRESH")
        seen.append(_read(rest)["fingerprint"])
    assert len(set(seen)) == 4


@pytest.mark.parametrize("fingerprint", [None, "AAAAAAAAAAA="])
def test_a_stale_fingerprint_is_refused(lab: Lab, rest: Rest, fingerprint: str | None) -> None:
    """Without the current fingerprint nothing is written: 412 conditionNotMet."""
    body = _read(rest) | {"canIpForward": True, "fingerprint": fingerprint}
    body = {key: value for key, value in body.items() if value is not None}
    answer = rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH")
    assert (answer.status, answer.reason) == (412, "conditionNotMet")
    assert _stored(lab)["canIpForward"] is False


def test_fingerprints_may_be_in_either_alphabet(lab: Lab, rest: Rest) -> None:
    """Gcloud sends URL-safe base64 for what may be stored in the other alphabet."""
    _stored(lab)["fingerprint"] = "ab+/ab+/abc="
    body = _read(rest) | {"canIpForward": True, "fingerprint": "ab-_ab-_abc="}
    rest.done("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH")
    assert _stored(lab)["canIpForward"] is True


def test_no_effect_is_not_enough(rest: Rest) -> None:
    """Changing canIpForward needs REFRESH; NO_EFFECT is refused, and the property named."""
    answer = rest.call("PUT", PATH, _read(rest) | {"canIpForward": True}, mostDisruptiveAllowedAction="NO_EFFECT")
    assert answer.status == 400
    assert "REFRESH" in answer.message
    assert "canIpForward" in answer.message


@pytest.mark.parametrize("name", ["machineType", "serviceAccounts", "shieldedInstanceConfig"])
def test_what_needs_a_restart_is_refused_under_refresh(lab: Lab, rest: Rest, name: str) -> None:
    """Also when the property was only left out: a full-resource write would delete it."""
    body = _read(rest) | {"canIpForward": True}
    del body[name]
    answer = rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH")
    assert answer.status == 400
    assert name in answer.message
    assert _stored(lab)["canIpForward"] is False


@pytest.mark.parametrize("name", ["disks", "networkInterfaces"])
def test_what_cannot_be_changed_is_refused(rest: Rest, name: str) -> None:
    """Interfaces and disks are not changed by an update, whatever is allowed."""
    body = _read(rest)
    body[name][0]["deviceName" if name == "disks" else "networkIP"] = "10.10.0.77"
    answer = rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="RESTART")
    assert answer.status == 400
    assert f"resource.{name}" in answer.message


def test_without_a_limit_an_update_may_restart(lab: Lab, rest: Rest) -> None:
    """Who does not say REFRESH may find the machine restarted: the lab notes it."""
    body = _read(rest) | {"machineType": f"zones/{ZONE}/machineTypes/e2-standard-8"}
    rest.done("PUT", PATH, body)
    assert lab.gce.restarts == [f"projects/{PROJECT}/{PATH}"]


def test_what_is_left_out_is_deleted(lab: Lab, rest: Rest) -> None:
    """No PATCH semantics: labels, tags and metadata that are not sent back are gone."""
    body = _read(rest)
    for name in ("labels", "tags", "metadata"):
        del body[name]
    rest.done("PUT", PATH, body | {"canIpForward": True}, mostDisruptiveAllowedAction="REFRESH")
    assert {"labels", "tags", "metadata"}.isdisjoint(_stored(lab))


def test_a_property_newer_than_the_document_survives(lab: Lab, rest: Rest) -> None:
    """What a read has shown may be sent back, known or not; nested ones too."""
    _stored(lab)["quantumLink"] = {"mode": "ENTANGLED"}
    _stored(lab)["networkInterfaces"][0]["warpFactor"] = 9
    lab.gce.check_answers = False
    rest.done("PUT", PATH, _read(rest) | {"canIpForward": True}, mostDisruptiveAllowedAction="REFRESH")
    assert _stored(lab)["quantumLink"] == {"mode": "ENTANGLED"}
    assert _stored(lab)["networkInterfaces"][0]["warpFactor"] == 9


def test_a_property_newer_than_the_document_can_be_lost(lab: Lab, rest: Rest) -> None:
    """A client that drops what it does not know deletes it: the lab shows that mistake."""
    _stored(lab)["quantumLink"] = {"mode": "ENTANGLED"}
    lab.gce.check_answers = False
    body = _read(rest) | {"canIpForward": True}
    del body["quantumLink"]
    rest.done("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH")
    assert "quantumLink" not in _stored(lab)


def test_unknown_properties_are_refused(rest: Rest) -> None:
    """Google's words, with the name."""
    answer = rest.call("PUT", PATH, _read(rest) | {"canIpForwards": True}, mostDisruptiveAllowedAction="REFRESH")
    assert answer.status == 400
    assert 'Invalid JSON payload received. Unknown name "canIpForwards"' in answer.message


@pytest.mark.parametrize("value", ["true", 1, None])
def test_values_of_another_type_are_refused(rest: Rest, value: object) -> None:
    """A flag is true or false, not text and not a number."""
    answer = rest.call("PUT", PATH, _read(rest) | {"canIpForward": value}, mostDisruptiveAllowedAction="REFRESH")
    assert answer.status == 400
    assert "canIpForward" in answer.message


def test_changed_metadata_need_their_own_fingerprint(rest: Rest) -> None:
    """Metadata and tags carry fingerprints of their own."""
    body = _read(rest)
    body["metadata"] = {"fingerprint": "AAAAAAAAAAA=", "items": [{"key": "a", "value": "b"}]}
    answer = rest.call("PUT", PATH, body, mostDisruptiveAllowedAction="REFRESH")
    assert (answer.status, answer.reason) == (412, "conditionNotMet")


def test_the_other_host_changes_nothing(rest: Rest) -> None:
    """URLs that come back with another host are the same URLs."""
    text = json.dumps(_read(rest)).replace("www.googleapis.com/compute/", "compute.googleapis.com/compute/")
    operation = rest.done("PUT", PATH, json.loads(text), mostDisruptiveAllowedAction="NO_EFFECT")
    assert "error" not in operation


def test_org_policy_forbids_forwarding(lab: Lab, rest: Rest) -> None:
    """With the constraint, turning it on is 412 in Google's words; leaving it is not."""
    lab.gce.denied_policies = {"constraints/compute.vmCanIpForward"}
    answer = rest.call("PUT", PATH, _read(rest) | {"canIpForward": True}, mostDisruptiveAllowedAction="REFRESH")
    assert (answer.status, answer.reason) == (412, "conditionNotMet")
    assert answer.message == (
        f"Constraint constraints/compute.vmCanIpForward violated for projects/{PROJECT}. "
        f"Enabling IP forwarding is not allowed for projects/{PROJECT}/{PATH}."
    )
    rest.done("PUT", PATH, _read(rest), mostDisruptiveAllowedAction="REFRESH")
