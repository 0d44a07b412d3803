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
    wanted, held = call.headers.get("if-match", "").strip(), stored.get("etag") if stored else None
    if wanted and (stored is None or wanted not in ("*", held)):
        raise _failed(f"Etag provided in if-match header {wanted} does not match etag {held} of resource {call.id}")
    if call.headers.get("if-none-match", "").strip() == "*" and stored is not None:
        raise _failed(f"Etag provided in if-none-match header * matches etag {held} of resource {call.id}")


def _failed(text: str) -> ArmError:
    detail = ("PreconditionFailedEtagMismatch", f"{text} in NRP data store.")
    return ArmError("PreconditionFailed", "Precondition failed.", 412, details=[detail])
