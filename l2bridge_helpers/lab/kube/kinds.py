"""What the lab's Kubernetes API has, and how it describes itself to clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

VERSION = {"major": "1", "minor": "33", "gitVersion": "v1.33.5", "platform": "linux/amd64"}
AUTHORIZATION = "authorization.k8s.io"
COORDINATION = "coordination.k8s.io"
_READ = ("get", "list")


@dataclass(frozen=True)
class Kind:
    """One kind of object that is served."""

    plural: str
    kind: str
    short: str = ""
    namespaced: bool = False
    group: str = ""
    verbs: tuple[str, ...] = _READ

    @property
    def api_version(self) -> str:
        """The kind's group and version, as objects carry them."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def qualified(self) -> str:
        """The kind's name in the API's messages."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


LEASES = Kind(
    "leases",
    "Lease",
    namespaced=True,
    group=COORDINATION,
    verbs=("create", "delete", "get", "list", "patch", "update"),
)
KINDS = {
    "nodes": Kind("nodes", "Node", "no"),
    "namespaces": Kind("namespaces", "Namespace", "ns"),
    "configmaps": Kind("configmaps", "ConfigMap", "cm", namespaced=True),
    "leases": LEASES,
}
REVIEW = "selfsubjectaccessreviews"
_REVIEW_KIND = Kind(REVIEW, "SelfSubjectAccessReview", group=AUTHORIZATION, verbs=("create",))


def api_versions() -> Json:
    """Return the answer to `/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_groups() -> Json:
    """Return the answer to `/apis`."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(name) for name in (AUTHORIZATION, COORDINATION)],
    }


def core_resources() -> Json:
    """Return the answer to `/api/v1`."""
    return _resources("v1", (kind for kind in KINDS.values() if not kind.group))


def review_resources() -> Json:
    """Return the answer to `/apis/authorization.k8s.io/v1`."""
    return _resources(_REVIEW_KIND.api_version, [_REVIEW_KIND])


def lease_resources() -> Json:
    """Return the answer to `/apis/coordination.k8s.io/v1`."""
    return _resources(LEASES.api_version, [LEASES])


def _group(name: str) -> Json:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(version: str, kinds: Iterable[Kind]) -> Json:
    described = [_described(kind) for kind in kinds]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": described}


def _described(kind: Kind) -> Json:
    short = {"shortNames": [kind.short]} if kind.short else {}
    return {
        "name": kind.plural,
        "singularName": kind.kind.lower() if kind is not _REVIEW_KIND else "",
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
        **short,
    }
