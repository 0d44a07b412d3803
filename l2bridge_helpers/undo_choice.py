"""Which run is put back, and with which parameters: what the journal says of it, and what it must not decide (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.errors import DataError, ParameterError
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.nodes import NodeRow, rows_table
from l2bridge_helpers.parameters import COMMON, PARAMETERS, SHARE, Parameter, anything, check_parameters, refusals
from l2bridge_helpers.plain_values import value_of

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.journal_records import JournalRow, JournalRun

_OWN = {"plan_file", "max_delete_percent"}
"""Parameters of all runbooks that make no sense here: nothing but what one run made is ever deleted."""
UNDO = (
    *(one for one in COMMON if one.name not in _OWN),
    SHARE,
    Parameter("run", "", anything),
    Parameter("skip_conflicts", default=False, problem=anything),
)
"""The parameters of `undo.ipynb`."""
_LISTED = 5
_OUTCOMES = ("applied", "unchanged", "failed", "")


def check_choice(values: Mapping[str, Any]) -> None:
    """Refuse bad values, all of them in one error.

    Raises:
        ParameterError: names each parameter, its value, and what would do.

    """
    refused = refusals(UNDO, values)
    if refused:
        raise ParameterError(" | ".join(refused))


def chosen_run(run: str, cluster: str, runs: Sequence[JournalRun]) -> JournalRun:
    """Return the run that is named, by its folder or the name of that; "": the last one that is no undo itself.

    Args:
        run: parameter `run`.
        cluster: whose run it has to be; "": anybody's.
        runs: those of the journal, the newest first.

    Raises:
        ParameterError: there is no such run; names some that there are.

    """
    own = [one for one in runs if cluster in ("", one.cluster)]
    name = run.rstrip("/").rpartition("/")[2]
    if run:
        found = next((one for one in runs if one.run == name), None)
        if found is not None and found in own:
            return found
        other = f"is of cluster {found.cluster!r}, not {cluster!r} (set parameter cluster)" if found else ""
        whose = other or "is not in the journal"
        raise ParameterError(f"parameter run: {run!r} {whose}; {_others(own)}")
    last = next((one for one in own if not one.undoes), None)
    if last is None:
        raise ParameterError(
            f"parameter run: '' is given, but in the journal no run has changed cluster {cluster!r}; {_others(runs)}"
        )
    return last


def _others(runs: Sequence[JournalRun]) -> str:
    names = [f"{one.run} ({one.cluster})" for one in runs[:_LISTED]]
    return f"the newest there: {', '.join(names)}" if names else "there is none; is parameter journal or runs right?"


def cloud_parameters(run: JournalRun, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters by which the run's network is found again.

    Where the cloud's own are, the journal says; where its API is must be given as it was: whoever can write to a
    journal must not be able to have credentials sent elsewhere.

    Raises:
        ParameterError: the endpoint is another one.
        DataError: the journal names no platform of ours, or parameters that no run can have had.

    """
    if run.platform not in PARAMETERS:
        raise DataError(f"the journal's run {run.run}: {run.platform!r} is no platform; was it edited?")
    then, now = str(run.parameters.get("endpoint", "")), given["endpoint"]
    if then != now:
        there = repr(then) if then else "'' (the public one)"
        raise ParameterError(
            f"parameter endpoint: {now!r} is not the one of run {run.run}, which was {there}; a journal's word is not "
            "enough to send credentials somewhere: give it yourself if it is right"
        )
    known = {one.name: one.default for one in PARAMETERS[run.platform]}
    named = {name: value for name, value in run.parameters.items() if name in known and name not in _names(COMMON)}
    own = {name: given[name] for name in known if name in given}
    network = {"network": run.network} if run.platform == "gce" else {}
    merged = {**known, **named, **network, **own, "cluster": run.cluster}
    try:
        check_parameters(run.platform, merged)
    except ParameterError as err:
        raise DataError(f"the journal's run {run.run} cannot be used: {err}") from err
    return merged


def _names(parameters: Sequence[Parameter]) -> set[str]:
    return {one.name for one in parameters}


def nodes_of(run: JournalRun) -> pd.DataFrame:
    """Return the nodes as the run saw them: the cluster itself is not asked.

    Raises:
        DataError: the journal holds no such table.

    """
    try:
        rows = [value_of(NodeRow, dict(record)) for record in run.nodes]
    except (TypeError, ValueError) as err:
        raise DataError(f"the journal's run {run.run}: its nodes cannot be read ({err}); was it edited?") from err
    return rows_table(rows, NetConf(), {})


@dataclass(frozen=True)
class Recorded:
    """What a journal holds of one run, and of the cluster's runs since.

    Attributes:
        run, rows: the run, and its changes.
        later: the changes of the runs since, oldest first.
        undoes: those of these runs that are undos -> the run that each puts back.

    """

    run: JournalRun
    rows: tuple[JournalRow, ...]
    later: tuple[JournalRow, ...] = ()
    undoes: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[JournalRow]:
        """Iterate over the rows, in the order in which they were intended."""
        return iter(self.rows)

    def target(self) -> dict[str, str]:
        """Return which run it is, by whom and when, as label -> value."""
        told = {
            "run": self.run.run,
            "made": f"{self.run.started} by {self.run.user}",
            "as": self.run.identity or "not known",
            "puts back": self.run.undoes,
            "changes": self.summary(),
        }
        return {label: value for label, value in told.items() if value}

    def summary(self) -> str:
        """Return how many changes it made, in a sentence."""
        counts = {outcome: sum(row.outcome == outcome for row in self.rows) for outcome in _OUTCOMES}
        words = {"applied": "made", "unchanged": "not made", "failed": "failed", "": "intended, and perhaps made"}
        told = [f"{count} {words[outcome]}" for outcome, count in counts.items() if count]
        return ", ".join(told) or "none"
