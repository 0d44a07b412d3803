from dataclasses import replace

import pytest

from l2bridge_helpers.checks import check
from l2bridge_helpers.fabric import Fabric, Subnet
from l2bridge_helpers.findings import Finding, Findings
from l2bridge_helpers.observed import Template, Unread
from tests.builders import (
    NETWORK,
    PROJECT,
    address,
    fabric,
    foreign_route,
    instance,
    node_item,
    nodes,
    numbered_fabric,
    numbered_item,
    numbered_nodes,
    pod_cidr,
)

GROUP = f"projects/{PROJECT}/zones/europe-west1-b/instanceGroupManagers/workers"


def found(network: Fabric, count: int = 2) -> Findings:
    return check(numbered_nodes(count), network)


def the_one(network: Fabric, count: int = 2) -> Finding:
    findings = found(network, count)
    assert len(findings) == 1, list(findings)
    return findings.items[0]


# Ranges.


@pytest.mark.parametrize("cidr", ["10.42.0.0/24", "10.42.0.128/25", "10.0.0.0/8", "10.42.0.7/32"])
def test_pod_cidr_that_overlaps_a_subnet_blocks(cidr: str) -> None:
    """The cloud delivers such addresses itself; equal, wider and narrower ranges of a subnet all hide a part."""
    subnets = (Subnet("subnets/nodes", ("10.10.0.0/20",)), Subnet("subnets/other", ("10.9.0.0/24", cidr)))
    finding = the_one(replace(numbered_fabric(1), subnets=subnets), 1)
    assert (finding.severity, finding.object) == ("blocking", "node node-1")
    assert all(part in finding.found for part in (pod_cidr(1), "subnets/other"))


def test_every_node_that_hides_a_subnet_is_told() -> None:
    """All offenders at once."""
    findings = found(replace(numbered_fabric(3), subnets=(Subnet("s", ("10.42.0.0/23",)),)), 3)
    assert [finding.object for finding in findings.blocking] == ["node node-1", "node node-2"]


def test_every_range_that_a_pod_cidr_overlaps_is_told() -> None:
    """Who mends one range must not meet the next one in the next run."""
    subnets = (Subnet("subnets/one", ("10.42.0.0/28",)), Subnet("subnets/two", ("10.42.0.16/28",)))
    text = " ".join(map(str, found(replace(numbered_fabric(1), subnets=subnets), 1)))
    assert "subnets/one" in text
    assert "subnets/two" in text


def test_range_that_the_cloud_keeps_for_itself_blocks() -> None:
    """An auto-mode network lets no route into 10.128.0.0/9."""
    machines = fabric(instance("node-1", address(1)), reserved=("10.128.0.0/9",))
    findings = check(nodes(node_item("node-1", address(1), "10.200.0.0/24"), flannel=None), machines)
    assert [finding.object for finding in findings.blocking] == ["node node-1"]
    assert "10.128.0.0/9 of the network's own range" in findings.blocking[0].found


def test_families_do_not_overlap() -> None:
    """An IPv6 range of a subnet takes no IPv4 packet."""
    (subnet,) = numbered_fabric(2).subnets
    wide = replace(subnet, cidrs=(*subnet.cidrs, "::/0"))
    assert list(found(replace(numbered_fabric(2), subnets=(wide,)))) == []


# Other writers.


def test_routes_of_a_cloud_controller_block_and_are_named() -> None:
    """cloud-provider-gcp marks its routes by their description."""
    routes = [
        replace(foreign_route(pod_cidr(number), address(number), name=f"k8s-{number}"), description="k8s-node-route")
        for number in (1, 2)
    ]
    finding = the_one(numbered_fabric(2, routes=routes))
    assert (finding.severity, finding.object) == ("blocking", f"network {NETWORK}")
    assert "2 routes" in finding.found
    assert "k8s-1, k8s-2" in finding.found


def test_other_descriptions_are_no_writer() -> None:
    """People describe their routes too."""
    route = replace(foreign_route("192.168.0.0/24", "10.10.0.99"), description="k8s-node-route of mine")
    assert list(found(numbered_fabric(2, routes=[route]))) == []


def test_routes_of_a_controller_for_another_cluster_are_its_own_affair() -> None:
    """Clusters share networks: what leads elsewhere, from far away ranges, concerns no node of this one."""
    route = replace(foreign_route("10.99.0.0/24", "10.10.99.99"), description="k8s-node-route")
    assert list(check(numbered_nodes(1), numbered_fabric(1, routes=[route]))) == []


# Machines.


@pytest.mark.parametrize(("status", "told"), [("TERMINATED", "TERMINATED"), ("", "an unknown state")])
def test_machine_that_does_not_run_is_a_warning(status: str, told: str) -> None:
    """Its route stays inactive until it runs."""
    machines = fabric(instance("node-1", address(1), status=status), instance("node-2", address(2)))
    finding = the_one(machines)
    assert (finding.severity, finding.object) == ("warning", "node node-1")
    assert told in finding.found
    assert machines.instances[0].id in finding.found


def test_stopped_machine_of_a_dual_stack_node_is_told_once() -> None:
    """Two pod CIDRs, one machine."""
    item = node_item("node-1", address(1), pod_cidr(1), pod_cidr(2))
    findings = check(nodes(item), fabric(instance("node-1", address(1), status="STOPPING")))
    assert [finding.object for finding in findings] == ["node node-1"]


# Templates.


def with_templates(*templates: Template) -> Fabric:
    machines = [instance(f"node-{number}", address(number), group=GROUP) for number in (1, 2)]
    return replace(fabric(*machines), templates=templates)


def test_template_that_leaves_forwarding_off_is_a_warning() -> None:
    """It comes back with the next machine; group, template and nodes are named."""
    finding = the_one(with_templates(Template(GROUP, "templates/old", forwarding=False)))
    assert (finding.severity, finding.object) == ("warning", f"group {GROUP}")
    assert "templates/old" in finding.found
    assert "node-1, node-2" in finding.meaning


def test_each_such_template_of_a_canary_is_told() -> None:
    """A group may make machines from two templates."""
    templates = (Template(GROUP, "templates/old", forwarding=False), Template(GROUP, "templates/new", forwarding=False))
    assert [finding.found.split()[3] for finding in found(with_templates(*templates))] == [
        "templates/old,",
        "templates/new,",
    ]


def test_good_templates_and_groups_of_others_are_no_findings() -> None:
    """Only what a node of this cluster comes from matters."""
    templates = (Template(GROUP, "templates/new", forwarding=True), Template("other", "templates/x", forwarding=False))
    assert list(found(with_templates(*templates))) == []


# What could not be read.


def test_what_could_not_be_read_is_a_warning_with_the_reason() -> None:
    """A check that was not made is said to be."""
    unread = (Unread("instance templates", "permission compute.instanceTemplates.get is missing"),)
    finding = the_one(replace(numbered_fabric(2), unread=unread))
    assert (finding.severity, finding.object) == ("warning", "instance templates")
    assert "compute.instanceTemplates.get" in finding.found


def test_what_was_read_and_not_judged_is_told_as_it_is() -> None:
    """Nobody looks for a permission that is not missing."""
    policy = Unread("firewall policies", "firewall policy P has rules", may={"drop packets": ("all",)})
    assert the_one(replace(numbered_fabric(2), unread=(policy,))).found == "firewall policy P has rules"


def test_unread_rules_are_not_taken_for_no_rules() -> None:
    """Only that they could not be read is told."""
    unread = (Unread("firewall rules", "permission compute.firewalls.list is missing"),)
    finding = the_one(replace(numbered_fabric(2), rules=(), unread=unread))
    assert finding.object == "firewall rules"


def test_node_that_is_not_placed_is_judged_once() -> None:
    """Its machine is not known, so nothing is said of its network."""
    machines = fabric(subnets=(Subnet("s", (pod_cidr(1),)),), rules=())
    findings = check(nodes(numbered_item(1)), machines)
    assert [(finding.severity, finding.object) for finding in findings] == [("error", "node node-1")]
