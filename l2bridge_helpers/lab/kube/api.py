"""The Kubernetes API: nodes, ConfigMaps and namespaces to be read, Leases, access reviews, discovery for kubectl."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from l2bridge_helpers.lab.kube import kinds
from l2bridge_helpers.lab.kube.leases import Leases
from l2bridge_helpers.lab.kube.selectors import field_test, label_test
from l2bridge_helpers.lab.kube.state import KubeState
from l2bridge_helpers.lab.kube.status import StatusError, not_found
from l2bridge_helpers.lab.kube.tables import as_table, wants_table

Json = dict[str, Any]

_STATIC: dict[str, Callable[[], Json]] = {
    "/version": lambda: kinds.VERSION,
    "/api": kinds.api_versions,
    "/apis": kinds.api_groups,
    "/api/v1": kinds.core_resources,
    "/apis/authorization.k8s.io/v1": kinds.review_resources,
    "/apis/coordination.k8s.io/v1": kinds.lease_resources,
}
_LEASES = f"/apis/{kinds.COORDINATION}/v1"
_IN_NAMESPACE = f"{_LEASES}/namespaces/<namespace>/<any(leases):plural>"
_WRITES = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_RULES = Map(
    [
        Rule("/api/v1/<plural>", methods=["GET"], endpoint="list"),
        Rule("/api/v1/<plural>/<name>", methods=["GET"], endpoint="get"),
        Rule("/api/v1/namespaces/<namespace>/<plural>", methods=["GET"], endpoint="list"),
        Rule("/api/v1/namespaces/<namespace>/<plural>/<name>", methods=["GET"], endpoint="get"),
        Rule(f"/apis/authorization.k8s.io/v1/{kinds.REVIEW}", methods=["POST"], endpoint="review"),
        Rule(f"{_LEASES}/<any(leases):plural>", methods=["GET"], endpoint="list"),
        Rule(_IN_NAMESPACE, methods=["GET"], endpoint="list"),
        Rule(_IN_NAMESPACE, methods=["POST"], endpoint="create"),
        Rule(f"{_IN_NAMESPACE}/<name>", methods=["GET"], endpoint="get"),
        *(Rule(f"{_IN_NAMESPACE}/<name>", methods=[method], endpoint=endpoint) for method, endpoint in _WRITES.items()),
    ],
    merge_slashes=False,
)
_EXPIRED = "The provided continue parameter is too old to display a consistent list result."


class KubeApi:
    """Answers requests about one live cluster."""

    def __init__(self, state: KubeState) -> None:
        """Serve this state."""
        self._state = state

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        """Return the answer to a request."""
        try:
            with self._state.lock:
                return _json(*self._answer(request, body))
        except StatusError as err:
            return _json(err.code, err.as_dict())

    def _answer(self, request: HttpRequest, body: object | None) -> tuple[int, Json]:
        static = _STATIC.get(request.path.rstrip("/"))
        if static and request.method == "GET":
            return 200, static()
        action, arguments = _match(request)
        if action == "review":
            _check_json(request)
            return 201, self._review(body)
        kind = _kind(arguments, request)
        self._check_access(action, kind, arguments)
        if action in ("list", "get"):
            answer = self._list(kind, arguments, request) if action == "list" else self._get(kind, arguments)
            return 200, as_table(answer) if wants_table(request) else answer
        return self._write(action, arguments, request, body)

    def _write(
        self, action: str, arguments: dict[str, str], request: HttpRequest, body: object | None
    ) -> tuple[int, Json]:
        _check_json(request)
        strict = request.args.get("fieldValidation") == "Strict"
        leases = Leases(self._state, strict=strict, dry_run="dryRun" in request.args)
        namespace, name = arguments["namespace"], arguments.get("name", "")
        if action == "create":
            return leases.create(namespace, body)
        if action == "update":
            return leases.replace(namespace, name, body)
        if action == "patch":
            return leases.patch(namespace, name, body, request.mimetype)
        return leases.delete(namespace, name, body)

    def _check_access(self, verb: str, kind: kinds.Kind, arguments: dict[str, str]) -> None:
        place = "/".join(arguments[part] for part in ("namespace", "name") if part in arguments)
        lacks = self._state.lacks(f"{verb} {kind.qualified}", place)
        if not lacks and (verb, kind.plural) not in self._state.denied:
            return
        named = f' "{arguments["name"]}"' if "name" in arguments else ""
        where = f'in the namespace "{arguments["namespace"]}"' if "namespace" in arguments else "at the cluster scope"
        what = f'cannot {verb} resource "{kind.plural}" in API group "{kind.group}" {where}'
        raise StatusError(403, "Forbidden", f'{kind.qualified}{named} is forbidden: User "lab" {what}')

    def _review(self, body: object | None) -> Json:
        review = body if isinstance(body, dict) else {}
        asked = review.get("spec", {}).get("resourceAttributes", {})
        denied = (asked.get("verb"), asked.get("resource")) in self._state.denied
        kind = kinds.KINDS.get(str(asked.get("resource")))
        verbs = kind.verbs if kind and kind.group == asked.get("group", "") else ("get", "list")
        return review | {"status": {"allowed": not denied and asked.get("verb") in verbs}}

    def _get(self, kind: kinds.Kind, arguments: dict[str, str]) -> Json:
        for item in self._state.objects(kind.plural):
            meta = item["metadata"]
            if meta["name"] == arguments["name"] and arguments.get("namespace") in {
                None,
                meta.get("namespace"),
            }:
                return item
        raise not_found(f'{kind.qualified} "{arguments["name"]}" not found')

    def _list(self, kind: kinds.Kind, arguments: dict[str, str], request: HttpRequest) -> Json:
        items, start, key = self._snapshot(kind, arguments, request)
        limit = _number(request, "limit")
        page = items[start : start + limit] if limit else items[start:]
        metadata: Json = {"resourceVersion": str(self._state.version) if kind.group else "1000"}
        left = len(items) - start - len(page)
        if left:
            self._state.snapshots[key] = items
            metadata |= {"continue": _token(key, start + len(page)), "remainingItemCount": left}
        return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": page}

    def _snapshot(
        self, kind: kinds.Kind, arguments: dict[str, str], request: HttpRequest
    ) -> tuple[list[Json], int, str]:
        token = request.args.get("continue", "")
        if not token:
            items = self._selected(kind, arguments, request)
            self._state.snapshots_taken += 1
            whole = not request.args.get("limit")
            return items if whole else copy.deepcopy(items), 0, f"snapshot-{self._state.snapshots_taken}"
        key, start = _read_token(token)
        if key not in self._state.snapshots:
            raise StatusError(410, "Expired", _EXPIRED)
        return self._state.snapshots[key], start, key

    def _selected(self, kind: kinds.Kind, arguments: dict[str, str], request: HttpRequest) -> list[Json]:
        try:
            labels = label_test(request.args.get("labelSelector", ""))
            fields = field_test(request.args.get("fieldSelector", ""))
        except ValueError as err:
            raise StatusError(400, "BadRequest", str(err)) from err
        namespace = arguments.get("namespace")
        return [
            item
            for item in self._state.objects(kind.plural)
            if namespace in {None, item["metadata"].get("namespace")} and labels(item) and fields(item)
        ]


def _match(request: HttpRequest) -> tuple[str, dict[str, str]]:
    try:
        action, arguments = _RULES.bind("127.0.0.1").match(request.path, method=request.method)
    except MethodNotAllowed as err:
        message = "the server does not allow this method on the requested resource"
        raise StatusError(405, "MethodNotAllowed", message) from err
    except HTTPException as err:
        raise not_found() from err
    if request.args.get("watch") in {"1", "true"}:
        raise StatusError(405, "MethodNotAllowed", "the lab does not serve watches")
    return action, dict(arguments)


def _check_json(request: HttpRequest) -> None:
    """Refuse protobuf, as kubectl sends it for `auth can-i`: the lab reads JSON only, and says so."""
    if "protobuf" in request.mimetype:
        message = f"the body of the request was in an unknown format - {request.mimetype}"
        raise StatusError(415, "UnsupportedMediaType", message)


def _kind(arguments: dict[str, str], request: HttpRequest) -> kinds.Kind:
    kind = kinds.KINDS.get(arguments["plural"])
    if kind is None or request.path.startswith(_LEASES) is not bool(kind.group):
        raise not_found()
    if kind.namespaced and "name" in arguments and "namespace" not in arguments:
        raise not_found()
    if "namespace" in arguments and not kind.namespaced:
        raise not_found()
    return kind


def _number(request: HttpRequest, name: str) -> int:
    text = request.args.get(name, "0")
    if not text.isdecimal():
        raise StatusError(400, "BadRequest", f'{name}: invalid value "{text}": must be a whole number')
    return int(text)


def _token(key: str, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([key, start]).encode()).decode()


def _read_token(token: str) -> tuple[str, int]:
    try:
        key, start = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as err:
        raise StatusError(400, "BadRequest", f'continue key is not valid: "{token}"') from err
    return str(key), int(start)


def _json(status: int, answer: Json) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
