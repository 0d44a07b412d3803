"""Reading what a run can do without."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from l2bridge_helpers.errors import CloudError, CredentialsError, UnreachableError
from l2bridge_helpers.observed import Unread

_Part = TypeVar("_Part")


def optional(unread: list[Unread], what: str, read: Callable[[], _Part], otherwise: _Part) -> _Part:
    """Return what can be read. What is refused or missing is done without, and said to be; an outage is not."""
    try:
        return read()
    except (UnreachableError, CredentialsError):
        raise
    except CloudError as err:
        unread.append(Unread(what, str(err)))
        return otherwise
