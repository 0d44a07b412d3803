"""How Azure's resources are called here, and how routes and tables are marked as ours (pure).

ARM's ids are long and differ in letter case from answer to answer. Here they are lower case, without the words that
every id has: `SUBSCRIPTION/GROUP/NAME…` (scoped) where the subscription matters, else `GROUP/NAME…` (local).

A route is ours when its name is the one that we would give it, *and* its table's tag names the cluster. Both stand in
the same resource, so that one write makes or removes them together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from l2bridge_helpers.errors import DataError

TAG = "l2bridge:"
_SET_NIC_PARTS, _SET_MACHINE_PARTS = 4, 4
_LONGEST_TAG_VALUE = 256
_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/providers/[^/]+(?P<rest>(?:/[^/]+/[^/]+)+)"
)
_SAFE = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,28}[a-z0-9])?")


def parts_of(arm_id: str) -> tuple[str, ...]:
    """Return subscription, group and names of an ARM id, in lower case; nothing when it is none."""
    found = _ID.fullmatch(arm_id.lower())
    return (found["subscription"], found["group"], *found["rest"].split("/")[2::2]) if found else ()


def has_names(arm_id: str, number: int) -> bool:
    """Return whether a text is an ARM id with so many names behind its group: 1 of a machine, 2 of a subnet."""
    return len(parts_of(arm_id)) == number + 2


def scoped(arm_id: str) -> str:
    """Return `SUBSCRIPTION/GROUP/NAME…`, "" for what is no ARM id."""
    return "/".join(parts_of(arm_id))


def local(arm_id: str) -> str:
    """Return `GROUP/NAME…`, "" for what is no ARM id."""
    return "/".join(parts_of(arm_id)[1:])


def network_of(subnet_id: str) -> str:
    """Return the scoped id of the virtual network that a subnet (ARM id) is in."""
    return "/".join(parts_of(subnet_id)[:-1])


def is_set_nic(nic: str) -> bool:
    """Return whether an interface (local id) is a uniform scale set's own: `GROUP/SET/INSTANCE/NAME`."""
    return len(nic.split("/")) == _SET_NIC_PARTS


def is_set_machine(machine: str) -> bool:
    """Return whether a machine (scoped id) is a uniform scale set's own: `SUBSCRIPTION/GROUP/SET/INSTANCE`."""
    return len(machine.split("/")) == _SET_MACHINE_PARTS


def slug(cluster: str) -> str:
    """Return the cluster's name as names of routes and tags may hold it: itself where it can, else with a digest.

    Two clusters never have the same: the `_` before a digest stands in no name that is taken as it is.
    """
    if _SAFE.fullmatch(cluster):
        return cluster
    readable = re.sub(r"[^a-z0-9]+", "-", cluster.lower())[:20].strip("-") or "x"
    return f"{readable}_{hashlib.sha256(cluster.encode()).hexdigest()[:8]}"


def route_label(cluster: str, destination: str) -> str:
    """Return the name of our route to a pod CIDR: `l2b-prod-10.42.1.0_24`, at most 80 characters, unique in a table.

    After the last `-` stands the pod CIDR, so that no other cluster's name and pod CIDR read the same.
    """
    return f"l2b-{slug(cluster)}-{destination.replace('/', '_').replace(':', '_')}"


def default_table(cluster: str) -> str:
    """Return the name of the table that we make."""
    return f"l2bridge-{slug(cluster)}"


def tag_of(cluster: str) -> dict[str, str]:
    """Return the tag of a table that says which cluster has routes in it.

    Raises:
        DataError: the name is too long for a tag.

    """
    if len(cluster) > _LONGEST_TAG_VALUE:
        raise DataError(f"cluster {cluster!r}: its name is too long for the tag that marks routes; set cluster")
    return {f"{TAG}{slug(cluster)}": cluster}


def own_tags(tags: Mapping[str, str], cluster: str) -> dict[str, str]:
    """Return the tag of this cluster, where it is there; Azure ignores the letter case of tags' names."""
    name = f"{TAG}{slug(cluster)}"
    return {name: cluster} if any(key.lower() == name and value == cluster for key, value in tags.items()) else {}


def owner_of(label: str, destination: str, tags: Mapping[str, str]) -> str:
    """Return the cluster whose route it is by its name and its table's tags, or ""."""
    clusters = [value for key, value in tags.items() if key.lower() == f"{TAG}{slug(value)}"]
    return next((cluster for cluster in clusters if label.lower() == route_label(cluster, destination)), "")
