"""The worlds by name."""

from __future__ import annotations

import re
from collections.abc import Callable

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds import gce_many, gce_messy, gce_small, gce_special

_NAMED: dict[str, tuple[str, Callable[[], World]]] = {
    "gce-small": (gce_small.DESCRIPTION, gce_small.gce_small),
    "gce-messy": (gce_messy.DESCRIPTION, gce_messy.gce_messy),
    "gce-shared-vpc": (gce_special.SHARED, gce_special.gce_shared_vpc),
    "gce-dual-stack": (gce_special.DUAL, gce_special.gce_dual_stack),
}
_ANY_SIZE = "gce-<N>"


def world(name: str) -> World:
    """Return a world by its name, e.g. `gce-small` or `gce-1000`.

    Raises:
        LabError: there is none of that name.

    """
    if name in _NAMED:
        return _NAMED[name][1]()
    size = re.fullmatch(r"gce-([1-9]\d{0,3})", name)
    if size and int(size[1]) <= gce_many.MOST:
        return gce_many.gce_many(int(size[1]))
    message = f"no world is called {name!r}; there are {', '.join(worlds())} (N from 1 to {gce_many.MOST})"
    raise LabError(message)


def worlds() -> dict[str, str]:
    """Return the names of the worlds, each with one line about it."""
    return {name: description for name, (description, _) in _NAMED.items()} | {_ANY_SIZE: gce_many.DESCRIPTION}
