"""The lab's Leases: as strict as a real API server, through the real client and plain HTTP."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from l2bridge_helpers.lab import Lab

Json = dict[str, Any]
TIME = "2026-11-24T10:00:00.000000Z"


@dataclass(frozen=True)
class Leases:
    """Plain HTTP to the Leases of kube-system."""

    url: str

    def call(self, method: str, name: str = "", body: object = None, **query: str) -> tuple[int, Json]:
        """Return status and JSON of the answer."""
        path = f"{self.url}/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{name}".rstrip("/")
        answer = requests.request(method, path, json=body, params=query, timeout=5)
        return answer.status_code, answer.json()

    def refusal(self, method: str, name: str = "", body: object = None, **query: str) -> tuple[int, str, str]:
        """Return status, reason and message of a refusal."""
        status, answer = self.call(method, name, body, **query)
        return status, answer["reason"], answer["message"]

    def made(self, **spec: Any) -> Json:
        """Return a Lease that was just made."""
        status, answer = self.call("POST", body=lease(**spec))
        assert status == 201, answer
        return answer


@pytest.fixture
def leases(lab: Lab) -> Leases:
    return Leases(str(json.loads(lab.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]))


def lease(name: str = "l2bridge", **spec: Any) -> Json:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name},
        "spec": {"leaseDurationSeconds": 30, **spec},
    }


def test_the_client_makes_reads_and_replaces_a_lease(lab: Lab) -> None:
    """The real client's own models are understood, and each write has a resourceVersion of its own."""
    api = client.CoordinationV1Api(config.new_client_from_config(str(lab.kubeconfig)))
    spec = client.V1LeaseSpec(holder_identity="me", lease_duration_seconds=30)
    made: Any = api.create_namespaced_lease(
        "kube-system", client.V1Lease(metadata=client.V1ObjectMeta(name="l2bridge"), spec=spec)
    )
    made.spec.holder_identity = "you"
    new: Any = api.replace_namespaced_lease("l2bridge", "kube-system", made)
    assert new.spec.holder_identity == "you"
    assert int(new.metadata.resource_version) > int(made.metadata.resource_version)
    assert new.metadata.uid == made.metadata.uid
    listed: Any = api.list_lease_for_all_namespaces()
    assert [item.metadata.name for item in listed.items] == ["l2bridge"]
    with pytest.raises(ApiException) as caught:
        api.replace_namespaced_lease("l2bridge", "kube-system", made)
    assert caught.value.status == 409


def test_writes_are_in_the_log_as_writes(lab: Lab, leases: Leases) -> None:
    """Each verb that changes a Lease counts, reads do not; the world is as it was."""
    before = lab.world.dump()
    made = leases.made()
    leases.call("GET", "l2bridge")
    leases.call("PUT", "l2bridge", made)
    leases.call("DELETE", "l2bridge")
    assert [request.method for request in lab.writes] == ["POST", "PUT", "DELETE"]
    assert lab.world.dump() == before


def test_what_is_there_is_not_made_again(leases: Leases) -> None:
    """409 AlreadyExists."""
    leases.made()
    assert leases.refusal("POST", body=lease()) == (
        409,
        "AlreadyExists",
        'leases.coordination.k8s.io "l2bridge" already exists',
    )


def test_a_write_needs_the_latest_version(leases: Leases) -> None:
    """409 for a stale one, 422 for none: a Lease has no unconditional update."""
    made = leases.made()
    assert leases.call("PUT", "l2bridge", made | {"spec": {"holderIdentity": "me"}})[0] == 200
    status, reason, message = leases.refusal("PUT", "l2bridge", made)
    assert (status, reason) == (409, "Conflict")
    assert "the object has been modified" in message
    assert leases.refusal("PUT", "l2bridge", lease())[:2] == (422, "Invalid")


def test_an_update_that_changes_nothing_keeps_the_version(leases: Leases) -> None:
    """As the API server does it."""
    made = leases.made()
    assert leases.call("PUT", "l2bridge", made) == (200, made)


def test_a_put_makes_what_is_not_there_unless_it_names_a_uid(leases: Leases) -> None:
    """Leases allow create on update; a uid of one that is gone is a precondition that fails."""
    made = leases.made()
    leases.call("DELETE", "l2bridge")
    status, reason, message = leases.refusal("PUT", "l2bridge", made)
    assert (status, reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition" in message
    assert leases.call("PUT", "l2bridge", lease())[0] == 201


def test_another_lease_of_the_same_name_has_another_uid(leases: Leases) -> None:
    """So that a write meant for the first does not reach the second."""
    first = leases.made()
    leases.call("DELETE", "l2bridge")
    second = leases.made()
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    mixed = second | {"metadata": second["metadata"] | {"uid": first["metadata"]["uid"]}}
    assert leases.refusal("PUT", "l2bridge", mixed)[:2] == (409, "Conflict")


def test_deletion_keeps_its_preconditions(leases: Leases) -> None:
    """409 when it is not the one that is meant, 404 when there is none."""
    made = leases.made()["metadata"]
    for wrong in ({"uid": "other"}, {"resourceVersion": "1"}):
        assert leases.refusal("DELETE", "l2bridge", {"preconditions": wrong})[:2] == (409, "Conflict")
    right = {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}
    assert leases.call("DELETE", "l2bridge", {"preconditions": right})[0] == 200
    assert leases.refusal("DELETE", "l2bridge")[:2] == (404, "NotFound")
    assert leases.refusal("GET", "l2bridge")[2] == 'leases.coordination.k8s.io "l2bridge" not found'


def test_a_namespace_must_be_there(leases: Leases) -> None:
    """404 names it."""
    url = f"{leases.url}/apis/coordination.k8s.io/v1/namespaces/nope/leases"
    answer = requests.post(url, json=lease(), timeout=5)
    assert (answer.status_code, answer.json()["message"]) == (404, 'namespaces "nope" not found')


@pytest.mark.parametrize(
    ("spec", "status", "words"),
    [
        ({"leaseDurationSeconds": 0}, 422, "must be greater than 0"),
        ({"leaseTransitions": -1}, 422, "must be greater than or equal to 0"),
        ({"preferredHolder": "me"}, 422, "may only be specified if"),
        ({"strategy": "mine"}, 422, "Unsupported value"),
        ({"leaseDurationSeconds": "30"}, 400, "cannot unmarshal string .*leaseDurationSeconds of type int32"),
        ({"leaseDurationSeconds": True}, 400, "cannot unmarshal bool"),
        ({"leaseDurationSeconds": 2**31}, 400, "cannot unmarshal number"),
        ({"holderIdentity": 7}, 400, "cannot unmarshal number .*holderIdentity of type string"),
        ({"renewTime": "2026-11-24T10:00:00Z"}, 400, "parsing time"),
        ({"renewTime": "2026-11-24T10:00:00.000Z"}, 400, "parsing time"),
        ({"renewTime": "2026-13-24T10:00:00.000000Z"}, 400, "parsing time"),
        ({"acquireTime": 7}, 400, "cannot unmarshal number"),
    ],
)
def test_a_spec_must_be_valid(leases: Leases, spec: Json, status: int, words: str) -> None:
    """400 for what cannot be read, 422 for what may not be, on POST and on PUT; nothing is kept."""
    code, _, message = leases.refusal("POST", body=lease(**spec))
    assert code == status
    assert re.search(words, message)
    made = leases.made()
    assert leases.refusal("PUT", "l2bridge", made | {"spec": spec})[0] == status
    assert leases.call("GET", "l2bridge") == (200, made)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"metadata": {"name": "Upper"}}, 422),
        ({"metadata": {}}, 422),
        ({"metadata": {"name": "x", "labels": {"a": "not a value"}}}, 422),
        ({"metadata": {"name": "x", "labels": {"a": 1}}}, 400),
        ({"metadata": {"name": "x", "namespace": "default"}}, 400),
        ({"metadata": {"name": "x", "resourceVersion": "7"}}, 400),
        ({"metadata": []}, 400),
        ({"spec": []}, 400),
        ({"apiVersion": "coordination.k8s.io/v1beta1"}, 400),
        ({"kind": "Node"}, 400),
    ],
    ids=json.dumps,
)
def test_an_object_must_be_a_lease_for_this_place(leases: Leases, change: Json, status: int) -> None:
    """Kind, version, name, namespace and labels are looked at."""
    assert leases.refusal("POST", body=lease() | change)[0] == status
    assert leases.call("GET")[1]["items"] == []


def test_times_are_kept_in_utc(leases: Leases) -> None:
    """An offset is taken, and told as Z."""
    made = leases.made(renewTime="2026-11-24T12:00:00.000000+02:00", acquireTime=None)
    assert made["spec"] == {"leaseDurationSeconds": 30, "renewTime": TIME}


def test_unknown_fields_are_dropped_or_refused(leases: Leases) -> None:
    """As `fieldValidation` asks for."""
    status, _, message = leases.refusal("POST", body=lease(colour="red"), fieldValidation="Strict")
    assert (status, 'unknown field "spec.colour"' in message) == (400, True)
    assert leases.made(colour="red")["spec"] == {"leaseDurationSeconds": 30}


def test_a_dry_run_keeps_nothing(leases: Leases) -> None:
    """It is answered as if."""
    assert leases.call("POST", body=lease(), dryRun="All")[0] == 201
    assert leases.call("GET", "l2bridge")[0] == 404


@pytest.mark.parametrize("verb", ["get", "list", "create", "update", "delete"])
def test_what_is_denied_is_forbidden(lab: Lab, leases: Leases, verb: str) -> None:
    """403 in the API's words, with the group; the access review says the same."""
    leases.made()
    calls = {"get": "GET l2bridge", "list": "GET ", "create": "POST ", "update": "PUT l2bridge"}
    lab.kubernetes.denied = {(verb, "leases")}
    method, name = calls.get(verb, "DELETE l2bridge").split(" ")
    status, reason, message = leases.refusal(method, name, lease("other"))
    assert (status, reason) == (403, "Forbidden")
    assert f'cannot {verb} resource "leases" in API group "coordination.k8s.io" in the namespace "kube-sys' in message
    review = client.AuthorizationV1Api(config.new_client_from_config(str(lab.kubeconfig)))
    allowed = {}
    for asked in (verb, "patch", "watch"):
        attributes = client.V1ResourceAttributes(verb=asked, resource="leases", group="coordination.k8s.io")
        spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        found: Any = review.create_self_subject_access_review(client.V1SelfSubjectAccessReview(spec=spec))
        allowed[asked] = found.status.allowed
    assert allowed == {verb: False, "patch": True, "watch": False}


@pytest.mark.parametrize("path", ["/api/v1/leases", "/apis/coordination.k8s.io/v1/nodes"])
def test_kinds_stay_in_their_group(leases: Leases, path: str) -> None:
    """404 elsewhere."""
    assert requests.get(leases.url + path, timeout=5).status_code == 404
