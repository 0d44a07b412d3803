"""One list of rules: whom they match, and which of them decides."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.filters import FIREWALL, NETWORK_ACL, NSG, SECURITY_GROUP, Layer, Rule
from l2bridge_helpers.reachability.ends import bounds, network_of
from l2bridge_helpers.reachability.rules import Cuts, Decision, Match, RuleList, Sided
from l2bridge_helpers.reachability.traffic import ANY_PORT, HTTPS, Ports, Traffic

OPEN_OUT = Layer(FIREWALL, "network", open_out=True)
SHUT = Layer(NSG, "subnet")
GROUPS = Layer(SECURITY_GROUP, "groups", peers="unproven")
HTTPS_PACKET = HTTPS.packet(4)


# Whom rules match.


def _match(*cidrs: str, groups: Sequence[str] = ()) -> Match:
    return Match.of(
        [network for cidr in cidrs if (network := network_of(cidr))], every=not cidrs and not groups, groups=groups
    )


def test_ranges_are_merged_and_told_apart_by_family() -> None:
    """Halves are a whole."""
    match = _match("10.42.0.128/25", "10.42.0.0/25", "fd00::/64")
    assert match.spans(4) == [bounds(ipaddress.ip_network("10.42.0.0/24"))]
    assert match.spans(6) == [bounds(ipaddress.ip_network("fd00::/64"))]


def test_addresses_are_cut_where_a_match_begins_or_ends() -> None:
    """All addresses of a piece are matched alike; what matches everything cuts nothing."""
    cuts = Cuts([_match("10.42.0.0/24"), _match("10.42.0.128/25"), _match(), _match("fd00::/8")], 4)
    pieces = [
        cuts.pieces(*bounds(ipaddress.ip_network(cidr))) for cidr in ("10.42.0.0/25", "10.42.0.0/24", "10.9.0.0/24")
    ]
    assert pieces == [(1, 1), (1, 2), (0, 0)]
    assert cuts.hits.tolist() == [
        [False, True, True, False],
        [False, False, True, False],
        [True, True, True, True],
        [False, False, False, False],
    ]


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(28, 32)), max_size=4), st.integers(0, 15))
def test_a_piece_s_hits_are_those_of_each_of_its_addresses(ranges: list[tuple[int, int]], host: int) -> None:
    """Whatever ranges there are."""
    matches = [
        _match(str(ipaddress.ip_network((0x0A2A0000 + start, length), strict=False))) for start, length in ranges
    ]
    cuts, address = Cuts(matches, 4), 0x0A2A0000 + host
    (piece, same) = cuts.pieces(address, address)
    assert piece == same
    assert cuts.hits[:, piece].tolist() == [
        any(low <= address <= high for low, high in match.spans(4)) for match in matches
    ]


# Which rule decides.


def rule(name: str, *, allow: bool = True, **more: Any) -> Rule:
    return Rule(NSG, "list", name, 100, allow=allow, inbound=True, **more)


def sided(
    name: str,
    source: str = "",
    destination: str = "",
    *,
    allow: bool = True,
    peers: tuple[str, ...] = (),
    **more: Any,
) -> Sided:
    """Return a rule that matches these ranges; "": any address."""
    sides = [_match(*([cidr] if cidr else []), groups=named) for cidr, named in ((source, peers), (destination, ()))]
    return Sided(rule(name, allow=allow, peers=peers, **more), *sides)


def decide(
    *entries: Sided,
    source: str = "10.42.1.0/24",
    destination: str = "10.42.2.0/24",
    layer: Layer = SHUT,
    inbound: bool = True,
    ports: Ports = HTTPS_PACKET,
    groups: frozenset[str] = frozenset(),
) -> tuple[str, str]:
    """Return what a list of these rules does, and by which rule."""
    version = ipaddress.ip_network(source).version
    rules = RuleList(layer, "list", "the list", inbound, entries, version, ports)
    pieces = [
        cuts.pieces(*bounds(ipaddress.ip_network(cidr)))
        for cuts, cidr in ((rules.sources, source), (rules.destinations, destination))
    ]
    decision: Decision = rules.decide(pieces[0], pieces[1], groups)
    return decision.outcome, decision.rule.name if decision.rule else ""


DENY_REST = sided("rest", allow=False)


def test_the_first_rule_that_matches_decides() -> None:
    """Rules behind it are not asked."""
    assert decide(sided("one"), DENY_REST) == ("passes", "one")
    assert decide(DENY_REST, sided("one")) == ("blocked", "rest")
    assert decide(sided("one", "10.42.9.0/24"), DENY_REST) == ("blocked", "rest")


@pytest.mark.parametrize(
    ("layer", "inbound", "outcome"),
    [(SHUT, True, "blocked"), (SHUT, False, "blocked"), (OPEN_OUT, True, "blocked"), (OPEN_OUT, False, "passes")],
)
def test_what_no_rule_matches_is_dropped_unless_the_way_out_is_open(layer: Layer, inbound: bool, outcome: str) -> None:  # noqa: FBT001 - pytest's
    """Then no rule decides."""
    assert decide(layer=layer, inbound=inbound) == (outcome, "")
    assert decide(sided("other", "10.9.0.0/16"), layer=layer, inbound=inbound) == (outcome, "")


@pytest.mark.parametrize("cidr", ["10.42.1.128/25", "10.42.1.7/32", "10.42.1.7"])
def test_a_part_that_is_denied_is_denied(cidr: str) -> None:
    """Pods with these addresses are out of reach."""
    assert decide(sided("part", cidr, allow=False), sided("all")) == ("blocked", "part")
    assert decide(sided("part", "", cidr.replace(".1.", ".2."), allow=False), sided("all")) == ("blocked", "part")


def test_of_several_rules_that_drop_parts_the_first_of_the_list_is_told() -> None:
    """A rule in front of that one lets all of them through, wherever in the range they are."""
    one, two = sided("one", "10.42.1.200/32", allow=False), sided("two", "10.42.1.0/28", allow=False)
    assert decide(one, two, sided("all")) == ("blocked", "one")
    assert decide(two, one, sided("all")) == ("blocked", "two")


def test_what_is_let_through_in_parts_is_let_through() -> None:
    """By several rules together; not if one address is left out."""
    halves = [sided("low", "10.42.1.0/25"), sided("high", "10.42.1.128/25")]
    assert decide(*halves, DENY_REST)[0] == "passes"
    assert decide(halves[0], DENY_REST) == ("blocked", "rest")


def test_families_are_apart() -> None:
    """A rule for the one matches nothing of the other, but one for any address does."""
    assert decide(sided("four", "0.0.0.0/0"), source="fd00:42::/64", destination="fd00:43::/64") == ("blocked", "")
    assert decide(sided("any"), source="fd00:42::/64", destination="fd00:43::/64") == ("passes", "any")


@pytest.mark.parametrize("protocols", [("udp",), ("icmp",), ("tcp:22",), ("tcp:80", "udp"), ("all:80",)])
@pytest.mark.parametrize("allow", [True, False])
def test_rules_about_other_packets_are_passed_over(protocols: tuple[str, ...], allow: bool) -> None:  # noqa: FBT001 - pytest's
    """Another protocol or port does not decide."""
    assert decide(sided("other", allow=not allow, protocols=protocols), sided("rest", allow=allow))[1] == "rest"


def test_of_a_range_of_ports_one_that_is_denied_is_enough() -> None:
    """And a rule that lets only some of them through lets nothing through."""
    some = ("tcp:40000",)
    answer = HTTPS.answer(4, ["linux"])
    assert decide(sided("some", allow=False, protocols=some), sided("all"), ports=answer) == ("blocked", "some")
    assert decide(sided("some", protocols=some), DENY_REST, ports=answer) == ("blocked", "rest")


def test_where_no_port_is_meant_rules_for_some_ports_do_not_count() -> None:
    """Neither those that allow nor those that deny."""
    some, packet = ("tcp:1-1000",), ANY_PORT.packet(4)
    assert decide(sided("some", allow=False, protocols=some), sided("all"), ports=packet) == ("passes", "all")
    assert decide(sided("some", protocols=some), DENY_REST, ports=packet) == ("blocked", "rest")


def test_rules_for_ports_say_nothing_of_protocols_without() -> None:
    """Azure writes `*` with ports."""
    ping = Traffic("icmp").packet(4)
    assert decide(sided("web", allow=False, protocols=("all:443",)), sided("all"), ports=ping) == ("passes", "all")
    assert decide(sided("web", protocols=("all:443",)), DENY_REST, ports=ping) == ("blocked", "rest")


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        (["tcp:32768-49151", "tcp:49152-65535"], "passes"),
        (["tcp:49152-60999", "tcp:32768-50000"], "passes"),
        (["tcp:32768-49150", "tcp:49152-65535"], "blocked"),
    ],
)
def test_rules_for_parts_of_a_range_of_ports_add_up(parts: list[str], outcome: str) -> None:
    """As ranges of addresses do; one port that is left out is enough."""
    rules = [sided(part, protocols=(part,)) for part in parts]
    assert decide(*rules, DENY_REST, ports=HTTPS.answer(4, ["linux"]))[0] == outcome


def test_a_port_that_is_let_through_in_front_is_not_dropped() -> None:
    """What decides for each port is the first rule that speaks of it."""
    answer = HTTPS.answer(4, ["linux"])
    deny = sided("some", allow=False, protocols=("tcp:40000",))
    assert decide(sided("front", protocols=("tcp:39000-41000",)), deny, sided("all"), ports=answer)[0] == "passes"
    assert decide(sided("front", protocols=("tcp:39000-39999",)), deny, sided("all"), ports=answer) == (
        "blocked",
        "some",
    )


def test_ports_that_packets_come_from_tell_rules_apart() -> None:
    """A deny counts if some packets come from there, an allow for no more than those."""
    chosen, dns = ("1024-65535",), ("53",)
    assert decide(sided("deny", allow=False, origins=chosen), sided("all")) == ("blocked", "deny")
    assert decide(sided("deny", allow=False, origins=dns), sided("all")) == ("passes", "all")
    assert decide(sided("some", origins=chosen), DENY_REST) == ("passes", "some")
    assert decide(sided("some", origins=("1024-49151",)), DENY_REST) == ("blocked", "rest")
    assert decide(sided("dns", protocols=("tcp:443,8443",), origins=dns), DENY_REST) == ("blocked", "rest")


def test_one_kind_of_icmp_that_is_dropped_is_enough() -> None:
    """And a rule for one type lets no others through."""
    ping = Traffic("icmp").packet(4)
    assert decide(sided("ping", allow=False, protocols=("icmp:8",)), sided("all"), ports=ping) == ("blocked", "ping")
    assert decide(sided("fragments", protocols=("icmp:3-4",)), DENY_REST, ports=ping) == ("blocked", "rest")


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=5
    )
)
def test_a_range_of_ports_passes_when_each_of_its_packets_does(rules: list[tuple[bool, int, int, int, int]]) -> None:
    """Whatever ports rules speak of on both sides, and in whatever order."""
    entries = [
        sided(str(place), allow=allow, protocols=(f"tcp:{to}-{to_end}",), origins=(f"{by}-{by_end}",))
        for place, (allow, to, to_end, by, by_end) in enumerate(rules)
    ]

    def passes(port: int, origin: int) -> bool:
        found = (rule[0] for rule in rules if rule[1] <= port <= rule[2] and rule[3] <= origin <= rule[4])
        return next(found, False)

    every = all(passes(port, origin) for port in range(3, 7) for origin in range(2, 5))
    assert decide(*entries, ports=Ports("6", (3, 6), (2, 4)))[0] == ("passes" if every else "blocked")


# Rules that name groups.


def test_who_is_in_a_group_that_is_named_is_not_proven_to_pass() -> None:
    """Sources contradict each other on whether a pod's packets match; who is in another group does not."""
    named = sided("named", peers=("sg-a",))
    assert decide(named, layer=GROUPS, groups=frozenset({"sg-a", "sg-b"})) == ("unproven", "named")
    assert decide(named, layer=GROUPS, groups=frozenset({"sg-b"})) == ("blocked", "")
    assert decide(named, layer=GROUPS) == ("blocked", "")


def test_a_group_that_is_named_for_some_ports_leaves_the_others_shut() -> None:
    """Of parts of which the one is not proven and the other is dropped, the latter counts."""
    named = sided("named", peers=("sg-a",), protocols=("tcp:3-4",))
    members = frozenset({"sg-a"})
    assert decide(named, layer=GROUPS, groups=members, ports=Ports("6", (3, 6))) == ("blocked", "")
    assert decide(named, layer=GROUPS, groups=members, ports=Ports("6", (3, 4))) == ("unproven", "named")


def test_a_prefix_list_may_hold_any_pod() -> None:
    """Its ranges are not read."""
    assert decide(sided("listed", peers=("pl-1",)), layer=GROUPS) == ("unproven", "listed")


def test_a_range_beside_a_name_proves_it() -> None:
    """In the same rule or in another one, before or behind."""
    members = frozenset({"sg-a"})
    named = sided("named", peers=("sg-a",))
    assert decide(named, sided("range", "10.42.0.0/16"), layer=GROUPS, groups=members) == ("passes", "range")
    assert decide(sided("both", "10.42.0.0/16", peers=("sg-a",)), layer=GROUPS, groups=members) == ("passes", "both")
    half = sided("half", "10.42.1.0/25", peers=("sg-a",))
    assert decide(half, layer=GROUPS, groups=members) == ("unproven", "half")


@pytest.mark.parametrize("kind", [FIREWALL, NETWORK_ACL, NSG])
def test_elsewhere_names_never_match_pods(kind: str) -> None:
    """A tag or an application security group stands for interfaces' own addresses."""
    layer = Layer(kind, "network")
    assert decide(sided("named", peers=("web",)), layer=layer, groups=frozenset({"web"})) == ("blocked", "")
    assert decide(sided("named", peers=("web",), allow=False), sided("all"), layer=layer)[1] == "all"


def test_lists_that_say_the_same_are_judged_once_and_told_apart() -> None:
    """Each names its own rule."""
    match, programs = _match("10.42.0.0/16"), {}  # type: ignore[var-annotated]
    lists = [
        RuleList(SHUT, name, name, True, (Sided(rule(f"of {name}"), match, _EVERY),), 4, HTTPS_PACKET, programs)  # noqa: FBT003 - in
        for name in ("one", "two")
    ]
    assert lists[0].program is lists[1].program
    pieces = lists[0].sources.pieces(*bounds(ipaddress.ip_network("10.42.1.0/24")))
    told = [one.decide(pieces, (0, 0)).rule for one in lists]
    assert [one.name for one in told if one] == ["of one", "of two"]


_EVERY = _match()
