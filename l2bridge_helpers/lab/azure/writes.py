"""What all writes have in common: the resource's own fields, its place in the world, the operation behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug import Response

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.members import replaced
from l2bridge_helpers.lab.azure.operations import Operation
from l2bridge_helpers.lab.world import Json

_NAME = re.compile(r"[a-zA-Z0-9](?:[-._a-zA-Z0-9]*[a-zA-Z0-9_])?")
_LONGEST_NAME = 80
_RESERVED = frozenset("<>%&\\?/")
_TAGS, _TAG_NAME, _TAG_VALUE = 50, 512, 256
"""Limits of tags (Azure Resource Manager documentation, 2026)."""


def made(call: Call, stored: Json | None, model: Any) -> Json:
    """Return the resource that a PUT leaves, before the rules of its own kind.

    Raises:
        ArmError: name, location, tags or an unknown property.

    """
    body = call.content()
    body = {**body, "properties": body.get("properties") or {}}
    check_name(call.name)
    location = _location(call, body, stored)
    new = replaced(body, stored or {}, model)
    check_tags(new.get("tags", {}))
    properties = new.pop("properties", {})
    own = {"name": call.name, "id": call.id, "etag": "", "type": call.kind.type}
    if stored:
        own |= {key: stored[key] for key in ("name", "id", "etag", "type")}
    tags = {"tags": new.pop("tags")} if new.get("tags") else {}
    left = {key: value for key, value in new.items() if key not in (*own, "location", "tags")}
    return own | {"location": location} | tags | left | {"properties": properties}


def check_name(name: str) -> None:
    """Refuse a name that Azure does not allow."""
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise ArmError(
            "InvalidResourceName",
            f"Resource name {name} is invalid. The name can be up to {_LONGEST_NAME} characters long. It must begin "
            "with a word character, and it must end with a word character or with '_'. The name may contain word "
            "characters or '.', '-', '_'.",
        )


def check_tags(tags: Json) -> None:
    """Refuse tags that Azure does not take; the codes of the limits are [U]."""
    if len(tags) > _TAGS:
        raise ArmError("TooManyTags", f"The number of tags '{len(tags)}' is more than the maximum of '{_TAGS}'.")
    for name, value in tags.items():
        if _RESERVED & set(name):
            raise ArmError(
                "InvalidTagNameCharacters",
                f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters.",
            )
        if not 1 <= len(name) <= _TAG_NAME or len(str(value)) > _TAG_VALUE:
            raise ArmError(
                "InvalidTag", f"Tag '{name}': a name has 1 to {_TAG_NAME} characters, a value at most {_TAG_VALUE}."
            )


def _location(call: Call, body: Json, stored: Json | None) -> str:
    """Return where the resource is: Azure ignores letter case and spaces."""
    given = body.get("location")
    if not isinstance(given, str) or not given.strip():
        raise ArmError("LocationRequired", "The location property is required for this definition.")
    location = given.replace(" ", "").lower()
    if stored and location != stored["location"]:
        raise ArmError(
            "InvalidResourceLocation",
            f"The resource '{call.name}' already exists in location '{stored['location']}' in resource group "
            f"'{call.group}'. A resource with the same name cannot be created in location '{location}'. "
            "Please select a new resource name.",
            409,
        )
    return location


def store(call: Call, stored: Json | None, new: Json) -> Callable[[], None]:
    """Put a resource in the place of the stored one, or add it; return what takes that back."""
    items = call.state.world.cloud(call.kind.collection)
    if stored is None:
        items.append(new)
        return lambda: items.remove(new)
    before = copied(stored)
    stored.clear()
    stored.update(new)
    return lambda: rewrite(stored, before)


def rewrite(item: Json, value: Json) -> None:
    """Make a resource what another value says: whoever holds it sees the change."""
    item.clear()
    item.update(value)


def copied(value: Json) -> Json:
    """Return a copy that shares nothing."""
    found: Json = json.loads(json.dumps(value))
    return found


def begin(
    call: Call,
    name: str,
    targets: tuple[str, ...],
    *,
    finish: Callable[[], None],
    undo: Callable[[], None] = lambda: None,
    result: Json | None = None,
) -> Operation:
    """Start an operation; when it fails, everything becomes as it was."""
    state = call.state
    failure = state.failures.strike(call.request, "before")
    provider = call.kind.type.partition("/")[0]
    location = state.location

    def take_back() -> None:
        undo()
        refresh(state.world.resources)

    return state.operations.add(
        Operation(
            name=name,
            targets=tuple(target.lower() for target in targets),
            where=f"/subscriptions/{state.subscription}/providers/{provider}/locations/{location}",
            due=state.clock.now() + state.operation_seconds,
            finish=finish,
            undo=take_back,
            error={"code": failure.reason, "message": failure.message, "details": []} if failure else None,
            result=result,
        )
    )


def finish_put(call: Call, item: Json, operation_name: str, undo: Callable[[], None], *, created: bool) -> Response:
    """Return the answer to a PUT of a resource of its own, whose operation has begun."""
    call.state.stamp(item, "Updating")
    operation = begin(
        call, operation_name, (item["id"],), finish=lambda: call.state.stamp(item, "Succeeded"), undo=undo
    )
    return call.accepted(operation, item, 201 if created else 200)
