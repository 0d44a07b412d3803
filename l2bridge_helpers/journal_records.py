"""What the journal holds: runs that were about to change something, and every change that they were about to make."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from l2bridge_helpers.changes import Change


@dataclass(frozen=True)
class JournalRun:
    """One run that was about to change something.

    Attributes:
        run: the name of the run's folder, unique in the journal.
        cluster, platform, network: where; as in `Plan`.
        plan_hash: of the plan that was applied.
        user: who ran it, see `os_user`.
        identity: who the cloud takes us for; "" for unknown.
        started: UTC, as `moment.now` writes it.
        undoes: the run that it puts back; "" for none.
        parameters: what is needed to find the same network again; nothing secret.
        nodes: the nodes table as plain records, so that machines of nodes that are gone can be found.

    """

    run: str
    cluster: str
    platform: str
    network: str
    plan_hash: str
    user: str
    identity: str
    started: str
    undoes: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class JournalRow:
    """One change that was about to be made, and what became of it.

    Attributes:
        run: whose change it is.
        place: its place among the plan's writes.
        change: the change; its facts are JSON's values, so a tuple is read back as a list.
        intended: UTC; it was written down then, and sent afterwards.
        outcome: `applied`; `failed`: it may have been made in spite of it; `unchanged`: it was surely not made by the
            run, which was refused, or found it so already; "" for an intent alone: it may or may not have been made.
        error: why it failed, or was not made.
        settled: UTC; "" while there is no outcome.

    """

    run: str
    place: int
    change: Change
    intended: str
    outcome: str = ""
    error: str = ""
    settled: str = ""


def os_user() -> str:
    """Return who runs this, and where: `alice@desk-7`, `root (alice)@desk-7` below sudo.

    The account is the process's own: `$USER` can say anything.
    """
    behind = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"{_account(os.getuid())}{f' ({behind})' if behind else ''}@{socket.gethostname()}"


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user need not have a name
        return f"uid {uid}"
