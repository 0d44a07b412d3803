"""firewalls.insert, patch and delete, with the refusals of the real API; and what is in force on a network.

Sources: API reference of `firewalls`, and of `getEffectiveFirewalls` of networks and regions; "VPC firewall rules"
(cloud.google.com/firewall/docs/firewalls): one rule has ranges of one address family (read 2026-11).
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

from l2bridge_helpers.lab.gce.answers import already_exists, invalid, required
from l2bridge_helpers.lab.gce.changes import change
from l2bridge_helpers.lab.gce.links import absolute, project_of, relative
from l2bridge_helpers.lab.gce.operations import STAMP, OperationError
from l2bridge_helpers.lab.gce.projects import firewall_limit, firewalls_counted
from l2bridge_helpers.lab.gce.state import Call, State
from l2bridge_helpers.lab.identity import number

Json = dict[str, Any]

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_HIGHEST_PRIORITY = 65535
_MOST_RANGES = 5000
"""Ranges of one side of a rule (VPC quotas, read 2026-11)."""
_FIXED = ("name", "network", "direction")
"""What a patch cannot change."""
_RANGES = ("sourceRanges", "destinationRanges")
_SENDERS = ("sourceTags", "sourceServiceAccounts")
_WITH_PORTS = ("tcp", "udp", "sctp", "6", "17", "132")
_WITHOUT_PORTS = ("all", "icmp", "esp", "ah", "ipip")
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_KEPT = {
    *("name", "description", "priority", "allowed", "denied", "disabled", "logConfig", "params"),
    *(*_RANGES, *_SENDERS, "targetTags", "targetServiceAccounts"),
}


def insert(state: State, call: Call) -> Json:
    """Accept a new rule."""
    body, project = call.body, call.project
    if not _NAME.fullmatch(body["name"]):
        raise invalid("resource.name", body["name"], f"Must be a match of regex '{_NAME.pattern}'")
    network = relative(body.get("network") or "global/networks/default", project)
    if project_of(network) != project:
        raise invalid("resource.network", network, "Cross project referencing is not allowed for this resource.")
    state.get("networks", network)
    path = f"{call.path}/{body['name']}"
    rule = _made(body, path, network)
    _check(rule)
    if state.find("firewalls", path) is not None or state.operations.busy(path):
        raise already_exists(path)
    state.inserted[path] += 1
    rule |= {"id": number(f"{path} {state.inserted[path]}")}
    return change(state, call, path, "insert", rule["id"], lambda: _land(state, path, rule))


def patch(state: State, call: Call) -> Json:
    """Accept other values for some fields of a rule."""
    rule = state.get("firewalls", call.path)
    said = dict(call.body)
    if "network" in said:
        said["network"] = absolute(relative(said["network"], call.project))
    for field in _FIXED:
        if field in said and said[field] != rule[field]:
            raise invalid(f"resource.{field}", said[field], "This field cannot be changed once the rule is made.")
    merged = rule | {field: value for field, value in call.body.items() if field in _KEPT}
    _check(merged)
    return change(state, call, call.path, "patch", rule["id"], lambda: rule.update(merged))


def delete(state: State, call: Call) -> Json:
    """Accept the end of a rule."""
    rule = state.get("firewalls", call.path)
    return change(state, call, call.path, "delete", rule["id"], lambda: _drop(state, call.path))


def effective(state: State, call: Call) -> Json:
    """Return what looks at a network's packets, or at those of a region: rules, and the policies that the world names.

    A region's own policies are the world's `REGION/firewallPolicys`.
    """
    region = call.arguments.get("region", "")
    if region and "network" not in call.query:
        raise required("network")
    network = relative(call.query["network"], call.project) if region else call.path.rpartition("/")[0]
    state.get("networks", network)
    rules = [rule for rule in state.world.cloud("firewalls") if relative(rule["network"]) == network]
    policies = state.world.cloud("firewallPolicys")
    if region:
        named = [{key: value for key, value in policy.items() if key != "shortName"} for policy in policies]
        policies = named + state.world.resources.get(f"{region}/firewallPolicys", [])
    return ({"firewalls": rules} if rules else {}) | ({"firewallPolicys": policies} if policies else {})


def _made(body: Json, path: str, network: str) -> Json:
    """Return the rule as the API keeps it, with the defaults that it writes down."""
    rule = {"priority": 1000, "disabled": False, "logConfig": {"enable": False}, "description": ""}
    rule |= {field: value for field, value in body.items() if field in _KEPT and value not in ([], None)}
    inbound = body.get("direction", "INGRESS") == "INGRESS"
    if inbound and not any(rule.get(field) for field in ("sourceRanges", *_SENDERS)):
        rule["sourceRanges"] = ["0.0.0.0/0"]
    if not inbound and not rule.get("destinationRanges"):
        rule["destinationRanges"] = ["0.0.0.0/0"]
    return rule | {
        "kind": "compute#firewall",
        "creationTimestamp": STAMP,
        "selfLink": absolute(path),
        "network": absolute(network),
        "direction": "INGRESS" if inbound else "EGRESS",
    }


def _check(rule: Json) -> None:
    """Refuse what no rule can be."""
    if not 0 <= rule["priority"] <= _HIGHEST_PRIORITY:
        raise invalid("resource.priority", rule["priority"], f"Must be between 0 and {_HIGHEST_PRIORITY}, inclusive")
    entries = [(field, entry) for field in ("allowed", "denied") for entry in rule.get(field, [])]
    if not entries:
        raise required("resource.allowed")
    if {field for field, _ in entries} == {"allowed", "denied"}:
        raise invalid("resource", rule["name"], "A rule either allows or denies; specify one of allowed, denied.")
    for place, (field, entry) in enumerate(entries):
        _check_entry(f"resource.{field}[{place}]", entry)
    for field in _RANGES:
        _check_ranges(field, rule.get(field, []))
    _check_selectors(rule)


def _check_entry(where: str, entry: Json) -> None:
    protocol = str(entry.get("IPProtocol", ""))
    if not protocol:
        raise required(f"{where}.IPProtocol")
    known = protocol in (*_WITH_PORTS, *_WITHOUT_PORTS) or (protocol.isdecimal() and int(protocol) <= 255)  # noqa: PLR2004 - one octet
    if not known:
        raise invalid(f"{where}.IPProtocol", protocol, "Must be a protocol's name or number, or all.")
    if entry.get("ports") and protocol not in _WITH_PORTS:
        raise invalid(f"{where}.ports", entry["ports"], f"Ports cannot be specified for protocol {protocol}.")
    for ports in entry.get("ports", []):
        found = _PORTS.fullmatch(ports)
        if not found or not int(found[1]) <= int(found[2] or found[1]) <= 65535:  # noqa: PLR2004 - two octets
            raise invalid(f"{where}.ports", ports, "Must be a port or a range of ports.")


def _check_ranges(field: str, ranges: list[str]) -> None:
    if len(ranges) > _MOST_RANGES:
        raise invalid(f"resource.{field}", len(ranges), f"At most {_MOST_RANGES} ranges are allowed.")
    versions = set()
    for place, text in enumerate(ranges):
        try:
            versions.add(ip_network(text).version)
        except ValueError as err:
            problem = "Must be a CIDR address range without host bits."
            raise invalid(f"resource.{field}[{place}]", text, problem) from err
    if len(versions) > 1:
        raise invalid(f"resource.{field}", ", ".join(ranges), "IPv4 and IPv6 ranges cannot be mixed in one rule.")


def _check_selectors(rule: Json) -> None:
    if rule["direction"] == "EGRESS" and any(rule.get(field) for field in _SENDERS):
        raise invalid("resource.direction", "EGRESS", "Source tags and accounts select senders of ingress rules only.")
    by_tag = [field for field in ("sourceTags", "targetTags") if rule.get(field)]
    by_account = [field for field in ("sourceServiceAccounts", "targetServiceAccounts") if rule.get(field)]
    if by_tag and by_account:
        problem = f"{by_tag[0]} cannot be used at the same time as {by_account[0]}."
        raise invalid(f"resource.{by_tag[0]}", rule[by_tag[0]], problem)


def _land(state: State, path: str, rule: Json) -> None:
    if state.find("firewalls", path) is not None:
        raise already_exists(path)
    project = project_of(path)
    limit = firewall_limit(state.world, project)
    if firewalls_counted(state.world, project) >= limit:
        raise OperationError("QUOTA_EXCEEDED", f"Quota 'FIREWALLS' exceeded.  Limit: {limit:.1f} globally.")
    state.world.cloud("firewalls").append(rule)


def _drop(state: State, path: str) -> None:
    state.world.cloud("firewalls").remove(state.get("firewalls", path))
