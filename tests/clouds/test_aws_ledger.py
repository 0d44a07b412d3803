"""What the tags of a route table say about its routes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.aws_ledger import Ledger, own_tags, write
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.nodes import Network

_ALLOWED = re.compile(r"[A-Za-z0-9 +\-=._:/@]*")
NAMES = st.text(min_size=1, max_size=10).filter(lambda name: 3 * len(name.encode()) <= 90)
"""Names that a tag's key can hold; three letters for each byte at most. What is longer is refused, see below."""
NETWORKS = st.one_of(
    st.builds(lambda number: ipaddress.ip_network((0x0A2A0000 + number * 256, 24)), st.integers(0, 40)),
    st.builds(lambda number: ipaddress.ip_network((0x0A2A0000 + number * 512, 23)), st.integers(0, 20)),
    st.builds(lambda number: ipaddress.ip_network(((0xFD00 << 112) + (number << 64), 64)), st.integers(0, 20)),
)
SETS = st.frozensets(NETWORKS, max_size=30)


def _owned(tags: Mapping[str, str], cluster: str, among: frozenset[Network]) -> set[Network]:
    ledger = Ledger(tags)
    return {network for network in among if ledger.owner(network) == cluster}


def _claimed(tags: Mapping[str, str], cluster: str, among: frozenset[Network]) -> set[Network]:
    ledger = Ledger(tags)
    return {network for network in among if ledger.claimant(network) == cluster}


def _texts(networks: frozenset[Network]) -> set[str]:
    return {str(network) for network in networks}


@given(NAMES, SETS, SETS, SETS)
def test_what_is_written_is_read_back_and_nothing_else(
    cluster: str, owned: frozenset[Network], claimed: frozenset[Network], others: frozenset[Network]
) -> None:
    """Owned and claimed destinations stay apart, and no other one is among them."""
    tags = write(cluster, _texts(owned), _texts(claimed))
    among = owned | claimed | others
    assert _owned(tags, cluster, among) == owned
    assert _claimed(tags, cluster, among) == claimed


@given(NAMES, st.frozensets(st.integers(0, 4000), max_size=200))
def test_tags_keep_within_what_ec2_takes(cluster: str, numbers: frozenset[int]) -> None:
    """Keys, values, letters and number of tags; what does not fit is refused, never cut."""
    try:
        tags = write(cluster, {str(ipaddress.ip_network((0x0A000000 + 512 * one, 24))) for one in numbers})
    except DataError as err:
        assert "tags of its table" in str(err)  # noqa: PT017 - either outcome is right
        return
    assert len(tags) <= 20
    assert all(len(key) <= 128 and len(value) <= 256 for key, value in tags.items())
    assert all(_ALLOWED.fullmatch(text) for pair in tags.items() for text in pair)


@given(NAMES, NAMES, SETS, SETS)
def test_clusters_never_mix(one: str, two: str, ones: frozenset[Network], twos: frozenset[Network]) -> None:
    """Each reads back its own; what both say is theirs is neither's."""
    if one == two:
        return
    mine = write(one, _texts(ones), _texts(ones))
    tags = {**mine, **write(two, _texts(twos), _texts(twos))}
    assert _owned(tags, one, ones | twos) == ones - twos
    assert _claimed(tags, two, ones | twos) == twos - ones
    assert own_tags(tags, one) == mine


@pytest.mark.parametrize(
    "names", [("lab", "lab:2"), ("lab", "lab=3A2"), ("a", "A"), ("a b", "a=20b"), ("é", "e\u0301")]
)
def test_names_that_look_alike_are_different_clusters(names: tuple[str, str]) -> None:
    """What numbers and escapes the tags has no say in whose they are."""
    one, two = names
    tags = write(one, ["10.42.0.0/24"])
    assert Ledger(tags).owner(ipaddress.ip_network("10.42.0.0/24")) == one
    assert own_tags(tags, two) == {}


@given(st.dictionaries(st.sampled_from(["l2bridge:lab", "l2bridge:x:2", "l2bridge-claim:lab"]), st.text(max_size=256)))
def test_nonsense_says_nothing(tags: dict[str, str]) -> None:
    """No text of a tag ends a run; a destination that no list names stays nobody's."""
    ledger = Ledger(tags)
    assert ledger.owner(ipaddress.ip_network("198.51.100.0/24")) == ""


@pytest.mark.parametrize(
    "value", ["0.0.0.0/0-33", "10.42.0.0/24-8", "10.42.0.0/24-", "10.42.0.0-24", "x/y-24", "-24", "10.42.0.0/24-²"]
)
def test_malformed_blocks_hold_no_other_route(value: str) -> None:
    """At most the very network that is written."""
    assert Ledger({"l2bridge:lab": value}).owner(ipaddress.ip_network("10.42.1.0/24")) == ""


@pytest.mark.parametrize("value", ["0.0.0.0/0-32 ::/0-128", "::/0-64 " * 28])
def test_huge_ranges_cost_nothing(value: str) -> None:
    """A range is kept as it is written, never spelled out."""
    assert Ledger({"l2bridge:lab": value}).owner(ipaddress.ip_network("10.42.0.0/24")) == ""


@pytest.mark.parametrize("key", ["l2bridge:lab=", "l2bridge:=6Cab", "l2bridge:l=61b", "l2bridge:=6cab", "L2bridge:lab"])
def test_only_the_name_as_we_write_it_is_ours(key: str) -> None:
    """A key that merely decodes to a cluster's name was not written by us, and would never be removed."""
    assert Ledger({key: "10.42.0.0/24"}).owner(ipaddress.ip_network("10.42.0.0/24")) == ""


def test_a_row_of_destinations_is_one_short_text() -> None:
    """A thousand /24 in a row take one tag that people can read."""
    every = [str(network) for network in ipaddress.ip_network("10.40.0.0/14").subnets(new_prefix=24)]
    assert write("lab", every) == {"l2bridge:lab": "10.40.0.0/14-24"}


def test_a_name_that_does_not_fit_is_refused() -> None:
    """The error names the cluster and the parameter."""
    with pytest.raises(DataError, match=r"cluster 'é{31}'.*parameter cluster"):
        write("é" * 31, ["10.42.0.0/24"])


def test_a_name_that_no_key_holds_is_refused() -> None:
    """It is never cut: two long names could then be one."""
    assert write("x" * 90, {"10.42.0.0/24"})
    with pytest.raises(DataError, match=r"too long .* set parameter cluster"):
        write("x" * 91, {"10.42.0.0/24"})
