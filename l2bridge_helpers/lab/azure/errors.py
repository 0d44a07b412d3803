"""How Azure Resource Manager says no."""

from __future__ import annotations

from collections.abc import Sequence

from l2bridge_helpers.lab.world import Json


class ArmError(Exception):
    """A refusal, with Azure's own code and wording; `details` are pairs of a code and a message."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        details: Sequence[tuple[str, str]] = (),
        retry: bool = False,
    ) -> None:
        """Keep what is answered; `retry`: with how long to wait."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details = details
        self.retry = retry

    def as_dict(self) -> Json:
        """Return the error as it stands in an answer or in a failed operation."""
        details = [{"code": code, "message": message} for code, message in self.details]
        return {"code": self.code, "message": self.message, "details": details}


def retryable(code: str, message: str) -> ArmError:
    """Return the 429 that is no throttling: someone is at work. The code that says so stands in the details.

    Source: kubernetes/kubernetes 88151, terraform-provider-azurerm 30197 (captured answers).
    """
    return ArmError("RetryableError", "A retryable error occurred.", 429, details=[(code, message)], retry=True)


def missing(kind: str, name: str, group: str) -> ArmError:
    """Return the error about a resource that is not there."""
    return ArmError(
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        404,
    )


def no_parent(identifier: str) -> ArmError:
    """Return the error about a part of what is not there (a captured answer has these words)."""
    name = identifier.rpartition("/")[2]
    return ArmError(
        "ParentResourceNotFound",
        f"Can not perform requested operation on nested resource. Parent resource '{name}' not found.",
        404,
    )
