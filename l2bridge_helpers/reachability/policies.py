"""Firewall policies that were not judged: what they leave unproven of what the rules say (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2bridge_helpers.filters import DROP, FIREWALL_POLICIES, LETS_IN, LETS_IN_LATE, LETS_OUT
from l2bridge_helpers.reachability.nodes import Reason
from l2bridge_helpers.reachability.result import Fault

if TYPE_CHECKING:
    from l2bridge_helpers.fabric import Fabric
    from l2bridge_helpers.observed import Unread
    from l2bridge_helpers.reachability.traffic import Ports

UNJUDGED = Reason("filter", f"{FIREWALL_POLICIES} may decide, and were not judged", "unproven", fails=False)


@dataclass(frozen=True)
class Doubt:
    """What of a list's word against packets is not proven, because policies may let them through.

    Attributes:
        denials: what a rule drops.
        end: what no rule lets through.

    """

    denials: bool = False
    end: bool = False


NO_DOUBT = Doubt()


def doubt(fabric: Fabric, ports: Ports, *, inbound: bool) -> Doubt:
    """Return what policies may let through that the rules of the network do not."""
    first = LETS_IN if inbound else LETS_OUT
    denials = any(_may(one, first, ports) for one in _policies(fabric))
    late = inbound and any(_may(one, LETS_IN_LATE, ports) for one in _policies(fabric))
    return Doubt(denials, denials or late)


def unjudged(fabric: Fabric, ports: Ports) -> list[Fault]:
    """Return the policies that may drop what the rules of the network let through."""
    return [
        Fault(one.what, "", f"not judged: {one.why}", one.todo) for one in _policies(fabric) if _may(one, DROP, ports)
    ]


def _policies(fabric: Fabric) -> Iterator[Unread]:
    return (one for one in fabric.unread if one.what == FIREWALL_POLICIES)


def _may(one: Unread, effect: str, ports: Ports) -> bool:
    """Return whether policies may do this to such packets; of those that were not read nothing is known."""
    protocols = one.may.get(effect, ()) if one.may else ("all",)
    return ports.met_by(protocols)
