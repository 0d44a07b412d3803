"""ARM's paths: what they name, in whatever letter case; and ETags."""

from __future__ import annotations

from dataclasses import dataclass

from l2bridge_helpers.lab.identity import uid

_GROUPS, _PROVIDERS = 2, "providers"


@dataclass(frozen=True)
class Place:
    """What a path names.

    Attributes:
        subscription: "" for the list of subscriptions.
        group: resource group; "": the whole subscription, or there is none in the path.
        type: of the resource, as the path spells it; "" above all providers.
        names: one for each word of the type; one less when a list or an action is asked for.
        last: the last word of the path.
        groups: the path is about resource groups themselves.

    """

    subscription: str
    group: str
    type: str
    names: tuple[str, ...]
    last: str
    groups: bool = False

    @property
    def listed(self) -> bool:
        """Whether the path ends with a type: a list, or an action on what is before it."""
        return len(self.names) < self.type.count("/")

    @property
    def owner(self) -> Place:
        """Return the place that an action is done to."""
        return Place(self.subscription, self.group, self.type.rpartition("/")[0], self.names, self.names[-1])


def place_of(path: str) -> Place | None:
    """Return what a path names, None when it is no path of ARM's."""
    words = [word for word in path.split("/") if word]
    if not words or words[0].lower() != "subscriptions":
        return None
    own, provided = _split(words)
    if own[2:3] and own[2].lower() != "resourcegroups":
        return None
    if len(own) > 2 * _GROUPS or len(provided) == 1:
        return None
    subscription, group = (own[place] if len(own) > place else "" for place in (1, 3))
    kind = "/".join([*provided[:1], *provided[1::2]])
    return Place(subscription, group, kind, tuple(provided[2::2]), words[-1], groups=len(own) > _GROUPS)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words before and behind the first `providers`."""
    lower = [word.lower() for word in words]
    if _PROVIDERS not in lower:
        return words, []
    place = lower.index(_PROVIDERS)
    return words[:place], words[place + 1 :]


def etag(text: str) -> str:
    """Return an ETag as Azure writes it, the same for the same text."""
    return f'W/"{uid(text.lower())}"'


def same(one: str, other: str) -> bool:
    """Return whether two ids name the same resource: their letter case does not count."""
    return one.lower() == other.lower()


def reference(holder: object, field: str) -> str:
    """Return the id that `{field: {"id": ...}}` refers to, "" for none."""
    value = holder.get(field) if isinstance(holder, dict) else None
    found = value.get("id", "") if isinstance(value, dict) else ""
    return found if isinstance(found, str) else ""
