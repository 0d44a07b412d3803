import json
from importlib import resources

import pytest

from l2bridge_helpers.lab.discovery import METHODS, Discovery, compute, strip

ROUTE = {"$ref": "Route"}
DOCUMENT: dict[str, object] = {
    "baseUrl": "https://example/",
    "revision": "1",
    "version": "v1",
    "parameters": {"alt": {"type": "string", "location": "query", "description": "prose"}},
    "schemas": {
        "Used": {"type": "object", "properties": {"description": {"type": "string", "description": "prose"}}},
        "Unused": {"type": "object"},
    },
}


def _document() -> dict[str, object]:
    method = {"id": "x", "httpMethod": "GET", "flatPath": "p", "response": {"$ref": "Used"}, "scopes": ["s"]}
    return DOCUMENT | {"resources": {name: {"methods": dict.fromkeys(METHODS[name], method)} for name in METHODS}}


def test_strip_keeps_what_is_reached() -> None:
    """Schemas that no kept method reaches, and all prose, are left out; a property called description is not prose."""
    stripped = strip(_document())
    assert list(stripped["schemas"]) == ["Used"]
    assert stripped["schemas"]["Used"]["properties"] == {"description": {"type": "string"}}
    assert "prose" not in json.dumps(stripped)
    assert "scopes" not in json.dumps(stripped)


def test_strip_changes_nothing_that_is_stripped() -> None:
    """The file that comes with the lab is what `strip` makes."""
    text = resources.files("l2bridge_helpers.lab").joinpath("data/compute-v1.json").read_text("utf-8")
    assert json.dumps(strip(json.loads(text)), indent=1, sort_keys=True) + "\n" == text


def test_the_document_has_every_method_of_the_lab() -> None:
    """One method in the document for each that the lab answers."""
    assert {name.split(".", 1)[1] for name in compute().methods} == {
        f"{resource}.{method}" for resource, methods in METHODS.items() for method in methods
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"colour": 1}, 'Unknown name "colour"'),
        ({"priority": "1"}, "priority"),
        ({"priority": True}, "priority"),
        ({"tags": ["a", 1]}, "tags[1]"),
        ({"id": "x"}, "id"),
        ({"name": "Upper"}, "name"),
        ({"routeStatus": "BROKEN"}, "routeStatus"),
        ([], "object"),
        (None, "object"),
    ],
)
def test_what_is_wrong_is_said(value: object, text: str) -> None:
    """Each fault names its place."""
    faults = compute().value(ROUTE, value)
    assert len(faults) == 1
    assert text in faults[0]


def test_what_was_there_before_is_right() -> None:
    """A field, or a value, that the stored resource has is allowed; another value of it too when it is unknown."""
    known = {"colour": "red", "routeStatus": "BROKEN"}
    assert compute().value(ROUTE, {"colour": "blue", "routeStatus": "BROKEN"}, known=known) == []
    assert len(compute().value(ROUTE, {"routeStatus": "WORSE"}, known=known)) == 1


def test_output_only_parts_are_not_written() -> None:
    """What only the server writes is left out, in lists too."""
    discovery: Discovery = compute()
    disk = {"deviceName": "a", "architecture": "X86_64"}
    assert discovery.writable({"$ref": "Instance"}, {"id": "1", "disks": [disk], "name": "n"}) == {
        "disks": [{"deviceName": "a"}],
        "name": "n",
    }
