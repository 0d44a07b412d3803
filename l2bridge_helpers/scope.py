"""What a run may change: the operator's choice, beside the cluster's name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """The kinds of change that a plan may hold.

    Attributes:
        forwarding: turn forwarding on.
        all_nics: on every interface of a node that can carry pod traffic; else only on the one with the node's address.
        routes: lead pod CIDRs to their nodes by routes; else the nodes have to share one layer-2 subnet.
        open_firewall: let packets from the pod CIDRs in where no rule does; what a rule keeps out stays out.

    """

    forwarding: bool = True
    all_nics: bool = True
    routes: bool = True
    open_firewall: bool = False


EVERYTHING = Scope()
