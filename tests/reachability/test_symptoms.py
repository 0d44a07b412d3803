"""The known failures of such clusters are named, or people are told where else to look."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from l2bridge_helpers.checklist import not_proven
from l2bridge_helpers.checks import check
from l2bridge_helpers.explain import explain
from l2bridge_helpers.flannel import NetConf
from l2bridge_helpers.observed import Template
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import VERDICTS
from l2bridge_helpers.scope import Scope
from tests.reachability import healthy as made
from tests.reachability.faults import Change, healthy
from tests.reachability.healthy import World
from tests.reachability.symptoms import HIDDEN, SHOWN, Hidden, Shown


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: f"{shown.platform}: {shown.symptom}")
def test_a_known_failure_is_named_with_its_mend(shown: Shown) -> None:
    """`reach` names the cause and the nodes, `check` tells of it, and `explain` of a stopped pair shows the mend."""
    world = shown.change(healthy(shown.platform))
    found = reach(world.nodes, world.fabric)
    kinds = {cause.kind: cause for cause in reversed(found.causes) if shown.mend in " ".join(cause.mends)}
    cause = kinds[shown.kind]
    assert (cause.nodes, cause.verdict) == (shown.nodes, shown.verdict)
    scope = Scope(routes=shown.platform != "bare_metal")
    told = [" ".join(vars(finding).values()) for finding in check(world.nodes, world.fabric, scope=scope)]
    assert not shown.finding or any(shown.finding in text for text in told)
    source, destination = _stopped(world, shown)
    explained = explain(world.nodes, world.fabric, source, destination)
    assert any(shown.mend in hop.mend for hop in explained.obstacles)


def _stopped(world: World, shown: Shown) -> tuple[str, str]:
    """Return the first pair with the verdict that the failure has, to one of its nodes."""
    (family,) = reach(world.nodes, world.fabric).families
    return next(
        (family.names[i], family.names[j])
        for i, j in itertools.permutations(range(len(family.names)), 2)
        if VERDICTS[family.matrix()[i, j]] == shown.verdict and family.names[j] in shown.nodes
    )


CONTROLLER = "let it do the job, or start it with --configure-cloud-routes=false"


def controller_routes(world: World) -> World:
    return made.with_routes(world, lambda routes: [replace(one, description="k8s-node-route") for one in routes])


def in_a_group(world: World) -> World:
    grouped = made.with_instance(world, "node-3", group="mig-1")
    return made.with_fabric(grouped, templates=(Template("mig-1", "small", forwarding=False),))


TOLD = [
    pytest.param(
        "aws",
        lambda world: made.with_row(world, "node-3", routeController="RouteCreated"),
        "have the condition NetworkUnavailable with reason RouteCreated",
        CONTROLLER,
        id="another writer recreates routes (kubernetes #52398)",
    ),
    pytest.param(
        "gce",
        lambda world: made.with_routes(
            world, lambda routes: [replace(one, description="k8s-node-route") for one in routes]
        ),
        "holds 5 routes of a cloud controller manager",
        CONTROLLER,
        id="cloud-provider-gcp's own routes",
    ),
    pytest.param(
        "gce",
        lambda world: made.with_fabric(
            made.with_instance(world, "node-3", group="mig-1"),
            templates=(Template("mig-1", "small", forwarding=False),),
        ),
        "makes machines from small, which leaves forwarding off",
        "make a template with forwarding on",
        id="a managed group makes machines anew with forwarding off (kops)",
    ),
    pytest.param(
        "bare_metal",
        lambda world: replace(world, flannel=NetConf("kube-system/kube-flannel-cfg")),
        "sets flannel's backend to ''",
        "set Backend.Type to host-gw",
        id="empty flannel_backend_type (rancher #18542)",
    ),
]


@pytest.mark.parametrize(("platform", "change", "found", "todo"), TOLD)
def test_a_failure_to_come_is_told(platform: str, change: Change, found: str, todo: str) -> None:
    """What stops no packet yet is a finding; everything still reaches."""
    world = change(healthy(platform))
    told = [finding for finding in check(world.nodes, world.fabric) if found in finding.found]
    assert [todo in finding.todo for finding in told] == [True]
    reached = reach(world.nodes, world.fabric)
    assert {cause.kind for cause in reached.causes} <= {"flannel"}
    assert reached.blocked == 0


def test_a_node_that_is_called_by_its_full_name_is_found() -> None:
    """Route controllers compared the full name with the cloud's short one, and burnt the quota (kubernetes #52398)."""
    world = made.with_row(healthy("gce"), "node-3", nodeName="node-3.example.org", providerID="")
    assert reach(world.nodes, world.fabric).causes == ()


def test_windows_nodes_count_in_ipv4_only() -> None:
    """Flannel's Windows backend writes IPv4 routes only (hostgw_windows.go): of IPv6 nothing is expected there."""
    world = made.with_row(made.healthy("gce", "aab", (4, 6)), "node-3", os="windows")
    families = {family.version: family.names for family in reach(world.nodes, world.fabric).families}
    assert families == {4: ("node-1", "node-2", "node-3"), 6: ("node-1", "node-2")}


def test_virtual_network_holds_pods_only_once_routes_lead_to_them() -> None:
    """So a subnet whose table is new lets pods in without a rule of its own (service-tags-overview)."""
    world = healthy("azure")
    bare = made.with_routes(world, lambda _: [])
    (cause,) = reach(bare.nodes, bare.fabric).causes
    assert cause.kind == "route"
    assert reach(world.nodes, world.fabric).causes == ()


def _prose(root: Path, where: str) -> str:
    if where == "checklist":
        return "\n".join(" ".join(vars(item).values()) for item in not_proven())
    text = (root / where).read_text(encoding="utf-8")
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"]) if where.endswith("ipynb") else text


@pytest.mark.parametrize(
    ("hidden", "where"),
    [pytest.param(one, where, id=f"{one.symptom}: {where}") for one in HIDDEN for where in one.where],
)
def test_what_cannot_be_seen_from_here_is_told(root: Path, hidden: Hidden, where: str) -> None:
    """Somebody for whom everything passes is told where else to look."""
    assert hidden.words in _prose(root, where), hidden.why
