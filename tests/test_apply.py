"""Plan -> Results: what is refused as a whole, and what one node's failure does to the others."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pytest

from l2bridge_helpers.apply import apply, deletion_problem
from l2bridge_helpers.changes import SIDE_BY_SIDE, Change, Plan
from l2bridge_helpers.checks import check
from l2bridge_helpers.errors import BlockedError, CloudError, ParameterError, UnreachableError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Finding, Findings
from l2bridge_helpers.foresee import foresee
from l2bridge_helpers.observed import InForce
from l2bridge_helpers.pace import WRITE, Answer, Limits, Pace, StoppedError
from l2bridge_helpers.pace_meters import Bucket
from l2bridge_helpers.plan import plan
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import PLANNED, Reachability
from l2bridge_helpers.results import Results
from tests.builders import CLUSTER, fabric, foreign_route, numbered_fabric, numbered_nodes, own_routes
from tests.pages import Pages, granted


@dataclass
class RecordingCloud:
    """A cloud that notes what it is sent, and refuses what it is told to."""

    platform: str = "gce"
    refuse: dict[str, Exception] = field(default_factory=dict)
    sent: list[Change] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    interrupt_after: int = 0
    signal: signal.Signals = signal.SIGINT
    noticed: threading.Event = field(default_factory=threading.Event)

    pace: Pace = field(default_factory=Pace.unlimited)

    def target(self) -> dict[str, str]:
        """Say nothing."""
        return {}

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Refuse: `apply` has no business to read."""
        raise AssertionError(f"apply reads nothing, but asked for {len(nodes)} nodes")

    def send(self, changes: Sequence[Change]) -> dict[str, Mapping[str, Any]]:
        """Note the changes."""
        with self.lock:
            self.sent.extend(changes)
            if len(self.sent) == self.interrupt_after:
                os.kill(os.getpid(), self.signal)  # to the process, as a terminal does: the main thread wakes up
            late = 0 < self.interrupt_after <= len(self.sent)
        if late:  # what is under way takes as long as the run takes to notice
            assert self.noticed.wait(30)
        refused = [change.resource for change in changes if change.resource in self.refuse]
        if refused:
            raise self.refuse[refused[0]]
        return {}

    def identity(self) -> str:
        """Be nobody."""
        return "nobody"

    def in_force(self, nodes: object, fabric: object) -> tuple[InForce, ...]:  # noqa: ARG002 - it knows no cloud
        """Know nothing."""
        return ()


def _apply(changes: Plan, cloud: RecordingCloud, findings: Findings | None = None, **options: object) -> Results:
    given = {
        "mode": "apply",
        "confirm": CLUSTER,
        "max_delete_percent": 25,
        "entries": Pages(),
        "permit": granted,
        **options,
    }
    return apply(changes, cloud, findings=findings or Findings(), **given)  # type: ignore[arg-type]


@pytest.fixture
def changes() -> Plan:
    return plan(numbered_nodes(3), numbered_fabric(3), cluster=CLUSTER)


@pytest.fixture
def shrunk() -> Plan:
    """Ten routes of ours, and six of the nodes are gone."""
    nodes, network = numbered_nodes(10), numbered_fabric(10, forwarding=True)
    return plan(numbered_nodes(4), fabric(*network.instances, routes=own_routes(nodes, network)), cluster=CLUSTER)


@pytest.mark.parametrize("mode", ["plan", "check"])
def test_only_apply_sends(changes: Plan, mode: str) -> None:
    """In the other modes every row is `not sent`."""
    cloud = RecordingCloud()
    results = _apply(changes, cloud, mode=mode)
    assert cloud.sent == []
    assert {result.outcome for result in results} == {"not sent"}


@pytest.mark.parametrize("confirm", ["", "Blue", "blue ", "prod"])
def test_the_wrong_name_applies_nothing(changes: Plan, confirm: str) -> None:
    """`confirm` is the cluster's name to the letter; the error says which it is."""
    cloud = RecordingCloud()
    with pytest.raises(ParameterError, match=f"confirm.*'{CLUSTER}'"):
        _apply(changes, cloud, confirm=confirm)
    assert cloud.sent == []


def test_blocking_findings_stop_before_the_first_write_and_are_all_named(changes: Plan) -> None:
    """Every reason stands in one error."""
    cloud = RecordingCloud()
    findings = Findings.of(Finding("blocking", f"node {name}", "is odd", "so what", "fix it") for name in ("a", "b"))
    with pytest.raises(BlockedError, match=r"settle first: node a is odd; fix it \| node b is odd; fix it"):
        _apply(changes, cloud, findings)
    assert cloud.sent == []


def test_a_refusal_names_every_offender() -> None:
    """What would only fail the run later is told as well: it has to be mended, too."""
    network = fabric(*numbered_fabric(1).instances, routes=[foreign_route("10.42.0.0/24", "10.9.9.9")])
    findings = Findings.of([Finding("error", "node x", "has no pod CIDR", "", "allocate one")])
    with pytest.raises(BlockedError, match=r"by-hand.* \| node x has no pod CIDR; allocate one"):
        _apply(plan(numbered_nodes(1), network, cluster=CLUSTER), RecordingCloud(), findings)


def _foreseen(changes: Plan, network: Fabric) -> Reachability:
    return reach(numbered_nodes(3), foresee(network, changes), moment=PLANNED)


def test_what_a_plan_leaves_in_the_way_is_told_before_it_starts(changes: Plan) -> None:
    """Here a firewall without a rule for pods; it stops nothing."""
    cloud, news = RecordingCloud(), list[tuple[int, str]]()
    foreseen = _foreseen(changes, replace(numbered_fabric(3), rules=()))
    results = _apply(changes, cloud, foreseen=foreseen, tell=lambda line: news.append((len(cloud.sent), line)))
    (sent, told), *_ = news
    assert sent == 0
    assert told == (
        "this plan does not lead to full reachability: 0 of 6 pairs reach (TCP 443); pairs stopped by "
        "no firewall rule lets packets in at 3 nodes (6)"
    )
    assert results.applied == len(changes.writes)


@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
def test_a_plan_that_leads_to_everything_is_not_talked_about(changes: Plan, mode: str) -> None:
    """Nor is what another mode does not start."""
    network = numbered_fabric(3) if mode == "apply" else replace(numbered_fabric(3), rules=())
    news: list[str] = []
    _apply(changes, RecordingCloud(), mode=mode, foreseen=_foreseen(changes, network), tell=news.append)
    assert not any("reachability" in line for line in news)


def test_errors_do_not_stop_the_others(changes: Plan) -> None:
    """A finding about one node does not keep the others waiting."""
    cloud = RecordingCloud()
    findings = Findings.of([Finding("error", "node x", "has no pod CIDR", "", "")])
    assert _apply(changes, cloud, findings).applied == 6


def test_a_conflict_stops_before_the_first_write() -> None:
    """Someone else's route in the way is shown with its name, and nothing is sent."""
    cloud = RecordingCloud()
    network = fabric(*numbered_fabric(2).instances, routes=[foreign_route("10.42.0.0/24", "10.9.9.9")])
    changes = plan(numbered_nodes(2), network, cluster=CLUSTER)
    with pytest.raises(BlockedError, match=r"node node-1: route by-hand, made by others"):
        _apply(changes, cloud, check(numbered_nodes(2), network))
    assert cloud.sent == []


def test_too_many_deletions_are_refused(shrunk: Plan) -> None:
    """More than two *and* more than the share: the error counts and names them."""
    cloud = RecordingCloud()
    with pytest.raises(BlockedError, match=r"deletes 6 of our 10 routes \(60 %\).*max_delete_percent=25"):
        _apply(shrunk, cloud)
    assert cloud.sent == []
    assert _apply(shrunk, cloud, max_delete_percent=60).applied == 6


@pytest.mark.parametrize(("gone", "percent", "refused"), [(2, 0, False), (3, 29, True), (3, 30, False), (10, 99, True)])
def test_the_share_counts_only_beyond_two(gone: int, percent: int, refused: bool) -> None:  # noqa: FBT001 - a table
    """Two deletions are always allowed; the share itself still is."""
    nodes, network = numbered_nodes(10), numbered_fabric(10, forwarding=True)
    left = fabric(*network.instances, routes=own_routes(nodes, network))
    changes = plan(numbered_nodes(10 - gone) if gone < 10 else nodes.iloc[:0], left, cluster=CLUSTER)
    deletes = [change for change in changes.writes if change.action == "delete"]
    assert len(deletes) == (gone if gone < 10 else 0)
    assert bool(deletion_problem(changes, percent)) is (refused and gone < 10)


def test_one_failure_stops_one_node(changes: Plan) -> None:
    """The node's later changes are skipped and say why; everything else is done."""
    first = changes.writes[0]
    cloud = RecordingCloud(refuse={first.resource: CloudError("no")})
    results = _apply(changes, cloud)
    assert [(result.change.node, result.outcome, result.error) for result in results.failed] == [
        ("node-1", "failed", "no"),
        ("node-1", "skipped", f"forwarding of {first.resource} failed first"),
    ]
    assert results.applied == 4


def test_an_unexpected_error_is_one_nodes_failure_too(changes: Plan) -> None:
    """A surprise in an SDK does not leave the other nodes half done."""
    cloud = RecordingCloud(refuse={changes.writes[0].resource: ZeroDivisionError("what?")})
    results = _apply(changes, cloud)
    assert (results.applied, results.failed[0].error) == (4, "unexpected ZeroDivisionError: what?")


def test_a_cloud_that_is_gone_is_not_asked_a_thousand_times() -> None:
    """After ten such failures in a row the rest is skipped, and says why."""
    many = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER)
    cloud = RecordingCloud(refuse={change.resource: UnreachableError("gone") for change in many.writes})
    news: list[str] = []
    results = _apply(many, cloud, tell=news.append)
    assert len(cloud.sent) < 30
    assert len(results.failed) == len(results.items) == 120
    assert results.items[-1].error == "the cloud does not answer any more, see the failures"
    assert news[0].startswith("the cloud does not answer any more")


def test_failures_between_successes_are_no_outage() -> None:
    """A cloud that answers now and then is asked on."""
    many = plan(numbered_nodes(60), numbered_fabric(60, forwarding=True), cluster=CLUSTER)
    refused = [change.resource for change in many.writes if change.node.endswith(("1", "3", "5"))]
    cloud = RecordingCloud(refuse={resource: UnreachableError("gone") for resource in refused})
    assert _apply(many, cloud).applied == len(many.writes) - len(refused)


def test_an_interruption_stops_between_changes_and_tells_what_was_done() -> None:
    """Ctrl-C loses nothing: what was sent is known, the rest is skipped."""
    many = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER)
    cloud = RecordingCloud(interrupt_after=5)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        results = _apply(many, cloud, tell=lambda _: cloud.noticed.set())
    finally:
        signal.signal(signal.SIGINT, before)
    assert results.applied == len(cloud.sent) < 120
    assert {result.error for result in results.failed} == {"the run was interrupted"}


class WatchingCloud(RecordingCloud):
    """A cloud that notes what the journal held when a change arrived."""

    def __init__(self, pages: Pages) -> None:
        """Watch these pages."""
        super().__init__()
        self.pages = pages
        self.unannounced: list[Change] = []

    def send(self, changes: Sequence[Change]) -> dict[str, Mapping[str, Any]]:
        """Note the changes that nobody has written down."""
        self.unannounced += [change for change in changes if change not in list(self.pages.intended)]
        return super().send(changes)


def test_every_change_is_written_down_before_it_is_sent_and_its_outcome_after(changes: Plan) -> None:
    """What is sent is known, whatever happens then; what failed is known to have failed."""
    pages = Pages()
    cloud = WatchingCloud(pages)
    cloud.refuse = {changes.writes[0].resource: CloudError("no")}
    results = _apply(changes, cloud, entries=pages)
    assert cloud.unannounced == []
    assert sorted(pages.settled.values()) == ["applied"] * 4 + ["failed"]
    skipped = {place for place, one in enumerate(results) if one.outcome == "skipped"}
    assert skipped
    assert not skipped & pages.settled.keys()


def test_what_cannot_be_written_down_is_not_sent() -> None:
    """A full disk stops the run between changes; the rows that were not sent say why."""
    many, pages = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER), Pages(full_after=7)
    cloud = RecordingCloud()
    results = _apply(many, cloud, entries=pages)
    assert len(cloud.sent) == results.applied == 7
    assert {result.error for result in results.failed} == {"the journal cannot be written: disk full"}


def test_nothing_more_is_sent_when_an_outcome_cannot_be_written_down() -> None:
    """What was made counts as made; the journal knows that it was intended."""
    many, pages = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER), Pages(unsettled_after=3)
    cloud, news = RecordingCloud(), list[str]()
    results = _apply(many, cloud, entries=pages, tell=news.append)
    assert results.applied == len(cloud.sent) == len(pages.intended) < 60
    assert "could not be written down: the journal cannot be written" in news[0]


def test_nothing_more_is_sent_once_the_lease_is_lost() -> None:
    """The right to change the cluster is asked for before each write."""
    many = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER)
    cloud = RecordingCloud()
    results = _apply(many, cloud, permit=lambda: "the Lease was taken by bob" if len(cloud.sent) >= 4 else "")
    assert 4 <= results.applied == len(cloud.sent) < 4 + cloud.pace.lanes
    assert {result.error for result in results.failed} == {"the Lease was taken by bob"}


class PacedCloud(RecordingCloud):
    """A cloud that grants one request in a long time."""

    def __init__(self) -> None:
        """Have one to grant."""
        super().__init__(pace=Pace(Limits({WRITE: (Bucket("writes", 1, 0.001),)}, lanes=8), share=1.0))

    def send(self, changes: Sequence[Change]) -> dict[str, Mapping[str, Any]]:
        """Wait for the turn."""
        self.pace.end(self.pace.begin(WRITE), Answer())
        return super().send(changes)


def test_what_waits_for_its_turn_is_not_sent_once_the_lease_is_lost() -> None:
    """A turn can come minutes later: another run has the Lease by then."""
    many, pages, cloud = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER), Pages(), PacedCloud()
    results = _apply(many, cloud, entries=pages, permit=lambda: "taken by bob" if cloud.pace.is_queued(WRITE) else "")
    assert len(cloud.sent) == results.applied == 1
    assert len(pages.intended) == len(pages.settled) <= 8
    assert {result.error for result in results.failed} == {"not sent: taken by bob", "taken by bob"}


def test_who_interrupts_again_does_not_leave_writes_behind_that_are_sent_later() -> None:
    """The Lease is given back then, so nobody who waits for a turn may take it."""
    many, cloud, told = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER), PacedCloud(), list[str]()

    def interrupt() -> None:
        while not cloud.pace.is_queued(WRITE):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        while not told:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            _apply(many, cloud, tell=told.append)
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
    with pytest.raises(StoppedError):
        cloud.pace.begin(WRITE)
    assert len(cloud.sent) == 1


def test_without_the_lease_nothing_is_sent(changes: Plan) -> None:
    """Nor is anything written down."""
    cloud, pages = RecordingCloud(), Pages()
    results = _apply(changes, cloud, entries=pages, permit=lambda: "not ours")
    assert (cloud.sent, pages.intended, results.applied) == ([], [], 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_unsettled(number: signal.Signals) -> None:
    """What was intended when the signal came is finished, and its outcome is written down."""
    many, pages = plan(numbered_nodes(60), numbered_fabric(60), cluster=CLUSTER), Pages()
    cloud = RecordingCloud(interrupt_after=5, signal=number)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        results = _apply(many, cloud, entries=pages, tell=lambda _: cloud.noticed.set())
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(pages.intended) == len(pages.settled) == results.applied < 120
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_no_more_routes_are_replaced_at_once_than_there_is_room_for() -> None:
    """Each stands beside the old one for a moment, and the plan has counted on so many."""
    nodes, network = numbered_nodes(40), numbered_fabric(40, forwarding=True)
    moved = [replace(route, name=f"{route.name}-old", next_hop="10.9.9.9") for route in own_routes(nodes, network)]
    changes = plan(nodes, fabric(*network.instances, routes=moved), cluster=CLUSTER)
    assert {change.action for change in changes.writes} == {"update"}
    cloud = SlowCloud()
    assert _apply(changes, cloud).applied == 40
    assert 1 < cloud.most <= SIDE_BY_SIDE


class SlowCloud(RecordingCloud):
    """A cloud that counts how many changes are under way."""

    def __init__(self) -> None:
        """Count from 0."""
        super().__init__()
        self.under_way = self.most = 0

    def send(self, changes: Sequence[Change]) -> dict[str, Mapping[str, Any]]:
        """Take a moment."""
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        time.sleep(0.005)
        with self.lock:
            self.under_way -= 1
        return super().send(changes)


def test_a_nodes_changes_go_in_order(changes: Plan) -> None:
    """Forwarding, then the route."""
    cloud = RecordingCloud()
    _apply(changes, cloud)
    for node in ("node-1", "node-2", "node-3"):
        assert [change.kind for change in cloud.sent if change.node == node] == ["forwarding", "route"]


def test_deletions_come_last(shrunk: Plan) -> None:
    """What works is made before what is stale goes."""
    cloud = RecordingCloud()
    both = Plan(shrunk.platform, CLUSTER, shrunk.network, (*shrunk.writes, *_creations()), own_routes=100)
    _apply(both, cloud)
    actions = [change.action for change in cloud.sent]
    assert actions == sorted(actions, key=lambda action: action == "delete")


def test_a_deletion_waits_for_the_route_that_takes_its_place() -> None:
    """When the new route for a pod CIDR was not made, the old one is not deleted."""
    (new, *_) = [change for change in _creations() if change.kind == "route"]
    old = Change("delete", "route", "old", "gone", {**new.after, "name": "old"}, {}, "left over")
    cloud = RecordingCloud(refuse={new.resource: CloudError("no")})
    results = _apply(Plan("gce", CLUSTER, "net", (new, old), own_routes=1), cloud)
    assert [result.outcome for result in results] == ["failed", "skipped"]
    assert [change.resource for change in cloud.sent] == [new.resource]


def test_results_have_the_same_columns_when_empty() -> None:
    """Tables keep their shape."""
    assert list(Results().table().columns) == ["outcome", "action", "kind", "resource", "node", "error"]
    assert Results().summary() == "there was nothing to do"


def _creations() -> tuple[Change, ...]:
    return plan(numbered_nodes(2), numbered_fabric(2), cluster=CLUSTER).writes
