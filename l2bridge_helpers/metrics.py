"""How a run ended, for Prometheus: a file that node exporter's textfile collector reads.

What is not known of a run (it ended before it had read the nodes, say) has no sample: a zero would be a claim. A run
that fails keeps the time of the last success that stands in the file.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from l2bridge_helpers.changes import APPLY_ORDER
from l2bridge_helpers.errors import DataError, ParameterError
from l2bridge_helpers.reachability.result import APPLIED, NOW

LABELS = ("cluster", "platform", "runbook")
SUCCESS = "l2bridge_last_success_timestamp_seconds"
HELP = {
    "l2bridge_nodes": "Nodes of the cluster.",
    "l2bridge_drift_rows": "What is out of place after the run: changes that wait, by their kind; findings that stop "
    "or fail an apply; what a fresh read does not show as wanted.",
    "l2bridge_pairs": "Ordered pairs of nodes by whether pod packets reach (TCP 443), as last read.",
    SUCCESS: "When a run last ended as asked.",
    "l2bridge_duration_seconds": "How long the run took.",
    "l2bridge_exit_status": "0 as asked, 1 drift or failure, 2 bad usage, 3 something has to be settled first.",
}
_VERDICTS = {"reaches": "reaching", "unproven": "unproven", "blocked": "blocked"}
"""As in the pictures -> as in `result.json`."""


@dataclass
class Measured:
    """What is known of one run.

    Attributes:
        platform: the platform's name, which is the runbook's.
        cluster: the cluster's name, as far as parameters say it; "": not known.
        result: what `result.json` holds; empty: the run did not come so far.
        status: the exit status.
        began: when the run began, on a clock that nobody sets.

    """

    platform: str
    cluster: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0
    began: float = field(default_factory=time.monotonic)

    def know(self, parameters: Mapping[str, Any]) -> None:
        """Take the cluster's name out of the parameters."""
        self.cluster = str(parameters["cluster"])

    def take(self, result: Mapping[str, Any]) -> None:
        """Take what `result.json` holds."""
        self.result = result

    def values(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        """Return each sample: name, labels beside `LABELS`, value."""
        yield "l2bridge_duration_seconds", {}, time.monotonic() - self.began
        yield "l2bridge_exit_status", {}, self.status
        if self.result.get("nodes"):
            yield "l2bridge_nodes", {}, self.result["nodes"]
        if self.result.get("plan_hash"):
            for kind, number in drift(self.result).items():
                yield "l2bridge_drift_rows", {"kind": kind}, number
        moments = self.result.get("reachability", {})
        pairs = moments.get(APPLIED) or moments.get(NOW)
        for verdict, name in _VERDICTS.items() if pairs else ():
            yield "l2bridge_pairs", {"verdict": verdict}, pairs[name]


def drift(result: Mapping[str, Any]) -> Mapping[str, int]:
    """Return what is out of place after a run, by kind: each kind of change, `finding`, `verified`."""
    found = Counter(dict.fromkeys((*APPLY_ORDER, "finding", "verified"), 0))
    found.update(row["kind"] for row in result["changes"] if row["outcome"] != "applied")
    found.update(row["kind"] for row in result["conflicts"])
    found["finding"] = sum(row["severity"] != "warning" for row in result["findings"])
    found["verified"] = sum(row["verdict"] == "wrong" for row in result["verified"])
    return found


def check_file(path: Path) -> None:
    """Refuse a file that could not be written in the end.

    Raises:
        ParameterError: its name is none that node exporter reads, or its folder is not there.

    """
    if path.suffix != ".prom":
        raise ParameterError(
            f"option --metrics: {str(path)!r} does not end in .prom, so node exporter would not read it"
        )
    if not path.parent.is_dir():
        raise ParameterError(f"option --metrics: there is no folder {str(path.parent)!r}; make it, or give another one")


def write_metrics(path: Path, measured: Measured) -> None:
    """Write the file whole, or leave it as it was.

    Raises:
        DataError: it cannot be written.

    """
    before = _success(path, measured)
    cluster = measured.result.get("cluster") or measured.cluster or (before.labels["cluster"] if before else "")
    labels = {"cluster": str(cluster), "platform": measured.platform, "runbook": measured.platform}
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for name, more, value in (*measured.values(), *_last_success(measured, before)):
        if name not in gauges:
            gauges[name] = Gauge(name, HELP[name], (*LABELS, *more), registry=registry)
        gauges[name].labels(**labels, **more).set(value)
    try:
        write_to_textfile(str(path), registry)
    except OSError as err:
        raise DataError(f"metrics: {path} cannot be written ({err.strerror or err}); give another file") from err


def _last_success(measured: Measured, before: Sample | None) -> Iterator[tuple[str, Mapping[str, str], float]]:
    if measured.status == 0:
        yield SUCCESS, {}, time.time()
    elif before:
        yield SUCCESS, {}, before.value


def _success(path: Path, measured: Measured) -> Sample | None:
    """Return the last success that the file tells of this runbook; of this cluster, where its name is known."""
    known = measured.result.get("cluster") or measured.cluster
    for sample in _samples(path):
        told = sample.labels.get("cluster", "")
        if sample.name == SUCCESS and sample.labels.get("runbook") == measured.platform and (known or told) == told:
            return sample
    return None


def _samples(path: Path) -> list[Sample]:
    """Return the samples of a file; none where there is no such file, or it is not one of these."""
    try:
        text = path.read_text(encoding="utf-8")
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except (OSError, ValueError):
        return []
