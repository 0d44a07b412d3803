"""What a person chose instead of setting parameters, and how that is written for a run without one (pure)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One value that a parameter may have, and what people are told of it."""

    value: str
    label: str


@dataclass(frozen=True)
class Offer:
    """What one parameter may be.

    Attributes:
        options: what was found.
        empty: what the parameter means when it stays empty; "": it has to be chosen.
        trouble: why it could not be listed; "" where it was.

    """

    options: tuple[Option, ...] = ()
    empty: str = ""
    trouble: str = ""

    def label_of(self, value: str) -> str:
        """Return what people are told of a value, which need not be an option."""
        if not value:
            return self.empty
        return next((option.label for option in self.options if option.value == value), value)


class Choices:
    """What was chosen in this process. Each choice belongs to what it was offered for, and goes with it."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._kept: dict[tuple[str, str], tuple[tuple[object, ...], str]] = {}
        self._used: dict[str, dict[str, str]] = {}

    def keep(self, runbook: str, name: str, around: tuple[object, ...], value: str) -> None:
        """Remember what was chosen for a parameter; "": nothing, any more.

        Args:
            runbook: where.
            name: the parameter.
            around: the values of other parameters that it was offered for.
            value: the choice.

        """
        self._kept.pop((runbook, name), None)
        if value:
            self._kept[runbook, name] = around, value

    def recall(self, runbook: str, name: str, around: tuple[object, ...]) -> str:
        """Return what was chosen, "" for nothing; what was chosen for something else is forgotten."""
        then, value = self._kept.get((runbook, name), (around, ""))
        if then == around:
            return value
        del self._kept[runbook, name]
        return ""

    def use(self, runbook: str, values: Mapping[str, str]) -> None:
        """Take down what a run was started with, of all that was offered for it."""
        self._used[runbook] = dict(values)

    def changed(self, runbook: str) -> list[str]:
        """Return what was chosen otherwise since the runbook's last run was started, in words."""
        used = self._used.get(runbook, {})
        now = {name: self._kept.get((runbook, name), ((), ""))[1] for name in used}
        return [f"{name} is {now[name]!r} now, and was {used[name]!r}" for name in used if now[name] != used[name]]


def assignments(chosen: Mapping[str, str]) -> str:
    """Return the lines that set these parameters in a notebook's parameters cell."""
    return "\n".join(f"{name}: str = {json.dumps(value, ensure_ascii=False)}" for name, value in chosen.items())


def options(chosen: Mapping[str, object]) -> str:
    """Return the options of `l2bridge` that set these parameters, quoted for a shell."""
    return shlex.join(word for name, value in chosen.items() for word in ("-p", f"{name}={value}"))
