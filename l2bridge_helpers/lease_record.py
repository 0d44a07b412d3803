"""What a Lease object says, whatever is in it, and what is written into it (pure)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from l2bridge_helpers.printable import printable

Json = dict[str, Any]

NAME = "l2bridge"
GROUP = "coordination.k8s.io"
LABEL = "app.kubernetes.io/managed-by"
"""The label that says whose object it is; its value is our name."""
PROCESS = "l2bridge.io/process"
"""The annotation that says which process holds it, see process_mark.py."""
_STALE = 10
"""After so many durations without a renewal a holder is dead, whatever the clocks of two API servers differ by …"""
_STALE_AT_LEAST = timedelta(minutes=2)
"""… which may be this much at least."""
_LONG = 200
"""Characters of a holder's name that people are shown: anybody who may write a Lease can write a million."""


@dataclass(frozen=True)
class Record:
    """A Lease as it was read.

    Attributes:
        body: the whole object.
        version: its resourceVersion.
        ours: whether it carries our label.
        holder: who holds it, "" for nobody.
        seconds: how long after its last renewal others must wait; 0: it does not say.
        acquired, renewed: by the API server's clock; None: it does not say.
        process: which process holds it, "" unknown.

    """

    body: Json
    version: str
    ours: bool
    holder: str
    seconds: int
    acquired: datetime | None
    renewed: datetime | None
    process: str

    @classmethod
    def of(cls, body: Json) -> Record:
        """Read an object; what is missing or of a wrong type says nothing."""
        metadata, spec = _part(body, "metadata"), _part(body, "spec")
        holder, seconds = spec.get("holderIdentity"), spec.get("leaseDurationSeconds")
        process = _part(metadata, "annotations").get(PROCESS)
        return cls(
            body=body,
            version=str(metadata.get("resourceVersion", "")),
            ours=_part(metadata, "labels").get(LABEL) == NAME,
            holder="" if holder is None else str(holder),
            seconds=seconds if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0 else 0,
            acquired=_moment(spec.get("acquireTime")),
            renewed=_moment(spec.get("renewTime")),
            process=process if isinstance(process, str) else "",
        )

    def is_stale(self, now: datetime | None, seconds: int) -> bool:
        """Return whether it was renewed so long ago that nobody's clock can be the reason.

        Args:
            now: by the API server's clock, as `renewed` is; None: unknown.
            seconds: the duration to count with when the object has none, or a shorter one.

        """
        if now is None or self.renewed is None:
            return False
        return now - self.renewed > max(_STALE_AT_LEAST, _STALE * timedelta(seconds=max(self.seconds, seconds)))

    def taken(self, holder: str, *, process: str, seconds: int, now: datetime) -> Json:
        """Return the body of a write that takes it; what others have written into it stays."""
        metadata, spec = _part(self.body, "metadata"), _part(self.body, "spec")
        transitions = spec.get("leaseTransitions")
        count = transitions if isinstance(transitions, int) and 0 <= transitions < 2**31 - 1 else 0
        annotations = {name: text for name, text in _part(metadata, "annotations").items() if name != PROCESS}
        own = {
            "holderIdentity": holder,
            "leaseDurationSeconds": seconds,
            "acquireTime": micro_time(now),
            "renewTime": micro_time(now),
            "leaseTransitions": count + 1,
        }
        body = copy.deepcopy(self.body)
        body["metadata"] = metadata | {"annotations": annotations | ({PROCESS: process} if process else {})}
        body["spec"] = spec | own
        return body

    def changed(self, **spec: object) -> Json:
        """Return the body of a write that changes fields of the spec."""
        body = copy.deepcopy(self.body)
        body["spec"] = _part(self.body, "spec") | spec
        return body

    def told(self) -> str:
        """Return who holds it and since when, for people: one line that does nothing to a terminal."""
        since = f" since {shown(self.acquired)}" if self.acquired else ""
        holder = self.holder if len(self.holder) <= _LONG else f"{self.holder[:_LONG]}…"
        return printable(f"{holder}{since}" + (f" (last sign of life {shown(self.renewed)})" if self.renewed else ""))


def new_lease(namespace: str) -> Record:
    """Return a Lease that is still to be made."""
    metadata = {"name": NAME, "namespace": namespace, "labels": {LABEL: NAME}}
    return Record.of({"apiVersion": f"{GROUP}/v1", "kind": "Lease", "metadata": metadata, "spec": {}})


def micro_time(moment: datetime) -> str:
    """Return a moment as Kubernetes' MicroTime: six digits after the point, and no fewer."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def shown(moment: datetime | None) -> str:
    """Return a moment as people read it."""
    return moment.astimezone(UTC).isoformat(" ", "seconds").replace("+00:00", " UTC") if moment else "unknown"


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    return part if isinstance(part, dict) else {}


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
