"""Eventual consistency: reads that lag behind the changes."""

from __future__ import annotations

import copy
import json
from collections import deque
from dataclasses import dataclass, field, replace

from l2bridge_helpers.lab.world import Json, World

Resources = dict[str, list[Json]]


@dataclass
class Lag:
    """Shows a world to reads as it was some reads ago.

    Attributes:
        reads: how many reads after a change still see the world without it; 0: none.

    """

    reads: int = 0
    _count: int = 0
    _known: str = ""
    _before: Resources = field(default_factory=dict)
    _waiting: deque[tuple[int, Resources]] = field(default_factory=deque)

    def note(self, world: World) -> None:
        """Take down how the world is now, so that what differs later is known to be new."""
        text = json.dumps(world.resources) if self.reads else ""
        if text == self._known:
            return
        if self._known and text:
            self._waiting.append((self._count + self.reads, json.loads(text)))
        elif text:
            self._before = json.loads(text)
        else:
            self._waiting.clear()
        self._known = text

    def seen(self, world: World) -> World:
        """Return the world as one more read sees it."""
        self.note(world)
        if not self.reads:
            return world
        self._count += 1
        while self._waiting and self._waiting[0][0] < self._count:
            self._before = self._waiting.popleft()[1]
        return replace(world, resources=copy.deepcopy(self._before)) if self._waiting else world
