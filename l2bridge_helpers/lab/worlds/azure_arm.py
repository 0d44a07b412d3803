"""Turn what the Azure CLI prints back into the form of ARM's REST API, by the tables of Azure's SDK.

`az` lifts what stands under `properties` one level up and adds `resourceGroup` beside ids; older releases also spell
names their own way, and print null for what is not there.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, get_args, get_origin, get_type_hints

from l2bridge_helpers.lab.world import Json

_ID = re.compile(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/([^/]+)((?:/[^/]+/[^/]+)+)", re.IGNORECASE)


@dataclass(frozen=True)
class ArmId:
    """The parts of a resource's id; `type` reads `Microsoft.Network/routeTables`, `name` is the last part."""

    subscription: str
    group: str
    type: str
    name: str

    @classmethod
    def parse(cls, text: object) -> ArmId | None:
        """Return the parts; None for what is no id of a resource in a resource group."""
        found = _ID.fullmatch(str(text))
        if not found:
            return None
        path = found[4].split("/")[1:]
        return cls(found[1], found[2], "/".join([found[3], *path[::2]]), path[-1])


@dataclass(frozen=True)
class _Field:
    """Where a field belongs: below which other one ("": none), its name in REST, and the model of what it holds.

    `keyed`: it holds a mapping whose keys are data; `known`: by the SDK.
    """

    below: str
    name: str
    model: Any
    keyed: bool
    known: bool = True


def sdk_model(service: str, name: str) -> Any:
    """Return a model of the SDK, e.g. of `network`: `RouteTable`."""
    return getattr(import_module(f"azure.mgmt.{service}.models"), name)


def rest_form(item: Json, model: Any) -> Json:
    """Return an object as ARM's REST API shows it, whether `az` printed it or ARM itself.

    What the SDK does not know is kept: where it was in ARM's form, else below `properties`.
    """
    fields = _fields(model)
    flat = not isinstance(item.get("properties"), dict)
    home = "properties" if flat and "properties" in fields else ""
    found: Json = {}
    for key, value in item.items():
        if value is None or _added_by_az(key, item):
            continue
        field = fields.get(key.lower())
        if field is None or (field.below and not flat):
            field = _Field(home, key, None, keyed=False, known=False)
        holder = found.setdefault(field.below, {}) if field.below else found
        holder[field.name] = _value(value, field)
    return found


def _added_by_az(key: str, item: Json) -> bool:
    return key == "resourceGroup" and "id" in item


def _value(value: object, field: _Field) -> object:
    if isinstance(value, list):
        return [_value(element, field) for element in value]
    if isinstance(value, dict) and not field.known:
        return {key: _value(inner, field) for key, inner in value.items() if not _added_by_az(key, value)}
    if not isinstance(value, dict) or field.model is None:
        return value
    if field.keyed:
        one = _Field("", "", field.model, keyed=False)
        return {key: _value(element, one) for key, element in value.items() if element is not None}
    return rest_form(value, field.model)


@cache
def _fields(model: Any) -> dict[str, _Field]:
    """Return a model's fields by their names in lower case: az's older spelling differs from ARM's in case alone."""
    own = _own_fields(model)
    lifted = _lifted(model)
    inner = [
        _Field(field.name, below.name, below.model, below.keyed)
        for field in own.values()
        if field.model and not field.keyed
        for attribute, below in _own_fields(field.model).items()
        if attribute in lifted
    ]
    return {field.name.lower(): field for field in [*inner, *own.values()]}


@cache
def _own_fields(model: Any) -> dict[str, _Field]:
    """Return the fields that REST has at this very level, by their attributes in Python."""
    model({})  # the SDK makes a model's table with its first instance
    module = sys.modules[model.__module__]
    names = vars(module) | {"_models": sys.modules[module.__name__.rpartition(".")[0]]}
    hints = get_type_hints(model, names)
    return {
        attribute: _Field("", field._rest_name, _model_in(hints[attribute]), _keyed(hints[attribute]))  # noqa: SLF001 - the SDK has no public table of its names
        for attribute, field in model._attr_to_rest_field.items()  # noqa: SLF001 - as above
    }


def _lifted(model: Any) -> set[str]:
    """Return the attributes that the SDK, as `az`, lifts out of `properties`; their list is private to each class."""
    lists = [getattr(one, f"_{one.__name__.lstrip('_')}__flattened_items", []) for one in model.__mro__]
    return {attribute for one in lists for attribute in one}


def _model_in(hint: Any) -> Any:
    """Return the SDK's model that a type hint names, also within Optional, list and dict; None: there is none."""
    if hasattr(hint, "_is_model"):
        return hint
    return next(filter(None, map(_model_in, get_args(hint))), None)


def _keyed(hint: Any) -> bool:
    return get_origin(hint) is dict or any(map(_keyed, get_args(hint)))
