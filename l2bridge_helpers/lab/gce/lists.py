"""List and aggregated list: filter, order, pages, partial answers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from l2bridge_helpers.lab.discovery import compute
from l2bridge_helpers.lab.gce.answers import ApiError, invalid
from l2bridge_helpers.lab.gce.filters import Test, compile_filter
from l2bridge_helpers.lab.gce.links import absolute, relative, scope_of
from l2bridge_helpers.lab.gce.state import Call, State

Json = dict[str, Any]
Show = Callable[[list[Json]], list[Json]]
Position = str | int | None
"""Where a page ends: the last one's path, or how many were made before it; None: at the start."""

MOST = 500
"""Results on a page: the default, and the most (API reference, parameter `maxResults`)."""

_AGGREGATED_SCOPES = {
    "instances": ("zones",),
    "subnetworks": ("regions",),
    "instanceGroupManagers": ("regions", "zones"),
    "instanceTemplates": ("global", "regions"),
    "operations": ("global", "regions", "zones"),
}
_NEWEST_FIRST = "creationTimestamp desc"
_ORDERS = ("name", "name asc", _NEWEST_FIRST)


def list_answer(state: State, call: Call, items: Sequence[Json], show: Show = list) -> Json:
    """Return one page of a list, as `show` makes it of what is stored."""
    page, token = _page(state, call, items)
    page = show(page)
    return _envelope(call, token) | ({"items": page} if page else {})


def aggregated_answer(state: State, call: Call, items: Sequence[Json], show: Show = list) -> Json:
    """Return one page of an aggregated list: every scope is named, the empty ones with a warning."""
    page, token = _page(state, call, items)
    collection = call.path.rpartition("/")[2]
    scopes: dict[str, Json] = {scope: {} for scope in _scopes(state, collection, call.project)}
    for item in show(page):
        scopes.setdefault(scope_of(relative(item["selfLink"])), {}).setdefault(collection, []).append(item)
    return _envelope(call, token) | {"items": {scope: part or _nothing(scope) for scope, part in scopes.items()}}


def _envelope(call: Call, token: str) -> Json:
    answer = {"kind": compute().kind(call.method), "id": call.path, "selfLink": absolute(call.path)}
    return answer | ({"nextPageToken": token} if token else {})


def _scopes(state: State, collection: str, project: str) -> list[str]:
    kinds = [kind for kind in _AGGREGATED_SCOPES[collection] if kind != "global"]
    holders = [item for kind in kinds for item in state.world.cloud(kind)]
    places = {
        "/".join(path.split("/")[2:])
        for path in (relative(item["selfLink"]) for item in holders)
        if path.split("/")[1] == project
    }
    return sorted(places | ({"global"} & set(_AGGREGATED_SCOPES[collection])))


def _nothing(scope: str) -> Json:
    return {
        "warning": {
            "code": "NO_RESULTS_ON_PAGE",
            "message": f"There are no results for scope '{scope}' on this page.",
            "data": [{"key": "scope", "value": scope}],
        }
    }


def _page(state: State, call: Call, items: Sequence[Json]) -> tuple[list[Json], str]:
    size = _size(call.query.get("maxResults", ""))
    order = call.query.get("orderBy", "name")
    if order not in _ORDERS:
        raise invalid("orderBy", order, "Only 'name' and 'creationTimestamp desc' can be ordered by.")
    after = _position(state, call)
    rest = _newest_first(items, after) if order == _NEWEST_FIRST else _by_name(items, after)
    keep = _test(call, items)
    found = list(islice((pair for pair in rest if keep(pair[1])), size + 1))
    page = [item for _, item in found[:size]]
    return page, _token(state, call, found[size - 1][0]) if len(found) > size else ""


def _by_name(items: Sequence[Json], after: Position) -> Iterable[tuple[Position, Json]]:
    ordered = sorted((relative(item["selfLink"]), number) for number, item in enumerate(items))
    return [(path, items[number]) for path, number in ordered if path > str(after or "")]


def _newest_first(items: Sequence[Json], after: Position) -> Iterable[tuple[Position, Json]]:
    """Return what was made before a position: everything is kept in the order in which it was made."""
    start = min(int(after), len(items)) if after else len(items)
    return ((number, items[number]) for number in range(start - 1, -1, -1))


def _size(text: str) -> int:
    size = int(text or 0)
    if size > MOST:
        raise invalid("maxResults", text, f"Must be less than or equal to {MOST}")
    return size or MOST


def _test(call: Call, items: Sequence[Json]) -> Test:
    text = call.query.get("filter", "")
    known = frozenset(_schema_fields(call)) if text else frozenset()
    return compile_filter(text, lambda name: name in known or any(name in item for item in items))


def _schema_fields(call: Call) -> Iterable[str]:
    """Return the fields of the listed resource: of the list's items, or of those in an aggregated list."""
    schemas = compute().schemas
    listed = schemas[(call.method.response or {})["$ref"]]["properties"]["items"]
    if "additionalProperties" in listed:
        scoped = schemas[listed["additionalProperties"]["$ref"]]["properties"]
        listed = scoped[call.path.rpartition("/")[2]]
    return list(schemas[listed["items"]["$ref"]]["properties"])


def _token(state: State, call: Call, after: Position) -> str:
    text = json.dumps([after, _seal(state, call, after)])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _position(state: State, call: Call) -> Position:
    token = call.query.get("pageToken", "")
    if not token:
        return None
    try:
        after, seal = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as err:
        raise _bad_token(token) from err
    if seal != _seal(state, call, after):
        raise _bad_token(token)
    return after if isinstance(after, int) else str(after)


def _seal(state: State, call: Call, after: Position) -> str:
    """Bind a token to its list and its filter, and to the time until tokens are made to expire."""
    parts = [
        call.path,
        call.query.get("filter", ""),
        call.query.get("orderBy", ""),
        after,
        state.page_generation,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _bad_token(token: str) -> ApiError:
    return invalid("pageToken", token, "The page token is malformed, expired, or belongs to another request.")
