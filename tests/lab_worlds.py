"""The lab's worlds as values: each is read once, through the real SDK, in the process that asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.nodes import list_nodes
from l2bridge_helpers.parameters import PARAMETERS
from l2bridge_helpers.platforms import cloud_of, scope_of

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.clouds.base import Cloud
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.scope import Scope

MESSY = ("gce-messy", "aws-messy", "azure-messy", "bare-metal-messy")
SMALL = ("gce-small", "aws-small", "azure-small", "bare-metal-small")
CLOSED = ("gce-closed", "aws-closed")
OTHERS = ("gce-shared-vpc", "gce-dual-stack", "aws-two-subnets", "azure-dual-stack", "azure-scale-sets")
AWS = tuple(name for name in (*MESSY, *SMALL, *OTHERS) if name.startswith("aws"))


@dataclass(frozen=True)
class Seen:
    """What a run sees of a world, and what it is told."""

    nodes: pd.DataFrame
    fabric: Fabric
    scope: Scope
    cluster: str


@contextmanager
def served(name: str, **parameters: object) -> Iterator[tuple[Lab, Cloud, Seen]]:
    """Serve a world, and read it."""
    with Lab(world(name)) as lab:
        defaults = {parameter.name: parameter.default for parameter in PARAMETERS[lab.platform]}
        given = defaults | dict(lab.parameters) | parameters
        nodes = list_nodes(str(given["kubeconfig"]), str(given["context"]))
        cloud = cloud_of(lab.platform, given)
        scope = scope_of(lab.platform, given)
        yield lab, cloud, Seen(nodes, cloud.observe(nodes), scope, str(given["cluster"]))


@cache
def seen(name: str) -> Seen:
    """Return what a run sees of a world."""
    with served(name) as (_, _, found):
        return found
