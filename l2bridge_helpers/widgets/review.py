"""The review of a plan: what it would do, every row of it, and a button that applies exactly it.

The button begins a run of its own, in `apply` mode, which does what the notebook's cells do in that mode. It works
beside the cells, so that the notebook stays usable, and *Stop* ends it between two changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import ipywidgets as widgets

from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.interactive import namespace
from l2bridge_helpers.looks import ATTENTION, BAD, CHANGE, GOOD, badge
from l2bridge_helpers.printable import printable
from l2bridge_helpers.show import PLAN_COLUMNS, plan_rows
from l2bridge_helpers.widgets.frame import framed
from l2bridge_helpers.widgets.gauge import Gauge
from l2bridge_helpers.widgets.table import BrowseTable, Row

if TYPE_CHECKING:
    from l2bridge_helpers.progress import Pulse
    from l2bridge_helpers.proposal import Proposal
    from l2bridge_helpers.run import Run
    from l2bridge_helpers.show import Shown

_SHOWN = ("Apply", "Verify", "Undo")
"""Sections of the run that applies which tell more than the review does."""
_PHASES = {
    "Target": "Starting",
    "Nodes": "Reading the nodes",
    "Changes": "Reading the journal",
    "Findings": "Reading the network",
    "Reachability now": "Following the packets",
    "Plan": "Comparing with the plan above",
    "Apply": "Applying",
    "Verify": "Verifying by a fresh read",
    "Undo": "Writing the report",
}
_STOPPED = "it was stopped by hand"
_AGAIN = "<p>To go on, run the cells again, from Target on: only what is missing is planned.</p>"
_STYLE = f"""<style>
.l2bridge-review :is(button, input, select, summary):focus-visible {{
    outline: 2px solid {CHANGE.fill}; outline-offset: 2px }}
.l2bridge-review .jp-RenderedHTMLCommon table {{ margin-left: 0 }}
</style>"""
_FAILURES = 20
"""Failures that are shown while the rest goes on; the results hold all."""


class Review:
    """One review.

    Attributes:
        panel: the widget.
        state: `ready`, `running`, or how it ended: `done`, `failed`.

    """

    def __init__(self, proposal: Proposal) -> None:
        """Show the plan; the button waits for the cluster's name."""
        self._proposal = proposal
        self._cluster = proposal.changes.cluster
        self.state = "ready"
        self._run: Run | None = None
        self._table = BrowseTable(PLAN_COLUMNS, plan_rows(proposal.changes), _choices(proposal))
        self._name = widgets.Text(
            description=f"Type {self._cluster} to apply",
            placeholder="the cluster's name",
            continuous_update=True,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="34em", max_width="100%"),
        )
        self._button = widgets.Button(
            description=f"Apply to {self._cluster}",
            tooltip="Send these changes, and verify them by a fresh read",
            button_style="primary",
            disabled=True,
            layout=widgets.Layout(width="auto"),
        )
        self._stop = widgets.Button(
            description="Stop",
            tooltip="Send no further change; what is under way is finished",
            layout=widgets.Layout(width="8em", display="none"),
        )
        self._gauge = Gauge("changes that are over")
        self._link = widgets.Output()
        self._status = widgets.HTML()
        self._news = widgets.HTML()
        self._log = _Log(self)
        self._name.observe(self._typed, "value")
        self._button.on_click(self._clicked)
        self._stop.on_click(self._stopped)
        self.panel = widgets.VBox(self._parts(), layout=widgets.Layout(padding="8px 0"))
        self.panel.add_class("l2bridge-review")

    def _parts(self) -> list[widgets.Widget]:
        proposal = self._proposal
        head = [_html(f"{_STYLE}<b>{escape(printable(proposal.sentence()))}</b>"), self._table.panel]
        if not proposal.changes.writes:
            return [*head, _html("Nothing to apply: everything that this runbook sees to is in order.")]
        refusal = proposal.refusal()
        if refusal:
            return [*head, _html(f"{badge('blocked')} {escape(printable(refusal))}")]
        notes = [_html(f"{badge('warning')} {escape(printable(text))}") for text in proposal.warnings()]
        ask = widgets.HBox(
            [self._name, self._button, self._stop], layout=widgets.Layout(flex_flow="row wrap", grid_gap="4px 12px")
        )
        line = f"<pre>{escape(printable(proposal.line))}</pre>"
        return [
            *head,
            *notes,
            ask,
            self._gauge.panel,
            self._status,
            self._link,
            self._news,
            widgets.HTML(framed(f"<details><summary>The same without a click</summary>{line}</details>")),
        ]

    def _typed(self, _change: Any) -> None:
        self._button.disabled = self.state != "ready" or self._name.value != self._cluster

    def _clicked(self, _button: widgets.Button) -> None:
        """Begin, unless the name is not the cluster's or the plan is not what the notebook is about any more."""
        if self.state != "ready" or self._name.value != self._cluster:
            return
        outdated = self._proposal.outdated(namespace())
        if outdated:
            self._button.disabled = True
            self._say_status(f"<p>{badge('not sent')} {escape(printable(outdated))}</p>")
            return
        self.state = "running"
        self._name.disabled = self._button.disabled = True
        self._stop.layout.display = ""
        self._gauge.show(0, len(self._proposal.changes.writes))
        self._say_status(_line("Starting …"))
        threading.Thread(target=self._work, name="review", daemon=True).start()

    def _work(self) -> None:
        error = ""
        try:
            run = self._run = self._proposal.begin(self._name.value)
            run.stage = self._log
            if self._stop.disabled:
                run.stop(_STOPPED)
            run.carry_out()
        except L2BridgeError as err:
            error = str(err)
        except BaseException as err:  # whatever it is, the person is told, and not left with a bar that stands
            error = f"unexpected {type(err).__name__}: {err}"
            raise
        finally:
            self._end(error)

    def _end(self, error: str) -> None:
        self.state = "failed" if error else "done"
        self._stop.layout.display = "none"
        applied, planned = (self._run.outcome.results.applied if self._run else 0), len(self._proposal.changes.writes)
        sent = bool(self._run and self._run.outcome.results.sent)
        done = f"{applied} of {planned} changes were made"
        if not error:
            summary = self._run.outcome.summary() if self._run else ""
            self._gauge.show(self._gauge.most, self._gauge.most, GOOD)
            self._say_status(_verdict("ok", f"Applied and verified: {summary}."))
        elif self._run and self._run.halted and applied < planned:
            self._gauge.show(self._gauge.value, self._gauge.most, ATTENTION)
            told = f"{done}, and stand in the journal; the others were not" if sent else "nothing was"
            why = _folded("What that means for the network", error)
            self._say_status(f"{_verdict('stopped', f'Stopped: {told} sent.')}{why}{_AGAIN}")
        else:
            self._gauge.show(self._gauge.value, self._gauge.most, BAD)
            told = f"Not finished: {done}." if sent else "Nothing was sent."
            self._say_status(f"{_verdict('failed', told)}{_line(error)}{_AGAIN}")
        report = self._run.folder / "report.html" if self._run else None
        if report and report.exists():
            path, told = quote(str(report)), escape(printable(str(report)))
            link = "Report" if report.is_absolute() else f'<a href="{path}" target="_blank">Open the report</a>'
            data = {"text/html": f"<p>{link}: <code>{told}</code></p>", "text/plain": f"report: {report}"}
            self._link.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)

    def _stopped(self, _button: widgets.Button) -> None:
        """Send no further change."""
        self._stop.disabled = True
        self._stop.description = "Stopping …"
        if self._run:
            self._run.stop(_STOPPED)

    def tell(self, phase: str) -> None:
        """Show what is going on."""
        self._say_status(_line(f"{phase} …"))

    def tell_pulse(self, pulse: Pulse) -> None:
        """Show how far it is."""
        self._gauge.show(pulse.done + pulse.failed, pulse.total)
        failures = [f"{one.change.about}{one.change.resource}: {one.error}" for one in pulse.failures]
        self._say_status(_line(f"Applying: {pulse}.") + _list(failures))

    def add(self, html: str) -> None:
        """Show a section of the run."""
        self._news.value += framed(html)

    def _say_status(self, html: str) -> None:
        self._status.value = framed(html, role="status", aria_live="polite")


class _Log:
    """The stage of the run that applies: the review's own panel."""

    def __init__(self, review: Review) -> None:
        """Belong to a review."""
        self._review = review

    def begin(self, section: str) -> None:
        """Show which step it is."""
        self._review.tell(_PHASES.get(section, section))

    def show(self, section: str, both: Shown, /, *, folded: bool = False) -> None:
        """Show what the review has not shown."""
        del folded
        if section in _SHOWN:
            self._review.add(f"<section><h3>{escape(section)}</h3>{both.html}</section>")

    def say(self, line: str) -> None:
        """Show a line."""
        self._review.add(_line(line))

    def watch(self, pulse: Pulse) -> None:
        """Show how far it is."""
        self._review.tell_pulse(pulse)


def _choices(proposal: Proposal) -> dict[str, Callable[[Row], bool]]:
    """Return what can be chosen to see; at first what would change, and what is in the way."""
    actions = list(dict.fromkeys(change.action for change in proposal.changes))
    kinds = list(dict.fromkeys(change.kind for change in proposal.changes))
    choices: dict[str, Callable[[Row], bool]] = {"changes": lambda row: row[0] != "none", "all rows": lambda _row: True}
    choices |= {f"only {action}": _with(0, action) for action in actions if len(actions) > 1}
    return choices | {f"only {kind}": _with(1, kind) for kind in kinds if len(kinds) > 1}


def _with(place: int, word: str) -> Callable[[Row], bool]:
    def keep(row: Row) -> bool:
        return row[place] == word

    return keep


def _html(told: str) -> widgets.HTML:
    return widgets.HTML(framed(f"<p>{told}</p>"))


def _verdict(word: str, told: str) -> str:
    return f"<p>{badge(word)} <b>{escape(printable(told))}</b></p>"


def _folded(what: str, text: str) -> str:
    return f"<details><summary>{escape(what)}</summary>{_line(text)}</details>"


def _line(text: str) -> str:
    return f"<p>{escape(printable(text))}</p>"


def _list(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    more = [f"and {len(texts) - _FAILURES} more, see the results"] if len(texts) > _FAILURES else []
    items = "".join(f"<li>{escape(printable(text))}</li>" for text in [*texts[:_FAILURES], *more])
    return f"<p>Failed so far:</p><ul>{items}</ul>"
