"""EC2's own terms: ids, VPC routes and `aws` commands (pure, no SDK).

A network is `REGION/vpc-…` and a table `REGION/rtb-…`, so that each command can name the region. A VPC route has no
name; it is known by its table and destination.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds import aws_ledger
from l2bridge_helpers.clouds.plain_dialect import PlainDialect
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
from l2bridge_helpers.filters import SECURITY_GROUP, Rule, fewest

if TYPE_CHECKING:
    from l2bridge_helpers.nodes import NodeRow

BLACKHOLE = "blackhole"
_PROVIDER_ID = re.compile(r"(?:aws://(?:/[a-z0-9-]*)?/)?(i-[0-9a-f]{8,32})")
"""`aws:///ZONE/i-…`, `aws:////i-…`, `i-…` (cloud-provider-aws, instances.go; read 2026-11)."""
_HEX_NAME = re.compile(r"(?:ip-)?([0-9a-f]{8})")


def in_region(region: str, resource: str) -> str:
    """Return the id of a network or table."""
    return f"{region}/{resource}"


def parse_regional(identifier: str) -> tuple[str, str]:
    """Return (region, resource) of the id of a network or table."""
    region, _, resource = identifier.rpartition("/")
    return region, resource


def route_name(table: str, destination: str) -> str:
    """Return the name by which a route of a table is known."""
    return f"{parse_regional(table)[1]}:{destination}"


class AwsDialect(PlainDialect):
    """How decisions are written down on AWS."""

    platform = "aws"
    title = "AWS"
    provider_id_form = "aws:///ZONE/i-…"
    forwarding_per_nic = True
    forwarding_off = "source/destination check on"
    dead_routes_match = True
    opens_filters = True
    one_range_a_rule = True
    rule_numbers = range(1, 32767)
    """Numbers that entries of network ACLs may have (EC2 documentation, read 2026-11)."""
    one_segment = True
    across_segments = (
        "move the nodes into one subnet, use flannel's vxlan backend, or let route tables carry the pod CIDRs "
        "(parameter routes=True)"
    )
    replaces_in_place = True
    written_properties = frozenset({"SourceDestCheck"})
    reported_properties = frozenset({"State", "StateReason", "StateTransitionReason", "LaunchTime", "Status"})

    def instance_id(self, provider_id: str) -> str:
        """Return the `i-…` that a provider ID names."""
        found = _PROVIDER_ID.fullmatch(provider_id)
        return found[1] if found else ""

    def address_in(self, name: str) -> str:
        """Return the address that Windows names such as `ip-0a0a0015` spell (rancher/rke2 issue 5415)."""
        found = _HEX_NAME.fullmatch(name)
        return str(ipaddress.IPv4Address(int(found[1], 16))) if found else ""

    def route(self, row: NodeRow, instance: Instance, nic: Nic, table: str, cluster: str) -> Route:  # noqa: ARG002 - the interface is enough
        """Return the VPC route to the interface that has the node's address."""
        name = route_name(table, row.routeDestination)
        return Route(name, row.routeDestination, nic.id, table, cluster=cluster)

    def leads_to(self, next_hop: str, instance: Instance, nic: Nic) -> bool:  # noqa: ARG002 - another interface of it drops the packets
        """Return whether the next hop is the interface."""
        return next_hop == nic.id

    def waits(self, route: Route) -> bool:
        """Return whether the route is a blackhole: its machine is stopped, or its interface is gone."""
        return route.status == BLACKHOLE

    def names_unread_ranges(self, route: Route) -> bool:
        """Return whether the route leads to a prefix list, other than that of a service's endpoint."""
        return route.destination.startswith("pl-") and not route.next_hop.startswith("vpce-")

    def marks(self, cluster: str, owned: Collection[str], claimed: Collection[str] = ()) -> dict[str, str]:
        """Return the tags of a route table that say which of its routes are ours."""
        return aws_ledger.write(cluster, owned, claimed)

    def own_marks(self, marks: Mapping[str, str], cluster: str) -> dict[str, str]:
        """Return those of its tags that are this cluster's."""
        return aws_ledger.own_tags(marks, cluster)

    def enable_command(self, instance: Instance, nic: Nic) -> str:  # noqa: ARG002 - the instance call fails with two interfaces
        """Return `aws ec2 modify-network-interface-attribute …`."""
        return _check(nic, "--no-source-dest-check")

    def disable_command(self, instance: Instance, nic: Nic) -> str:  # noqa: ARG002 - as above
        """Return the same, the other way."""
        return _check(nic, "--source-dest-check")

    def create_command(self, route: Route) -> str:
        """Return `aws ec2 create-route …`."""
        return _route("create-route", route, f"--network-interface-id={route.next_hop}")

    def replace_command(self, old: Route, new: Route) -> str:  # noqa: ARG002 - it stands under the same destination
        """Return `aws ec2 replace-route …`: one step, no gap."""
        return _route("replace-route", new, f"--network-interface-id={new.next_hop}")

    def delete_command(self, route: Route) -> str:
        """Return `aws ec2 delete-route …`."""
        return _route("delete-route", route)

    def mark_command(self, table: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        """Return `aws ec2 create-tags …` and, for what goes, `aws ec2 delete-tags …`."""
        region, resource = parse_regional(table)
        new, old = aws_ledger.difference(before, after)
        set_tags = [{"Key": key, "Value": value} for key, value in new.items()]
        steps = [("create-tags", set_tags), ("delete-tags", [{"Key": key} for key in old])]
        return " && ".join(
            _aws(verb, region, f"--resources={resource}", f"--tags={json.dumps(tags)}") for verb, tags in steps if tags
        )

    def allow_command(
        self,
        fabric: Fabric,
        cidrs: tuple[str, ...],
        nics: tuple[Nic, ...],
        *,
        inbound: bool = True,
        number: int | None = None,  # noqa: ARG002 - rules of groups have no order
        on: tuple[str, ...] = (),  # noqa: ARG002 - a group is for its members
    ) -> str:
        """Return `aws ec2 authorize-security-group-ingress …`, or `…-egress …`, for as few groups as serve all."""
        region, _ = parse_regional(fabric.network)
        verb = f"authorize-security-group-{'ingress' if inbound else 'egress'}"
        groups = fewest(nic.filters for nic in nics)
        return " && ".join(_permit(verb, region, group, permissions(cidrs, "pods")) for group in groups)

    def opens(self, fabric: Fabric, place: str) -> str:  # noqa: ARG002 - wherever it is
        """Return who is in the group."""
        return f"every interface in security group {place}"

    def opening(
        self,
        cluster: str,
        fabric: Fabric,  # noqa: ARG002 - a group's id is enough
        place: str,
        cidrs: tuple[str, ...],
        known: tuple[str, ...],  # noqa: ARG002 - each range carries a mark of its own
    ) -> Rule:
        """Return the rule of a security group that lets packets from the pod CIDRs in."""
        return pods_rule(place, cluster, cidrs, aws_ledger.note(cluster))

    def opening_command(self, fabric: Fabric, before: Rule | None, after: Rule | None) -> str:
        """Return `aws ec2 authorize-security-group-ingress …` and, for what goes, `revoke-…`."""
        region, _ = parse_regional(fabric.network)
        rule = after or before
        old, new = (side.sources if side else () for side in (before, after))
        added, gone = ([one for one in this if one not in other] for this, other in ((new, old), (old, new)))
        return " && ".join(
            _permit(f"{verb}-security-group-ingress", region, rule.list, permissions(cidrs, rule.description))
            for verb, cidrs in (("authorize", added), ("revoke", gone))
            if rule and cidrs
        )

    def pass_command(self, fabric: Fabric, rule: Rule) -> str:
        """Return `aws ec2 create-network-acl-entry …`, once for each range, numbered one after the other."""
        region, _ = parse_regional(fabric.network)
        way, action = "--ingress" if rule.inbound else "--egress", "allow" if rule.allow else "deny"
        return " && ".join(
            _aws(
                "create-network-acl-entry",
                region,
                *(f"--network-acl-id={rule.list}", f"--rule-number={number}", "--protocol=-1"),
                *(f"--rule-action={action}", way, f"--{'ipv6-' if ':' in cidr else ''}cidr-block={cidr}"),
            )
            for number, cidr in enumerate(rule.sources if rule.inbound else rule.destinations, rule.number)
        )


def pods_rule(group: str, cluster: str, cidrs: tuple[str, ...], description: str) -> Rule:
    """Return the rule of ours in a security group, for ranges of one family."""
    family = "IPv6" if ":" in cidrs[0] else "IPv4"
    return Rule(
        kind=SECURITY_GROUP,
        list=group,
        name=f"pods of {cluster}, {family}",
        number=0,
        allow=True,
        inbound=True,
        sources=cidrs,
        on=(group,),
        cluster=cluster,
        description=description,
    )


def permissions(cidrs: Sequence[str], description: str) -> list[dict[str, Any]]:
    """Return what EC2 takes for all protocols from or to these ranges of one family."""
    six = ":" in cidrs[0]
    ranges = [{"CidrIpv6" if six else "CidrIp": cidr, "Description": description} for cidr in cidrs]
    return [{"IpProtocol": "-1", "Ipv6Ranges" if six else "IpRanges": ranges}]


def _check(nic: Nic, wanted: str) -> str:
    region, _ = parse_regional(nic.network)
    return _aws("modify-network-interface-attribute", region, f"--network-interface-id={nic.id}", wanted)


def _permit(verb: str, region: str, group: str, wanted: list[dict[str, Any]]) -> str:
    return _aws(verb, region, f"--group-id={group}", f"--ip-permissions={json.dumps(wanted)}")


def _route(verb: str, route: Route, *hop: str) -> str:
    region, table = parse_regional(route.table)
    six = ":" in route.destination
    destination = f"--destination-{'ipv6-' if six else ''}cidr-block={route.destination}"
    return _aws(verb, region, f"--route-table-id={table}", destination, *hop)


def _aws(verb: str, region: str, *arguments: str) -> str:
    return shlex.join(["aws", "ec2", verb, f"--region={region}", *arguments])
