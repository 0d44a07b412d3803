"""What both pictures share: colours, the key of each cause, marks, the head, and the list of causes (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from l2bridge_helpers import looks
from l2bridge_helpers.pictures.svg import Markup, drawing, label, tag, wrap
from l2bridge_helpers.reachability.result import Cause, Reachability

WIDTH = 960
MARGIN = 20
INK, GREY, FAINT, PAPER, BOX = looks.INK, looks.GREY, looks.LINE, looks.PAPER, looks.BOX
RED, AMBER, GREEN, CALM = looks.BAD.fill, looks.ATTENTION.fill, looks.GOOD.fill, looks.REST
_CATEGORICAL = ("#D55E00", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442")
"""Told apart by people with every kind of colour vision: Okabe and Ito, Color Universal Design, 2008."""
_DARK = frozenset(("#0072B2",))
"""Those on which white is read better than black."""
_OTHERS = "#4d4d4d"
"""Of the causes that share a key."""
_LETTERS = "ABCDEFGHJKLM"
"""Without I, which looks like a stroke of a pattern."""
_KEYS = len(_LETTERS)
"""So many causes have a key of their own; those that stop the fewest pairs share one."""
_RING = "a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0"
_NAMED = 3
"""So many causes are named in a picture's alternative text."""


@dataclass(frozen=True)
class Key:
    """How a cause is marked in both pictures.

    Attributes:
        letter: in badges and cells.
        colour: of badges and cells; colours come again after seven, with another pattern.
        pattern: 0: plain; 1: striped; 2: dotted, which is unproven; 3: both.
        number: among the keys.

    """

    letter: str
    colour: str
    pattern: int
    number: int

    @property
    def ink(self) -> str:
        """The colour of its letter."""
        return looks.WHITE if self.colour in {*_DARK, _OTHERS} else looks.BLACK

    @property
    def fill(self) -> str:
        """What its cells are filled with."""
        return f"url(#k{self.number})" if self.pattern else self.colour


def keys_of(causes: Sequence[Cause]) -> list[Key]:
    """Return the key of each cause; the last one stands for several where there are many."""
    biggest = sorted(range(len(causes)), key=lambda number: -causes[number].pairs)
    own = sorted(biggest if len(causes) <= _KEYS else biggest[: _KEYS - 1])
    rest = Key("+", _OTHERS, 0, len(own))
    keys = {number: _key(place, causes[number]) for place, number in enumerate(own)}
    return [keys.get(number, rest) for number in range(len(causes))]


def _key(place: int, cause: Cause) -> Key:
    colour = _CATEGORICAL[place % len(_CATEGORICAL)]
    striped = place // len(_CATEGORICAL) % 2
    dotted = 2 if cause.verdict == "unproven" else 0
    return Key(_LETTERS[place], colour, striped + dotted, place)


def patterns(keys: Sequence[Key]) -> list[Markup]:
    """Return the definitions of the keys' patterns."""
    drawn = {key.number: key for key in keys if key.pattern}
    return [tag("defs", *map(_pattern, drawn.values()))] if drawn else []


def _pattern(key: Key) -> Markup:
    ground = tag("rect", width=6, height=6, fill=key.colour)
    stripe = tag("path", d="M0 6L6 0", stroke=PAPER, stroke_width=1.2)
    dot = tag("circle", cx=3, cy=3, r=1.4, fill=PAPER)
    over = [*([stripe] if key.pattern % 2 else []), *([dot] if key.pattern > 1 else [])]
    return tag("pattern", ground, *over, id=f"k{key.number}", width=6, height=6, patternUnits="userSpaceOnUse")


def badge(x: float, y: float, key: Key) -> Markup:
    """Return the round badge of a cause, its centre at (x, y)."""
    disc = tag("circle", cx=x, cy=y, r=8, fill=key.colour)
    letter = label(x, y + 4, key.letter, size=11, fill=key.ink, font_weight="bold", text_anchor="middle")
    return tag("g", disc, letter)


def mark(kind: str, x: float, y: float) -> Markup:
    """Return a small sign on the base line y: `yes`, `no`, `elsewhere`, `on`, `off`, `stopped`; shapes, not colours."""
    shapes: dict[str, Callable[[], Markup]] = {
        "yes": lambda: _stroke(f"M{x:g} {y - 4:g}l3.5 4l6 -8", GREEN),
        "no": lambda: _stroke(f"M{x + 1:g} {y - 9:g}l8 8m0 -8l-8 8", RED),
        "elsewhere": lambda: _stroke(f"M{x:g} {y:g}v-5h9m-3.5 -3.5l3.5 3.5l-3.5 3.5", RED),
        "on": lambda: tag("circle", cx=x + 5, cy=y - 4.5, r=4.5, fill=GREEN),
        "off": lambda: _stroke(f"M{x + 0.5:g} {y - 4.5:g}{_RING}M{x + 2:g} {y - 1:g}l6 -7", RED),
        "stopped": lambda: tag("rect", x=x + 0.5, y=y - 9.5, width=9, height=9, fill=RED),
    }
    return shapes[kind]()


def _stroke(path: str, colour: str) -> Markup:
    return tag("path", d=path, fill="none", stroke=colour, stroke_width=2)


def line(path: str, verdict: str) -> Markup:
    """Return a link: thin and grey when it is well, red and dashed when blocked, amber and dotted when unproven."""
    looks: dict[str, dict[str, str | float]] = {
        "blocked": {"stroke": RED, "stroke_width": 2, "stroke_dasharray": "5 3"},
        "unproven": {"stroke": AMBER, "stroke_width": 2, "stroke_dasharray": "1.5 3"},
    }
    return tag("path", d=path, fill="none", **looks.get(verdict, {"stroke": "#8c959f", "stroke_width": 1.2}))


def page(title: str, subtitle: str, reachability: Reachability, body: Sequence[Markup], bottom: float) -> str:
    """Return the document: a head with the counts, and the body."""
    sheet = tag("rect", width=WIDTH, height=bottom, rx=6, fill=PAPER)
    head = label(MARGIN, 32, title, size=18, font_weight="bold", width=WIDTH - 2 * MARGIN)
    under = label(MARGIN, 52, subtitle, size=12, fill=GREY, width=WIDTH - 2 * MARGIN)
    everything = tag("g", sheet, head, under, *_shares(reachability), *body, fill=INK)
    return drawing(WIDTH, bottom, title, everything)


def _shares(reachability: Reachability) -> list[Markup]:
    """Return the bar under the head: how many pairs reach, are unproven, are blocked."""
    x, made = float(MARGIN), []
    counts = (reachability.reaching, reachability.unproven, reachability.blocked)
    for count, colour in zip(counts, ("#8fb8a0", "#E69F00", RED), strict=True):
        if count:
            width = (WIDTH - 2 * MARGIN) * count / reachability.pairs
            made.append(tag("rect", x=x, y=62, width=max(width, 1), height=6, fill=colour))
            x += width
    return made


TOP = 86
"""Where the body begins."""


def causes_list(
    causes: Sequence[Cause], keys: Sequence[Key], x: float, y: float, width: float, *, swatches: bool = False
) -> tuple[list[Markup], float]:
    """Return the list of the causes with their keys, and where it ends; `swatches` shows their patterns, too."""
    made: list[Markup] = []
    for key in distinct(keys):
        those = [cause for cause, other in zip(causes, keys, strict=True) if other.number == key.number]
        title = those[0].title if len(those) == 1 else f"{len(those)} more causes"
        lines = wrap(title, width - 30, 12, 3)
        made.append(badge(x + 8, y + 8, key))
        if swatches and key.pattern:
            made.append(tag("rect", x=x, y=y + 20, width=16, height=9, fill=key.fill))
        made += [label(x + 26, y + 12 + 15 * row, words, size=12) for row, words in enumerate(lines)]
        y += 15 * len(lines)
        counts = wrap(_counts(those), width - 30, 11, 2)
        made += [label(x + 26, y + 12 + 14 * row, words, size=11, fill=GREY) for row, words in enumerate(counts)]
        y += 14 * len(counts) + 11
    return made, y


def _counts(causes: Sequence[Cause]) -> str:
    """Return how many pairs are stopped, and how many of them by nothing else."""
    if len(causes) > 1:
        return f"at most {counted(max(cause.pairs for cause in causes), 'pair')} each"
    (cause,) = causes
    stopped = f"{counted(cause.pairs, 'pair')} {cause.verdict}"
    if cause.alone == cause.pairs:
        return stopped
    return f"{stopped}, {f'{cause.alone:,} by nothing else' if cause.alone else 'all by others as well'}"


def distinct(keys: Sequence[Key]) -> list[Key]:
    """Return each key once, in order."""
    return list(dict.fromkeys(keys))


def counted(number: int, what: str) -> str:
    """Return `1 pair`, `1,200 pairs`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def causes_in_short(causes: Sequence[Cause]) -> str:
    """Return the causes for a picture's alternative text."""
    if not causes:
        return "nothing is in the way"
    named = sorted(causes, key=lambda cause: -cause.pairs)[:_NAMED]
    told = [f"{cause.title} ({counted(cause.pairs, 'pair')} {cause.verdict})" for cause in named]
    more = len(causes) - len(named)
    return "; ".join([*told, f"and {counted(more, 'more cause')}"] if more else told)
