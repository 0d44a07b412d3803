"""Read what kubectl, gcloud, `aws` and `az` print; say which file, item and field is not as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.gce.links import name_of, relative

Json = dict[str, Any]
Source = Path | str


@dataclass(frozen=True)
class Form:
    """What a file has to hold.

    Attributes:
        kind: the `kind` of each item; for `aws`, which writes none, the key of the list at the top; for `az` the type.
        fields: dotted names of what each item must have; `[]` stands for every element of a list, `?` behind a name
            says that it may be absent, with all that would be below it, and `{}` at the end that it is an object.
        command: what prints such a file.
        key: the field that tells items apart; "": their names.

    """

    kind: str
    fields: tuple[str, ...]
    command: str
    key: str = ""


_GCE = ("name", "selfLink")
FORMS = {
    "nodes": Form("Node", ("metadata.name",), "kubectl get nodes -o json"),
    "config_maps": Form(
        "ConfigMap",
        ("metadata.name", "metadata.namespace"),
        "kubectl -n kube-flannel get configmap kube-flannel-cfg -o json",
    ),
    "instances": Form(
        "compute#instance",
        (
            *_GCE,
            "id",
            "zone",
            "status",
            "fingerprint",
            "networkInterfaces[].network",
            "networkInterfaces[].networkIP",
        ),
        "gcloud compute instances list --format=json",
    ),
    "routes": Form("compute#route", (*_GCE, "network", "destRange"), "gcloud compute routes list --format=json"),
    "networks": Form("compute#network", _GCE, "gcloud compute networks list --format=json"),
    "subnets": Form(
        "compute#subnetwork",
        (*_GCE, "network", "region", "ipCidrRange"),
        "gcloud compute networks subnets list --format=json",
    ),
    "firewalls": Form("compute#firewall", (*_GCE, "network"), "gcloud compute firewall-rules list --format=json"),
    "managers": Form(
        "compute#instanceGroupManager",
        _GCE,
        "gcloud compute instance-groups managed list --format=json",
    ),
    "templates": Form(
        "compute#instanceTemplate",
        (*_GCE, "properties"),
        "gcloud compute instance-templates list --format=json",
    ),
    "project_info": Form("compute#project", _GCE, "gcloud compute project-info describe --format=json"),
}
"""By the names of `load_gce_world`'s parameters."""

_SERVICE_TAG = re.compile(r"[A-Z][A-Za-z0-9.]*")
"""What an Azure route may have for a range, e.g. `Storage.WestEurope` (Virtual Network documentation, service tags)."""


def _range_or_tag(text: str) -> object:
    return _SERVICE_TAG.fullmatch(text) or ip_network(text)


_TEXTS = {"id", "name", "type"}
_LINKS = {"selfLink", "network", "zone", "region"}
_NUMBERS: dict[str, Callable[[str], object]] = {
    "destRange": ip_network,
    "ipCidrRange": ip_network,
    "networkIP": ip_address,
    "CidrBlock": IPv4Network,
    "PrivateIpAddress": IPv4Address,
    "addressPrefix": _range_or_tag,
    "addressPrefixes": ip_network,
    "privateIPAddress": ip_address,
}
"""Fields that hold an address or a range."""


def read_items(what: str, source: Source) -> list[Json]:
    """Return the items of a file: a bare array, a Kubernetes `List`, or one object.

    Args:
        what: a key of `FORMS`.
        source: the file.

    Raises:
        LabError: the file cannot be used; the text names file, item and field.

    """
    form = FORMS[what]
    items = _items(parse(source, form), source, form)
    check_items(enumerate(items, 1), source, form)
    return items


def check_items(numbered: Iterable[tuple[int, Json]], source: Source, form: Form) -> None:
    """Refuse items that are of another kind, lack a field, or are there twice.

    Raises:
        LabError: the text names file, item and field.

    """
    seen: set[str] = set()
    for number, item in numbered:
        label = f"{source}: item {number}"
        _check_kind(label, item, form)
        _check_fields(label, item, form)
        identity = _identity(item, form)
        if identity.casefold() in seen:
            raise LabError(f"{label} ({identity}) is there twice; {again(form)}")
        seen.add(identity.casefold())


def parse(source: Source, form: Form) -> object:
    """Return the JSON of a file.

    Raises:
        LabError: it cannot be read, or is no JSON.

    """
    text = _text(source, form)
    try:
        return json.loads(text)
    except ValueError as err:
        raise LabError(f"{source} is not JSON ({err}); {again(form)}") from err


def parse_all(source: Source, form: Form) -> list[object]:
    """Return every JSON document of a file to which a command was appended several times.

    Raises:
        LabError: it cannot be read, is empty, or is no JSON.

    """
    text, decoder = _text(source, form).strip(), json.JSONDecoder()
    found: list[object] = []
    try:
        while text or not found:
            document, end = decoder.raw_decode(text)
            found.append(document)
            text = text[end:].lstrip()
    except ValueError as err:
        raise LabError(f"{source} is not JSON ({err}); {again(form)}") from err
    return found


def _text(source: Source, form: Form) -> str:
    try:
        return Path(source).read_text("utf-8-sig")
    except OSError as err:
        raise LabError(f"{source} cannot be read ({err.strerror}); {again(form)}") from err
    except UnicodeDecodeError as err:
        raise LabError(f"{source} is not UTF-8 text (byte {err.start}); {again(form)}") from err


def _items(value: object, source: Source, form: Form) -> list[Json]:
    found = value.get("items", [value]) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise LabError(f"{source} holds no list of objects; {again(form)}")
    if not found and form.kind in {"Node", "compute#instance"}:
        raise LabError(f"{source} holds no {form.kind}; {again(form)}")
    return found


def _check_kind(label: str, item: Json, form: Form) -> None:
    kind = item.get("kind", form.kind)
    if kind != form.kind:
        raise LabError(f"{label} is a {kind}, not a {form.kind}; {again(form)}")


def _check_fields(label: str, item: Json, form: Form) -> None:
    for field in form.fields:
        values = list(_values(item, field.split(".")))
        absent = not values and "?" not in field
        if absent or not all(isinstance(value, _type_of(field)) and value for value in values):
            shown = field.replace("?", "").removesuffix("{}")
            raise LabError(f"{label} ({_identity(item, form)}) has no usable {shown}; {again(form)}")
        for value in values:
            _check_text(f"{label} ({_identity(item, form)})", _last(field), value, form)


def _type_of(field: str) -> type | tuple[type, ...]:
    if field.endswith("{}"):
        return dict
    return str if _last(field) in _TEXTS else (str, dict)


def _last(field: str) -> str:
    """Return the name at the end of a field, without marks."""
    return field.rpartition(".")[2].rstrip("[]?{}")


def _check_text(label: str, field: str, value: object, form: Form) -> None:
    if field in _LINKS and not relative(str(value)).startswith("projects/"):
        raise LabError(f"{label}: {field} {value!r} is no URL of a resource; {again(form)}")
    try:
        if field in _NUMBERS:
            _NUMBERS[field](str(value))
    except ValueError as err:
        raise LabError(f"{label}: {field} {value!r} is not an address or range; {again(form)}") from err


def _values(value: object, path: list[str]) -> Iterator[object]:
    """Yield what stands at a path; None where it ends early."""
    if not path:
        yield value
        return
    field = _last(path[0])
    part = value.get(field) if isinstance(value, dict) else None
    if part is None and "?" in path[0]:
        return
    if "[]" not in path[0]:
        yield from _values(part, path[1:])
    elif isinstance(part, list):
        for element in part:
            yield from _values(element, path[1:])
    else:
        yield None


def _identity(item: Json, form: Form) -> str:
    if form.key:
        return str(item.get(form.key) or f"no {form.key}")
    meta = item.get("metadata")
    if "selfLink" not in item and isinstance(meta, dict) and "name" in meta:
        return "/".join(filter(None, [meta.get("namespace"), str(meta["name"])]))
    link = relative(str(item.get("selfLink", "")))
    return "/".join(link.split("/")[2:]) or name_of(str(item.get("name", "no name")))


def again(form: Form) -> str:
    """Return what to do about a file that cannot be used."""
    return f"write it again with `{form.command}`"
