"""What EC2 is asked whether it would let these credentials do it (pure; the answer costs a request each, `DryRun`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.aws_dialect import parse_regional, permissions

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Instance, RouteTable
    from l2bridge_helpers.scope import Scope

Question = tuple[str, dict[str, Any]]
"""An action, as boto3 calls it, with its arguments."""


def questions(
    instances: tuple[Instance, ...], tables: tuple[RouteTable, ...], groups: set[str], scope: Scope
) -> Iterator[Question]:
    """Give what is asked; only actions that there is something to do with."""
    nics = [nic for one in instances for nic in one.nics]
    off = next((nic.id for nic in nics if not nic.forwarding and not nic.fixed), "")
    if off:
        yield "modify_network_interface_attribute", {"NetworkInterfaceId": off, "SourceDestCheck": {"Value": False}}
    if tables and nics and scope.routes:
        yield from _about_routes(parse_regional(tables[0].id)[1], nics[0].id)
    if groups and scope.open_firewall:
        yield _about_rules(min(groups))


def _about_routes(table: str, nic: str) -> list[Question]:
    """Return what to ask about a route table; the destination is one that documents use (RFC 5737)."""
    route = {"RouteTableId": table, "DestinationCidrBlock": "192.0.2.0/24"}
    tags = {"Resources": [table], "Tags": [{"Key": "l2bridge-asks", "Value": ""}]}
    return [
        ("create_route", {**route, "NetworkInterfaceId": nic}),
        ("replace_route", {**route, "NetworkInterfaceId": nic}),
        ("delete_route", route),
        ("create_tags", tags),
        ("delete_tags", tags),
    ]


def _about_rules(group: str) -> tuple[str, dict[str, Any]]:
    """Return what to ask EC2 about a group; the range is one that documents use (RFC 5737)."""
    asked = {"GroupId": group, "IpPermissions": permissions(["192.0.2.0/24"], "l2bridge asks")}
    return "authorize_security_group_ingress", asked
