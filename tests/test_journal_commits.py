"""Many threads, few transactions."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal_commits import GroupCommit, _Waiting


class Disk:
    """Commits numbers, each group when it is let to; refuses those that are bad."""

    def __init__(self, bad: Sequence[int] = ()) -> None:
        """Hold the first group back until `go`."""
        self.bad = set(bad)
        self.groups: list[list[int]] = []
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, group: Sequence[int]) -> None:
        """Commit all or nothing."""
        self.groups.append(list(group))
        self.begun.set()
        assert self.go.wait(30)
        if found := self.bad & set(group):
            raise ValueError(f"bad: {sorted(found)}")


def _hand_in(commit: GroupCommit[int], disk: Disk, numbers: Sequence[int]) -> list[str]:
    """Hand the first number in, and the others while it is being committed; return each one's error."""

    def do(number: int) -> str:
        try:
            commit(number)
        except (ValueError, JournalError) as err:
            return str(err)
        return ""

    with ThreadPoolExecutor(len(numbers)) as pool:
        first = pool.submit(do, numbers[0])
        assert disk.begun.wait(30)
        others = [pool.submit(do, number) for number in numbers[1:]]
        while len(commit._waiting) < len(others):
            threading.Event().wait(0.001)
        disk.go.set()
        return [future.result(30) for future in (first, *others)]


def test_what_waits_is_committed_together() -> None:
    """While one is written the others gather, and go in one transaction, in their order."""
    disk = Disk()
    assert _hand_in(GroupCommit(disk), disk, range(20)) == [""] * 20
    assert [len(group) for group in disk.groups] == [1, 19]


def test_a_failure_is_everybodys() -> None:
    """When the disk is full, all that waited are told; each gets an error of its own."""
    disk = Disk(bad=[2])
    assert _hand_in(GroupCommit(disk), disk, range(5)) == ["", *["bad: [2]"] * 4]
    assert len(disk.groups) == 2


def test_one_works_own_mistake_is_its_own() -> None:
    """Where an error can be one work's fault, each of the group is committed by itself."""
    disk = Disk(bad=[2])
    commit = GroupCommit(disk, alone=(ValueError,))
    assert _hand_in(commit, disk, range(5)) == ["", "", "bad: [2]", "", ""]
    assert len(disk.groups) == 2 + 4


def test_who_waits_for_an_interrupted_commit_is_not_told_that_it_is_done() -> None:
    """Ctrl-C in the thread that commits for all: the others get an error, and the next commit goes through."""
    calls = []

    def interrupted(group: Sequence[int]) -> None:
        calls.append(list(group))
        if len(calls) == 1:
            raise KeyboardInterrupt

    commit = GroupCommit(interrupted)
    other = _Waiting(2)
    commit._waiting.append(other)
    with pytest.raises(KeyboardInterrupt):
        commit(1)
    assert other.done
    assert isinstance(other.error, JournalError)
    commit(3)
    assert calls == [[2, 1], [3]]
