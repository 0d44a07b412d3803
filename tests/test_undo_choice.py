"""Which run is put back, and what its journal must not decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from l2bridge_helpers.changes import Change
from l2bridge_helpers.errors import DataError, ParameterError
from l2bridge_helpers.journal_records import JournalRow, JournalRun
from l2bridge_helpers.nodes import node_names
from l2bridge_helpers.undo_choice import UNDO, Recorded, check_choice, chosen_run, cloud_parameters, nodes_of

DEFAULTS: dict[str, Any] = {parameter.name: parameter.default for parameter in UNDO}
FIRST = JournalRun(
    run="run-1",
    cluster="blue",
    platform="gce",
    network="projects/p/global/networks/net",
    plan_hash="",
    user="me@here",
    identity="",
    started="2026-11-24T20:00:00+00:00",
    parameters={"project": "my-project", "network": "", "endpoint": ""},
)
SECOND = replace(FIRST, run="run-2")
OTHERS = replace(FIRST, run="run-3", cluster="green")
UNDONE = replace(FIRST, run="run-4", undoes="run-2")
RUNS = (UNDONE, OTHERS, SECOND, FIRST)


def test_the_last_run_that_is_no_undo_is_meant_when_none_is_named() -> None:
    """An undo that broke off is gone on with when the notebook is run again, not put back itself."""
    assert chosen_run("", "blue", RUNS) is SECOND


@pytest.mark.parametrize("name", ["run-1", "runs/run-1", "runs/run-1/"])
def test_a_run_is_named_by_its_folder(name: str) -> None:
    """By its name, or by its path, as somebody copied it."""
    assert chosen_run(name, "blue", RUNS) is FIRST
    assert chosen_run(name, "", RUNS) is FIRST


def test_an_undo_can_be_named() -> None:
    """Then what it has put back is made again."""
    assert chosen_run("run-4", "blue", RUNS) is UNDONE


@pytest.mark.parametrize(
    ("run", "cluster", "words"),
    [
        ("run-9", "blue", ["parameter run: 'run-9' is not in the journal", "run-4 (blue), run-2 (blue), run-1 (blue)"]),
        ("run-3", "blue", ["parameter run: 'run-3' is of cluster 'green', not 'blue'"]),
        ("", "red", ["parameter run: ''", "no run has changed cluster 'red'", "run-3 (green)"]),
    ],
)
def test_a_run_that_is_not_there_is_refused_with_those_that_are(run: str, cluster: str, words: list[str]) -> None:
    """The error names the parameter, its value, and what may be given."""
    with pytest.raises(ParameterError) as caught:
        chosen_run(run, cluster, RUNS)
    assert [word for word in words if word not in str(caught.value)] == []


def test_an_empty_journal_is_said_to_be_empty() -> None:
    """Perhaps it is another one."""
    with pytest.raises(ParameterError, match="there is none; is parameter journal or runs right"):
        chosen_run("", "blue", ())


def test_where_the_network_is_comes_from_the_journal() -> None:
    """With the network that was found then, even when no machine tells it any more; the run's own stay as given."""
    given = {**DEFAULTS, "runs": "elsewhere", "share": 0.5}
    merged = cloud_parameters(FIRST, given)
    wanted = {"project": "my-project", "network": FIRST.network, "runs": "elsewhere", "share": 0.5, "cluster": "blue"}
    assert {name: merged[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("then", "now"), [("https://evil.example", ""), ("", "https://api.example"), ("https://a.b", "https://a.c")]
)
def test_where_credentials_are_sent_does_not(then: str, now: str) -> None:
    """The endpoint has to be given as it was; the error names both."""
    run = replace(FIRST, parameters={**FIRST.parameters, "endpoint": then})
    with pytest.raises(ParameterError) as caught:
        cloud_parameters(run, {**DEFAULTS, "endpoint": now})
    assert f"parameter endpoint: {now!r} is not the one of run run-1" in str(caught.value)
    assert (then or "the public one") in str(caught.value)


@pytest.mark.parametrize(
    "edited",
    [
        {"platform": "gopher"},
        {"parameters": {"project": "../../etc", "endpoint": ""}},
        {"parameters": {"project": 7, "endpoint": ""}},
        {"network": "https://evil.example/x"},
    ],
)
def test_a_journal_that_was_edited_is_refused(edited: dict[str, Any]) -> None:
    """What ends up in requests is checked like a parameter that was given; the error names the run."""
    with pytest.raises(DataError, match="run-1"):
        cloud_parameters(replace(FIRST, **edited), DEFAULTS)


def test_what_the_journal_says_beside_is_not_used() -> None:
    """Parameters of the run itself, and names that no runbook has."""
    more = {**FIRST.parameters, "mode": "apply", "confirm": "blue", "journal": "sqlite:////x/y", "other": 1}
    merged = cloud_parameters(replace(FIRST, parameters=more), DEFAULTS)
    assert (merged["mode"], merged["confirm"], merged["journal"]) == ("plan", "", "")
    assert "other" not in merged


def test_nodes_are_those_that_the_run_saw() -> None:
    """Whatever has become of the cluster since."""
    record = {"nodeName": "node-1", "nodeIP": "10.0.0.1", "routeDestination": "10.42.0.0/24", "ready": True}
    assert node_names(nodes_of(replace(FIRST, nodes=[record]))) == ("node-1",)
    with pytest.raises(DataError, match="run-1: its nodes cannot be read"):
        nodes_of(replace(FIRST, nodes=[{**record, "nodeIP": 7}]))


def test_bad_parameters_are_refused_all_at_once() -> None:
    """As everywhere."""
    with pytest.raises(ParameterError) as caught:
        check_choice({**DEFAULTS, "mode": "undo", "share": 2.0, "skip_conflicts": "yes"})
    assert all(f"parameter {name}: " in str(caught.value) for name in ("mode", "share", "skip_conflicts"))


def test_a_run_is_told_with_what_became_of_its_changes() -> None:
    """An intent without an outcome is told as such: it may have been made."""
    change = Change("update", "forwarding", "node-1", "node-1", {"forwarding": False}, {"forwarding": True}, "why")
    outcomes = ("applied", "applied", "failed", "")
    rows = tuple(JournalRow("run-1", place, change, "then", outcome) for place, outcome in enumerate(outcomes))
    told = Recorded(FIRST, rows).target()
    assert told["changes"] == "2 made, 1 failed, 1 intended, and perhaps made"
    assert told["made"] == "2026-11-24T20:00:00+00:00 by me@here"
    assert told["as"] == "not known"
    assert "puts back" not in told
