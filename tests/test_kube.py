import json
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers import kube
from l2bridge_helpers.errors import KubernetesError
from l2bridge_helpers.kube import Kube
from l2bridge_helpers.kubeconfig import KubeTarget
from l2bridge_helpers.lab import Lab

SERVER = "https://127.0.0.1:6443"


def write_kubeconfig(
    folder: Path,
    *,
    current: str | None = "one",
    server: object = SERVER,
    user: dict[str, Any] | None = None,
    **fields: object,
) -> str:
    """Write a kubeconfig with the contexts `one` and `two`; return its path. A field that is None is left out."""
    contexts = [{"name": name, "context": {"cluster": f"cluster-{name}", "user": "someone"}} for name in ("one", "two")]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": f"cluster-{name}", "cluster": {"server": server}} for name in ("one", "two")],
        "users": [{"name": "someone", "user": user or {}}],
        "contexts": contexts,
        "current-context": current,
        **fields,
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return str(path)


def connect(lab: Lab) -> Kube:
    return Kube(str(lab.kubeconfig))


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


def node_queries(lab: Lab) -> list[dict[str, str]]:
    return [request.query for request in lab.requests if request.path == "/api/v1/nodes"]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No kubeconfig anywhere, and no pod around us."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


# Which cluster.


def test_empty_context_is_the_current_one(tmp_path: Path) -> None:
    """As kubectl does it."""
    assert Kube(write_kubeconfig(tmp_path)).target == KubeTarget("one", "cluster-one", SERVER)


def test_context_chooses_the_cluster(tmp_path: Path) -> None:
    """The target names context, cluster and server of what was asked for."""
    assert Kube(write_kubeconfig(tmp_path), "two").target == KubeTarget("two", "cluster-two", SERVER)


@pytest.mark.parametrize("current", [None, "", "gone"])
def test_context_needs_no_current_one(tmp_path: Path, current: str | None) -> None:
    """A context that is named is used, whatever the kubeconfig's current one is, as kubectl does it."""
    path = write_kubeconfig(tmp_path, current=current)
    assert Kube(path, "two").target.cluster == "cluster-two"


@pytest.mark.parametrize("broken", [{"name": "broken"}, {"name": "broken", "context": None}], ids=json.dumps)
def test_broken_context_beside_the_one_that_is_meant_does_not_matter(tmp_path: Path, broken: dict[str, Any]) -> None:
    """People's kubeconfigs gather leftovers; kubectl goes on with the context that is asked for."""
    good = {"name": "two", "context": {"cluster": "cluster-two", "user": "someone"}}
    path = write_kubeconfig(tmp_path, contexts=[broken, good])
    assert Kube(path, "two").target.cluster == "cluster-two"


def test_unknown_context_names_those_there_are(tmp_path: Path) -> None:
    """The error offers what could have been meant."""
    with pytest.raises(KubernetesError, match=r"parameter context: 'three' .* it has: one, two$"):
        Kube(write_kubeconfig(tmp_path), "three")


@pytest.mark.parametrize("current", [None, "gone"])
def test_kubeconfig_without_current_context_asks_for_one(tmp_path: Path, current: str | None) -> None:
    """Where neither the parameter nor the file chooses, the error says which parameter would."""
    with pytest.raises(KubernetesError, match="parameter context"):
        Kube(write_kubeconfig(tmp_path, current=current))


def test_opening_sends_nothing(lab: Lab) -> None:
    """The target can be shown before the first request."""
    assert connect(lab).target.cluster == lab.parameters["cluster"]
    assert lab.requests == []


# Which kubeconfig.


def test_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    """The parameter and the path are in the error."""
    path = str(tmp_path / "nowhere")
    with pytest.raises(KubernetesError, match="parameter kubeconfig") as caught:
        Kube(path)
    assert path in str(caught.value)


@pytest.mark.usefixtures("outside")
def test_home_is_expanded(tmp_path: Path) -> None:
    """`~/kubeconfig` is what people write."""
    write_kubeconfig(tmp_path)
    assert Kube("~/kubeconfig").target.context == "one"


def test_environment_names_the_kubeconfig(tmp_path: Path, outside: pytest.MonkeyPatch) -> None:
    """An empty parameter means $KUBECONFIG."""
    outside.setenv("KUBECONFIG", write_kubeconfig(tmp_path))
    assert Kube().target.context == "one"


@pytest.mark.usefixtures("outside")
def test_home_has_the_kubeconfig(tmp_path: Path) -> None:
    """Without $KUBECONFIG it is ~/.kube/config."""
    (tmp_path / ".kube").mkdir()
    Path(write_kubeconfig(tmp_path)).rename(tmp_path / ".kube" / "config")
    assert Kube().target.context == "one"


def test_kubeconfigs_are_merged(tmp_path: Path, outside: pytest.MonkeyPatch) -> None:
    """$KUBECONFIG may list several files."""
    (tmp_path / "more").mkdir()
    outside.setenv("KUBECONFIG", f"{write_kubeconfig(tmp_path, contexts=[])}:{write_kubeconfig(tmp_path / 'more')}")
    assert Kube(context="two").target.cluster == "cluster-two"


@pytest.mark.usefixtures("outside")
def test_nowhere_is_an_error_that_says_where_was_looked() -> None:
    """No kubeconfig and no pod: the error names the parameter."""
    with pytest.raises(KubernetesError, match=r"parameter kubeconfig: .*KUBECONFIG.*\.kube/config"):
        Kube()


@pytest.mark.usefixtures("outside")
def test_context_without_kubeconfig_is_refused() -> None:
    """In-cluster there are no contexts, so a given one would be ignored."""
    with pytest.raises(KubernetesError, match="parameter context: 'one'"):
        Kube(context="one")


def test_pod_needs_no_kubeconfig(outside: pytest.MonkeyPatch) -> None:
    """In a pod its service account is used; the cluster has no name there."""
    server = "https://10.43.0.1:443"
    outside.setattr(
        "kubernetes.config.load_incluster_config",
        lambda client_configuration: setattr(client_configuration, "host", server),
    )
    assert Kube().target == KubeTarget("", "", server)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", bytes(range(256)), b"a: [b\n c: }", b"\tkey: value", b"[]", b"hello", b"{}", b"null"],
)
def test_file_that_is_no_kubeconfig_is_named(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, the error is ours and names it."""
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)
    with pytest.raises(KubernetesError) as caught:
        Kube(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"contexts": None},
        {"contexts": ["one"]},
        {"contexts": [{"name": "one"}]},
        {"contexts": [{"name": "one", "context": None}]},
        {"contexts": [{"name": "one", "context": {"cluster": "elsewhere", "user": "someone"}}]},
        {"clusters": None},
        {"server": None},
        {"server": 5},
        {"user": {"tokenFile": "/nowhere/token"}},
        {"user": {"client-certificate": "/nowhere/cert", "client-key": "/nowhere/key"}},
        {"user": {"auth-provider": {"name": "gcp", "config": {}}}},
    ],
    ids=json.dumps,
)
def test_broken_kubeconfig_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]) -> None:
    """Whatever is missing or wrong in it, the error is ours and names the file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    path = write_kubeconfig(tmp_path, **fields)
    with pytest.raises(KubernetesError) as caught:
        Kube(path)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "server", ["http://10.0.0.1:8080", "HTTP://api.example.com", "api.example.com:6443", "10.0.0.1", "nonsense", ""]
)
def test_server_beyond_this_machine_must_be_https(tmp_path: Path, server: str) -> None:
    """Credentials do not travel in the clear. Without a scheme the client would speak plain http."""
    with pytest.raises(KubernetesError, match="one"):
        Kube(write_kubeconfig(tmp_path, server=server))


def test_plain_http_on_loopback_gets_no_credentials(lab: Lab, tmp_path: Path) -> None:
    """A token of the kubeconfig is not sent in the clear, not even to this machine."""
    path = write_kubeconfig(tmp_path, server=connect(lab).target.server, user={"token": "secret-token"})
    Kube(path).list_nodes()
    assert "secret-token" not in str(lab.requests[0].headers)


# Lists.


def test_nodes_are_plain_json(lab: Lab) -> None:
    """Node objects come as the API has them, every property."""
    assert connect(lab).list_nodes() == lab.world.nodes


def test_list_is_read_in_pages(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request asks for one page and goes on where the last one ended."""
    monkeypatch.setattr(kube, "PAGE", 4)
    assert names(connect(lab).list_nodes()) == names(lab.world.nodes)
    first, second = node_queries(lab)
    assert first == {"limit": "4"}
    assert second.keys() == {"limit", "continue"}


def test_expired_list_begins_anew(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 410 Gone the whole list is read again; no node is there twice or missing."""
    monkeypatch.setattr(kube, "PAGE", 2)
    lab.kubernetes.faults.add(lambda request: "continue" in request.query, status=410, reason="Expired", times=1)
    assert names(connect(lab).list_nodes()) == names(lab.world.nodes)
    assert ["continue" in query for query in node_queries(lab)] == [False, True, False, True, True]


def test_expired_token_of_the_lab_is_noticed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab's own 410, for a token that has expired, is handled like a made one."""
    monkeypatch.setattr(kube, "PAGE", 3)
    reader = connect(lab)
    pages = reader._node_pages()
    first = next(pages)
    lab.kubernetes.expire_continue()
    with pytest.raises(KubernetesError):
        next(pages)
    assert names(first) == names(lab.world.nodes)[:3]


def test_list_that_always_expires_is_given_up(lab: Lab) -> None:
    """The error says what happens, and that trying again later may help."""
    lab.kubernetes.faults.add(("GET", "/nodes"), status=410, reason="Expired", times=None)
    with pytest.raises(KubernetesError, match=r"410 Gone.*run again"):
        connect(lab).list_nodes()


# Errors.


@pytest.mark.parametrize("trouble", [{"status": 503}, {"status": 429}, {"status": 500}, {"drop": True}], ids=json.dumps)
def test_passing_trouble_is_tried_again(lab: Lab, trouble: dict[str, Any]) -> None:
    """One bad answer, or none at all, is no reason to stop."""
    lab.kubernetes.faults.add(("GET", "/nodes"), times=1, **trouble)
    assert names(connect(lab).list_nodes()) == names(lab.world.nodes)


def test_missing_permission_is_named(lab: Lab) -> None:
    """The API's own words say which verb on which resource, and we say what to grant."""
    lab.kubernetes.denied.add(("list", "nodes"))
    with pytest.raises(KubernetesError, match=r'cannot list resource "nodes".*grant nodes list'):
        connect(lab).list_nodes()


def test_missing_permission_on_config_maps_is_named(lab: Lab) -> None:
    """It is not taken for a cluster without flannel."""
    lab.kubernetes.denied.add(("get", "configmaps"))
    with pytest.raises(KubernetesError, match=r'cannot get resource "configmaps".*grant .*configmaps get'):
        connect(lab).config_map("kube-flannel", "kube-flannel-cfg")


@pytest.mark.parametrize(
    ("status", "todo"), [(401, "sign in again"), (400, "run again"), (404, "server"), (409, "run again")]
)
def test_refusal_says_who_refuses_why_and_what_to_do(lab: Lab, status: int, todo: str) -> None:
    """Server, context and the API's message are in the error, which is one of the errors that people know."""
    lab.kubernetes.faults.add(("GET", "/nodes"), status=status, message="that is why", times=None)
    reader = connect(lab)
    with pytest.raises(KubernetesError, match="that is why") as caught:
        reader.list_nodes()
    assert f"{reader.target.server} (context lab)" in str(caught.value)
    assert todo in str(caught.value).partition("that is why")[2]
    assert type(caught.value) is KubernetesError


def test_trouble_that_stays_ends_in_an_error(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the retries the last answer is told."""
    monkeypatch.setattr("urllib3.Retry.get_backoff_time", lambda _: 0.0)
    lab.kubernetes.faults.add(("GET", "/nodes"), status=503, message="overloaded", times=None)
    with pytest.raises(KubernetesError, match="fails with 503: overloaded"):
        connect(lab).list_nodes()
    assert len(node_queries(lab)) == 4


def test_server_that_does_not_answer_is_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: the address is in the error, with where to look."""
    monkeypatch.setattr("urllib3.Retry.get_backoff_time", lambda _: 0.0)
    reader = connect(lab)
    lab.close()
    with pytest.raises(KubernetesError, match=r"does not answer: .*check the address, VPN and firewall") as caught:
        reader.list_nodes()
    assert reader.target.server in str(caught.value)


class _Answer:
    """An HTTP answer with this body."""

    def __init__(self, body: bytes) -> None:
        self.data = body


@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"kind": "PodList", "items": []}',
        b'{"kind": "NodeList"}',
        b'{"kind": "NodeList", "items": {}}',
        b'{"kind": "NodeList", "items": [], "metadata": []}',
    ],
)
def test_answer_that_is_no_node_list_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    """A login page or another API is not taken for a cluster without nodes."""
    reader = connect(lab)
    monkeypatch.setattr(reader._api, "list_node", lambda **_: _Answer(body))
    with pytest.raises(KubernetesError, match="is this a Kubernetes API"):
        reader.list_nodes()


def test_same_page_for_ever_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that loses the `continue` parameter sends the first page again and again: that is no list."""
    body = json.dumps({"kind": "NodeList", "metadata": {"continue": "x"}, "items": lab.world.nodes}).encode()
    reader = connect(lab)
    answers = iter([_Answer(body)] * 10)
    monkeypatch.setattr(reader._api, "list_node", lambda **_: next(answers))
    with pytest.raises(KubernetesError):
        reader.list_nodes()


def test_missing_config_map_is_none(lab: Lab) -> None:
    """Not there is an answer, not an error."""
    assert connect(lab).config_map("kube-system", "kube-flannel-cfg") is None


@pytest.mark.parametrize("data", [None, [], "text"])
def test_config_map_without_data_is_empty(lab: Lab, data: object) -> None:
    """A ConfigMap may have no `data` at all."""
    lab.world.config_maps[0]["data"] = data
    assert connect(lab).config_map("kube-flannel", "kube-flannel-cfg") == {}
