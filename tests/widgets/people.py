"""A person at the keyboard, without a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from l2bridge_helpers import choosing
from l2bridge_helpers.choices import Choices
from l2bridge_helpers.widgets import choose as module
from l2bridge_helpers.widgets.choose import Chooser


@dataclass
class Person:
    """Who sees choosers, and uses the last one.

    Attributes:
        seen: what was displayed, one after the other.
        texts: what is to be read of it where no widget can be seen.

    """

    seen: list[Chooser] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """Return what the last one says."""
        return str(self.seen[-1].told.value)

    @property
    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the last one."""
        return self.seen[-1].inputs

    def choose(self, name: str, value: str) -> None:
        """Choose or type a value."""
        self.inputs[name].value = value


def sit_down(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Let a person sit down at a new kernel."""
    person = Person()
    show = Chooser.show

    def seen(chooser: Chooser) -> None:
        person.seen.append(chooser)
        show(chooser)

    monkeypatch.setattr(choosing, "person", lambda: True)
    monkeypatch.setattr(choosing, "_CHOICES", Choices())
    monkeypatch.setattr(Chooser, "show", seen)
    monkeypatch.setattr(module, "display", lambda bundle, **_: person.texts.append(bundle["text/plain"]))
    return person
