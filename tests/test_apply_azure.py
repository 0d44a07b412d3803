"""Plan -> Results on Azure: whole tables are one write, and subnets get their tables one by one."""

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

from l2bridge_helpers.apply import apply
from l2bridge_helpers.changes import Change, Plan, ordered
from l2bridge_helpers.clouds.azure_dialect import AzureDialect
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.findings import Findings
from l2bridge_helpers.nodes import NodeRow
from l2bridge_helpers.observed import InForce
from l2bridge_helpers.pace import Pace
from l2bridge_helpers.plan import plan
from l2bridge_helpers.results import Results
from tests.azure_values import (
    HOME,
    NETWORK,
    SPARE,
    World,
    address,
    nodes_of,
    own_route,
    pod_cidr,
    raw_nic,
    raw_route,
    raw_subnet,
    raw_table,
    world,
)
from tests.builders import CLUSTER
from tests.pages import Pages, granted

PODS = f"{HOME}/pods"
POOL = f"{HOME}/pool"
NIC_1 = "cluster-rg/node-1-nic"


@dataclass
class BatchCloud:
    """A cloud that notes each write with its changes, and refuses what it is told to."""

    platform: str = "azure"
    refuse: dict[str, Exception] = field(default_factory=dict)
    interrupt_at: str = ""
    """The resource at whose change Ctrl-C is pressed."""
    writes: list[tuple[Change, ...]] = field(default_factory=list)
    most_at_once: dict[str, int] = field(default_factory=dict)
    noticed: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0

    pace: Pace = field(default_factory=Pace.unlimited)

    def target(self) -> dict[str, str]:
        """Say nothing."""
        return {}

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Refuse: `apply` has no business to read."""
        raise AssertionError(f"apply reads nothing, but asked for {len(nodes)} nodes")

    def send(self, changes: Sequence[Change]) -> dict[str, Mapping[str, Any]]:
        """Note the changes of one write."""
        kind = changes[0].kind
        with self.lock:
            self.writes.append(tuple(changes))
            self.under_way += 1
            self.most_at_once[kind] = max(self.most_at_once.get(kind, 0), self.under_way)
        try:
            return self._answer(changes)
        finally:
            with self.lock:
                self.under_way -= 1

    def _answer(self, changes: Sequence[Change]) -> dict[str, Mapping[str, Any]]:
        time.sleep(0.01)  # long enough for others to come in between, if they are let
        if self.interrupt_at in {change.resource for change in changes}:
            os.kill(os.getpid(), signal.SIGINT)
            assert self.noticed.wait(30)
        refused = [change.resource for change in changes if change.resource in self.refuse]
        if refused:
            raise self.refuse[refused[0]]
        return {changes[0].resource: {"read": "just before"}}

    def identity(self) -> str:
        """Be nobody."""
        return "nobody"

    def in_force(self, nodes: object, fabric: object) -> tuple[InForce, ...]:  # noqa: ARG002 - it knows no cloud
        """Know nothing."""
        return ()

    def kinds(self) -> list[list[str]]:
        """Return the kinds of the changes of each write."""
        return [[change.kind for change in write] for write in self.writes]

    def of(self, table: str) -> list[tuple[Change, ...]]:
        """Return the writes of a table."""
        return [write for write in self.writes if AzureDialect().together(write[0]) == table]


def _apply(changes: Plan, cloud: BatchCloud, **options: Any) -> Results:
    given = {"entries": Pages(), "permit": granted, **options}
    return apply(changes, cloud, findings=Findings(), mode="apply", confirm=CLUSTER, max_delete_percent=100, **given)


def _plan(places: str, made: World) -> Plan:
    return plan(nodes_of(places), made.fabric(), cluster=CLUSTER)


def _told(results: Results) -> list[tuple[str, str, str]]:
    return [(result.change.kind, result.outcome, result.error) for result in results.failed]


def _route(number: int, table: str = PODS) -> Change:
    """Return the row of a route that is to be made."""
    row = NodeRow(f"node-{number}", address(number), pod_cidr(number))
    machine, nic = world("a").fabric().instances[0], world("a").fabric().instances[0].nics[0]
    route = AzureDialect().route(row, machine, nic, table, CLUSTER)
    return Change("create", "route", route.name, row.nodeName, {}, route.facts(), "")


def _change(kind: str, resource: str, node: str = "", **after: object) -> Change:
    return Change("update", kind, resource, node, {}, after, "")


def _by_hand(*changes: Change) -> Plan:
    return Plan("azure", CLUSTER, NETWORK, ordered(changes), own_routes=9)


@pytest.fixture
def fresh() -> Plan:
    """Three subnets without a table, a node in each."""
    return _plan("abc", world("abc"))


# One write per table.


def test_a_new_table_is_one_write_after_all_interfaces_and_before_all_subnets(fresh: Plan) -> None:
    """Table, mark and routes together; then one subnet after the other."""
    cloud = BatchCloud()
    results = _apply(fresh, cloud)
    assert results.applied == len(fresh.writes)
    assert cloud.kinds() == [
        *[["forwarding"]] * 3,
        ["table", "route", "route", "route"],
        *[["association"]] * 3,
    ]


def test_every_row_of_a_table_is_in_exactly_one_write() -> None:
    """What is made, led elsewhere and deleted, with the claim."""
    stale = raw_table("pods", own_route(1, "10.10.0.99"), own_route(8), own_route(9))
    made = replace(world("aab", stale), subnets=(raw_subnet("a", "pods"), raw_subnet("b", "pods")))
    changes = _plan("aab", made)
    cloud = BatchCloud()
    _apply(changes, cloud)
    (write,) = cloud.of(PODS)
    assert write == tuple(row for row in changes.writes if row.kind in ("route", "claim", "mark"))
    assert sorted(row.action for row in write) == ["create", "create", "delete", "delete", "update"]


def test_the_mark_goes_in_the_same_write_as_the_last_route() -> None:
    """There is no moment in which one is there without the other."""
    by_hand = raw_route("by-hand", pod_cidr(1), address(1))
    changes = _plan("a", world("a", raw_table("pods", by_hand, own_route(9)), given="pods"))
    cloud = BatchCloud()
    _apply(changes, cloud)
    assert [[(row.kind, row.action) for row in write] for write in cloud.of(PODS)] == [
        [("route", "delete"), ("mark", "update")]
    ]


def test_two_tables_are_two_writes() -> None:
    """Each with its own rows; one that fails is no reason not to write the other."""
    made = world("ab", raw_table("pods", tags={}), raw_table("more", tags={}))
    changes = _plan("ab", replace(made, subnets=(raw_subnet("a", "pods"), raw_subnet("b", "more"))))
    cloud = BatchCloud(refuse={PODS: CloudError("no")})
    results = _apply(changes, cloud)
    assert [len(cloud.of(table)) for table in (PODS, f"{HOME}/more")] == [1, 1]
    assert [row.kind for row in cloud.of(f"{HOME}/more")[0]] == ["claim", "route", "route"]
    assert _told(results) == [("claim", "failed", "no"), ("route", "failed", "no"), ("route", "failed", "no")]
    assert {result.change.after.get("table", PODS) for result in results.failed} == {PODS}


def test_a_long_error_of_a_write_stands_whole_once() -> None:
    """A thousand rows would repeat a thousand names each; the others say where it is."""
    made = replace(world("a", raw_table("pods", tags={})), subnets=(raw_subnet("a", "pods"),))
    results = _apply(_plan("a", made), BatchCloud(refuse={PODS: CloudError("no " * 1000)}))
    first, *others = [result for result in results if result.outcome == "failed"]
    assert len(first.error) >= 2999
    assert others
    assert all(len(result.error) < 600 and PODS in result.error for result in others)


def test_a_table_that_no_route_can_be_made_in_is_not_made(fresh: Plan) -> None:
    """Where every node's interface fails, there is nothing to lead to: no empty table is given to a subnet."""
    nics: dict[str, Exception] = {row.resource: CloudError("no") for row in fresh.writes if row.kind == "forwarding"}
    results = _apply(fresh, BatchCloud(refuse=nics))
    assert results.applied == 0
    told = {(row.kind, error) for row, error in ((result.change, result.error) for result in results)}
    assert ("table", "none of its routes can be made") in told
    assert ("association", "its route table was not written") in told


def test_what_a_write_was_based_on_is_kept_for_each_of_its_rows(fresh: Plan) -> None:
    """The proof looks it up by the resource."""
    results = _apply(fresh, BatchCloud())
    based = [result.based_on for result in results if result.change.kind in ("table", "route")]
    assert based == [{SPARE: {"read": "just before"}}] * 4


# What fails, and what is done all the same.


def test_the_route_of_a_node_whose_interface_failed_is_left_out(fresh: Plan) -> None:
    """The others are sent, in one write; the reason names the interface."""
    cloud = BatchCloud(refuse={NIC_1: CloudError("no")})
    results = _apply(fresh, cloud)
    assert _told(results) == [
        ("forwarding", "failed", "no"),
        ("route", "skipped", f"forwarding of {NIC_1} failed first"),
    ]
    (write,) = cloud.of(SPARE)
    assert [row.node for row in write] == ["", "node-2", "node-3"]
    assert cloud.kinds()[-3:] == [["association"]] * 3


def test_a_table_that_cannot_be_written_is_given_to_nobody(fresh: Plan) -> None:
    """Every row of it has failed, and the subnets say why they were not touched."""
    cloud = BatchCloud(refuse={SPARE: CloudError("no")})
    results = _apply(fresh, cloud)
    assert _told(results) == [
        *[(kind, "failed", "no") for kind in ("table", "route", "route", "route")],
        *[("association", "skipped", "its route table was not written")] * 3,
    ]
    assert len(cloud.of(SPARE)) == 1
    assert "association" not in {kind for kinds in cloud.kinds() for kind in kinds}


def test_a_table_whose_routes_failed_is_given_to_nobody_though_it_was_there() -> None:
    """Nothing in it leads to the pods."""
    made = world("ab", raw_table("pods", own_route(1)))
    changes = _plan("ab", replace(made, subnets=(raw_subnet("a", "pods"), raw_subnet("b"))))
    (route,) = [row.resource for row in changes.writes if row.kind == "route"]
    results = _apply(changes, BatchCloud(refuse={route: CloudError("no")}))
    assert _told(results) == [
        ("route", "failed", "no"),
        ("association", "skipped", "its route table was not written"),
    ]


def test_another_tables_failure_is_no_reason() -> None:
    """Only what a subnet is to be given counts."""
    given = Change("update", "association", "cluster-rg/main/b", "", {"table": ""}, {"table": SPARE}, "")
    changes = _by_hand(_route(1), _route(2, SPARE), given)
    results = _apply(changes, BatchCloud(refuse={_route(1).resource: CloudError("no")}))
    assert _told(results) == [("route", "failed", "no")]


def test_a_surprise_in_a_write_is_the_failure_of_all_its_rows(fresh: Plan) -> None:
    """None of them is taken for made."""
    results = _apply(fresh, BatchCloud(refuse={SPARE: ZeroDivisionError("what?")}))
    failed = [result.error for result in results.failed if result.outcome == "failed"]
    assert failed == ["unexpected ZeroDivisionError: what?"] * 4


def test_one_subnet_that_is_refused_stops_no_other(fresh: Plan) -> None:
    """The table is there, whatever is wrong with that subnet."""
    cloud = BatchCloud(refuse={"cluster-rg/main/a": CloudError("locked")})
    results = _apply(fresh, cloud)
    assert _told(results) == [("association", "failed", "locked")]
    assert results.applied == len(fresh.writes) - 1


def test_subnets_are_given_their_tables_one_at_a_time(fresh: Plan) -> None:
    """Azure locks the whole network for each."""
    cloud = BatchCloud()
    _apply(fresh, cloud)
    assert cloud.most_at_once["association"] == 1
    assert [write[0].resource[-1] for write in cloud.writes[-3:]] == ["a", "b", "c"]


def test_interfaces_are_changed_side_by_side() -> None:
    """A thousand nodes would wait for hours otherwise."""
    cloud = BatchCloud()
    _apply(_plan("aaaaaa", world("aaaaaa")), cloud)
    assert cloud.most_at_once["forwarding"] > 1
    assert cloud.most_at_once["table"] == 1


def test_a_mark_stays_while_a_route_of_its_table_is_not_done() -> None:
    """It says whose the routes are that are still there; what can be deleted is."""
    gone = Change("delete", "route", "r", "", {**_route(9).after}, {}, "")
    forwarding = _change("forwarding", NIC_1, "node-1", forwarding=True)
    mark = Change("update", "mark", PODS, "", {"l2bridge:blue": "blue"}, {}, "")
    cloud = BatchCloud(refuse={NIC_1: CloudError("no")})
    results = _apply(_by_hand(forwarding, _route(1), gone, mark), cloud)
    assert _told(results)[1:] == [
        ("route", "skipped", f"forwarding of {NIC_1} failed first"),
        ("mark", "skipped", "not every route of this table is done; the claim stays"),
    ]
    assert cloud.of(PODS) == [(gone,)]


# Scale sets.


def _member(number: int) -> Change:
    return _change("forwarding", f"cluster-rg/pool/{number}/nic", f"node-{number}", forwarding=True, template=POOL)


def _with_pool() -> Plan:
    """Return a plan for two instances of a scale set, and a machine."""
    template = _change("template", POOL, forwarding=True)
    ordinary = _change("forwarding", "cluster-rg/node-3-nic", "node-3", forwarding=True)
    return _by_hand(template, _member(1), _member(2), ordinary, *map(_route, (1, 2, 3)))


def test_the_instances_of_a_scale_set_are_one_request_after_its_template() -> None:
    """They follow it together; ordinary machines beside them."""
    cloud = BatchCloud()
    results = _apply(_with_pool(), cloud)
    assert results.applied == 7
    assert cloud.writes[0][0].kind == "template"
    assert sorted([row.resource for row in write] for write in cloud.writes[1:3]) == [
        ["cluster-rg/node-3-nic"],
        ["cluster-rg/pool/1/nic", "cluster-rg/pool/2/nic"],
    ]
    assert cloud.kinds()[3:] == [["route", "route", "route"]]


def test_a_template_that_cannot_be_changed_skips_its_instances() -> None:
    """They would come up to the old model; the others are served."""
    cloud = BatchCloud(refuse={POOL: CloudError("no")})
    results = _apply(_with_pool(), cloud)
    why = f"the template of {POOL} could not be changed"
    assert _told(results) == [
        ("template", "failed", "no"),
        ("forwarding", "skipped", why),
        ("forwarding", "skipped", why),
        *[("route", "skipped", f"forwarding of cluster-rg/pool/{number}/nic failed first") for number in (1, 2)],
    ]
    assert [[row.node for row in write] for write in cloud.of(PODS)] == [["node-3"]]


def test_a_template_that_fails_keeps_no_table_from_its_mark() -> None:
    """Neither is any node's."""
    claim = Change("update", "claim", PODS, "", {}, {"l2bridge:blue": "blue"}, "")
    gone = Change("delete", "route", "r", "", {**_route(9).after}, {}, "")
    cloud = BatchCloud(refuse={POOL: CloudError("no")})
    _apply(_by_hand(*_with_pool().writes, claim, gone), cloud)
    assert [[(row.kind, row.node) for row in write] for write in cloud.of(PODS)] == [
        [("claim", ""), ("route", "node-3"), ("route", "")]
    ]


def test_another_scale_sets_template_is_no_reason() -> None:
    """Also not when its name ends the same."""
    other = _change("template", f"{HOME}/my-pool", forwarding=True)
    changes = _with_pool()
    cloud = BatchCloud(refuse={f"{HOME}/my-pool": CloudError("no")})
    results = _apply(_by_hand(other, *changes.writes), cloud)
    assert _told(results) == [("template", "failed", "no")]


def test_instances_that_do_not_follow_leave_out_their_routes() -> None:
    """All of the scale set, which is one request."""
    cloud = BatchCloud(refuse={"cluster-rg/pool/2/nic": CloudError("late")})
    results = _apply(_with_pool(), cloud)
    assert [(kind, outcome) for kind, outcome, _ in _told(results)] == [
        *[("forwarding", "failed")] * 2,
        *[("route", "skipped")] * 2,
    ]
    assert [[row.node for row in write] for write in cloud.of(PODS)] == [["node-3"]]


# Ctrl-C.


def _interrupted(changes: Plan, cloud: BatchCloud) -> Results:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        return _apply(changes, cloud, tell=lambda _: cloud.noticed.set())
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interruption_among_interfaces_writes_no_table(fresh: Plan) -> None:
    """What was sent is known, the rest is skipped."""
    cloud = BatchCloud(interrupt_at=NIC_1)
    results = _interrupted(fresh, cloud)
    assert cloud.of(SPARE) == []
    assert {result.error for result in results.failed if result.change.kind != "route"} == {"the run was interrupted"}
    assert results.applied == len(cloud.writes) <= 3
    assert len(list(results)) == len(fresh.writes)


def test_an_interruption_while_a_table_is_written_lets_it_finish(fresh: Plan) -> None:
    """Its rows are made; no subnet is given it."""
    cloud = BatchCloud(interrupt_at=SPARE)
    results = _interrupted(fresh, cloud)
    assert {result.change.kind for result in results if result.outcome == "applied"} == {"forwarding", "table", "route"}
    assert _told(results) == [("association", "skipped", "the run was interrupted")] * 3


def test_an_interruption_between_subnets_leaves_the_rest_without(fresh: Plan) -> None:
    """The one under way is finished."""
    cloud = BatchCloud(interrupt_at="cluster-rg/main/a")
    results = _interrupted(fresh, cloud)
    assert _told(results) == [("association", "skipped", "the run was interrupted")] * 2


def test_an_interruption_in_the_last_write_loses_nothing() -> None:
    """Everything is done, and that is what is told."""
    made = world("aa", raw_table("pods", tags={}), given="pods")
    ready = replace(made, nics=tuple(raw_nic(number, enableIPForwarding=True) for number in (1, 2)))
    cloud = BatchCloud(interrupt_at=PODS)
    results = _interrupted(_plan("aa", ready), cloud)
    assert (results.failed, cloud.kinds()) == ((), [["claim", "route", "route"]])
