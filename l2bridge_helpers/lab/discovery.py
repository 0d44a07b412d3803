"""Google's description of the Compute Engine API: a subset of it as data, and a validator to keep to it.

``python -m l2bridge_helpers.lab.discovery FULL.json > compute-v1.json`` makes the subset.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

METHODS = {
    "autoscalers": ("list",),
    "firewalls": ("delete", "get", "insert", "list", "patch"),
    "globalOperations": ("aggregatedList", "get", "list", "wait"),
    "instanceGroupManagers": ("aggregatedList", "get", "list"),
    "instanceGroups": ("get", "list"),
    "instanceTemplates": ("aggregatedList", "get", "list"),
    "instances": ("aggregatedList", "get", "list", "update"),
    "networks": ("get", "getEffectiveFirewalls", "list"),
    "projects": ("get", "getXpnHost"),
    "regionInstanceGroupManagers": ("get", "list"),
    "regionInstanceTemplates": ("get", "list"),
    "regionNetworkFirewallPolicies": ("getEffectiveFirewalls",),
    "regionOperations": ("get", "list", "wait"),
    "regions": ("get", "list"),
    "routes": ("delete", "get", "insert", "list"),
    "subnetworks": ("aggregatedList", "get", "list"),
    "zoneOperations": ("get", "list", "wait"),
    "zones": ("get", "list"),
}
"""The methods that the lab answers, by the API's resource names."""

_KEEP = ("baseUrl", "revision", "parameters", "version")
_DROP = (
    "description",
    "enumDescriptions",
    "enumDeprecated",
    "deprecated",
    "scopes",
    "parameterOrder",
    "apiVersion",
    "path",
)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def strip(full: Json) -> Json:
    """Return the part of a discovery document that the lab needs: its methods, the schemas these reach."""
    chosen = {
        name: {"methods": {method: full["resources"][name]["methods"][method] for method in methods}}
        for name, methods in METHODS.items()
    }
    subset = {key: full[key] for key in _KEEP} | {
        "resources": chosen,
        "schemas": {name: full["schemas"][name] for name in _reachable(full, chosen)},
    }
    return _without_prose(subset)  # type: ignore[no-any-return]  # a dict goes in, a dict comes out


def _reachable(full: Json, roots: Json) -> list[str]:
    found: set[str] = set()
    waiting = list(_references(roots))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(full["schemas"][name]))
    return sorted(found)


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _without_prose(value: Any, *, names: bool = False) -> Any:
    """Leave out descriptions; ``names``: the keys are names of properties, which may read like ours."""
    if isinstance(value, list):
        return [_without_prose(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if names or key not in _DROP}
    return {
        key: _without_prose(item, names=key in {"properties", "parameters", "schemas"} and not names)
        for key, item in kept.items()
    }


@dataclass(frozen=True)
class Method:
    """One method of the API."""

    id: str
    verb: str
    path: str
    parameters: Json
    request: Json | None
    response: Json | None


class Discovery:
    """Say what is wrong with a value under the document; an empty list means valid."""

    def __init__(self, document: Json) -> None:
        """Read a discovery document or a subset of one."""
        self.schemas: Json = document["schemas"]
        self.common: Json = document["parameters"]
        self.methods = {method.id: method for method in _methods(document)}

    def query(self, method: Method, query: Mapping[str, str]) -> list[str]:
        """Return the faults of a request's query parameters."""
        faults: list[str] = []
        for name, value in query.items():
            parameter = method.parameters.get(name) or self.common.get(name) or _unlisted(method, name)
            if not parameter or parameter["location"] != "query":
                faults.append(f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.')
            else:
                faults += _text_faults(parameter, value, f"Invalid value for field '{name}'")
        return faults

    def path(self, method: Method, arguments: Mapping[str, str]) -> list[str]:
        """Return the faults of the arguments in a request's path."""
        return [
            fault
            for name, value in arguments.items()
            for fault in _text_faults(method.parameters[name], value, f"Invalid value for field '{name}'")
        ]

    def value(self, schema: Json, value: object, where: str = "", known: object = None) -> list[str]:
        """Return the faults of a JSON value; what `known` (the stored value) has too may be unknown."""
        if value == known and known is not None:
            return []
        schema = self.schemas[schema["$ref"]] if "$ref" in schema else schema
        kind = schema.get("type", "any")
        if kind in _TYPES and not _is(kind, value):
            return [f"Invalid value at '{where}' ({kind}), {json.dumps(value)}"]
        if isinstance(value, dict):
            return self._object(schema, value, where, known)
        if isinstance(value, list):
            return self._array(schema, value, where, known)
        return _text_faults(schema, value, f"Invalid value for field '{where}'") if isinstance(value, str) else []

    def _object(self, schema: Json, value: Json, where: str, known: object) -> list[str]:
        faults: list[str] = []
        before = known if isinstance(known, dict) else {}
        for name, item in value.items():
            part = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if part:
                faults += self.value(part, item, f"{where}.{name}".lstrip("."), before.get(name))
            elif name not in before:
                at = f" at '{where}'" if where else ""
                faults.append(f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')
        return faults

    def _array(self, schema: Json, value: list[object], where: str, known: object) -> list[str]:
        before = known if isinstance(known, list) else []
        padded = [*before, *[None] * len(value)]
        return [
            fault
            for index, item in enumerate(value)
            for fault in self.value(schema["items"], item, f"{where}[{index}]", padded[index])
        ]

    def writable(self, schema: Json, value: Any) -> Any:
        """Return a JSON value without the parts that only the server writes."""
        schema = self.schemas[schema["$ref"]] if "$ref" in schema else schema
        if isinstance(value, list):
            return [self.writable(schema.get("items", {}), item) for item in value]
        if not isinstance(value, dict):
            return value
        parts = schema.get("properties", {})
        return {
            name: self.writable(parts.get(name, {}), item)
            for name, item in value.items()
            if not parts.get(name, {}).get("readOnly")
        }

    def kind(self, method: Method) -> str:
        """Return the `kind` that a method's answers carry."""
        properties = self.schemas[(method.response or {})["$ref"]]["properties"]
        return str(properties["kind"]["default"])

    def required(self, method: Method) -> list[str]:
        """Return the names of the body's properties that the method cannot do without."""
        properties = self.schemas[method.request["$ref"]]["properties"] if method.request else {}
        return [
            name for name, part in properties.items() if method.id in part.get("annotations", {}).get("required", [])
        ]


@cache
def compute() -> Discovery:
    """Return the Compute Engine API, version v1."""
    text = resources.files(__package__ or "").joinpath("data/compute-v1.json").read_text("utf-8")
    return Discovery(json.loads(text))


def _methods(document: Json) -> Iterator[Method]:
    for resource in document["resources"].values():
        for method in resource["methods"].values():
            yield Method(
                id=method["id"],
                verb=method["httpMethod"],
                path=method["flatPath"],
                parameters=method.get("parameters", {}),
                request=method.get("request"),
                response=method.get("response"),
            )


def _unlisted(method: Method, name: str) -> Json | None:
    """Return what lists take although the document's lists of parameters leave it out; its prose has it."""
    listing = method.id.endswith(("list", "List")) and name == "returnPartialSuccess"
    return {"location": "query", "type": "boolean"} if listing else None


def _is(kind: str, value: object) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _text_faults(schema: Json, text: str, prefix: str) -> list[str]:
    kind, form = schema.get("type"), schema.get("format", "")
    if "enum" in schema and text not in schema["enum"]:
        return [f"{prefix}: '{text}'. Must be one of {', '.join(schema['enum'])}."]
    if "pattern" in schema and not re.fullmatch(schema["pattern"], text):
        return [f"{prefix}: '{text}'. Must be a match of regex '{schema['pattern']}'"]
    if kind == "boolean" and text.lower() not in {"true", "false"}:
        return [f"{prefix}: '{text}'. Must be true or false."]
    if (kind == "integer" or form.endswith("int64")) and not re.fullmatch(_digits(form), text):
        return [f"{prefix}: '{text}'. Must be a whole number ({form})."]
    return []


def _digits(form: str) -> str:
    return r"\d+" if form.startswith("uint") else r"-?\d+"


if __name__ == "__main__":
    json.dump(strip(json.loads(Path(sys.argv[1]).read_text("utf-8"))), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
