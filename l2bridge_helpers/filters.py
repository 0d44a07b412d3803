"""What can drop packets on their way: rules of firewalls, security groups and access lists. Frozen values, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FIREWALL_RULES = "firewall rules"
"""What `Unread` calls all rules that a platform has."""
NETWORK_ACLS = "network ACLs"
FIREWALL_POLICIES = "firewall policies"

DROP = "drop packets"
"""What `Unread.may` says of policies: they may drop what the rules let through."""
LETS_IN = "let packets in before the rules"
LETS_OUT = "let packets out before the rules"
LETS_IN_LATE = "let packets in of which no rule speaks"

FIREWALL = "firewall rule"
SECURITY_GROUP = "security group"
NETWORK_ACL = "network ACL"
NSG = "network security group"


@dataclass(frozen=True)
class Rule:
    """A rule of a list in which the lowest number that matches decides; of equal numbers the one that denies.

    Attributes:
        kind: what people call the list; see `LAYERS` for where such lists stand.
        list: id of the list: a security group, network ACL or NSG; of GCE's firewall rules the network's.
        name: the rule's own; empty where rules have none.
        number: its place in the list.
        allow: whether it lets packets through.
        inbound: whether it looks at packets on their way in; else on their way out.
        sources: what it matches senders by: CIDRs, or the cloud's names for ranges; empty: any.
        destinations: the same of receivers.
        peers: what else it selects the other side by (inbound: senders): tags, accounts, groups, prefix lists. With
            peers and without ranges of that side it matches by them alone.
        protocols: `all`, or protocols with the ports that they are sent to: `tcp`, `6`, `tcp:80,8000-8080`; ICMP with
            a type, or a type and a code: `icmp:8`, `icmp:3-4`.
        origins: the ports that packets come from: `53`, `1024-65535`; empty: any.
        on: what the list is put on: ids of subnets and interfaces, tags and accounts of instances, groups; None: all.
        enabled: whether it is in force.
        properties: the rule as the API returned it, where it is a resource of its own.
        cluster: whose it is: our cluster's name by our mark; empty: not made by this project.
        description: free text.

    """

    kind: str
    list: str
    name: str
    number: int
    allow: bool
    inbound: bool
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ("all",)
    origins: tuple[str, ...] = ()
    on: tuple[str, ...] | None = None
    enabled: bool = True
    properties: Mapping[str, Any] = field(default_factory=dict)
    cluster: str = ""
    description: str = ""

    @property
    def id(self) -> str:
        """What tells it from every other rule of the network."""
        return f"{self.list}/{'in' if self.inbound else 'out'}/{self.name or self.number}"

    def facts(self) -> dict[str, Any]:
        """Return what was asked for as plain data, in an order that does not depend on who tells it."""
        told = {name: value for name, value in vars(self).items() if name != "properties"}
        return {name: sorted(value) if isinstance(value, tuple) else value for name, value in told.items()}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Rule:
        """Return the rule that `facts` described, also after a journey through JSON."""
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()
        }
        return cls(**told)


def fewest(choices: Iterable[Collection[str]]) -> list[str]:
    """Return few names so that each choice has one of them: those that most have first, of equals the first by name."""
    left = [set(choice) for choice in choices if choice]
    found = []
    while left:
        counts = Counter(name for choice in left for name in choice)
        best = min(counts, key=lambda name: (-counts[name], name))
        found.append(best)
        left = [choice for choice in left if best not in choice]
    return found


@dataclass(frozen=True)
class Layer:
    """One place at which packets are looked at, on their way out and in.

    Attributes:
        kind: of the lists that stand there.
        place: what has such lists: `network` (one list for all), `groups` of the interface (they count as one list),
            `interface`, `subnet`.
        inside_subnets: whether packets that stay inside their subnet are looked at, too.
        stateful: whether answers to what was let through are let through.
        peers: whether rules that select the other side by groups match pods: `never`, or `unproven` where sources
            contradict each other.
        open_out: whether packets go out when no rule of the list matches; they never come in then.
        optional: whether a place can be without such a list, and lets everything through.

    """

    kind: str
    place: Literal["network", "groups", "interface", "subnet"]
    inside_subnets: bool = True
    stateful: bool = True
    peers: Literal["never", "unproven"] = "never"
    open_out: bool = False
    optional: bool = False


LAYERS: Mapping[str, tuple[Layer, ...]] = {
    "gce": (Layer(FIREWALL, "network", open_out=True),),
    "aws": (
        Layer(SECURITY_GROUP, "groups", peers="unproven"),
        Layer(NETWORK_ACL, "subnet", inside_subnets=False, stateful=False, optional=True),
    ),
    "azure": (Layer(NSG, "interface", optional=True), Layer(NSG, "subnet", optional=True)),
    "bare_metal": (),
}
"""Platform -> its layers in the order in which packets pass them on their way out; on their way in it is the reverse.

Sources: VPC firewall rules (GCE documentation): implied rules let out and not in, source tags match interfaces' own
addresses. Security groups and network ACLs (AWS documentation): groups are stateful and add up, ACLs are stateless and
stand at the subnet's edge. Network security groups (Azure documentation): outbound the interface's before the subnet's.
Read 2026-11.
"""
