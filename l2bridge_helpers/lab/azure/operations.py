"""Operations that take their time, and what nobody else may write meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from l2bridge_helpers.lab.azure.errors import ArmError
from l2bridge_helpers.lab.identity import uid
from l2bridge_helpers.lab.world import Json


def _nothing() -> None:
    """End without a change."""


@dataclass
class Operation:
    """One operation.

    Attributes:
        name: as Azure calls it in its errors, e.g. PutSubnetOperation.
        targets: ids, in lower case, of what it works on.
        where: `/subscriptions/S/providers/P/locations/L`.
        due: when it ends, by the lab's clock.
        finish, undo: what is done when it succeeds, or fails.
        error: why it fails; None: it succeeds.
        result: what is read when it has ended.

    """

    name: str
    targets: tuple[str, ...]
    where: str
    due: float
    finish: Callable[[], None] = _nothing
    undo: Callable[[], None] = _nothing
    error: Json | None = None
    result: Json | None = None
    id: str = ""
    ended: bool = False

    @property
    def status(self) -> str:
        """Return the status as Azure words it."""
        if not self.ended:
            return "InProgress"
        return "Failed" if self.error else "Succeeded"

    def end(self) -> None:
        """Do what is left to do."""
        self.ended = True
        (self.undo if self.error else self.finish)()


@dataclass
class Operations:
    """All operations of a lab."""

    _all: dict[str, Operation] = field(default_factory=dict)
    _running: list[Operation] = field(default_factory=list)

    def add(self, operation: Operation) -> Operation:
        """Start an operation; it gets its id."""
        operation.id = uid(f"operation {len(self._all)}")
        self._all[operation.id] = operation
        self._running.append(operation)
        return operation

    def settle(self, now: float) -> None:
        """End what is due."""
        for operation in [one for one in self._running if one.due <= now]:
            self._running.remove(operation)
            operation.end()

    def running(self, target: str) -> Operation | None:
        """Return the operation that works on this resource."""
        lower = target.lower()
        return next((one for one in self._running if lower in one.targets), None)

    def find(self, identifier: str) -> Operation:
        """Return an operation by its id.

        Raises:
            ArmError: there is none.

        """
        if identifier.lower() not in self._all:
            raise ArmError("OperationNotFound", f"The operation '{identifier}' could not be found.", 404)
        return self._all[identifier.lower()]
