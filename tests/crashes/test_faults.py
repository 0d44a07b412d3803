"""The fault table: whatever happens on the way, a run ends in the right state, or in an error saying what is left."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from l2bridge_helpers.lab import Lab
from l2bridge_helpers.lab.record import Request
from l2bridge_helpers.lab.troubles import TROUBLES
from tests.crashes.child import OURS
from tests.crashes.nursery import Child, Nursery
from tests.crashes.scenarios import SCENARIOS
from tests.crashes.walk import site

Nurseries = Callable[[str], Nursery]
PLATFORMS = {"gce": "gce", "aws": "aws, routes and firewall", "azure": "azure"}
PATIENCE = 0.5
"""Seconds that a client waits for an answer here."""
_SLOW = {"timeout": {"seconds": 1.5}, "timeout after": {"seconds": 1.5}, "slow": {"seconds": 0.2}}
_PASSING = {
    "throttled": ("throttled",),
    "5xx": ("server error", "bad gateway", "unavailable", "gateway timeout"),
    "lost before": ("reset", "hang up"),
    "lost after": ("reset after", "hang up after"),
    "timeout before": ("timeout",),
    "timeout after": ("timeout after",),
    "slow": ("slow",),
    "truncated": ("cut off", "half"),
    "no API": ("html", "empty"),
    "stale": ("stale",),
}
"""Trouble that passes, one kind after the other: a run may end well in spite of it."""


def _writes(request: Request) -> bool:
    return request.mutates


def _reads(request: Request) -> bool:
    return not request.mutates


def _lease(request: Request) -> bool:
    return request.mutates and "/leases" in request.path


def _passing(kinds: Sequence[str]) -> Callable[[Lab], None]:
    """Return what strikes some reads first, then some changes, with each kind in turn, a retry too."""

    def make(lab: Lab) -> None:
        for kind in kinds:
            more: dict[str, Any] = _SLOW.get(kind, {})
            lab.trouble(kind, _writes, times=2, skip=1, **more)
            lab.trouble(kind, _reads, skip=2, **more)

    return make


def _at_the_lease(kind: str) -> Callable[[Lab], None]:
    return lambda lab: (lab.trouble(kind, _lease, service="kubernetes", **_SLOW.get(kind, {})), None)[1]


def _expiring(lab: Lab) -> None:
    lab.trouble("expired credentials", skip=_requests_before_the_end(lab), times=None)


def _requests_before_the_end(lab: Lab) -> int:
    return {"gce": 12, "aws": 14, "azure": 10}[lab.platform]


def _failing(lab: Lab) -> None:
    state = lab.gce if lab.platform == "gce" else lab.azure
    state.fail_operations("networkInterfaces/win-1|instances/win-1|routes$")


def _lagging(lab: Lab) -> None:
    lab.cloud.lag = 4


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes:
        make: makes the trouble.
        platforms: where there is such trouble.
        ends: how a run may end: with which exit status.

    """

    make: Callable[[Lab], None]
    platforms: tuple[str, ...] = tuple(PLATFORMS)
    ends: tuple[int, ...] = field(default=(0, OURS))


TABLE = {
    name: Fault(_passing(kinds), tuple(one for one in PLATFORMS if set(kinds) <= TROUBLES[one].keys()))
    for name, kinds in _PASSING.items()
}
TABLE |= {
    f"the Lease: {kind}": Fault(_at_the_lease(kind), ("gce",))
    for kind in ("throttled", "unavailable", "reset", "reset after", "timeout after", "cut off", "html", "stale")
}
TABLE |= {
    "credentials expire": Fault(_expiring, ends=(OURS,)),
    "failed operation": Fault(_failing, ("gce", "azure")),
    "reads lag": Fault(_lagging),
}
ROWS = [
    pytest.param(platform, name, marks=pytest.mark.xdist_group(f"crash {platform}"))
    for name, fault in TABLE.items()
    for platform in fault.platforms
]


def _left(lab: Lab) -> int:
    """Return how much of the trouble has not been met yet."""
    faults = [one for hooks in (lab.cloud, lab.kubernetes) for one in hooks.faults._faults]
    return sum((one.times or 0) + one.skip for one in faults)


def _calm(lab: Lab) -> None:
    lab.cloud.faults.clear()
    lab.kubernetes.faults.clear()
    lab.cloud.lag = 0


def _ended(child: Child, ends: tuple[int, ...]) -> int:
    """Return how a run has ended: in one of our errors, which says what to do, or well."""
    status = child.wait()
    assert status in ends, child.said()
    assert "Traceback" not in child.said()
    if status:
        assert re.search(r"^\w+Error: .{40,}", child.said(), re.MULTILINE), child.said()
    return status


@pytest.mark.parametrize(("platform", "name"), ROWS)
def test_faults(platform: str, name: str, nurseries: Nurseries) -> None:
    """After any trouble nothing but what the journal names has changed, a run finishes, and undo gives all back."""
    scenario, fault = SCENARIOS[PLATFORMS[platform]], TABLE[name]
    with site(scenario, nurseries(platform)) as here:
        fault.make(here.lab)
        waiting = _left(here.lab)
        status = _ended(here.run(patience=PATIENCE), fault.ends)
        assert _left(here.lab) < waiting or not waiting, "nothing has met the trouble"
        _calm(here.lab)
        problems = list(here.unnamed())
        problems += [*here.finish(), *here.put_back()] if status else here.checked()
        assert problems == [], f"status {status}"


MACHINES = [
    pytest.param(platform, what, marks=pytest.mark.xdist_group(f"crash {platform}"))
    for platform in PLATFORMS
    for what in ("delete_machine", "replace_machine")
]


@pytest.mark.parametrize(("platform", "what"), MACHINES)
def test_machines(platform: str, what: str, nurseries: Nurseries) -> None:
    """A machine that goes while a run is under way, or becomes another one, is the only one that the run fails at."""
    scenario = SCENARIOS[PLATFORMS[platform]]

    def change(lab: Lab) -> None:
        getattr(lab, what)("node-1")

    with site(scenario, nurseries(platform)) as other:
        change(other.lab)
        expected = other.state()
    with site(scenario, nurseries(platform)) as here:
        here.lab.cloud.faults.add(_writes, status=0, skip=1, do=lambda: change(here.lab))
        status = _ended(here.run(lanes=1, patience=PATIENCE), (0, OURS))
        _calm(here.lab)
        problems = list(here.finish())
        here.start = expected
        problems += here.put_back()
        assert problems == [], f"status {status}"


EACH = [pytest.param(one, marks=pytest.mark.xdist_group(f"crash {one}")) for one in PLATFORMS]


@pytest.mark.parametrize("platform", EACH)
def test_two_at_once(platform: str, nurseries: Nurseries) -> None:
    """Two runs that apply at the same time make each change once, whoever is first."""
    scenario = SCENARIOS[PLATFORMS[platform]]
    with site(scenario, nurseries(platform)) as here:
        here.lab.cloud.write_latency = 0.02
        first, second = here.run(), here.run()
        assert [_ended(one, (0,)) for one in (first, second)] == [0, 0]
        made = [(row.change.kind, row.change.resource) for row in here.rows()]
        assert len(set(made)) == len(made)
        assert [*here.unnamed(), *here.checked(), *here.put_back()] == []
