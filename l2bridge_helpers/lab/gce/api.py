"""The Compute Engine API: find the method, hold the request to Google's description of it, answer."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from l2bridge_helpers.lab.discovery import Discovery, Method, compute
from l2bridge_helpers.lab.gce import firewalls, instances, resource_manager, routes
from l2bridge_helpers.lab.gce.answers import ApiError, required
from l2bridge_helpers.lab.gce.changes import identity
from l2bridge_helpers.lab.gce.fields import select
from l2bridge_helpers.lab.gce.links import relative
from l2bridge_helpers.lab.gce.lists import aggregated_answer, list_answer
from l2bridge_helpers.lab.gce.operations import WAIT_SECONDS
from l2bridge_helpers.lab.gce.permissions import check as check_permissions
from l2bridge_helpers.lab.gce.projects import with_usage, xpn_host
from l2bridge_helpers.lab.gce.quota import quota
from l2bridge_helpers.lab.gce.state import Call, State
from l2bridge_helpers.lab.record import Request

Json = dict[str, Any]

_PREFIX = "/compute/v1/"
_COLLECTIONS = {
    "regionInstanceGroupManagers": "instanceGroupManagers",
    "regionInstanceTemplates": "instanceTemplates",
}
_CHANGES = {
    "compute.firewalls.delete": firewalls.delete,
    "compute.firewalls.insert": firewalls.insert,
    "compute.firewalls.patch": firewalls.patch,
    "compute.instances.update": instances.update,
    "compute.routes.delete": routes.delete,
    "compute.routes.insert": routes.insert,
}


class Api:
    """Answers requests about one live cloud."""

    def __init__(self, state: State) -> None:
        """Serve this state."""
        self._state = state
        self._methods = _rules(compute())

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        """Return the answer to a request."""
        if request.path.startswith(resource_manager.PREFIX):
            return resource_manager.answer(self._state, request)
        try:
            call = self._understand(request, body)
            self._admit(call)
            if call.method.id.endswith(".wait"):
                self._wait(call)
            with self._state.lock:
                return self._answer(call)
        except ApiError as err:
            return _json(err.status, err.as_dict())

    def _understand(self, request: HttpRequest, body: object | None) -> Call:
        method, arguments = self._match(request)
        query = request.args.to_dict()
        faults = compute().path(method, arguments) + compute().query(method, query)
        if body is not None and not isinstance(body, dict):
            faults.append("Invalid JSON payload received. Root element must be a message.")
        if faults:
            raise ApiError(400, "invalid", faults[0])
        with self._state.lock:
            arguments["project"] = self._state.project_id(arguments["project"])
        path = method.path.format(**arguments)
        logged = Request("gce", request.method, request.path, query, body, {})
        return Call(method, path, arguments, query, body if isinstance(body, dict) else {}, logged)

    def _match(self, request: HttpRequest) -> tuple[Method, dict[str, str]]:
        try:
            name, arguments = self._methods.bind("127.0.0.1").match(request.path, method=request.method)
        except HTTPException as err:
            message = f"The requested URL {request.path} was not found on this server (method {request.method})."
            raise ApiError(404, "notFound", message) from err
        return compute().methods[name], dict(arguments)

    def _admit(self, call: Call) -> None:
        state = self._state
        group, region = quota(call.method, call.arguments)
        if state.throttle.take(group, key=region):
            metric = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'"
            message = f"{metric} of service 'compute.googleapis.com' for consumer 'projects/{call.project}'."
            raise ApiError(403, "rateLimitExceeded", message)
        check_permissions(state, call.method.id, call.path, call.body)

    def _answer(self, call: Call) -> Response:
        self._state.settle()
        answer = self._change(call) if call.method.id in _CHANGES else self._read(call)
        if self._state.check_answers:
            _check_answer(call, answer)
        fields = call.query.get("fields")
        return _json(200, select(answer, fields) if fields else answer)

    def _wait(self, call: Call) -> None:
        with self._state.lock:
            path = call.path.removesuffix("/wait")
            seconds = self._state.operations.seconds_left(path, self._state.clock.now())
        self._state.clock.sleep(min(seconds, WAIT_SECONDS))

    def _change(self, call: Call) -> Json:
        self._check_body(call)
        repeated = self._state.operations.repeated(call.query.get("requestId"), identity(call))
        return repeated or _CHANGES[call.method.id](self._state, call)

    def _check_body(self, call: Call) -> None:
        if call.method.request is None:
            return
        known = None if call.method.verb == "POST" else self._state.find(call.method.id.split(".")[1], call.path)
        for name in compute().required(call.method):
            if name not in call.body and name != "priority":
                raise required(f"resource.{name}")
        faults = compute().value(call.method.request, call.body, "resource", known)
        if faults:
            raise ApiError(400, "badRequest" if "Unknown name" in faults[0] else "invalid", faults[0])

    def _read(self, call: Call) -> Json:
        _, resource, action = call.method.id.split(".")
        collection = _COLLECTIONS.get(resource, resource)
        if collection.endswith("Operations"):
            return self._operation(call, action)
        state = self._state.seen()
        if collection == "projects":
            return _project(state, call, action)
        if action == "getEffectiveFirewalls":
            return firewalls.effective(state, call)
        if action == "get":
            return _shown(state, collection, [state.get(collection, call.path)])[0]
        listed = aggregated_answer if action == "aggregatedList" else list_answer
        items = _contained(state, collection, call, action)
        if call.query.get("filter"):  # which may ask for what is only shown
            items = _shown(state, collection, items)
        return listed(state, call, items, show=lambda page: _shown(state, collection, page))

    def _operation(self, call: Call, action: str) -> Json:
        operations = self._state.operations
        if action in {"list", "aggregatedList"}:
            listed = aggregated_answer if action == "aggregatedList" else list_answer
            return listed(self._state, call, operations.within(call.path))
        return dict(operations.get(call.path.removesuffix("/wait")))


def _contained(state: State, collection: str, call: Call, action: str) -> list[Json]:
    whole = f"projects/{call.project}/"
    items = [(relative(item["selfLink"]), item) for item in state.items(collection)]
    if action == "aggregatedList":
        return [item for path, item in items if path.startswith(whole)]
    return [item for path, item in items if path.rpartition("/")[0] == call.path]


def _shown(state: State, collection: str, items: list[Json]) -> list[Json]:
    return routes.with_status(state, items) if collection == "routes" else items


def _project(state: State, call: Call, action: str) -> Json:
    project = next(item for item in state.world.cloud("projects") if item["name"] == call.project)
    return xpn_host(state.world, call.project) if action == "getXpnHost" else with_usage(state.world, project)


def _rules(document: Discovery) -> Map:
    return Map(
        [
            Rule(
                _PREFIX + method.path.replace("{", "<").replace("}", ">"),
                methods=[method.verb],
                endpoint=method.id,
            )
            for method in document.methods.values()
        ],
        merge_slashes=False,
    )


def _check_answer(call: Call, answer: Json) -> None:
    faults = compute().value(call.method.response or {}, answer, "answer")
    if faults:
        raise ApiError(500, "internalError", f"The lab's answer to {call.method.id} is not valid: {'; '.join(faults)}")


def _json(status: int, answer: Json) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json; charset=UTF-8")
