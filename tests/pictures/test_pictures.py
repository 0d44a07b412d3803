from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2bridge_helpers.looks import ATTENTION
from l2bridge_helpers.pictures import Picture, matrix, topology
from l2bridge_helpers.pictures.card import name_of
from l2bridge_helpers.pictures.cells import blocks_of, cells_of
from l2bridge_helpers.pictures.nodes import judged, see
from l2bridge_helpers.pictures.parts import keys_of
from l2bridge_helpers.pictures.sites import sites_of
from l2bridge_helpers.pictures.svg import width_of
from l2bridge_helpers.placement import place
from l2bridge_helpers.reach import reach
from l2bridge_helpers.reachability.result import BLOCKED, REACHES, UNPROVEN, Cause, Family, Reachability
from l2bridge_helpers.reachability.traffic import HTTPS
from tests.reachability import healthy as made
from tests.reachability.healthy import PLATFORMS, World
from tests.reachability.worlds import worlds

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "g", "rect", "circle", "path", "text", "defs", "pattern"}
ATTRIBUTES = {"width", "height", "viewBox", "role", "font-family", "font-size", "font-weight", "fill", "stroke"}
ATTRIBUTES |= {"stroke-width", "stroke-dasharray", "text-anchor", "transform", "id", "patternUnits"}
ATTRIBUTES |= {"paint-order", "x", "y", "cx", "cy", "r", "rx", "d"}
HOSTILE = [
    "<script>alert(1)</script>",
    "]]>",
    '"><b onload="x">',
    "&amp;",
    "\x1b[2J\x00",
    "\u202e",
    "שלום",
    "x" * 300,
    "名前" * 9,
    "",
]
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=12))


def drawn(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg)  # noqa: S314 - what we drew ourselves


def words(picture: Picture) -> list[str]:
    """Return the texts of a picture, without their titles."""
    return [shown(element) for element in drawn(picture).iter(f"{SVG}text")]


def shown(element: ET.Element) -> str:
    return (element.text or "") + "".join(child.tail or "" for child in element)


def size(picture: Picture) -> tuple[float, float]:
    root = drawn(picture)
    return float(root.attrib["width"]), float(root.attrib["height"])


def links(picture: Picture) -> list[str]:
    """Return the looks of the links of a network: `#b3261e 5 3` is blocked."""
    lines = [one for one in drawn(picture).iter(f"{SVG}path") if re.fullmatch(r"M\S+ \S+H\S+", one.attrib["d"])]
    return [f"{one.attrib['stroke']} {one.attrib.get('stroke-dasharray', '')}".strip() for one in lines]


def network(world: World) -> Picture:
    return topology(world.nodes, world.fabric, reach(world.nodes, world.fabric))


def renamed(world: World, names: Sequence[str]) -> World:
    """Give the nodes other names, which are kept apart."""
    new = {old: f"{names[number % len(names)]}{number}" for number, old in enumerate(world.names)}
    return replace(world, rows=tuple(replace(row, nodeName=new[row.nodeName]) for row in world.rows))


@st.composite
def reachabilities(draw: st.DrawFn, most: int = 60) -> Reachability:
    """Return a strategy of results of any shape, also such as no network gives."""
    number = draw(st.integers(0, 30))
    causes = [
        Cause(
            "filter",
            draw(st.sampled_from(["blocked", "unproven"])),
            draw(NAMES),
            tuple(draw(st.lists(NAMES, max_size=3))),
            (),
            pairs := draw(st.integers(0, 10**9)),
            draw(st.integers(0, pairs)),
            fails=True,
        )
        for _ in range(number)
    ]
    families = [draw(_families(version, causes, most)) for version in draw(st.sampled_from([(), (4,), (6,), (4, 6)]))]
    return Reachability(HTTPS, tuple(families), tuple(causes))


@st.composite
def _families(draw: st.DrawFn, version: int, causes: list[Cause], most: int) -> Family:
    count = draw(st.integers(0, most))
    kinds = draw(st.integers(1, count)) if count else 0
    random = np.random.default_rng(draw(st.integers(0, 99)))
    some = np.concatenate([np.arange(kinds), random.integers(0, max(kinds, 1), count - kinds)]).astype(np.intp)
    seen = {old: new for new, old in enumerate(dict.fromkeys(some.tolist()))}
    classes = np.array([seen[one] for one in some.tolist()], dtype=np.intp)
    first = random.integers(-1, len(causes), (kinds, kinds)).astype(np.int32)
    stops = np.array([UNPROVEN if cause.verdict == "unproven" else BLOCKED for cause in causes] + [REACHES], np.uint8)
    names = [f"{name}{number}" for number, name in enumerate(draw(st.lists(NAMES, min_size=1, max_size=9)) * most)]
    return Family(version, tuple(names[:count]), classes, stops[first], first)


def assert_sound(picture: Picture) -> None:
    """Nothing but shapes and text, all on one page; and nothing from outside."""
    root = drawn(picture)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= ELEMENTS
    assert {name for one in root.iter() for name in one.attrib} <= ATTRIBUTES
    assert "http" not in picture.svg.removeprefix('<svg xmlns="http://www.w3.org/2000/svg"')
    width, height = size(picture)
    for left, top, right, bottom in extents(root):
        assert -1 <= left <= right <= width + 1
        assert -1 <= top <= bottom <= height + 1


def extents(element: ET.Element, x: float = 0, y: float = 0) -> Iterator[tuple[float, float, float, float]]:
    """Give where boxes and lines of text are, these as wide as in a wide font; what is turned is left out."""
    moved = re.fullmatch(r"translate\((\S+) (\S+)\)", element.get("transform", "translate(0 0)"))
    if moved is None or element.tag == f"{SVG}defs":
        return
    x, y = x + float(moved[1]), y + float(moved[2])
    if element.tag == f"{SVG}rect":
        left, top = x + float(element.get("x", 0)), y + float(element.get("y", 0))
        yield left, top, left + float(element.attrib["width"]), top + float(element.attrib["height"])
    if element.tag == f"{SVG}text" and " " not in element.attrib["x"]:
        left, base, size = (
            x + float(element.attrib["x"]),
            y + float(element.attrib["y"]),
            float(element.attrib["font-size"]),
        )
        wide = width_of(shown(element), size)
        left -= {"start": 0, "middle": wide / 2, "end": wide}[element.get("text-anchor", "start")]
        yield left, base - size, left + wide, base
    for child in element:
        yield from extents(child, x, y)


# Whatever the values are.


@given(reachabilities())
def test_matrix_of_anything_is_sound_and_always_the_same(reachability: Reachability) -> None:
    """Any names, any number of causes, any shape: equal values give equal bytes."""
    picture = matrix(reachability)
    assert_sound(picture)
    assert picture == matrix(reachability)


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=40)
@given(data=st.data())
def test_network_of_anything_is_sound_and_always_the_same(platform: str, data: st.DataObject) -> None:
    """Any fault of any platform, and any names of nodes."""
    world = renamed(data.draw(worlds(platform)), data.draw(st.lists(NAMES, min_size=1, max_size=6)))
    picture = network(world)
    assert_sound(picture)
    assert picture == network(world)


def test_pictures_are_the_same_in_another_process() -> None:
    """Nothing hangs on the order in which a process hashes its texts."""
    code = (
        "import hashlib; from tests.pictures.test_pictures import *; world = messy('azure', 'ab' * 20);"
        "both = network(world).svg + matrix(reach(world.nodes, world.fabric)).svg;"
        "print(hashlib.sha256(both.encode()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def messy(platform: str, places: str) -> World:
    """Return a network with a bit of everything: forwarding off, machines that do not run, routes gone and astray."""
    world = made.healthy(platform, places)
    for node in world.names[1::5]:
        world = made.with_nic(world, node, forwarding=False)
    for node in world.names[3::7]:
        world = made.with_instance(world, node, running=False, status="TERMINATED")
    hops = [made.next_hop(platform, 1, places[0], 4)]
    world = made.with_routes(world, lambda routes: [replace(one, next_hop=hops[0]) for one in routes[:2]] + routes[4:])
    return made.with_row(world, world.names[-1], routeDestination="")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("places", ["a" * 16, "ab" * 20, "abcdefghijkl" * 20])
def test_page_of_any_network_is_readable(platform: str, places: str) -> None:
    """Hundreds of nodes in a dozen subnets fit where sixteen nodes do."""
    world = messy(platform, places)
    picture = network(world)
    assert_sound(picture)
    width, height = size(picture)
    assert width <= 1000
    assert height <= 1500


def test_pictures_of_a_thousand_nodes_are_small() -> None:
    """They are part of every notebook's outputs."""
    random = np.random.default_rng(1)
    causes = [Cause("filter", "blocked", f"cause {number}", (), (), 9, 9, fails=True) for number in range(20)]
    first = random.integers(-1, 20, (1000, 1000)).astype(np.int32)
    names = tuple(f"node-{number}" for number in range(1000))
    family = Family(4, names, np.arange(1000), np.where(first < 0, 0, 2).astype(np.uint8), first)
    assert len(matrix(Reachability(HTTPS, (family,), tuple(causes))).svg) < 110_000
    assert len(network(messy("aws", "abcdefghij" * 24)).svg) < 40_000


# The network.


@pytest.mark.parametrize("places", ["aab", "ab" * 10, "abcdefghijkl" * 10])
def test_every_node_is_drawn_once(places: str) -> None:
    """By itself, in its group or summed up: nothing is cut off."""
    world = messy("gce", places)
    seen = judged(see(world.nodes, world.fabric, place(world.nodes, world.fabric), {}), _reached(world))
    cards = [card for site in sites_of(seen, world.fabric) for card in site.cards]
    assert sorted(name for card in cards for name in card.names) == sorted(world.names)
    assert len(cards) <= 24


@pytest.mark.parametrize("places", ["aab", "ab" * 10, "abcdefghijkl" * 10])
def test_cards_say_whom_their_nodes_reach(places: str) -> None:
    """As the whole matrix has it, node by node."""
    world = messy("gce", places)
    seen = judged(see(world.nodes, world.fabric, place(world.nodes, world.fabric), {}), _reached(world))
    (family,) = _reached(world).families
    reaches = (family.matrix() == REACHES) & ~np.eye(len(family.names), dtype=bool)
    flows = {one.names[0]: (one.flows[0].sends, one.flows[0].receives) for one in seen}
    sends, receives = reaches.sum(axis=1).tolist(), reaches.sum(axis=0).tolist()
    assert flows == dict(zip(family.names, zip(sends, receives, strict=True), strict=True))


def _reached(world: World) -> Reachability:
    return reach(world.nodes, world.fabric)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_healthy_network_is_calm(platform: str) -> None:
    """No red, no dashes: all links are thin and grey."""
    picture = network(made.healthy(platform, "aaaa"))
    assert "Nothing is in the way." in words(picture)
    assert set(links(picture)) == {"#8c959f"}
    assert "#b3261e" not in picture.svg


def test_blocked_link_is_red_and_dashed() -> None:
    """The node's own link alone, and not by colour alone: the card says why in a word and with a sign."""
    picture = network(made.with_nic(made.healthy("aws", "aaaa"), "node-2", forwarding=False))
    assert links(picture).count("#b3261e 5 3") == 1
    assert words(picture).count("forwarding off") == 1
    assert words(picture).count("forwarding on") == 3
    assert words(picture).count("sends to 0, receives from 0 of 3") == 1
    assert words(picture).count("sends to 2, receives from 2 of 3") == 3


def test_unproven_link_is_amber_and_dotted() -> None:
    """What nobody knows is neither well nor wrong."""
    picture = network(made.with_row(made.healthy("gce", "aaa"), "node-2", backendType=""))
    assert links(picture).count(f"{ATTENTION.fill} 1.5 3") == 1
    assert links(picture).count("#b3261e 5 3") == 0


def test_routes_are_right_missing_or_lead_elsewhere() -> None:
    """The table says so for all, and each card for its node."""
    world = made.healthy("gce", "aaa")
    astray = made.next_hop("gce", 1, "a", 4)
    picture = network(made.with_routes(world, lambda routes: [routes[0], replace(routes[2], next_hop=astray)]))
    for told in ("routed", "no route", "led elsewhere"):
        assert words(picture).count(told) == 1
    panel = words(picture)[-6:]
    assert panel == [
        "Route table net",
        "1 pod CIDR led to the right node",
        "1 pod CIDR without a route",
        "10.42.2.0/24 (node-2)",
        "1 pod CIDR led elsewhere",
        "10.42.3.0/24 → node-1",
    ]


def test_tables_that_disagree_are_counted() -> None:
    """A pod CIDR that one subnet's table has and the other's has not."""
    world = made.with_routes(made.healthy("azure", "ab"), lambda routes: routes[1:], "sub/rg/pods-a")
    assert words(network(world)).count("routed in 1 of 2") == 1


def test_subnet_without_a_table_says_so() -> None:
    """It is the first thing to mend on Azure."""
    world = made.with_subnet(made.healthy("azure", "aa"), "rg/main/a", table="")
    assert "No route table" in words(network(world))


@pytest.mark.parametrize(("platform", "places"), [("aws", "aa"), ("bare_metal", "aa")])
def test_one_segment_asks_no_table(platform: str, places: str) -> None:
    """Nothing is said of routes that no packet follows."""
    told = words(network(made.healthy(platform, places)))
    assert "One layer-2 segment" in told
    assert not any("route" in one for one in told if "no route table is asked" not in one)


def test_table_is_asked_only_between_subnets_on_aws() -> None:
    """Inside a subnet packets go straight, also to a pod that no route leads to."""
    told = words(network(made.with_routes(made.healthy("aws", "ab"), lambda routes: routes[1:], "eu-west-1/rtb-a")))
    assert told.count("inside a subnet packets go straight") == 2
    assert told.count("1 pod CIDR led to the right node") == 2


def test_segments_that_nothing_connects_say_so() -> None:
    """On bare metal no table is known that could."""
    told = words(network(made.healthy("bare_metal", "ab")))
    assert told.count("nothing is known to lead pod packets") == 2


def test_node_without_a_place_is_drawn_apart() -> None:
    """With the reason."""
    told = words(network(made.with_row(made.healthy("gce", "aa"), "node-2", routeDestination="")))
    assert told.index("Nodes that are left out") < told.index("node-2") < told.index("has no pod CIDR")


def test_machine_that_does_not_run_says_so() -> None:
    """Its interface does not matter then."""
    world = made.with_instance(made.healthy("gce", "aa"), "node-2", running=False, status="TERMINATED")
    assert "machine stopped (TERMINATED)" in words(network(world))


def test_nodes_that_look_alike_are_drawn_as_one() -> None:
    """Hundreds of nodes with three states are three cards."""
    world = made.healthy("aws", "a" * 200)
    for node in world.names[100:120]:
        world = made.with_nic(world, node, forwarding=False)
    told = words(network(made.with_row(world, "node-7", os="windows")))
    assert [one for one in told if one.startswith("node-")] == ["node-1 and 178 more", "node-101 … node-120", "node-7"]
    assert {"179 Linux", "20 Linux", "Windows"} <= set(told)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a"], "a"),
        (["a-1", "a-3"], "a-1, a-3"),
        (["a-8", "a-9", "a-10"], "a-8 … a-10"),
        (["a-1", "a-2", "a-4"], "a-1 and 2 more"),
        (["a-1", "b-2", "b-3"], "a-1 and 2 more"),
        (["1", "x", "3"], "1 and 2 more"),
    ],
)
def test_range_of_names_has_no_gaps(names: list[str], told: str) -> None:
    """`a-1 … a-3` is said only of three nodes."""
    assert name_of(names) == told


def test_zones_are_told_apart_where_there_are_several() -> None:
    """The machines' ids tell them on GCE."""
    world = made.healthy("gce", "aa")
    assert not [one for one in words(network(world)) if one.startswith("zone ")]
    other = made.with_instance(world, "node-2", id="projects/p/zones/y/instances/node-2")
    moved = made.with_row(other, "node-2", providerID="gce://p/y/node-2")
    assert [one for one in words(network(moved)) if one.startswith("zone ")] == ["zone y", "zone z"]


# The matrix.


@given(reachabilities())
def test_cells_hold_every_pair_once(reachability: Reachability) -> None:
    """Rows are at most forty, and what is in their cells adds up to the family's pairs by verdict."""
    keys = keys_of(reachability.causes)
    for family in reachability.families:
        if family.names:
            cells = cells_of(family, keys)
            assert len(cells.labels) == len(cells.sizes) <= 40
            assert cells.sizes.sum() == len(family.names)
            assert cells.pairs.sum() == family.pairs
            assert cells.pairs[:, :, 0].sum() == family.count(REACHES)


@given(st.integers(0, 9), st.integers(41, 300))
def test_many_kinds_of_nodes_are_summed_up(seed: int, count: int) -> None:
    """Thirty rows at most: the last one stands for all the rest, and says for how many."""
    random = np.random.default_rng(seed)
    causes = [Cause("filter", "blocked", str(number), (), (), 1, 1, fails=True) for number in range(11)]
    first = random.integers(-1, 11, (count, count)).astype(np.int32)
    verdicts = np.where(first < 0, REACHES, BLOCKED).astype(np.uint8)
    cells = cells_of(Family(4, tuple(map(str, range(count))), np.arange(count), verdicts, first), keys_of(causes))
    assert len(cells.labels) <= 30
    if cells.labels[-1].startswith("others"):
        assert cells.labels[-1] == f"others ({cells.sizes[-1]})"
    assert cells.pairs.sum() == count * (count - 1)


def test_few_nodes_have_a_row_each() -> None:
    """Under their names, those that reach first, the others by what stops them."""
    world = made.with_nic(made.healthy("aws", "aaaa"), "node-2", forwarding=False)
    reachability = _reached(world)
    cells = cells_of(reachability.families[0], keys_of(reachability.causes))
    assert cells.labels == ("node-1", "node-3", "node-4", "node-2")
    assert cells.pairs[:, :, 1].tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [1, 1, 1, 0]]


@given(st.integers(1, 12).flatmap(lambda side: st.lists(st.integers(-1, 2), min_size=side**2, max_size=side**2)))
def test_blocks_cover_each_cell_once(numbers: list[int]) -> None:
    """Cells of several things (-1) are in none."""
    whole = np.array(numbers, dtype=np.int64).reshape(round(len(numbers) ** 0.5), -1)
    painted = np.full_like(whole, -1)
    for code, (top, left, bottom, right) in blocks_of(whole):
        assert (painted[top:bottom, left:right] == -1).all()
        painted[top:bottom, left:right] = code
    assert (painted == whole).all()


def test_each_cell_has_the_letter_of_its_cause() -> None:
    """For who cannot tell the colours apart."""
    picture = matrix(_reached(made.with_nic(made.healthy("aws", "aaaa"), "node-2", forwarding=False)))
    letters = [one for one in drawn(picture).iter(f"{SVG}text") if one.text and set(one.text) == {"A"}]
    assert sum(len((one.text or "").strip()) for one in letters) == 6 + 1  # one is the key's


def test_rare_pairs_are_seen_in_a_large_cell() -> None:
    """One blocked pair among tens of thousands has its sliver."""
    causes = (Cause("filter", "blocked", "one", (), (), 1, 1, fails=True),)
    first = np.full((200, 200), -1, dtype=np.int32)
    first[7, 9] = 0
    names = tuple(map(str, range(200)))
    family = Family(4, names, np.arange(200), np.where(first < 0, REACHES, BLOCKED).astype(np.uint8), first)
    cells = cells_of(family, keys_of(causes))
    assert cells.sizes.tolist() == [200]
    (sliver,) = [
        one
        for one in drawn(matrix(Reachability(HTTPS, (family,), causes))).iter(f"{SVG}path")
        if one.get("fill") == "#D55E00"
    ]
    assert 1.5 < float(re.findall(r"h([0-9.]+)v", sliver.attrib["d"])[0]) < 3


@given(reachabilities(most=4))
def test_keys_are_told_apart(reachability: Reachability) -> None:
    """By letter and by colour with pattern; what is unproven is dotted; the last key may stand for several causes."""
    keys = keys_of(reachability.causes)
    distinct = dict.fromkeys(keys)
    assert len(distinct) <= 12
    assert len({key.letter for key in distinct}) == len(distinct)
    assert len({(key.colour, key.pattern) for key in distinct}) == len(distinct)
    if len(keys) == len(distinct):
        assert [key.pattern > 1 for key in keys] == [cause.verdict == "unproven" for cause in reachability.causes]


def test_causes_are_counted_in_words() -> None:
    """How many pairs each stops, and how many nothing else stops: mending those is worth it first."""
    counts = [("blocked", 30, 30), ("blocked", 1200, 12), ("unproven", 1, 0)]
    causes = tuple(Cause("filter", one, one, (), (), pairs, alone, fails=True) for one, pairs, alone in counts)
    told = words(matrix(Reachability(HTTPS, (), causes)))
    assert {
        "30 pairs blocked",
        "1,200 pairs blocked, 12 by nothing else",
        "1 pair unproven, all by others as well",
    } <= set(told)


def test_causes_without_a_key_of_their_own_are_counted() -> None:
    """Those that stop the fewest pairs share the last one."""
    causes = tuple(Cause("filter", "blocked", f"c{n}", (), (), 100 - n, 0, fails=True) for n in range(20))
    told = words(matrix(Reachability(HTTPS, (), causes)))
    assert "c10" in told
    assert "c11" not in told
    assert {"9 more causes", "at most 89 pairs each"} <= set(told)


# What they say without being seen, and when there is nothing to show.


def test_text_says_the_essence() -> None:
    """For who cannot see the picture: how many nodes, how many pairs reach, what is in the way of the rest."""
    world = made.healthy("aws", "aaaa")
    for node in world.names:
        world = made.with_nic(world, node, forwarding=False)
    told = "0 of 12 pairs reach (TCP 443); source/destination check on at 4 nodes (12 pairs blocked)"
    assert network(world).alt == f"Now: 4 nodes in 1 subnet; {told}"
    assert matrix(_reached(world)).alt == f"Now, matrix of 4 nodes with IPv4: {told}"


@pytest.mark.parametrize(("places", "nodes"), [("", "0 nodes in 0 subnets"), ("a", "1 node in 1 subnet")])
def test_nothing_to_compare_is_a_calm_picture(places: str, nodes: str) -> None:
    """No nodes, or one: both pictures say so."""
    world = made.healthy("gce", places)
    both = network(world), matrix(_reached(world))
    assert both[0].alt == f"Now: {nodes}; no pairs of nodes; nothing is in the way"
    assert "Now · there is nothing to compare" in words(both[1])
    for picture in both:
        assert_sound(picture)
        assert "#b3261e" not in picture.svg


def test_all_reach_is_a_calm_picture() -> None:
    """One colour, and no cause."""
    picture = matrix(_reached(made.healthy("gce", "aaa", (4, 6))))
    assert [one for one in words(picture) if one.startswith("IPv")] == [
        "IPv4: 6 of 6 pairs reach",
        "IPv6: 6 of 6 pairs reach",
    ]
    assert "#b3261e" not in picture.svg
    assert "#D55E00" not in picture.svg


def test_html_is_one_image() -> None:
    """A name in it makes no tag, neither in the picture nor in its text."""
    hostile = ["<script>alert(1)</script>"]
    world = renamed(made.with_nic(made.healthy("aws", "aa"), "node-1", forwarding=False), hostile)
    assert re.fullmatch(
        r'<img src="data:image/svg\+xml;base64,[\w+/=]+" alt="[^"<>]+" style="max-width:100%">', network(world).html()
    )
