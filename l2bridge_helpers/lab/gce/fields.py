"""Partial answers: the parameter `fields`, e.g. `items(name,destRange),nextPageToken`."""

from __future__ import annotations

import re
from typing import Any

from l2bridge_helpers.lab.gce.answers import invalid

Json = dict[str, Any]
Mask = dict[str, "Mask"]
"""What to keep, by name; an empty mask keeps all."""


def select(answer: Json, fields: str) -> Json:
    """Return the parts of an answer that `fields` names; parts that do not exist are left out.

    Raises:
        ApiError: 400, when the text is no field mask.

    """
    tokens = re.findall(r"[(),/]|[^(),/\s]+", fields)
    mask = _parse(tokens, fields)
    if tokens:
        raise invalid("fields", fields, "Invalid field selection.")
    kept: Json = _keep(answer, mask)
    return kept


def _parse(tokens: list[str], fields: str) -> Mask:
    mask: Mask = {}
    while tokens and tokens[0] != ")":
        name = tokens.pop(0)
        if name in "(,/":
            raise invalid("fields", fields, f"Invalid field selection {name}")
        mask.setdefault(name, {}).update(_below(tokens, fields))
        if tokens and tokens[0] == ",":
            tokens.pop(0)
    return mask


def _below(tokens: list[str], fields: str) -> Mask:
    mark = tokens[0] if tokens else ""
    if mark == "/":
        tokens.pop(0)
        name = tokens.pop(0) if tokens else ""
        return {name: _below(tokens, fields)}
    if mark == "(":
        tokens.pop(0)
        inner = _parse(tokens, fields)
        if not tokens:
            raise invalid("fields", fields, "Missing closing parenthesis.")
        tokens.pop(0)
        return inner
    return {}


def _keep(value: Any, mask: Mask) -> Any:
    if not mask:
        return value
    if isinstance(value, list):
        return [_keep(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    chosen = {name: mask.get(name, mask.get("*")) for name in value}
    return {name: _keep(value[name], part) for name, part in chosen.items() if part is not None}
