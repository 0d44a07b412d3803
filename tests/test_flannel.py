import json
from typing import Any

import pytest

from l2bridge_helpers.flannel import Lease, NetConf, read_lease, read_net_conf

UPSTREAM = {
    "Network": "10.42.0.0/16",
    "EnableIPv6": True,
    "IPv6Network": "fd00:42::/48",
    "Backend": {"Type": "host-gw"},
}


def lease(prefix: str = "flannel.alpha.coreos.com/", **notes: Any) -> Lease:
    return read_lease({f"{prefix}{name.replace('_', '-')}": value for name, value in notes.items()})


def read(conf: object) -> NetConf:
    return read_net_conf("kube-system/kube-flannel-cfg", {"net-conf.json": json.dumps(conf)})


def test_upstreams_configuration_is_read() -> None:
    """Backend and both networks are read, and where they were found."""
    expected = NetConf("kube-system/kube-flannel-cfg", "host-gw", ("10.42.0.0/16", "fd00:42::/48"))
    assert expected == read(UPSTREAM)


def test_keys_are_read_whatever_their_case() -> None:
    """Microsoft's sample writes `type`; RKE1 adds VNI and Port also for host-gw."""
    conf = read({"network": "10.42.0.0/16", "backend": {"name": "cbr0", "type": "host-gw", "VNI": 4096, "Port": 4789}})
    assert (conf.backend, conf.networks) == ("host-gw", ("10.42.0.0/16",))


@pytest.mark.parametrize("written", ["Host-GW", "HOST-GW"])
def test_backend_is_read_whatever_its_case(written: str) -> None:
    """Flannel lowers the backend's name before it looks for it (flannel, pkg/backend/manager.go, GetBackend)."""
    assert read({**UPSTREAM, "Backend": {"Type": written}}).backend == "host-gw"


@pytest.mark.parametrize("backend", [None, {}, [], "host-gw", {"Type": None}])
def test_backend_that_is_not_given_is_empty(backend: object) -> None:
    """Flannel then takes another one than host-gw, so it must not look like one."""
    assert read({"Network": "10.42.0.0/16", "Backend": backend}).backend == ""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "no net-conf.json"),
        ({"net-conf.json": None}, "no net-conf.json"),
        ({"net-conf.json": 5}, "no net-conf.json"),
        ({"net-conf.json": "{'a'"}, "not JSON"),
        ({"net-conf.json": ""}, "not JSON"),
        ({"net-conf.json": "[]"}, "not an object"),
    ],
)
def test_configuration_that_cannot_be_read_says_why(data: dict[str, Any], problem: str) -> None:
    """A broken ConfigMap is a value with a problem, not a crash, and names no backend."""
    conf = read_net_conf("kube-system/kube-flannel-cfg", data)
    assert problem in conf.problem
    assert (conf.source, conf.backend, conf.networks) == ("kube-system/kube-flannel-cfg", "", ())


def test_annotations_tell_backend_and_addresses() -> None:
    """A node's lease is what its peers route by."""
    notes = {"backend_type": "host-gw", "public_ip": "10.0.0.2", "public_ipv6": "fd00::2"}
    assert lease(**notes) == Lease("host-gw", "10.0.0.2", "fd00::2")


def test_overwritten_public_address_wins() -> None:
    """Flannel prefers `public-ip-overwrite`."""
    notes = {"public_ip": "10.0.0.2", "public_ip_overwrite": "10.9.0.2", "public_ipv6_overwrite": "fd00::9"}
    assert lease(**notes) == Lease("", "10.9.0.2", "fd00::9")


@pytest.mark.parametrize("prefix", ["net.example.com/", "net.example.com/flannel-"])
def test_annotations_of_another_prefix_are_found(prefix: str) -> None:
    """Flannel can be told another prefix, with or without a name in it (flannel, pkg/subnet/kube/annotations.go)."""
    notes = {"kube_subnet_manager": "true", "backend_type": "vxlan", "public_ip": "10.0.0.2"}
    assert lease(prefix, **notes) == Lease("vxlan", "10.0.0.2")


def test_usual_prefix_wins_over_another() -> None:
    """Where two flannels left annotations the usual one is read, on every run the same."""
    notes = {
        "a.example.com/kube-subnet-manager": "true",
        "a.example.com/backend-type": "vxlan",
        "flannel.alpha.coreos.com/kube-subnet-manager": "true",
        "flannel.alpha.coreos.com/backend-type": "host-gw",
    }
    assert read_lease(notes).backend == "host-gw"


@pytest.mark.parametrize("annotations", [{}, {"flannel.alpha.coreos.com/public-ip": None}, {"other": "x"}])
def test_node_without_flannel_has_an_empty_lease(annotations: dict[str, Any]) -> None:
    """Nothing is guessed."""
    assert read_lease(annotations) == Lease()
