"""SVG as text: well-formed whatever the names in it are, and shown by an `<img>`, which works everywhere.

Markup and text are different types, so that no text becomes markup by mistake. Nothing here knows what is drawn.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import NewType

from l2bridge_helpers.printable import printable

Markup = NewType("Markup", str)
Attribute = str | float
_NARROW = frozenset(" ifjlrtI.,:;!'|()[]/·-")
_WIDE = frozenset("mwMW@%—…→")
_RIGHT_TO_LEFT = ("R", "AL", "AN")
_ISOLATE = ("\u2068", "\u2069")
_HEAD = 0.6
"""The share of a shortened name that is its beginning: names differ at both ends."""


@dataclass(frozen=True)
class Picture:
    """A picture, and what it shows in a sentence or two."""

    svg: str
    alt: str

    def html(self) -> str:
        """Return the `<img>` that shows it, also in a notebook that is not trusted and on a page without network."""
        data = base64.b64encode(self.svg.encode()).decode()
        return (
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(printable(self.alt))}" style="max-width:100%">'
        )


def drawing(width: float, height: float, title: str, *parts: Markup) -> str:
    """Return the whole document."""
    attributes: dict[str, Attribute] = {
        "width": width,
        "height": height,
        "viewBox": f"0 0 {_number(width)} {_number(height)}",
        "role": "img",
        "font-family": "sans-serif",
    }
    return tag("svg", tag("title", text(title)), *parts, xmlns="http://www.w3.org/2000/svg", **attributes)


def tag(name: str, *children: Markup, **attributes: Attribute) -> Markup:
    """Return an element; `stroke_width=2` becomes `stroke-width="2"`, `class_` becomes `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>")


def text(words: str) -> Markup:
    """Return text as markup; what cannot be seen is written out, so there is no character that XML forbids."""
    return Markup(escape(_seen(words), quote=False))


def label(x: float, y: float, words: str, *, width: float = 0, size: float = 12, **attributes: Attribute) -> Markup:
    """Return a line of text that begins at x on the base line y.

    Text wider than `width` (0: any) is shortened, and stands whole in the element's title.
    """
    words = _seen(words)
    short = fit(words, width, size) if width else words
    title = [tag("title", text(words))] if short != words else []
    return tag("text", *title, text(short), x=x, y=y, font_size=size, **attributes)


def isolated(name: str) -> str:
    """Return a name so that its direction of writing does not turn what stands beside it."""
    name = printable(name)
    turns = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in name)
    return f"{_ISOLATE[0]}{name}{_ISOLATE[1]}" if turns else name


def width_of(words: str, size: float) -> float:
    """Return about how wide text is, in a wide font: the reader's font is not known."""
    return size * sum(map(_width, words))


def fit(words: str, width: float, size: float) -> str:
    """Return the text, shortened with … to the width: a sentence at its end, a name in its middle."""
    if width_of(words, size) <= width:
        return words
    room = width - size * _width("…")
    head = _taken(words, room if " " in words else room * _HEAD, size)
    tail = "" if " " in words else _taken(words[::-1], room * (1 - _HEAD), size)[::-1]
    return _closed(f"{head.rstrip()}…{tail}")


def wrap(words: str, width: float, size: float, lines: int) -> list[str]:
    """Return the text in at most so many lines; the last one is shortened when it is too long."""
    made: list[str] = []
    rest = _seen(words).split(" ")
    while rest and len(made) < lines - 1:
        line = rest.pop(0)
        while rest and width_of(f"{line} {rest[0]}", size) <= width:
            line = f"{line} {rest.pop(0)}"
        made.append(line)
    made += [" ".join(rest)] if rest else []
    return [fit(line, width, size) for line in made]


def outlines(boxes: Iterable[tuple[float, float, float, float]]) -> str:
    """Return the path of boxes (x, y, width, height)."""
    return "".join(f"M{_number(x)} {_number(y)}h{_number(w)}v{_number(h)}h{_number(-w)}z" for x, y, w, h in boxes)


def _seen(words: str) -> str:
    """Return text with what cannot be seen written out, but for our own marks of direction."""
    return printable(words, keep="".join(_ISOLATE))


def _closed(words: str) -> str:
    """Return the text with as many ends of isolation as beginnings."""
    start, end = _ISOLATE
    return words + end * max(0, words.count(start) - words.count(end))


def _taken(letters: str, room: float, size: float) -> str:
    used, count = 0.0, 0
    for letter in letters:
        used += size * _width(letter)
        if used > room:
            break
        count += 1
    return letters[:count]


def _width(letter: str) -> float:
    if letter in _ISOLATE or unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.1
    if letter in _NARROW:
        return 0.36
    return 0.95 if letter in _WIDE else 0.7 if letter.isupper() else 0.6


def _number(value: Attribute) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"
