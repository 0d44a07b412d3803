"""Compute Engine's operations: waiting for many with one list request at a time, their errors kept.

One `wait` for each operation doubles the requests of a run, and `get` in a loop eats the quota that operation reads
have. So the newest operations of a project, of all its scopes, are listed as long as some of ours are under way.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from google.cloud import compute_v1

from l2bridge_helpers.clouds.gce_errors import operation_error
from l2bridge_helpers.clouds.watcher import Watcher
from l2bridge_helpers.errors import CloudError

Raw = dict[str, Any]

_SECONDS = 600.0
_MALFORMED = (ValueError, TypeError, AttributeError, KeyError)
"""What reading a list of another shape than the API's ends in."""
_FAILED = 400
"""HTTP statuses from here on are failures."""
_PAGE = 500
_PAGES = 3
"""The most pages of a look; an operation behind them is asked for by itself."""
_FIELDS = "nextPageToken,items/*/operations(name,status,error,httpErrorStatusCode,httpErrorMessage)"


class Ask(Protocol):
    """Sends one request and returns the answer's JSON object."""

    def __call__(self, doing: str, method: str, path: str, query: Mapping[str, str], /) -> Raw:
        """Raise `CloudError` when it fails."""


class GceOperations:
    """The operations that one connection has started."""

    def __init__(self, ask: Ask) -> None:
        """Nothing is under way yet."""
        self._ask = ask
        self._listed = True
        self._watcher: Watcher[Raw] = Watcher(self._look, self._wait, seconds=_SECONDS)

    def finish(self, doing: str, scope: str, operation: Raw) -> None:
        """Wait until an operation in `projects/P/global` or `projects/P/zones/Z` is done.

        Raises:
            CloudError: it failed although HTTP said 200, or is not done after ten minutes.

        """
        name = operation.get("name")
        if operation.get("status") != "DONE":
            if not isinstance(name, str) or not name:
                raise CloudError(f"could not {doing}: the answer names no operation; is this Compute Engine?")
            operation = self._watcher.wait(f"{scope}/operations/{name}")
        if (operation.get("error") or {}).get("errors") or (operation.get("httpErrorStatusCode") or 0) >= _FAILED:
            typed = compute_v1.Operation.from_json(json.dumps(operation), ignore_unknown_fields=True)
            raise operation_error(typed, doing)

    def _look(self, paths: Collection[str]) -> dict[str, Raw | None]:
        """Return what the newest operations of the projects tell; nothing where they may not be listed."""
        projects: dict[str, set[str]] = defaultdict(set)
        for path in paths:
            projects[path.split("/")[1]].add(path)
        found: dict[str, Raw | None] = {}
        for project, wanted in projects.items() if self._listed else ():
            try:
                self._list(project, wanted, found)
            except (CloudError, *_MALFORMED):  # each is asked for by itself instead
                self._listed = False
        return found

    def _list(self, project: str, wanted: set[str], found: dict[str, Raw | None]) -> None:
        query = {
            "orderBy": "creationTimestamp desc",
            "maxResults": str(_PAGE),
            "returnPartialSuccess": "true",
            "fields": _FIELDS,
        }
        left = set(wanted)
        for _ in range(_PAGES):
            answer = self._ask("list operations", "GET", f"projects/{project}/aggregated/operations", query)
            for scope, part in (answer.get("items") or {}).items():
                for operation in part.get("operations") or ():
                    path = f"projects/{project}/{scope}/operations/{operation.get('name')}"
                    if path in left:
                        left.discard(path)
                        found[path] = operation if operation.get("status") == "DONE" else None
            if not left or not answer.get("nextPageToken"):
                return
            query = {**query, "pageToken": answer["nextPageToken"]}

    def _wait(self, path: str) -> Raw | None:
        """Let Compute Engine hold the answer back until this operation is done, two minutes at most."""
        operation = self._ask(f"wait for operation {path}", "POST", f"{path}/wait", {})
        return operation if operation.get("status") == "DONE" else None
