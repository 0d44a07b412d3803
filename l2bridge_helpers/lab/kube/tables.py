"""Tables for `kubectl get`: the server says which columns people see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from werkzeug import Request as HttpRequest

Json = dict[str, Any]

_COLUMNS = {
    "Node": ("Name", "Status", "Roles", "Version", "Internal-IP", "OS-Image"),
    "ConfigMap": ("Name", "Data"),
    "Namespace": ("Name", "Status"),
    "Lease": ("Name", "Holder", "Age"),
}


def wants_table(request: HttpRequest) -> bool:
    """Return whether the client asks for a table."""
    return "as=Table;v=v1;g=meta.k8s.io" in request.headers.get("Accept", "")


def as_table(answer: Json) -> Json:
    """Return an object or a list of them as a table."""
    items = answer.get("items", [answer])
    kind = answer["kind"].removesuffix("List")
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": answer["metadata"] if "items" in answer else {},
        "columnDefinitions": [_column(name) for name in _COLUMNS[kind]],
        "rows": [{"cells": _cells(kind, item), "object": _partial(item)} for item in items],
    }


def _column(name: str) -> Json:
    form = "name" if name == "Name" else ""
    return {"name": name, "type": "string", "format": form, "description": name, "priority": 0}


def _cells(kind: str, item: Json) -> list[object]:
    name = item["metadata"]["name"]
    if kind == "Node":
        info = item.get("status", {}).get("nodeInfo", {})
        return [
            name,
            _ready(item),
            _roles(item),
            info.get("kubeletVersion", ""),
            _address(item),
            info.get("osImage", ""),
        ]
    if kind == "Lease":
        return [name, item["spec"].get("holderIdentity", ""), _age(item["metadata"]["creationTimestamp"])]
    return [name, str(len(item.get("data", {})))] if kind == "ConfigMap" else [name, "Active"]


def _age(made: str) -> str:
    return f"{int((datetime.now(UTC) - datetime.fromisoformat(made)).total_seconds())}s"


def _ready(node: Json) -> str:
    conditions = node.get("status", {}).get("conditions", [])
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return "Ready" if ready else "NotReady"


def _roles(node: Json) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = node["metadata"].get("labels") or {}
    return ",".join(sorted(label.removeprefix(prefix) for label in labels if label.startswith(prefix))) or "<none>"


def _address(node: Json) -> str:
    addresses = node.get("status", {}).get("addresses", [])
    return next((item["address"] for item in addresses if item["type"] == "InternalIP"), "<none>")


def _partial(item: Json) -> Json:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
