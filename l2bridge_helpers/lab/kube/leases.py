"""Leases of the lab's Kubernetes API: made, replaced, patched and deleted under their resourceVersion.

As `pkg/registry/coordination/lease/strategy.go` has it, a PUT without resourceVersion is refused, and a PUT of a Lease
that is not there makes it, unless the body carries a uid.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.kube.kinds import LEASES
from l2bridge_helpers.lab.kube.lease_form import check, decoded
from l2bridge_helpers.lab.kube.state import KubeState
from l2bridge_helpers.lab.kube.status import StatusError, conflict, invalid, not_found

Json = dict[str, Any]

_STALE = "the object has been modified; please apply your changes to the latest version and try again"
_KEPT = ("uid", "creationTimestamp", "name", "namespace")


class Leases:
    """The verbs that write."""

    def __init__(self, state: KubeState, *, strict: bool = False, dry_run: bool = False) -> None:
        """Write to this state.

        Args:
            state: the live cluster.
            strict: refuse unknown fields, as `fieldValidation=Strict` asks for.
            dry_run: answer as if, and keep nothing.

        """
        self._state = state
        self._strict = strict
        self._dry_run = dry_run

    def create(self, namespace: str, body: object | None) -> tuple[int, Json]:
        """Return the answer to POST."""
        made = decoded(body, strict=self._strict)
        if made["metadata"].get("resourceVersion"):
            message = "resourceVersion should not be set on objects to be created"
            raise StatusError(400, "BadRequest", message)
        return 201, self._make(namespace, made)

    def replace(self, namespace: str, name: str, body: object | None) -> tuple[int, Json]:
        """Return the answer to PUT."""
        new = decoded(body, strict=self._strict)
        if new["metadata"].get("name", name) != name:
            given = new["metadata"]["name"]
            message = f"the name of the object ({given}) does not match the name on the URL ({name})"
            raise StatusError(400, "BadRequest", message)
        new["metadata"]["name"] = name
        old = self._state.leases.get((namespace, name))
        _check_uid(new["metadata"].get("uid"), old, name)
        if old is None:
            return 201, self._make(namespace, new)
        return 200, self._put(namespace, old, new)

    def patch(self, namespace: str, name: str, body: object | None, form: str) -> tuple[int, Json]:
        """Return the answer to PATCH, as a merge patch (which a strategic one is for a Lease)."""
        if form not in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            message = f"the body of the request was in an unknown format - {form}: the lab takes merge patches only"
            raise StatusError(415, "UnsupportedMediaType", message)
        old = self.get(namespace, name)
        if not isinstance(body, dict):
            raise StatusError(400, "BadRequest", "the patch is no object")
        new = decoded(_merged(old, body), strict=self._strict)
        _check_uid(new["metadata"].get("uid"), old, name)
        return 200, self._put(namespace, old, new)

    def delete(self, namespace: str, name: str, body: object | None) -> tuple[int, Json]:
        """Return the answer to DELETE; preconditions in its options are kept."""
        old = self.get(namespace, name)
        wanted = (body.get("preconditions") if isinstance(body, dict) else None) or {}
        _check_uid(wanted.get("uid"), old, name)
        version = old["metadata"]["resourceVersion"]
        if wanted.get("resourceVersion", version) != version:
            asked = f"ResourceVersion in precondition: {wanted['resourceVersion']}"
            raise conflict(LEASES, name, f"Precondition failed: {asked}, ResourceVersion in object meta: {version}")
        if not self._dry_run:
            del self._state.leases[namespace, name]
        details = {"name": name, "group": LEASES.group, "kind": LEASES.plural, "uid": old["metadata"]["uid"]}
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def get(self, namespace: str, name: str) -> Json:
        """Return a Lease, as it is kept."""
        found = self._state.leases.get((namespace, name))
        if found is None:
            raise not_found(f'{LEASES.qualified} "{name}" not found')
        return found

    def _make(self, namespace: str, new: Json) -> Json:
        metadata = new["metadata"]
        _check_namespace(metadata, namespace)
        name = metadata.get("name", "")
        if namespace not in self._state.namespaces():
            raise not_found(f'namespaces "{namespace}" not found')
        check(new)
        if (namespace, name) in self._state.leases:
            raise StatusError(409, "AlreadyExists", f'{LEASES.qualified} "{name}" already exists')
        made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        own = {"uid": uid(f"{namespace}/{name}/{self._state.version}"), "creationTimestamp": made}
        return self._keep(namespace, metadata | own, new["spec"])

    def _put(self, namespace: str, old: Json, new: Json) -> Json:
        name, metadata = old["metadata"]["name"], new["metadata"]
        _check_namespace(metadata, namespace)
        version = metadata.get("resourceVersion", "")
        if version in ("", "0"):
            why = "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
            raise invalid(LEASES, name, [why])
        if not version.isdecimal():
            why = f'metadata.resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing: invalid syntax'
            raise invalid(LEASES, name, [why])
        if version != old["metadata"]["resourceVersion"]:
            raise conflict(LEASES, name, _STALE)
        check(new)
        kept = {key: old["metadata"][key] for key in _KEPT}
        if metadata | kept == old["metadata"] and new["spec"] == old["spec"]:
            return old
        return self._keep(namespace, metadata | kept, new["spec"])

    def _keep(self, namespace: str, metadata: Json, spec: Json) -> Json:
        version = self._state.next_version()
        metadata = metadata | {"namespace": namespace, "resourceVersion": version}
        lease = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        if not self._dry_run:
            self._state.leases[namespace, metadata["name"]] = copy.deepcopy(lease)
        return lease


def _check_namespace(metadata: Json, namespace: str) -> None:
    if metadata.setdefault("namespace", namespace) != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise StatusError(400, "BadRequest", message)


def _check_uid(wanted: str | None, old: Json | None, name: str) -> None:
    found = old["metadata"]["uid"] if old else ""
    if wanted and wanted != found:
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
        raise conflict(LEASES, name, why)


def _merged(old: Any, patch: Json) -> Json:
    """Return a JSON merge patch's result (RFC 7386)."""
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        result[key] = _merged(result.get(key), value) if isinstance(value, dict) else value
    return {key: value for key, value in result.items() if value is not None}
