"""The `filter` of list requests: `name = x AND (a:b OR c != "d e")`, and the older `name eq regex`.

Source: Compute Engine API reference, parameter `filter` of `instances.list`; AIP-160. Stricter than the real
one in that a field the resource does not have is refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from l2bridge_helpers.lab.gce.answers import ApiError

Json = dict[str, Any]
Test = Callable[[Json], bool]

_TOKEN = re.compile(
    r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|\'[^\']*\')|(?P<op>!=|<=|>=|[=:<>])|(?P<mark>[()])|(?P<word>[^\s()=:<>!"\']+))'
)
_WORD_OPERATORS = {"eq", "ne"}
_OPERATORS = {"=", "!=", ":", "<", ">", "<=", ">="}


def compile_filter(text: str, known: Callable[[str], bool]) -> Test:
    """Return a test for resources; `known` says whether they have a top-level field. No text: all pass.

    Raises:
        ApiError: 400, when the text is no filter.

    """
    if not text:
        return lambda _: True
    try:
        return _Parser(list(_tokens(text)), known).parse()
    except (ValueError, IndexError, re.error) as err:
        message = f"Invalid value for field 'filter': '{text}'. Invalid list filter expression."
        raise ApiError(400, "invalid", message) from err


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise ValueError(text[position:])
        yield str(found.lastgroup), found[str(found.lastgroup)]
        position = found.end()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], known: Callable[[str], bool]) -> None:
        self._tokens = deque(tokens)
        self._known = known

    def parse(self) -> Test:
        test = self._any()
        if self._tokens:
            raise ValueError(self._tokens)
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._next_is("OR"):
            self._tokens.popleft()
            tests.append(self._all())
        return _either(tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._tokens and not self._next_is("OR") and self._tokens[0] != ("mark", ")"):
            if self._next_is("AND"):
                self._tokens.popleft()
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda item: all(test(item) for test in tests)

    def _one(self) -> Test:
        if self._next_is("NOT"):
            self._tokens.popleft()
            negated = self._one()
            return lambda item: not negated(item)
        if self._tokens[0] == ("mark", "("):
            self._tokens.popleft()
            inner = self._any()
            if self._tokens.popleft() != ("mark", ")"):
                raise ValueError(self._tokens)
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        kind, field = self._tokens.popleft()
        _, operator = self._tokens.popleft()
        value_kind, value = self._tokens.popleft()
        if kind != "word" or not self._known(field.split(".")[0]) or value_kind not in {"word", "quoted"}:
            raise ValueError(field)
        return _comparison(field.split("."), operator, _unquote(value, value_kind))

    def _next_is(self, word: str) -> bool:
        return bool(self._tokens) and self._tokens[0] == ("word", word)


@dataclass(frozen=True)
class _Equal:
    """Whether a field has one of some values."""

    path: tuple[str, ...]
    wanted: frozenset[str]

    def __call__(self, item: Json) -> bool:
        found = item.get(self.path[0]) if len(self.path) == 1 else None
        if isinstance(found, str):
            return found in self.wanted
        return any(_text(value) in self.wanted for value in _values(item, list(self.path)))


def _either(tests: list[Test]) -> Test:
    """Return whether one of the tests holds; many names of one field (`name=a OR name=b ...`) are one look."""
    equal = [test for test in tests if isinstance(test, _Equal)]
    if len(equal) == len(tests) and len({test.path for test in equal}) == 1:
        return _Equal(equal[0].path, frozenset().union(*(test.wanted for test in equal)))
    return lambda item: any(test(item) for test in tests)


def _unquote(value: str, kind: str) -> str:
    return re.sub(r"\\([\"\\])", r"\1", value[1:-1]) if kind == "quoted" else value


def _comparison(path: list[str], operator: str, value: str) -> Test:
    if operator in _WORD_OPERATORS:
        pattern = re.compile(value)
        wanted = operator == "eq"
        return lambda item: any(pattern.fullmatch(_text(found)) for found in _values(item, path)) is wanted
    if operator not in _OPERATORS:
        raise ValueError(operator)
    if operator == "=":
        return _Equal(tuple(path), frozenset({value}))
    if operator == "!=":
        equal = _comparison(path, "=", value)
        return lambda item: not equal(item)
    return lambda item: any(_holds(_text(found), operator, value) for found in _values(item, path))


def _holds(found: str, operator: str, value: str) -> bool:
    if operator == ":":
        return _containing(value).search(found) is not None
    low, high = (float(found), float(value)) if _is_number(found) and _is_number(value) else (found, value)
    return bool({"<": low < high, ">": low > high, "<=": low <= high, ">=": low >= high}[operator])  # type: ignore[operator]


def _containing(value: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in value.split("*")), re.IGNORECASE | re.DOTALL)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _values(item: object, path: list[str]) -> Iterator[object]:
    if isinstance(item, list):
        for part in item:
            yield from _values(part, path)
    elif not path:
        if not isinstance(item, dict):
            yield item
        elif item:
            yield ""
    elif isinstance(item, dict) and path[0] in item:
        yield from _values(item[path[0]], path[1:])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
