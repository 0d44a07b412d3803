"""What the lab's Kubernetes API has, and how it describes itself to clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

VERSION = {"major": "1", "minor": "33", "gitVersion": "v1.33.5", "platform": "linux/amd64"}


@dataclass(frozen=True)
class Kind:
    """One kind of object that can be read."""

    plural: str
    kind: str
    short: str
    namespaced: bool = False


KINDS = {
    "nodes": Kind("nodes", "Node", "no"),
    "namespaces": Kind("namespaces", "Namespace", "ns"),
    "configmaps": Kind("configmaps", "ConfigMap", "cm", namespaced=True),
}
REVIEW = "selfsubjectaccessreviews"


def api_versions() -> Json:
    """Return the answer to `/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_groups() -> Json:
    """Return the answer to `/apis`."""
    version = {"groupVersion": "authorization.k8s.io/v1", "version": "v1"}
    group = {"name": "authorization.k8s.io", "versions": [version], "preferredVersion": version}
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}


def core_resources() -> Json:
    """Return the answer to `/api/v1`."""
    resources = [
        {
            "name": kind.plural,
            "singularName": kind.kind.lower(),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": ["get", "list"],
            "shortNames": [kind.short],
        }
        for kind in KINDS.values()
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": resources}


def review_resources() -> Json:
    """Return the answer to `/apis/authorization.k8s.io/v1`."""
    resource = {
        "name": REVIEW,
        "singularName": "",
        "namespaced": False,
        "kind": "SelfSubjectAccessReview",
        "verbs": ["create"],
    }
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "authorization.k8s.io/v1",
        "resources": [resource],
    }
