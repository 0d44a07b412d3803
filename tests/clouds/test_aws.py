"""The AWS adapter, through the real SDK, against the lab."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers import list_nodes, prove
from l2bridge_helpers.clouds.aws import Aws
from l2bridge_helpers.errors import (
    AccessDeniedError,
    BlockedError,
    CredentialsError,
    ParameterError,
    UnreachableError,
)
from l2bridge_helpers.lab import Lab, Request, world
from l2bridge_helpers.lab.worlds.aws_build import aws_id
from l2bridge_helpers.platforms import cloud_of
from tests.runs import Run, errors_of, parameters_of, remove_node, without_provider_ids

MAIN, PRIVATE = aws_id("rtb", "main"), aws_id("rtb", "private")


def _rows(run: Run, *actions: str, kind: str = "route") -> list[tuple[str, str]]:
    """Return (action, resource) of the plan's rows with these actions."""
    return [(row.action, row.resource) for row in run.changes if row.kind == kind and row.action in actions]


def _run(lab: Lab, **changed: Any) -> Run:
    return Run(lab, changed)


def _converge(lab: Lab) -> Run:
    run = _run(lab, routes=True)
    assert run.apply().failed == ()
    return run


def _checks(lab: Lab) -> dict[str, bool]:
    return {nic["NetworkInterfaceId"]: nic["SourceDestCheck"] for nic in lab.world.cloud("NetworkInterfaces")}


def _table(lab: Lab, table: str = MAIN) -> dict[str, Any]:
    return next(one for one in lab.world.cloud("RouteTables") if one["RouteTableId"] == table)


def _routes(lab: Lab, table: str = MAIN) -> dict[str, str]:
    """Return destination -> interface of a table's routes to pods."""
    routes = _table(lab, table)["Routes"]
    return {one["DestinationCidrBlock"]: one["NetworkInterfaceId"] for one in routes if "NetworkInterfaceId" in one}


def _marks(lab: Lab, table: str = MAIN) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in _table(lab, table)["Tags"] if tag["Key"] != "Name"}


def _sent(lab: Lab, action: str) -> list[Request]:
    return [request for request in lab.writes if request.action == action]


def _creates(part: str) -> Callable[[Request], bool]:
    return lambda request: request.action == "CreateRoute" and part in str(request.body)


def _eni(node: str) -> str:
    return aws_id("eni", node)


def _add_route(lab: Lab, destination: str, nic: str, table: str = MAIN) -> None:
    route = {"DestinationCidrBlock": destination, "NetworkInterfaceId": nic, "Origin": "CreateRoute", "State": "active"}
    _table(lab, table)["Routes"].append(route)


@pytest.fixture
def small() -> Iterator[Lab]:
    with Lab(world("aws-small")) as lab:
        yield lab


@pytest.fixture
def two() -> Iterator[Lab]:
    with Lab(world("aws-two-subnets")) as lab:
        yield lab


@pytest.fixture
def messy() -> Iterator[Lab]:
    with Lab(world("aws-messy")) as lab:
        yield lab


# Reading.


@pytest.mark.parametrize("mode", ["plan", "check"])
def test_a_plan_writes_nothing(two: Lab, mode: str) -> None:
    """The lab's log says so, and its state is what it was."""
    before = two.world.copy().resources
    assert _run(two, mode=mode, routes=True).changes.writes
    assert (two.writes, two.world.resources) == ([], before)


def test_a_thousand_nodes_take_few_requests() -> None:
    """Filters and pages, never a request per node."""
    with Lab(world("aws-1000")) as lab:
        assert len(_run(lab).changes.writes) == 900
        assert len(lab.requests) <= 20
        assert lab.writes == []


@pytest.mark.parametrize("form", ["aws:///eu-west-1a/{}", "aws:////{}", "aws:///{}", "{}"])
def test_every_form_of_a_provider_id_finds_the_machine(small: Lab, form: str) -> None:
    """And nothing else is asked for."""
    for node in small.world.nodes:
        node["spec"]["providerID"] = form.format(node["spec"]["providerID"].rpartition("/")[2])
    assert len(_run(small).changes.writes) == 6
    assert [request.action for request in small.requests].count("DescribeInstances") == 1


def test_nodes_without_provider_id_are_found_by_their_address(small: Lab) -> None:
    """Whatever they are called."""
    without_provider_ids(small)
    assert len(_run(small).changes.writes) == 6


def test_a_node_is_found_by_its_private_dns_name(small: Lab) -> None:
    """Where its address is one of a delegated prefix, which no filter finds."""
    node, nic = small.world.nodes[1], small.world.cloud("NetworkInterfaces")[1]
    nic["Ipv4Prefixes"] = [{"Ipv4Prefix": "10.10.0.192/28"}]
    node["metadata"]["name"] = nic["PrivateDnsName"]
    node["spec"]["providerID"] = ""
    for key in ("public-ip", "public-ip-overwrite"):
        node["metadata"]["annotations"].pop(f"flannel.alpha.coreos.com/{key}", None)
    for address in node["status"]["addresses"]:
        address["address"] = "10.10.0.200" if address["type"] == "InternalIP" else address["address"]
    assert len(_run(small).changes.writes) == 6


def test_an_address_in_two_vpcs_is_refused(small: Lab) -> None:
    """Private networks share their addresses; the error names both and what to do."""
    without_provider_ids(small)
    twin = copy.deepcopy(small.world.cloud("Instances")[0]) | {"InstanceId": aws_id("i", "twin"), "VpcId": "vpc-0"}
    small.world.cloud("Instances").append(twin)
    with pytest.raises(ParameterError, match=r"vpc-0, vpc-.*spec\.providerID"):
        _run(small)


def test_one_provider_id_tells_the_vpc_of_all(small: Lab) -> None:
    """The others' addresses are looked for there only."""
    for node in small.world.nodes[1:]:
        node["spec"]["providerID"] = ""
    twin = copy.deepcopy(small.world.cloud("Instances")[2]) | {"InstanceId": aws_id("i", "twin"), "VpcId": "vpc-0"}
    small.world.cloud("Instances").append(twin)
    assert len(_run(small).changes.writes) == 6


def test_nodes_of_no_machine_are_named_and_nothing_is_planned(small: Lab) -> None:
    """Provider IDs that lead nowhere are refused, each by name."""
    small.world.cloud("Instances").clear()
    run = _run(small)
    assert run.changes.writes == ()
    assert {finding.object for finding in run.findings.errors} >= {"node node-1", "node win-2"}


def test_two_subnets_block_once_and_name_both_groups(two: Lab) -> None:
    """Without routes host-gw cannot work there, so nothing is written."""
    run = _run(two)
    (finding,) = run.findings.blocking
    assert all(name in finding.found for name in ("node-0", "node-1", "node-2", "node-3", "eu-west-1a", "eu-west-1b"))
    with pytest.raises(BlockedError, match="are in 2 subnets"):
        run.apply()
    assert two.writes == []


# Interfaces.


def test_apply_touches_exactly_the_interfaces_that_were_on() -> None:
    """Every tenth is off before; each other one is changed once."""
    with Lab(world("aws-60")) as lab:
        on = {nic for nic, check in _checks(lab).items() if check}
        run = _run(lab)
        assert run.apply().applied == len(on) == 54
        assert {str(request.body).partition("NetworkInterfaceId=")[2].partition("&")[0] for request in lab.writes} == on
        assert len(lab.writes) == 54
        assert not any(_checks(lab).values())
        assert prove(run.changes, run.apply(), run.cloud, run.nodes, run.fabric, patience=1).wrong == ()


def test_a_second_run_does_nothing(small: Lab) -> None:
    """No write, and not even a question about permissions."""
    _run(small).apply()
    requests = len(small.requests)
    assert _run(small).changes.writes == ()
    assert {request.action for request in small.requests[requests:]} & {"ModifyNetworkInterfaceAttribute"} == set()


@pytest.mark.parametrize(("all_nics", "second"), [(True, False), (False, True)])
def test_other_interfaces_of_a_node_are_the_operators_choice(messy: Lab, all_nics: bool, second: bool) -> None:  # noqa: FBT001 - pytest's
    """`all_nics=False`: only the one with the node's address, wherever EC2 lists it."""
    _drop_conflict(messy)
    _run(messy, routes=True, all_nics=all_nics).apply()
    assert _checks(messy)[_eni("node-0")] is False
    assert _checks(messy)[_eni("node-0 1")] is second


def test_foreign_and_fixed_interfaces_are_never_touched(messy: Lab) -> None:
    """EFA, a NAT gateway's, and those of machines that are no nodes."""
    before = _checks(messy)
    _drop_conflict(messy)
    run = _converge(messy)
    touched = {nic for nic, check in _checks(messy).items() if check != before[nic]}
    assert touched == {row.resource for row in run.changes.writes if row.kind == "forwarding"}
    assert touched.isdisjoint({_eni("node-7 1"), _eni("nat"), _eni("appliance"), _eni("node-5")})
    assert "ModifyInstanceAttribute" not in {request.action for request in messy.requests}


def _drop_conflict(lab: Lab) -> None:
    table = _table(lab, PRIVATE)
    table["Routes"] = [one for one in table["Routes"] if one["DestinationCidrBlock"] != "10.42.6.0/24"]


# Routes.


def test_routes_converge_and_the_next_run_does_nothing(two: Lab) -> None:
    """Each table has each pod CIDR, one tag says whose they are, and no claim is left."""
    run = _converge(two)
    wanted = {f"10.42.{number}.0/24": _eni(f"node-{number}") for number in range(4)}
    assert (_routes(two, MAIN), _routes(two, PRIVATE)) == (wanted, wanted)
    assert _marks(two, MAIN) == _marks(two, PRIVATE) == {"l2bridge:lab": "10.42.0.0/22-24"}
    assert prove(run.changes, run.apply(), run.cloud, run.nodes, run.fabric, patience=1).wrong == ()
    assert _run(two, routes=True).changes.writes == ()


def test_the_claim_stands_before_the_first_route_and_goes_after_the_last(two: Lab) -> None:
    """Whatever breaks off between them is known as ours."""
    _converge(two)
    order = [request.action for request in two.writes if "Route" in request.action or "Tags" in request.action]
    assert order[:2] == ["CreateTags", "CreateTags"]
    assert set(order[2:10]) == {"CreateRoute"}
    assert set(order[10:]) == {"CreateTags", "DeleteTags"}


def test_a_foreign_route_in_the_way_is_a_conflict_and_stays(two: Lab) -> None:
    """Nothing at all is sent."""
    _add_route(two, "10.42.1.0/24", _eni("node-0"))
    run = _run(two, routes=True)
    assert _rows(run, "conflict") == [("conflict", f"{MAIN}:10.42.1.0/24")]
    with pytest.raises(BlockedError, match=r"made by others, leads 10\.42\.1\.0/24"):
        run.apply()
    assert two.writes == []


def test_a_foreign_route_to_the_node_satisfies_and_stays_foreign(two: Lab) -> None:
    """It is left out of the marks, so that a later run never deletes it."""
    _add_route(two, "10.42.1.0/24", _eni("node-1"))
    _converge(two)
    assert _marks(two, MAIN) == {"l2bridge:lab": "10.42.0.0/24 10.42.2.0/23-24"}
    remove_node(two, "node-1")
    assert _rows(_run(two, routes=True), "delete") == [("delete", f"{PRIVATE}:10.42.1.0/24")]


def test_a_route_of_a_node_that_is_gone_goes_with_its_mark(two: Lab) -> None:
    """Nothing else does."""
    _converge(two)
    remove_node(two, "node-3")
    _converge(two)
    assert "10.42.3.0/24" not in _routes(two, MAIN) | _routes(two, PRIVATE)
    assert _marks(two, MAIN) == {"l2bridge:lab": "10.42.0.0/23-24 10.42.2.0/24"}
    assert _run(two, routes=True).changes.writes == ()


def test_the_route_of_a_moved_node_is_replaced_in_one_step(two: Lab) -> None:
    """ReplaceRoute: no moment without a route."""
    _converge(two)
    nodes = {node["metadata"]["name"]: node for node in two.world.nodes}
    for name, cidr in (("node-0", "10.42.1.0/24"), ("node-1", "10.42.0.0/24")):
        nodes[name]["spec"] |= {"podCIDR": cidr, "podCIDRs": [cidr]}
    _converge(two)
    assert _routes(two)["10.42.1.0/24"] == _eni("node-0")
    assert (len(_sent(two, "ReplaceRoute")), _sent(two, "DeleteRoute")) == (4, [])
    assert _run(two, routes=True).changes.writes == ()


def test_our_blackholes_are_cleaned(two: Lab) -> None:
    """The machine is gone and its node too: the route to nowhere goes."""
    _converge(two)
    remove_node(two, "node-3")
    machines = two.world.cloud("Instances")
    machines[:] = [one for one in machines if one["InstanceId"] != aws_id("i", "node-3")]
    run = _run(two, routes=True)
    assert {route.status for route in run.fabric.routes if route.destination == "10.42.3.0/24"} == {"blackhole"}
    assert len(_rows(run, "delete")) == 2
    run.apply()
    assert "10.42.3.0/24" not in _routes(two)


def test_a_foreign_blackhole_stays(messy: Lab) -> None:
    """A route to nowhere that we did not make is not ours to remove."""
    _drop_conflict(messy)
    _converge(messy)
    assert "10.42.99.0/24" in _routes(messy, PRIVATE)


def test_a_route_of_another_cluster_is_not_ours(two: Lab) -> None:
    """Its tags and routes stay as they are."""
    _add_route(two, "10.99.0.0/24", _eni("node-0"))
    _table(two)["Tags"].append({"Key": "l2bridge:green", "Value": "10.99.0.0/24"})
    _converge(two)
    remove_node(two, "node-0")
    _converge(two)
    assert _marks(two)["l2bridge:green"] == "10.99.0.0/24"
    assert "10.99.0.0/24" in _routes(two)


def test_an_answer_that_is_lost_after_the_work_is_no_failure(two: Lab) -> None:
    """The SDK asks again, and the route that is there leads to the very interface."""
    two.aws.faults.add(lambda request: request.action == "CreateRoute", when="after", drop=True, times=3)
    _converge(two)
    assert _run(two, routes=True).changes.writes == ()


def test_a_run_that_broke_off_is_recognised_by_its_claim(two: Lab) -> None:
    """Routes that were made count as ours, the others are made; no claim is left."""
    two.aws.faults.add(_creates("10.42.2.0"), status=400, reason="InternalFailure", times=None)
    results = _run(two, routes=True).apply()
    assert (len(errors_of(results)), _marks(two)) == (1, {"l2bridge-claim:lab": "10.42.0.0/22-24"})
    two.aws.faults.clear()
    assert len(_rows(_run(two, routes=True), "create")) == 2
    _converge(two)
    assert _marks(two) == {"l2bridge:lab": "10.42.0.0/22-24"}
    remove_node(two, "node-0")
    assert len(_rows(_run(two, routes=True), "delete")) == 2


def test_a_route_that_someone_makes_after_the_claim_is_never_ours(two: Lab) -> None:
    """Between plan and create: the run fails there, and the next one sees a foreign route in the way."""
    run = _run(two, routes=True)
    _add_route(two, "10.42.1.0/24", _eni("node-0"))
    assert [str(result.error) for result in run.apply().failed if "one is there now" in str(result.error)]
    again = _run(two, routes=True)
    assert _rows(again, "conflict") == [("conflict", f"{MAIN}:10.42.1.0/24")]
    remove_node(two, "node-1")
    _converge(two)
    assert _routes(two)["10.42.1.0/24"] == _eni("node-0")
    assert "l2bridge-claim:lab" not in _marks(two)


def test_a_route_that_changed_since_the_read_is_not_deleted(two: Lab) -> None:
    """It is looked at again right before, and the mark of its table stays."""
    _converge(two)
    remove_node(two, "node-3")
    run = _run(two, routes=True)
    for route in _table(two)["Routes"]:
        if route["DestinationCidrBlock"] == "10.42.3.0/24":
            route["NetworkInterfaceId"] = _eni("node-0")
    (error,) = errors_of(run.apply())
    assert "no longer the one that was read" in error
    assert _routes(two)["10.42.3.0/24"] == _eni("node-0")


def test_routes_without_their_claim_are_not_made(two: Lab) -> None:
    """What could not be marked would be nobody's."""
    run = _run(two, routes=True)
    two.aws.denied_actions.add("ec2:CreateTags")
    run.apply()
    assert _sent(two, "CreateRoute") == []


def test_a_full_table_is_said_with_its_name(two: Lab) -> None:
    """An account may have less than the published limit."""
    two.aws.routes_per_table = 3
    errors = errors_of(_run(two, routes=True).apply())
    assert errors
    assert all("RouteLimitExceeded" in error and "rtb-" in error for error in errors)


def test_without_routes_ours_stay(two: Lab) -> None:
    """A run that is told to leave routes alone removes none."""
    _converge(two)
    remove_node(two, "node-3")
    assert _rows(_run(two), "create", "update", "delete") == []


# Permissions, trouble, where to look.


@pytest.mark.parametrize(
    "action",
    ["ModifyNetworkInterfaceAttribute", "CreateRoute", "ReplaceRoute", "DeleteRoute", "CreateTags", "DeleteTags"],
)
def test_a_change_that_is_not_allowed_blocks_before_the_first_write(two: Lab, action: str) -> None:
    """The finding names the action."""
    two.aws.denied_actions.add(f"ec2:{action}")
    run = _run(two, routes=True)
    assert [finding.found.partition(":")[2].partition(":")[0] for finding in run.findings.blocking] == [action]
    with pytest.raises(BlockedError, match=f"ec2:{action}"):
        run.apply()
    assert two.writes == []


def test_check_mode_asks_for_no_permission(two: Lab) -> None:
    """Credentials that only read are enough."""
    assert _run(two, mode="check", routes=True).fabric.denied == ()
    assert all(request.action.startswith("Describe") for request in two.requests if request.action)


def test_without_routes_no_permission_for_routes_is_asked(small: Lab) -> None:
    """What is not to be done need not be allowed."""
    small.aws.denied_actions |= {"ec2:CreateRoute", "ec2:CreateTags", "ec2:DescribeVpcs"}
    assert _run(small).findings.blocking == ()


@pytest.mark.parametrize("what", ["Instances", "NetworkInterfaces", "Subnets", "RouteTables"])
def test_what_must_be_read_ends_the_run_and_names_the_action(small: Lab, what: str) -> None:
    """Half a picture is no picture."""
    small.aws.denied_actions.add(f"ec2:Describe{what}")
    with pytest.raises(AccessDeniedError, match=f"ec2:Describe{what}"):
        _run(small)


@pytest.mark.parametrize("what", ["SecurityGroups", "NetworkAcls", "Vpcs"])
def test_what_may_be_left_out_is_a_warning(two: Lab, what: str) -> None:
    """It is a check beside the job."""
    two.aws.denied_actions.add(f"ec2:Describe{what}")
    run = _run(two, routes=True)
    assert [one.severity for one in run.findings if f"ec2:Describe{what}" in one.found] == ["warning"]
    assert len(run.changes.writes) == 16


def test_throttling_is_survived(small: Lab) -> None:
    """Reads and writes are tried again, slower."""
    small.aws.faults.add(lambda request: request.action == "DescribeSubnets", status=503, reason="RequestLimitExceeded")
    small.aws.faults.add(lambda request: request.mutates, status=503, reason="RequestLimitExceeded", times=2)
    assert _run(small).apply().applied == 6


@pytest.mark.parametrize(("reason", "error"), [("ExpiredToken", CredentialsError), ("AuthFailure", CredentialsError)])
def test_credentials_that_ec2_refuses_are_said_to_be(small: Lab, reason: str, error: type[Exception]) -> None:
    """The error is about them, whatever was being read."""
    match = lambda request: request.action == "DescribeSecurityGroups"  # noqa: E731 - a matcher
    small.aws.faults.add(match, status=401, reason=reason, times=None)
    with pytest.raises(error, match=reason):
        _run(small)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that says nothing about AWS."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_a_missing_region_is_said_before_the_first_call(bare: pytest.MonkeyPatch) -> None:
    """The parameter is named; the environment's region does."""
    with pytest.raises(ParameterError, match="parameter region"):
        Aws()
    bare.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert Aws().target()["region"] == "eu-west-1"


def test_the_environments_region_is_the_one_that_the_aws_cli_takes(bare: pytest.MonkeyPatch) -> None:
    """AWS_REGION, which pods and functions have, before AWS_DEFAULT_REGION; the parameter before both."""
    bare.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    bare.setenv("AWS_REGION", "eu-west-2")
    assert Aws().target()["region"] == "eu-west-2"
    assert Aws(region="eu-west-3").target()["region"] == "eu-west-3"


def test_a_profile_that_does_not_exist_is_named(bare: pytest.MonkeyPatch) -> None:
    """Before the first call."""
    bare.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(CredentialsError, match="no-such-profile"):
        Aws(region="eu-west-1")


def test_no_credentials_travel_over_plain_http(small: Lab, bare: pytest.MonkeyPatch) -> None:
    """The lab gets no signature, key or token, also where the environment holds some."""
    bare.setenv("AWS_ACCESS_KEY_ID", "AKIASECRETSECRET")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "verysecret")
    bare.setenv("AWS_SESSION_TOKEN", "tokensecret")
    _run(small).apply()
    seen = " ".join(str(request.as_dict()) for request in small.requests if request.server == "aws")
    assert "Authorization" not in seen
    assert not any(secret in seen for secret in ("AKIASECRET", "verysecret", "tokensecret"))


def test_the_lab_is_not_asked_for_through_a_proxy(small: Lab, bare: pytest.MonkeyPatch) -> None:
    """Nothing of it leaves this machine."""
    nodes = list_nodes(str(small.kubeconfig))
    bare.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    cloud = cloud_of("aws", parameters_of(small))
    assert len(cloud.observe(nodes).instances) == 6


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2"])
def test_an_environment_that_sends_credentials_over_http_is_refused(
    small: Lab, bare: pytest.MonkeyPatch, name: str
) -> None:
    """The variable's address is named, and nothing is sent there."""
    bare.setenv(name, small.endpoint)
    bare.setenv("AWS_ACCESS_KEY_ID", "AKIASECRETSECRET")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "verysecret")
    with pytest.raises(ParameterError, match=r"http://127\.0\.0\.1"):
        _run(small, endpoint="")
    assert [request for request in small.requests if request.server == "aws"] == []


@pytest.mark.usefixtures("bare")
def test_missing_credentials_are_said_to_be(small: Lab) -> None:
    """No request is sent without them beyond the lab."""
    with pytest.raises(CredentialsError, match="no AWS credentials"):
        _run(small, endpoint="https://127.0.0.1:9")


def test_nothing_listening_is_said(small: Lab) -> None:
    """The error names the region."""
    with pytest.raises(UnreachableError, match="eu-west-1 does not answer"):
        _run(small, endpoint="http://127.0.0.1:9")
