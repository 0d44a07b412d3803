from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from l2bridge_helpers import apply, check, list_nodes, plan, prove
from l2bridge_helpers.changes import Plan
from l2bridge_helpers.clouds.aws import Aws
from l2bridge_helpers.errors import CloudError, CredentialsError, ParameterError, UnreachableError
from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.lab import Lab, world
from l2bridge_helpers.lab.worlds.aws_build import aws_id
from l2bridge_helpers.results import Results
from l2bridge_helpers.scope import Scope

ROUTES, CHECKS = Scope(routes=True), Scope(routes=False)


class Session:
    """What an operator does with one lab."""

    def __init__(self, lab: Lab, scope: Scope = CHECKS, **parameters: Any) -> None:
        """Read the nodes and the VPC."""
        self.lab, self.scope = lab, scope
        self.nodes: pd.DataFrame = list_nodes(str(lab.kubeconfig))
        self.cloud = Aws(region="eu-west-1", endpoint=lab.endpoint, scope=scope, **parameters)
        self.fabric: Fabric = self.cloud.observe(self.nodes)

    def plan(self) -> Plan:
        """Return what there is to do."""
        return plan(self.nodes, self.fabric, cluster="lab", scope=self.scope)

    def apply(self) -> Results:
        """Do it."""
        findings = check(self.nodes, self.fabric, scope=self.scope)
        return apply(self.plan(), self.cloud, findings=findings, mode="apply", confirm="lab")

    def prove(self, results: Results) -> list[tuple[str, str]]:
        """Return what is wrong after an apply."""
        proof = prove(self.plan(), results, self.cloud, self.nodes, self.fabric, patience=0)
        return [(one.object, one.found) for one in proof.wrong]


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


def sent(lab: Lab) -> Counter[str]:
    """Return how often each action was sent that changes something."""
    return Counter(request.action for request in lab.writes)


def checks(lab: Lab) -> dict[str, bool]:
    """Return each interface's source/destination check."""
    return {nic["NetworkInterfaceId"]: nic["SourceDestCheck"] for nic in lab.world.cloud("NetworkInterfaces")}


def pod_routes(lab: Lab) -> list[dict[str, str]]:
    """Return each table's routes for pod CIDRs, as destination -> interface."""
    return [
        {
            route["DestinationCidrBlock"]: route["NetworkInterfaceId"]
            for route in table["Routes"]
            if route["DestinationCidrBlock"].startswith("10.42.")
        }
        for table in lab.world.cloud("RouteTables")
    ]


def tags(lab: Lab) -> list[dict[str, str]]:
    """Return our tags of each table."""
    tables = lab.world.cloud("RouteTables")
    return [{tag["Key"]: tag["Value"] for tag in table["Tags"] if tag["Key"] != "Name"} for table in tables]


# Source/destination checks.


def test_plan_sends_no_write(messy: Lab) -> None:
    """Asking for permissions by DryRun is no write."""
    before = messy.world.dump()
    Session(messy, ROUTES).plan()
    assert messy.writes == []
    assert messy.world.dump() == before


def test_apply_touches_exactly_what_was_on() -> None:
    """Every tenth of sixty nodes is done already; a second run does nothing; few requests plan it."""
    with Lab(world("aws-60")) as lab:
        on = {nic for nic, check in checks(lab).items() if check}
        session = Session(lab)
        assert len(lab.requests) <= 20
        results = session.apply()
        assert session.prove(results) == []
        changed = [request.body for request in lab.writes]
        assert len(changed) == len(on) == 54
        assert set(checks(lab).values()) == {False}
        assert not Session(lab).plan().writes


def test_thousand_nodes_are_planned_with_few_requests() -> None:
    """Filters of 200 values, pages of 1,000."""
    with Lab(world("aws-1000")) as lab:
        assert len(Session(lab).plan().writes) == 900
        assert len(lab.requests) <= 20


def test_all_interfaces_of_a_node_or_only_its_own(messy: Lab) -> None:
    """The one that has the node's address is a must, although it is not the first that EC2 lists."""
    second = aws_id("eni", "node-0 1")
    everything = {row.resource for row in Session(messy, Scope(routes=True)).plan().writes if row.kind == "forwarding"}
    owners = {
        row.resource
        for row in Session(messy, Scope(all_nics=False, routes=True)).plan().writes
        if row.kind == "forwarding"
    }
    assert everything - owners == {second}
    assert aws_id("eni", "node-0") in owners


def test_what_is_no_node_is_never_touched(messy: Lab) -> None:
    """The interfaces of NAT gateways, EFA, and instances beside the cluster."""
    rows = {row.resource for row in Session(messy).plan().writes}
    assert not rows & {aws_id("eni", "nat"), aws_id("eni", "node-7 1"), aws_id("eni", "appliance")}


def test_nodes_are_found_without_provider_ids(messy: Lab) -> None:
    """By private address; a k3s ID says nothing, four slashes are fine; a Windows name in hex is not needed."""
    session = Session(messy)
    findings = check(session.nodes, session.fabric, scope=CHECKS)
    assert [finding.object for finding in findings.errors] == ["node node-4"]


def test_two_subnets_are_one_blocking_finding(two: Lab) -> None:
    """It names both groups, their subnets and zones, and nothing is sent."""
    session = Session(two)
    (finding,) = check(session.nodes, session.fabric, scope=CHECKS).blocking
    for word in ("node-0, node-2", "node-1, node-3", "10.10.0.0/24", "eu-west-1a", "eu-west-1b"):
        assert word in finding.found
    with pytest.raises(Exception, match="2 subnets"):
        session.apply()
    assert two.writes == []


def test_addresses_in_two_vpcs_are_refused(small: Lab) -> None:
    """Private networks share their addresses: without a provider ID nothing says which VPC is meant."""
    for node in small.world.nodes:
        node["spec"]["providerID"] = ""
    twin = {**small.world.cloud("Instances")[0], "InstanceId": aws_id("i", "twin"), "VpcId": aws_id("vpc", "other")}
    small.world.cloud("Instances").append(twin)
    with pytest.raises(ParameterError, match=r"set spec\.providerID"):
        Session(small)


# Routes.


def test_routes_converge_in_every_table(two: Lab) -> None:
    """Each table that a node's subnet uses has every pod CIDR; the tags say which are ours; nothing is left to do."""
    session = Session(two, ROUTES)
    assert session.prove(session.apply()) == []
    wanted = {f"10.42.{number}.0/24": aws_id("eni", f"node-{number}") for number in range(4)}
    assert pod_routes(two) == [wanted, wanted]
    assert tags(two) == [{"l2bridge:lab": "10.42.0.0/22-24"}] * 2
    again = Session(two, ROUTES)
    assert not again.plan().writes
    assert check(again.nodes, again.fabric, scope=ROUTES).blocking == ()


def test_foreign_routes_stay(messy: Lab) -> None:
    """One in the way is a conflict, one that leads to the node satisfies; neither is written to."""
    rows = {(row.action, row.resource) for row in Session(messy, ROUTES).plan() if row.kind == "route"}
    assert ("conflict", f"{aws_id('rtb', 'private')}:10.42.6.0/24") in rows
    assert ("none", f"{aws_id('rtb', 'main')}:10.42.5.0/24") in rows


def test_route_of_a_removed_node_goes_with_its_mark(two: Lab) -> None:
    """Also when its machine is gone, and the route is a blackhole."""
    Session(two, ROUTES).apply()
    gone = two.world.nodes.pop()
    nics = two.world.cloud("NetworkInterfaces")
    nics[:] = [nic for nic in nics if nic["NetworkInterfaceId"] != aws_id("eni", gone["metadata"]["name"])]
    session = Session(two, ROUTES)
    assert session.prove(session.apply()) == []
    assert [len(routes) for routes in pod_routes(two)] == [3, 3]
    assert tags(two) == [{"l2bridge:lab": "10.42.0.0/23-24 10.42.2.0/24"}] * 2


def test_route_is_replaced_in_one_step(two: Lab) -> None:
    """A route of ours that leads elsewhere is led back by ReplaceRoute: there is no gap."""
    Session(two, ROUTES).apply()
    before = sent(two)
    route = next(
        one for one in two.world.cloud("RouteTables")[0]["Routes"] if one["DestinationCidrBlock"] == "10.42.1.0/24"
    )
    route["NetworkInterfaceId"] = aws_id("eni", "node-2")
    session = Session(two, ROUTES)
    assert session.prove(session.apply()) == []
    assert sent(two) - before == {"ReplaceRoute": 1}


def test_run_that_broke_off_is_recognised_by_its_claim(two: Lab) -> None:
    """The routes were made, the marks were not: the next run knows them as ours."""
    two.aws.faults.add(
        lambda one: one.mutates and (one.action == "DeleteTags" or "l2bridge%3Alab" in str(one.body)),
        status=403,
        reason="UnauthorizedOperation",
        times=None,
    )
    results = Session(two, ROUTES).apply()
    assert {result.change.kind for result in results.failed} == {"mark"}
    assert tags(two) == [{"l2bridge-claim:lab": "10.42.0.0/22-24"}] * 2
    two.aws.faults.clear()
    session = Session(two, ROUTES)
    assert {row.kind for row in session.plan().writes} == {"mark"}
    assert session.prove(session.apply()) == []
    assert tags(two) == [{"l2bridge:lab": "10.42.0.0/22-24"}] * 2


def test_claim_does_not_make_a_foreign_route_ours(two: Lab) -> None:
    """Someone makes a route to elsewhere while a claim stands: it is a conflict, not ours."""
    table = two.world.cloud("RouteTables")[0]
    table["Tags"].append({"Key": "l2bridge-claim:lab", "Value": "10.42.0.0/22-24"})
    foreign = {"DestinationCidrBlock": "10.42.1.0/24", "NetworkInterfaceId": aws_id("eni", "node-2")}
    table["Routes"].append({**foreign, "Origin": "CreateRoute", "State": "active"})
    changes = Session(two, ROUTES).plan()
    assert [row.resource for row in changes.conflicts] == [f"{table['RouteTableId']}:10.42.1.0/24"]


def test_routes_are_left_alone_unless_asked_for(two: Lab) -> None:
    """routes=False keeps what an earlier run has made, and says so."""
    Session(two, ROUTES).apply()
    kept = [row for row in Session(two).plan() if row.kind == "route"]
    assert {row.action for row in kept} == {"none"}
    assert all("routes=False" in row.reason for row in kept)


def test_full_table_is_a_conflict(two: Lab) -> None:
    """The published limit is looked at before anything is sent."""
    table = two.world.cloud("RouteTables")[0]
    filler = {"GatewayId": aws_id("igw", "cluster"), "Origin": "CreateRoute", "State": "active"}
    table["Routes"] += [{"DestinationCidrBlock": f"172.16.{number}.0/24", **filler} for number in range(250)]
    table["Routes"] += [{"DestinationCidrBlock": f"172.17.{number}.0/24", **filler} for number in range(246)]
    conflicts = Session(two, ROUTES).plan().conflicts
    assert len(conflicts) == 2
    assert "498 of 500" in conflicts[0].reason


# Trouble.


def test_denied_action_is_a_blocking_finding(small: Lab) -> None:
    """It names the action; who only checks is not asked."""
    small.aws.denied_actions.add("ec2:ModifyNetworkInterfaceAttribute")
    session = Session(small)
    (finding,) = check(session.nodes, session.fabric, scope=CHECKS).blocking
    assert "ec2:ModifyNetworkInterfaceAttribute" in finding.found
    assert Session(small, ask_permissions=False).fabric.denied == ()
    assert small.writes == []


@pytest.mark.parametrize(
    "action", ["DescribeInstances", "DescribeNetworkInterfaces", "DescribeSubnets", "DescribeRouteTables"]
)
def test_denied_read_names_the_action(small: Lab, action: str) -> None:
    """Without these nothing can be decided."""
    small.aws.denied_actions.add(f"ec2:{action}")
    with pytest.raises(CloudError, match=f"ec2:{action}"):
        Session(small)


def test_denied_filters_are_said_to_be_unread(small: Lab) -> None:
    """The rest is decided without them."""
    small.aws.denied_actions |= {"ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls"}
    assert len(Session(small).fabric.unread) == 2


def test_throttling_is_survived(small: Lab) -> None:
    """EC2 says RequestLimitExceeded; the SDK waits and asks again."""
    small.aws.faults.add(
        lambda one: one.action == "ModifyNetworkInterfaceAttribute", status=503, reason="RequestLimitExceeded", times=3
    )
    assert Session(small).apply().failed == ()
    assert set(checks(small).values()) == {False}


def test_answer_that_is_lost_after_the_work_is_no_failure(two: Lab) -> None:
    """The repeated CreateRoute finds its own route."""
    two.aws.faults.add(lambda one: one.action == "CreateRoute" and one.mutates, when="after", drop=True, times=3)
    session = Session(two, ROUTES)
    assert session.prove(session.apply()) == []


def test_one_node_does_not_stop_the_others(small: Lab) -> None:
    """Its row says why; five are done."""
    nic = aws_id("eni", "node-2")
    small.aws.faults.add(
        lambda one: one.mutates and nic in str(one.body), status=400, reason="InternalFailure", times=None
    )
    results = Session(small).apply()
    assert (results.applied, [result.change.resource for result in results.failed]) == (5, [nic])


def test_region_has_to_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the parameter before anything is sent."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "no/such/file")
    with pytest.raises(ParameterError, match="parameter region"):
        Aws()


def test_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment asks for does not exist."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CredentialsError, match="nobody"):
        Aws()


def test_no_credentials_go_over_plain_http(small: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab sees neither a key nor a signature; a configured plain-http endpoint is refused."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    Session(small)
    assert "AKIDEXAMPLE" not in str([request.as_dict() for request in small.requests])
    assert not any("Authorization" in request.headers for request in small.requests if request.server == "aws")
    monkeypatch.setenv("AWS_ENDPOINT_URL", small.endpoint)
    count = len(small.requests)
    with pytest.raises(ParameterError, match="plain http"):
        Aws(region="eu-west-1").observe(list_nodes(str(small.kubeconfig)))
    assert [request.server for request in small.requests[count:]].count("aws") == 0


def test_closed_port_is_unreachable(small: Lab) -> None:
    """The error says what does not answer."""
    cloud = Aws(region="eu-west-1", endpoint="http://127.0.0.1:9")
    with pytest.raises(UnreachableError, match="eu-west-1 does not answer"):
        cloud.observe(list_nodes(str(small.kubeconfig)))
