"""How Azure Resource Manager throttles, and what it says about it: see `l2bridge_helpers.lab.limits`."""

from __future__ import annotations

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.lab.azure.call import answer
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.azure.state import State

_NETWORK = "/providers/microsoft.network/"
_GROUPS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
_OF_NETWORK = {"GET": "network reads", "PUT": "network writes", "PATCH": "network writes", "DELETE": "network writes"}
_HEADER = "x-ms-ratelimit-remaining-subscription-"


def refused(state: State, request: HttpRequest) -> Response | None:
    """Return the refusal of a request that is too much, with how long to wait; None: it is granted."""
    own = [_group(request)]
    if _NETWORK in request.path.lower() and request.method in _OF_NETWORK:
        own.append(_OF_NETWORK[request.method])
    wait = state.throttle.take(*own)
    if not wait:
        return None
    seconds = state.clock.retry_after(max(1.0, wait) if state.clock.speed == 1.0 else wait)
    what = f"Number of '{own[0]}' requests for subscription '{state.subscription}' exceeded the limit."
    error = ArmError("TooManyRequests", f"{what} Please try again after '{seconds}' seconds.", 429)
    return answer({"error": error.as_dict()}, error.status, {"Retry-After": seconds})


def tell(state: State, request: HttpRequest, response: Response) -> None:
    """Write into an answer how many more requests of its kind are granted."""
    group = _group(request)
    left = state.throttle.left(group)
    if left is not None:
        response.headers[f"{_HEADER}{group}"] = str(left)


def _group(request: HttpRequest) -> str:
    return _GROUPS.get(request.method, "writes")
