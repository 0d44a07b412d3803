import re
from pathlib import Path

import pytest

from l2bridge_helpers import looks
from l2bridge_helpers.pictures import parts
from l2bridge_helpers.pictures.parts import Key, keys_of
from l2bridge_helpers.reachability.result import Cause

PACKAGE = Path(looks.__file__).parent
ENOUGH = 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_is_computed_as_it_is_defined() -> None:
    """Black on white is 21, a colour on itself 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#59636e", "#59636e") == 1


@pytest.mark.parametrize("look", looks.LOOKS, ids=lambda look: look.name)
def test_every_meaning_is_legible_on_light_and_on_dark(look: looks.Look) -> None:
    """As a badge, which has a ground of its own, and as text on paper and on what is set apart."""
    pairs = [(looks.WHITE, look.fill), (look.fill, looks.PAPER), (look.fill, looks.BOX)]
    pairs += [(look.dark, looks.DARK_PAPER), (look.dark, looks.DARK_BOX)]
    assert min(contrast(*pair) for pair in pairs) >= ENOUGH


def test_text_is_legible_on_light_and_on_dark() -> None:
    """Also the lesser one."""
    light = [(text, ground) for text in (looks.INK, looks.GREY) for ground in (looks.PAPER, looks.BOX)]
    dark = [
        (text, ground) for text in (looks.DARK_INK, looks.DARK_GREY) for ground in (looks.DARK_PAPER, looks.DARK_BOX)
    ]
    assert min(contrast(*pair) for pair in light + dark) >= ENOUGH


def test_badges_stand_out_from_every_paper() -> None:
    """JupyterLab's dark theme cannot be asked for from a table: a badge has to be seen on both (WCAG 1.4.11: 3:1)."""
    assert min(contrast(look.fill, looks.PAPER) for look in looks.LOOKS) >= ENOUGH
    assert min(contrast(looks.WHITE, look.fill) for look in looks.LOOKS) >= ENOUGH


def test_no_meaning_is_a_colour_alone() -> None:
    """Each has a sign of its own, and each badge has it and the word."""
    assert len({look.sign for look in looks.LOOKS}) == len({look.fill for look in looks.LOOKS}) == len(looks.LOOKS)
    for word, look in looks.WORDS.items():
        assert f">{look.sign} {word}<" in looks.badge(word)


@pytest.mark.parametrize("word", ["<b>", "node-1", ""])
def test_other_words_are_no_badges(word: str) -> None:
    """They are text."""
    assert "<" not in looks.badge(word)


def test_letters_of_a_picture_are_legible_on_their_keys() -> None:
    """Whatever colour the cause has, also that of those that share a key."""
    causes = [Cause("filter", "blocked", str(number), (), (), number, 0, fails=True) for number in range(40)]
    keys: list[Key] = list(dict.fromkeys(keys_of(causes)))
    assert len({key.colour for key in keys}) == 8
    assert min(contrast(key.ink, key.colour) for key in keys) >= ENOUGH


def test_texts_of_a_picture_are_legible() -> None:
    """Its paper is light wherever it is seen."""
    texts = (parts.INK, parts.GREY, parts.RED)
    assert min(contrast(text, ground) for text in texts for ground in (parts.PAPER, parts.BOX)) >= ENOUGH


def test_colours_of_a_meaning_are_written_in_one_place() -> None:
    """Tables, pictures, widgets and the report take them from it."""
    own = {colour for look in looks.LOOKS for colour in (look.fill, look.dark)}
    found = {
        (path.name, colour)
        for path in PACKAGE.rglob("*.py")
        if path.name != "looks.py"
        for colour in re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))
        if colour.lower() in own
    }
    assert found == set()
