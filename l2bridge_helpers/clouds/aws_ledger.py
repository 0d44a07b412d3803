"""Which routes of a VPC route table are ours (pure). VPC routes carry no tags, so the table's own tags say it.

Tag `l2bridge:CLUSTER` lists the destinations that are CLUSTER's, `l2bridge:CLUSTER:2` and so on what does not fit.
`10.42.0.0/24` is one of them, `10.42.0.0/22-24` are all /24 inside 10.42.0.0/22: what Kubernetes hands out in a row is
short, and people can read it. `l2bridge-claim:CLUSTER` lists what is about to be made. It is written before the routes
and goes when they are done, so that a run that breaks off loses none of them; a route that someone else makes
meanwhile does not become ours by it.

Limits (EC2 documentation, read 2026-11): 50 tags a resource, keys of 128 characters, values of 256; letters, digits,
spaces and ``+ - = . _ : / @``.
"""

from __future__ import annotations

import ipaddress
import quopri
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from l2bridge_helpers.errors import DataError
from l2bridge_helpers.nodes import Network, parse_cidr
from l2bridge_helpers.prefixes import within

OWNED, CLAIMED = "l2bridge:", "l2bridge-claim:"
_VALUE = 256
_NAME = 90
_MOST_TAGS = 20
"""So many of a table's 50 tags we take at most: the others are someone's too."""
_NOTE = re.compile(r"l2bridge:([A-Za-z0-9._=-]+) pods")
_KEY = re.compile(r"(l2bridge:|l2bridge-claim:)([A-Za-z0-9._=-]+)(?::[0-9]+)?")


@dataclass(frozen=True)
class Block:
    """All networks of one prefix length inside a network, or just that network."""

    network: Network
    length: int

    def holds(self, destination: Network) -> bool:
        """Return whether a destination is one of them."""
        return destination.prefixlen == self.length and within(destination, self.network)

    def __str__(self) -> str:
        """Return `10.42.0.0/22-24`, or `10.42.0.0/24`."""
        return str(self.network) if self.network.prefixlen == self.length else f"{self.network}-{self.length}"


class Ledger:
    """What one table's tags say: whose each destination is, and who was about to make it.

    Tags do not hold every letter: in a key the others of a cluster's name are written as `=XX`.
    """

    def __init__(self, tags: Mapping[str, str]) -> None:
        """Read the tags; what `write` would not write says nothing: no other spelling of a name is that name."""
        self._blocks: dict[str, list[tuple[str, Block]]] = {OWNED: [], CLAIMED: []}
        for key, value in sorted(tags.items()):
            found = _KEY.fullmatch(key)
            if found and _name(_cluster(found[2])) == found[2]:
                self._blocks[found[1]] += [(_cluster(found[2]), block) for block in _blocks(value)]

    def owner(self, destination: Network) -> str:
        """Return the cluster whose destination it is; "": nobody's, or claimed by several."""
        return self._only(OWNED, destination)

    def claimant(self, destination: Network) -> str:
        """Return the cluster that was about to make such a route, or ""."""
        return self._only(CLAIMED, destination)

    def _only(self, kind: str, destination: Network) -> str:
        names = {name for name, block in self._blocks[kind] if block.holds(destination)}
        return names.pop() if len(names) == 1 else ""


def write(cluster: str, owned: Collection[str], claimed: Collection[str] = ()) -> dict[str, str]:
    """Return the tags that say these destinations are, or are about to be, the cluster's.

    Raises:
        DataError: they do not fit.

    """
    if len(_name(cluster)) > _NAME:
        raise DataError(
            f"cluster {cluster!r}: its name is too long for the tag that marks routes; set parameter cluster"
        )
    tags = {**_tags(OWNED, cluster, owned), **_tags(CLAIMED, cluster, claimed)}
    if len(tags) > _MOST_TAGS:
        raise DataError(
            f"to mark {len(owned) + len(claimed)} routes of cluster {cluster} takes {len(tags)} tags of its table, "
            f"more than {_MOST_TAGS}; pod CIDRs that follow each other take fewer"
        )
    return tags


def note(cluster: str) -> str:
    """Return the description of a security group's rule that says that the cluster's pods are let in by it.

    Raises:
        DataError: the name is too long for it.

    """
    if len(_name(cluster)) > _NAME:
        raise DataError(
            f"cluster {cluster!r}: its name is too long for the description that marks rules; set parameter cluster"
        )
    return f"{OWNED}{_name(cluster)} pods"


def noted(description: str) -> str:
    """Return the cluster whose pods a rule of this description lets in, "" when it does not say so."""
    found = _NOTE.fullmatch(description)
    return _cluster(found[1]) if found and _name(_cluster(found[1])) == found[1] else ""


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the tags that have to be set and those that have to go, to get from one ledger to the other."""
    new = {key: value for key, value in after.items() if before.get(key) != value}
    return new, {key: value for key, value in before.items() if key not in after}


def own_tags(tags: Mapping[str, str], cluster: str) -> dict[str, str]:
    """Return those of a table's tags that are this cluster's ledger."""
    name = _name(cluster)
    matches = ((key, _KEY.fullmatch(key)) for key in tags)
    return {key: tags[key] for key, found in sorted(matches, key=lambda pair: pair[0]) if found and found[2] == name}


def _name(cluster: str) -> str:
    return "".join(_letter(letter) for letter in cluster)


def _cluster(name: str) -> str:
    """Return the name that `_name` wrote."""
    return quopri.decodestring(name.encode()).decode("utf-8", "replace")


def _letter(letter: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]", letter):
        return letter
    return "".join(f"={byte:02X}" for byte in letter.encode("utf-8", "replace"))


def _tags(kind: str, cluster: str, destinations: Collection[str]) -> dict[str, str]:
    values = list(_values(_compress(destinations)))
    name = _name(cluster)
    return {f"{kind}{name}{f':{place}' if place > 1 else ''}": value for place, value in enumerate(values, 1)}


def _values(blocks: Iterable[Block]) -> Iterator[str]:
    """Give lists of blocks, each as long as a tag's value may be."""
    value = ""
    for block in blocks:
        if value and len(value) + 1 + len(str(block)) > _VALUE:
            yield value
            value = ""
        value = f"{value} {block}".strip()
    if value:
        yield value


def _compress(destinations: Collection[str]) -> list[Block]:
    networks = {network for text in destinations if (network := parse_cidr(text))}
    kinds = sorted({(network.version, network.prefixlen) for network in networks})
    return [block for version, length in kinds for block in _runs(networks, version, length)]


def _runs(networks: set[Network], version: int, length: int) -> Iterator[Block]:
    alike = [network for network in networks if (network.version, network.prefixlen) == (version, length)]
    for network in ipaddress.collapse_addresses(alike):  # type: ignore[type-var]
        yield Block(network, length)


def _blocks(value: str) -> Iterator[Block]:
    for text in value.split():
        cidr, _, length = text.partition("-")
        network = parse_cidr(cidr)
        if network is None or (length and not length.isdecimal()):
            continue
        size = int(length) if length else network.prefixlen
        if network.prefixlen <= size <= network.max_prefixlen:
            yield Block(network, size)
