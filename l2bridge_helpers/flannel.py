"""What flannel says of itself: its ConfigMap's net-conf.json, and its annotations on a node (pure)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

CONFIG_MAPS = (("kube-flannel", "kube-flannel-cfg"), ("kube-system", "kube-flannel-cfg"))
"""Where the configuration lives: upstream's namespace first, then RKE1's."""
PREFIX = "flannel.alpha.coreos.com/"
"""The annotations' usual prefix; flannel can be told another one."""
_MARK = "kube-subnet-manager"
HOST_GW = "host-gw"


@dataclass(frozen=True)
class NetConf:
    """flannel's net-conf.json.

    Attributes:
        source: `namespace/name` of the ConfigMap, empty: none was found.
        backend: `Backend.Type`, empty when not given.
        networks: `Network` and `IPv6Network` as written, those that are given.
        problem: why the file cannot be read, empty when it can.

    """

    source: str = ""
    backend: str = ""
    networks: tuple[str, ...] = ()
    problem: str = ""


def read_net_conf(source: str, data: dict[str, Any]) -> NetConf:
    """Return what a ConfigMap's `net-conf.json` says; case counts neither in keys nor in the backend, as in flannel."""
    text = data.get("net-conf.json")
    if not isinstance(text, str):
        return NetConf(source, problem="it has no net-conf.json")
    try:
        conf = json.loads(text)
    except (ValueError, RecursionError) as err:
        return NetConf(source, problem=f"its net-conf.json is not JSON: {err}")
    if not isinstance(conf, dict):
        return NetConf(source, problem="its net-conf.json is not an object")
    backend = _field(conf, "backend")
    kind = _field(backend, "type") if isinstance(backend, dict) else ""
    networks = (_field(conf, "network"), _field(conf, "ipv6network"))
    return NetConf(source, str(kind or "").lower(), tuple(str(network) for network in networks if network))


@dataclass(frozen=True)
class Lease:
    """What flannel wrote on a node: the backend, and the addresses that its peers route to (IPv4, IPv6)."""

    backend: str = ""
    public_ip: str = ""
    public_ipv6: str = ""


def read_lease(annotations: dict[str, Any]) -> Lease:
    """Return flannel's annotations of a node; empty where flannel has not written any."""
    prefix = _prefix(annotations)

    def value(*names: str) -> str:
        found = (annotations.get(f"{prefix}{name}") for name in names)
        return next((text for text in found if isinstance(text, str) and text), "")

    return Lease(
        backend=value("backend-type", "backend-v6-type"),
        public_ip=value("public-ip-overwrite", "public-ip"),
        public_ipv6=value("public-ipv6-overwrite", "public-ipv6"),
    )


def _prefix(annotations: dict[str, Any]) -> str:
    marks = sorted(key.removesuffix(_MARK) for key in annotations if key.endswith(_MARK))
    return PREFIX if PREFIX in marks or not marks else marks[0]


def _field(conf: dict[str, Any], name: str) -> Any:
    return next((value for key, value in conf.items() if key.lower() == name), None)
