"""How Azure's resources are called here, and how routes are known as ours."""

from __future__ import annotations

import ipaddress
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.azure_names import (
    default_table,
    local,
    network_of,
    own_tags,
    owner_of,
    parts_of,
    route_label,
    scoped,
    tag_of,
)
from l2bridge_helpers.errors import DataError
from tests.azure_values import GROUP, SUBSCRIPTION, arm

VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9_]")
CLUSTERS = st.text(max_size=60) | st.text("ab-._", max_size=40) | st.from_regex(r"[a-z0-9]-[a-f0-9]{8}", fullmatch=True)
NUMBERS = st.integers(0, 2**32 - 1).map(lambda number: f"{ipaddress.IPv4Address(number)}/32")
SIXES = st.integers(0, 2**128 - 1).map(lambda number: f"{ipaddress.IPv6Address(number)}/128")
FEW_SIXES = st.sampled_from(["fd00:1::/64", "1::/64", "::1/128", "::/0", "1::1:0/112", "1:0:1::/112"])
DESTINATIONS = st.sampled_from(["10.4.2.0/24", "10.42.0.0/24", "10.42.0.0/2"]) | NUMBERS | SIXES | FEW_SIXES

NIC = "Microsoft.Compute/virtualMachineScaleSets/Pool/virtualMachines/0/networkInterfaces/Nic"


# Ids.


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("Microsoft.Compute/virtualMachines/Node-1", "node-1"),
        ("Microsoft.Network/virtualNetworks/Main/subnets/A", "main/a"),
        (NIC, "pool/0/nic"),
    ],
)
def test_an_id_is_subscription_group_and_names(path: str, names: str) -> None:
    """Without the words that every id has, in lower case."""
    assert parts_of(arm(path)) == (SUBSCRIPTION, GROUP.lower(), *names.split("/"))
    assert scoped(arm(path)) == f"{SUBSCRIPTION}/cluster-rg/{names}"
    assert local(arm(path)) == f"cluster-rg/{names}"


@given(st.randoms(use_true_random=False))
def test_ids_in_any_letter_case_compare_equal(chance: random.Random) -> None:
    """ARM's answers differ in it, also in one answer."""
    mixed = "".join(chance.choice([letter.upper(), letter.lower()]) for letter in arm(NIC))
    assert (scoped(mixed), local(mixed)) == (scoped(arm(NIC)), local(arm(NIC)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "node-1",
        f"/subscriptions/{SUBSCRIPTION}",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/",
        f"https://management.azure.com{arm(NIC)}",
    ],
)
def test_what_is_no_id_names_nothing(text: str) -> None:
    """Neither half an id nor an address."""
    assert (parts_of(text), scoped(text), local(text), network_of(text)) == ((), "", "", "")


def test_the_network_of_a_subnet_is_what_it_is_in() -> None:
    """Scoped: a network may be in another group than its machines."""
    assert network_of(arm("Microsoft.Network/virtualNetworks/Main/subnets/A", "Net")) == f"{SUBSCRIPTION}/net/main"


# Names of routes and tables.


@given(CLUSTERS, DESTINATIONS)
def test_any_cluster_and_pod_cidr_make_a_valid_route_name(cluster: str, destination: str) -> None:
    """Azure: 1 to 80 of `[A-Za-z0-9_.-]`, a letter or digit first, one of these or `_` last."""
    label = route_label(cluster, destination)
    assert VALID.fullmatch(label)
    assert len(label) <= 80
    assert label == label.lower()


def test_the_longest_name_still_fits() -> None:
    """Thirty letters of a cluster's name, and an IPv6 address of all eight groups."""
    label = route_label("a" * 30, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")
    assert label == "l2b-" + "a" * 30 + "-ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_128"
    assert len(label) == 78


@pytest.mark.parametrize("length", [1, 2, 29, 30, 31, 40, 200])
def test_long_cluster_names_fit_too(length: int) -> None:
    """What would be too long is cut off, with a digest in its place."""
    label = route_label("a" * length, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")
    assert len(label) <= 80
    assert ("_ffff" in label, f"-{'a' * length}-" in label) == (True, length <= 30)


@given(CLUSTERS, CLUSTERS, DESTINATIONS, DESTINATIONS)
def test_a_name_tells_cluster_and_pod_cidr(one: str, other: str, here: str, there: str) -> None:
    """Names are unique in a table, which clusters may share: each pair has its own."""
    assert (route_label(one, here) == route_label(other, there)) == ((one, here) == (other, there))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("x", "fd00:1::/64"), ("x-fd00", "1::/64")),
        (("Abc", "10.42.0.0/24"), ("abc-06d90109", "10.42.0.0/24")),
        (("blue", "10.42.0.0/24"), ("Blue", "10.42.0.0/24")),
        (("b" * 31, "10.42.0.0/24"), ("b" * 32, "10.42.0.0/24")),
        (("blue", "::ffff:1.2.3.4/128"), ("blue", "::ffff:1:2:3:4/128")),
    ],
)
def test_names_that_look_alike_stay_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Also where a name could be read in two ways, and where what is cut off tells them apart."""
    assert route_label(*one) != route_label(*other)


@pytest.mark.parametrize(
    ("cluster", "destination", "label"),
    [
        ("prod", "10.42.1.0/24", "l2b-prod-10.42.1.0_24"),
        ("prod.eu-1", "fd00:42:1::/64", "l2b-prod.eu-1-fd00_42_1___64"),
        ("arn:aws:eks/Prod", "10.42.1.0/24", "l2b-arn-aws-eks-prod_8ebf44c3-10.42.1.0_24"),
        ("(Prod)", "10.42.1.0/24", "l2b-prod_cac37a3d-10.42.1.0_24"),
        ("???", "10.42.1.0/24", "l2b-x_a03b221c-10.42.1.0_24"),
    ],
)
def test_a_name_is_the_same_on_every_run(cluster: str, destination: str, label: str) -> None:
    """Known values: a new scheme would orphan every route that was ever made."""
    assert route_label(cluster, destination) == label


@given(CLUSTERS)
def test_any_cluster_makes_a_valid_table_name(cluster: str) -> None:
    """Azure's rule for tables is that for routes."""
    assert VALID.fullmatch(default_table(cluster))
    assert len(default_table(cluster)) <= 80


@given(CLUSTERS, CLUSTERS)
def test_two_clusters_never_make_the_same_table_or_tag(one: str, other: str) -> None:
    """A table has one value under each name: the other one's mark would be gone."""
    assert (default_table(one) == default_table(other)) == (one == other)
    assert (tag_of(one).keys() == tag_of(other).keys()) == (one == other)


# Marks.


@given(CLUSTERS, DESTINATIONS)
def test_a_route_of_ours_is_known_again(cluster: str, destination: str) -> None:
    """Whatever the cluster is called, and whoever else has routes in the table."""
    tags = tag_of("green") | tag_of(cluster) | {"owner": "ops"}
    assert owner_of(route_label(cluster, destination), destination, tags) == cluster


BLUE = route_label("blue", "10.42.1.0/24")


@pytest.mark.parametrize(
    ("label", "tags", "owner"),
    [
        (BLUE, {"l2bridge:blue": "blue"}, "blue"),
        (BLUE.upper(), {"L2Bridge:BLUE": "blue"}, "blue"),
        (BLUE, {}, ""),
        (BLUE, {"owner": "blue"}, ""),
        ("by-hand", {"l2bridge:blue": "blue"}, ""),
        (route_label("blue", "10.42.2.0/24"), {"l2bridge:blue": "blue"}, ""),
        (f"{BLUE}-2", {"l2bridge:blue": "blue"}, ""),
        (BLUE, {"l2bridge:green": "green"}, ""),
        (BLUE, {"l2bridge:blue": "green"}, ""),
        (BLUE, {"l2bridge:green": "blue"}, ""),
        (BLUE, {"l2bridge:blue": "Blue"}, ""),
        (BLUE, {"l2bridge:blue": ""}, ""),
        (BLUE, {"l2bridge:blue:x": "blue"}, ""),
    ],
    ids=lambda part: str(part)[-40:],
)
def test_a_route_is_ours_by_its_name_and_its_tables_tag(label: str, tags: dict[str, str], owner: str) -> None:
    """One of them alone, another cluster's tag, or a tag that is not written as we write it, is not enough."""
    assert owner_of(label, "10.42.1.0/24", tags) == owner


@pytest.mark.parametrize(
    ("tags", "own"),
    [
        ({"l2bridge:blue": "blue", "owner": "ops", "l2bridge:green": "green"}, {"l2bridge:blue": "blue"}),
        ({"L2BRIDGE:Blue": "blue"}, {"l2bridge:blue": "blue"}),
        ({"l2bridge:blue": "Blue"}, {}),
        ({}, {}),
    ],
)
def test_our_tag_is_found_in_any_letter_case(tags: dict[str, str], own: dict[str, str]) -> None:
    """Azure ignores it in tags' names, and keeps the case that the first writer used; values count to the letter."""
    assert own_tags(tags, "blue") == own


def test_a_name_that_no_tag_holds_is_refused_by_name() -> None:
    """A tag's value has at most 256 characters; the error says what to set."""
    assert tag_of("c" * 256).popitem()[1] == "c" * 256
    with pytest.raises(DataError, match=f"cluster '{'c' * 257}': .*set cluster"):
        tag_of("c" * 257)
