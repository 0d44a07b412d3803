"""Kubernetes -> nodes: one row per node and pod CIDR, with the address that the network must deliver it to.

The first three columns are those of the `kubectl get nodes -o custom-columns=…` that people use by hand, made
right: the address is the InternalIP of the CIDR's address family (`status.addresses[0]` can be a host name or
the other family), a dual-stack node has two rows, and CIDRs are written in one way.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import asdict, astuple, dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from l2bridge_helpers.errors import KubernetesError
from l2bridge_helpers.flannel import CONFIG_MAPS, Lease, NetConf, read_lease, read_net_conf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from l2bridge_helpers.kube import Kube

_INTERFACES = ("projectcalico.org/IPv4Address", "projectcalico.org/IPv6Address")
"""Annotations of the form `192.168.40.11/24`. flannel's own name the address without its prefix."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class NodeRow:
    """One node and one of its pod CIDRs; the fields are the table's columns, in their order.

    Attributes:
        nodeName: `metadata.name`.
        nodeIP: the InternalIP of the CIDR's family; empty when there is none.
        routeDestination: the pod CIDR, normalised; as written when it is none; empty when the node has none.
        os: `linux`, `windows`, or empty.
        ready: whether the node's Ready condition is True.
        providerID: `spec.providerID`, possibly no cloud's.
        flannelPublicIP: the address that flannel's peers use as next hop, of the CIDR's family.
        backendType: flannel's backend on this node, empty before flannel has started there.
        routeController: the reason of NetworkUnavailable where it shows a cloud route controller at work, else empty.

    """

    nodeName: str  # noqa: N815 - the column names are kubectl's
    nodeIP: str  # noqa: N815
    routeDestination: str  # noqa: N815
    os: str = ""
    ready: bool = True
    providerID: str = ""  # noqa: N815
    flannelPublicIP: str = ""  # noqa: N815
    backendType: str = ""  # noqa: N815
    routeController: str = ""  # noqa: N815

    @property
    def network(self) -> Network | None:
        """The pod CIDR as a network, or None when there is none or it cannot be read."""
        return parse_cidr(self.routeDestination)


COLUMNS = tuple(field.name for field in fields(NodeRow))


def list_nodes(kubeconfig: str = "", context: str = "") -> pd.DataFrame:
    """Return the cluster's nodes, one row per node and pod CIDR, sorted by name as people count.

    Columns: those of `NodeRow`. `attrs["flannel"]` holds flannel's configuration (see `net_conf`).
    Needs `nodes: list` and `configmaps: get`; changes nothing.

    Raises:
        KubernetesError: no such kubeconfig or context; the API cannot be reached, refuses, or answers nonsense.

    """
    from l2bridge_helpers.kube import Kube  # the client costs a second, and what is pure imports this module too

    kube = Kube(kubeconfig, context)
    return nodes_table(kube.list_nodes(), _find_net_conf(kube))


def nodes_table(items: Iterable[dict[str, Any]], flannel: NetConf | None = None) -> pd.DataFrame:
    """Return the table of `list_nodes` for Node objects that were read elsewhere.

    Raises:
        KubernetesError: an item is no Node; half a list is never used.

    """
    items = list(items)
    rows = [row for position, item in enumerate(items) for row in _rows(item, position)]
    rows.sort(key=lambda row: natural_key(row.nodeName))
    prefixes = {address: length for item in items for address, length in _prefixes(item)}
    return rows_table(rows, flannel or NetConf(), prefixes)


def rows_table(rows: Iterable[NodeRow], flannel: NetConf, prefixes: dict[str, int]) -> pd.DataFrame:
    """Return the table of `list_nodes` made of its parts: see `node_rows`, `net_conf` and `node_prefixes`."""
    table = pd.DataFrame([astuple(row) for row in rows], columns=pd.Index(COLUMNS))
    table = table.astype({name: bool if name == "ready" else object for name in COLUMNS})
    table.attrs["flannel"] = asdict(flannel)
    table.attrs["prefixes"] = prefixes
    return table


def node_rows(nodes: pd.DataFrame) -> tuple[NodeRow, ...]:
    """Return the table's rows as values."""
    return tuple(NodeRow(*row) for row in nodes[list(COLUMNS)].itertuples(index=False, name=None))


def net_conf(nodes: pd.DataFrame) -> NetConf:
    """Return flannel's configuration that was read with the table."""
    return NetConf(**nodes.attrs.get("flannel", {}))


def node_prefixes(nodes: pd.DataFrame) -> dict[str, int]:
    """Return the prefix length of the subnet of each InternalIP, as far as a CNI plugin has written it on the node."""
    return dict(nodes.attrs.get("prefixes", {}))


def node_names(nodes: pd.DataFrame) -> tuple[str, ...]:
    """Return each node's name once, in the table's order."""
    return tuple(dict.fromkeys(nodes["nodeName"]))


@lru_cache(maxsize=1 << 16)
def parse_cidr(text: str) -> Network | None:
    """Return the network that `text` writes, host bits cleared, or None."""
    if "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def plain_address(text: str) -> str:
    """Return the address in the one way of writing that compares equal; what is none stays as it is."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return text


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key by which `node-2` comes before `node-10`."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple(_number_key(part) if part[0] in "0123456789" else (1, 0, part) for part in parts)


def _number_key(digits: str) -> tuple[int, int, str]:
    """Return a key by which numbers of any length compare: Python reads only those of 4,300 digits."""
    significant = digits.lstrip("0")
    return 0, len(significant), f"{significant} {digits}"


def _find_net_conf(kube: Kube) -> NetConf:
    """Return the first ConfigMap that can be used, else the first that is there."""
    found = []
    for namespace, name in CONFIG_MAPS:
        data = kube.config_map(namespace, name)
        if data is not None:
            found.append(read_net_conf(f"{namespace}/{name}", data))
        if found and not found[-1].problem:
            return found[-1]
    return found[0] if found else NetConf()


def _rows(item: object, position: int) -> Iterator[NodeRow]:
    name = _at(item, "metadata", "name")
    if not isinstance(name, str) or not name:
        raise KubernetesError(
            f"node list: item {position} has no metadata.name, so the list cannot be trusted; nothing was changed"
        )
    lease = read_lease(_mapping(_at(item, "metadata", "annotations")))
    addresses = _internal_ips(item)
    for cidr in _pod_cidrs(item) or [""]:
        version = network.version if (network := parse_cidr(cidr)) else 0
        yield NodeRow(
            nodeName=name,
            nodeIP=_choose_ip(addresses, version, lease),
            routeDestination=str(network) if network else cidr,
            os=_os(item),
            ready=_condition(item, "Ready").get("status") == "True",
            providerID=_text(_at(item, "spec", "providerID")),
            flannelPublicIP=plain_address(lease.public_ipv6 if version == 6 else lease.public_ip),  # noqa: PLR2004 - IPv6
            backendType=lease.backend,
            routeController=_route_controller(item),
        )


def _pod_cidrs(item: object) -> list[str]:
    """Return `spec.podCIDRs`, and `spec.podCIDR` where it is not among them."""
    several = _at(item, "spec", "podCIDRs")
    one = _at(item, "spec", "podCIDR")
    listed = [_text(cidr) for cidr in several] if isinstance(several, list) else [_text(several)]
    written = [cidr for cidr in listed if cidr]
    return written if not one or _text(one) in written else [_text(one), *written]


def _internal_ips(item: object) -> list[str]:
    entries = _at(item, "status", "addresses")
    if not isinstance(entries, list):
        return []
    found = (plain_address(_text(_at(entry, "address"))) for entry in entries if _at(entry, "type") == "InternalIP")
    return [address for address in found if _version(address)]


def _prefixes(item: object) -> Iterator[tuple[str, int]]:
    """Give (address, prefix length) of the InternalIPs that Calico's agent, also Canal's, has found on an interface."""
    own = _internal_ips(item)
    annotations = _mapping(_at(item, "metadata", "annotations"))
    for name in _INTERFACES:
        address, _, _ = _text(annotations.get(name)).partition("/")
        network = parse_cidr(_text(annotations.get(name)))
        if network is not None and plain_address(address) in own:
            yield plain_address(address), network.prefixlen


def _choose_ip(addresses: list[str], version: int, lease: Lease) -> str:
    """Return the InternalIP of the family (0: any, IPv4 first); of several the one that flannel's peers use."""
    fitting = [ip for ip in addresses if version in (0, _version(ip))]
    public = (plain_address(lease.public_ip), plain_address(lease.public_ipv6))
    fitting.sort(key=lambda ip: (_version(ip), ip not in public))
    return fitting[0] if fitting else ""


def _version(address: str) -> int:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return 0


def _os(item: object) -> str:
    labels = _mapping(_at(item, "metadata", "labels"))
    reported = _text(_at(item, "status", "nodeInfo", "operatingSystem"))
    return reported or _text(labels.get("kubernetes.io/os")) or _text(labels.get("beta.kubernetes.io/os"))


def _route_controller(item: object) -> str:
    reason = _text(_condition(item, "NetworkUnavailable").get("reason"))
    return reason if reason in ("RouteCreated", "NoRouteCreated") else ""


def _condition(item: object, kind: str) -> dict[str, Any]:
    conditions = _at(item, "status", "conditions")
    entries = conditions if isinstance(conditions, list) else []
    return next((_mapping(entry) for entry in entries if _at(entry, "type") == kind), {})


def _at(value: object, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
