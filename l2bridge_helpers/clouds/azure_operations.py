"""Azure's writes of interfaces: waiting for many by listing them, instead of two requests more for each.

The answer to a PUT says `Updating`, and an interface shows by itself when that has ended. Only where it has failed is
its operation asked for the reason.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any

from azure.mgmt.core.polling.arm_polling import ARMPolling

from l2bridge_helpers.clouds.azure_names import local
from l2bridge_helpers.clouds.azure_read import properties_of
from l2bridge_helpers.clouds.loose_json import text
from l2bridge_helpers.clouds.watcher import Calm, Watcher
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.pace import WRITE, Pace

Raw = dict[str, Any]

_SECONDS = 1200.0
_PAUSE, _SHORTEST, _LONGEST, _GROWTH, _PART = 0.25, 0.1, 5.0, 1.5, 5
"""Seconds between two reads of one resource: at first, the bounds, and how they grow."""
_CALM = 20.0
"""Seconds without a look while writes wait for their turn anyway, and lanes are free."""
_OLD_VIEWS = 8
"""After so many reads that show nothing of a write its operation is asked."""
_GOOD = "Succeeded"
_FINAL = frozenset({_GOOD, "Failed", "Canceled"})


class InterfaceWatcher:
    """The interfaces that one connection writes.

    Args:
        listed: gives the interfaces of a group, page by page.
        read: returns one interface.
        pace: tells whether writes wait for their turn: then nobody is in need of an early look.

    """

    def __init__(self, listed: Callable[[str], Iterator[Raw]], read: Callable[[str, str], Raw], pace: Pace) -> None:
        """Nothing is under way yet."""
        self._listed = listed
        self._read = read
        self._before: dict[str, str] = {}
        self._old: Counter[str] = Counter()
        calm = Calm(lambda: pace.is_queued(WRITE), _CALM, pace.lanes * 3 // 4)
        self._watcher: Watcher[Raw] = Watcher(self._look, self._ask, seconds=_SECONDS, calm=calm)

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
            raw = self._watcher.wait(identifier)
            return _ended(raw, etag) and _state(raw) == _GOOD
        except CloudError:
            return False
        finally:
            self._before.pop(identifier, None)
            self._old.pop(identifier, None)

    def _look(self, identifiers: Collection[str]) -> dict[str, Raw | None]:
        groups: dict[str, set[str]] = defaultdict(set)
        for identifier in identifiers:
            groups[identifier.split("/")[0]].add(identifier)
        found: dict[str, Raw | None] = {}
        for group, wanted in groups.items():
            with suppress(CloudError):  # what is not found is asked for by itself
                for raw in self._listed(group):
                    identifier = local(text(raw.get("id")))
                    if identifier in wanted:
                        wanted.discard(identifier)
                        found[identifier] = self._final(identifier, raw)
                    if not wanted:
                        break
        return found

    def _ask(self, identifier: str) -> Raw | None:
        raw = self._read(*identifier.split("/"))
        if not _state(raw):
            raise CloudError(f"{identifier}: Azure does not tell the state of this interface")
        return self._final(identifier, raw)

    def _final(self, identifier: str, raw: Raw) -> Raw | None:
        """Return the interface when its write has ended; one with the old ETag is an old view, for a while."""
        if _ended(raw, self._before.get(identifier, "")):
            return raw
        if _state(raw) not in _FINAL:
            return None
        self._old[identifier] += 1  # a write that failed may have left all as it was, and its ETag
        return raw if self._old[identifier] >= _OLD_VIEWS else None


def _ended(raw: Raw, etag: str) -> bool:
    return text(raw.get("etag")) != etag and _state(raw) in _FINAL


def _state(raw: Raw) -> str:
    return text(properties_of(raw).get("provisioningState"))


def has_settled(read: Callable[[], Raw], etag: str, typical: float) -> bool:
    """Read a resource, written under this ETag, until its state is final; return whether that is success.

    `typical`: the seconds that a write takes here, 0 when nothing is known. Where the resource tells no state, nothing
    is known of success either.
    """
    pause, end, old = typical or _PAUSE, time.monotonic() + _SECONDS, 0
    while time.monotonic() < end:
        time.sleep(pause)
        try:
            raw = read()
        except CloudError:
            return False
        old += _state(raw) in _FINAL
        if not _state(raw) or _ended(raw, etag) or old >= _OLD_VIEWS:
            return _ended(raw, etag) and _state(raw) == _GOOD
        pause = min(max(pause / _PART, _SHORTEST), _LONGEST) if pause == typical else min(_GROWTH * pause, _LONGEST)
    return False


class WritePolling(ARMPolling):
    """Follows the operation of a write with few requests; what it leaves is not read: the proof reads it anyway.

    Args:
        endpoint: where the operation's URL is asked, if it has to be.
        seconds: between two questions, where Azure does not say.
        wait: waits for what the resource itself says, and returns whether that is success; else the operation is asked.

    """

    def __init__(self, endpoint: str, seconds: float, wait: Callable[[], bool]) -> None:
        """Ask nothing yet."""
        super().__init__(seconds, path_format_arguments={"endpoint": endpoint})
        self._wait = wait

    def initialize(self, client: Any, initial_response: Any, deserialization_callback: Any) -> None:
        """Take the first answer; there will be no last GET."""
        super().initialize(client, initial_response, deserialization_callback)
        self._operation.get_final_get_url = _nothing  # type: ignore[method-assign]

    def run(self) -> None:
        """Wait until the operation has ended."""
        if not self._wait():
            super().run()


def _nothing(pipeline_response: Any) -> str | None:  # noqa: ARG001 - as the SDK calls it
    return None
