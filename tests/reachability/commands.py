"""What the commands that people are told do to filters, on values; refused is what the cloud would refuse."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from l2bridge_helpers.fabric import Fabric
from l2bridge_helpers.filters import FIREWALL, NETWORK_ACL, NSG, SECURITY_GROUP, Rule

_COMMAND = re.compile(r"(?<![^:] )(?<!\S)(?:gcloud|aws|az) ")
"""At the beginning, or behind a colon."""


def carried_out(fabric: Fabric, command: str) -> Fabric:
    """Return the network after a command line was run; what is said before it is left out."""
    for one in command[_COMMAND.search(command).start() :].split(" && "):  # type: ignore[union-attr] # it is one
        tool, *words = shlex.split(one)
        fabric = {"gcloud": _gcloud, "aws": _aws, "az": _az}[tool](fabric, words)
    return fabric


def is_command(mend: str) -> bool:
    """Return whether what mends something is a command, and not words."""
    return bool(_COMMAND.search(mend))


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """Return option -> values, of `--name=value` and of `--name value value`."""
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            found[name] = [value] if value else []
        elif name:
            found[name].append(word)
    return found


def _gcloud(fabric: Fabric, words: Sequence[str]) -> Fabric:
    """Make a firewall rule; there must be none of its name, and its ranges are of one family."""
    assert list(words[:3]) == ["compute", "firewall-rules", "create"]
    name, options = words[3], {key: value[0] for key, value in _options(words[4:]).items()}
    inbound = options["--direction"] == "INGRESS"
    ranges = tuple(options["--source-ranges" if inbound else "--destination-ranges"].split(","))
    assert options["--allow"] == "all"
    assert name not in {rule.name for rule in fabric.rules}, f"{name} is there already"
    assert len({":" in cidr for cidr in ranges}) == 1
    assert fabric.network == f"projects/{options['--project']}/global/networks/{options['--network']}"
    sides: dict[str, Any] = {"sources" if inbound else "destinations": ranges}
    number = int(options["--priority"])
    assert 0 <= number <= 65535
    targets = [options[option] for option in ("--target-tags", "--target-service-accounts") if option in options]
    assert len(targets) <= 1
    on = tuple(targets[0].split(",")) if targets else None
    return _with(fabric, Rule(FIREWALL, fabric.network, name, number, allow=True, inbound=inbound, on=on, **sides))


def _aws(fabric: Fabric, words: Sequence[str]) -> Fabric:
    options = _options(words[2:])
    assert words[0] == "ec2"
    assert options["--region"] == [fabric.network.partition("/")[0]]
    if words[1] == "create-network-acl-entry":
        return _entry(fabric, options)
    assert words[1].startswith("authorize-security-group-")
    return _permission(fabric, options, inbound=words[1].endswith("ingress"))


def _entry(fabric: Fabric, options: dict[str, list[str]]) -> Fabric:
    """Add an entry to a network ACL; its number must be free in its direction."""
    (acl,), (number,) = options["--network-acl-id"], map(int, options["--rule-number"])
    inbound = "--ingress" in options
    assert inbound != ("--egress" in options)
    same = [rule for rule in fabric.rules if rule.list == acl]
    assert number not in {rule.number for rule in same if rule.inbound is inbound}, f"number {number} is taken"
    assert 1 <= number <= 32766
    six = "--ipv6-cidr-block" in options
    (cidr,) = options["--ipv6-cidr-block" if six else "--cidr-block"]
    assert (":" in cidr) == six
    assert (options["--protocol"], options["--rule-action"]) == (["-1"], ["allow"])
    sides: dict[str, Any] = {"sources" if inbound else "destinations": (cidr,)}
    return _with(fabric, Rule(NETWORK_ACL, acl, "", number, allow=True, inbound=inbound, on=same[0].on, **sides))


def _permission(fabric: Fabric, options: dict[str, list[str]], *, inbound: bool) -> Fabric:
    """Add ranges to a security group; each must be new to it."""
    (group,), (written,) = options["--group-id"], options["--ip-permissions"]
    (wanted,) = json.loads(written)
    assert wanted["IpProtocol"] == "-1"
    ranges = [one["CidrIp"] for one in wanted.get("IpRanges", ())]
    ranges += [one["CidrIpv6"] for one in wanted.get("Ipv6Ranges", ())]
    side = "sources" if inbound else "destinations"
    same = (rule for rule in fabric.rules if rule.list == group and rule.inbound is inbound)
    there = {cidr for rule in same if rule.protocols == ("all",) for cidr in getattr(rule, side)}
    assert not there & set(ranges), f"{group} has {there & set(ranges)} already"
    name = f"permission {len(fabric.rules)}"
    sides: dict[str, Any] = {side: tuple(ranges)}
    return _with(fabric, Rule(SECURITY_GROUP, group, name, 0, allow=True, inbound=inbound, on=(group,), **sides))


def _az(fabric: Fabric, words: Sequence[str]) -> Fabric:
    """Make a rule of a network security group, or change the one of its name; its priority must be free."""
    assert list(words[:4]) == ["network", "nsg", "rule", "create"]
    options = _options(words[4:])
    (name,), (number,) = options["--name"], map(int, options["--priority"])
    group = f"{options['--resource-group'][0]}/{options['--nsg-name'][0]}"
    inbound = options["--direction"] == ["Inbound"]
    assert (options["--access"], options["--protocol"]) == (["Allow"], ["*"])
    assert options["--destination-port-ranges"] == ["*"]
    sides = [tuple(options[f"--{side}-address-prefixes"]) for side in ("source", "destination")]
    assert len({":" in cidr for side in sides for cidr in side}) == 1
    on = next(rule.on for rule in fabric.rules if rule.list == group)
    same_name = [rule for rule in fabric.rules if rule.list == group and rule.name.lower() == name.lower()]
    kept = tuple(rule for rule in fabric.rules if rule not in same_name)
    taken = {rule.number for rule in kept if rule.list == group and rule.inbound is inbound}
    assert number not in taken, f"priority {number} is taken"
    assert 100 <= number <= 4096
    new = Rule(NSG, group, name, number, allow=True, inbound=inbound, sources=sides[0], destinations=sides[1], on=on)
    return _with(replace(fabric, rules=kept), new)


def _with(fabric: Fabric, rule: Rule) -> Fabric:
    return replace(fabric, rules=(*fabric.rules, rule))
