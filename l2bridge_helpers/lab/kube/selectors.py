"""Label and field selectors, as `kubectl -l` and `--field-selector` send them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Test = Callable[[Json], bool]

_SET = re.compile(r"(?P<key>\S+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)")
_EQUAL = re.compile(r"(?P<key>[^!=\s]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^=\s]*)")
_BARE = re.compile(r"(?P<no>!?)\s*(?P<key>[^!=\s()]+)")
_FIELDS = {"metadata.name": ("metadata", "name"), "metadata.namespace": ("metadata", "namespace")}


def label_test(text: str) -> Test:
    """Return the test that a label selector means; ValueError when it means nothing."""
    tests = [_label_term(term.strip()) for term in re.split(r",(?![^(]*\))", text) if term.strip()]
    return lambda item: all(test(item.get("metadata", {}).get("labels") or {}) for test in tests)


def field_test(text: str) -> Test:
    """Return the test that a field selector means; ValueError for a field that cannot be selected by."""
    tests = [_field_term(term.strip()) for term in text.split(",") if term.strip()]
    return lambda item: all(test(item) for test in tests)


def _label_term(term: str) -> Test:
    if found := _SET.fullmatch(term):
        values = {value.strip() for value in found["values"].split(",")}
        inside = found["op"] == "in"
        key = found["key"]
        return lambda labels: (labels.get(key) in values) is inside
    if found := _EQUAL.fullmatch(term):
        equal = found["op"] != "!="
        key, value = found["key"], found["value"]
        return lambda labels: (labels.get(key) == value) is equal
    if found := _BARE.fullmatch(term):
        wanted = not found["no"]
        return lambda labels: (found["key"] in labels) is wanted
    message = f"unable to parse requirement: {term}"
    raise ValueError(message)


def _field_term(term: str) -> Test:
    found = _EQUAL.fullmatch(term)
    if not found or found["key"] not in _FIELDS:
        message = f"field label not supported: {found['key'] if found else term}"
        raise ValueError(message)
    first, second = _FIELDS[found["key"]]
    equal = found["op"] != "!="
    return lambda item: (item.get(first, {}).get(second, "") == found["value"]) is equal
