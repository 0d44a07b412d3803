"""What can drop packets on their way: rules that let in, and ordered lists of rules. Frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIREWALL_RULES = "firewall rules"
"""What `Unread` calls them."""


@dataclass(frozen=True)
class Filter:
    """A filter rule that applies to packets on their way in to an interface.

    Attributes:
        id: of the rule.
        allow: whether it lets packets in.
        sources: the CIDRs that it matches packets by; empty: it selects by other means (tags, accounts, groups).
        protocols: `all`, or the protocols with ports as the cloud writes them.
        enabled: whether it is in force.
        targets: what it applies to: tags or accounts of instances, filters of NICs; empty: all.
        properties: the rule as the API returned it.

    """

    id: str
    allow: bool
    sources: tuple[str, ...]
    protocols: tuple[str, ...]
    enabled: bool = True
    targets: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RankedRule:
    """A rule of a list in which the lowest number that matches decides (AWS: network ACL, Azure: NSG).

    Attributes:
        list: id of the list.
        name: the rule's name; empty where rules have none.
        on: ids of the subnets and interfaces that the list is on.
        number: its place.
        allow: whether it lets packets through.
        inbound: whether it looks at packets on their way in; else on their way out.
        sources: what it matches senders by: CIDRs, or the cloud's names for ranges; empty: any.
        destinations: the same of receivers.
        protocols: as in `Filter`.

    """

    list: str
    name: str
    on: tuple[str, ...]
    number: int
    allow: bool
    inbound: bool
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    protocols: tuple[str, ...]
