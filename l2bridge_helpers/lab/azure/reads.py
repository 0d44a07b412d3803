"""Reading: one resource, or a list in pages."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlencode

from werkzeug import Response

from l2bridge_helpers.lab.azure import compute_views
from l2bridge_helpers.lab.azure.call import Call, answer, shown
from l2bridge_helpers.lab.azure.derived import refresh
from l2bridge_helpers.lab.azure.errors import ArmError, missing
from l2bridge_helpers.lab.world import Json

_TOKEN = "$skiptoken"  # noqa: S105 - a parameter's name


def read(call: Call) -> Response:
    """Return what the path names."""
    refresh(call.state.world.resources, call.kind.collection)
    if call.place.listed:
        return _page(call, _listed(call))
    if call.kind.within:
        found = call.state.part(_parent(call), call.kind.within, call.name)
    else:
        found = call.state.find(call.kind.collection, call.id)
    if found is None:
        raise call.missing()
    return call.item(compute_views.seen(call, found))


def _listed(call: Call) -> list[Json]:
    if call.kind.within:
        parts: list[Json] = _parent(call)["properties"].get(call.kind.within, [])
        return parts
    if call.place.names:
        return _members(call)
    where = f"/subscriptions/{call.state.subscription}/"
    if call.place.group:
        where += f"resourceGroups/{call.group}/"
    return compute_views.filtered(call, call.state.below(call.kind.collection, where))


def _parent(call: Call) -> Json:
    """Return the resource that parts are looked for in."""
    around = call.id_of(1)
    found = call.state.find(call.kind.collection, around)
    if found is None:
        raise missing("/".join(call.kind.type.split("/")[:2]), call.place.names[0], call.group)
    return found


def _members(call: Call) -> list[Json]:
    """Return what is below another resource, which must be there."""
    around = call.id_of(len(call.place.names))
    collection = "virtualMachineScaleSets" if len(call.place.names) == 1 else "virtualMachineScaleSetVMs"
    if call.state.find(collection, around) is None:
        raise missing("/".join(call.kind.type.split("/")[: len(call.place.names) + 1]), call.name, call.group)
    below = around if call.kind.anywhere else f"{around}/{call.kind.segments[-1]}"
    return call.state.below(call.kind.collection, f"{below}/")


def _page(call: Call, items: list[Json]) -> Response:
    start = _start(call.query.get(_TOKEN, ""))
    end = start + max(1, call.state.page_size)
    value: Json = {"value": [shown(compute_views.seen(call, item)) for item in items[start:end]]}
    if end < len(items):
        token = base64.urlsafe_b64encode(f"from {end}".encode()).decode()
        value["nextLink"] = f"{call.base}{call.request.path}?{urlencode(call.query | {_TOKEN: token})}"
    return answer(value)


def _start(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from ")) if token else 0
    except (ValueError, binascii.Error) as err:
        # [U]: the code of a token that nobody has given out.
        raise ArmError("InvalidSkipToken", f"The skip token '{token}' is not valid.") from err
