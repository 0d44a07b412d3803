"""The ARM API: which request is answered by what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.lab.azure import general, quota
from l2bridge_helpers.lab.azure.call import Call, answer
from l2bridge_helpers.lab.azure.effective import effective_routes
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.ids import Place, place_of
from l2bridge_helpers.lab.azure.interfaces import put_interface, refuse_scale_set_interface
from l2bridge_helpers.lab.azure.kinds import KINDS, Kind
from l2bridge_helpers.lab.azure.permissions import authorize
from l2bridge_helpers.lab.azure.reads import read
from l2bridge_helpers.lab.azure.scale_sets import patch_scale_set, put_instance, put_scale_set, upgrade_instances
from l2bridge_helpers.lab.azure.state import State, not_supported
from l2bridge_helpers.lab.azure.subnets import put_subnet
from l2bridge_helpers.lab.azure.tables import delete_route, delete_table, put_route, put_table
from l2bridge_helpers.lab.azure.tags import TAGS, tags
from l2bridge_helpers.lab.faults import Fault
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.record import Request

_VERSION = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:-preview)?")
_NETWORK = "microsoft.network/"
_SETS = "microsoft.compute/virtualmachinescalesets"
_OF_A_SET = f"{_SETS}/virtualmachines/networkinterfaces"
_WRITES: dict[tuple[str, str], Callable[[Call], Response]] = {
    ("PUT", f"{_NETWORK}networkinterfaces"): put_interface,
    ("PUT", f"{_NETWORK}routetables"): put_table,
    ("DELETE", f"{_NETWORK}routetables"): delete_table,
    ("PUT", f"{_NETWORK}routetables/routes"): put_route,
    ("DELETE", f"{_NETWORK}routetables/routes"): delete_route,
    ("PUT", f"{_NETWORK}virtualnetworks/subnets"): put_subnet,
    ("PATCH", _SETS): patch_scale_set,
    ("PUT", _SETS): put_scale_set,
    ("PUT", f"{_SETS}/virtualmachines"): put_instance,
    ("PUT", _OF_A_SET): refuse_scale_set_interface,
    ("DELETE", _OF_A_SET): refuse_scale_set_interface,
}
_ACTIONS: dict[str, Callable[[Call], Response]] = {
    f"{_NETWORK}networkinterfaces/effectiveroutetable": effective_routes,
    f"{_SETS}/manualupgrade": upgrade_instances,
}
_BESIDE: dict[str, tuple[bool, Callable[[Call], Response]]] = {
    f"{provider}/locations/{word}": (listed, handler)
    for provider in ("microsoft.network", "microsoft.compute")
    for word, listed, handler in (
        ("operations", False, general.operation),
        ("operationresults", False, general.operation_result),
        ("usages", True, general.usages),
    )
}
_NAMESPACES = ("microsoft.network", "microsoft.compute")


class Api:
    """Answers ARM's requests on a state."""

    def __init__(self, state: State) -> None:
        """Serve this state."""
        self._state = state
        self._answered = 0

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        """Return the answer, or the refusal in ARM's own form."""
        with self._state.lock:
            self._state.settle()
            response = quota.refused(self._state, request)
            try:
                response = response or self._answer(request, body)
            except ArmError as err:
                response = refusal(err, self._state)
            quota.tell(self._state, request, response)
            self._answered += 1
            identifier = uid(f"request {self._answered}")
        response.headers["x-ms-request-id"] = identifier
        response.headers["x-ms-correlation-request-id"] = identifier
        return response

    def trouble(self, fault: Fault) -> Response:
        """Return the error that a fault asks for, in ARM's form; its reason is the code."""
        response = refusal(ArmError(fault.reason, fault.message, fault.status), self._state)
        if fault.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        if fault.retry_after is not None:
            response.headers["Retry-After"] = self._state.clock.retry_after(fault.retry_after)
        return response

    def _answer(self, request: HttpRequest, body: object | None) -> Response:
        query = {name.lower(): value for name, value in request.args.items()}
        _check_version(query)
        if found := TAGS.fullmatch(request.path):
            return self._tags(request, body, found[1], query)
        place = place_of(request.path)
        if place is None:
            raise _no_type("", request.path, query["api-version"])
        if place.type:
            return self._provided(request, body, place, query)
        if request.method != "GET":
            raise not_supported(f"{request.method} {request.path}")
        if not place.subscription:
            return general.subscriptions(self._state)
        general.must_exist(self._state, place)
        return general.groups(self._state, place) if place.groups else general.subscription(self._state)

    def _tags(self, request: HttpRequest, body: object | None, path: str, query: dict[str, str]) -> Response:
        """Answer a request about the tags of a resource."""
        place = place_of(path)
        kind = KINDS.get(place.type.lower()) if place else None
        if place is None or kind is None or place.listed:
            raise not_supported(f"tags of {path}")
        general.must_exist(self._state, place)
        return tags(self._call(request, body, place, kind, query))

    def _provided(self, request: HttpRequest, body: object | None, place: Place, query: dict[str, str]) -> Response:
        """Answer a request about what a provider has."""
        beside = _BESIDE.get(place.type.lower())
        action = _ACTIONS.get(place.type.lower()) if request.method == "POST" and place.listed else None
        kind = KINDS.get((place.owner if request.method == "POST" else place).type.lower())
        if beside and beside[0] == place.listed:
            kind = Kind(place.type, "")
        if kind is None:
            raise _no_type(*place.type.partition("/")[::2], query["api-version"])
        call = self._call(request, body, place, kind, query)
        general.must_exist(self._state, Place(place.subscription, "", "", (), ""))
        authorize(call, request.method)
        general.must_exist(self._state, place)
        if request.method == "GET":
            return beside[1](call) if beside else read(replace(call, state=call.state.seen()))
        write = action or (_WRITES.get((request.method, kind.type.lower())) if not place.listed else None)
        if write is None:
            raise not_supported(f"{request.method} on {place.type}")
        return write(call)

    def _call(self, request: HttpRequest, body: object | None, place: Place, kind: Kind, query: dict[str, str]) -> Call:
        headers = {name.lower(): value for name, value in request.headers.items()}
        logged = Request("azure", request.method, request.path, request.args.to_dict(), body, headers)
        return Call(self._state, place, kind, request.host_url.rstrip("/"), query, headers, body, logged)


def refusal(error: ArmError, state: State) -> Response:
    """Return an error as ARM writes it."""
    headers = {"Retry-After": state.retry_after} if error.retry else {}
    return answer({"error": error.as_dict()}, error.status, headers)


def _check_version(query: dict[str, str]) -> None:
    version = query.get("api-version", "")
    if not version:
        raise ArmError(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _VERSION.fullmatch(version):
        raise ArmError("InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")


def _no_type(namespace: str, kind: str, version: str) -> ArmError:
    if namespace and namespace.lower() not in _NAMESPACES:
        return ArmError("InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.", 404)
    return ArmError(
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace '{namespace}' for api version '{version}'. "
        "The supported api-versions are ''.",
        404,
    )
