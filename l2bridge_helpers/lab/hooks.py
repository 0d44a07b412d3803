"""What every server of a lab can be told: to be slow, to fail, to throttle, to show old news."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from l2bridge_helpers.lab.clock import Clock
from l2bridge_helpers.lab.faults import Faults
from l2bridge_helpers.lab.lag import Lag
from l2bridge_helpers.lab.throttle import Throttle
from l2bridge_helpers.lab.world import World


@dataclass(kw_only=True)
class Hooks:
    """How an API is told what to do besides its work.

    Attributes:
        world: what it serves; whoever changes it by hand changes what the API shows.
        faults: trouble to make; a fault's reason is the error's code.
        latency: seconds that every answer takes longer.
        read_latency, write_latency: seconds that reads, or changes, take longer beside that.
        granted: says whether the caller has a permission on a resource; None: it has all that are not denied.
        needed: the permissions that requests have needed until now, each with the resource that it was needed on.
        throttle: limits of requests; off unless `throttle.limits` is filled (see `Lab.limit`).
        clock: the time that all of these go by.
        lock: held by whoever reads or changes the world.

    """

    world: World = field(kw_only=False)
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.0
    read_latency: float = 0.0
    write_latency: float = 0.0
    granted: Callable[[str, str], bool] | None = None
    needed: set[tuple[str, str]] = field(default_factory=set)
    throttle: Throttle = field(default_factory=Throttle)
    clock: Clock = field(default_factory=Clock)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _lag: Lag = field(default_factory=Lag)

    def __post_init__(self) -> None:
        """Let the limits go by the same clock."""
        self.throttle.clock = self.clock.now

    def lacks(self, permission: str, resource: str, *, asks: bool = False) -> bool:
        """Return whether a permission is not granted; note that it was needed, unless a request only asks about it."""
        if not asks:
            self.needed.add((permission, resource))
        return self.granted is not None and not self.granted(permission, resource)

    @property
    def lag(self) -> int:
        """How many reads after a change still see the cloud without it (eventual consistency).

        Reads of operations and of effective routes, and all of Kubernetes, do not lag; a change is held to the present
        state, so that one that was made from an old read meets a stale fingerprint or ETag.
        """
        return self._lag.reads

    @lag.setter
    def lag(self, reads: int) -> None:
        with self.lock:
            self._lag.reads = reads
            self._lag.note(self.world)

    def seen(self) -> Self:
        """Return what one more read sees: this state, or the one of some reads ago."""
        world = self._lag.seen(self.world)
        if world is self.world:
            return self
        shown = copy.copy(self)
        shown.world = world
        return shown
