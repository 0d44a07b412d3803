"""How `l2bridge` ends: exit statuses that a job can tell apart, and one line on stderr that an alert can carry."""

from __future__ import annotations

import click

from l2bridge_helpers.errors import L2BridgeError, ParameterError

OK, FAILED, USAGE, UNMET = range(4)
"""As asked; drift, or changes that failed; a bad parameter; something that has to be settled before a run can be."""
_STATUS = {
    "DriftError": FAILED,
    "ApplyError": FAILED,
    "VerifyError": FAILED,
    "ParameterError": USAGE,
    "LabError": USAGE,
}


def status_of(error: str) -> int:
    """Return the exit status for an error, by the name of its class; what is not ours has failed."""
    ours = {kind.__name__ for kind in _all_kinds(L2BridgeError)}
    return _STATUS.get(error, UNMET if error in ours else FAILED)


def _all_kinds(kind: type[L2BridgeError]) -> list[type[L2BridgeError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in _all_kinds(one))]


class Refused(click.ClickException):
    """One line on stderr."""

    def __init__(self, message: str, status: int = USAGE) -> None:
        """Keep the exit status."""
        super().__init__(message)
        vars(self)["exit_code"] = status


def refused(err: L2BridgeError) -> Refused:
    """Return how the command ends with an error of ours."""
    return Refused(str(err), USAGE if isinstance(err, ParameterError) else status_of(type(err).__name__))
