"""The runs of a journal that changed something: what `undo.ipynb` can put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.choices import Offer, Option
from l2bridge_helpers.errors import L2BridgeError
from l2bridge_helpers.journal_url import journal_url
from l2bridge_helpers.printable import printable

if TYPE_CHECKING:
    from l2bridge_helpers.journal_records import JournalRun

_MINUTES = len("2026-11-24T20:00")


def runs_offered(given: Mapping[str, Any]) -> Offer | None:
    """Return the runs that changed something, newest first; None where there is none.

    Args:
        given: the parameters of the undo.

    Raises:
        JournalError: the journal cannot be read.

    """
    from l2bridge_helpers.journal import Journal  # SQLAlchemy costs time, and a run that is named needs no list

    with closing(Journal.open(journal_url(given["journal"], given["runs"]), create=False)) as journal:
        counts = journal.changed()
        runs = [run for run in journal.runs(given["cluster"]) if counts.get(run.run)]
    labels = {run.run: told(run, counts[run.run]) for run in runs}
    if not runs:
        return None
    return Offer(tuple(Option(name, label) for name, label in labels.items()), _last(runs, labels, _cluster(given)))


def told(run: JournalRun, changes: int) -> str:
    """Return a run in a line: when, where, how much, by whom."""
    when = f"{run.started[:_MINUTES].replace('T', ' ')} UTC"
    much = f"{changes} change{'' if changes == 1 else 's'}"
    back = f", puts back {run.undoes}" if run.undoes else ""
    return printable(f"{when}, {run.platform}, cluster {run.cluster}: {much} by {run.user}{back}")


def _last(runs: Iterable[JournalRun], labels: Mapping[str, str], cluster: str) -> str:
    """Return which one is meant when none is named, "" when that is an error."""
    own = [run for run in runs if cluster and run.cluster == cluster and not run.undoes]
    return f"the last one of cluster {printable(cluster)}: {labels[own[0].run]}" if own else ""


def _cluster(given: Mapping[str, Any]) -> str:
    """Return whose run is meant; "" where nothing says so."""
    from l2bridge_helpers.kube import Kube
    from l2bridge_helpers.kubeconfig import cluster_of

    if given["cluster"]:
        return str(given["cluster"])
    try:
        return cluster_of("", Kube(given["kubeconfig"], given["context"]).target)
    except L2BridgeError:
        return ""
