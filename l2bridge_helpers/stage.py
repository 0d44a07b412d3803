"""Where a run shows what it does: in the cell of a notebook, or beside the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from IPython.display import display

from l2bridge_helpers.progress import Lines

if TYPE_CHECKING:
    from l2bridge_helpers.progress import Pulse
    from l2bridge_helpers.show import Shown


class Stage(Protocol):
    """What a run needs of it."""

    def begin(self, section: str) -> None:
        """Take notice of the section that begins."""

    def show(self, section: str, both: Shown, /, *, folded: bool = False) -> None:
        """Show something that belongs to a section; `folded`: its table can be seen beside it anyway."""

    def say(self, line: str) -> None:
        """Show a line for people."""

    def watch(self, pulse: Pulse) -> None:
        """Show how far an application is."""


class Cell:
    """The cell that runs."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._lines = Lines(self.say)

    def begin(self, section: str) -> None:
        """Begin to count the seconds between two lines of progress; the cell stands below its own heading."""
        del section
        self._lines = Lines(self.say)

    def show(self, section: str, both: Shown, /, *, folded: bool = False) -> None:
        """Display it, for a front end and for a log."""
        del section
        display({"text/plain": both.text, "text/html": both.folded if folded else both.html}, raw=True)

    def say(self, line: str) -> None:
        """Print it."""
        print(line)

    def watch(self, pulse: Pulse) -> None:
        """Print a line now and then."""
        self._lines.watch(pulse)
