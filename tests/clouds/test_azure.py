"""The Azure adapter, through the real SDKs, against the lab."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from l2bridge_helpers import list_nodes, prove, reach
from l2bridge_helpers.errors import (
    AccessDeniedError,
    BlockedError,
    CredentialsError,
    ParameterError,
    UnreachableError,
)
from l2bridge_helpers.filters import FIREWALL_RULES
from l2bridge_helpers.lab import Lab, Request, world
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.pace import Limits
from l2bridge_helpers.platforms import cloud_of
from tests.runs import Run, errors_of, parameters_of, remove_node, without_provider_ids

OURS = "l2bridge-lab"
Json = dict[str, Any]


def _rows(run: Run, *kinds: str) -> list[tuple[str, str]]:
    """Return (action, resource's last part) of the plan's rows of these kinds that are no `none`."""
    return [
        (row.action, row.resource.rpartition("/")[2])
        for row in run.changes
        if row.kind in kinds and row.action != "none"
    ]


def _run(lab: Lab, **changed: Any) -> Run:
    return Run(lab, changed)


def _converge(lab: Lab, **changed: Any) -> Run:
    run = _run(lab, **changed)
    results = run.apply()
    assert results.failed == ()
    assert run.proof(results).wrong == ()
    return run


def _named(lab: Lab, collection: str, name: str) -> Json:
    return next(item for item in lab.world.cloud(collection) if item["name"] == name)


def _nic(lab: Lab, node: str) -> Json:
    return _named(lab, "networkInterfaces", f"{node}-nic")


def _subnet(lab: Lab, name: str) -> Json:
    (network,) = lab.world.cloud("virtualNetworks")
    return next(subnet for subnet in network["properties"]["subnets"] if subnet["name"] == name)


def _table(lab: Lab, name: str = OURS) -> Json:
    return _named(lab, "routeTables", name)


def _routes(lab: Lab, table: str = OURS) -> dict[str, str]:
    """Return prefix -> next hop of a table."""
    routes = (route["properties"] for route in _table(lab, table)["properties"]["routes"])
    return {route["addressPrefix"]: route.get("nextHopIpAddress", route["nextHopType"]) for route in routes}


def _put(lab: Lab, part: str) -> list[Request]:
    """Return the writes to paths with this part."""
    return [request for request in lab.writes if part.lower() in request.path.lower()]


def _node(lab: Lab, name: str) -> Json:
    return next(node for node in lab.world.nodes if node["metadata"]["name"] == name)


def _add_route(lab: Lab, table: str, prefix: str, hop: str, name: str = "by-hand") -> None:
    route = {"addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop}
    raw = _table(lab, table)
    raw["properties"]["routes"].append({"id": f"{raw['id']}/routes/{name}", "name": name, "properties": route})


def _stripped(value: Any) -> Any:
    """Return a resource without what every write renews."""
    if isinstance(value, dict):
        return {key: _stripped(part) for key, part in value.items() if key not in ("etag", "provisioningState")}
    return [_stripped(part) for part in value] if isinstance(value, list) else value


def _fail(lab: Lab, method: str, path: str, **fault: Any) -> None:
    lab.azure.faults.add(lambda request: request.method == method and path.lower() in request.path.lower(), **fault)


@pytest.fixture
def small() -> Iterator[Lab]:
    with Lab(world("azure-small")) as lab:
        yield lab


@pytest.fixture
def messy() -> Iterator[Lab]:
    with Lab(world("azure-messy")) as lab:
        lab.world.parameters["resource_group"] = "rg-network"  # where our table of an earlier run is
        yield lab


@pytest.fixture
def sets() -> Iterator[Lab]:
    with Lab(world("azure-scale-sets")) as lab:
        yield lab


# Reading.


@pytest.mark.parametrize("name", ["azure-small", "azure-messy", "azure-dual-stack", "azure-scale-sets"])
def test_a_plan_writes_nothing(name: str) -> None:
    """The lab's log says so, and its state is what it was."""
    with Lab(world(name)) as lab:
        before = lab.world.copy().resources
        assert _run(lab).changes.writes
        assert (lab.writes, lab.world.resources) == ([], before)


def test_eight_hundred_nodes_take_few_requests_and_one_write_for_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists and pages, never a request per node; forwarding where it is off, once each."""
    monkeypatch.setattr("l2bridge_helpers.clouds.azure.AZURE", Limits(lanes=64, width=32))  # Azure's take 100 s
    with Lab(world("azure-800")) as lab:
        run = _run(lab, effective_routes="none")
        assert len(lab.requests) <= 20
        assert lab.writes == []
        off = {
            f"{nic['name']}"
            for nic in lab.world.cloud("networkInterfaces")
            if not nic["properties"]["enableIPForwarding"]
        }
        results = run.apply()
        assert results.failed == ()
        assert len(_put(lab, "/routeTables/")) == 1
        assert Counter(request.path.rpartition("/")[2] for request in _put(lab, "/networkInterfaces/")) == Counter(off)
        assert len(_put(lab, "/subnets/")) == 1
        assert len(_routes(lab)) == 800


def test_a_second_run_does_nothing(small: Lab) -> None:
    """Everything is in place, and found again."""
    _converge(small)
    writes = len(small.writes)
    again = _converge(small)
    assert again.changes.writes == ()
    assert len(small.writes) == writes


def test_nodes_without_provider_id_are_found_by_their_address(small: Lab) -> None:
    """Whatever they are called, in the one virtual network that has their addresses."""
    without_provider_ids(small)
    assert len(_run(small).changes.writes) == 14


def test_an_address_in_two_networks_is_refused(small: Lab) -> None:
    """Private networks share their addresses; the error names both and what to do."""
    without_provider_ids(small)
    _add_twins(small, 6)
    with pytest.raises(ParameterError, match=r"vnet-cluster.*vnet-other.*spec\.providerID"):
        _run(small)


def test_the_network_with_all_addresses_is_meant(small: Lab) -> None:
    """Another one that has some of them by chance is not."""
    without_provider_ids(small)
    _add_twins(small, 2)
    assert len(_run(small).changes.writes) == 14


def test_one_provider_id_tells_the_network_of_all(small: Lab) -> None:
    """The others' addresses are looked for there only."""
    for node in small.world.nodes[1:]:
        node["spec"]["providerID"] = ""
    assert len(_run(small).changes.writes) == 14


def test_provider_ids_in_any_letter_case_are_one(small: Lab) -> None:
    """Azure's own answers differ in it."""
    for node in small.world.nodes:
        node["spec"]["providerID"] = "azure://" + node["spec"]["providerID"].removeprefix("azure://").upper()
    assert len(_run(small).changes.writes) == 14


def test_a_node_of_another_subscription_is_named_and_the_others_are_served(small: Lab) -> None:
    """Nothing is looked for there."""
    node = _node(small, "node-1")
    node["spec"]["providerID"] = node["spec"]["providerID"].replace("0b1f6471", "ffffffff")
    run = _run(small)
    assert [finding.object for finding in run.findings.errors] == ["node node-1"]
    assert len(run.changes.writes) == 12


def test_nodes_of_no_machine_are_named_and_nothing_is_planned(small: Lab) -> None:
    """Provider IDs that lead nowhere are refused, each by name."""
    small.world.cloud("networkInterfaces").clear()
    run = _run(small)
    assert run.changes.writes == ()
    assert {finding.object for finding in run.findings.errors} >= {"node node-1", "node win-2"}


# Interfaces, tables, subnets.


def test_the_first_run_makes_one_table_and_gives_it_to_the_subnet(small: Lab) -> None:
    """One write each for six interfaces, the table and the subnet."""
    _converge(small)
    assert all(nic["properties"]["enableIPForwarding"] for nic in small.world.cloud("networkInterfaces"))
    assert len(_routes(small)) == 6
    assert _table(small)["tags"] == {"l2bridge:lab": "lab"}
    assert _subnet(small, "nodes")["properties"]["routeTable"]["id"].lower() == _table(small)["id"].lower()
    assert [len(_put(small, part)) for part in ("/networkInterfaces/", "/routeTables/", "/subnets/")] == [6, 1, 1]


def test_every_write_of_something_that_was_read_is_under_its_etag(small: Lab) -> None:
    """And a new table only if there is none."""
    _converge(small)
    headers = [{name.lower() for name in request.headers} for request in small.writes]
    assert all("if-match" in names or "if-none-match" in names for names in headers)


@pytest.mark.parametrize("kind", ["networkInterfaces", "routeTables", "subnets"])
def test_a_property_that_no_sdk_knows_survives(small: Lab, kind: str) -> None:
    """With all the others: what was read is carried back."""
    table = {
        "id": _nic(small, "node-1")["id"].replace("networkInterfaces/node-1-nic", f"routeTables/{OURS}"),
        "name": OURS,
        "type": "Microsoft.Network/routeTables",
        "location": "westeurope",
        "etag": 'W/"1"',
        "tags": {"owner": "net-team"},
        "properties": {"routes": [], "disableBgpRoutePropagation": True, "resourceGuid": "a-guid"},
    }
    small.world.cloud("routeTables").append(table)
    resource = {"networkInterfaces": _nic(small, "node-1"), "routeTables": table, "subnets": _subnet(small, "nodes")}
    resource[kind]["properties"]["futureSetting"] = {"keep": [1, {"deep": None}]}
    before = _stripped(copy.deepcopy(resource[kind]))
    _converge(small, resource_group="rg-cluster", route_table=OURS)
    live = {
        "networkInterfaces": _nic(small, "node-1"),
        "routeTables": _table(small),
        "subnets": _subnet(small, "nodes"),
    }
    after = _stripped(copy.deepcopy(live[kind]))
    for state in (before, after):
        for name in ("enableIPForwarding", "routes", "routeTable", "subnets"):
            state["properties"].pop(name, None)
        state.get("tags", {}).pop("l2bridge:lab", None)
    assert after == before


def test_a_foreign_table_is_as_it_was_but_for_our_routes(messy: Lab) -> None:
    """Its routes, tags and settings, and the subnets that it is on."""
    _drop_conflict(messy)
    before, links = _stripped(copy.deepcopy(_table(messy, "rt-hub"))), _associations(messy)
    _converge(messy, upgrade_instances=True)
    after = _stripped(copy.deepcopy(_table(messy, "rt-hub")))
    ours = [route for route in after["properties"]["routes"] if route["name"].startswith("l2b-lab-")]
    after["properties"]["routes"] = [route for route in after["properties"]["routes"] if route not in ours]
    after["tags"].pop("l2bridge:lab")
    assert ours
    assert after == before
    assert _associations(messy) == links | {"nodes-a": OURS}


def test_a_subnet_without_a_table_is_not_given_one_that_leads_elsewhere(messy: Lab) -> None:
    """The hub's default route would move all that the subnet sends."""
    run = _run(messy)
    assert _rows(run, "association") == [("update", "nodes-a")]
    assert {row.after["table"].rpartition("/")[2] for row in run.changes.writes if row.kind == "association"} == {OURS}


def test_a_table_that_the_operator_names_is_given_with_a_warning(messy: Lab) -> None:
    """What else it leads is named."""
    run = _run(messy, route_table="rt-hub", resource_group="rg-network")
    (row,) = [row for row in run.changes if row.kind == "association" and row.action == "update"]
    assert row.after["table"].endswith("/rt-hub")
    found = [finding for finding in run.findings if "does more than lead to our pods" in finding.found]
    assert [finding.severity for finding in found] == ["warning"]
    assert "disableBgpRoutePropagation" in found[0].found


def test_our_own_table_with_others_routes_in_it_blocks(small: Lab) -> None:
    """Nobody has said that the subnet is to follow them."""
    _make_table(small, {"owner": "others"})
    _add_route(small, OURS, "0.0.0.0/0", "10.10.9.4")
    run = _run(small)
    assert ["does more than lead to our pods" in finding.found for finding in run.findings.blocking] == [True]
    with pytest.raises(BlockedError, match="by-hand"):
        run.apply()
    assert small.writes == []


def test_a_table_by_hand_that_leads_pods_alone_is_shared(messy: Lab) -> None:
    """A subnet that has none is given the one that the others have."""
    _drop_conflict(messy)
    hub = _table(messy, "rt-hub")
    hub["properties"]["disableBgpRoutePropagation"] = False
    hub["properties"]["routes"] = [
        one for one in hub["properties"]["routes"] if one["properties"]["addressPrefix"] != "0.0.0.0/0"
    ]
    _converge(messy, upgrade_instances=True)
    assert _associations(messy)["nodes-a"] == "rt-hub"


def test_every_table_in_use_gets_every_route(messy: Lab) -> None:
    """A packet is looked up in the sender's table, wherever it goes."""
    _drop_conflict(messy)
    run = _converge(messy, upgrade_instances=True)
    wanted = {row.routeDestination for row in node_rows(run.nodes) if row.routeDestination}
    assert len(wanted) > 15
    assert wanted <= set(_routes(messy)) & set(_routes(messy, "rt-hub"))


def test_a_foreign_route_in_the_way_is_a_conflict_and_stays(messy: Lab) -> None:
    """Nothing at all is sent: Azure refuses two routes with one prefix, and we replace none."""
    before = copy.deepcopy(_table(messy, "rt-hub"))
    run = _run(messy)
    assert [row.action for row in run.changes.conflicts] == ["conflict"]
    with pytest.raises(BlockedError, match="made by others, leads"):
        run.apply()
    assert messy.writes == []
    assert _table(messy, "rt-hub") == before


def test_a_foreign_route_to_the_node_satisfies_and_stays_foreign(small: Lab) -> None:
    """A later run does not delete it when the node is gone."""
    _converge(small)
    raw = _table(small)
    raw["properties"]["routes"] = [one for one in raw["properties"]["routes"] if "10.42.1.0" not in one["name"]]
    _add_route(small, OURS, "10.42.1.0/24", _address(small, "10.42.1.0/24"))
    assert _run(small).changes.writes == ()
    gone = next(node for node in small.world.nodes if node["spec"]["podCIDR"] == "10.42.1.0/24")
    remove_node(small, gone["metadata"]["name"])
    assert _rows(_run(small), "route") == []


def test_the_route_of_a_moved_node_is_replaced_in_the_one_write(small: Lab) -> None:
    """No moment without a route, and no second write of the table."""
    _converge(small)
    first, second = small.world.nodes[1], small.world.nodes[2]
    for node, cidr in ((first, second["spec"]["podCIDR"]), (second, first["spec"]["podCIDR"])):
        node["spec"] = {**node["spec"], "podCIDR": cidr, "podCIDRs": [cidr]}
    before = len(_put(small, "/routeTables/"))
    run = _converge(small)
    assert [action for action, _ in _rows(run, "route")] == ["update", "update"]
    assert len(_put(small, "/routeTables/")) == before + 1


def test_a_route_of_a_node_that_is_gone_goes(small: Lab) -> None:
    """Nothing else does, until the last one takes the tag with it."""
    _converge(small)
    remove_node(small, "node-3")
    _converge(small)
    assert len(_routes(small)) == 5
    assert _table(small)["tags"] == {"l2bridge:lab": "lab"}


def test_a_stale_route_of_ours_is_cleaned(messy: Lab) -> None:
    """The table of ours that nobody uses has one of a node that is gone."""
    _drop_conflict(messy)
    stale = set(_routes(messy))
    _converge(messy, upgrade_instances=True)
    assert stale <= set(_routes(messy))  # a node without pod CIDR could yet be given that one
    remove_node(messy, "nocidr-1")
    run = _converge(messy, upgrade_instances=True)
    assert [action for action, _ in _rows(run, "route")].count("delete") == 1
    assert not stale & set(_routes(messy))


def test_another_clusters_routes_are_not_ours(small: Lab) -> None:
    """Its tag and its routes stay, whatever happens to its nodes."""
    _converge(small)
    raw = _table(small)
    raw["tags"]["l2bridge:green"] = "green"
    _add_route(small, OURS, "10.99.0.0/24", "10.10.0.99", name="l2b-green-10.99.0.0_24")
    remove_node(small, "node-3")
    _converge(small)
    assert _table(small)["tags"]["l2bridge:green"] == "green"
    assert "10.99.0.0/24" in _routes(small)


def test_a_full_table_is_found_in_the_plan(small: Lab) -> None:
    """`route_limit` says what holds where Azure's published number does not."""
    run = _run(small, route_limit=4)
    assert len(run.changes.conflicts) == 2
    assert all("parameter route_limit" in row.reason for row in run.changes.conflicts)
    with pytest.raises(BlockedError, match="0 of 4 routes are used, 6 are to be added"):
        run.apply()
    assert small.writes == []


def test_dual_stack_has_a_route_of_each_family() -> None:
    """To the node's address of that family."""
    with Lab(world("azure-dual-stack")) as lab:
        _converge(lab)
        hops = _routes(lab)
        assert len(hops) == 6
        assert all((":" in prefix) == (":" in hop) for prefix, hop in hops.items())


# Scale sets.


def test_models_are_changed_and_the_instances_of_an_automatic_set_follow(sets: Lab) -> None:
    """What the policy leaves to the operator is not done, and is said with the parameter."""
    run = _run(sets)
    results = run.apply()
    assert results.failed == ()
    models = {one["name"]: _model_forwards(one) for one in sets.world.cloud("virtualMachineScaleSets")}
    assert set(models.values()) == {True}
    assert [finding for finding in run.findings.errors if "upgrade_instances=True" in finding.todo]
    assert [request for request in sets.writes if request.path.lower().endswith("manualupgrade")] == []
    off = [nic["id"] for nic in _set_nics(sets) if not nic["properties"]["enableIPForwarding"]]
    assert ["pool-manual" in nic for nic in off] == [True, True]


def test_instances_that_need_an_upgrade_get_it_when_it_is_allowed(sets: Lab) -> None:
    """A part of a set at a time, and the next run has nothing to do."""
    _converge(sets, upgrade_instances=True)
    upgrades = [request.body for request in sets.writes if request.path.lower().endswith("manualupgrade")]
    assert upgrades == [{"instanceIds": ["0"]}, {"instanceIds": ["1"]}]
    assert all(nic["properties"]["enableIPForwarding"] for nic in _set_nics(sets))
    assert _run(sets, upgrade_instances=True).changes.writes == ()


def test_a_policy_that_rolls_out_by_itself_is_said_before(sets: Lab) -> None:
    """Azure may restart machines when the model changes: the plan's reader has to know whose."""
    run = _run(sets)
    (finding,) = [finding for finding in run.findings if "by itself (upgrade policy Automatic)" in finding.found]
    assert finding.severity == "warning"
    assert all(name in finding.found for name in ("pool-auto000000", "pool-auto000001", "pool-auto000002"))
    _converge(sets, upgrade_instances=True)
    assert not [finding for finding in _run(sets).findings if "by itself" in finding.found]


def test_an_instance_that_lags_behind_a_right_model_needs_an_upgrade(sets: Lab) -> None:
    """Whatever the policy: the platform has had its chance."""
    _converge(sets, upgrade_instances=True)
    lagging = next(nic for nic in _set_nics(sets) if "auto" in nic["id"])
    lagging["properties"]["enableIPForwarding"] = False
    run = _run(sets)
    assert run.changes.writes == ()
    assert ["upgrade_instances=True" in finding.todo for finding in run.findings.errors] == [True]
    _converge(sets, upgrade_instances=True)
    assert lagging["properties"]["enableIPForwarding"]


def test_someone_elses_change_of_a_model_is_not_overwritten(sets: Lab) -> None:
    """The model is written under its ETag, and what others have put there meanwhile stays."""
    run = _run(sets)
    scale_set = _named(sets, "virtualMachineScaleSets", "pool-flex")
    network = scale_set["properties"]["virtualMachineProfile"]["networkProfile"]
    network["networkInterfaceConfigurations"][0]["properties"]["enableAcceleratedNetworking"] = True
    scale_set["etag"] = '"changed"'
    assert run.apply().failed == ()
    live = _named(sets, "virtualMachineScaleSets", "pool-flex")
    assert _model_forwards(live)
    profile = live["properties"]["virtualMachineProfile"]["networkProfile"]
    assert profile["networkInterfaceConfigurations"][0]["properties"]["enableAcceleratedNetworking"] is True
    sent = [one for one in sets.writes if one.method == "PATCH" and one.path.endswith("/pool-flex")]
    assert [one.status for one in sent] == [412, 200]
    assert all("If-Match" in one.headers for one in sent)


def test_an_interface_of_a_uniform_set_is_never_written_through_the_network_api(sets: Lab) -> None:
    """Azure disallows it."""
    _converge(sets, upgrade_instances=True)
    uniform = [request for request in _put(sets, "/networkInterfaces/") if "scalesets" in request.path.lower()]
    assert uniform == []


# What others have done before.


def test_a_pod_range_of_a_peered_network_blocks(small: Lab) -> None:
    """Its part of the peer would be cut off."""
    (network,) = small.world.cloud("virtualNetworks")
    peer = {
        "remoteVirtualNetwork": {"id": network["id"].replace("vnet-cluster", "vnet-hub")},
        "remoteAddressSpace": {"addressPrefixes": ["10.42.0.0/16"]},
    }
    network["properties"]["virtualNetworkPeerings"] = [{"name": "hub", "properties": peer}]
    found = _run(small).findings.blocking
    assert {"peered network rg-network/vnet-hub" in finding.found for finding in found} == {True}
    assert len(found) == 6


def test_an_interface_in_another_group_than_its_machine_is_found(small: Lab) -> None:
    """The whole subscription is looked through, once."""
    nic = _nic(small, "node-1")
    nic["id"] = nic["id"].replace("rg-cluster", "rg-interfaces")
    assert len(_run(small).changes.writes) == 14
    assert len([one for one in small.requests if one.path.endswith("/networkInterfaces")]) == 2


def test_routes_whose_tables_tag_is_gone_are_said_to_be_called_like_ours(small: Lab) -> None:
    """With the command that says that they are, not the one that deletes them."""
    _converge(small)
    _table(small)["tags"] = {}
    node = small.world.nodes[1]
    other = small.world.nodes[2]["status"]["addresses"]
    cidr = node["spec"]["podCIDR"]
    for route in _table(small)["properties"]["routes"]:
        if route["properties"]["addressPrefix"] == cidr:
            route["properties"]["nextHopIpAddress"] = next(
                one["address"] for one in other if one["type"] == "InternalIP"
            )
    (row,) = _run(small).changes.conflicts
    assert "is called as ours are" in row.reason
    assert "az tag update" in row.reason
    assert "route delete" not in row.reason


def test_a_namesakes_routes_are_kept_where_nothing_tells_the_ranges(small: Lab) -> None:
    """k3s calls every cluster `default`, and shows no flannel ConfigMap."""
    _converge(small)
    small.world.config_maps.clear()
    _add_route(small, OURS, "10.43.0.0/24", "10.10.0.99", name="l2b-lab-10.43.0.0_24")
    theirs = copy.deepcopy(_nic(small, "node-1"))
    theirs |= {"id": theirs["id"].replace("node-1", "their-1"), "name": "their-1-nic"}
    theirs["properties"]["virtualMachine"]["id"] = theirs["properties"]["virtualMachine"]["id"].replace(
        "node-1", "their-1"
    )
    theirs["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.10.0.99"
    small.world.cloud("networkInterfaces").append(theirs)
    run = _run(small)
    assert _rows(run, "route") == []
    assert [row.reason for row in run.changes if "another cluster may be called lab" in row.reason]


def test_a_full_table_takes_a_replacement_that_fits(small: Lab) -> None:
    """What goes in the same write makes room."""
    _converge(small)
    node = small.world.nodes[1]
    node["spec"] |= {"podCIDR": "10.42.77.0/24", "podCIDRs": ["10.42.77.0/24"]}
    run = _converge(small, route_limit=6)
    assert sorted(action for action, _ in _rows(run, "route")) == ["create", "delete"]


def test_a_table_of_another_subscription_is_refused(small: Lab) -> None:
    """Before the first call, with both."""
    table = _nic(small, "node-1")["id"].replace("networkInterfaces/node-1-nic", "routeTables/x").replace("0b1f", "ffff")
    with pytest.raises(ParameterError, match=r"route_table: .* is in subscription ffff6471-.*, not in 0b1f6471-"):
        _run(small, route_table=table)


def test_credentials_for_one_group_find_nodes_without_provider_id_there(small: Lab) -> None:
    """What is not looked through is said."""
    without_provider_ids(small)
    match = lambda request: request.path.count("/") == 5 and request.path.endswith("/networkInterfaces")  # noqa: E731 - a matcher
    small.azure.faults.add(match, status=403, reason="AuthorizationFailed", message="no", times=None)
    run = _run(small)
    assert len(run.changes.writes) == 14
    assert [finding for finding in run.findings if "in group rg-cluster alone" in finding.meaning]


def test_a_scale_set_that_cannot_be_read_ends_no_run(sets: Lab) -> None:
    """Its nodes are left out, and named."""
    _fail(
        sets, "GET", "/virtualMachineScaleSets/pool-manual/networkInterfaces", status=404, reason="NotFound", times=None
    )
    run = _run(sets)
    assert {finding.object for finding in run.findings.errors} == {"node pool-manual000000", "node pool-manual000001"}


# Others at the same time, trouble.


def test_someone_elses_change_of_an_interface_is_not_overwritten(small: Lab) -> None:
    """412: it is read again, and their change is carried back."""
    run = _run(small)
    nic = _nic(small, "node-1")
    nic["tags"], nic["etag"] = {"changed": "meanwhile"}, 'W/"changed"'
    results = run.apply()
    assert results.failed == ()
    assert _nic(small, "node-1")["tags"] == {"changed": "meanwhile"}
    assert _nic(small, "node-1")["properties"]["enableIPForwarding"] is True
    proof = run.proof(results)
    assert proof.wrong == ()
    assert [check.found for check in proof if check.verdict == "note"] == [
        "changed by others before it was written: tags"
    ]


def test_someone_elses_route_since_the_read_is_carried_along(small: Lab) -> None:
    """The table is read right before it is written."""
    _converge(small)
    remove_node(small, "node-3")
    run = _run(small)
    _add_route(small, OURS, "192.168.7.0/24", "10.10.0.99")
    assert run.apply().failed == ()
    assert _routes(small)["192.168.7.0/24"] == "10.10.0.99"


def test_someone_elses_route_with_a_prefix_of_ours_is_never_replaced(small: Lab) -> None:
    """Between plan and write: nothing of the table is written, and the error names the route."""
    _converge(small)
    raw = _table(small)
    raw["properties"]["routes"] = [one for one in raw["properties"]["routes"] if "10.42.1.0" not in one["name"]]
    run = _run(small)
    _add_route(small, OURS, "10.42.1.0/24", "10.10.0.99")
    (error,) = errors_of(run.apply())
    assert "route by-hand leads 10.42.1.0/24 to 10.10.0.99 now" in error
    assert _routes(small)["10.42.1.0/24"] == "10.10.0.99"


def test_a_subnet_that_gets_another_table_meanwhile_keeps_it(small: Lab) -> None:
    """Azure would replace it without a word."""
    run = _run(small)
    other = {"id": _nic(small, "node-1")["id"].replace("networkInterfaces/node-1-nic", "routeTables/theirs")}
    _subnet(small, "nodes")["properties"]["routeTable"] = other
    (error,) = errors_of(run.apply())
    assert "has got the route table rg-cluster/theirs meanwhile" in error
    assert _subnet(small, "nodes")["properties"]["routeTable"] == other


def test_a_new_table_that_someone_makes_first_is_not_overwritten(small: Lab) -> None:
    """The run says so; the next one goes on with it."""
    run = _run(small)
    _make_table(small, {"owner": "others"})
    results = run.apply()
    assert "is there by now" in errors_of(results)[0]
    assert _table(small)["tags"] == {"owner": "others"}
    assert _subnet(small, "nodes")["properties"].get("routeTable") is None


def test_one_interface_that_fails_stops_its_node_alone(small: Lab) -> None:
    """Its route waits for the next run, the others are made in the one write."""
    _fail(small, "PUT", "/networkInterfaces/node-1-nic", status=400, reason="InternalServerError", times=None)
    results = _run(small).apply()
    assert {result.change.node for result in results.failed} == {"node-1"}
    assert len(_routes(small)) == 5
    small.azure.faults.clear()
    _converge(small)
    assert len(_routes(small)) == 6


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "RetryableErrorDueToAnotherOperation"),
        (409, "AnotherOperationInProgress"),
        (429, "ReferencedResourceNotProvisioned"),
        (429, "TooManyRequests"),
        (503, "ServiceUnavailable"),
    ],
)
def test_what_passes_is_waited_for(small: Lab, status: int, code: str) -> None:
    """Locks and throttling end; the write is sent again."""
    _fail(small, "PUT", "/subnets/", status=status, reason=code, times=2)
    _converge(small)
    assert [request.status for request in _put(small, "/subnets/")] == [status, status, 200]


@pytest.mark.parametrize(("status", "sends"), [(429, 3), (409, 3)])
def test_a_lock_is_waited_for_as_long_as_azure_asks(
    small: Lab, monkeypatch: pytest.MonkeyPatch, status: int, sends: int
) -> None:
    """`Retry-After`, and a little more, to fall out of step with others; one request each time."""
    pauses: list[float] = []
    monkeypatch.setattr("l2bridge_helpers.clouds.azure_api.time.sleep", pauses.append)
    _fail(small, "PUT", "/subnets/", status=status, reason="RetryableError", times=sends - 1, retry_after=11)
    assert _run(small).apply().failed == ()
    assert len(_put(small, "/subnets/")) == sends
    waited = [pause for pause in pauses if pause > 1]
    assert len(waited) == sends - 1
    assert all(11 <= pause <= 14 for pause in waited)


def test_operations_that_take_their_time_are_awaited(small: Lab) -> None:
    """A subnet is not given a table that is still being written."""
    small.azure.operation_seconds = 0.3
    _converge(small)
    assert {request.status for request in small.writes} <= {200, 201}


def test_what_is_accepted_and_fails_later_is_a_failure(small: Lab) -> None:
    """The operation's own error is told."""
    small.azure.failures.add(("PUT", "networkInterfaces/node-1-nic"), reason="NicUpdateFailed", message="no luck today")
    results = _run(small).apply()
    assert ["no luck today" in error for error in errors_of(results)] == [True]


def test_an_answer_that_is_lost_after_the_work_is_no_failure(small: Lab) -> None:
    """What is there already is what was asked for."""
    _fail(small, "PUT", "/networkInterfaces/node-1-nic", when="after", drop=True)
    _fail(small, "PUT", "/routeTables/", when="after", drop=True)
    assert _run(small).apply().failed == ()
    assert _run(small).changes.writes == ()


# Effective routes.


def test_effective_routes_are_asked_of_an_interface_of_each_subnet(small: Lab) -> None:
    """`sample`: one here; `all`: each; `none`: nobody."""
    for whose, count in (("none", 0), ("sample", 1), ("all", 6)):
        run = _run(small, effective_routes=whose)
        proof = run.proof(run.apply())
        asked = [request for request in small.requests if "effectiveroutetable" in request.path.lower()]
        assert (len([one for one in proof if "in force" in one.wanted]), proof.wrong) == (count, ())
        assert bool(asked) == bool(count)


def test_routes_are_waited_for_until_they_are_effective(small: Lab) -> None:
    """A successful write is not enough."""
    small.azure.effective_delay = 3
    _converge(small)
    asked = [request for request in small.requests if "effectiveroutetable" in request.path.lower()]
    assert len(asked) > 3


def test_routes_that_never_become_effective_are_wrong(small: Lab) -> None:
    """The run fails and names them."""
    small.azure.effective_delay = 10**6
    run = _run(small)
    results = run.apply()
    proof = prove(run.changes, results, run.cloud, run.nodes, run.fabric, patience=0.1)
    assert ["not effective: 10.42." in check.found for check in proof.wrong] == [True]


def test_a_sample_is_one_that_answers(small: Lab) -> None:
    """A machine that does not run says nothing, and hides nothing."""
    for machine in small.world.cloud("virtualMachines")[:2]:
        machine["_power"] = "deallocated"
    small.azure.effective_delay = 10**6
    run = _run(small)
    proof = run.proof(run.apply(), patience=0.1)
    assert ["not effective" in check.found for check in proof.wrong] == [True]


def test_effective_routes_of_uniform_sets_are_a_note(sets: Lab) -> None:
    """Azure tells none, and the reader is told so."""
    run = _run(sets, effective_routes="all", upgrade_instances=True)
    proof = run.proof(run.apply())
    notes = [check for check in proof if check.verdict == "note" and "uniform scale sets" in check.found]
    asked = [check for check in proof if "in force" in check.wanted]
    assert (len(notes), len(asked), proof.wrong) == (5, 7, ())


def test_a_machine_that_does_not_run_is_a_note(small: Lab) -> None:
    """Azure knows no effective routes of it."""
    for machine in small.world.cloud("virtualMachines"):
        machine["_power"] = "deallocated"
    run = _run(small)
    proof = run.proof(run.apply())
    assert proof.wrong == ()
    assert ["effective routes" in check.found for check in proof if check.verdict == "note"] == [True]


# Security groups.


def test_the_tag_virtual_network_holds_pods_once_their_routes_are_there(small: Lab) -> None:
    """A subnet without a table before, nothing after."""
    assert [finding.found for finding in _run(small).findings] == ["has no route table"]
    _converge(small)
    assert list(_run(small).findings) == []


def test_a_deny_in_front_of_it_is_named_with_its_rule_and_a_command(small: Lab) -> None:
    """Also when everything else is in place."""
    _converge(small)
    group = small.world.cloud("networkSecurityGroups")[0]
    deny = {
        "priority": 300,
        "direction": "Inbound",
        "access": "Deny",
        "protocol": "*",
        "sourceAddressPrefix": "10.42.0.0/16",
        "destinationAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
    }
    group["properties"]["securityRules"].append({"name": "no-pods", "properties": deny})
    (finding,) = _run(small).findings
    assert ": rule no-pods drops packets from " in finding.found
    assert "--priority=299" in finding.todo


def test_a_group_that_is_named_and_not_listed_leaves_nothing_proven(small: Lab) -> None:
    """Its rules are not known: it is not taken for no group."""
    _converge(small)
    small.world.cloud("networkSecurityGroups").clear()
    run = _run(small)
    assert {part.what for part in run.fabric.unread} == {FIREWALL_RULES}
    assert all(" is on " in part.why and part.why.endswith(" and was not listed") for part in run.fabric.unread)
    found = reach(run.nodes, run.fabric)
    assert (found.unproven, found.reaching) == (found.pairs, 0)


# Where to look, permissions, credentials.


def test_a_table_that_does_not_exist_is_named_with_those_that_do(messy: Lab) -> None:
    """A misspelt name makes no new table."""
    with pytest.raises(ParameterError, match=r"route_table: 'rt-hubb': group rg-network has no such table .*rt-hub"):
        _run(messy, route_table="rt-hubb", resource_group="rg-network")


def test_a_group_that_does_not_exist_is_named(small: Lab) -> None:
    """Before anything is planned."""
    with pytest.raises(ParameterError, match="resource_group: 'rg-nowhere'"):
        _run(small, resource_group="rg-nowhere")


def test_a_subscription_that_does_not_exist_is_named(small: Lab) -> None:
    """The parameter is."""
    without_provider_ids(small)
    with pytest.raises(ParameterError, match="parameter subscription_id"):
        _run(small, subscription_id="ffffffff-1bf0-4dda-aec3-cb9272f09590")


def test_a_table_in_another_region_blocks(messy: Lab) -> None:
    """A subnet cannot be given it."""
    _table(messy, "rt-hub")["location"] = "northeurope"
    run = _run(messy, route_table="rt-hub", resource_group="rg-network")
    assert ["is in northeurope" in finding.found for finding in run.findings.blocking] == [True]


@pytest.mark.parametrize("what", ["networkInterfaces", "virtualNetworks", "routeTables"])
def test_what_must_be_read_ends_the_run_and_names_the_action(small: Lab, what: str) -> None:
    """Half a picture is no picture."""
    small.azure.denied_actions.add(f"Microsoft.Network/{what}/read")
    with pytest.raises(AccessDeniedError, match=f"Microsoft.Network/{what}/read"):
        _run(small)


@pytest.mark.parametrize(
    "action",
    ["Microsoft.Network/networkSecurityGroups/read", "Microsoft.Compute/virtualMachineScaleSets/read"],
)
def test_what_may_be_left_out_is_a_warning(small: Lab, action: str) -> None:
    """It is a check beside the job."""
    small.azure.denied_actions.add(action)
    run = _run(small)
    assert [finding.severity for finding in run.findings if action in finding.found] == ["warning"]
    assert len(run.changes.writes) == 14


@pytest.mark.parametrize(
    ("action", "count"),
    [
        ("Microsoft.Network/networkInterfaces/write", 1),
        ("Microsoft.Network/routeTables/write", 1),
        ("Microsoft.Network/virtualNetworks/subnets/write", 1),
        ("Microsoft.Network/routeTables/join/action", 1),
    ],
)
def test_a_write_that_is_not_allowed_names_its_action(small: Lab, action: str, count: int) -> None:
    """Each resource is named, and what to do."""
    small.azure.denied_actions.add(action)
    errors = errors_of(_run(small).apply())
    assert len(errors) >= count
    assert all(action in error and "grant it" in error for error in errors)


def test_without_the_permission_effective_routes_are_a_note(small: Lab) -> None:
    """They are a check beside the job."""
    small.azure.denied_actions.add("Microsoft.Network/networkInterfaces/effectiveRouteTable/action")
    run = _run(small)
    proof = run.proof(run.apply())
    assert proof.wrong == ()
    assert ["effectiveRouteTable/action" in check.found for check in proof if check.verdict == "note"] == [True]


def test_the_wrong_tenant_is_said_with_the_right_one(small: Lab) -> None:
    """The error is about the credentials, whatever was being read."""
    text = (
        "The access token is from the wrong issuer 'https://sts.windows.net/aaa/'. It must match the tenant "
        "'https://sts.windows.net/bbb/' associated with this subscription."
    )
    _fail(
        small,
        "GET",
        "/networkInterfaces",
        status=401,
        reason="InvalidAuthenticationTokenTenant",
        message=text,
        times=None,
    )
    with pytest.raises(CredentialsError, match=r"another tenant.*az login --tenant https://sts\.windows\.net/bbb/"):
        _run(small)


def test_no_credentials_travel_over_plain_http(small: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab gets no token, also where the environment holds some."""
    monkeypatch.setenv("AZURE_CLIENT_ID", "clientsecretid")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenantsecretid")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "verysecret")
    _run(small).apply()
    seen = " ".join(str(request.as_dict()) for request in small.requests if request.server == "azure")
    assert "Authorization" not in seen
    assert not any(secret in seen for secret in ("clientsecretid", "tenantsecretid", "verysecret"))


def test_the_lab_is_not_asked_for_through_a_proxy(small: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it leaves this machine."""
    nodes = list_nodes(str(small.kubeconfig))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    cloud = cloud_of("azure", parameters_of(small))
    assert len(cloud.observe(nodes).instances) == 6


def test_nothing_listening_is_said(small: Lab) -> None:
    """The error names the parameter."""
    with pytest.raises(UnreachableError, match=r"nothing answers at http://127\.0\.0\.1:9; check parameter endpoint"):
        _run(small, endpoint="http://127.0.0.1:9")


def _add_twins(lab: Lab, count: int) -> None:
    """Add machines in another network, with the same addresses as the first nodes' ones."""
    for nic in copy.deepcopy(lab.world.cloud("networkInterfaces")[:count]):
        for entry in nic["properties"]["ipConfigurations"]:
            subnet = entry["properties"]["subnet"]
            subnet["id"] = subnet["id"].replace("vnet-cluster", "vnet-other")
        nic |= {"id": f"{nic['id']}-twin", "name": f"{nic['name']}-twin"}
        nic["properties"]["virtualMachine"]["id"] += "-twin"
        lab.world.cloud("networkInterfaces").append(nic)


def _address(lab: Lab, cidr: str) -> str:
    node = next(node for node in lab.world.nodes if node["spec"].get("podCIDR") == cidr)
    return str(next(one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"))


def _associations(lab: Lab) -> dict[str, str]:
    """Return subnet -> name of its table, of those that have one."""
    (network,) = lab.world.cloud("virtualNetworks")
    tables = {one["name"]: one["properties"].get("routeTable") for one in network["properties"]["subnets"]}
    return {name: table["id"].rpartition("/")[2] for name, table in tables.items() if table}


def _drop_conflict(lab: Lab) -> None:
    """Remove the foreign route that is in the way."""
    conflicts = {row.resource.rpartition("/")[2] for row in _run(lab).changes.conflicts}
    prefixes = {row.after["destination"] for row in _run(lab).changes.conflicts}
    assert conflicts
    for table in lab.world.cloud("routeTables"):
        routes = table["properties"]["routes"]
        table["properties"]["routes"] = [one for one in routes if one["properties"]["addressPrefix"] not in prefixes]


def _model_forwards(scale_set: Json) -> bool:
    profile = scale_set["properties"]["virtualMachineProfile"]["networkProfile"]
    return bool(profile["networkInterfaceConfigurations"][0]["properties"].get("enableIPForwarding"))


def _set_nics(lab: Lab) -> list[Json]:
    return lab.world.cloud("virtualMachineScaleSetNetworkInterfaces")


def _make_table(lab: Lab, tags: dict[str, str]) -> None:
    """Someone makes the table that we would make."""
    beside = _nic(lab, "node-1")["id"]
    lab.world.cloud("routeTables").append(
        {
            "id": beside.replace("networkInterfaces/node-1-nic", f"routeTables/{OURS}"),
            "name": OURS,
            "type": "Microsoft.Network/routeTables",
            "location": "westeurope",
            "etag": 'W/"theirs"',
            "tags": tags,
            "properties": {"routes": [], "disableBgpRoutePropagation": False, "provisioningState": "Succeeded"},
        }
    )
