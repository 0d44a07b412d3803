"""Many threads write, one transaction at a time carries what all of them wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Generic, TypeVar

from l2bridge_helpers.errors import JournalError

Work = TypeVar("Work")


@dataclass
class _Waiting(Generic[Work]):
    work: Work
    done: bool = False
    error: Exception | None = None


class GroupCommit(Generic[Work]):
    """Commits what threads hand in: whoever finds nobody committing takes along all that wait meanwhile.

    So a slow disk, or a far server, is waited for once for a hundred threads, and a single thread waits for nobody.

    Args:
        commit: commits all of this in one transaction, or raises and has committed nothing.
        alone: errors of `commit` that may be one work's own fault; each is then committed by itself.

    """

    def __init__(self, commit: Callable[[Sequence[Work]], None], alone: tuple[type[Exception], ...] = ()) -> None:
        """Wait for work."""
        self._commit = commit
        self._alone = alone
        self._waiting: list[_Waiting[Work]] = []
        self._committing = False
        self._changed = threading.Condition()

    def __call__(self, work: Work) -> None:
        """Return when the work is committed; raise what `commit` raised for it."""
        mine = _Waiting(work)
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: mine.done or not self._committing)
            group = [] if mine.done else self._take()
        if group:
            self._commit_all(group)
        if mine.error:
            raise copy(mine.error) from mine.error  # one error, several threads

    def _take(self) -> list[_Waiting[Work]]:
        self._committing = True
        group, self._waiting = self._waiting, []
        return group

    def _commit_all(self, group: list[_Waiting[Work]]) -> None:
        for one in group:  # holds when an interruption cuts this short
            one.error = JournalError("journal: interrupted before it was known to be committed")
        try:
            error = self._try(group)
            apart = len(group) > 1 and isinstance(error, self._alone)
            for one in group:
                one.error = self._try([one]) if apart else error
        finally:
            with self._changed:
                self._committing = False
                for one in group:
                    one.done = True
                self._changed.notify_all()

    def _try(self, group: list[_Waiting[Work]]) -> Exception | None:
        try:
            self._commit([one.work for one in group])
        except Exception as err:  # noqa: BLE001 - it is raised where the work came from
            return err
        return None
