"""The routing as it was before the last write: effective routes follow a write late."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from l2bridge_helpers.lab.world import Json, World

_ROUTING = ("virtualNetworks", "routeTables")


@dataclass
class Remembered:
    """Route tables and virtual networks as they were, and how often each interface has been asked about since."""

    _before: dict[str, list[Json]] | None = None
    _reads: Counter[str] = field(default_factory=Counter)

    def keep(self, world: World, *, delay: int) -> None:
        """Remember how it is now; with a delay only if somebody has looked since the last time."""
        if self._before is None or self._reads or not delay:
            self._before = json.loads(json.dumps({name: world.cloud(name) for name in _ROUTING}))
            self._reads.clear()

    def resources(self, world: World, nic: str, *, delay: int, running: bool) -> dict[str, list[Json]]:
        """Return the routing that an interface has; one read more of it has been made."""
        if self._before is None:
            return world.resources
        self._reads[nic] += not running
        return self._before if running or self._reads[nic] <= delay else world.resources
