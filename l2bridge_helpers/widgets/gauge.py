"""How far an application is: a bar that a screen reader reads, too."""

from __future__ import annotations

import ipywidgets as widgets

from l2bridge_helpers.looks import CHANGE, Look


class Gauge:
    """A bar; not to be seen before its first value.

    Attributes:
        panel: the widget.

    """

    def __init__(self, label: str) -> None:
        """Keep what is counted."""
        self._label = label
        self.value, self.most = 0, 1
        self.panel = widgets.HTML()

    def show(self, value: int, most: int, look: Look = CHANGE) -> None:
        """Show so many of so many."""
        self.value, self.most = value, max(most, 1)
        style = f"width:34em;max-width:100%;height:14px;accent-color:{look.fill}"
        bounds = f'value="{self.value}" max="{self.most}"'
        self.panel.value = f'<progress {bounds} aria-label="{self._label}" style="{style}"></progress>'
