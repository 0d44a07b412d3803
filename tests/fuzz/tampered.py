"""A lab whose answers are changed on their way to the client: the real SDKs read what no cloud should say."""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.clouds.base import Cloud
from l2bridge_helpers.lab import Lab, World
from l2bridge_helpers.lab.service import Api

Pattern = tuple[str, ...]
"""The keys on the way to a value; `*` for any item of a list."""
Place = tuple[str, Pattern]
"""An answer, by its API and address, and a pattern in it."""
EVERY = -1
_MOST_ANSWERS = 3000
_EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"


@dataclass(frozen=True)
class Mutation:
    """One change of one answer.

    Attributes:
        place: which answer, and where in it.
        which: of several values there the one with this number; `EVERY`: all.
        how: `remove`, `set`, `repeat` (an item of a list), `add` (an unknown field).
        value: to be set.

    """

    place: Place
    which: int
    how: str
    value: Any = None


class TamperedLab(Lab):
    """A lab with answers that can be changed.

    Attributes:
        mutations: what is done to each answer from now on.
        raw: whole bodies, by answer; they replace what the lab says.
        status: the HTTP status that they come with.
        places: where answers could be changed until now.
        known: those of an undisturbed read.
        written: how many writes there were before it.
        adapter: the platform's adapter, which is slow to make.

    """

    mutations: Sequence[Mutation]

    def __init__(self, world: World) -> None:
        """Serve the world as it is, for now."""
        self.mutations = ()
        self.raw: dict[str, bytes] = {}
        self.status = 200
        self.places: dict[Place, None] = {}
        self.count = self.written = 0
        self.known: tuple[Place, ...] = ()
        self.adapter: Cloud | None = None
        super().__init__(world)

    def _serve(self, stack: Any, name: str, api: Api, *more: Any) -> str:
        return super()._serve(stack, name, _Tampering(name, api, self), *more)

    def change(self, key: str, response: Response) -> Response:
        """Return the answer as it is told."""
        self.count += 1
        if self.count > _MOST_ANSWERS:
            return Response("asked too often", 400)
        if key in self.raw:
            return Response(self.raw[key], self.status, content_type=response.content_type)
        if response.status_code != 200 or not response.get_data():
            return response
        read, write, patterns, apply = _FORMS["xml" if "xml" in str(response.content_type) else "json"]
        document = read(response.get_data())
        self.places.update(dict.fromkeys((key, pattern) for pattern in patterns(document)))
        meant = [one for one in self.mutations if one.place[0] == key]
        for mutation in meant:
            document = apply(document, mutation)
        return Response(write(document), 200, content_type=response.content_type) if meant else response


class _Tampering:
    def __init__(self, name: str, api: Api, lab: TamperedLab) -> None:
        self._name, self._api, self._lab = name, api, lab

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        response = self._api.answer(request, body)
        action = dict(parse_qsl(body)).get("Action", "") if isinstance(body, str) else ""
        return self._lab.change(f"{self._name} {action or request.path}", response)


# JSON.


def _json_patterns(value: Any, at: Pattern = ()) -> Iterator[Pattern]:
    yield at
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _json_patterns(item, (*at, key))
    elif isinstance(value, list):
        for item in value:
            yield from _json_patterns(item, (*at, "*"))


def _json_apply(document: Any, mutation: Mutation) -> Any:
    root = {"": document}
    found = list(_json_holders(root, ("", *mutation.place[1])))
    for holder, key in _chosen(found, mutation.which):
        if mutation.how == "remove":
            del holder[key]
        elif mutation.how == "set":
            holder[key] = copy.deepcopy(mutation.value)
        elif mutation.how == "repeat" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif isinstance(holder[key], dict):
            holder[key]["neverHeardOf"] = copy.deepcopy(mutation.value)
    return root.get("")


def _json_holders(value: Any, pattern: Pattern) -> Iterator[tuple[Any, Any]]:
    keys: list[Any] = []
    if isinstance(value, dict) and pattern[0] in value:
        keys = [pattern[0]]
    elif isinstance(value, list) and pattern[0] == "*":
        keys = list(reversed(range(len(value))))
    for key in keys:
        if len(pattern) == 1:
            yield value, key
        else:
            yield from _json_holders(value[key], pattern[1:])


# XML.


def _xml_patterns(element: ET.Element, at: Pattern = ()) -> Iterator[Pattern]:
    for child in element:
        path = (*at, child.tag)
        yield path
        yield from _xml_patterns(child, path)


def _xml_apply(document: ET.Element, mutation: Mutation) -> ET.Element:
    found = list(_xml_holders(document, mutation.place[1]))
    for holder, child in _chosen(found, mutation.which):
        if mutation.how == "remove":
            holder.remove(child)
        elif mutation.how == "set":
            _xml_set(child, mutation.value)
        elif mutation.how == "repeat":
            holder.append(copy.deepcopy(child))
        else:
            ET.SubElement(child, f"{{{_EC2}}}neverHeardOf").text = "1"
    return document


def _xml_set(element: ET.Element, value: Any) -> None:
    for child in list(element):
        element.remove(child)
    if isinstance(value, dict | list):
        ET.SubElement(element, f"{{{_EC2}}}item")
    else:
        text = "" if value is None else str(value)
        element.text = "".join(letter for letter in text if letter >= " " and not "\ud800" <= letter <= "\udfff")


def _xml_holders(element: ET.Element, pattern: Pattern) -> Iterator[tuple[ET.Element, ET.Element]]:
    for child in element:
        if child.tag == pattern[0]:
            if len(pattern) == 1:
                yield element, child
            else:
                yield from _xml_holders(child, pattern[1:])


def _chosen(found: list[Any], which: int) -> list[Any]:
    return found if which == EVERY or not found else [found[which % len(found)]]


_FORMS: dict[str, tuple[Callable[..., Any], ...]] = {
    "json": (json.loads, json.dumps, _json_patterns, _json_apply),
    "xml": (ET.fromstring, ET.tostring, _xml_patterns, _xml_apply),
}
