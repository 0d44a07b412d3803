"""What a body may hold, by the models of Azure's SDK; and the resource that it makes of a stored one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache
from importlib import import_module
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import same
from l2bridge_helpers.lab.world import Json


@dataclass(frozen=True)
class Member:
    """One property: whether only the server writes it, and what it holds.

    Attributes:
        shape: `one`, `list` or `map`.
        model: the SDK's model of what it holds; None: a plain value.
        plain: the Python type of a plain value; None: any.
        words: what a plain text may be; empty: anything.

    """

    read_only: bool
    shape: str
    model: Any
    plain: type | None
    words: frozenset[str]


def model_of(service: str, name: str) -> Any:
    """Return a model of the SDK, e.g. of `network`: `RouteTable`."""
    return getattr(import_module(f"azure.mgmt.{service}.models"), name)


def replaced(body: Json, stored: Json, model: Any, path: str = "") -> Json:
    """Return what a full replacement leaves: the body, and of the stored resource only what is read-only.

    Raises:
        ArmError: the body holds what neither the SDK nor the stored resource knows, or a value of another type.

    """
    members = members_of(model)
    found = {name: value for name, value in stored.items() if name in members and members[name].read_only}
    for name, value in body.items():
        where = f"{path}.{name}".lstrip(".")
        if name not in members and name not in stored:
            raise _unknown(name, model, where)
        if value is None or (name in members and members[name].read_only):
            continue
        found[name] = _value(value, stored.get(name), members[name], where) if name in members else value
    return found


def _value(value: Any, stored: Any, member: Member, path: str) -> Any:
    if member.shape == "list":
        if not isinstance(value, list):
            raise _wrong(value, "List", path)
        return [
            _one(item, _counterpart(item, stored, place), member, f"{path}[{place}]")
            for place, item in enumerate(value)
        ]
    if member.shape == "map":
        if not isinstance(value, dict):
            raise _wrong(value, "Dictionary", path)
        return {key: _one(item, (stored or {}).get(key), member, f"{path}.{key}") for key, item in value.items()}
    return _one(value, stored, member, path)


def _one(value: Any, stored: Any, member: Member, path: str) -> Any:
    if member.model is not None:
        if not isinstance(value, dict):
            raise _wrong(value, member.model.__name__, path)
        return replaced(value, stored if isinstance(stored, dict) else {}, member.model, path)
    if member.plain and not _is(value, member.plain):
        raise _wrong(value, member.plain.__name__, path)
    if member.words and value not in member.words and value != stored:
        raise _wrong(value, "Enum", path)
    return value


def _is(value: Any, kind: type) -> bool:
    """Return whether a value is of a plain type: `true` is no number."""
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _counterpart(item: Any, stored: Any, place: int) -> Any:
    """Return the stored element that an element of the body replaces: that of the same name, else the same place."""
    elements = stored if isinstance(stored, list) else []
    name = item.get("name") if isinstance(item, dict) else None
    if isinstance(name, str):
        return next((one for one in elements if same(str(one.get("name", "")), name)), None)
    return elements[place] if place < len(elements) else None


@cache
def members_of(model: Any) -> dict[str, Member]:
    """Return the properties of a model by their names in REST."""
    model({})  # the SDK makes a model's table with its first instance
    module = sys.modules[model.__module__]
    hints = get_type_hints(model, vars(module) | {"_models": sys.modules[module.__name__.rpartition(".")[0]]})
    return {
        field._rest_name: _member(hints[attribute], read_only=field._visibility == ["read"])  # noqa: SLF001 - the SDK has no public table
        for attribute, field in model._attr_to_rest_field.items()  # noqa: SLF001 - as above
    }


def _member(hint: Any, *, read_only: bool) -> Member:
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] or [hint]
    origin = get_origin(hint)
    if origin in (list, dict):
        inner = _member(get_args(hint)[-1], read_only=read_only)
        shape = "list" if origin is list else "map"
        return Member(read_only, shape, inner.model, inner.plain, inner.words)
    if origin is not None and len(kinds) == 1:
        return _member(kinds[0], read_only=read_only)
    enums = [kind for kind in kinds if isinstance(kind, EnumMeta)]
    if enums:
        return Member(read_only, "one", None, str, _words(enums[0]))
    kind = kinds[0]
    model = kind if hasattr(kind, "_is_model") else None
    return Member(read_only, "one", model, kind if kind in (str, int, bool) else None, frozenset())


def _words(kind: Any) -> frozenset[str]:
    """Return what a text may be; the compute SDK's lists (of sizes, e.g.) are never complete."""
    complete = ".network." in kind.__module__
    return frozenset(str(word.value) for word in kind) if complete else frozenset()


def _unknown(name: str, model: Any, path: str) -> ArmError:
    # Azure names its own class, and the line and position. Compute's form is that of captured answers; for
    # Network the code is [U] below `properties`.
    text = f"Could not find member '{name}' on object of type '{model.__name__}'. Path '{path}'."
    if ".compute." in model.__module__:
        return ArmError("BadRequest", text)
    return ArmError("InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{text}'")


def _wrong(value: object, kind: str, path: str) -> ArmError:
    # InvalidRequestFormat with InvalidJson is what the network provider answers; the text is [U].
    detail = f"Error converting value \"{value}\" to type '{kind}'. Path '{path}'."
    return ArmError("InvalidRequestFormat", "Cannot parse the request.", details=[("InvalidJson", detail)])
