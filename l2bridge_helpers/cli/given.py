"""Parameters as they are given to `l2bridge`: from a file, from options; unknown or of another type is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from l2bridge_helpers.errors import ParameterError
from l2bridge_helpers.parameters import Parameter

_WORDS = {"true": True, "false": False}


def from_options(pairs: Iterable[str], known: Iterable[Parameter]) -> dict[str, Any]:
    """Return the values of `NAME=VALUE` options, each of its parameter's type.

    Raises:
        ParameterError: names every option that is no such pair, or whose name or value is refused.

    """
    kinds = {one.name: type(one.default) for one in known}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in kinds:
            problems.append(_unknown(name, kinds) if equals else f"{pair!r} is no NAME=VALUE")
            continue
        if name in values:
            problems.append(f"parameter {name}: is given twice")
            continue
        try:
            values[name] = _value(text, kinds[name])
        except ValueError:
            problems.append(f"parameter {name}: {text!r} is not {_TOLD[kinds[name]]}")
    _refuse(problems)
    return values


def from_file(path: Path, known: Iterable[Parameter]) -> dict[str, Any]:
    """Return the values of a YAML file, a mapping from names to values.

    Raises:
        ParameterError: it cannot be read, or names what the runbook does not know.

    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as err:
        raise ParameterError(f"parameters file {str(path)!r} cannot be read: {err}") from err
    if not isinstance(document, Mapping):
        raise ParameterError(f"parameters file {str(path)!r} is no mapping of names to values, as mode: check is")
    names = [one.name for one in known]
    _refuse([f"{_unknown(str(name), names)} (in {path})" for name in document if name not in names])
    return dict(document)


def _value(text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() not in _WORDS:
            raise ValueError(text)
        return _WORDS[text.lower()]
    return kind(text)


_TOLD: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _unknown(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), n=1)
    return f"parameter {name}: is unknown; {f'did you mean {near[0]}?' if near else 'there are ' + ', '.join(names)}"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ParameterError(" | ".join(problems))
