"""What every cloud offers: a `Cloud` does I/O and decides nothing, a `Dialect` decides and does no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from l2bridge_helpers.errors import AccessDeniedError, CloudError, PolicyError

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
    from l2bridge_helpers.filters import Rule
    from l2bridge_helpers.nodes import NodeRow
    from l2bridge_helpers.observed import InForce, Template
    from l2bridge_helpers.pace import Pace


class Sent(dict[str, Mapping[str, Any]]):
    """What `send` returns when changes were so already before anything was sent: others have made them.

    Attributes:
        found: the places of these changes among those that were to be sent.

    """

    def __init__(self, based_on: Mapping[str, Mapping[str, Any]] | None = None, *, found: Iterable[int] = (0,)) -> None:
        """Keep what the write was based on, too."""
        super().__init__(based_on or {})
        self.found = frozenset(found)


@contextmanager
def first_word() -> Iterator[None]:
    """Mark an error of the block, which sends one request, as a refusal when it says that nothing may be changed."""
    try:
        yield
    except (AccessDeniedError, PolicyError) as err:
        err.refused = True
        raise


@contextmanager
def later_word(*, made: bool = True) -> Iterator[None]:
    """Mark no error of the block as a refusal when something was changed before it."""
    try:
        yield
    except CloudError as err:
        err.refused = err.refused and not made
        raise


class Cloud(Protocol):
    """One network of one cloud, read and changed through the cloud's own SDK."""

    platform: str

    @property
    def pace(self) -> Pace:
        """At what speed its requests go out: `lanes` for changes side by side, `seconds_for("write", n)`, `stop`."""

    def target(self) -> dict[str, str]:
        """Return what this object will talk to, as label -> value, without a call."""

    def identity(self) -> str:
        """Return who the cloud takes us for: a name, never a token; `unknown (why)` when it cannot be told.

        Asked after the network was read, it needs one request at most. Never raises.
        """

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the network's state, freshly read.

        Raises:
            CloudError: it cannot be read; the text names what is missing.

        """

    def send(self, changes: Sequence[Change]) -> Mapping[str, Mapping[str, Any]]:
        """Make the changes of one write (see `Dialect.together`), and wait until the cloud says that they are done.

        Returns what a full write was based on: the resource's id -> all its properties, as they were read just before,
        in the form that `observe` gives them; empty where nothing was written back. A `Sent` says what was so already.

        Raises:
            CloudError: it was refused or failed; none of the changes was made.

        """

    def in_force(self, nodes: pd.DataFrame, fabric: Fabric) -> tuple[InForce, ...]:
        """Return the routes that interfaces of nodes really use; nothing where no API tells, or nobody asks."""


class Dialect(Protocol):
    """A cloud's own way to say it: ids, names, next hops, commands. Pure."""

    platform: str
    title: str
    """What people call the platform."""
    provider_id_form: str
    elsewhere: frozenset[str] | None
    """Schemes of provider IDs whose machines belong to another runbook; None: all that are no distribution's own."""
    forwarding_per_nic: bool
    """Whether forwarding is a property of each NIC; else it is one of the whole instance."""
    checks_addresses: bool
    """Whether the network drops packets of other addresses than an interface's own until forwarding is on."""
    forwarding_off: str
    """What people call that it does: `source/destination check on`."""
    routes_pods: bool
    """Whether there are route tables that can lead to pods."""
    system_routes: bool
    """Whether the network's own ranges are routed by themselves, beside the routes of its tables."""
    dead_routes_match: bool
    """Whether a route that is not in force still takes packets, and drops them."""
    one_segment: bool
    """Whether nodes reach each other's pods without routes when they share a subnet."""
    across_segments: str
    """What the operator can do when they do not."""
    replaces_in_place: bool
    """Whether a route can be led elsewhere in one step, under the same name."""
    writes_whole: bool
    """Whether a change writes the whole resource; what else changes there is then our fault."""
    written_properties: frozenset[str]
    """The properties of resources that changes may change."""
    reported_properties: frozenset[str]
    """The properties of resources by which the cloud reports their state: they change by themselves."""
    associates_tables: bool
    """Whether a subnet can be without a route table, and is given one."""
    controller_names_nodes: bool
    """Whether a cloud controller manager calls a node's route like the node."""
    names_mark_routes: bool
    """Whether a route's name is a part of the mark by which it is ours."""
    rule_numbers: range
    """The numbers that people's own rules in an ordered list may have; empty: not known."""
    opens_filters: bool
    """Whether a plan can let pods in by a rule of ours."""
    one_range_a_rule: bool
    """Whether a rule of an ordered list has just one range."""

    def instance_id(self, provider_id: str) -> str:
        """Return the id of the instance that a provider ID of this cloud names, "" when it is malformed."""

    def address_in(self, name: str) -> str:
        """Return the address that a node's name is made of, "" when it is not: a hint, never a proof."""

    def segment(self, nic: Nic, version: int) -> str:
        """Return the id of the layer-2 segment that an interface's address of this IP version is in."""

    def route(self, row: NodeRow, instance: Instance, nic: Nic, table: str, cluster: str) -> Route:
        """Return the route that leads the row's pod CIDR to the node, in the table with this id."""

    def leads_to(self, next_hop: str, instance: Instance, nic: Nic) -> bool:
        """Return whether a next hop is this node, by instance, interface or address."""

    def waits(self, route: Route) -> bool:
        """Return whether all that the cloud finds wrong with the route can be that its machine does not run."""

    def is_dead(self, route: Route) -> bool:
        """Return whether the cloud says that nothing is at the route's next hop."""

    def names_unread_ranges(self, route: Route) -> bool:
        """Return whether the destination is a name for ranges that were not read, and pods may be in them."""

    def is_route_controller(self, route: Route) -> bool:
        """Return whether a cloud controller manager made the route."""

    def marks(self, cluster: str, owned: Collection[str], claimed: Collection[str] = ()) -> dict[str, str]:
        """Return what a table is marked with when our routes in it lead to the destinations `owned`.

        `claimed` are those that are about to be made. Empty where each route carries its own mark.

        Raises:
            DataError: they do not fit.

        """

    def own_marks(self, marks: Mapping[str, str], cluster: str) -> dict[str, str]:
        """Return those of a table's marks that are this cluster's."""

    def together(self, change: Change) -> str:
        """Return the name of the write that makes the change with others; "" for one of its own."""

    def named_ranges(self, name: str, fabric: Fabric, routed: Collection[str]) -> tuple[str, ...]:
        """Return the CIDRs that a filter's name for ranges stands for when routes lead to these; or nothing."""

    def enable_command(self, instance: Instance, nic: Nic) -> str:
        """Return the shell command that turns forwarding on."""

    def disable_command(self, instance: Instance, nic: Nic) -> str:
        """Return the shell command that turns forwarding off."""

    def create_command(self, route: Route) -> str:
        """Return the shell command that creates the route."""

    def replace_command(self, old: Route, new: Route) -> str:
        """Return the shell command that makes the new route take the place of the old one."""

    def delete_command(self, route: Route) -> str:
        """Return the shell command that deletes the route."""

    def mark_command(self, table: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        """Return the shell command that changes our marks of a table."""

    def allow_command(
        self,
        fabric: Fabric,
        cidrs: tuple[str, ...],
        nics: tuple[Nic, ...],
        *,
        inbound: bool = True,
        number: int | None = None,
        on: tuple[str, ...] = (),
    ) -> str:
        """Return the shell command that lets packets from the pod CIDRs in to the interfaces, or out to them.

        `number`: the place of the new rule, where rules have one; None: the usual one. `on`: the tags, or the accounts,
        that the new rule is for, where rules are for such; empty: for all.
        """

    def opens(self, fabric: Fabric, place: str) -> str:
        """Return what a rule of ours in a list opens, in words; "" where plans make none."""

    def opening(
        self, cluster: str, fabric: Fabric, place: str, cidrs: tuple[str, ...], known: tuple[str, ...]
    ) -> Rule | None:
        """Return the rule of ours that lets packets from ranges of one family in; None where plans make none.

        `place`: the list that it is to be in; `known`: flannel's ranges of the family, as far as they are known.

        Raises:
            DataError: the cluster's name does not fit into its mark.

        """

    def opening_command(self, fabric: Fabric, before: Rule | None, after: Rule | None) -> str:
        """Return the shell command that makes such a rule, gives it other ranges, or deletes it."""

    def pass_command(self, fabric: Fabric, rule: Rule) -> str:
        """Return the shell command that adds a rule to the ordered list that it names; "" for none."""

    def template_command(self, template: Template, *, on: bool = True) -> str:
        """Return the shell command that turns forwarding on, or off, in a group's template."""

    def table_command(self, table: str, location: str, marks: Mapping[str, str]) -> str:
        """Return the shell command that makes the route table, with its marks."""

    def delete_table_command(self, table: str) -> str:
        """Return the shell command that deletes a route table."""

    def associate_command(self, subnet: str, table: str) -> str:
        """Return the shell command that gives the subnet the table."""

    def dissociate_command(self, subnet: str, table: str) -> str:
        """Return the shell command that takes the table off the subnet."""
