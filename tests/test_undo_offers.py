"""The runs that can be put back, as a person sees them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers.journal import Journal
from l2bridge_helpers.undo_choice import UNDO
from l2bridge_helpers.undo_offers import runs_offered, told
from tests.journals import RUN, a_change, a_run
from tests.test_kube import write_kubeconfig


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """The parameters of an undo beside a journal that is still empty, on a cluster called `cluster-one`."""
    Journal.open(f"sqlite:///{tmp_path}/journal.db").close()
    kubeconfig = write_kubeconfig(tmp_path)
    return {parameter.name: parameter.default for parameter in UNDO} | {"runs": str(tmp_path), "kubeconfig": kubeconfig}


def _write(given: dict[str, Any], run: str, outcome: str = "applied", **changed: Any) -> None:
    with closing(Journal.open(f"sqlite:///{given['runs']}/journal.db")) as journal:
        journal.begin(a_run(run, **changed))
        journal.intend(run, [(0, a_change(0))])
        journal.settle(run, [0], outcome)


def test_a_run_is_told_by_when_where_how_much_and_by_whom() -> None:
    """What somebody remembers of it."""
    assert told(RUN, 1) == "2026-11-24 12:00 UTC, gce, cluster lab: 1 change by alice@desk-7"
    assert told(a_run(undoes="first"), 1200).endswith(": 1200 changes by alice@desk-7, puts back first")


def test_names_from_the_journal_cannot_forge_a_line() -> None:
    """Others may have written it."""
    assert "\x1b" not in told(a_run(user="x\x1b[2J\n"), 1)


def test_runs_that_changed_nothing_are_not_offered(given: dict[str, Any]) -> None:
    """There is nothing to put back."""
    assert runs_offered(given) is None
    _write(given, "refused", "unchanged")
    assert runs_offered(given) is None


def test_the_newest_run_comes_first_and_empty_means_the_clusters_last(given: dict[str, Any]) -> None:
    """Undos and other clusters' runs are there, but are not what is meant when none is named."""
    _write(given, "a", cluster="cluster-one", started="2026-11-24T10:00:00+00:00")
    _write(given, "b", "failed", cluster="cluster-one", started="2026-11-24T11:00:00+00:00")
    _write(given, "c", "unchanged", cluster="cluster-one")
    _write(given, "d", cluster="cluster-one", undoes="b")
    _write(given, "e", cluster="cluster-two")
    offer = runs_offered(given)
    assert offer is not None
    assert [option.value for option in offer.options] == ["e", "d", "b", "a"]
    assert offer.empty == (
        "the last one of cluster cluster-one: 2026-11-24 11:00 UTC, gce, cluster cluster-one: 1 change by alice@desk-7"
    )


@pytest.mark.parametrize("cluster", ["cluster-two", "cluster-three"])
def test_only_a_given_clusters_runs_are_offered(given: dict[str, Any], cluster: str) -> None:
    """Another one's would be refused."""
    _write(given, "a", cluster="cluster-one")
    _write(given, "b", cluster="cluster-two")
    offer = runs_offered({**given, "cluster": cluster})
    found = [option.value for option in offer.options] if offer else []
    assert found == (["b"] if cluster == "cluster-two" else [])


def test_a_run_has_to_be_chosen_where_none_is_meant(given: dict[str, Any]) -> None:
    """The cluster has none, or nobody knows which cluster is meant."""
    _write(given, "a", cluster="another")
    for parameters in (given, {**given, "kubeconfig": "/nowhere"}):
        offer = runs_offered(parameters)
        assert offer is not None
        assert offer.empty == ""
