"""What packets a question is about, and which rules speak of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.filters import NSG, Rule
from l2bridge_helpers.reachability.traffic import ANY_PORT, HTTPS, Ports, Traffic

LINUX, WINDOWS, BOTH = (32768, 60999), (49152, 65535), (32768, 65535)


def rule(*protocols: str, origins: tuple[str, ...] = ()) -> Rule:
    return Rule(NSG, "list", "r", 100, allow=True, inbound=True, protocols=protocols, origins=origins)


def spoken(packets: Ports, *protocols: str, origins: tuple[str, ...] = ()) -> str:
    """Return of how much of these packets a rule speaks: all, some, or none."""
    told = {one for (one,) in packets.spoken([rule(*protocols, origins=origins)])}
    return "some" if len(told) > 1 else "all" if told == {True} else "none"


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


@pytest.mark.parametrize(
    ("systems", "chosen"),
    [
        (["linux"], LINUX),
        (["windows"], WINDOWS),
        (["linux", "windows"], BOTH),
        ([""], BOTH),
        (["windows", ""], BOTH),
        ([], BOTH),
    ],
)
def test_packets_come_from_the_ports_that_the_systems_choose_and_answers_go_there(
    systems: list[str], chosen: tuple[int, int]
) -> None:
    """A system that is not known may be any."""
    assert HTTPS.packet(4, systems) == Ports("6", (443, 443), chosen)
    assert HTTPS.answer(4, systems) == Ports("6", chosen, (443, 443))


@pytest.mark.parametrize("protocol", ["icmp", "ICMPv6", "1", "58"])
@pytest.mark.parametrize(("version", "number"), [(4, "1"), (6, "58")])
def test_each_address_family_has_its_icmp(protocol: str, version: int, number: str) -> None:
    """However it is called; it is answered as it asks."""
    traffic = Traffic(protocol)
    assert traffic.packet(version).protocol == number
    assert traffic.answer(version, ["linux"]) == traffic.packet(version)


# What rules speak of.


@pytest.mark.parametrize(
    ("protocol", "written", "held"),
    [
        ("tcp", "all", "all"),
        ("tcp", "-1", "all"),
        ("tcp", "*", "all"),
        ("tcp", "tcp", "all"),
        ("tcp", "ALL", "all"),
        ("tcp", "All:443", "all"),
        ("tcp", "TCP:443", "all"),
        ("TCP", "6", "all"),
        ("6", "tcp", "all"),
        ("tcp", "udp", "none"),
        ("tcp", "icmp", "none"),
        ("tcp", "tcp:443", "all"),
        ("tcp", "all:443", "all"),
        ("tcp", "6:22-22", "none"),
        ("tcp", "tcp:80,443", "all"),
        ("tcp", "tcp:22,80-90", "none"),
        ("tcp", "tcp:0-65535", "all"),
        ("tcp", "udp:443", "none"),
        ("icmp", "icmp", "all"),
        ("icmp", "1", "all"),
        ("icmp", "icmp:8", "some"),
        ("icmp", "icmp:3-4", "some"),
        ("icmp", "tcp", "none"),
        ("icmp", "all:443", "none"),
        ("icmp", "all:0-1023,1024-65535", "all"),
        ("icmp", "icmpv6", "none"),
        ("47", "gre", "all"),
    ],
)
def test_a_rule_speaks_of_a_protocol_by_name_or_number_and_of_ports(protocol: str, written: str, held: str) -> None:
    """In any letter case."""
    assert spoken(Traffic(protocol).packet(4), written) == held


@pytest.mark.parametrize(("written", "held"), [("58", "all"), ("icmpv6", "all"), ("58:128", "some"), ("icmp", "none")])
def test_rules_for_the_icmp_of_the_other_family_say_nothing(written: str, held: str) -> None:
    """In IPv6 ping is protocol 58."""
    assert spoken(Traffic("icmp").packet(6), written) == held


def test_an_icmp_code_is_a_part_of_its_type() -> None:
    """256 codes of one type are all of them."""
    packets = Traffic("icmp").packet(4)
    kind, codes = rule("icmp:3"), rule(*(f"icmp:3-{code}" for code in range(256)))
    assert {told[0] == told[1] for told in packets.spoken([kind, codes])} == {True}
    assert (True, False) in packets.spoken([kind, rule("icmp:3-4")])


@pytest.mark.parametrize(
    ("written", "held"),
    [
        (("tcp:32768-60999",), "all"),
        (("tcp:1024-65535",), "all"),
        (("tcp:32768-40000", "6:40001-60999"), "all"),
        (("tcp:40001-60999,32768-40000",), "all"),
        (("tcp:32768-40000,40002-60999",), "some"),
        (("tcp:32768-60998",), "some"),
        (("tcp:32769-60999",), "some"),
        (("tcp:49152-65535",), "some"),
        (("tcp:443",), "none"),
        ((), "none"),
    ],
)
def test_a_range_of_ports_is_cut_where_rules_begin_or_end(written: tuple[str, ...], held: str) -> None:
    """Several parts of a rule may hold all of it together."""
    assert spoken(HTTPS.answer(4, ["linux"]), *written) == held


@pytest.mark.parametrize(
    ("origins", "held"),
    [
        ((), "all"),
        (("0-65535",), "all"),
        (("1024-65535",), "all"),
        (("1024-49151", "49152-65535"), "all"),
        (("49152-65535",), "some"),
        (("53", "40000"), "some"),
        (("53",), "none"),
    ],
)
def test_a_question_comes_from_a_port_that_its_sender_has_chosen(origins: tuple[str, ...], held: str) -> None:
    """A rule for packets from one port is no rule for all, whatever ports they are sent to."""
    assert spoken(HTTPS.packet(4, ["linux"]), "tcp:443,8443", origins=origins) == held


def test_an_answer_comes_from_the_port_that_was_asked() -> None:
    """And from no other."""
    assert spoken(HTTPS.answer(4), "tcp", origins=("443",)) == "all"
    assert spoken(HTTPS.answer(4), "tcp", origins=("1024-65535",)) == "none"


@pytest.mark.parametrize("protocol", ["icmp", "47"])
def test_rules_about_ports_that_packets_come_from_are_none_for_protocols_without(protocol: str) -> None:
    """Azure writes them beside any protocol."""
    assert spoken(Traffic(protocol).packet(4), "all", origins=("1024-65535",)) == "none"


def test_where_no_port_is_meant_rules_for_some_are_none() -> None:
    """Only those for all ports count."""
    assert spoken(ANY_PORT.packet(4), "tcp:1-1000") == "none"
    assert spoken(ANY_PORT.packet(4), "tcp:1-1000", "tcp:1001-65535") == "all"


@pytest.mark.parametrize(
    ("packets", "written", "met"),
    [
        (HTTPS.packet(4), ("udp", "tcp:400-500"), True),
        (HTTPS.packet(4), ("tcp:22",), False),
        (HTTPS.answer(4), ("tcp:40000",), True),
        (ANY_PORT.packet(4), ("tcp:22",), False),
        (ANY_PORT.packet(4), ("tcp",), True),
        (Traffic("icmp").packet(4), ("icmp:8",), True),
        (HTTPS.packet(4), (), False),
    ],
)
def test_packets_are_met_by_what_holds_some_of_them(packets: Ports, written: tuple[str, ...], met: bool) -> None:  # noqa: FBT001 - pytest's
    """Of any port, by what holds them all."""
    assert packets.met_by(written) is met


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=4), st.integers(5, 15))
def test_a_rule_speaks_of_a_port_or_does_not(ranges: list[tuple[int, int]], port: int) -> None:
    """One port is never cut."""
    entries = [f"tcp:{low}-{high}" for low, high in ranges]
    found = Ports("6", (port, port)).spoken([rule(entry) for entry in entries])
    assert found == [tuple(low <= port <= high for low, high in ranges)]
