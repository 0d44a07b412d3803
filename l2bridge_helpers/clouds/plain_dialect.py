"""What a dialect says where its cloud has nothing of its own to say: it knows no such thing (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.fabric import Fabric, Nic, Route
    from l2bridge_helpers.filters import Rule
    from l2bridge_helpers.observed import Template

# ruff: noqa: ARG002 - what is not known does not depend on anything


class PlainDialect:
    """A cloud without marks on tables, without tables that subnets are given, and without ordered filters."""

    elsewhere: frozenset[str] | None = None
    checks_addresses = True
    forwarding_off = "IP forwarding off"
    routes_pods = True
    system_routes = False
    dead_routes_match = False
    one_segment = False
    across_segments = ""
    replaces_in_place = False
    writes_whole = False
    written_properties: frozenset[str] = frozenset()
    reported_properties: frozenset[str] = frozenset()
    associates_tables = False
    controller_names_nodes = False
    names_mark_routes = False
    opens_filters = False
    one_range_a_rule = False
    rule_numbers = range(0)

    def address_in(self, name: str) -> str:
        """Return "": names are free."""
        return ""

    def segment(self, nic: Nic, version: int) -> str:
        """Return the subnet: it has both families."""
        return nic.subnet

    def waits(self, route: Route) -> bool:
        """Return False: the cloud does not say so."""
        return False

    def is_dead(self, route: Route) -> bool:
        """Return whether the cloud gives the route a state: it is in force where it has none."""
        return bool(route.status)

    def names_unread_ranges(self, route: Route) -> bool:
        """Return False: destinations are ranges, or names for ranges where no pod is."""
        return False

    def is_route_controller(self, route: Route) -> bool:
        """Return False: its routes carry no mark; the nodes' conditions tell that it is there."""
        return False

    def marks(self, cluster: str, owned: Collection[str], claimed: Collection[str] = ()) -> dict[str, str]:
        """Return nothing: each route carries its own mark, or there are none."""
        return {}

    def own_marks(self, marks: Mapping[str, str], cluster: str) -> dict[str, str]:
        """Return nothing, see `marks`."""
        return {}

    def together(self, change: Change) -> str:
        """Return "": each change is a write of its own."""
        return ""

    def named_ranges(self, name: str, fabric: Fabric, routed: Collection[str]) -> tuple[str, ...]:
        """Return nothing: filters have no names for ranges."""
        return ()

    def mark_command(self, table: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        """Return "", see `marks`."""
        return ""

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
        """Return "": no such filters are read."""
        return ""

    def opens(self, fabric: Fabric, place: str) -> str:
        """Return "", see `opening`."""
        return ""

    def opening(
        self, cluster: str, fabric: Fabric, place: str, cidrs: tuple[str, ...], known: tuple[str, ...]
    ) -> Rule | None:
        """Return None: plans open no such filters."""
        return None

    def opening_command(self, fabric: Fabric, before: Rule | None, after: Rule | None) -> str:
        """Return "", see `opening`."""
        return ""

    def pass_command(self, fabric: Fabric, rule: Rule) -> str:
        """Return "": the operator has to find the place of a new rule."""
        return ""

    def template_command(self, template: Template, *, on: bool = True) -> str:
        """Return "": templates are not changed."""
        return ""

    def table_command(self, table: str, location: str, marks: Mapping[str, str]) -> str:
        """Return "": tables are not made."""
        return ""

    def delete_table_command(self, table: str) -> str:
        """Return "", see `table_command`."""
        return ""

    def associate_command(self, subnet: str, table: str) -> str:
        """Return "": subnets are not given tables."""
        return ""

    def dissociate_command(self, subnet: str, table: str) -> str:
        """Return "", see `associate_command`."""
        return ""
