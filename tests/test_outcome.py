import json
from dataclasses import replace

import pytest

from l2bridge_helpers.changes import Action, Change, Plan
from l2bridge_helpers.errors import ApplyError, DriftError, ParameterError, VerifyError
from l2bridge_helpers.filters import FIREWALL_RULES
from l2bridge_helpers.findings import Finding, Findings, Severity
from l2bridge_helpers.observed import Unread
from l2bridge_helpers.outcome import Outcome
from l2bridge_helpers.proof import Check, Proof
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import APPLIED, NOW, PLANNED, Moment, Reachability
from l2bridge_helpers.results import Outcome as Became
from l2bridge_helpers.results import Result, Results
from tests.builders import CLUSTER, NETWORK
from tests.reachability import healthy as made
from tests.reachability.healthy import World, healthy


def change(number: int, action: Action = "create") -> Change:
    return Change(action, "route", f"route-{number}", f"node-{number}", {}, {"destination": "x"}, f"reason {number}")


def finding(severity: Severity, name: str) -> Finding:
    return Finding(severity, name, "is bad", "that matters", "mend it")


def outcome(*became: Became, findings: tuple[Finding, ...] = (), wrong: tuple[str, ...] = ()) -> Outcome:
    """Return an outcome with one creation for each word; the proof finds these objects wrong."""
    changes = tuple(change(number) for number, _ in enumerate(became, 1))
    results = (
        Result(change, word, "it was refused" if word == "failed" else "")
        for change, word in zip(changes, became, strict=True)
    )
    checks = tuple(Check("wrong", name, "node", "a route", "no route") for name in wrong)
    return Outcome(
        nodes=len(became),
        findings=Findings.of(findings),
        changes=Plan("gce", CLUSTER, NETWORK, changes),
        results=Results(tuple(results)),
        proof=Proof(checks),
    )


def with_conflict(before: Outcome) -> Outcome:
    assert before.changes is not None
    return replace(before, changes=replace(before.changes, changes=(*before.changes, change(9, "conflict"))))


# Counts.


@pytest.mark.parametrize(
    ("came", "counts", "sentence"),
    [
        (Outcome(), (0, 0, 0, 0), "0 nodes, 0 changes applied, 0 left"),
        (outcome("applied"), (1, 1, 0, 0), "1 node, 1 change applied, 0 left"),
        (outcome("applied", "applied"), (2, 2, 0, 0), "2 nodes, 2 changes applied, 0 left"),
        (outcome("applied", "failed", "skipped"), (3, 1, 2, 2), "3 nodes, 1 change applied, 2 left"),
        (outcome("not sent", "not sent"), (2, 0, 0, 2), "2 nodes, 0 changes applied, 2 left"),
        (with_conflict(outcome("not sent")), (1, 0, 0, 2), "1 node, 0 changes applied, 2 left"),
    ],
)
def test_counts_say_what_is_left(came: Outcome, counts: tuple[int, ...], sentence: str) -> None:
    """Planned, applied, failed, left: what was not made and what is in the way are left."""
    assert tuple(came.counts().values()) == counts
    assert list(came.counts()) == ["planned", "applied", "failed", "left"]
    assert came.summary() == sentence


# Apply.


def test_apply_without_trouble_is_no_error() -> None:
    """Warnings do not fail a run."""
    assert outcome("applied", findings=(finding("warning", "node w"),)).error("apply") is None


def test_apply_with_failures_names_every_one() -> None:
    """What failed, why, and that running again is safe."""
    error = outcome("failed", "applied", "failed").error("apply")
    assert type(error) is ApplyError
    assert "1 of 3 changes were applied" in str(error)
    assert "route-1, route-3: it was refused" in str(error)
    assert "run again" in str(error)


def test_apply_with_unserved_nodes_ends_in_error() -> None:
    """The others were served, the run still is not in order, and each node is named with what to do."""
    findings = (finding("error", "node a"), finding("error", "node b"))
    error = outcome("applied", findings=findings).error("apply")
    assert type(error) is ApplyError
    assert "node a is bad; mend it | node b is bad; mend it" in str(error)


def test_apply_that_a_fresh_read_does_not_show_is_an_error() -> None:
    """Success is what a fresh read shows; every object is named."""
    error = outcome("applied", wrong=("route-1", "route-7")).error("apply")
    assert type(error) is VerifyError
    assert "route-1: no route, wanted a route | route-7: no route, wanted a route" in str(error)


@pytest.mark.parametrize(
    "came",
    [
        outcome("failed", "applied", wrong=("route-1", "route-2")),
        outcome("applied", findings=(finding("error", "node a"),), wrong=("route-2",)),
    ],
)
def test_apply_names_what_is_wrong_beside_what_failed(came: Outcome) -> None:
    """A failure of one node hides no other's: route-2 was accepted, and is not there."""
    assert "route-2" in str(came.error("apply"))


def test_apply_with_nothing_to_do_is_no_error() -> None:
    """The second run."""
    assert Outcome(nodes=3).error("apply") is None


# Check.


def test_check_without_trouble_is_no_error() -> None:
    """Warnings are not out of place."""
    assert outcome(findings=(finding("warning", "node w"),)).error("check") is None


@pytest.mark.parametrize(
    ("came", "named"),
    [
        (outcome("not sent"), "node node-1: create route route-1 (reason 1)"),
        (with_conflict(outcome()), "node node-9: reason 9"),
        (outcome(findings=(finding("blocking", "node b"),)), "node b is bad; mend it"),
        (outcome(findings=(finding("error", "node e"),)), "node e is bad; mend it"),
        (outcome(wrong=("route-5",)), "route-5: no route, wanted a route"),
    ],
)
def test_check_fails_for_anything_out_of_place(came: Outcome, named: str) -> None:
    """A change to make, a conflict, a finding, a route that does not work."""
    error = came.error("check")
    assert type(error) is DriftError
    assert str(error).startswith(f"1 thing out of place: {named}; ")


def test_check_names_everything_at_once() -> None:
    """And counts it."""
    came = with_conflict(outcome("not sent", "not sent", findings=(finding("error", "node e"),), wrong=("route-5",)))
    text = str(came.error("check"))
    assert text.startswith("5 things out of place: ")
    assert all(name in text for name in ("node e", "node-9", "route-1", "route-2", "route-5"))


# Plan.


def test_plan_is_never_an_error() -> None:
    """It was asked for a plan and has made one."""
    assert with_conflict(outcome("not sent", findings=(finding("blocking", "node b"),))).error("plan") is None


def test_verdict_of_a_plan_says_what_would_stop_it() -> None:
    """Nothing was changed; every obstacle is named."""
    text = with_conflict(outcome("not sent", findings=(finding("blocking", "node b"),))).verdict("plan")
    assert text.startswith("Nothing was changed. The plan for 1 node: ")
    assert "But first settle: node b is bad; mend it | node node-9: reason 9." in text


def test_verdict_of_a_good_run_is_its_summary() -> None:
    """In a sentence."""
    assert outcome("applied").verdict("apply") == "apply succeeded: 1 node, 1 change applied, 0 left."


# Who reaches whom.

WHOLE = healthy("gce", "aaa")
NOT_FORWARDING = made.with_nic(WHOLE, "node-2", forwarding=False)
STOPPED = made.with_instance(WHOLE, "node-2", running=False)
UNREAD = made.with_fabric(WHOLE, unread=(Unread(FIREWALL_RULES, "refused"),))


def seen(world: World, moment: Moment = NOW) -> Reachability:
    return reach(world.nodes, world.fabric, moment=moment)


def with_reach(*found: Reachability) -> Outcome:
    return replace(outcome(), reachability={one.moment: one for one in found})


def test_check_fails_when_a_pair_that_should_reach_does_not() -> None:
    """With the pairs and every cause of theirs, also when no change would mend it."""
    error = with_reach(seen(NOT_FORWARDING)).error("check")
    assert type(error) is DriftError
    assert str(error).startswith(
        "1 thing out of place: 2 of 6 pairs reach (TCP 443); pairs stopped by IP forwarding off at 1 node (4); "
    )


@pytest.mark.parametrize("world", [WHOLE, STOPPED, UNREAD], ids=["all reach", "a machine is off", "not read"])
def test_check_does_not_fail_for_what_should_not_reach_or_is_not_proven(world: World) -> None:
    """A machine that somebody has stopped is no drift, and a permission that lacks proves nothing."""
    assert with_reach(seen(world)).error("check") is None


def test_check_does_not_fail_for_what_would_be() -> None:
    """It is asked about now."""
    assert with_reach(seen(WHOLE), seen(NOT_FORWARDING, PLANNED)).error("check") is None


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_other_modes_do_not_fail_for_pairs_that_do_not_reach(mode: str) -> None:
    """A plan is what was asked for; after `apply` the proof compares a fresh read with what the plan leads to."""
    assert with_reach(seen(NOT_FORWARDING)).error(mode) is None


def _advice(came: Outcome) -> str:
    return str(came.error("check")).rpartition("; ")[2]


def test_check_says_what_a_run_would_mend_and_what_it_would_not() -> None:
    """An apply is advised where it has something to do, and not for more than it does."""
    drift = replace(outcome("not sent"), reachability={NOW: seen(NOT_FORWARDING)})
    assert _advice(drift) == "run with mode='apply' to mend it"
    short = replace(drift, reachability={NOW: seen(NOT_FORWARDING), PLANNED: seen(NOT_FORWARDING, PLANNED)})
    assert _advice(short) == "run with mode='apply' to mend it, but for what the plan leaves in the way"
    assert _advice(with_reach(seen(NOT_FORWARDING))).startswith("no run with these parameters mends this")


def test_only_what_apply_would_refuse_is_to_be_settled_first() -> None:
    """A node that is left out stops nobody else."""
    left_out = outcome("not sent", findings=(finding("error", "node a"),))
    assert _advice(left_out) == "run with mode='apply' to mend it, but for what the plan leaves in the way"
    assert (
        _advice(outcome("not sent", findings=(finding("blocking", "node b"),)))
        == "settle what apply would refuse first"
    )


def test_pairs_that_are_worse_off_are_found_though_as_many_reach() -> None:
    """The plan cuts node-2 off, a fresh read shows node-3 cut off instead: counts are equal, pairs are not."""
    wanted, found = seen(NOT_FORWARDING), seen(made.with_nic(WHOLE, "node-3", forwarding=False))
    assert wanted.reaching == found.reaching
    assert found.worse_than(wanted) == [("node-1", "node-3"), ("node-3", "node-1")]
    assert wanted.worse_than(wanted) == []


def test_a_moment_that_is_none_is_refused() -> None:
    """It would be looked up nowhere, and check would pass."""
    with pytest.raises(ParameterError, match="moment: 'Now' is none of now, after the plan, after the apply"):
        seen(WHOLE, "Now")  # type: ignore[arg-type]


def test_verdict_tells_each_moment_in_its_order_and_the_last_one_s_causes() -> None:
    """However they were recorded; what was in the way before is history."""
    came = with_reach(seen(STOPPED, APPLIED), seen(NOT_FORWARDING), seen(WHOLE, PLANNED))
    assert came.verdict("apply") == (
        "apply succeeded: 0 nodes, 0 changes applied, 0 left. Before, 2 of 6 pairs reach (TCP 443). "
        "After the plan, 6 of 6 pairs reach (TCP 443). After the apply, 2 of 6 pairs reach (TCP 443); "
        "pairs stopped by machine does not run at 1 node (4)."
    )


def test_verdict_of_a_plan_tells_what_it_leaves_in_the_way() -> None:
    """Before what would stop it."""
    came = replace(with_conflict(outcome("not sent")), reachability={PLANNED: seen(NOT_FORWARDING, PLANNED)})
    told = came.verdict("plan")
    places = [told.index(part) for part in ("The plan for", "After the plan, 2 of 6", "forwarding off", "But first")]
    assert places == sorted(places)


# result.json.


def test_result_is_plain_data() -> None:
    """It is for machines: everything in it is JSON, also what failed and why."""
    came = with_conflict(outcome("applied", "failed", findings=(finding("error", "node a"),), wrong=("route-2",)))
    document = json.loads(json.dumps(came.table()))
    assert [(row["resource"], row["outcome"], row["error"]) for row in document["changes"]] == [
        ("route-1", "applied", ""),
        ("route-2", "failed", "it was refused"),
    ]
    assert [row["resource"] for row in document["conflicts"]] == ["route-9"]
    assert [row["object"] for row in document["findings"]] == ["node a"]
    assert [row["object"] for row in document["verified"]] == ["route-2"]
    assert document["counts"] == came.counts()
    assert came.changes is not None
    assert document["plan_hash"] == came.changes.hash


def test_result_has_who_reaches_whom_at_each_moment() -> None:
    """With all causes, their faults, and the counts; in JSON."""
    came = with_reach(seen(NOT_FORWARDING), seen(WHOLE, PLANNED))
    found = json.loads(json.dumps(came.table()))["reachability"]
    assert list(found) == [NOW, PLANNED]
    counts = {"traffic": "TCP 443", "pairs": 6, "reaching": 6, "unproven": 0, "blocked": 0, "causes": []}
    assert found[PLANNED] == counts
    (cause,) = found[NOW]["causes"]
    assert (cause["kind"], cause["nodes"], cause["pairs"], cause["fails"]) == ("forwarding", ["node-2"], 4, True)
    assert cause["faults"][0]["node"] == "node-2"
    assert "gcloud compute instances" in cause["faults"][0]["mend"]


def test_result_of_a_run_that_came_to_nothing_has_the_same_keys() -> None:
    """Who reads it need not ask how far the run came."""
    assert Outcome().table().keys() == outcome("applied").table().keys()
