"""Find a resource among thousands without looking at all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from l2bridge_helpers.lab.world import Json


@dataclass
class Index:
    """Where the resources of a list were when they were last looked for; whoever changes the list need not tell.

    Attributes:
        key: of a resource.

    """

    key: Callable[[Json], str]
    _places: dict[str, int] = field(default_factory=dict)

    def find(self, items: list[Json], wanted: str) -> Json | None:
        """Return the first resource with this key, None for none."""
        place = self._places.get(wanted, len(items))
        if place < len(items) and self.key(items[place]) == wanted:
            return items[place]
        self._places = {}
        for number, item in enumerate(items):
            self._places.setdefault(self.key(item), number)
        place = self._places.get(wanted, len(items))
        return items[place] if place < len(items) else None
