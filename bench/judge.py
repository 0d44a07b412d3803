"""The lab of one measured run, in a process of its own: the judge, which counts and compares whatever a tool says."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import worlds
from bench.lower_bound import OPERATION_SECONDS, PAGE, READ_SECONDS, WRITE_SECONDS
from l2bridge_helpers.lab import Lab, Request, World
from l2bridge_helpers.lab.throttle import Throttle

_READS = ("read", "get", "list", "heavy_read", "operation_read", "network read")
"""How the groups of limits begin that count what changes nothing."""
_FIRST_ERROR = 400


@dataclass(frozen=True)
class Verdict:
    """What a run came to.

    Attributes:
        requests: to the cloud, with those that were throttled and those for operations.
        throttled: of these, refused for the published limits.
        failed: changes that were refused for another reason, or got no answer.
        converged: every node is served, and nothing else has changed.
        wrong: what is not as it should be.
        kubernetes: requests to Kubernetes, which are not in `requests`.
        first: seconds from the start of the run until the first answer: what the tool needs for itself.

    """

    requests: int
    throttled: int
    failed: int
    converged: bool
    wrong: list[str]
    kubernetes: int
    first: float


@dataclass
class CountingThrottle(Throttle):
    """The lab's limits, counting what they refuse."""

    refused: int = 0
    refused_writes: int = 0
    _kept: list[str] = field(default_factory=list)

    def take(self, *groups: str, key: str = "") -> float:
        """Count one more request, as the lab does."""
        wait = super().take(*groups, key=key)
        if wait > 0:
            with self._lock:
                self.refused += 1
                self.refused_writes += not groups[0].startswith(_READS)
        return wait


class Judge:
    """The lab in its process, seen from here."""

    def __init__(self, pipe: Connection[Any, Any], told: dict[str, Any]) -> None:
        """Know where it is."""
        self._pipe = pipe
        self.parameters: dict[str, str] = told["parameters"]
        self.environment: dict[str, str] = told["environment"]

    def start(self) -> None:
        """Begin a run: full buckets, and minutes that begin now."""
        self._ask("start")

    def verdict(self) -> Verdict:
        """Return what the run came to."""
        found: Verdict = self._ask("verdict")
        return found

    def _ask(self, what: str) -> Any:
        self._pipe.send(what)
        return self._pipe.recv()


@contextmanager
def judge(world: World, *, limited: bool = True, tls: bool = False) -> Iterator[Judge]:
    """Serve a world until the end of the block.

    Args:
        world: what to serve.
        limited: by the published limits and latencies; else as fast as it goes.
        tls: also over TLS, for az, which speaks nothing else.

    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(world, theirs, limited, tls))
    process.start()
    theirs.close()  # so that the end of the process is noticed
    try:
        yield Judge(ours, ours.recv())
    finally:
        ours.send("stop")
        process.join()


def _serve(world: World, pipe: Connection[Any, Any], limited: bool, tls: bool) -> None:  # noqa: FBT001 - it takes no names
    answers: list[float] = []

    def note(_request: Request) -> None:
        answers.append(time.monotonic())

    with (
        Lab(world, on_request=note) as lab,
        TemporaryDirectory(prefix="l2bridge-bench-") as folder,
        ExitStack() as stack,
    ):
        _slow_down(lab, limited=limited)
        environment: dict[str, str] = {}
        if tls:
            from tests.az import Front

            logging.getLogger("werkzeug").setLevel(logging.ERROR)
            front = Front(Path(folder))
            stack.callback(front.close)
            front.lab = lab
            environment = {"BENCH_TLS": front.url, "BENCH_CERTIFICATE": str(front.certificate)}
        pipe.send({"parameters": lab.parameters, "environment": environment})
        run: _Measured | None = None
        while (asked := pipe.recv()) != "stop":
            if asked == "start":
                run = _Measured(lab, answers, limited=limited)
                pipe.send(None)
            elif run:
                pipe.send(run.verdict())


def _slow_down(lab: Lab, *, limited: bool) -> None:
    """Give the lab what every run meets: pages, and with limits the latencies."""
    seconds = OPERATION_SECONDS[lab.platform]
    if lab.platform == "azure":
        lab.azure.page_size = PAGE["azure"]
        lab.azure.operation_seconds, lab.azure.retry_seconds = (seconds, 1) if limited else (0.0, 0)
    if limited:
        if lab.platform == "gce":
            lab.gce.operation_seconds = seconds
        for hooks in (lab.cloud, lab.kubernetes):
            hooks.read_latency, hooks.write_latency = READ_SECONDS, WRITE_SECONDS


class _Measured:
    """One run, from now on."""

    def __init__(self, lab: Lab, answers: list[float], *, limited: bool) -> None:
        self._lab = lab
        self._before = lab.snapshot(counters=False)
        self._skipped = len(lab.requests)
        self._throttle: CountingThrottle | None = None
        if limited:
            lab.limit(from_now=True)
            granted = lab.cloud.throttle
            self._throttle = lab.cloud.throttle = CountingThrottle(granted.limits, granted.clock, granted.origin)
        self._began, self._answers = time.monotonic(), answers
        answers.clear()

    def verdict(self) -> Verdict:
        asked = self._lab.requests[self._skipped :]
        cloud = [request for request in asked if request.server != "kubernetes"]
        unmade = [one for one in cloud if one.mutates and (one.status >= _FIRST_ERROR or one.status == 0)]
        throttle = self._throttle
        wrong = worlds.wrong(self._lab.platform, self._before, self._lab.snapshot(counters=False))
        return Verdict(
            requests=len(cloud),
            throttled=throttle.refused if throttle else 0,
            failed=max(0, len(unmade) - (throttle.refused_writes if throttle else 0)),
            converged=not wrong,
            wrong=wrong,
            kubernetes=len(asked) - len(cloud),
            first=self._answers[0] - self._began if self._answers else 0.0,
        )
