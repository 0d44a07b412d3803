"""Network security groups -> ordered rules (pure).

A rule that selects by application security group matches the addresses of interfaces, never a pod's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from l2bridge_helpers.clouds.azure_names import local
from l2bridge_helpers.clouds.azure_read import properties_of
from l2bridge_helpers.clouds.loose_json import objects, text, texts
from l2bridge_helpers.filters import NSG, Rule

Raw = Mapping[str, Any]
_ANY_PORT = ("*", "0-65535", "1-65535")


def rules_of(raw: Raw, on: tuple[str, ...]) -> list[Rule]:
    """Return a group's rules, Azure's default ones too, for the subnets and interfaces that it is on."""
    name, properties = local(text(raw.get("id"))), properties_of(raw)
    rules = [*objects(properties.get("securityRules")), *objects(properties.get("defaultSecurityRules"))]
    return [_rule_of(rule, name, on) for rule in rules]


def group_of(raw: Raw) -> str:
    """Return the ARM id of the group that is on a subnet or an interface, "" for none."""
    found = properties_of(raw).get("networkSecurityGroup")
    return text(found.get("id")) if isinstance(found, dict) else ""


def _rule_of(raw: Raw, group: str, on: tuple[str, ...]) -> Rule:
    properties = properties_of(raw)
    number = properties.get("priority")
    return Rule(
        kind=NSG,
        list=group,
        name=text(raw.get("name")),
        on=on,
        number=number if isinstance(number, int) else 0,
        allow=text(properties.get("access")).lower() == "allow",
        inbound=text(properties.get("direction")).lower() == "inbound",
        sources=_side(properties, "source"),
        destinations=_side(properties, "destination"),
        protocols=(_protocol(properties),),
        origins=tuple(_ports(properties, "source")),
    )


def _side(properties: Raw, side: str) -> tuple[str, ...]:
    """Return what a rule matches one side by, single addresses as ranges; nothing: everything."""
    groups = [text(group.get("id")) for group in objects(properties.get(f"{side}ApplicationSecurityGroups"))]
    named = [*_prefixes(properties.get(f"{side}AddressPrefix"), properties.get(f"{side}AddressPrefixes")), *groups]
    return () if "*" in named else tuple(map(_range, named))


def _range(name: str) -> str:
    """Return a single address as a CIDR; ranges and names as they are."""
    try:
        return str(ipaddress.ip_network(name)) if "/" not in name else name
    except ValueError:
        return name


def _protocol(properties: Raw) -> str:
    """Return the protocol with the ports that packets are sent to."""
    ports = _ports(properties, "destination")
    name = text(properties.get("protocol")).lower()
    name = "all" if name == "*" else name
    return f"{name}:{','.join(ports)}" if ports else name


def _ports(properties: Raw, side: str) -> list[str]:
    """Return the ports of one side, none where any will do."""
    ports = list(_prefixes(properties.get(f"{side}PortRange"), properties.get(f"{side}PortRanges")))
    return [] if any(port in _ANY_PORT for port in ports) else ports


def _prefixes(one: object, several: object) -> Iterator[str]:
    """Give the ranges that a rule names, by its property for one and by that for several."""
    yield from filter(None, [text(one), *texts(several)])
