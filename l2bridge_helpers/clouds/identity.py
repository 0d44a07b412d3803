"""Who a cloud takes us for, as it is written into the journal: a name, never a token, and never an error."""

from __future__ import annotations

from collections.abc import Callable

from l2bridge_helpers.printable import printable

LAB = "nobody (lab)"
"""Plain-http endpoints get no credentials."""


def or_unknown(ask: Callable[[], str]) -> str:
    """Return who we are, or `unknown (why)`: what a run may do does not depend on it.

    Why is told by the error's name alone: an error's text can hold what a credential process has printed.
    """
    try:
        name = ask()
    except Exception as err:  # noqa: BLE001 - whatever a credential does, the run goes on, and the journal says so
        return f"unknown ({type(err).__name__})"
    return printable(name) or "unknown (the credentials do not tell)"
