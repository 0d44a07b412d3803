"""The journal on both databases: what is written is read back, in order, by any number of writers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.changes import Change
from l2bridge_helpers.errors import JournalError
from l2bridge_helpers.journal import HISTORY, Journal, history
from l2bridge_helpers.journal_records import JournalRow, JournalRun, os_user
from l2bridge_helpers.journal_schema import escaped, restored
from tests.journals import ROUTE, RUN, a_change, a_run

pytestmark = pytest.mark.xdist_group("postgresql")

_WRITER = """
import sys
from l2bridge_helpers.journal import Journal
from tests.journals import a_change, a_run
url, run, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
journal = Journal.open(url)
journal.begin(a_run(run))
for place in range(count):
    journal.intend(run, [(place, a_change(place))])
    print(place, flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A journal that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/runs/journal.db"
    return str(request.getfixturevalue("postgres").url())


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with closing(Journal.open(url)) as journal:
        yield journal


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def any_journal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """A journal that many examples write to, each its own run."""
    folder = tmp_path_factory.mktemp("journal")
    postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgres").url() if postgresql else f"sqlite:///{folder}/journal.db"
    with closing(Journal.open(url)) as journal:
        yield journal


def writer(url: str, run: str, count: int) -> subprocess.Popen[str]:
    """Start another process that begins a run, and intends changes one by one."""
    command = [sys.executable, "-c", _WRITER, url, run, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_runs_that_changed_something_are_counted(journal: Journal) -> None:
    """By what they made, or may have made: not what was surely not made."""
    outcomes = {"made": ("applied", "unchanged", ""), "perhaps": ("failed", ""), "nothing": ("unchanged",), "new": ()}
    for name, settled in outcomes.items():
        run = f"ü {name}"
        journal.begin(a_run(run))
        journal.intend(run, [(place, a_change(place)) for place in range(len(settled))])
        for place, outcome in enumerate(settled):
            if outcome:
                journal.settle(run, [place], outcome)
    assert journal.changed() == {"ü made": 2, "ü perhaps": 2}


def test_what_is_written_is_read_back(journal: Journal) -> None:
    """A run and its changes come back as they were, with when they were intended and what became of them."""
    other = a_change(2, before={"nextHop": "instance-7"}, action="update")
    journal.begin(RUN)
    journal.intend(RUN.run, [(0, ROUTE), (1, other)])
    journal.settle(RUN.run, [0], "applied")
    journal.settle(RUN.run, [1], "failed", "quota exceeded")
    rows = journal.rows(RUN.run)
    assert journal.runs() == (RUN,)
    assert [(row.place, row.change, row.outcome, row.error) for row in rows] == [
        (0, ROUTE, "applied", ""),
        (1, other, "failed", "quota exceeded"),
    ]
    assert all(pd.Timestamp(row.intended) <= pd.Timestamp(row.settled) for row in rows)


def test_an_intent_alone_has_no_outcome(journal: Journal) -> None:
    """A change that was written down and not settled may or may not have been made."""
    journal.begin(RUN)
    journal.intend(RUN.run, [(3, ROUTE)])
    assert [(row.place, row.outcome, row.settled) for row in journal.rows(RUN.run)] == [(3, "", "")]


def test_it_is_all_there_when_it_is_opened_again(url: str) -> None:
    """Nothing is only in memory."""
    with closing(Journal.open(url)) as first:
        first.begin(RUN)
        first.intend(RUN.run, [(0, ROUTE)])
    with closing(Journal.open(url)) as again:
        assert [row.change for row in again.rows(RUN.run)] == [ROUTE]


def test_runs_are_newest_first_and_of_one_cluster(journal: Journal) -> None:
    """The run that began last stands first, also when several began in the same second."""
    for name, cluster in (("b", "lab"), ("a", "lab"), ("c", "other")):
        journal.begin(a_run(name, cluster=cluster))
    assert [run.run for run in journal.runs()] == ["c", "a", "b"]
    assert [run.run for run in journal.runs("lab")] == ["a", "b"]
    assert journal.runs("nobody's") == ()


def test_rows_stand_in_the_order_of_intent(journal: Journal) -> None:
    """What was written down first stands first, whatever its place in the plan."""
    journal.begin(RUN)
    for places in ((7, 3), (5,), (1, 2, 0)):
        journal.intend(RUN.run, [(place, a_change(place)) for place in places])
    assert [row.place for row in journal.rows(RUN.run)] == [7, 3, 5, 1, 2, 0]


def test_a_runs_name_is_taken_once(journal: Journal) -> None:
    """Two machines may make a run of the same second: the second is told, and nothing is mixed up."""
    journal.begin(RUN)
    with pytest.raises(JournalError, match=f"it has a run {RUN.run} already; run again"):
        journal.begin(replace(RUN, user="bob@desk-8"))
    assert journal.runs() == (RUN,)


def test_a_change_is_intended_once_and_within_a_run(journal: Journal) -> None:
    """A second intent for the same place, or one of a run that has not begun, is an error of ours, and shown."""
    journal.begin(RUN)
    journal.intend(RUN.run, [(0, ROUTE)])
    with pytest.raises(JournalError, match="there already"):
        journal.intend(RUN.run, [(1, ROUTE), (0, ROUTE)])
    with pytest.raises(JournalError, match="run has not begun"):
        journal.intend("unknown", [(0, ROUTE)])
    assert [row.place for row in journal.rows(RUN.run)] == [0]


def test_an_outcome_stays(journal: Journal) -> None:
    """What is settled is not settled otherwise later; what was never intended has no outcome."""
    journal.begin(RUN)
    journal.intend(RUN.run, [(0, ROUTE)])
    journal.settle(RUN.run, [0], "applied")
    journal.settle(RUN.run, [0], "applied")
    with pytest.raises(JournalError, match="changes 0 cannot be failed"):
        journal.settle(RUN.run, [0], "failed", "late")
    with pytest.raises(JournalError, match="changes 0, 4 cannot be applied"):
        journal.settle(RUN.run, [0, 4], "applied")
    with pytest.raises(JournalError, match="'maybe' is no outcome"):
        journal.settle(RUN.run, [0], "maybe")
    assert [(row.outcome, row.error) for row in journal.rows(RUN.run)] == [("applied", "")]


def test_facts_that_are_no_json_are_refused_before_anything_is_written(journal: Journal) -> None:
    """The error names the change."""
    journal.begin(RUN)
    with pytest.raises(JournalError, match="node node-1: route of l2b-lab-1 cannot be written down"):
        journal.intend(RUN.run, [(0, replace(ROUTE, after={"table": object()}))])
    assert journal.rows(RUN.run) == ()


def test_threads_write_side_by_side(journal: Journal) -> None:
    """Each of many threads finds its own change settled when it is told so."""
    journal.begin(RUN)
    seen = []

    def write(place: int) -> None:
        journal.intend(RUN.run, [(place, a_change(place))])
        journal.settle(RUN.run, [place], "applied" if place % 2 else "failed", "" if place % 2 else f"error {place}")
        seen.append(place)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(write, range(200)))
    rows = {row.place: row for row in journal.rows(RUN.run)}
    assert sorted(seen) == sorted(rows) == list(range(200))
    assert all(row.change == a_change(place) for place, row in rows.items())
    assert all(row.error == ("" if place % 2 else f"error {place}") for place, row in rows.items())


def test_one_threads_mistake_is_its_own(journal: Journal) -> None:
    """Of changes that are committed together, only the wrong one is refused."""
    journal.begin(RUN)
    journal.intend(RUN.run, [(0, ROUTE)])
    start = threading.Barrier(9)

    def write(place: int) -> str:
        start.wait()
        try:
            journal.intend(RUN.run, [(place, a_change(place))])
        except JournalError as err:
            return str(err)
        return ""

    with ThreadPoolExecutor(9) as pool:
        errors = list(pool.map(write, range(9)))
    assert [bool(error) for error in errors] == [True] + [False] * 8
    assert sorted(row.place for row in journal.rows(RUN.run)) == list(range(9))


def test_processes_create_it_and_write_side_by_side(url: str) -> None:
    """Several processes that start at once make one journal, and each finds its own changes in it."""
    writers = [writer(url, f"run-{number}", 20) for number in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in writers] == [("", 0)] * 3
    with closing(Journal.open(url)) as journal:
        assert sorted(run.run for run in journal.runs()) == ["run-0", "run-1", "run-2"]
        assert all([row.place for row in journal.rows(run.run)] == list(range(20)) for run in journal.runs())


def test_many_who_open_a_new_one_at_once_all_succeed(url: str) -> None:
    """One of them makes the tables, the others find them."""
    start = threading.Barrier(8)

    def open_and_begin(name: str) -> None:
        start.wait()
        with closing(Journal.open(url)) as journal:
            journal.begin(a_run(name))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_begin, "abcdefgh"))
    with closing(Journal.open(url)) as journal:
        assert sorted(run.run for run in journal.runs()) == list("abcdefgh")


def test_what_was_intended_survives_a_kill(url: str) -> None:
    """After `kill -9` the journal opens, and holds every change whose intent had returned."""
    process = writer(url, "killed", 100_000)
    assert process.stdout
    told = [int(process.stdout.readline()) for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    process.communicate(timeout=60)
    with closing(Journal.open(url)) as journal:
        there = [row.place for row in journal.rows("killed")]
    assert there[: len(told)] == told == list(range(len(told)))
    assert len(there) <= len(told) + 1


def test_history_is_one_row_per_change_oldest_first(journal: Journal) -> None:
    """History tells who, when, what and what became of it, of all clusters or of one, of all nodes or of one."""
    journal.begin(a_run("first"))
    journal.intend("first", [(0, a_change(1)), (1, a_change(2))])
    journal.settle("first", [0], "applied")
    journal.begin(a_run("second", cluster="other", undoes="first"))
    journal.intend("second", [(0, a_change(1, action="delete"))])
    journal.settle("second", [0], "failed", "it is in use")
    table = history(journal)
    assert list(table.columns) == list(HISTORY)
    assert list(zip(table["run"], table["node"], table["outcome"], strict=True)) == [
        ("first", "node-1", "applied"),
        ("first", "node-2", ""),
        ("second", "node-1", "failed"),
    ]
    assert table["settled"].isna().tolist() == [False, True, False]
    last = table.iloc[2]
    assert (last["undoes"], last["user"], last["identity"]) == ("first", RUN.user, RUN.identity)
    assert (last["error"], last["after"]) == ("it is in use", dict(ROUTE.after))
    assert list(history(journal, node="node-1")["run"]) == ["first", "second"]
    assert list(history(journal, cluster="lab", node="node-1")["run"]) == ["first"]


def test_an_empty_history_has_the_same_columns_and_types(journal: Journal) -> None:
    """Code that works on a history works on one without rows."""
    journal.begin(RUN)
    empty = history(journal)
    journal.intend(RUN.run, [(0, ROUTE)])
    unsettled = history(journal)
    journal.settle(RUN.run, [0], "applied")
    assert (len(empty), len(unsettled)) == (0, 1)
    assert dict(empty.dtypes) == dict(unsettled.dtypes) == dict(history(journal).dtypes)
    assert str(empty["settled"].dtype) == "datetime64[s, UTC]"


def test_history_opens_a_url(url: str) -> None:
    """The journal's URL does as well as the journal."""
    with closing(Journal.open(url)) as journal:
        journal.begin(RUN)
        journal.intend(RUN.run, [(0, ROUTE)])
        assert history(url).equals(history(journal))


def test_who_runs_it_is_the_process_not_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`$USER` can say anything; the account of the process cannot."""
    honest = os_user()
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert os_user() == honest
    assert "@" in honest


_any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=30) | st.sampled_from(
    ["\0", "a\\x00b", "\\", "\\\\ud800", "\ud800", "<script>", "'; DROP TABLE journal_runs; --", "%s :x", "🛰" * 9000]
)
_facts = st.dictionaries(
    _any_text,
    st.recursive(
        st.none() | st.booleans() | st.integers() | _any_text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_any_text, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
_changes = st.builds(
    Change,
    action=st.sampled_from(["create", "update", "delete"]),
    kind=_any_text,
    resource=_any_text,
    node=_any_text,
    before=_facts,
    after=_facts,
    reason=_any_text,
    command=_any_text,
)
_names = iter(range(1_000_000))


@settings(max_examples=60)  # each is a few commits
@given(
    changes=st.lists(_changes, max_size=4),
    run=st.builds(
        JournalRun,
        run=_any_text,
        **dict.fromkeys(["cluster", "platform", "network", "plan_hash", "user", "identity", "undoes"], _any_text),
        started=st.just(RUN.started),
        parameters=_facts,
        nodes=st.lists(_facts, max_size=2),
    ),
    error=_any_text,
)
def test_any_text_is_read_back_equal(any_journal: Journal, changes: list[Change], run: JournalRun, error: str) -> None:
    """Whatever names, facts and errors hold: NUL, halves of characters, quotes, a megabyte of them."""
    number = next(_names)
    run = replace(run, run=f"{number} {run.run}", cluster=f"{number} {run.cluster}")
    any_journal.begin(run)
    any_journal.intend(run.run, list(enumerate(changes)))
    any_journal.settle(run.run, list(range(len(changes))), "failed", error)
    assert any_journal.runs(run.cluster) == (run,)
    assert [row.change for row in any_journal.rows(run.run)] == changes
    assert {row.error for row in any_journal.rows(run.run)} <= {error}
    assert list(any_journal.history(cluster=run.cluster)["after"]) == [dict(change.after) for change in changes]


@given(_any_text)
def test_what_is_kept_can_be_kept_anywhere(text: str) -> None:
    """No database refuses what is left, and the text can be had back."""
    kept = escaped(text)
    assert "\0" not in kept.encode().decode()
    assert restored(kept) == text


def test_a_large_plan_fits(journal: Journal) -> None:
    """Five thousand nodes' records and one write of four hundred routes are no trouble."""
    nodes = [{"nodeName": f"node-{number}", "podCIDR": "10.244.0.0/24" * 5} for number in range(5000)]
    changes = [(place, a_change(place)) for place in range(400)]
    journal.begin(a_run("large", nodes=nodes))
    journal.intend("large", changes)
    assert journal.runs()[0].nodes == nodes
    assert journal.rows("large")[399] == JournalRow("large", 399, a_change(399), journal.rows("large")[0].intended)
