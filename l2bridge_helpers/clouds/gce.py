"""Google Compute Engine: forwarding on every node, one static route per node and pod CIDR."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from google.cloud import compute_v1

from l2bridge_helpers.clouds.base import Sent, later_word
from l2bridge_helpers.clouds.gce_api import GceApi
from l2bridge_helpers.clouds.gce_connection import PUBLIC
from l2bridge_helpers.clouds.gce_dialect import GceDialect, parse_network
from l2bridge_helpers.clouds.gce_errors import LostRaceError
from l2bridge_helpers.clouds.gce_firewall import open_network
from l2bridge_helpers.clouds.gce_policies import policies_of
from l2bridge_helpers.clouds.gce_read import instance_of, network_id_of, path_of, route_of, rule_of, subnet_of, table_of
from l2bridge_helpers.clouds.reading import optional
from l2bridge_helpers.endpoints import shown_endpoint
from l2bridge_helpers.errors import CloudError, ParameterError
from l2bridge_helpers.fabric import Fabric, Instance, Route
from l2bridge_helpers.filters import FIREWALL_RULES
from l2bridge_helpers.nodes import node_rows
from l2bridge_helpers.observed import InForce, Template, Unread
from l2bridge_helpers.pace import SHARE, Pace
from l2bridge_helpers.pace_limits import GCE

if TYPE_CHECKING:
    import pandas as pd

    from l2bridge_helpers.changes import Change
    from l2bridge_helpers.clouds.gce_policies import Answer
    from l2bridge_helpers.nodes import NodeRow

_RACES = 5
"""How often an instance that others change at the same time is read and written again."""
_SUBNET = re.compile(r"projects/[^/]+/regions/([^/]+)/")
_NO_POLICIES = compute_v1.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse()
_TEMPLATE = re.compile(r"projects/([^/]+)/(?:global|regions/([^/]+))/instanceTemplates/([^/]+)")


class Gce:
    """One VPC network of Compute Engine, through google-cloud-compute.

    Args:
        project: the project of the instances.
        network: the network's name, or `projects/HOST/global/networks/NAME` when it belongs to another project
            (Shared VPC); empty: the one network that the nodes are in.
        endpoint: another API endpoint; plain http on loopback gets no credentials.
        share: how much of the published rate is used, above 0 to 1.

    """

    platform = "gce"

    def __init__(self, *, project: str, network: str = "", endpoint: str = "", share: float = SHARE) -> None:
        """Keep what is meant. Nothing is sent, no credentials are looked up."""
        self.project = project
        self._network = network if not network or "/" in network else f"projects/{project}/global/networks/{network}"
        self._endpoint = endpoint
        self.pace = Pace(GCE, share=share)
        self._api = GceApi(endpoint, self.pace)
        self._dialect = GceDialect()
        self._seen: dict[str, str] = {}
        """The instances as JSON: written as they were read, under their fingerprint, without another read."""

    def target(self) -> dict[str, str]:
        """Return project, network and endpoint, as label -> value."""
        return {
            "project": self.project,
            "network": path_of(self._network) or "the one that the nodes are in",
            "endpoint": shown_endpoint(self._endpoint, PUBLIC),
        }

    def identity(self) -> str:
        """Return who the cloud takes us for, or `unknown (why)`; see `gce_identity`."""
        return self._api.identity()

    # Read.

    def observe(self, nodes: pd.DataFrame) -> Fabric:
        """Return the network's state, freshly read, in as few requests as the API allows.

        Needs compute.instances.list, compute.networks.get, compute.subnetworks.list, compute.routes.list. What
        compute.firewalls.list, compute.networks.getEffectiveFirewalls, compute.networks.getRegionEffectiveFirewalls,
        compute.projects.get, compute.instanceGroupManagers.list and compute.instanceTemplates.get would tell is left
        out, and said to be, when they are missing.

        Raises:
            CloudError: the state cannot be read; the text names what is missing.
            ParameterError: the network cannot be told from the nodes.

        """
        rows = node_rows(nodes)
        if not rows and not self._network:
            return Fabric(self.platform, "")
        unread: list[Unread] = []
        instances = self._instances(rows, unread)
        members = _members(rows, instances, self._dialect)
        host, name = parse_network(path_of(self._network) or _network_of(members))
        network = self._api.get_network(host, name)
        network_id = network_id_of(network, name)
        rules: list[compute_v1.Firewall] = optional(unread, FIREWALL_RULES, lambda: self._api.list_firewalls(host), [])
        policies = self._policies(network_id, members, unread)
        pods = [row.network for row in rows if row.network]
        unread += policies_of(policies, pods, order=network.network_firewall_policy_enforcement_order)
        table = table_of(network, self._api.list_routes(host), self._quotas(host, unread))
        return Fabric(
            platform=self.platform,
            network=network_id,
            instances=tuple(instances),
            subnets=tuple(
                subnet_of(subnet)
                for subnet in self._api.list_subnetworks(host)
                if path_of(subnet.network) == network_id
            ),
            tables=(table,),
            rules=tuple(rule_of(rule) for rule in rules if path_of(rule.network) == network_id),
            templates=tuple(optional(unread, "instance templates", lambda: self._templates(members), [])),
            unread=tuple(unread),
        )

    def _instances(self, rows: tuple[NodeRow, ...], unread: list[Unread]) -> list[Instance]:
        """Return the instances of the project, and of every other project that a node's provider ID names.

        A project that only a node names may be unreadable, or none: that node is then left out, and no other.
        """
        named = (self._dialect.instance_id(row.providerID) for row in rows)
        others = {path.split("/")[1] for path in named if path} - {self.project}
        found = self._api.list_instances(self.project)
        for project in sorted(others):
            found += optional(unread, f"instances of project {project}", partial(self._api.list_instances, project), [])
        instances = [instance_of(raw) for raw in found]
        self._seen = {one.id: json.dumps(raw) for one, raw in zip(instances, found, strict=True)}
        return instances

    def _policies(self, network: str, members: list[Instance], unread: list[Unread]) -> list[Answer]:
        """Return the firewall policies of the network, and of the regions that nodes are in."""
        host, name = parse_network(network)
        nothing = compute_v1.NetworksGetEffectiveFirewallsResponse()
        whole = partial(self._api.effective_firewalls, host, name)
        found: list[Answer] = [optional(unread, "hierarchical firewall policies", whole, nothing)]
        subnets = (nic.subnet for member in members for nic in member.nics_in(network))
        for region in sorted({part[1] for subnet in subnets if (part := _SUBNET.match(subnet))}):
            there = partial(self._api.regional_firewalls, host, region, network)
            found.append(optional(unread, f"firewall policies of region {region}", there, _NO_POLICIES))
        return found

    def _quotas(self, host: str, unread: list[Unread]) -> list[compute_v1.Quota]:
        return optional(unread, "quota of static routes", lambda: self._api.get_quotas(host), [])

    def _templates(self, members: list[Instance]) -> list[Template]:
        """Return what the members' managed groups make their next machines from."""
        groups = {instance.group for instance in members if instance.group}
        projects = sorted({group.split("/")[1] for group in groups})
        managers = [manager for project in projects for manager in self._api.list_managers(project)]
        links = [(path_of(manager.self_link), link) for manager in managers for link in _template_links(manager)]
        wanted = [(group, link) for group, link in links if group in groups]
        forwarding = {link: self._template_forwards(link) for link in dict.fromkeys(link for _, link in wanted)}
        return [Template(group, link, forwarding[link]) for group, link in wanted]

    def _template_forwards(self, link: str) -> bool:
        found = _TEMPLATE.fullmatch(link)
        if found is None:
            raise CloudError(f"could not read instance template {link}: its name has an unknown form")
        template = self._api.get_template(found[1], found[3], found[2] or "")
        return bool(template.properties.can_ip_forward)

    def in_force(self, nodes: pd.DataFrame, fabric: Fabric) -> tuple[InForce, ...]:  # noqa: ARG002 - no API tells
        """Return nothing: a route is in force when the API has no warning about it."""
        return ()

    # Write.

    def send(self, changes: Sequence[Change]) -> Mapping[str, Mapping[str, Any]]:
        """Make one change, wait until the API says that it is done, and return the instance as it was just before.

        Raises:
            CloudError: it was refused or failed; the text names the resource and the permission, policy or quota.

        """
        (change,) = changes
        if change.kind == "forwarding":
            return self._set_forwarding(change)
        if change.kind == "filter":
            return {} if open_network(self._api, change) else Sent()
        made = change.action != "delete" and self._create_route(Route.from_facts(change.after))
        with later_word(made=made):
            gone = change.action != "create" and self._delete_route(Route.from_facts(change.before))
        return {} if made or gone else Sent()

    def _set_forwarding(self, change: Change) -> Mapping[str, Mapping[str, Any]]:
        """Turn forwarding on or off, write every property back as it was read; a lost race is read again."""
        wanted, unsure = bool(change.after["forwarding"]), False
        for attempt in range(_RACES):
            seen = json.loads(self._seen.pop(change.resource, "{}"))
            fits = seen.get("fingerprint") and (seen.get("canIpForward") is True) is not wanted
            raw = seen if fits else self._api.get_instance(change.resource)
            if str(raw.get("id") or "") != change.before["uid"]:
                raise CloudError(
                    f"{change.resource} was replaced since the plan was made: it is another machine now; run again"
                )
            if (raw.get("canIpForward") is True) is wanted:
                return Sent({change.resource: raw}, found=[] if unsure else [0])
            begun = self.pace.begun_here
            try:
                self._api.update_instance(change.resource, {**raw, "canIpForward": wanted})
            except LostRaceError:
                unsure |= self.pace.begun_here > begun + 1  # the answer to an earlier try may have been lost
                if attempt == _RACES - 1:
                    raise
            else:
                return {change.resource: raw}
        raise AssertionError("the last lost race is raised above")

    def _create_route(self, route: Route) -> bool:
        """Create the route. A name that is taken is success only if the very same route has it; then return False."""
        host, _ = parse_network(route.table)
        if self._api.insert_route(host, _as_resource(route)):
            return True
        existing = self._api.get_route(host, route.name)
        if existing is None or route_of(existing).facts() != route.facts():
            found = f"exists and leads {existing.dest_range} elsewhere" if existing else "comes and goes"
            raise CloudError(
                f"could not create route {route.name}: a route of that name {found}; look at it, then run again"
            )
        return False

    def _delete_route(self, route: Route) -> bool:
        """Delete the route if it still is the one that was read; return False when it is gone already."""
        host, _ = parse_network(route.table)
        existing = self._api.get_route(host, route.name)
        if existing is None:
            return False
        if route_of(existing).facts() != route.facts():
            raise CloudError(f"route {route.name} is no longer the one that was read, so it was not deleted; run again")
        self._api.delete_route(host, route.name)
        return True


def _as_resource(route: Route) -> compute_v1.Route:
    """Return the API's resource for a route that is to be created."""
    by_instance = route.next_hop.startswith("projects/")
    hop = {"next_hop_instance" if by_instance else "next_hop_ip": route.next_hop}
    return compute_v1.Route(
        name=route.name,
        network=route.table,
        dest_range=route.destination,
        priority=route.priority,
        description=route.description,
        **hop,
    )


def _members(rows: tuple[NodeRow, ...], instances: list[Instance], dialect: GceDialect) -> list[Instance]:
    """Return the instances that nodes name by provider ID, and those that own the addresses of the others."""
    named = {dialect.instance_id(row.providerID) for row in rows}
    unnamed = {row.nodeIP for row in rows if row.nodeIP and not dialect.instance_id(row.providerID)}
    return [
        instance
        for instance in instances
        if instance.id in named or any(unnamed & {nic.primary(4), nic.primary(6)} for nic in instance.nics)
    ]


def _network_of(members: list[Instance]) -> str:
    """Return the one network that the nodes' first interfaces are in."""
    networks = sorted({instance.nics[0].network for instance in members if instance.nics})
    if len(networks) == 1:
        return networks[0]
    found = f"the nodes are in {', '.join(networks)}" if networks else "no node's instance was found"
    raise ParameterError(f"parameter network: '' is given, but {found}; name the network")


def _template_links(manager: compute_v1.InstanceGroupManager) -> list[str]:
    """Return every template that the group makes machines from: a canary has two."""
    links = [manager.instance_template, *(version.instance_template for version in manager.versions)]
    return list(dict.fromkeys(path_of(link) for link in links if link))
