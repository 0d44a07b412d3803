"""Tags by themselves (Microsoft.Resources/tags): changed without replacing the resource that has them."""

from __future__ import annotations

import re

from werkzeug import Response

from l2bridge_helpers.lab.azure.call import Call, answer
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import same
from l2bridge_helpers.lab.azure.permissions import WORDS, allow
from l2bridge_helpers.lab.azure.state import not_supported
from l2bridge_helpers.lab.azure.writes import check_tags
from l2bridge_helpers.lab.world import Json

TAGS = re.compile(r"(.+)/providers/Microsoft\.Resources/tags/default/?", re.IGNORECASE)
"""The path of the tags of what is before it."""
_TYPE = "Microsoft.Resources/tags"


def tags(call: Call) -> Response:
    """Read or change the tags of the resource that the call is about."""
    method = call.request.method
    allow(call, f"{_TYPE}/{WORDS.get(method, method)}")
    item = call.state.find(call.kind.collection, call.id)
    if item is None or call.kind.within:
        raise call.missing()
    if method != "GET":
        call.state.must_be_free(item["id"])
        _write(call, item, _changed(call, item.get("tags", {})))
    return answer(None if method == "DELETE" else _shown(item))


def _changed(call: Call, held: Json) -> Json:
    """Return the tags that the request leaves."""
    method = call.request.method
    if method == "DELETE":
        return {}
    if method not in ("PUT", "PATCH"):
        raise not_supported(f"{method} on {_TYPE}")
    body = call.content()
    given = _given(body.get("properties"))
    operation = "Replace" if method == "PUT" else body.get("operation")
    if operation == "Merge":
        return _merged(held, given)
    if operation == "Delete":
        return {name: value for name, value in held.items() if not _named(name, value, given)}
    if operation == "Replace":
        return dict(given)
    raise ArmError(
        "InvalidRequestContent", f"The tags patch operation '{operation}' is none of Replace, Merge, Delete."
    )


def _given(properties: object) -> Json:
    found = properties.get("tags") if isinstance(properties, dict) else None
    if not isinstance(found, dict):
        raise ArmError("InvalidRequestContent", "The request content has no properties.tags.")
    return found


def _merged(held: Json, given: Json) -> Json:
    """Return both; letter case does not tell names of tags apart."""
    spelled = {name.lower(): name for name in held}
    return held | {spelled.get(name.lower(), name): value for name, value in given.items()}


def _named(name: str, value: str, given: Json) -> bool:
    """Return whether a tag is among those given: by its name alone, or with the value that it has."""
    return any(same(name, other) and (not wanted or wanted == value) for other, wanted in given.items())


def _write(call: Call, item: Json, found: Json) -> None:
    check_tags(found)
    item.pop("tags", None)
    if found:
        item["tags"] = found
    call.state.stamp(item, "Succeeded")


def _shown(item: Json) -> Json:
    where = f"{item['id']}/providers/{_TYPE}/default"
    return {"id": where, "name": "default", "type": _TYPE, "properties": {"tags": item.get("tags", {})}}
