"""One list of rules: which packets its rules speak of, whom they match, and which of them decides."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.filters import FIREWALL, NETWORK_ACL, NSG, SECURITY_GROUP, Layer, Rule
from l2bridge_helpers.reach_ends import bounds, network_of
from l2bridge_helpers.reach_rules import Cuts, Decision, Match, RuleList, Sided
from l2bridge_helpers.reach_traffic import ANY_PORT, HTTPS, Ports, Traffic

OPEN_OUT = Layer(FIREWALL, "network", open_out=True)
SHUT = Layer(NSG, "subnet")
GROUPS = Layer(SECURITY_GROUP, "groups", peers="unproven")


# What packets are.


@pytest.mark.parametrize(
    ("traffic", "told"),
    [
        (HTTPS, "TCP 443"),
        (Traffic("UDP", 53), "UDP 53"),
        (Traffic("icmp"), "ICMP"),
        (Traffic("47"), "protocol 47"),
        (Traffic("6", 80), "protocol 6 80"),
        (ANY_PORT, "TCP to any port"),
    ],
)
def test_traffic_is_told_as_people_say_it(traffic: Traffic, told: str) -> None:
    """A port only where the protocol has ports."""
    assert str(traffic) == told


@pytest.mark.parametrize(
    ("protocol", "has"), [("tcp", True), ("132", True), ("SCTP", True), ("icmp", False), ("1", False)]
)
def test_only_some_protocols_have_ports(protocol: str, has: bool) -> None:  # noqa: FBT001 - pytest's
    """By name or by number."""
    assert Traffic(protocol).has_ports is has


def test_an_answer_goes_to_the_port_that_the_sender_has_chosen() -> None:
    """Any of Linux's; a protocol without ports is answered as it asks."""
    assert HTTPS.answer == Ports("tcp", 32768, 60999)
    assert Traffic("icmp").answer == Traffic("icmp").packet


@pytest.mark.parametrize(
    ("protocol", "written", "held"),
    [
        ("tcp", "all", True),
        ("tcp", "-1", True),
        ("tcp", "*", True),
        ("tcp", "tcp", True),
        ("TCP", "6", True),
        ("6", "tcp", True),
        ("tcp", "udp", False),
        ("tcp", "icmp", False),
        ("tcp", "tcp:443", True),
        ("tcp", "all:443", True),
        ("tcp", "6:22-22", False),
        ("tcp", "tcp:80,443", True),
        ("tcp", "tcp:22,80-90", False),
        ("tcp", "tcp:0-65535", True),
        ("tcp", "udp:443", False),
        ("tcp", "tcp:443 from 53", False),
        ("tcp", "all from 53", False),
        ("icmp", "icmp", True),
        ("icmp", "1", True),
        ("icmp", "icmp:8", True),
        ("icmp", "tcp", False),
        ("ipv6-icmp", "icmpv6", True),
        ("58", "icmp", False),
    ],
)
def test_a_rule_speaks_of_a_protocol_by_name_or_number_and_of_ports(protocol: str, written: str, held: bool) -> None:  # noqa: FBT001 - pytest's
    """One port is held and met by the same rules; one for packets from some port is no rule for all."""
    packet = Traffic(protocol).packet
    assert (packet.held_by((written,)), packet.met_by((written,))) == (held, held)


@pytest.mark.parametrize(
    ("written", "held", "met"),
    [
        (("tcp:32768-60999",), True, True),
        (("tcp:1024-65535",), True, True),
        (("tcp:32768-40000", "6:40001-60999"), True, True),
        (("tcp:40001-60999,32768-40000",), True, True),
        (("tcp:32768-40000,40002-60999",), False, True),
        (("tcp:49152-65535",), False, True),
        (("tcp:443",), False, False),
        ((), False, False),
    ],
)
def test_a_range_of_ports_is_held_by_rules_that_leave_none_out(written: tuple[str, ...], held: bool, met: bool) -> None:  # noqa: FBT001 - pytest's
    """Several parts may hold it together; one port of it is enough to meet it."""
    assert (HTTPS.answer.held_by(written), HTTPS.answer.met_by(written)) == (held, met)


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


def rule(name: str, *, allow: bool = True, protocols: tuple[str, ...] = ("all",), peers: tuple[str, ...] = ()) -> Rule:
    return Rule(NSG, "list", name, 100, allow=allow, inbound=True, protocols=protocols, peers=peers)


def sided(
    name: str,
    source: str = "",
    destination: str = "",
    *,
    allow: bool = True,
    protocols: tuple[str, ...] = ("all",),
    peers: tuple[str, ...] = (),
) -> Sided:
    """Return a rule that matches these ranges; "": any address."""
    sides = [_match(*([cidr] if cidr else []), groups=named) for cidr, named in ((source, peers), (destination, ()))]
    return Sided(rule(name, allow=allow, protocols=protocols, peers=peers), *sides)


def decide(
    *entries: Sided,
    source: str = "10.42.1.0/24",
    destination: str = "10.42.2.0/24",
    layer: Layer = SHUT,
    inbound: bool = True,
    ports: Ports = HTTPS.packet,
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
    answer = HTTPS.answer
    assert decide(sided("some", allow=False, protocols=some), sided("all"), ports=answer) == ("blocked", "some")
    assert decide(sided("some", protocols=some), DENY_REST, ports=answer) == ("blocked", "rest")


def test_where_no_port_is_meant_rules_for_some_ports_do_not_count() -> None:
    """Neither those that allow nor those that deny."""
    some, packet = ("tcp:1-1000",), ANY_PORT.packet
    assert decide(sided("some", allow=False, protocols=some), sided("all"), ports=packet) == ("passes", "all")
    assert decide(sided("some", protocols=some), DENY_REST, ports=packet) == ("blocked", "rest")


def test_rules_for_ports_say_nothing_of_protocols_without() -> None:
    """Azure writes `*` with ports."""
    ping = Traffic("icmp").packet
    assert decide(sided("web", allow=False, protocols=("all:443",)), sided("all"), ports=ping) == ("passes", "all")
    assert decide(sided("web", protocols=("all:443",)), DENY_REST, ports=ping) == ("blocked", "rest")


# Rules that name groups.


def test_who_is_in_a_group_that_is_named_is_not_proven_to_pass() -> None:
    """Sources contradict each other on whether a pod's packets match; who is in another group does not."""
    named = sided("named", peers=("sg-a",))
    assert decide(named, layer=GROUPS, groups=frozenset({"sg-a", "sg-b"})) == ("unproven", "named")
    assert decide(named, layer=GROUPS, groups=frozenset({"sg-b"})) == ("blocked", "")
    assert decide(named, layer=GROUPS) == ("blocked", "")


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
        RuleList(SHUT, name, name, True, (Sided(rule(f"of {name}"), match, _EVERY),), 4, HTTPS.packet, programs)  # noqa: FBT003 - in
        for name in ("one", "two")
    ]
    assert lists[0].program is lists[1].program
    pieces = lists[0].sources.pieces(*bounds(ipaddress.ip_network("10.42.1.0/24")))
    told = [one.decide(pieces, (0, 0)).rule for one in lists]
    assert [one.name for one in told if one] == ["of one", "of two"]


_EVERY = _match()
