import json
import socket
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from l2bridge_helpers.lab import Lab, LabError, Request, world

from .clients import PROJECT, Rest, sdk


def _connect(url: str) -> None:
    parts = urlsplit(url)
    socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()


def _server(lab: Lab) -> str:
    return str(json.loads(lab.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])


def test_parameters_are_ready_for_the_notebook(lab: Lab) -> None:
    """Everything that a notebook needs to reach the lab, as text."""
    assert lab.parameters == {
        "kubeconfig": str(lab.kubeconfig),
        "context": "lab",
        "cluster": "lab",
        "project": PROJECT,
        "network": "cluster-net",
        "endpoint": lab.endpoint,
    }


def test_kubeconfig_holds_no_credentials(lab: Lab) -> None:
    """A lab needs none, so none can leak."""
    config = json.loads(lab.kubeconfig.read_text())
    assert config["users"] == [{"name": "lab", "user": {}}]
    assert config["current-context"] == "lab"


def test_servers_listen_on_loopback_only(lab: Lab) -> None:
    """Nobody else on the network can reach a lab."""
    assert {urlsplit(url).hostname for url in (lab.endpoint, _server(lab))} == {"127.0.0.1"}


def test_closing_stops_the_servers_and_removes_the_folder() -> None:
    """Nothing is left of a closed lab, and closing twice does no harm."""
    with Lab(world("gce-small")) as lab:
        _connect(lab.endpoint)
        folder = lab.kubeconfig.parent
    lab.close()
    for url in (lab.endpoint,):
        with pytest.raises(OSError, match="refused"):
            _connect(url)
    assert not folder.exists()


def test_closing_hangs_up_on_open_connections(lab: Lab) -> None:
    """A client with an open connection does not keep a closed lab alive."""
    with requests.Session() as session:
        url = f"{lab.endpoint}/compute/v1/projects/{PROJECT}"
        assert session.get(url, timeout=5).ok
        lab.close()
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=5)


def test_a_given_folder_is_kept(tmp_path: Path) -> None:
    """Only the folder that the lab has made is the lab's to remove."""
    with Lab(world("gce-small"), folder=tmp_path / "new") as lab:
        assert lab.kubeconfig == tmp_path / "new" / "kubeconfig"
    assert lab.kubeconfig.exists()


def test_a_port_in_use_is_named(lab: Lab) -> None:
    """A port that cannot be had is an error of ours, with the port in it."""
    port = urlsplit(lab.endpoint).port or 0
    with pytest.raises(LabError, match=f"port {port}"):
        Lab(world("gce-small"), kubernetes_port=port)


def test_requests_are_recorded_whole(lab: Lab, rest: Rest) -> None:
    """The log has server, method, path, query, body, headers and status, in the order of arrival."""
    rest.get("global/routes", maxResults="1")
    rest.call("POST", "global/routes", {"name": "x"})
    first, second = lab.requests
    assert (first.server, first.method, first.query) == ("gce", "GET", {"maxResults": "1"})
    assert (first.status, second.status) == (200, 400)
    assert second.path == f"/compute/v1/projects/{PROJECT}/global/routes"
    assert second.body == {"name": "x"}
    assert second.headers["Content-Type"] == "application/json"


def test_authorization_is_recorded(lab: Lab) -> None:
    """What must never be sent over http would be seen in the log."""
    url = f"{lab.endpoint}/compute/v1/projects/{PROJECT}"
    requests.get(url, headers={"Authorization": "Bearer x"}, timeout=5)
    sdk(lab, "ProjectsClient").get(project=PROJECT)
    assert ["Authorization" in request.headers for request in lab.requests] == [True, False]


def test_writes_are_what_changes_something(lab: Lab, rest: Rest) -> None:
    """Reads, waits for operations and access reviews are no writes; a refused change is one."""
    rest.get("global/routes")
    rest.call("POST", "global/operations/operation-1/wait")
    requests.post(f"{_server(lab)}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json={}, timeout=5)
    rest.call("DELETE", "global/routes/nope")
    assert [(request.method, request.status) for request in lab.writes] == [("DELETE", 404)]


def test_what_is_changed_by_hand_is_changed(lab: Lab, rest: Rest) -> None:
    """A test can play the colleague who deletes a route or a node."""
    lab.world.cloud("routes").pop()
    assert len(rest.get("global/routes").body["items"]) == 1


def test_a_request_can_be_refused_before_its_work(lab: Lab, rest: Rest) -> None:
    """A fault strikes as often as it was told to, and the work is not done."""
    lab.gce.faults.add(("GET", "global/routes"), status=503, reason="backendError", message="later", times=2)
    answers = [rest.get("global/routes") for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert (answers[0].reason, answers[0].message) == ("backendError", "later")


def test_a_request_can_be_refused_after_its_work(lab: Lab, rest: Rest) -> None:
    """The client hears of an error although the change was made."""
    path = lab.world.cloud("routes")[0]["selfLink"].partition(f"{PROJECT}/")[2]
    lab.gce.faults.add(lambda request: request.method == "DELETE", status=500, when="after")
    assert rest.call("DELETE", path).status == 500
    assert len(lab.world.cloud("routes")) == 1


def test_a_connection_can_drop_after_the_work(lab: Lab, rest: Rest) -> None:
    """The client cannot know what happened; the log can."""
    path = lab.world.cloud("routes")[0]["selfLink"].partition(f"{PROJECT}/")[2]
    lab.gce.faults.add(("DELETE", "global/routes/"), drop=True, when="after")
    with pytest.raises(requests.ConnectionError):
        rest.call("DELETE", path)
    assert lab.writes[-1].status == 0
    assert len(lab.world.cloud("routes")) == 1


def test_the_lab_can_be_slow(lab: Lab, rest: Rest) -> None:
    """Latency is added to every answer; a fault without a status only takes time."""
    lab.gce.latency = 0.05
    lab.gce.faults.add(("GET", "."), status=0, seconds=0.1)
    start = time.perf_counter()
    assert rest.get("global/routes").status == 200
    assert time.perf_counter() - start >= 0.15


def test_trouble_can_say_how_long_to_wait(lab: Lab, rest: Rest) -> None:
    """A refusal may have a header `Retry-After`."""
    lab.gce.faults.add(("GET", "."), status=429, retry_after=3)
    with requests.Session() as session:
        found = session.get(f"{lab.endpoint}/compute/v1/projects/{PROJECT}", timeout=5)
    assert (found.status_code, found.headers["Retry-After"]) == (429, "3")
    assert rest.get("").status == 200


def test_faults_can_be_cleared(lab: Lab, rest: Rest) -> None:
    """An endless fault ends when it is told to."""
    lab.gce.faults.add(("GET", "."), times=None)
    assert [rest.get("").status for _ in range(2)] == [503, 503]
    lab.gce.faults.clear()
    assert rest.get("").status == 200


def test_one_connection_serves_many_requests(lab: Lab) -> None:
    """Keep-alive: a thousand requests do not take a thousand connections."""
    connection = HTTPConnection(urlsplit(lab.endpoint).netloc, timeout=5)
    sockets = set()
    for _ in range(3):
        connection.request("GET", f"/compute/v1/projects/{PROJECT}?fields=name")
        assert connection.getresponse().read() == b'{"name": "l2bridge-lab"}'
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_later_answers_are_reported_as_they_happen() -> None:
    """`on_request` sees each request when it was answered."""
    seen: list[Request] = []
    with Lab(world("gce-small"), on_request=seen.append) as lab:
        requests.get(f"{lab.endpoint}/compute/v1/projects/{PROJECT}", timeout=5)
        assert [(request.method, request.status) for request in seen] == [("GET", 200)]
