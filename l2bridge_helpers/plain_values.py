"""Frozen values of ours as plain data for JSON, and back (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

Reader = Callable[[Any], Any]
Value = TypeVar("Value")


def fields_of(value: object) -> dict[str, Any]:
    """Return a dataclass's fields, its values as they are; what `json.dumps` wants as its `default`.

    Raises:
        TypeError: it is no value of ours.

    """
    if isinstance(value, Mapping):
        return dict(value)
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is nothing that a file can hold")
    return {field.name: getattr(value, field.name) for field in fields(value)}


def value_of(kind: type[Value], plain: object) -> Value:
    """Return the value of a type that plain data describes. Fields that have a default may be left out.

    Raises:
        TypeError: the data describes no such value.

    """
    return cast("Value", _reader(cast("Any", kind))(plain))


@cache
def _reader(kind: Any) -> Reader:
    """Return what makes a value of a type; each type is looked at once."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda plain: plain
    if is_dataclass(kind):
        return _dataclass_reader(cast("type", kind))
    if origin is UnionType:
        return _optional_reader(_reader(inner[0]))
    if origin is tuple:
        return _tuple_reader(_reader(inner[0]))
    if origin in (dict, Mapping):
        return _mapping_reader(_reader(inner[1]))
    return lambda plain: _of_type(plain, kind)


def _dataclass_reader(kind: type) -> Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(plain: Any) -> Any:
        given = _of_type(plain, dict)
        unknown = given.keys() - readers.keys()
        if unknown:
            raise TypeError(f"a {kind.__name__} has no {', '.join(sorted(unknown))}")
        return kind(**{name: readers[name](value) for name, value in given.items()})

    return read


def _optional_reader(inner: Reader) -> Reader:
    return lambda plain: None if plain is None else inner(plain)


def _tuple_reader(item: Reader) -> Reader:
    return lambda plain: tuple(map(item, _of_type(plain, list)))


def _mapping_reader(item: Reader) -> Reader:
    return lambda plain: {key: item(value) for key, value in _of_type(plain, dict).items()}


def _of_type(plain: Any, kind: type) -> Any:
    if type(plain) is not kind:
        raise TypeError(f"{plain!r:.60} is no {kind.__name__}")
    return plain
