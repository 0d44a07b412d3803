"""What `explain.ipynb` shows where its ends are empty: nodes to choose from, a button, and the answer under it."""

from __future__ import annotations

import shlex
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from l2bridge_helpers.asking import ENDS, Asking, as_parameters
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.looks import BAD, badge_style
from l2bridge_helpers.printable import printable
from l2bridge_helpers.question import PROTOCOLS
from l2bridge_helpers.reachability.traffic import Traffic
from l2bridge_helpers.widgets.frame import copied, framed

if TYPE_CHECKING:
    from l2bridge_helpers.choices import Option
    from l2bridge_helpers.explaining import ExplainRun
    from l2bridge_helpers.progress import Pulse
    from l2bridge_helpers.show import Shown

LISTED = 100
"""More nodes than that are found by typing."""
_SHOWN = ("Path", "Mend")
"""Sections of the answer that tell more than the choice does."""
_STYLE = {"description_width": "9em"}
_WIDE, _NARROW = "min(100%, 52em)", "min(100%, 18em)"


class Ask:
    """One panel. The answer to a question takes the place of the one before.

    Attributes:
        ends: an input for each end that no parameter names.
        protocol, port, button: the other inputs.
        status: what is going on, or why there is no answer.
        answer: the last one.
        panel: all of it.

    """

    def __init__(self, asking: Asking) -> None:
        """Offer the nodes; what the cells ask about is chosen at first."""
        self._asking = asking
        run, options = asking.run, asking.options()
        self._names = {option.label: option.value for option in reversed(options)}
        self.ends = {name: _end(name, options, getattr(run, name)) for name in ENDS if name not in run.given}
        asked = run.traffic.protocol.lower()
        self.protocol = widgets.Dropdown(
            description="protocol", options=list(dict.fromkeys((*PROTOCOLS, asked))), value=asked, **_common(_NARROW)
        )
        self.port = widgets.IntText(
            description="port",
            value=run.traffic.port,
            tooltip="1 to 65535; 0: any that no rule singles out",
            **_common(_NARROW),
        )
        self.button = widgets.Button(
            description="Explain", tooltip="Answer from what was read above", button_style="primary"
        )
        self.status, self.answer = widgets.HTML(), widgets.HTML()
        self.protocol.observe(self._protocol_chosen, "value")
        self.button.on_click(self._clicked)
        self.panel = widgets.VBox(
            [self._head(), *self.ends.values(), self.protocol, self.port, self.button, self.status, self.answer],
            layout=widgets.Layout(padding="8px 0"),
        )
        self.panel.add_class("l2bridge-ask")
        self._protocol_chosen(None)

    def _head(self) -> widgets.HTML:
        run = self._asking.run
        given = "".join(f" The {name} is given: {text}." for name, text in run.given.items())
        keep = f"The cells below keep to {run.source} and {run.destination}."
        told = escape(printable(f"The answer comes from what was read above.{given} {keep}"))
        return widgets.HTML(f"<p><b>Ask about other nodes.</b> {told}</p>")

    def _protocol_chosen(self, _change: Any) -> None:
        self.port.disabled = not Traffic(self.protocol.value).has_ports

    def _clicked(self, _button: widgets.Button) -> None:
        """Answer, or say why not; the button stays usable, as a disabled one would lose a keyboard's focus."""
        self.answer.value = ""
        self._say("Explaining …")
        ends = {name: self._names.get(field.value, field.value) for name, field in self.ends.items()}
        under = _Under()
        try:
            run = self._asking.answer(ends, Traffic(self.protocol.value, self.port.value), under)
        except L2BridgeError as err:
            self._refuse(str(err))
        except BaseException as err:  # whatever it is, the person is told
            self._refuse(f"unexpected {type(err).__name__}: {err}")
            raise
        else:
            self.answer.value = framed(f"{under.html}{_set(run)}")
            self._say(under.line)

    def _refuse(self, text: str) -> None:
        badge = f'<span style="{badge_style(BAD)}">{BAD.sign} no answer</span>'
        self.status.value = f'<p role="alert">{badge} {escape(printable(text))}</p>'

    def _say(self, line: str) -> None:
        self.status.value = f'<p role="status">{escape(printable(line))}</p>'


class _Under:
    """The stage of the run that answers: the panel, under its button.

    Attributes:
        html: what there is to see.
        line: what was said last.

    """

    def __init__(self) -> None:
        """Have nothing yet."""
        self.html = self.line = ""

    def begin(self, section: str) -> None:
        """Do without: an answer takes no time."""

    def show(self, section: str, both: Shown, /, *, folded: bool = False) -> None:
        """Keep what the panel has not shown."""
        del folded
        if section in _SHOWN:
            self.html += f"<section><h3>{escape(section)}</h3>{both.html}</section>"

    def say(self, line: str) -> None:
        """Keep a line."""
        self.line = line

    def watch(self, pulse: Pulse) -> None:
        """Do without: nothing is applied."""


def _end(name: str, options: list[Option], value: str) -> widgets.Dropdown | widgets.Combobox:
    """Return a list of the nodes; of many, a field that looks through them while one types, and takes pods as well."""
    if len(options) <= LISTED:
        rows = [(option.label, option.value) for option in options]
        return widgets.Dropdown(description=name, options=rows, value=value, **_common(_WIDE))
    hint = f"type to search {len(options):,} nodes; or a pod CIDR, or a pod's address"
    labels = [option.label for option in options]
    return widgets.Combobox(description=name, options=labels, value=value, placeholder=hint, **_common(_WIDE))


def _common(width: str) -> dict[str, Any]:
    return {"style": _STYLE, "layout": {"width": width}}


def _set(run: ExplainRun) -> str:
    """Return how the question is asked without this panel, to be copied."""
    lines, words = as_parameters(run.source, run.destination, run.traffic)
    command = f"l2bridge explain {words} --run {shlex.quote(run.folder.name)}"
    return (
        f"<p>To ask the same in the cells, or without a person, in the parameters cell:</p>{copied(lines)}"
        f"<p>or in a shell, of what was read here:</p>{copied(command)}"
    )
