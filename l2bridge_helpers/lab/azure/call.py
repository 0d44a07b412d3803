"""One request to the lab's Azure, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from werkzeug import Response

from l2bridge_helpers.lab.azure.errors import ArmError, missing
from l2bridge_helpers.lab.azure.ids import Place
from l2bridge_helpers.lab.azure.kinds import Kind
from l2bridge_helpers.lab.azure.operations import Operation
from l2bridge_helpers.lab.azure.state import State
from l2bridge_helpers.lab.record import Request
from l2bridge_helpers.lab.world import Json


@dataclass
class Call:
    """A request about one resource or list.

    Attributes:
        base: URL of the lab.
        query: parameters by their names in lower case.
        headers: by their names in lower case.
        request: as the request log has it.

    """

    state: State
    place: Place
    kind: Kind
    base: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: object
    request: Request = field(repr=False)

    @property
    def version(self) -> str:
        """Return the api-version that is asked with."""
        return self.query["api-version"]

    @cached_property
    def group(self) -> str:
        """Return the resource group as it is spelled where it was made."""
        return self.state.group(self.place.group) or self.place.group

    @property
    def name(self) -> str:
        """Return the last name."""
        return self.place.names[-1]

    @property
    def parent_id(self) -> str:
        """Return the id of the resource around this one."""
        return self.id_of(len(self.place.names) - 1)

    @property
    def id(self) -> str:
        """Return the resource's id, spelled as Azure does."""
        return self.id_of(len(self.place.names))

    def id_of(self, depth: int) -> str:
        """Return the id of the resource that so many of the names make."""
        words = zip(self.kind.segments, self.place.names[:depth], strict=False)
        tail = "/".join(word for pair in words for word in pair)
        where = f"/subscriptions/{self.state.subscription}/resourceGroups/{self.group}"
        return f"{where}/providers/{self.kind.type.partition('/')[0]}/{tail}"

    def content(self) -> Json:
        """Return a copy of the body: what becomes of it is not to change the request log.

        Raises:
            ArmError: it is no JSON object.

        """
        if isinstance(self.body, dict):
            found: Json = json.loads(json.dumps(self.body))
            return found
        raise ArmError(
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'The body must be a JSON object.'",
        )

    def missing(self) -> ArmError:
        """Return the error about what is not there, as it is worded for this kind of resource."""
        if self.kind.within:
            return ArmError("NotFound", f"Resource {self.id} not found.", 404)
        return missing(self.kind.type, "/".join(self.place.names), self.group)

    # Answers.

    def item(self, value: Json, status: int = 200) -> Response:
        """Return a resource as an answer, with its ETag."""
        headers = {"ETag": value["etag"]} if "etag" in value else {}
        return answer(shown(value), status, headers)

    def accepted(self, operation: Operation, value: Json | None, status: int, *, asks: bool = False) -> Response:
        """Return the answer that starts an operation.

        A write has the URL of its operation, one that answers nothing else also that of its end; asking for what takes
        time to find out has only the latter (captured answers of 2021 to 2023).
        """
        place = f"{self.base}{operation.where}"
        tail = f"{operation.id}?api-version={self.version}"
        headers = {"Retry-After": self.state.retry_after}
        if value is not None and "etag" in value:
            headers["ETag"] = value["etag"]
        if not asks:
            headers["Azure-AsyncOperation"] = f"{place}/operations/{tail}"
        if value is None:
            headers["Location"] = f"{place}/operationResults/{tail}"
        return answer(None if value is None else shown(value), status, headers)


def shown(item: Json) -> Json:
    """Return a resource without what is the lab's own."""
    return {name: value for name, value in item.items() if not name.startswith("_")}


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON; None: without a body."""
    text = "" if value is None else json.dumps(value, separators=(",", ":"))
    response = Response(text, status, content_type="application/json; charset=utf-8")
    response.headers.update(headers or {})
    return response
