"""The calls that change what drops packets: rules of security groups, entries of network ACLs.

Sources: EC2 API reference of AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress and CreateNetworkAclEntry; VPC
quotas (read 2026-11). A range with host bits is refused; EC2 has been seen to put some right.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from l2bridge_helpers.lab.aws.errors import Ec2Error, invalid
from l2bridge_helpers.lab.aws.state import State
from l2bridge_helpers.lab.world import Json

_DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PEERS = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "UserIdGroupPairs": "GroupId",
    "PrefixListIds": "PrefixListId",
}
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_HIGHEST_PORT, _HIGHEST_PROTOCOL = 65535, 255
_ENTRIES = range(1, 32767)


class Permission(NamedTuple):
    """One rule, as EC2 tells rules apart: descriptions do not count."""

    protocol: str
    low: int | None
    high: int | None
    kind: str
    peer: str

    def __str__(self) -> str:
        """Return it in EC2's words."""
        ports = (
            "ALL" if self.protocol == "-1" else f"{self.protocol.upper()}, from port: {self.low}, to port: {self.high}"
        )
        return f"peer: {self.peer}, {ports}, ALLOW"


def authorize(state: State, given: Json, *, field: str) -> Json:
    """Add rules to a group: all of them, or none."""
    group, asked = _asked(state, given)
    wanted = [permission for permission, _ in asked]
    there = {permission for permission, _ in _permissions(group.get(field, []))}
    twice = next((one for place, one in enumerate(wanted) if one in wanted[:place]), None)
    if twice:
        raise invalid(f"The same permission must not appear multiple times ({twice})")
    taken = next((one for one in wanted if one in there), None)
    if taken:
        raise Ec2Error("InvalidPermission.Duplicate", f'the specified rule "{taken}" already exists')
    for kind in ("IpRanges", "Ipv6Ranges"):
        if sum(one.kind == kind for one in (*there, *wanted)) > state.rules_per_group:
            raise Ec2Error(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            )
    for permission, entry in asked:
        _entry_for(group[field], permission).setdefault(permission.kind, []).append(entry)
    return {"Return": True}


def revoke(state: State, given: Json, *, field: str) -> Json:
    """Remove rules of a group: all of them, or none."""
    group, asked = _asked(state, given)
    gone = {permission for permission, _ in asked}
    there = list(_permissions(group[field]))
    missing = gone - {permission for permission, _ in there}
    if missing:
        said = f"The specified rule does not exist in this security group ({min(missing, key=str)})."
        raise Ec2Error("InvalidPermission.NotFound", said)
    group[field] = []
    for permission, entry in there:
        if permission not in gone:
            _entry_for(group[field], permission).setdefault(permission.kind, []).append(entry)
    return {"Return": True}


def create_acl_entry(state: State, given: Json) -> Json:
    """Add an entry to a network ACL."""
    acl = state.find(given["NetworkAclId"], "acl")
    number, outward = given["RuleNumber"], given["Egress"]
    if number not in _ENTRIES:
        raise invalid(f"Value ({number}) for parameter ruleNumber is invalid. It must be 1 to {_ENTRIES[-1]}.")
    if given["RuleAction"] not in ("allow", "deny"):
        raise invalid(f"Value ({given['RuleAction']}) for parameter ruleAction is invalid.")
    blocks = [key for key in ("CidrBlock", "Ipv6CidrBlock") if key in given]
    if len(blocks) != 1:
        raise Ec2Error("MissingParameter", "The request must contain one of cidrBlock, ipv6CidrBlock")
    _check_range(given[blocks[0]], 6 if blocks[0] == "Ipv6CidrBlock" else 4)
    if any(entry["RuleNumber"] == number and entry["Egress"] == outward for entry in acl["Entries"]):
        raise Ec2Error("NetworkAclEntryAlreadyExists", f"The network acl entry identified by {number} already exists.")
    kept = ("CidrBlock", "Ipv6CidrBlock", "Egress", "PortRange", "Protocol", "RuleAction", "RuleNumber")
    acl["Entries"].append({key: given[key] for key in kept if key in given})
    return {}


def _asked(state: State, given: Json) -> tuple[Json, list[tuple[Permission, Json]]]:
    """Return the group and the rules of a request, once they are found to be right."""
    unknown = sorted(given.keys() - {"GroupId", "IpPermissions"})
    if unknown:
        raise Ec2Error("UnsupportedOperation", f"The lab takes GroupId and IpPermissions, not {unknown[0]}")
    for name in ("GroupId", "IpPermissions"):
        if not given.get(name):
            raise Ec2Error("MissingParameter", f"The request must contain the parameter {name}")
    group = state.find(given["GroupId"], "sg")
    asked = list(_permissions(given["IpPermissions"]))
    if not asked:
        raise invalid("Either the ipv4, ipv6, prefix list or group pair must be specified.")
    for permission, entry in asked:
        _check(state, permission, entry)
    return group, asked


def _permissions(raws: list[Json]) -> Iterator[tuple[Permission, Json]]:
    for raw in raws:
        name = str(raw.get("IpProtocol", ""))
        protocol = _PROTOCOLS.get(name, name)
        ports = (None, None) if protocol == "-1" else (raw.get("FromPort"), raw.get("ToPort"))
        for kind, key in _PEERS.items():
            for entry in raw.get(kind, []):
                yield Permission(protocol, *ports, kind, str(entry.get(key, ""))), entry


def _check(state: State, permission: Permission, entry: Json) -> None:
    numbered = permission.protocol.isdecimal() and int(permission.protocol) <= _HIGHEST_PROTOCOL
    if permission.protocol not in ("-1", *_PROTOCOLS.values()) and not numbered:
        raise invalid(f"Invalid value '{permission.protocol}' for IP protocol. Unknown protocol.")
    if permission.protocol in ("tcp", "udp") and not _ports_fit(permission):
        raise invalid(f"Invalid range of ports: {permission.low} to {permission.high}.")
    if permission.kind in ("IpRanges", "Ipv6Ranges"):
        _check_range(permission.peer, 6 if permission.kind == "Ipv6Ranges" else 4)
    if permission.kind == "UserIdGroupPairs":
        state.find(permission.peer, "sg")
    if not _DESCRIPTION.fullmatch(entry.get("Description", "")):
        raise invalid(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: "
            "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )


def _ports_fit(permission: Permission) -> bool:
    low, high = permission.low, permission.high
    return low is not None and high is not None and 0 <= low <= high <= _HIGHEST_PORT


def _check_range(text: str, version: int) -> None:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise invalid(f"CIDR block {text} is malformed") from None
    if network.version != version or "/" not in text:
        raise invalid(f"CIDR block {text} is malformed")


def _entry_for(entries: list[Json], permission: Permission) -> Json:
    """Return the entry that rules of this protocol and these ports are shown in; a new one when there is none."""
    for entry in entries:
        if next((one for one, _ in _permissions([entry])), permission)[:3] == permission[:3]:
            return entry
    ports = {} if permission.low is None else {"FromPort": permission.low, "ToPort": permission.high}
    made: Json = {"IpProtocol": permission.protocol, **ports, **{kind: [] for kind in _PEERS}}
    entries.append(made)
    return made


FILTER_CHANGES: dict[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "AuthorizeSecurityGroupEgress": partial(authorize, field="IpPermissionsEgress"),
    "AuthorizeSecurityGroupIngress": partial(authorize, field="IpPermissions"),
    "CreateNetworkAclEntry": create_acl_entry,
    "RevokeSecurityGroupEgress": partial(revoke, field="IpPermissionsEgress"),
    "RevokeSecurityGroupIngress": partial(revoke, field="IpPermissions"),
}
