import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.gce_names import (
    MANAGER,
    name_prefix,
    route_description,
    route_name,
    route_owner,
    rule_description,
    rule_name,
    rule_owner,
)

VALID = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
TEXTS = st.text(max_size=80) | st.text("abc-.1", min_size=30, max_size=80)
IDENTITIES = st.fixed_dictionaries(dict.fromkeys(("cluster", "network", "node", "destination", "next_hop"), TEXTS))
SAMPLE = {
    "cluster": "prod",
    "network": "main",
    "node": "node-1",
    "destination": "10.42.0.0/24",
    "next_hop": "projects/p/zones/z/instances/node-1",
}


@given(IDENTITIES)
def test_any_names_make_a_valid_route_name(identity: dict[str, str]) -> None:
    """Compute Engine takes 1 to 63 characters of `[a-z]([-a-z0-9]*[a-z0-9])?`."""
    name = route_name(**identity)
    assert VALID.fullmatch(name)
    assert len(name) <= 63
    assert name.startswith(name_prefix(identity["cluster"]))


@given(IDENTITIES, IDENTITIES)
def test_different_routes_have_different_names(one: dict[str, str], other: dict[str, str]) -> None:
    """Names are unique per project, so they tell clusters, networks, nodes, families and next hops apart."""
    assert (one == other) == (route_name(**one) == route_name(**other))


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("cluster", "prod-2"),
        ("cluster", "PROD"),
        ("network", "main-2"),
        ("node", "node-10"),
        ("node", "node.1"),
        ("destination", "10.42.1.0/24"),
        ("destination", "fd00:42::/64"),
        ("next_hop", "projects/p/zones/z2/instances/node-1"),
        ("next_hop", "10.0.0.2"),
    ],
)
def test_each_part_tells_two_routes_apart(key: str, other: str) -> None:
    """Also where two names look the same once they are shortened."""
    assert route_name(**SAMPLE) != route_name(**{**SAMPLE, key: other})


def test_long_names_that_begin_alike_stay_apart() -> None:
    """What is cut off still counts."""
    assert route_name(**{**SAMPLE, "node": "n" * 60 + "1"}) != route_name(**{**SAMPLE, "node": "n" * 60 + "2"})


def test_name_is_the_same_on_every_run() -> None:
    """A known value: a new scheme would orphan every route that was ever made."""
    assert route_name(**SAMPLE) == "l2b-prod-node-1-5ff78cf2e4e5"


def test_parts_cannot_be_shifted_into_each_other() -> None:
    """`a` + `bc` is not `ab` + `c`."""
    one = route_name(**{**SAMPLE, "cluster": "a", "network": "bc"})
    assert one != route_name(**{**SAMPLE, "cluster": "ab", "network": "c"})


@given(TEXTS, TEXTS, TEXTS)
def test_own_route_is_known_again(cluster: str, node: str, destination: str) -> None:
    """Name and description of what we make always show that it is ours, whose, and for which node."""
    name = route_name(cluster=cluster, network="n", node=node, destination=destination, next_hop="h")
    assert route_owner(name, route_description(cluster=cluster, node=node)) == (cluster, node)


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("by-hand", route_description(cluster="prod", node="node-1")),
        ("l2b-other-node-1-0123456789ab", route_description(cluster="prod", node="node-1")),
        (route_name(**SAMPLE), ""),
        (route_name(**SAMPLE), "k8s-node-route"),
        (route_name(**SAMPLE), f"{MANAGER} prod node-1"),
        (route_name(**SAMPLE), json.dumps({"managed-by": "someone", "cluster": "prod", "node": "node-1"})),
        (route_name(**SAMPLE), json.dumps({"managed-by": MANAGER, "cluster": "prod"})),
        (route_name(**SAMPLE), json.dumps({"managed-by": MANAGER, "cluster": None, "node": "node-1"})),
        (route_name(**SAMPLE), json.dumps({"managed-by": MANAGER, "cluster": "prod", "node": 1})),
        (route_name(**SAMPLE), json.dumps([MANAGER, "prod", "node-1"])),
        (route_name(**SAMPLE), "null"),
        (route_name(**SAMPLE), "[" * 2000),
    ],
)
def test_one_mark_alone_is_not_enough(name: str, description: str) -> None:
    """A route is ours only when name and description both say so; whatever people write there is no crash."""
    assert route_owner(name, description) == ("", "")


RULES = st.fixed_dictionaries(
    {"cluster": TEXTS, "network": TEXTS, "version": st.sampled_from([4, 6]), "ranges": st.sets(TEXTS, max_size=2)}
)


@given(RULES, RULES)
def test_rules_of_a_firewall_have_valid_names_of_their_own(one: Any, other: Any) -> None:
    """By cluster, network, family and flannel's ranges: clusters that are called alike do not share a rule."""
    name = rule_name(**one)
    assert VALID.fullmatch(name)
    assert len(name) <= 63
    assert (one == other) == (name == rule_name(**other))
    assert rule_owner(name, rule_description(cluster=one["cluster"])) == one["cluster"]


def test_a_rule_s_name_is_the_same_on_every_run() -> None:
    """A known value; the order of ranges has no say."""
    ranges = ["10.42.0.0/16", "10.43.0.0/16"]
    name = rule_name(cluster="prod", network="main", version=4, ranges=ranges)
    assert name == rule_name(cluster="prod", network="main", version=4, ranges=ranges[::-1])
    assert name == "l2b-prod-pods-v4-8331fbb12e7b"


def test_a_mark_of_a_route_is_none_of_a_rule() -> None:
    """Nor the other way round."""
    route, rule = route_name(**SAMPLE), rule_name(cluster="prod", network="main", version=4, ranges=[])
    assert rule_owner(rule, route_description(cluster="prod", node="node-1")) == ""
    assert rule_owner(route, rule_description(cluster="prod")) == ""
    assert route_owner(rule, rule_description(cluster="prod")) == ("", "")
    other = json.dumps({"managed-by": MANAGER, "cluster": "prod", "for": "nodes"})
    assert rule_owner(rule, other) == ""


def test_cluster_whose_name_begins_like_ours_is_another() -> None:
    """The prefixes `l2b-prod-` and `l2b-prod-eu-` look alike; the description decides."""
    name = route_name(**{**SAMPLE, "cluster": "prod-eu"})
    assert name.startswith(name_prefix("prod"))
    assert route_owner(name, route_description(cluster="prod-eu", node="node-1")) == ("prod-eu", "node-1")
