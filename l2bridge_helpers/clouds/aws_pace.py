"""EC2's requests at the pace that it grants: each attempt, also those that botocore makes again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.aws_errors import THROTTLED
from l2bridge_helpers.pace import WRITE, Answer, Pace, Ticket

if TYPE_CHECKING:
    from botocore.client import BaseClient

_USUAL = "ModifyNetworkInterfaceAttribute"
_REFUSED, _BROKEN = 300, 500


class PacedEvents:
    """Stands between botocore and the network by its events; what is under way is known by its thread."""

    def __init__(self, pace: Pace) -> None:
        """Keep the pace."""
        self._pace = pace
        self._mine = threading.local()

    def watch(self, client: BaseClient) -> None:
        """Pace all requests of a client."""
        client.meta.events.register("before-send.ec2", self._begin)
        client.meta.events.register("before-parse.ec2", self._answered)
        client.meta.events.register("response-received.ec2", self._end)

    def _begin(self, event_name: str, **_: Any) -> None:
        self._end(None, None)  # one whose answer could not be parsed has had no other end
        self._mine.ticket = self._pace.begin(group_of(event_name.rpartition(".")[2]))

    def _answered(self, response_dict: dict[str, Any], **_: Any) -> None:
        """Count a success before it is parsed: where the parser fails, botocore tells no more of it."""
        if response_dict["status_code"] < _REFUSED:
            self._end({"ResponseMetadata": {"HTTPStatusCode": response_dict["status_code"]}}, None)

    def _end(self, parsed_response: dict[str, Any] | None, exception: Exception | None, **_: Any) -> None:
        ticket: Ticket | None = getattr(self._mine, "ticket", None)
        self._mine.ticket = None
        if ticket is not None:
            self._pace.end(ticket, answer_of(parsed_response, exception))


def group_of(action: str) -> str:
    """Return the group that an action is counted in: each has a bucket of its own."""
    return WRITE if action == _USUAL else action


def answer_of(parsed: dict[str, Any] | None, error: Exception | None) -> Answer:
    """Return what an answer says about the pace."""
    if error is not None or parsed is None:
        return Answer("overloaded")
    if parsed.get("Error", {}).get("Code") in THROTTLED:
        return Answer("throttled")
    return Answer("overloaded" if parsed["ResponseMetadata"]["HTTPStatusCode"] >= _BROKEN else "fine")
