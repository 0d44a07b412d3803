"""The GCE adapter, through the real SDK, against the lab."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
from google.auth import exceptions as auth

from l2bridge_helpers import apply, check, list_nodes, plan, prove
from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.gce import Gce
from l2bridge_helpers.errors import AccessDeniedError, CloudError, CredentialsError, ParameterError
from l2bridge_helpers.fabric import Fabric, Route
from l2bridge_helpers.lab import Lab, Request, world
from l2bridge_helpers.results import Results
from l2bridge_helpers.verify import verify
from tests.pages import Pages, granted

Read = tuple[Gce, pd.DataFrame, Fabric, Plan]


def _read(lab: Lab, **changed: str) -> Read:
    parameters = {**lab.parameters, **changed}
    project, network, endpoint = (parameters[name] for name in ("project", "network", "endpoint"))
    cloud = Gce(project=project, network=network, endpoint=endpoint)
    nodes = list_nodes(parameters["kubeconfig"])
    fabric = cloud.observe(nodes)
    return cloud, nodes, fabric, plan(nodes, fabric, cluster=parameters["cluster"])


def _apply(lab: Lab, read: Read) -> Results:
    cloud, nodes, fabric, changes = read
    findings, cluster = check(nodes, fabric), lab.parameters["cluster"]
    return apply(changes, cloud, findings=findings, mode="apply", confirm=cluster, entries=Pages(), permit=granted)


def _instances(lab: Lab) -> dict[str, dict[str, Any]]:
    return {instance["name"]: instance for instance in lab.world.cloud("instances")}


def _sent(lab: Lab, method: str, part: str) -> list[Request]:
    return [request for request in lab.requests if request.method == method and part in request.path]


@pytest.fixture
def messy() -> Iterator[Lab]:
    """The messy world, with the foreign route that blocks it removed."""
    with Lab(world("gce-messy")) as lab:
        routes = lab.world.cloud("routes")
        routes[:] = [route for route in routes if route["name"] != "to-appliance"]
        yield lab


# Reading.


def test_observing_a_thousand_nodes_takes_few_requests() -> None:
    """Lists and pages, never a request per node: at most 30 for nodes and network together."""
    with Lab(world("gce-1000")) as lab:
        _, nodes, fabric, changes = _read(lab)
        assert (len(nodes), len(fabric.instances), len(changes.writes)) == (1000, 1000, 2000)
        assert len(lab.requests) <= 30
        assert lab.writes == []


def test_the_network_is_told_from_the_nodes_when_it_is_not_given(lab: Lab) -> None:
    """An empty `network` is the one network that the nodes are in."""
    assert _read(lab, network="")[2].network == "projects/l2bridge-lab/global/networks/cluster-net"


def test_nodes_in_two_networks_ask_for_the_parameter(lab: Lab) -> None:
    """The error names both networks."""
    lab.world.cloud("instances")[0]["networkInterfaces"][0]["network"] = "projects/l2bridge-lab/global/networks/other"
    with pytest.raises(ParameterError, match=r"network.*networks/cluster-net, .*networks/other"):
        _read(lab, network="")


def test_a_network_that_does_not_exist_is_named(lab: Lab) -> None:
    """Parameter and value stand in the error."""
    with pytest.raises(CloudError, match="network no-such-net"):
        _read(lab, network="no-such-net")


def test_what_may_not_be_read_is_a_finding_not_the_end(lab: Lab) -> None:
    """Firewall rules, quota and templates are checks beside the job: without permission they are left out."""
    lab.gce.denied_permissions |= {"compute.firewalls.list", "compute.projects.get"}
    _, nodes, fabric, changes = _read(lab)
    found = {finding.object: finding.found for finding in check(nodes, fabric)}
    assert "compute.firewalls.list" in found["firewall rules"]
    assert "compute.projects.get" in found["quota of static routes"]
    assert len(changes.writes) == 12


@pytest.mark.parametrize("permission", ["compute.instances.list", "compute.routes.list", "compute.subnetworks.list"])
def test_what_must_be_read_ends_the_run_and_names_the_permission(lab: Lab, permission: str) -> None:
    """Half a picture is no picture."""
    lab.gce.denied_permissions |= {permission}
    with pytest.raises(AccessDeniedError, match=permission):
        _read(lab)


def test_a_group_whose_template_leaves_forwarding_off_is_found() -> None:
    """What this run mends comes back with the group's next machine."""
    with Lab(world("gce-messy")) as lab:
        _, nodes, fabric, _ = _read(lab)
        (finding,) = [finding for finding in check(nodes, fabric) if "forwarding off" in finding.found]
        assert finding.severity == "warning"
        assert "instanceGroupManagers/mig" in finding.object
        assert "instanceTemplates/mig-v1" in finding.found


def test_a_page_cut_short_and_an_overload_are_tried_again(lab: Lab) -> None:
    """A dropped connection, a 503 and a throttled request end well."""
    lab.gce.faults.add(("GET", "aggregated/instances"), drop=True)
    lab.gce.faults.add(("GET", "global/routes"), status=503)
    lab.gce.faults.add(("GET", "global/firewalls"), status=403, reason="rateLimitExceeded", message="Quota exceeded")
    assert len(_read(lab)[3].writes) == 12


def test_nothing_listening_is_said_at_once(lab: Lab) -> None:
    """No retries against a closed port; the error names the address."""
    with pytest.raises(CloudError, match=r"nothing answers at http://127\.0\.0\.1:9"):
        _read(lab, endpoint="http://127.0.0.1:9")


# Writing.


def test_apply_makes_the_network_carry_pods(lab: Lab) -> None:
    """Twelve changes, then a fresh read shows them all, and a new plan is empty."""
    read = _read(lab)
    assert _apply(lab, read).applied == 12
    cloud, nodes, before, changes = read
    after = cloud.observe(nodes)
    assert verify(changes, before, after).wrong == ()
    assert plan(nodes, after, cluster="lab").writes == ()


def test_no_property_is_lost(lab: Lab) -> None:
    """Everything that was read is written back, also what the SDK has never heard of."""
    for instance in lab.world.cloud("instances"):
        instance["quantumEntanglement"] = {"mode": "SPOOKY", "peers": [instance["name"]]}
        instance["networkInterfaces"][0]["colour"] = "octarine"
    before = copy.deepcopy(_instances(lab))
    _apply(lab, _read(lab))
    after = _instances(lab)
    for instance in (*before.values(), *after.values()):
        instance.pop("fingerprint")
    assert {name: {**instance, "canIpForward": True} for name, instance in before.items()} == after


def test_updates_allow_no_restart_and_repeat_safely(lab: Lab) -> None:
    """Each PUT carries REFRESH, the current fingerprint and a request id of its own."""
    fingerprints = {name: instance["fingerprint"] for name, instance in _instances(lab).items()}
    _apply(lab, _read(lab))
    puts = _sent(lab, "PUT", "/instances/")
    assert {put.query["mostDisruptiveAllowedAction"] for put in puts} == {"REFRESH"}
    assert {put.path.rpartition("/")[2]: put.body["fingerprint"] for put in puts} == fingerprints  # type: ignore[index]
    assert len({put.query["requestId"] for put in puts}) == 6
    posts = [post for post in _sent(lab, "POST", "/global/routes") if not post.path.endswith("/wait")]
    assert len({post.query["requestId"] for post in posts}) == 6


def test_forwarding_goes_before_the_route_of_a_node(lab: Lab) -> None:
    """A route is never born with the warning that its next hop cannot forward."""
    _apply(lab, _read(lab))
    order = [request.method + str((request.body or {}).get("nextHopInstance", request.path)) for request in lab.writes]  # type: ignore[attr-defined]
    for name in _instances(lab):
        put, post = [place for place, text in enumerate(order) if text.endswith(f"/{name}")]
        assert (order[put][:3], order[post][:4]) == ("PUT", "POST")


def test_no_credentials_travel_over_plain_http(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not the operator's own ones, not those of ~/.netrc; and no proxy sees a thing."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("default login ops password hunter2\n", encoding="utf-8")
    _apply(lab, _read(lab))
    assert [request for request in lab.requests if "authorization" in {key.lower() for key in request.headers}] == []


def test_someone_else_changes_an_instance_meanwhile(lab: Lab) -> None:
    """A lost race is read again: the other change survives, and ours is made."""
    read = _read(lab)
    raced: list[str] = []

    def race(request: Request) -> bool:
        if request.method == "PUT" and request.path.endswith("/node-2") and not raced:
            raced.append(request.path)
            node = _instances(lab)["node-2"]
            node["labels"] = {"owner": "someone-else"}
            node["fingerprint"] = "bmV3"
        return False

    lab.gce.faults.add(race, times=None)
    assert _apply(lab, read).failed == ()
    node = _instances(lab)["node-2"]
    assert (node["canIpForward"], node["labels"]) == (True, {"owner": "someone-else"})


def test_an_instance_that_others_keep_changing_fails_alone(lab: Lab) -> None:
    """After five lost races the node is given up, its route is not made, the others are served."""
    read = _read(lab)
    message = "Invalid fingerprint."
    lab.gce.faults.add(("PUT", "/instances/node-2$"), status=412, reason="conditionNotMet", message=message, times=None)
    results = _apply(lab, read)
    assert [(result.change.node, result.outcome) for result in results.failed] == [
        ("node-2", "failed"),
        ("node-2", "skipped"),
    ]
    assert results.applied == 10
    assert len(_sent(lab, "PUT", "/instances/node-2")) == 5


def test_a_replaced_instance_is_not_touched(lab: Lab) -> None:
    """The same name, another machine: the plan was not made for it."""
    read = _read(lab)
    _instances(lab)["win-1"] |= {"id": "42", "fingerprint": "b3RoZXI="}
    results = _apply(lab, read)
    assert "was replaced" in results.failed[0].error
    assert _instances(lab)["win-1"]["canIpForward"] is False
    assert [request.status for request in _sent(lab, "PUT", "/instances/win-1")] in ([], [412])  # its fingerprint


def test_an_answer_lost_after_the_work_was_done_doubles_nothing(lab: Lab) -> None:
    """The repeated request carries the same id, and the API does it once."""
    read = _read(lab)
    lab.gce.faults.add(("POST", "global/routes$"), when="after", drop=True, times=2)
    lab.gce.faults.add(("PUT", "/instances/node-1$"), when="after", drop=True)
    assert _apply(lab, read).failed == ()
    assert plan(read[1], read[0].observe(read[1]), cluster="lab").writes == ()


def test_a_taken_name_is_success_only_for_the_very_same_route(lab: Lab) -> None:
    """A 409 is looked into: the same route is fine, another one is an error that names it."""
    read = _read(lab)
    creates = [change for change in read[3].writes if change.kind == "route"]
    same, other = (_resource(change) for change in creates[:2])
    other["priority"] = 900
    lab.world.cloud("routes").extend([same, other])
    results = _apply(lab, read)
    assert [(result.change.resource, result.outcome) for result in results.failed] == [(other["name"], "failed")]
    assert other["name"] in results.failed[0].error


def _resource(change: Change) -> dict[str, Any]:
    route = Route.from_facts(change.after)
    base = "https://www.googleapis.com/compute/v1"
    return {
        "kind": "compute#route",
        "id": "77",
        "name": route.name,
        "network": f"{base}/{route.table}",
        "destRange": route.destination,
        "nextHopInstance": f"{base}/{route.next_hop}",
        "priority": route.priority,
        "description": route.description,
        "selfLink": f"{base}/projects/l2bridge-lab/global/routes/{route.name}",
    }


def test_an_operation_that_fails_is_an_error_although_http_said_200(lab: Lab) -> None:
    """The quota speaks up only when the operation ends; the error names quota and route."""
    read = _read(lab)
    for project in lab.world.cloud("projects"):
        for quota in project["quotas"]:
            if "ROUTES" in quota["metric"]:
                quota["limit"] = 4
    results = _apply(lab, read)
    assert {result.change.kind for result in results.failed} == {"route"}
    assert "QUOTA_EXCEEDED" in results.failed[0].error


def test_too_little_quota_is_known_before_anything_is_sent(lab: Lab) -> None:
    """Routes that will not fit are conflicts in the plan, with limit, use and need."""
    for project in lab.world.cloud("projects"):
        for quota in project["quotas"]:
            if "ROUTES" in quota["metric"]:
                quota["limit"] = 5  # one route exists already
    conflicts = _read(lab)[3].conflicts
    assert len(conflicts) == 2
    assert "6 are to be added" in conflicts[0].reason


@pytest.mark.parametrize(
    ("permission", "failed"),
    [("compute.instances.update", {"forwarding", "route"}), ("compute.routes.create", {"route"})],
)
def test_a_missing_write_permission_is_named(lab: Lab, permission: str, failed: set[str]) -> None:
    """What the account may do is done; the error says which permission is missing on what."""
    read = _read(lab)
    lab.gce.denied_permissions |= {permission}
    results = _apply(lab, read)
    assert {result.change.kind for result in results.failed} == failed
    assert f"permission {permission} is missing on projects/l2bridge-lab" in results.failed[0].error


def test_the_organization_policy_is_named(lab: Lab) -> None:
    """`compute.vmCanIpForward` forbids it: the operator learns whom to ask for what."""
    read = _read(lab)
    lab.gce.denied_policies |= {"constraints/compute.vmCanIpForward"}
    results = _apply(lab, read)
    assert "organization policy constraints/compute.vmCanIpForward forbids it" in results.failed[0].error


def test_a_replacement_is_made_before_the_old_route_goes(messy: Lab) -> None:
    """At no time is the pod CIDR without a route."""
    read = _read(messy)
    (change,) = [change for change in read[3].writes if change.kind == "route" and change.action == "update"]
    assert _apply(messy, read).failed == ()
    made = [
        place
        for place, one in enumerate(messy.writes)
        if isinstance(one.body, dict) and one.body.get("name") == change.resource
    ]
    gone = [place for place, one in enumerate(messy.writes) if one.path.endswith(change.before["name"])]
    assert (len(made), len(gone), made[0] < gone[0]) == (1, 1, True)


def test_a_replacement_that_cannot_be_made_leaves_the_old_route(messy: Lab) -> None:
    """When the new route is refused, the old one stays."""
    read = _read(messy)
    messy.gce.denied_permissions |= {"compute.routes.create"}
    _apply(messy, read)
    (change,) = [change for change in read[3].writes if change.kind == "route" and change.action == "update"]
    assert change.before["name"] in {route["name"] for route in messy.world.cloud("routes")}


def test_the_messy_world_ends_in_order(messy: Lab) -> None:
    """Dual stack, groups, Windows, stale and replaced routes: applied, verified, and nothing left to do."""
    read = _read(messy)
    assert _apply(messy, read).failed == ()
    cloud, nodes, before, changes = read
    after = cloud.observe(nodes)
    assert verify(changes, before, after).wrong == ()
    assert plan(nodes, after, cluster="lab").writes == ()


def test_a_stale_route_that_became_someone_elses_is_not_deleted(messy: Lab) -> None:
    """Between plan and delete the name changed hands: it is left alone, and said so."""
    read = _read(messy)
    (stale,) = [change for change in read[3].writes if change.action == "delete"]
    for route in messy.world.cloud("routes"):
        if route["name"] == stale.resource:
            route["description"] = "mine now"
    results = _apply(messy, read)
    assert "no longer the one that was read" in results.failed[0].error
    assert stale.resource in {route["name"] for route in messy.world.cloud("routes")}


def test_a_shared_vpc_takes_addresses_and_the_host_project() -> None:
    """An instance of another project is no next hop there: routes live in the host project and name addresses."""
    with Lab(world("gce-shared-vpc")) as lab:
        read = _read(lab)
        assert _apply(lab, read).failed == ()
        hosts = {request.path.split("/")[4] for request in _sent(lab, "POST", "/global/routes")}
        hops = {request.body["nextHopIp"] for request in _sent(lab, "POST", "/global/routes")}  # type: ignore[index]
        assert hosts == {read[2].network.split("/")[1]} != {lab.parameters["project"]}
        assert hops == set(read[1]["nodeIP"])


def test_replacements_that_the_quota_has_no_room_for_are_known_before_anything_is_sent(lab: Lab) -> None:
    """Old and new route exist side by side for a moment: room for those moments is needed too."""
    assert _apply(lab, _read(lab)).failed == ()
    for instance, node in zip(lab.world.cloud("instances"), lab.world.nodes, strict=True):
        instance["name"] += "-again"
        instance["selfLink"] += "-again"
        node["spec"]["providerID"] += "-again"
    for project in lab.world.cloud("projects"):
        for quota in project["quotas"]:
            if "ROUTES" in quota["metric"]:
                quota["limit"] = 7  # all in use
    changes = _read(lab)[3]
    assert {change.action for change in changes if change.kind == "route"} == {"conflict"}
    assert "room for 6 more while routes are replaced" in changes.conflicts[0].reason


def test_a_node_of_a_project_that_cannot_be_read_is_left_out_alone(lab: Lab) -> None:
    """A provider ID can name anything: the others are served, and the finding names the node and the project."""
    lab.world.nodes[1]["spec"]["providerID"] = "gce://somewhere-else/europe-west1-b/node-2"
    _, nodes, fabric, changes = _read(lab)
    findings = check(nodes, fabric)
    assert len(changes.writes) == 10
    assert [finding.object for finding in findings.errors] == ["node node-2"]
    assert "instances of project somewhere-else" in {finding.object for finding in findings}


def test_what_others_changed_before_our_write_is_a_note(lab: Lab) -> None:
    """Their change survives ours, and is told, but it is no failure of this run."""
    read = _read(lab)
    node = _instances(lab)["node-2"]
    node["labels"], node["fingerprint"] = {"owner": "someone-else"}, "bmV3"
    results = _apply(lab, read)
    cloud, nodes, before, changes = read
    proof = prove(changes, results, cloud, nodes, before, patience=0)
    assert proof.wrong == ()
    (note,) = [check for check in proof if check.verdict == "note"]
    assert note.found == "changed by others before it was written: labels"


def test_an_operation_that_is_slow_is_not_asked_all_the_time(lab: Lab) -> None:
    """A `wait` that comes back at once is repeated with pauses: reads of operations have a quota, too."""
    lab.gce.operation_seconds = 1.0
    read = _read(lab)
    lab.gce.faults.clear()
    assert _apply(lab, read).failed == ()
    waits = [request for request in lab.requests if request.path.endswith("/wait")]
    assert len(waits) <= 12 * 8


@pytest.mark.parametrize("body", ["items", "instances"])
def test_an_answer_of_another_shape_is_told_in_our_words(lab: Lab, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No AttributeError is the last word."""
    strange = {"items": ["x"]} if body == "items" else {"items": {"zones/z": {"instances": [None]}}}
    monkeypatch.setattr("l2bridge_helpers.clouds.gce_api.GceApi._json", lambda *_: strange)
    with pytest.raises(CloudError, match="could not list instances: the answer is not what Compute Engine answers"):
        _read(lab)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("aggregated/instances", {"unreachables": ["zones/europe-west1-b"]}),
        ("aggregated/instances", {"items": {"zones/z": {"warning": {"code": "UNREACHABLE"}}}}),
        ("aggregated/subnetworks", {"items": {"regions/r": {"warning": {"code": "UNREACHABLE"}}}}),
        ("global/routes", {"warning": {"code": "UNREACHABLE"}}),
    ],
)
def test_a_list_that_is_not_whole_is_refused(
    lab: Lab, path: str, part: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing from it would look like gone: a foreign route, a subnet, a node's instance."""
    send = requests.Session.send

    def edited(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = send(session, request, **options)
        if path in str(request.url) and request.method == "GET":
            answer._content = json.dumps({**answer.json(), **part}).encode()
        return answer

    monkeypatch.setattr(requests.Session, "send", edited)
    with pytest.raises(CloudError, match="the list is not whole"):
        _read(lab)


def test_an_endpoint_that_redirects_is_not_followed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is redirected becomes a read elsewhere: that is no success."""
    read = _read(lab)
    send = requests.Session.send

    def redirected(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = send(session, request, **options)
        if request.method == "PUT":
            answer.status_code, answer.headers["Location"] = 302, lab.endpoint
        return answer

    monkeypatch.setattr(requests.Session, "get_redirect_target", lambda *_: lab.endpoint)
    monkeypatch.setattr(requests.Session, "send", redirected)
    assert {result.outcome for result in _apply(lab, read)} <= {"failed", "skipped"}


@pytest.mark.parametrize("evil", ["gce://../z/n", "gce://..%2f..%2fx/z/n", "gce://p?a=b/z/n", "gce://p#x/z/n"])
def test_a_provider_id_makes_no_paths(lab: Lab, evil: str) -> None:
    """What a node says of itself is not put into the paths of requests."""
    lab.world.nodes[0]["spec"]["providerID"] = evil
    _, nodes, fabric, _ = _read(lab)
    assert "malformed provider ID" in check(nodes, fabric).errors[0].found
    assert {request.path.split("/")[4] for request in lab.requests if request.server == "gce"} == {"l2bridge-lab"}


def test_https_on_this_machine_is_not_called_the_lab() -> None:
    """A tunnel to production gets credentials, and must not look like practice."""
    assert "practice" not in Gce(project="prod", endpoint="https://localhost:8443").target()["endpoint"]
    assert "practice" in Gce(project="lab", endpoint="http://localhost:8443").target()["endpoint"]


def test_an_empty_node_list_is_a_finding_also_without_a_network(lab: Lab) -> None:
    """What is wrong is the empty list, not the parameter."""
    lab.world.nodes.clear()
    _, nodes, fabric, changes = _read(lab, network="")
    assert [finding.object for finding in check(nodes, fabric).blocking] == ["cluster"]
    assert changes.changes == ()


# Credentials.


def _raise(err: Exception) -> Callable[..., None]:
    def call(*_: object, **__: object) -> None:
        raise err

    return call


def test_no_credentials_tell_how_to_get_some(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """An https endpoint needs Application Default Credentials."""
    monkeypatch.setattr("google.auth.default", _raise(auth.DefaultCredentialsError("none")))
    with pytest.raises(CredentialsError, match="gcloud auth application-default login"):
        _read(lab, endpoint="")


def test_expired_credentials_tell_how_to_renew_them(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh that fails is no traceback."""
    monkeypatch.setattr("google.auth.default", _raise(auth.RefreshError("invalid_grant: expired")))
    with pytest.raises(CredentialsError, match="invalid_grant"):
        _read(lab, endpoint="")
