"""Whether filters let packets from the pod CIDRs through: rules that let in, and ordered lists of rules (pure)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from l2bridge_helpers.check_ranked import TCP, by_family, check_ranked, merge
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.filters import FIREWALL_RULES
from l2bridge_helpers.findings import Finding, names_of, nodes_called
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.prefixes import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.filters import Filter
    from l2bridge_helpers.placement import Placed

Closed = dict[tuple[str, ...], list["Placed"]]
"""Pod CIDRs that are not let in -> the nodes where that is so."""


def check_filters(placed: tuple[Placed, ...], fabric: Fabric) -> list[Finding]:
    """Return the findings about filters that can drop packets between pods."""
    return [*_on_interfaces(placed, fabric), *check_ranked(placed, fabric)]


def _on_interfaces(placed: tuple[Placed, ...], fabric: Fabric) -> Iterator[Finding]:
    """Warn about nodes whose rules let packets from some pod CIDRs in by no range.

    A rule that selects senders by tag, account or group is not known to match a pod's address, so only ranges count.
    """
    ordered = dialect_of(fabric.platform).filters_ordered
    if ordered or any(unread.what == FIREWALL_RULES for unread in fabric.unread):
        return
    for cidrs, spots in _closed(placed, fabric).items():
        for family in by_family(cidrs):
            where, verb = _where(spots, placed, fabric)
            found = f"{verb} no enabled allow rule for TCP whose source ranges hold {names_of(family)}"
            meaning = "packets from these pods can be dropped there although everything else is right"
            nics = tuple({spot.nic.id: spot.nic for spot in spots}.values())
            todo = dialect_of(fabric.platform).allow_command(fabric, family, nics)
            yield Finding("warning", where, found, meaning, f"allow them: {todo}" if todo else "allow them")


def _where(spots: list[Placed], placed: tuple[Placed, ...], fabric: Fabric) -> tuple[str, str]:
    """Return what a finding is about, and its verb: the whole network, or these nodes."""
    names = list(dict.fromkeys(spot.row.nodeName for spot in spots))
    if len(names) == len({spot.row.nodeName for spot in placed}):
        return f"network {fabric.network}", "has"
    return nodes_called(names), "has" if len(names) == 1 else "have"


def _closed(placed: tuple[Placed, ...], fabric: Fabric) -> Closed:
    """Return the pod CIDRs that are not let in, and where; nodes with the same marks are looked at once."""
    pods = {spot.row.routeDestination: network for spot in placed if (network := spot.row.network)}
    groups: dict[frozenset[str], list[Placed]] = defaultdict(list)
    for spot in placed:
        groups[_marks(spot)].append(spot)
    closed: Closed = defaultdict(list)
    for marks, spots in groups.items():
        rules = [rule for rule in fabric.filters if _lets_in(rule, marks)]
        open_to = merge(network for rule in rules for network in _sources(rule))
        shut = tuple(cidr for cidr, network in sorted(pods.items()) if not _covered(network, open_to))
        if shut:
            closed[shut] += spots
    return closed


def _marks(spot: Placed) -> frozenset[str]:
    return frozenset({*spot.instance.tags, *spot.instance.accounts, *spot.nic.filters})


def _lets_in(rule: Filter, marks: frozenset[str]) -> bool:
    usable = rule.allow and rule.enabled and any(protocol in TCP for protocol in rule.protocols)
    return usable and (not rule.targets or bool(marks & set(rule.targets)))


def _sources(rule: Filter) -> list[Network]:
    return [network for source in rule.sources if (network := parse_cidr(source))]


def _covered(network: Network, sources: list[Network]) -> bool:
    return any(within(network, source) for source in sources)
