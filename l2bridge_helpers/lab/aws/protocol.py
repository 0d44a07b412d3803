"""EC2's query protocol, by botocore's own description of the service: parameters in, XML out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from l2bridge_helpers.lab.aws.errors import Ec2Error

_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
REQUEST_ID = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"
_AROUND = {"Action", "Version"}


@cache
def service() -> ServiceModel:
    """Return botocore's description of EC2."""
    return ServiceModel(Loader().load_service_model("ec2", "service-2"), "ec2")


def operation(action: str) -> OperationModel:
    """Return what is known of an action.

    Raises:
        Ec2Error: there is none of that name.

    """
    if action not in service().operation_names:
        raise Ec2Error("InvalidAction", f"The action {action} is not valid for this web service.")
    return service().operation_model(action)


def arguments(model: OperationModel, form: Mapping[str, str]) -> dict[str, Any]:
    """Return an action's arguments as boto3 takes them.

    Raises:
        Ec2Error: a parameter that the action does not have, or a value of the wrong type.

    """
    seen: set[str] = set()
    found = _parse(model.input_shape, form, "", seen) if model.input_shape else {}
    unknown = sorted(form.keys() - seen - _AROUND)
    if unknown:
        raise Ec2Error("UnknownParameter", f"The parameter {unknown[0]} is not recognized")
    missing = [name for name in (model.input_shape.required_members if model.input_shape else ()) if name not in found]
    if missing:
        raise Ec2Error("MissingParameter", f"The request must contain the parameter {missing[0]}")
    return dict(found)


def answer(model: OperationModel, result: Mapping[str, Any]) -> str:
    """Return the XML of an answer."""
    body = "".join(_members(model.output_shape, result)) if model.output_shape else "<return>true</return>"
    name = f"{model.name}Response"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{_NAMESPACE}"><requestId>{REQUEST_ID}</requestId>'
        f"{body}</{name}>"
    )


def refusal(error: Ec2Error) -> str:
    """Return the XML of an error."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    )


def _parse(shape: Shape, form: Mapping[str, str], prefix: str, seen: set[str]) -> Any:
    if shape.type_name == "structure":
        members = {
            name: _parse(member, form, _join(prefix, _name(member, name)), seen)
            for name, member in shape.members.items()  # type: ignore[attr-defined]
            if _given(form, _join(prefix, _name(member, name)))
        }
        return {name: value for name, value in members.items() if value is not None}
    if shape.type_name == "list":
        numbers = sorted(
            {
                int(part)
                for key in form
                if key.startswith(f"{prefix}.") and (part := key[len(prefix) + 1 :].split(".")[0]).isdecimal()
            }
        )
        return [_parse(shape.member, form, f"{prefix}.{number}", seen) for number in numbers]  # type: ignore[attr-defined]
    seen.add(prefix)
    return _scalar(shape.type_name, form[prefix], prefix)


def _given(form: Mapping[str, str], prefix: str) -> bool:
    return any(key == prefix or key.startswith(f"{prefix}.") for key in form)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _name(shape: Shape, default: str) -> str:
    told = shape.serialization.get("name", "")
    return str(shape.serialization.get("queryName") or (told[:1].upper() + told[1:]) or default)


def _scalar(kind: str, text: str, name: str) -> Any:
    if kind == "boolean":
        if text not in ("true", "false"):
            raise Ec2Error("InvalidParameterValue", f"Invalid value '{text}' for {name}")
        return text == "true"
    if kind in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]+", text):
            raise Ec2Error("InvalidParameterValue", f"Invalid value '{text}' for {name}")
        return int(text)
    return text


def _members(shape: Shape, value: Mapping[str, Any]) -> list[str]:
    known = shape.members  # type: ignore[attr-defined]
    return [
        _xml(known[name], known[name].serialization.get("name", name), part)
        for name, part in value.items()
        if part is not None
    ]


def _xml(shape: Shape, tag: str, value: Any) -> str:
    if shape.type_name == "structure":
        return f"<{tag}>{''.join(_members(shape, value))}</{tag}>"
    if shape.type_name == "list":
        item = shape.member.serialization.get("name", "item")  # type: ignore[attr-defined]
        return f"<{tag}>{''.join(_xml(shape.member, item, entry) for entry in value)}</{tag}>"  # type: ignore[attr-defined]
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return f"<{tag}>{escape(text)}</{tag}>"
