"""Accept a change: idempotent by `requestId`, one at a time per resource."""

from __future__ import annotations

import json
from typing import Any

from l2bridge_helpers.lab.gce.answers import ApiError
from l2bridge_helpers.lab.gce.operations import Effect, OperationError
from l2bridge_helpers.lab.gce.state import Call, State

Json = dict[str, Any]


def change(state: State, call: Call, path: str, kind: str, target_id: str, effect: Effect) -> Json:
    """Start an operation on `projects/P/...` for a request that was found to be right."""
    if state.operations.busy(path):
        raise ApiError(400, "resourceNotReady", f"The resource '{path}' is not ready")
    due = state.clock.now() + state.operation_seconds
    operation = state.operations.start(path, kind, target_id=target_id, due=due, effect=_failing(state, call) or effect)
    state.operations.remember(call.query.get("requestId"), identity(call), operation)
    return operation


def _failing(state: State, call: Call) -> Effect | None:
    """Return what happens instead of the change, None for the change."""
    failure = state.failures.strike(call.request, "before")
    if failure is None:
        return None

    def fail() -> None:
        raise OperationError(failure.reason, failure.message)

    return fail


def identity(call: Call) -> str:
    """Return what makes two requests the same."""
    return f"{call.method.id} {call.path} {json.dumps(call.body, sort_keys=True)}"
