"""Azure's writes of interfaces: waiting for many by listing them, instead of two requests more for each.

The answer to a PUT says `Updating`, and an interface shows by itself when that has ended. Only where it has failed is
its operation asked for the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

from azure.mgmt.core.polling.arm_polling import ARMPolling

from l2bridge_helpers.clouds.azure_names import local
from l2bridge_helpers.clouds.azure_read import properties_of
from l2bridge_helpers.clouds.loose_json import text
from l2bridge_helpers.clouds.watcher import Watcher
from l2bridge_helpers.errors import CloudError

Raw = dict[str, Any]

_SECONDS = 1200.0
_GOOD = "Succeeded"
_FINAL = frozenset({_GOOD, "Failed", "Canceled"})


class InterfaceWatcher:
    """The interfaces that one connection writes.

    Args:
        listed: returns the interfaces of a group.
        read: returns one interface.

    """

    def __init__(self, listed: Callable[[str], list[Raw]], read: Callable[[str, str], Raw]) -> None:
        """Nothing is under way yet."""
        self._listed = listed
        self._read = read
        self._before: dict[str, str] = {}
        self._watcher: Watcher[Raw] = Watcher(self._look, self._ask, seconds=_SECONDS)

    @property
    def typical(self) -> float:
        """Return the seconds that a write takes here, 0 when nothing is known yet."""
        return self._watcher.typical

    def has_succeeded(self, identifier: str, etag: str) -> bool:
        """Wait until `GROUP/NAME`, written under this ETag, is in a final state; return whether that is success.

        Where interfaces do not show it, nothing is known of success either.
        """
        self._before[identifier] = etag
        try:
            return _state(self._watcher.wait(identifier)) == _GOOD
        except CloudError:
            return False
        finally:
            self._before.pop(identifier, None)

    def _look(self, identifiers: Collection[str]) -> dict[str, Raw | None]:
        groups: dict[str, set[str]] = defaultdict(set)
        for identifier in identifiers:
            groups[identifier.split("/")[0]].add(identifier)
        found: dict[str, Raw | None] = {}
        for group, wanted in groups.items():
            try:
                raws = self._listed(group)
            except CloudError:  # each is asked for by itself instead
                continue
            for raw in raws:
                identifier = local(text(raw.get("id")))
                if identifier in wanted:
                    found[identifier] = self._final(identifier, raw)
        return found

    def _ask(self, identifier: str) -> Raw | None:
        raw = self._read(*identifier.split("/"))
        if not _state(raw):
            raise CloudError(f"{identifier}: Azure does not tell the state of this interface")
        return self._final(identifier, raw)

    def _final(self, identifier: str, raw: Raw) -> Raw | None:
        """Return the interface when its write has ended; one with the old ETag is an old view."""
        old = text(raw.get("etag")) == self._before.get(identifier)
        return None if old or _state(raw) not in _FINAL else raw


def _state(raw: Raw) -> str:
    return text(properties_of(raw).get("provisioningState"))


class WritePolling(ARMPolling):
    """Follows the operation of a write with few requests; what it leaves is not read: the proof reads it anyway.

    Args:
        endpoint: where the operation's URL is asked, if it has to be.
        seconds: between two questions, where Azure does not say.
        wait: waits in another way, and returns whether the write has succeeded; if not, the operation is asked why.

    """

    def __init__(self, endpoint: str, seconds: float, wait: Callable[[], bool] | None = None) -> None:
        """Ask nothing yet."""
        super().__init__(seconds, path_format_arguments={"endpoint": endpoint})
        self._wait = wait

    def initialize(self, client: Any, initial_response: Any, deserialization_callback: Any) -> None:
        """Take the first answer; there will be no last GET."""
        super().initialize(client, initial_response, deserialization_callback)
        self._operation.get_final_get_url = lambda _: None  # type: ignore[method-assign]

    def run(self) -> None:
        """Wait until the operation has ended."""
        if self._wait is None:
            self._delay()
        elif self._wait():
            return
        super().run()
