"""The worlds by name."""

from __future__ import annotations

import re
from collections.abc import Callable

from l2bridge_helpers.lab.errors import LabError
from l2bridge_helpers.lab.world import World
from l2bridge_helpers.lab.worlds import (
    aws_closed,
    aws_worlds,
    azure_messy,
    azure_special,
    azure_worlds,
    bare_metal,
    gce_closed,
    gce_many,
    gce_messy,
    gce_small,
    gce_special,
)

_NAMED: dict[str, tuple[str, Callable[[], World]]] = {
    "gce-small": (gce_small.DESCRIPTION, gce_small.gce_small),
    "gce-messy": (gce_messy.DESCRIPTION, gce_messy.gce_messy),
    "gce-shared-vpc": (gce_special.SHARED, gce_special.gce_shared_vpc),
    "gce-dual-stack": (gce_special.DUAL, gce_special.gce_dual_stack),
    "gce-closed": (gce_closed.DESCRIPTION, gce_closed.gce_closed),
    "aws-small": (aws_worlds.SMALL, aws_worlds.aws_small),
    "aws-two-subnets": (aws_worlds.TWO, aws_worlds.aws_two_subnets),
    "aws-messy": (aws_worlds.MESSY, aws_worlds.aws_messy),
    "aws-closed": (aws_closed.DESCRIPTION, aws_closed.aws_closed),
    "azure-small": (azure_worlds.SMALL, azure_worlds.azure_small),
    "azure-messy": (azure_messy.MESSY, azure_messy.azure_messy),
    "azure-dual-stack": (azure_special.DUAL, azure_special.azure_dual_stack),
    "azure-scale-sets": (azure_special.SETS, azure_special.azure_scale_sets),
    "bare-metal-small": (bare_metal.SMALL, bare_metal.bare_metal_small),
    "bare-metal-messy": (bare_metal.MESSY, bare_metal.bare_metal_messy),
}
_OF_SIZE: dict[str, tuple[str, int, Callable[[int], World]]] = {
    "gce": (gce_many.DESCRIPTION, gce_many.MOST, gce_many.gce_many),
    "aws": (aws_worlds.MANY, aws_worlds.MOST, aws_worlds.aws_many),
    "azure": (azure_worlds.MANY, azure_worlds.MOST, azure_worlds.azure_many),
}


def world(name: str) -> World:
    """Return a world by its name, e.g. `gce-small` or `gce-1000`.

    Raises:
        LabError: there is none of that name.

    """
    if name in _NAMED:
        return _NAMED[name][1]()
    size = re.fullmatch(r"([a-z-]+)-([1-9]\d{0,3})", name)
    most, make = _OF_SIZE[size[1]][1:] if size and size[1] in _OF_SIZE else (0, gce_many.gce_many)
    if size and int(size[2]) <= most:
        return make(int(size[2]))
    ranges = ", ".join(f"{kind}: N from 1 to {most}" for kind, (_, most, _) in _OF_SIZE.items())
    raise LabError(f"no world is called {name!r}; there are {', '.join(worlds())} ({ranges})")


def worlds() -> dict[str, str]:
    """Return the names of the worlds, each with one line about it."""
    named = {name: description for name, (description, _) in _NAMED.items()}
    return named | {f"{kind}-<N>": description for kind, (description, _, _) in _OF_SIZE.items()}
