"""The one method of the Resource Manager that is of use here: `projects.search`, version 3.

It answers with the projects that the caller may read, and leaves out the others
(cloud.google.com/resource-manager/reference/rest/v3/projects/search, read 2026-11).
"""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.lab.gce.state import State

Json = dict[str, Any]

PREFIX = "/v3/"
_PAGE = 300
"""The most projects of one page ([U]); who asks for none in particular gets as many."""
_KNOWN = {"query", "pageSize", "pageToken", "alt", "$alt", "prettyPrint", "fields"}
_READ = "resourcemanager.projects.get"


def answer(state: State, request: HttpRequest) -> Response:
    """Return the answer to a request below `/v3/`."""
    query = request.args.to_dict()
    unknown = sorted(query.keys() - _KNOWN)
    if request.path != f"{PREFIX}projects:search" or request.method != "GET":
        return _refusal(404, "NOT_FOUND", "Method not found.")
    if unknown:
        return _refusal(400, "INVALID_ARGUMENT", f'Invalid JSON payload received. Unknown name "{unknown[0]}"')
    size, token = query.get("pageSize", "0"), query.get("pageToken", "0")
    if not size.isdecimal() or not token.isdecimal():
        return _refusal(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    with state.lock:
        all_of_them = [*map(_shown, state.world.cloud("projects")), *state.other_projects]
        may_read = _READ not in state.denied_permissions
        found = [one for one in all_of_them if not state.lacks(_READ, f"projects/{one['projectId']}") and may_read]
    wanted = [one for one in found if query.get("query", "") in ("", f"state:{one['state']}")]
    start, end = int(token), int(token) + min(int(size) or _PAGE, _PAGE)
    more = {"nextPageToken": str(end)} if end < len(wanted) else {}
    return _json(200, {"projects": wanted[start:end]} | more)


def _shown(project: Json) -> Json:
    """Return the Resource Manager's view of a project that Compute Engine has."""
    return {
        "name": f"projects/{project.get('id', '0')}",
        "projectId": project["name"],
        "displayName": project["name"],
        "state": "ACTIVE",
    }


def _refusal(status: int, word: str, message: str) -> Response:
    return _json(status, {"error": {"code": status, "message": message, "status": word}})


def _json(status: int, value: Json) -> Response:
    return Response(json.dumps(value), status, content_type="application/json; charset=UTF-8")
