"""Compute Engine's answers -> the model (pure). Links lose their host: ids compare equal whatever served them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from l2bridge_helpers.clouds.gce_dialect import PRIORITY, parse_instance, parse_network
from l2bridge_helpers.clouds.gce_names import route_owner, rule_owner
from l2bridge_helpers.errors import CloudError
from l2bridge_helpers.fabric import Instance, Limit, Nic, Route, RouteTable, Subnet
from l2bridge_helpers.filters import FIREWALL, Rule
from l2bridge_helpers.nodes import plain_address

if TYPE_CHECKING:
    from google.cloud import compute_v1

AUTO_MODE_RANGE = "10.128.0.0/9"
"""No custom route may lie inside it in an auto-mode network (VPC documentation, read 2026-11)."""
_QUOTAS = ("STATIC_ROUTES_PER_NETWORK", "ROUTES")
"""Metrics of `projects.get` that bound static routes, the present one first."""
_PATH = re.compile(r"(?:^|/)(projects/.+)$")
_NEXT_HOPS = ("next_hop_instance", "next_hop_ip", "next_hop_ilb", "next_hop_gateway", "next_hop_vpn_tunnel")
_OTHER_HOPS = ("next_hop_network", "next_hop_peering", "next_hop_hub", "next_hop_interconnect_attachment")


def path_of(link: object) -> str:
    """Return `projects/…` of a full or partial URL; other texts unchanged."""
    text = link if isinstance(link, str) else ""
    found = _PATH.search(text)
    return found[1] if found else text


def instance_of(raw: Mapping[str, Any]) -> Instance:
    """Return an instance. `raw` is the API's JSON; properties of a wrong type count as missing."""
    link = path_of(raw.get("selfLink"))
    instance_id = link if all(parse_instance(link)) else f"{path_of(raw.get('zone'))}/instances/{raw.get('name')}"
    nics = _objects(raw.get("networkInterfaces"))
    forwarding = raw.get("canIpForward") is True
    tags = raw.get("tags")
    items = tags.get("items") if isinstance(tags, dict) else None
    return Instance(
        id=instance_id,
        uid=str(raw.get("id") or ""),
        name=str(raw.get("name") or ""),
        status=str(raw.get("status") or ""),
        running=raw.get("status") == "RUNNING",
        nics=tuple(_nic(instance_id, nic, forwarding=forwarding) for nic in nics),
        tags=tuple(str(tag) for tag in items) if isinstance(items, list) else (),
        accounts=tuple(str(account.get("email")) for account in _objects(raw.get("serviceAccounts"))),
        group=_group(raw, instance_id),
        properties=raw,
    )


def network_id_of(network: compute_v1.Network, asked: str) -> str:
    """Return the id of the network that was asked for by this name.

    Raises:
        CloudError: the answer names no network: what is in it could not be told from what is not.

    """
    found = path_of(network.self_link)
    if not all(parse_network(found)):
        raise CloudError(
            f"could not read network {asked}: the answer's selfLink ({network.self_link!r}) names no network; "
            "is parameter endpoint the Compute Engine API?"
        )
    return found


def subnet_of(subnet: compute_v1.Subnetwork) -> Subnet:
    """Return a subnet with its primary, secondary and IPv6 ranges; its table is the network's."""
    ranges = [subnet.ip_cidr_range, *(extra.ip_cidr_range for extra in subnet.secondary_ip_ranges)]
    ranges += [subnet.internal_ipv6_prefix, subnet.external_ipv6_prefix, subnet.ipv6_cidr_range]
    return Subnet(path_of(subnet.self_link), tuple(dict.fromkeys(filter(None, ranges))), path_of(subnet.network))


def route_of(route: compute_v1.Route) -> Route:
    """Return a route; ours only when name and description both say so."""
    cluster, node = route_owner(route.name, route.description)
    hops = [getattr(route, name, "") for name in (*_NEXT_HOPS, *_OTHER_HOPS)]
    return Route(
        name=route.name,
        destination=_normal(route.dest_range),
        next_hop=plain_address(path_of(next(filter(None, hops), ""))),
        table=path_of(route.network),
        priority=route.priority,
        cluster=cluster,
        node=node,
        tags=tuple(route.tags),
        description=route.description,
        status="" if route.route_status == "ACTIVE" else route.route_status,
        warnings=tuple(f"{warning.code}: {warning.message}" for warning in route.warnings),
    )


def table_of(
    network: compute_v1.Network, routes: Iterable[compute_v1.Route], quotas: Iterable[compute_v1.Quota]
) -> RouteTable:
    """Return the network's routes, with the live quota where the API lists one."""
    network_id = path_of(network.self_link)
    every = list(routes)
    own = tuple(route_of(route) for route in every if _in(route, network_id))
    reserved = (AUTO_MODE_RANGE,) if network.auto_create_subnetworks else ()
    by_metric = {quota.metric: quota for quota in quotas}
    metric = next((name for name in _QUOTAS if name in by_metric), "")
    if not metric:
        return RouteTable(network_id, own, reserved=reserved)
    quota = by_metric[metric]
    static = sum(not route.next_hop_network and not route.next_hop_peering for route in every if _in(route, network_id))
    used = max(int(quota.usage), static)
    source = f"quota {metric} of project {network_id.split('/')[1]}"
    limits = (Limit(int(quota.limit), used, source),) if quota.limit > 0 else ()
    return RouteTable(network_id, own, limits, reserved)


def _in(route: compute_v1.Route, network_id: str) -> bool:
    return path_of(route.network) == network_id


def rule_of(rule: compute_v1.Firewall) -> Rule:
    """Return a firewall rule; ours only when name and description both say so."""
    entries = list(rule.allowed) or list(rule.denied)
    protocols = [
        f"{entry.I_p_protocol}:{','.join(entry.ports)}" if entry.ports else entry.I_p_protocol for entry in entries
    ]
    return Rule(
        kind=FIREWALL,
        list=path_of(rule.network),
        name=rule.name,
        number=rule.priority if "priority" in rule else PRIORITY,
        allow=bool(rule.allowed),
        inbound=rule.direction != "EGRESS",
        sources=tuple(_normal(cidr) or cidr for cidr in rule.source_ranges),
        destinations=tuple(_normal(cidr) or cidr for cidr in rule.destination_ranges),
        peers=(*rule.source_tags, *rule.source_service_accounts),
        protocols=tuple(protocols),
        on=(*rule.target_tags, *rule.target_service_accounts) or None,
        enabled=not rule.disabled,
        properties=type(rule).to_dict(rule),
        cluster=rule_owner(rule.name, rule.description),
        description=rule.description,
    )


def _nic(instance_id: str, raw: Mapping[str, Any], *, forwarding: bool) -> Nic:
    addresses = [_host(raw.get("networkIP"), 32)]
    addresses.append(_host(raw.get("ipv6Address"), raw.get("internalIpv6PrefixLength") or 96))
    addresses += [
        _host(access.get("externalIpv6"), access.get("externalIpv6PrefixLength") or 96)
        for access in _objects(raw.get("ipv6AccessConfigs"))
    ]
    addresses += [_normal(alias.get("ipCidrRange")) for alias in _objects(raw.get("aliasIpRanges"))]
    return Nic(
        id=f"{instance_id}/{raw.get('name') or 'nic0'}",
        addresses=tuple(address for address in addresses if address),
        subnet=path_of(raw.get("subnetwork")),
        network=path_of(raw.get("network")),
        forwarding=forwarding,
    )


def _host(address: object, length: object) -> str:
    return _normal(f"{address}/{length}") if address else ""


def _normal(cidr: object) -> str:
    """Return the CIDR in one way of writing, or "" when it is none."""
    try:
        return str(ipaddress.ip_network(str(cidr), strict=False))
    except ValueError:
        return ""


def _group(raw: Mapping[str, Any], instance_id: str) -> str:
    """Return the managed group's id: metadata `created-by`, its project number made the project's id."""
    metadata = raw.get("metadata")
    items = _objects(metadata.get("items")) if isinstance(metadata, dict) else []
    created_by = next((str(item.get("value")) for item in items if item.get("key") == "created-by"), "")
    found = re.search(r"((?:zones|regions)/[^/]+/instanceGroupManagers/[^/]+)$", created_by)
    project = parse_instance(instance_id)[0]
    return f"projects/{project}/{found[1]}" if found and project else ""


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
