import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.aws_ledger import CLAIMED, OWNED, Ledger, own_tags, write
from l2bridge_helpers.errors import DataError

NAMES = st.text(min_size=1, max_size=7)
ALLOWED = set(string.ascii_letters + string.digits + " +-=._:/@")
FOUR = st.builds(lambda number: f"10.42.{number}.0/24", st.integers(0, 40))
SIX = st.builds(lambda number: f"fd00:10:42:{number:x}::/64", st.integers(0, 20))
ODD = st.sampled_from(["10.42.0.0/22", "10.42.8.0/25", "10.43.0.0/24", "192.168.7.128/26"])
DESTINATIONS = st.sets(st.one_of(FOUR, SIX, ODD), max_size=25)


def known(tags: dict[str, str], destinations: set[str]) -> dict[str, tuple[str, str]]:
    """Return whose each destination is, and who claims it."""
    ledger = Ledger(tags)
    networks = {text: ipaddress.ip_network(text) for text in destinations}
    return {text: (ledger.owner(network), ledger.claimant(network)) for text, network in networks.items()}


@given(NAMES, DESTINATIONS, DESTINATIONS, DESTINATIONS)
def test_tags_give_back_what_was_written(cluster: str, owned: set[str], claimed: set[str], others: set[str]) -> None:
    """Just these destinations are owned, just those are claimed, whatever the cluster is called."""
    tags = write(cluster, owned, claimed)
    for text, (owner, claimant) in known(tags, owned | claimed | others).items():
        assert bool(owner) == (text in owned)
        assert bool(claimant) == (text in claimed)
        assert {owner, claimant} <= {cluster, ""}


@given(NAMES, DESTINATIONS, DESTINATIONS)
def test_tags_obey_the_limits(cluster: str, owned: set[str], claimed: set[str]) -> None:
    """EC2 takes every key and value that is written."""
    for key, value in write(cluster, owned, claimed).items():
        assert len(key) <= 128
        assert len(value) <= 256
        assert set(key + value) <= ALLOWED


@given(NAMES, NAMES, DESTINATIONS, DESTINATIONS)
def test_clusters_do_not_mix(one: str, other: str, owned: set[str], theirs: set[str]) -> None:
    """Each cluster's tags are its own, and what two claim to own is nobody's."""
    tags = {"Name": "main", **write(one, owned), **write(other, theirs)}
    if one != other:
        assert own_tags(tags, one) == write(one, owned)
        assert own_tags(tags, other) == write(other, theirs)
        for text, (owner, _) in known(tags, owned | theirs).items():
            assert owner == ("" if text in owned & theirs else one if text in owned else other)


def test_neighbours_are_written_as_a_range() -> None:
    """What Kubernetes hands out in a row takes few characters, and people can read it."""
    nodes = [f"10.42.{number}.0/24" for number in range(256)]
    assert write("lab", nodes) == {f"{OWNED}lab": "10.42.0.0/16-24"}
    assert write("lab", nodes[:1], nodes[1:2]) == {f"{OWNED}lab": "10.42.0.0/24", f"{CLAIMED}lab": "10.42.1.0/24"}


def test_what_does_not_fit_is_refused() -> None:
    """Scattered destinations that would take too many of the table's tags, or a name that is too long."""
    scattered = [f"10.{number // 128}.{number % 128 * 2}.0/24" for number in range(1000)]
    with pytest.raises(DataError, match=r"lab takes .* tags"):
        write("lab", scattered)
    with pytest.raises(DataError, match="too long"):
        write("x" * 91, ["10.42.0.0/24"])


@pytest.mark.parametrize(
    "value", ["0.0.0.0/0-32", "nonsense", "10.42.0.0/16-99", "10.42.0.0/16-8", "10.42.0.0/16--24", "/", "-", ""]
)
def test_hostile_tags_cost_nothing_and_own_nothing_else(value: str) -> None:
    """A tag is a claim about what it lists; one that lists everything is not expanded, nonsense says nothing."""
    owner = Ledger({f"{OWNED}evil": value}).owner(ipaddress.ip_network("10.42.3.0/24"))
    assert owner == ""
