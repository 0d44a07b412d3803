"""The EC2 API: one path, actions in the form."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from werkzeug import Request as HttpRequest
from werkzeug import Response

from l2bridge_helpers.lab.aws import protocol
from l2bridge_helpers.lab.aws.changes import CHANGES
from l2bridge_helpers.lab.aws.describe import LISTINGS, describe
from l2bridge_helpers.lab.aws.errors import Ec2Error
from l2bridge_helpers.lab.aws.filters import FILTER_CHANGES
from l2bridge_helpers.lab.aws.permissions import needed
from l2bridge_helpers.lab.aws.regions import describe_regions
from l2bridge_helpers.lab.aws.state import State
from l2bridge_helpers.lab.faults import Fault
from l2bridge_helpers.lab.limits import EC2_WHOLE

_XML = "text/xml;charset=UTF-8"
_CHANGES = CHANGES | FILTER_CHANGES


class Api:
    """Answers EC2's actions on a state."""

    def __init__(self, state: State) -> None:
        """Serve this state."""
        self._state = state

    def answer(self, request: HttpRequest, body: object | None) -> Response:
        """Return the answer, or the refusal in EC2's own form."""
        form = dict(parse_qsl(body, keep_blank_values=True)) if isinstance(body, str) else request.args.to_dict()
        try:
            with self._state.lock:
                return Response(self._answer(form), 200, content_type=_XML)
        except Ec2Error as err:
            return Response(protocol.refusal(err), err.status, content_type=_XML)

    def _answer(self, form: dict[str, str]) -> str:
        action = form.get("Action", "")
        model = protocol.operation(action)
        self._admit(action, form)
        given = protocol.arguments(model, form)
        asks = bool(given.pop("DryRun", False))
        lacks = [self._state.lacks(*one, asks=asks) for one in needed(action, given)]
        if any(lacks) or f"ec2:{action}" in self._state.denied_actions:
            text = f"You are not authorized to perform this operation. User is not authorized to perform: ec2:{action}"
            raise Ec2Error("UnauthorizedOperation", text, 403)
        if asks:
            raise Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        if action == "DescribeRegions":
            return protocol.answer(model, describe_regions(self._state, given))
        if action in LISTINGS:
            return protocol.answer(model, describe(action, self._state.seen(), given))
        if action not in _CHANGES:
            raise Ec2Error("UnsupportedOperation", f"The lab does not know {action}")
        return protocol.answer(model, _CHANGES[action](self._state, given))

    def _admit(self, action: str, form: Mapping[str, str]) -> None:
        """Take a token from the bucket of an action.

        Raises:
            Ec2Error: 503, there is none.

        """
        if self._state.throttle.take(_bucket(action, form, self._state.throttle.limits), key=action):
            raise Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503)


def _bucket(action: str, form: Mapping[str, str], limits: Mapping[str, object]) -> str:
    """Return which bucket an action has; a list of ids counts as a filter ([U])."""
    if action in limits:
        return action
    if not action.startswith("Describe"):
        return "writes"
    whole = action in EC2_WHOLE and not form.keys() - {"Action", "DryRun", "Version"}
    return "reads of everything" if whole else "reads"


def trouble(fault: Fault) -> Response:
    """Return the error that a fault asks for, in EC2's form; its reason is the code."""
    error = Ec2Error(fault.reason, fault.message, fault.status)
    return Response(protocol.refusal(error), fault.status, content_type=_XML)
