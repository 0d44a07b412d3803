"""What a read tells beside the resources: templates, what was not read or is not allowed, routes in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Template:
    """What a managed group makes its next machine from.

    Attributes:
        group: the group's id.
        id: the template's; empty where the cloud's templates cannot say so at all.
        forwarding: whether the next machine will have forwarding on.
        changeable: whether a plan may turn it on there.
        rolls_out: the policy by which the cloud brings a changed template to machines that run; empty: it does not.
        properties: the resource as the API returned it, where it can be changed.

    """

    group: str
    id: str
    forwarding: bool
    changeable: bool = False
    rolls_out: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unread:
    """A part of the state that could not be read, or judged, what that means, and what to do about it.

    Attributes:
        what: the part.
        why: why it could not be read; of filters that were read and not judged what was found.
        meaning: what that means.
        todo: what to do about it.
        may: of filters that were read and not judged: what they may do to packets of pods, by the names of `filters`,
            and to which protocols (as in `Rule`); empty: it was not read, and may do anything.

    """

    what: str
    why: str
    meaning: str = "what depends on it was not checked"
    todo: str = "grant the permission, or check it by hand"
    may: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Denied:
    """Something that the credentials may not do, by the cloud's own name for it, and what the cloud says."""

    action: str
    why: str


@dataclass(frozen=True)
class InForce:
    """The routes that the cloud says an interface really uses: a write that succeeded need not be effective yet.

    Attributes:
        nic: the interface's id.
        subnet: its subnet's.
        routes: destination -> next hop of the routes in force.
        problem: why nothing is known; empty: it is.

    """

    nic: str
    subnet: str
    routes: Mapping[str, str]
    problem: str = ""
