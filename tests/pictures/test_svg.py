import base64
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.pictures.svg import (
    Markup,
    Picture,
    drawing,
    fit,
    isolated,
    label,
    outlines,
    tag,
    text,
    width_of,
    wrap,
)

ANYTHING = st.text(st.characters(exclude_categories=()))


def parsed(markup: str) -> ET.Element:
    return ET.fromstring(markup)  # noqa: S314 - what we wrote ourselves


@given(ANYTHING)
def test_any_text_is_well_formed_and_stays_text(words: str) -> None:
    """Neither markup nor a character that XML forbids gets through, in an element or in an attribute."""
    element = parsed(tag("g", text(words), label(0, 0, words, width=40), id=words.encode("utf-8", "ignore").hex()))
    assert {one.tag for one in element.iter()} <= {"g", "text", "title"}
    assert element.attrib.keys() == {"id"}


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"))))
def test_attribute_cannot_be_left(value: str) -> None:
    """Quotes and angle brackets stay in the value."""
    assert parsed(tag("g", aria_label=value)).attrib.keys() == {"aria-label"}


def test_names_of_attributes_are_svgs() -> None:
    """Python's words for them are not possible everywhere; numbers are written short."""
    assert tag("path", stroke_width=1.26, class_="x") == '<path stroke-width="1.3" class="x"/>'


def test_what_cannot_be_seen_is_written_out() -> None:
    """A direction mark would turn around what stands beside it."""
    assert text("a\u202eb\x00") == r"a\u202eb\x00"


def test_shortened_label_has_all_of_it_as_title() -> None:
    """Who needs the whole name finds it in the document."""
    element = parsed(label(0, 0, "a-very-long-name-of-a-node", width=60))
    assert element.findtext("title") == "a-very-long-name-of-a-node"
    assert "…" in "".join(element.itertext())


def test_label_that_fits_is_whole() -> None:
    """And says it once."""
    assert list(parsed(label(0, 0, "node-1", width=60))) == []


@given(ANYTHING, st.integers(20, 400), st.sampled_from([6, 11, 18]))
def test_fitted_text_is_no_wider(words: str, width: int, size: int) -> None:
    """Whatever letters it has."""
    assert width_of(fit(words, width, size), size) <= width


def test_name_is_shortened_in_the_middle_sentence_at_the_end() -> None:
    """Names of a pool differ at their ends."""
    assert fit("gke-production-pool-a-7f3e-x9k2", 120, 12) == "gke-produ…e-x9k2"
    assert fit("security group sg-1 lets nothing in", 120, 12) == "security group sg…"


@given(st.lists(st.text("abc", min_size=1), min_size=1), st.integers(1, 4))
def test_wrapped_text_loses_nothing_without_saying_so(words: list[str], lines: int) -> None:
    """Either all words are there, or an ellipsis is."""
    made = wrap(" ".join(words), 80, 11, lines)
    assert len(made) <= lines
    assert " ".join(made).split() == words or any("…" in line for line in made)


@pytest.mark.parametrize("name", ["שלום", "خادم-1", "a\u2068b\u05d0"])
def test_direction_of_a_name_stays_in_it(name: str) -> None:
    """A name from right to left does not move the number beside it, shortened or not."""
    alone = isolated(name)
    for shown in (alone, fit(f"{alone} and 17 more", 60, 12), fit(alone, 20, 12)):
        assert shown.count("\u2068") == shown.count("\u2069") == 1
    assert all(unicodedata.category(letter) != "Cf" for letter in alone[1:-1])


def test_name_from_left_to_right_is_left_alone() -> None:
    """Nothing invisible is added to what people copy."""
    assert isolated("node-1") == "node-1"


def test_outlines_are_closed_boxes() -> None:
    """Each in a few bytes."""
    assert outlines([(0, 1, 10, 20), (0.25, 0, 1, 1)]) == "M0 1h10v20h-10zM0.2 0h1v1h-1z"


def test_picture_is_an_image_with_its_text() -> None:
    """An `<img>` alone: that is all that notebooks which are not trusted and offline pages show."""
    svg = drawing(10, 20, "<title>", Markup("<g/>"))
    attributes: list[dict[str, str | None]] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            attributes.append({"": tag, **dict(attrs)})

    Page().feed(Picture(svg, 'a "node" <b>\u202e').html())
    (image,) = attributes
    assert image.keys() == {"", "src", "alt", "style"}
    assert (image[""], image["alt"], image["style"]) == ("img", 'a "node" <b>\\u202e', "max-width:100%")
    assert base64.b64decode(str(image["src"]).removeprefix("data:image/svg+xml;base64,")).decode() == svg


def test_drawing_says_what_it_is() -> None:
    """A role and a title, for who cannot see it."""
    root = parsed(drawing(10, 20, "Who & whom"))
    assert root.attrib["role"] == "img"
    assert root.attrib["viewBox"] == "0 0 10 20"
    assert root[0].tag.endswith("title")
    assert root[0].text == "Who & whom"
