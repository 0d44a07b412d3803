"""One layer-2 subnet, where nothing else can carry pod packets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2bridge_helpers.check_segment import check_segment, prove_segment
from l2bridge_helpers.fabric import Fabric, Subnet
from l2bridge_helpers.placement import place
from tests.aws_values import nodes_of, vpc


def test_one_subnet_is_fine() -> None:
    """No finding, and the proof names the subnet."""
    nodes, fabric = nodes_of(3), vpc("a", "a", "a")
    assert list(check_segment(place(nodes, fabric).placed, fabric, routes=False)) == []
    (row,) = prove_segment(nodes, fabric, routes=False)
    assert (row.verdict, "subnet-a (10.0.0.0/24, zone-a)" in row.found) == ("ok", True)


def test_two_subnets_block_once_and_name_both_groups() -> None:
    """Every node stands in its group."""
    fabric = vpc("a", "b", "a")
    (finding,) = check_segment(place(nodes_of(3), fabric).placed, fabric, routes=False)
    assert finding.severity == "blocking"
    assert "are in 2 subnets (IPv4)" in finding.found
    assert "subnet-a (10.0.0.0/24, zone-a): node-1, node-3 | subnet-b" in finding.found
    assert finding.found.endswith("node-2")
    assert "routes=True" in finding.todo


def test_two_subnets_are_proved_wrong() -> None:
    """The fresh read says the same."""
    (row,) = prove_segment(nodes_of(2), vpc("a", "b"), routes=False)
    assert row.verdict == "wrong"


def test_routes_lead_from_one_subnet_to_the_other() -> None:
    """Where route tables carry the pod CIDRs, subnets do not matter."""
    fabric = vpc("a", "b")
    assert list(check_segment(place(nodes_of(2), fabric).placed, fabric, routes=True)) == []
    assert list(prove_segment(nodes_of(2), fabric, routes=True)) == []


def test_a_cloud_that_routes_by_itself_has_no_segments() -> None:
    """On GCE every packet goes through the network's own router."""
    fabric = replace(vpc("a", "b"), platform="gce")
    spots = place(nodes_of(2), vpc("a", "b")).placed
    assert list(check_segment(spots, fabric, routes=False)) == []


@pytest.mark.parametrize("subnets", [(), (Subnet("subnet-a", ()),)])
def test_a_subnet_that_was_not_read_is_known_by_its_id(subnets: tuple[Subnet, ...]) -> None:
    """What is missing costs its range, not the finding."""
    fabric: Fabric = replace(vpc("a", "b"), subnets=subnets)
    (finding,) = check_segment(place(nodes_of(2), fabric).placed, fabric, routes=False)
    assert "subnet-a: node-1 | subnet-b: node-2" in finding.found
