"""If-Match and If-None-Match: a write that only happens when nobody else has been here."""

from __future__ import annotations

from l2bridge_helpers.lab.azure.call import Call
from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.world import Json


def check(call: Call, stored: Json | None) -> None:
    """Refuse a write whose condition does not hold.

    Raises:
        ArmError: 412.

    """
    wanted = call.headers.get("if-match", "").strip()
    if wanted and (stored is None or wanted not in ("*", stored.get("etag"))):
        held = "null" if stored is None else stored.get("etag")
        raise _failed(
            f"Etag provided in if-match header {wanted} does not match etag {held} of resource {call.id} in NRP data store."
        )
    if call.headers.get("if-none-match", "").strip() == "*" and stored is not None:
        raise _failed(
            f"Etag provided in if-none-match header * does not hold: resource {call.id} exists in NRP data store."
        )


def _failed(text: str) -> ArmError:
    return ArmError(
        "PreconditionFailed", "Precondition failed.", 412, details=[("PreconditionFailedEtagMismatch", text)]
    )
