"""How EC2 says no."""

from __future__ import annotations


class Ec2Error(Exception):
    """A refusal, with EC2's own code and wording."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep what is answered."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Ec2Error:
    """Return the error about a value that does not do."""
    return Ec2Error("InvalidParameterValue", message)
