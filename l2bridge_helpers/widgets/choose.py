"""Inputs for what a person may choose instead of setting a parameter, and the choice as parameters to set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from l2bridge_helpers.choices import assignments, options
from l2bridge_helpers.choosing import Offered
from l2bridge_helpers.looks import ATTENTION, SPACE, badge_style
from l2bridge_helpers.parameters import refusals
from l2bridge_helpers.printable import printable
from l2bridge_helpers.widgets.frame import copied

LISTED = 100
"""More than that are found by typing."""
AGAIN = "run this cell and those below again"
_CHOOSE = "choose one"
_STYLE = {"description_width": "9em"}
_WIDTH = "min(100%, 52em)"
_MARK = f'<span style="{badge_style(ATTENTION)}">{ATTENTION.sign}</span>'


class Chooser:
    """One input for each parameter that may be chosen. What is chosen counts when the cell is run again.

    Attributes:
        inputs: by parameter.
        told: what is used, what was changed, and how to set it.
        panel: all of it.

    """

    def __init__(self, offered: Sequence[Offered]) -> None:
        """Make the inputs."""
        self._offered = {one.parameter.name: one for one in offered}
        self._used = {name: one.value for name, one in self._offered.items()}
        self._chosen = dict(self._used)
        self._wrong: dict[str, str] = {}
        self._stale: set[str] = set()
        self.inputs = {name: self._input(one) for name, one in self._offered.items()}
        self.told = widgets.HTML()
        self.panel = widgets.VBox([*self.inputs.values(), self.told], layout=widgets.Layout(padding=f"{SPACE}px 0"))
        self.panel.add_class("l2bridge-choose")
        self._tell()

    def show(self) -> None:
        """Display the inputs; where no widget can be seen, what is used."""
        bundle = self.panel._repr_mimebundle_()
        display({**bundle, "text/plain": self.text()}, raw=True)

    def text(self) -> str:
        """Return what is used, and how to set it, for a log."""
        chosen = {name: value for name, value in self._used.items() if value}
        block = ["set for a run without a person:", assignments(chosen), options(chosen)] if chosen else []
        lines = [f"{one.parameter.name}: {self._said(one)}" for one in self._offered.values()]
        return "\n".join(printable(line, keep="\n") for line in [*lines, *block])

    def _input(self, one: Offered) -> Any:
        """Return a list, one to be searched by typing, or a field where nothing could be listed."""
        offer, name = one.offer, one.parameter.name
        common: dict[str, Any] = {
            "description": name,
            "style": _STYLE,
            "layout": {"width": _WIDTH},
            "tooltip": f"parameter {name}; empty: {offer.empty or 'it has to be chosen'}{_hint(one)}",
        }
        if not offer.options:
            field = widgets.Text(one.value, continuous_update=False, placeholder=offer.empty or "type it", **common)
        elif len(offer.options) > LISTED:
            hint = offer.empty or f"type to search {len(offer.options)}"
            labels = [option.label for option in offer.options]
            text = offer.label_of(one.value) if one.value else ""
            field = widgets.Combobox(
                value=text, options=labels, continuous_update=False, placeholder=hint, ensure_option=False, **common
            )
        else:
            field = widgets.Dropdown(options=_rows(one), value=one.value, **common)
        field.observe(lambda change: self._change(name, change["new"]), "value")
        return field

    def _change(self, name: str, entered: str) -> None:
        """Remember a choice, or say what is wrong with what was typed."""
        one = self._offered[name]
        value = self._value_of(one, entered or "")
        self._wrong.pop(name, None)
        if value is None:
            self._wrong[name] = f"{entered!r} is none of the {len(one.offer.options)} found; set the parameter instead"
        elif value and (refused := refusals([one.parameter], {name: value})):
            self._wrong[name] = refused[0]
        else:
            self._chosen[name] = value
            one.keep(value)
        self._put_off()
        self._tell()

    def _put_off(self) -> None:
        """Close what was listed for another choice than the present one."""
        changed = {name for name, value in self._chosen.items() if value != self._used[name]}
        self._stale = {name for name, one in self._offered.items() if changed & set(one.on)}
        for name, field in self.inputs.items():
            field.disabled = name in self._stale

    def _value_of(self, one: Offered, entered: str) -> str | None:
        """Return the value that was entered by its label or as it is; None: it is not in the list."""
        entered = entered.strip()
        if not entered or len(one.offer.options) <= LISTED:
            return entered
        values = {option.label: option.value for option in reversed(one.offer.options)}
        known = {one.value, *values.values()}
        return values.get(entered, entered if entered in known else None)

    def _tell(self) -> None:
        notes = "".join(self._note(name, one) for name, one in self._offered.items())
        changed = self._chosen != self._used
        again = f"{_MARK} <b>Changed: {AGAIN}.</b> What they show was read without it." if changed else ""
        fresh = {name: value for name, value in self._chosen.items() if value and name not in self._stale}
        self.told.value = f'<div role="status">{notes}{_line(again)}{_block(fresh)}</div>'

    def _note(self, name: str, one: Offered) -> str:
        """Return what its input does not say by itself."""
        needs_hand = name in self._wrong or not (self._chosen[name] or one.offer.empty)
        if not (needs_hand or name in self._stale or one.offer.trouble):
            return ""
        return _line(f"{_MARK if needs_hand else ''} <code>{escape(name)}</code>: {_escaped(self._said(one))}")

    def _said(self, one: Offered) -> str:
        """Return what is used, what is missing, or what is wrong."""
        name, offer = one.parameter.name, one.offer
        value = self._chosen[name]
        if name in self._stale:
            return "to be chosen for what was changed, when this cell has run again"
        if name in self._wrong:
            return f"not taken: {self._wrong[name]}"
        said = f"{offer.label_of(value)} (chosen)" if value else offer.empty
        said = said or f"not chosen yet; choose it, then {AGAIN}"
        if offer.trouble:
            return f"{said}; {'not all' if offer.options else 'nothing'} could be listed: {offer.trouble}"
        return said if offer.options else f"{said}; there is none to choose from"


def _rows(one: Offered) -> list[tuple[str, str]]:
    """Return a list's rows, label and value; what was chosen stays in it also when it is not found any more."""
    offer = one.offer
    rows = [(option.label, option.value) for option in offer.options]
    if one.value and one.value not in {value for _, value in rows}:
        rows.insert(0, (f"{printable(one.value)} (not found now)", one.value))
    return [(offer.empty or _CHOOSE, ""), *rows]


def _hint(one: Offered) -> str:
    """Return how to open a list: JupyterLab takes the arrows of one that is not open, and most letters."""
    return "; Enter opens the list" if 0 < len(one.offer.options) <= LISTED else ""


def _block(chosen: Mapping[str, str]) -> str:
    """Return how the choice is set for a run without a person, to be copied."""
    if not chosen:
        return ""
    return (
        f"{_line('For a run without a person, in the parameters cell:')}{copied(assignments(chosen))}"
        f"{_line('or as options of l2bridge:')}{copied(options(chosen))}"
    )


def _line(html: str) -> str:
    return f'<p style="margin:{SPACE // 2}px 0">{html}</p>' if html else ""


def _escaped(text: str) -> str:
    return escape(printable(text, keep="\n"))
