"""AWS: the source/destination check off on every node's interfaces; optionally VPC routes for the pod CIDRs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.aws_api import MOST_VALUES, AwsApi
from l2bridge_helpers.clouds.aws_dialect import AwsDialect, in_region, parse_regional
from l2bridge_helpers.clouds.aws_groups import open_group
from l2bridge_helpers.clouds.aws_ledger import difference
from l2bridge_helpers.clouds.aws_permissions import questions
from l2bridge_helpers.clouds.aws_read import (
    acl_rules_of,
    group_rules_of,
    instance_of,
    route_destination,
    route_next_hop,
    subnet_of,
    table_of,
    vpc_cidrs,
)
from l2bridge_helpers.clouds.base import Sent, later_word
from l2bridge_helpers.clouds.loose_json import objects, text
from l2bridge_helpers.clouds.reading import optional
from l2bridge_helpers.endpoints import is_plain_http, shown_endpoint
from l2bridge_helpers.errors import CloudError, ParameterError
from l2bridge_helpers.fabric import Fabric, Instance, Route, RouteTable, Subnet
from l2bridge_helpers.filters import FIREWALL_RULES, NETWORK_ACLS
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.observed import Denied, InForce, Template, Unread
from l2bridge_helpers.pace import SHARE, Pace
from l2bridge_helpers.pace_limits import AWS
from l2bridge_helpers.scope import Scope

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.nodes import NodeRow

Raw = dict[str, Any]


class Aws:
    """One VPC of EC2, through boto3: the one that the nodes are in.

    Args:
        region: its name; empty: the environment's or the profile's.
        endpoint: another API endpoint; plain http on loopback gets no credentials.
        scope: what the run may change: permissions are asked for just that.
        ask_permissions: whether to ask EC2 (`DryRun`) if it would let these credentials make the changes.
        share: how much of the published rate is used, above 0 to 1.

    Raises:
        ParameterError: no region is given anywhere.
        CredentialsError: the profile that the environment names cannot be used.

    """

    platform = "aws"

    def __init__(
        self,
        *,
        region: str = "",
        endpoint: str = "",
        scope: Scope | None = None,
        ask_permissions: bool = True,
        share: float = SHARE,
    ) -> None:
        """Keep what is meant. Nothing is sent, no credentials are looked up."""
        self._endpoint = endpoint
        self.pace = Pace(AWS, share=share)
        self._api = AwsApi(region, endpoint, self.pace)
        self._region = self._api.region
        self._scope = scope or Scope(routes=False)
        self._ask_permissions = ask_permissions
        self._dialect = AwsDialect()

    def target(self) -> dict[str, str]:
        """Return region, profile and endpoint, as label -> value."""
        place = shown_endpoint(self._endpoint, f"https://ec2.{self._region}.amazonaws.com")
        profile = {} if is_plain_http(self._endpoint) else {"profile": self._api.profile}
        return {"region": self._region, "VPC": "the one that the nodes are in", **profile, "endpoint": place}

    def identity(self) -> str:
        """Return who the cloud takes us for, or `unknown (why)`; see `aws_identity`."""
        return self._api.identity()

    # Read.

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the VPC's state, freshly read, in as few requests as the API allows.

        Needs ec2:DescribeInstances, ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets, ec2:DescribeRouteTables. What
        ec2:DescribeVpcs, ec2:DescribeSecurityGroups and ec2:DescribeNetworkAcls would tell is left out, and said to
        be, when they are missing.

        Raises:
            CloudError: the state cannot be read; the text names what is missing.
            ParameterError: the nodes' addresses are in several VPCs, and nothing says which one is meant.

        """
        found, vpc = self._find(node_rows(nodes))
        if not vpc:
            return Fabric(self.platform, "")
        network, unread = in_region(self._region, vpc), list[Unread]()
        instances = tuple(self._with_nics(found, vpc))
        raw_tables = self._api.route_tables(vpc)
        subnets = tuple(subnet_of(raw, raw_tables, self._region) for raw in self._api.subnets(vpc))
        used = {nic.subnet for instance in instances for nic in instance.nics_in(network)}
        tables = tuple(self._tables(raw_tables, vpc, [subnet for subnet in subnets if subnet.id in used], unread))
        groups = {group for instance in instances for nic in instance.nics for group in nic.filters}
        rules: list[Raw] = optional(unread, FIREWALL_RULES, lambda: self._groups(groups, vpc), [])
        lists: list[Raw] = optional(unread, NETWORK_ACLS, lambda: self._api.network_acls(used), [])
        return Fabric(
            platform=self.platform,
            network=network,
            instances=instances,
            subnets=subnets,
            tables=tables,
            rules=(
                *(rule for group in rules for rule in group_rules_of(group)),
                *(rule for acl in lists for rule in acl_rules_of(acl)),
            ),
            templates=tuple(_templates(instances)),
            unread=tuple(unread),
            denied=tuple(self._denied(instances, tables, groups)),
        )

    def _find(self, rows: tuple[NodeRow, ...]) -> tuple[list[Raw], str]:
        """Return the nodes' instances and their VPC: by provider ID, then by address, then by private DNS name."""
        ids = {row.nodeName: self._dialect.instance_id(row.providerID) for row in rows}
        found = self._api.instances("instance-id", filter(None, ids.values()))
        vpc = _most_common(text(raw.get("VpcId")) for raw in found)
        unnamed = [row for row in rows if not ids[row.nodeName] and row.nodeIP]
        by_address = self._by_address(unnamed, vpc)
        vpc = vpc or _the_one_vpc(by_address)
        known = {address for raw in by_address for address in _addresses(raw)}
        names = [row.nodeName for row in unnamed if row.nodeIP not in known]
        by_name = self._api.instances("private-dns-name", names, **{"vpc-id": vpc}) if vpc else []
        every = {text(raw.get("InstanceId")): raw for raw in [*by_name, *by_address, *found]}
        return list(every.values()), vpc

    def _by_address(self, rows: Iterable[NodeRow], vpc: str) -> list[Raw]:
        """Return the instances that have these nodes' addresses, in the VPC where it is known."""
        addresses = [row.nodeIP for row in rows]
        four = [address for address in addresses if ":" not in address]
        six = [address for address in addresses if ":" in address]
        where = {"vpc-id": vpc} if vpc else {}
        return [
            *self._api.instances("network-interface.addresses.private-ip-address", four, **where),
            *self._api.instances("network-interface.ipv6-addresses.ipv6-address", six, **where),
        ]

    def _with_nics(self, found: list[Raw], vpc: str) -> Iterator[Instance]:
        """Give the instances with all their interfaces, read by instance or, when that is less, with the whole VPC."""
        ids = {text(raw.get("InstanceId")) for raw in found}
        few = len(ids) <= MOST_VALUES
        raws = self._api.network_interfaces(*(("attachment.instance-id", ids) if few else ("vpc-id", [vpc])))
        by_instance: dict[str, list[Raw]] = defaultdict(list)
        for raw in raws:
            by_instance[text((raw.get("Attachment") or {}).get("InstanceId"))].append(raw)
        return (instance_of(raw, by_instance[text(raw.get("InstanceId"))], self._region) for raw in found)

    def _tables(self, raws: list[Raw], vpc: str, subnets: list[Subnet], unread: list[Unread]) -> Iterator[RouteTable]:
        """Give the route tables of the nodes' subnets, and those that hold marks of ours."""
        used = {subnet.table for subnet in subnets}
        vpcs: list[Raw] = (
            optional(unread, "ranges of the VPC", lambda: self._api.vpcs(vpc), []) if self._scope.routes else []
        )
        reserved = tuple(cidr for raw in vpcs for cidr in vpc_cidrs(raw))
        for raw in raws:
            table = table_of(raw, self._region, reserved)
            marked = any(route.cluster or route.claim for route in table.routes)
            if table.id in used or marked:
                yield table

    def _groups(self, used: set[str], vpc: str) -> list[Raw]:
        """Return the security groups that are used, and those of the VPC that hold rules of ours."""
        found = self._api.security_groups(used)
        if not self._scope.open_firewall:
            return found
        others = (raw for raw in self._api.all_security_groups(vpc) if text(raw.get("GroupId")) not in used)
        return found + [raw for raw in others if any(rule.cluster for rule in group_rules_of(raw))]

    def _denied(
        self, instances: tuple[Instance, ...], tables: tuple[RouteTable, ...], groups: set[str]
    ) -> Iterator[Denied]:
        """Give the actions that EC2 would refuse; a run that changes nothing does not ask."""
        asked = questions(instances, tables, groups, self._scope) if self._ask_permissions else ()
        for action, arguments in asked:
            why = self._api.denied(action, **arguments)
            if why:
                yield Denied(f"ec2:{''.join(part.capitalize() for part in action.split('_'))}", why)

    def in_force(self, nodes: pd.DataFrame, fabric: Fabric) -> tuple[InForce, ...]:  # noqa: ARG002 - no API tells
        """Return nothing: a route is in force when EC2 shows it as active."""
        return ()

    # Write.

    def send(self, changes: Sequence[Change]) -> Mapping[str, Mapping[str, Any]]:
        """Make one change; EC2's writes are done when they are answered.

        Raises:
            CloudError: it was refused or failed; the text names the resource and the action.

        """
        (change,) = changes
        if change.kind == "forwarding":
            self._api.set_source_dest_check(change.resource, check=not change.after["forwarding"])
        elif change.kind in ("claim", "mark"):
            self._write_marks(change)
        elif change.kind == "filter":
            return {} if open_group(self._api, change) else Sent()
        elif change.action == "create":
            return {} if self._create_route(Route.from_facts(change.after)) else Sent()
        else:
            return {} if self._change_route(change) else Sent()
        return {}

    def _write_marks(self, change: Change) -> None:
        _, table = parse_regional(change.resource)
        new, old = difference(change.before, change.after)
        if new:
            self._api.set_tags(table, new)
        if old:
            with later_word():
                self._api.delete_tags(table, old)

    def _create_route(self, route: Route) -> bool:
        """Create the route. A destination that is taken is success only if it leads to the very interface.

        Return whether it may be this very write that has made it: the answer to a first try can be lost.
        """
        _, table = parse_regional(route.table)
        tries = self._api.create_route(table, route.destination, route.next_hop)
        if tries is None:
            return True
        hop = self._next_hop(table, route.destination)
        if hop != route.next_hop:
            found = f"leads to {hop}" if hop else "comes and goes"
            raise CloudError(
                f"could not create route {route.name}: one is there now and {found}; look at it, then run again"
            )
        return tries > 0

    def _change_route(self, change: Change) -> bool:
        """Replace or delete the route if it still is the one that was read; return False when that is done already."""
        old = Route.from_facts(change.before)
        _, table = parse_regional(old.table)
        hop = self._next_hop(table, old.destination)
        if hop == change.after.get("next_hop", ""):
            return False
        if hop != old.next_hop:
            verb = "deleted" if change.action == "delete" else "replaced"
            raise CloudError(f"route {old.name} is no longer the one that was read, so it was not {verb}; run again")
        if change.action == "delete":
            self._api.delete_route(table, old.destination)
        else:
            self._api.replace_route(table, old.destination, change.after["next_hop"])
        return True

    def _next_hop(self, table: str, destination: str) -> str:
        """Return what a table's own route to a destination leads to now, "" when it has none."""
        routes = objects(self._api.route_table(table).get("Routes"))
        own = (raw for raw in routes if raw.get("Origin") != "EnableVgwRoutePropagation")
        return next((route_next_hop(raw) for raw in own if route_destination(raw) == destination), "")


def _most_common(vpcs: Iterable[str]) -> str:
    counts = Counter(filter(None, vpcs))
    return min(counts, key=lambda vpc: (-counts[vpc], vpc), default="")


def _the_one_vpc(found: list[Raw]) -> str:
    """Return the VPC of instances that were found by address only: private networks share their addresses."""
    vpcs = sorted({vpc for raw in found if (vpc := text(raw.get("VpcId")))})
    if len(vpcs) > 1:
        raise ParameterError(
            f"the nodes have no provider ID of AWS, and {', '.join(vpcs)} all have instances with their addresses; "
            "set spec.providerID (aws:///ZONE/i-…) on at least one node, so that the right VPC is known"
        )
    return vpcs[0] if vpcs else ""


def _addresses(raw: Raw) -> Iterator[str]:
    for nic in objects(raw.get("NetworkInterfaces")):
        yield from (text(entry.get("PrivateIpAddress")) for entry in objects(nic.get("PrivateIpAddresses")))
        yield from (text(entry.get("Ipv6Address")) for entry in objects(nic.get("Ipv6Addresses")))


def _templates(instances: Iterable[Instance]) -> list[Template]:
    """Return the Auto Scaling groups: no launch template can turn the check off (EC2 API, read 2026-11)."""
    return [Template(group, "", forwarding=False) for group in sorted({one.group for one in instances if one.group})]
