"""What a Lease may look like: the API server's decoding and validation, in its own words.

Sources: kubernetes/kubernetes, pkg/apis/coordination/validation and apimachinery's MicroTime, read 2026-11.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from l2bridge_helpers.lab.kube.kinds import LEASES
from l2bridge_helpers.lab.kube.status import StatusError, invalid

Json = dict[str, Any]

_INTEGERS = ("leaseDurationSeconds", "leaseTransitions")
_TIMES = ("acquireTime", "renewTime")
_TEXTS = ("holderIdentity", "strategy", "preferredHolder")
_SPEC = {*_INTEGERS, *_TIMES, *_TEXTS}
_MAPS = ("labels", "annotations")
_OWN = ("name", "namespace", "uid", "resourceVersion", "generateName", "creationTimestamp", "selfLink")
_METADATA = {*_MAPS, *_OWN, "managedFields", "ownerReferences", "finalizers", "generation"}
_MICRO_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})(Z|[+-]\d\d:\d\d)")
_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST = 253
_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?{_WORD}")
_LABEL_VALUE = re.compile(rf"({_WORD})?")
_INT32 = 2**31


def decoded(body: object | None, *, strict: bool) -> Json:
    """Return metadata and spec of a body that is a Lease, without what the server does not know.

    Raises:
        StatusError: 400, it cannot be read as a Lease.

    """
    if not isinstance(body, dict):
        raise _unreadable("the object provided is unrecognized (must be of type Lease)")
    version, kind = body.get("apiVersion") or LEASES.api_version, body.get("kind") or LEASES.kind
    if version != LEASES.api_version:
        message = f"the API version in the data ({version}) does not match the expected API version"
        raise StatusError(400, "BadRequest", f"{message} ({LEASES.api_version})")
    if kind != LEASES.kind:
        raise _unreadable(f"no kind {kind!r} is registered here")
    metadata, spec = _part(body, "metadata"), _part(body, "spec")
    _check_types(metadata, spec)
    unknown = [f"metadata.{name}" for name in metadata if name not in _METADATA]
    unknown += [f"spec.{name}" for name in spec if name not in _SPEC]
    unknown += [name for name in body if name not in ("apiVersion", "kind", "metadata", "spec")]
    if strict and unknown:
        raise _unreadable("strict decoding error: " + ", ".join(f'unknown field "{name}"' for name in unknown))
    return {
        "metadata": {name: value for name, value in metadata.items() if name in _METADATA and value is not None},
        "spec": {name: _normal(name, value) for name, value in spec.items() if name in _SPEC and value is not None},
    }


def check(lease: Json) -> None:
    """Refuse what is not valid, with 422 and all of it at once."""
    metadata, spec = lease["metadata"], lease["spec"]
    name = metadata.get("name", "")
    wrong = [_name_problem(name)] + [_label_problem(key, text) for key, text in metadata.get("labels", {}).items()]
    if spec.get("leaseDurationSeconds", 1) <= 0:
        wrong.append(_wrong("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0"))
    if spec.get("leaseTransitions", 0) < 0:
        bad = spec["leaseTransitions"]
        wrong.append(_wrong("spec.leaseTransitions", bad, "must be greater than or equal to 0"))
    if spec.get("strategy", "OldestEmulationVersion") != "OldestEmulationVersion":
        wrong.append(f'spec.strategy: Unsupported value: "{spec["strategy"]}"')
    if spec.get("preferredHolder") and not spec.get("strategy"):
        wrong.append("spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined")
    if any(wrong):
        raise invalid(LEASES, name, [text for text in wrong if text])


def _unreadable(why: str) -> StatusError:
    return StatusError(400, "BadRequest", f'Lease in version "v1" cannot be handled as a Lease: {why}')


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    if part is not None and not isinstance(part, dict):
        raise _mistyped(part, f"Lease.{name}", f"v1.{'ObjectMeta' if name == 'metadata' else 'LeaseSpec'}")
    return part or {}


def _check_types(metadata: Json, spec: Json) -> None:
    for name in _OWN:
        _check_type(metadata, f"ObjectMeta.metadata.{name}", str, "string")
    for name in _MAPS:
        _check_type(metadata, f"ObjectMeta.metadata.{name}", dict, "map[string]string")
        for value in (metadata.get(name) or {}).values():
            if not isinstance(value, str):
                raise _mistyped(value, f"ObjectMeta.metadata.{name}", "string")
    for name in _TEXTS:
        _check_type(spec, f"LeaseSpec.spec.{name}", str, "string")
    for name in _INTEGERS:
        _check_type(spec, f"LeaseSpec.spec.{name}", int, "int32")
    for name in _TIMES:
        _check_type(spec, f"LeaseSpec.spec.{name}", str, "string")


def _check_type(part: Json, path: str, kind: type, go_name: str) -> None:
    value = part.get(path.rpartition(".")[2])
    fits = isinstance(value, kind) and not isinstance(value, bool)
    if value is not None and not (fits and (kind is not int or -_INT32 <= value < _INT32)):
        raise _mistyped(value, path, go_name)


def _mistyped(value: object, path: str, go_name: str) -> StatusError:
    names = {bool: "bool", str: "string", list: "array", dict: "object"}
    what = names.get(type(value), "number")
    return _unreadable(f"json: cannot unmarshal {what} into Go struct field {path} of type {go_name}")


def _normal(name: str, value: Any) -> Any:
    """Return a value as the server keeps it: times in UTC."""
    if name not in _TIMES:
        return value
    found = _MICRO_TIME.fullmatch(value)
    try:
        moment = datetime.fromisoformat(value) if found else None
    except ValueError:
        moment = None
    if moment is None:
        raise _unreadable(f'parsing time "{value}" as "{_LAYOUT}": cannot parse "{value}"')
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _name_problem(name: str) -> str:
    if not name:
        return "metadata.name: Required value: name or generateName is required"
    if len(name) > _LONGEST or not _SUBDOMAIN.fullmatch(name):
        return _wrong("metadata.name", f'"{name}"', "a lowercase RFC 1123 subdomain must consist of lower case letters")
    return ""


def _label_problem(key: str, text: str) -> str:
    if not _LABEL_KEY.fullmatch(key):
        return _wrong("metadata.labels", f'"{key}"', "name part must consist of alphanumeric characters")
    return "" if _LABEL_VALUE.fullmatch(text) else _wrong("metadata.labels", f'"{text}"', "a valid label must be")


def _wrong(field: str, value: object, why: str) -> str:
    return f"{field}: Invalid value: {value}: {why}"
