"""The picture of a packet's way: every hop is in it once, the one that decides stands out, and nothing breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.explain import explain
from l2bridge_helpers.pictures import Picture, path
from l2bridge_helpers.pictures.lanes import LEFT, MIDDLE, RIGHT, lanes_of
from l2bridge_helpers.pictures.parts import AMBER, BOX, GREEN, GREY, INK, PAPER, RED, WIDTH
from l2bridge_helpers.pictures.path import _TINTS
from l2bridge_helpers.pictures.svg import width_of
from l2bridge_helpers.printable import printable
from l2bridge_helpers.reachability.explanation import BACK, THERE, Explanation, Hop
from l2bridge_helpers.reachability.traffic import Traffic
from tests.builders import CLUSTER, numbered_fabric, numbered_nodes
from tests.lab_worlds import MESSY, seen
from tests.pictures.test_pictures import ATTRIBUTES, ELEMENTS, HOSTILE, NAMES, SVG

KINDS = ("pod CIDR", "host route", "machine", "forwarding", "filter out", "delivery", "filter in", "flannel", "filter")
VERDICTS = ("passes", "blocked", "unproven")


def hop(verdict: str = "passes", kind: str = "machine", at: str = "a", *, way: str = THERE, evidence: str = "") -> Hop:
    return Hop(way, kind, at, verdict, "object", evidence, "")


def way_of(*hops: Hop, source: str = "a (10.42.0.0/24)", destination: str = "b (10.42.1.0/24)") -> Explanation:
    return Explanation(source, destination, Traffic(), hops, "reaches", "reaches")


def way_with(there: Sequence[str], back: Sequence[str] = ()) -> Explanation:
    """Return a way whose hops have these verdicts."""
    return way_of(*map(hop, there), *(hop(verdict, way=BACK, at="b") for verdict in back))


def drawn(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg)  # noqa: S314 - what we drew ourselves


def told(element: ET.Element) -> str:
    """Return a text as it is seen, without its title."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def words(picture: Picture) -> list[str]:
    return [told(element) for element in drawn(picture).iter(f"{SVG}text")]


def tinted(picture: Picture) -> list[str]:
    """Return the titles of what stands out."""
    groups = [group for group in drawn(picture).iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    return [group.findtext(f"{SVG}title", "") for group in groups if group.find(f"{SVG}rect") is not None]


HOPS = st.builds(
    Hop,
    st.sampled_from((THERE, BACK)),
    st.sampled_from(KINDS),
    st.one_of(st.sampled_from(("a", "b", "")), NAMES),
    st.sampled_from(VERDICTS),
    NAMES,
    st.one_of(NAMES, st.just("a rule that says a lot " * 12)),
    NAMES,
)
WAYS = st.builds(
    Explanation,
    st.one_of(st.just("a (10.42.0.0/24)"), NAMES),
    st.one_of(st.just("b (pod fd00:10:42:1234:5678:9abc:def0:1234)"), NAMES),
    st.builds(Traffic, st.sampled_from(("tcp", "icmp", "89")), st.integers(0, 65535)),
    st.lists(HOPS, max_size=28).map(tuple),
    st.just("blocked"),
    st.just("blocked"),
)


@given(WAYS)
def test_whatever_the_names_are_it_is_an_image(way: Explanation) -> None:
    """Well-formed, without a script or anything from outside, and the same bytes for the same values."""
    picture = path(way)
    assert picture == path(replace(way))
    for element in drawn(picture).iter():
        assert element.tag.removeprefix(SVG) in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert "url(" not in "".join(element.attrib.values())
    assert "<" not in picture.html().partition('alt="')[2].partition('"')[0]


@given(WAYS)
def test_every_hop_is_there_once_and_whole(way: Explanation) -> None:
    """In its lane, under its number, with its verdict as a word; the evidence is whole in its title."""
    picture = path(way)
    titles = [element.text or "" for element in drawn(picture).iter(f"{SVG}title")]
    for direction in (THERE, BACK):
        hops = [one for one in way.hops if one.way == direction]
        for number, one in enumerate(hops, start=1):
            start, end = f"{number} {one.hop}", f": {one.verdict}: {printable(one.evidence)}"
            assert any(title.startswith(start) and title.endswith(end) for title in titles)
    counted = [word for word in words(picture) if word in VERDICTS]
    assert sorted(counted) == sorted(one.verdict for one in way.hops)


@given(WAYS)
def test_words_stay_in_their_boxes(way: Explanation) -> None:
    """Long names and IPv6 addresses are shortened or wrapped: no text leaves the picture or runs into another box."""
    for element in drawn(path(way)).iter(f"{SVG}text"):
        x, size = float(element.get("x", 0)), float(element.get("font-size", 0))
        if element.get("text-anchor"):
            continue
        edge = next((right for right in (304 + 12, 634, 952, WIDTH) if x < right), WIDTH)
        limit = WIDTH if size >= 13 and x <= 44 else edge
        assert x + width_of(told(element), size) <= limit + 1


@pytest.mark.parametrize(
    ("there", "back", "chosen"),
    [
        (["passes", "blocked", "blocked"], ["blocked"], ["2 machine at a: blocked"]),
        (["passes", "unproven", "blocked"], [], ["3 machine at a: blocked"]),
        (["passes", "unproven", "unproven"], ["passes"], ["2 machine at a: unproven"]),
        (["passes"], ["passes", "blocked"], ["2 machine at b: blocked"]),
        (["unproven"], ["unproven"], ["1 machine at a: unproven", "1 machine at b: unproven"]),
        (["passes"], ["passes"], []),
        ([], [], []),
    ],
)
def test_the_hop_that_decides_stands_out_alone(there: list[str], back: list[str], chosen: list[str]) -> None:
    """The first one that blocks; where none does, the first one that is not proven; none when nothing arrives."""
    found = [title.removesuffix(": ") for title in tinted(path(way_with(there, back)))]
    assert found == chosen


def test_what_the_packet_does_not_come_to_is_pale() -> None:
    """Everything after the first block, and the whole answer to what does not arrive; obstacles keep their colour."""
    there, back = lanes_of(way_with(["passes", "blocked", "passes", "unproven"], ["passes", "blocked"]))
    assert [stop.pale for stop in there.stops] == [False, False, True, True]
    assert [stop.pale for stop in back.stops] == [True, True]
    assert "no answer, because the packet does not arrive" in back.told()
    colours = [
        element.get("fill")
        for element in drawn(path(way_with(["blocked", "passes", "blocked", "unproven"]))).iter(f"{SVG}text")
        if told(element) in VERDICTS
    ]
    assert colours == [RED, GREY, RED, AMBER]


def test_an_answer_that_is_not_let_back_is_drawn_to_where_it_ends() -> None:
    """The question arrives, so its answer is sent."""
    there, back = lanes_of(way_with(["passes"], ["passes", "blocked", "passes"]))
    assert (there.told(), back.sent) == ("passes its only hop", True)
    assert back.told() == "blocked at hop 2, machine at b"
    assert [stop.pale for stop in back.stops] == [False, False, True]


def test_hops_are_where_the_packet_meets_them() -> None:
    """Before the network at the sender, after it at the receiver; a hop that is elsewhere says so."""
    kinds = [("pod CIDR", "a"), ("host route", "b"), ("delivery", "a"), ("filter", ""), ("machine", "b")]
    there = [hop(kind=kind, at=at) for kind, at in kinds]
    back = [hop(kind="machine", at="b", way=BACK), hop(kind="delivery", at="b", way=BACK), hop(at="a", way=BACK)]
    lanes = lanes_of(way_of(*there, *back))
    assert [stop.place for stop in lanes[0].stops] == [LEFT, LEFT, MIDDLE, RIGHT, RIGHT]
    assert [stop.place for stop in lanes[1].stops] == [RIGHT, MIDDLE, LEFT]
    assert [stop.node for stop in lanes[0].stops] == ["", "b", "", "", ""]
    assert "2  host route at b" in [word.replace("\xa0", " ") for word in words(path(way_of(*there)))]


def test_the_receiver_is_passed_upwards() -> None:
    """The packet comes from below: its last hop is on top, and the numbers say so."""
    hops = [hop(kind="delivery"), hop(kind="filter in", at="b"), hop(kind="pod CIDR", at="b")]
    seen_from_top = [word for word in words(path(way_of(*hops))) if word[:1].isdigit() and "  " in word]
    assert seen_from_top == ["1  delivery", "3  pod CIDR", "2  filter in"]


def test_the_alternative_text_tells_the_same() -> None:
    """Both ways, the hop that decides with its evidence, and every other obstacle by its name."""
    hops = [hop(), hop("blocked", "forwarding", evidence="IP forwarding off"), hop("unproven", "filter in", "b")]
    alt = path(way_of(*hops, hop("blocked", "delivery", "b", way=BACK))).alt
    assert alt == (
        "The way of TCP 443 from a to b, hop by hop. There: blocked at hop 2, forwarding at a (IP forwarding off); "
        "also in the way: hop 3 (filter in at b, unproven). Back: no answer, because the packet does not arrive; "
        "in its way would be hop 1 (delivery at b, blocked)."
    )
    assert path(way_with(["passes"] * 3, ["passes"])).alt == (
        "The way of TCP 443 from a to b, hop by hop. There: passes all 3 hops. Back: passes its only hop."
    )
    doubtful = path(way_with(["unproven", "passes", "unproven"])).alt
    assert "There: not proven to pass hop 1, machine at a; also not proven: hop 3 (machine at a, unproven)." in doubtful


def test_many_obstacles_are_counted_in_the_heading() -> None:
    """It stays one line; the alternative text names them all."""
    picture = path(way_with(["blocked"] * 12))
    assert "There: blocked at hop 1, machine at a; also in the way: hops 2, 3, 4, 5, 6, 7 and 5 more" in words(picture)
    assert "hop 12 (machine at a, blocked)" in picture.alt


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_of_any_kind_keeps_both_ends_in_the_title(name: str) -> None:
    """However long the one is, the other one is still to be read."""
    shown = words(path(way_of(source=f"{name} (10.0.0.0/24)", destination="the-other-node (10.0.1.0/24)")))[0]
    assert shown.endswith("to the-other-node")


def test_a_verdict_is_told_by_sign_and_word_and_colour() -> None:
    """Nobody has to tell red from green: the shapes of the signs differ."""
    picture = drawn(path(way_with(["passes", "unproven", "blocked"])))
    signs = [group for group in picture.iter(f"{SVG}g") if group.get("transform")][1:]
    shapes = [ET.tostring(group[1]).decode() for group in signs]
    fills = [group[0].get("fill") for group in signs]
    assert fills == [GREEN, AMBER, RED]
    paths = [group[1].get("d") for group in signs]
    assert len(set(paths)) == 3
    assert "!" in shapes[1]


def test_every_text_can_be_read() -> None:
    """4.5:1 on its ground (WCAG 2.2, 1.4.3), pale ones, too."""
    pairs = [(GREY, BOX), (RED, BOX), (AMBER, BOX), (GREEN, BOX), (INK, BOX), (INK, PAPER)]
    pairs += [(RED, _TINTS["blocked"]), (AMBER, _TINTS["unproven"]), *((INK, tint) for tint in _TINTS.values())]
    assert min(contrast(one, other) for one, other in pairs) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2.2 defines it."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", MESSY)
def test_what_explain_finds_on_every_platform_can_be_drawn(name: str) -> None:
    """Each obstacle of the table is told in the picture."""
    found = seen(name)
    first, *_, last = dict.fromkeys(found.nodes["nodeName"])
    way = explain(found.nodes, found.fabric, first, last, cluster=found.cluster)
    alt = path(way).alt
    assert way.obstacles
    assert all(f"{one.hop} at {one.at}" in alt for one in way.obstacles if one.at)


def test_a_passing_way_of_real_hops_is_calm() -> None:
    """Nothing stands out where nothing is in the way."""
    nodes, fabric = numbered_nodes(2), numbered_fabric(2, forwarding=True)
    way = explain(nodes, fabric, "node-1", "node-2", cluster=CLUSTER)
    free = replace(way, hops=tuple(replace(one, verdict="passes") for one in way.hops))
    assert tinted(path(free)) == []
    assert RED not in path(free).svg
    assert AMBER not in path(free).svg
