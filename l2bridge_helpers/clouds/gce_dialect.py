"""GCE's own terms: instance paths, static routes and `gcloud` commands (pure, no SDK)."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING

from l2bridge_helpers.clouds.gce_names import route_description, route_name, rule_description, rule_name
from l2bridge_helpers.clouds.plain_dialect import PlainDialect
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
from l2bridge_helpers.filters import FIREWALL, Rule

if TYPE_CHECKING:
    from l2bridge_helpers.nodes import NodeRow

_LONGEST_NAME = 60
"""Names have at most 63 characters; a number may follow."""
PRIORITY = 1000
"""The API's default: people's own exceptions, made with a lower number, still win."""
_PROVIDER_ID = re.compile(r"gce://((?:[a-z0-9.-]+:)?[a-z0-9][-a-z0-9]*)/([a-z0-9][-a-z0-9]*)/([a-z0-9][-a-z0-9]*)")
"""Stricter than the controller's own: what nodes say about themselves ends up in the paths of requests."""
_INSTANCE = re.compile(r"projects/([^/]+)/zones/([^/]+)/instances/([^/]+)")
_NOT_RUNNING = "NEXT_HOP_NOT_RUNNING"
_DEAD = (_NOT_RUNNING, "NEXT_HOP_INSTANCE_NOT_FOUND", "NEXT_HOP_ADDRESS_NOT_ASSIGNED")
_NETWORK = re.compile(r"projects/([^/]+)/global/networks/([^/]+)")


def instance_path(project: str, zone: str, name: str) -> str:
    """Return an instance's id."""
    return f"projects/{project}/zones/{zone}/instances/{name}"


def parse_instance(instance_id: str) -> tuple[str, str, str]:
    """Return (project, zone, name) of an instance's id; three empty texts when it is none."""
    found = _INSTANCE.fullmatch(instance_id)
    return (found[1], found[2], found[3]) if found else ("", "", "")


def parse_network(network: str) -> tuple[str, str]:
    """Return (project, name) of a network's id; two empty texts when it is none."""
    found = _NETWORK.fullmatch(network)
    return (found[1], found[2]) if found else ("", "")


class GceDialect(PlainDialect):
    """How decisions are written down on GCE."""

    platform = "gce"
    title = "Google Compute Engine"
    provider_id_form = "gce://PROJECT/ZONE/NAME"
    forwarding_per_nic = False
    rule_numbers = range(65535)
    writes_whole = True
    opens_filters = True
    written_properties = frozenset({"canIpForward", "fingerprint"})
    reported_properties = frozenset(
        {
            "status",
            "statusMessage",
            "resourceStatus",
            "lastStartTimestamp",
            "lastStopTimestamp",
            "lastSuspendedTimestamp",
        }
    )

    def instance_id(self, provider_id: str) -> str:
        """Return the instance path that `gce://project/zone/name` names (source: cloud-provider-gcp, gce_util.go)."""
        found = _PROVIDER_ID.fullmatch(provider_id)
        return instance_path(found[1], found[2], found[3]) if found else ""

    def route(self, row: NodeRow, instance: Instance, nic: Nic, table: str, cluster: str) -> Route:
        """Return the static route of a node; the table is the network.

        The next hop is the instance, which survives a change of its address. In a Shared VPC the network belongs to
        another project than the instance, where only an address is accepted (static routes documentation, 2026).
        """
        project, network = parse_network(table)
        same_project = parse_instance(instance.id)[0] == project
        version = 6 if ":" in row.routeDestination else 4
        next_hop = instance.id if same_project else nic.primary(version)
        name = route_name(
            cluster=cluster, network=network, node=row.nodeName, destination=row.routeDestination, next_hop=next_hop
        )
        description = route_description(cluster=cluster, node=row.nodeName)
        return Route(
            name=name,
            destination=row.routeDestination,
            next_hop=next_hop,
            table=table,
            priority=PRIORITY,
            cluster=cluster,
            node=row.nodeName,
            description=description,
        )

    def leads_to(self, next_hop: str, instance: Instance, nic: Nic) -> bool:
        """Return whether the next hop is the instance, or an address that it has in the network."""
        return bool(next_hop) and next_hop in (instance.id, nic.primary(4), nic.primary(6))

    def waits(self, route: Route) -> bool:
        """Return whether the API warns of nothing but a next hop that does not run."""
        return bool(route.warnings) and all(warning.startswith(_NOT_RUNNING) for warning in route.warnings)

    def is_dead(self, route: Route) -> bool:
        """Return whether the API says that the route is not active, or that its next hop is gone or does not run."""
        return bool(route.status) or any(warning.startswith(_DEAD) for warning in route.warnings)

    def is_route_controller(self, route: Route) -> bool:
        """Return whether cloud-provider-gcp made it: its description says so."""
        return route.description == "k8s-node-route"

    def enable_command(self, instance: Instance, nic: Nic) -> str:  # noqa: ARG002 - it is one of the whole instance
        """Return the three `gcloud` steps: export, edit, update without a restart."""
        return _forward(instance, "true")

    def disable_command(self, instance: Instance, nic: Nic) -> str:  # noqa: ARG002 - it is one of the whole instance
        """Return the same three steps, the other way."""
        return _forward(instance, "false")

    def create_command(self, route: Route) -> str:
        """Return `gcloud compute routes create …`."""
        project, network = parse_network(route.table)
        _, zone, name = parse_instance(route.next_hop)
        hop = [f"--next-hop-instance={name}", f"--next-hop-instance-zone={zone}"] if name else []
        return shlex.join(
            [
                *("gcloud", "compute", "routes", "create", route.name, f"--project={project}", f"--network={network}"),
                *(f"--destination-range={route.destination}", f"--priority={route.priority}"),
                *(hop or [f"--next-hop-address={route.next_hop}"]),
                f"--description={route.description}",
            ]
        )

    def replace_command(self, old: Route, new: Route) -> str:
        """Return `create … && delete …`: the new route is there before the old one goes."""
        return f"{self.create_command(new)} && {self.delete_command(old)}"

    def delete_command(self, route: Route) -> str:
        """Return `gcloud compute routes delete …`."""
        project, _ = parse_network(route.table)
        return shlex.join(["gcloud", "compute", "routes", "delete", route.name, f"--project={project}", "--quiet"])

    def allow_command(
        self,
        fabric: Fabric,
        cidrs: tuple[str, ...],
        nics: tuple[Nic, ...],  # noqa: ARG002 - it is for the whole network
        *,
        inbound: bool = True,
        number: int | None = None,
        on: tuple[str, ...] = (),
    ) -> str:
        """Return `gcloud compute firewall-rules create …` for one address family's pod CIDRs."""
        place = [] if number is None else [str(number)]
        name = _free_name(_name(["allow-pods", *([] if inbound else ["out"]), *place, cidrs[0], *on]), fabric)
        rule = Rule(
            FIREWALL,
            fabric.network,
            name,
            PRIORITY if number is None else number,
            allow=True,
            inbound=inbound,
            on=on or None,
        )
        sided = replace(rule, sources=cidrs) if inbound else replace(rule, destinations=cidrs)
        return _create_rule(sided)

    def opens(self, fabric: Fabric, place: str) -> str:
        """Return the network, and who shares it: the rule is for all of its machines."""
        host, network = parse_network(place)
        owners = {parse_instance(one.id)[0] for one in fabric.instances if one.nics_in(place)} - {host}
        shared = f", in every project that shares it with project {host}" if owners else ""
        return f"every machine of network {network}{shared}"

    def opening(self, cluster: str, fabric: Fabric, place: str, cidrs: tuple[str, ...], known: tuple[str, ...]) -> Rule:
        """Return the rule of the network that lets packets from the pod CIDRs in everywhere."""
        version = 6 if ":" in cidrs[0] else 4
        _, network = parse_network(fabric.network)
        return Rule(
            kind=FIREWALL,
            list=place,
            name=rule_name(cluster=cluster, network=network, version=version, ranges=known),
            number=PRIORITY,
            allow=True,
            inbound=True,
            sources=cidrs,
            cluster=cluster,
            description=rule_description(cluster=cluster),
        )

    def opening_command(self, fabric: Fabric, before: Rule | None, after: Rule | None) -> str:  # noqa: ARG002 - rules name their network
        """Return `gcloud compute firewall-rules create …`, `update …` or `delete …`."""
        if before is None:
            return _create_rule(after) if after else ""
        project, _ = parse_network(before.list)
        ranges = ",".join(after.sources) if after else ""
        verb, last = ("update", f"--source-ranges={ranges}") if after else ("delete", "--quiet")
        return shlex.join(["gcloud", "compute", "firewall-rules", verb, before.name, f"--project={project}", last])


def _forward(instance: Instance, value: str) -> str:
    project, zone, name = parse_instance(instance.id)
    where = shlex.join([name, f"--project={project}", f"--zone={zone}"])
    file = shlex.quote(f"{name}.yaml")
    return (
        f"gcloud compute instances export {where} {shlex.quote(f'--destination={name}.yaml')}"
        f" && sed -i '/^canIpForward:/d' {file} && echo 'canIpForward: {value}' >> {file}"
        f" && gcloud compute instances update-from-file {where} {shlex.quote(f'--source={name}.yaml')}"
        " --most-disruptive-allowed-action=REFRESH"
    )


def _name(parts: list[str]) -> str:
    """Return a name made of these parts; a long one keeps its beginning, and stays different from all others."""
    whole = re.sub(r"[^a-z0-9]+", "-", "-".join(parts)).strip("-")
    if len(whole) <= _LONGEST_NAME:
        return whole
    return f"{whole[: _LONGEST_NAME - 9]}-{hashlib.sha256('-'.join(parts).encode()).hexdigest()[:8]}"


def _free_name(name: str, fabric: Fabric) -> str:
    """Return the name, with a number behind it where a rule has it already: a second one would be refused."""
    taken = {rule.name for rule in fabric.rules}
    return next(free for free in chain([name], (f"{name}-{number}" for number in count(2))) if free not in taken)


def _create_rule(rule: Rule) -> str:
    project, network = parse_network(rule.list)
    way, side = ("INGRESS", "source") if rule.inbound else ("EGRESS", "destination")
    on = rule.on or ()
    targets = "service-accounts" if any("@" in name for name in on) else "tags"
    ranges = ",".join(rule.sources if rule.inbound else rule.destinations)
    return shlex.join(
        [
            *("gcloud", "compute", "firewall-rules", "create", rule.name, f"--project={project}"),
            *(f"--network={network}", f"--direction={way}", f"--priority={rule.number}", "--allow=all"),
            f"--{side}-ranges={ranges}",
            *([f"--target-{targets}={','.join(on)}"] if on else []),
            *([f"--description={rule.description}"] if rule.description else []),
        ]
    )
