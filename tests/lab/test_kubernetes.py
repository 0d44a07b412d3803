import json
from typing import Any

import pytest
import requests
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from l2bridge_helpers.lab import Lab, world


def _core(lab: Lab) -> Any:
    return client.CoreV1Api(config.new_client_from_config(str(lab.kubeconfig)))


def _url(lab: Lab) -> str:
    return str(json.loads(lab.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])


def test_the_client_lists_nodes(lab: Lab) -> None:
    """The real client reads names, pod CIDRs, addresses and annotations."""
    nodes = _core(lab).list_node().items
    assert [node.metadata.name for node in nodes] == ["node-1", "node-2", "node-3", "node-4", "win-1", "win-2"]
    assert nodes[0].spec.pod_cidr == "10.42.0.0/24"
    assert nodes[0].spec.provider_id == "gce://l2bridge-lab/europe-west1-b/node-1"
    assert nodes[0].metadata.annotations["flannel.alpha.coreos.com/backend-type"] == "host-gw"


def test_the_client_reads_flannels_config(lab: Lab) -> None:
    """ConfigMaps are read by name, in their namespace only."""
    core = _core(lab)
    found = core.read_namespaced_config_map("kube-flannel-cfg", "kube-flannel")
    assert json.loads(found.data["net-conf.json"])["Backend"] == {"Type": "host-gw"}
    with pytest.raises(ApiException) as caught:
        core.read_namespaced_config_map("kube-flannel-cfg", "kube-system")
    assert (caught.value.status, json.loads(str(caught.value.body))["reason"]) == (404, "NotFound")


def test_pages_are_consistent(lab: Lab) -> None:
    """A list that is read in pages shows one moment, also when a node goes meanwhile."""
    core = _core(lab)
    first = core.list_node(limit=4)
    lab.world.nodes[4]["spec"].clear()
    lab.world.nodes.pop()
    second = core.list_node(limit=4, _continue=first.metadata._continue)
    assert [len(first.items), len(second.items)] == [4, 2]
    assert [node.spec.pod_cidr for node in second.items] == ["10.42.4.0/24", "10.42.5.0/24"]
    assert first.metadata.remaining_item_count == 2
    assert second.metadata._continue is None
    assert len(core.list_node().items) == 5


def test_snapshots_do_not_mix(lab: Lab) -> None:
    """Two lists that are read at the same time keep apart."""
    core = _core(lab)
    nodes = core.list_node(limit=5)
    maps = core.list_config_map_for_all_namespaces(limit=5)
    others = core.list_node(limit=2)
    assert maps.metadata._continue is None
    assert len(core.list_node(limit=5, _continue=nodes.metadata._continue).items) == 1
    assert len(core.list_node(limit=2, _continue=others.metadata._continue).items) == 2


def test_continue_tokens_expire(lab: Lab) -> None:
    """410 Expired, as after a compaction; a token that is none is 400."""
    core = _core(lab)
    token = core.list_node(limit=4).metadata._continue
    lab.kubernetes.expire_continue()
    core.list_node(limit=4)
    with pytest.raises(ApiException) as caught:
        core.list_node(limit=4, _continue=token)
    assert (caught.value.status, json.loads(str(caught.value.body))["reason"]) == (410, "Expired")
    with pytest.raises(ApiException) as caught:
        core.list_node(limit=4, _continue="nonsense")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("kubernetes.io/os=windows", 2),
        ("kubernetes.io/os==linux,topology.kubernetes.io/zone=europe-west1-b", 2),
        ("kubernetes.io/os!=windows", 4),
        ("topology.kubernetes.io/zone in (europe-west1-b, europe-west1-c)", 4),
        ("topology.kubernetes.io/zone notin (europe-west1-b)", 4),
        ("node-role.kubernetes.io/control-plane", 1),
        ("!node-role.kubernetes.io/control-plane", 5),
    ],
)
def test_label_selectors(lab: Lab, selector: str, expected: int) -> None:
    """All forms that kubectl -l takes."""
    assert len(_core(lab).list_node(label_selector=selector).items) == expected


def test_field_selectors(lab: Lab) -> None:
    """By name; other fields are refused as the API does."""
    core = _core(lab)
    assert [node.metadata.name for node in core.list_node(field_selector="metadata.name=win-1").items] == ["win-1"]
    with pytest.raises(ApiException) as caught:
        core.list_node(field_selector="spec.podCIDR=10.42.0.0/24")
    assert caught.value.status == 400


@pytest.mark.parametrize(("verb", "resource"), [("list", "nodes"), ("get", "configmaps")])
def test_denied_is_forbidden(lab: Lab, verb: str, resource: str) -> None:
    """403 in the API's words, naming verb and resource; the access review says the same."""
    lab.kubernetes.denied = {(verb, resource)}
    core = _core(lab)
    calls = {
        "nodes": core.list_node,
        "configmaps": lambda: core.read_namespaced_config_map("kube-flannel-cfg", "kube-flannel"),
    }
    with pytest.raises(ApiException) as caught:
        calls[resource]()
    body = json.loads(str(caught.value.body))
    assert (body["code"], body["reason"]) == (403, "Forbidden")
    assert f'cannot {verb} resource "{resource}"' in body["message"]


@pytest.mark.parametrize("resource", ["nodes", "configmaps"])
def test_access_reviews(lab: Lab, resource: str) -> None:
    """What is denied is not allowed, and nothing can be written."""
    lab.kubernetes.denied = {("list", "nodes")}
    review = client.AuthorizationV1Api(config.new_client_from_config(str(lab.kubeconfig)))
    allowed = {}
    for verb in ("list", "delete"):
        attributes = client.V1ResourceAttributes(verb=verb, resource=resource)
        spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
        found = review.create_self_subject_access_review(client.V1SelfSubjectAccessReview(spec=spec))
        allowed[verb] = found.status is not None and found.status.allowed
    assert allowed == {"list": resource != "nodes", "delete": False}
    assert lab.writes == []


def test_writes_are_refused(lab: Lab) -> None:
    """The lab's cluster can only be read; the attempt is in the log."""
    with pytest.raises(ApiException) as caught:
        _core(lab).delete_node("node-1")
    assert caught.value.status == 405
    assert [request.method for request in lab.writes] == ["DELETE"]


def test_faults_strike_here_too(lab: Lab) -> None:
    """The same hooks as the cloud's, with an error that Kubernetes clients can read."""
    lab.kubernetes.faults.add(("GET", "/nodes"), status=429, reason="TooManyRequests", message="later")
    answer = requests.get(f"{_url(lab)}/api/v1/nodes", timeout=5)
    assert (answer.status_code, answer.json()["kind"], answer.json()["message"]) == (429, "Status", "later")


@pytest.mark.parametrize("path", ["/api/v1/pods", "/apis/apps/v1", "/api/v2", "/api/v1/nodes/nope", "/x"])
def test_what_is_not_there_is_not_found(lab: Lab, path: str) -> None:
    """404 with a Status object."""
    answer = requests.get(_url(lab) + path, timeout=5)
    assert (answer.status_code, answer.json()["reason"]) == (404, "NotFound")


def test_a_thousand_nodes_come_in_pages() -> None:
    """Large clusters are read whole by following `continue`."""
    names: list[str] = []
    with Lab(world("gce-1000")) as lab:
        core, token = _core(lab), None
        while token != "":
            page = core.list_node(limit=400, _continue=token)
            names += [node.metadata.name for node in page.items]
            token = page.metadata._continue or ""
    assert len(set(names)) == 1000
