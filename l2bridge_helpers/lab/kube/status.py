"""Refusals as the Kubernetes API words them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from l2bridge_helpers.lab.kube.kinds import Kind

Json = dict[str, Any]


class StatusError(Exception):
    """A request is refused: HTTP status, Kubernetes' `reason`, and a text."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """Keep the three parts of the answer."""
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message

    def as_dict(self) -> Json:
        """Return the answer's JSON, a Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }


def not_found(what: str = "the requested resource") -> StatusError:
    """Return the answer for a path or an object that does not exist."""
    text = "the server could not find the requested resource" if what == "the requested resource" else what
    return StatusError(404, "NotFound", text)


def conflict(kind: Kind, name: str, why: str) -> StatusError:
    """Return the answer for a write that is based on what is no more."""
    return StatusError(409, "Conflict", f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}')


def invalid(kind: Kind, name: str, wrong: list[str]) -> StatusError:
    """Return the answer for an object that can be read, and is not valid."""
    whole = wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]"
    what = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    return StatusError(422, "Invalid", f'{what} "{name}" is invalid: {whole}')
