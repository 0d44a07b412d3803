"""The one visual language of tables, pictures, widgets and the report: what a colour means, and its sign (pure).

A colour stands for a meaning, and never alone: a sign or a word says the same. Every text keeps a contrast of 4.5:1 or
more (WCAG 2.2, 1.4.3), on light and on dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
MONO = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SPACE = 8
"""Pixels: everything is a multiple of it apart, or a half."""

PAPER, INK, GREY, LINE, BOX = "#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#f6f8fa"
"""On light: the ground, text, lesser text, lines, and the ground of what is set apart. Pictures are always on light."""
DARK_PAPER, DARK_INK, DARK_GREY, DARK_LINE, DARK_BOX = "#15191e", "#e6e9ec", "#a4adb7", "#3b434c", "#1f252c"
"""The same on dark."""
WHITE, BLACK = "#ffffff", "#000000"
REST = "#e4e9ee"
"""The fill of what is well, where it is most of a picture."""


@dataclass(frozen=True)
class Look:
    """What a meaning looks like.

    Attributes:
        name: of the meaning, and of its class in the report.
        sign: what tells it without colour.
        fill: the ground of a badge, whose text is white; on light paper also the colour of text and strokes.
        dark: the colour of text on dark paper.

    """

    name: str
    sign: str
    fill: str
    dark: str


BAD = Look("bad", "✕", "#b3261e", "#ff9a91")
ATTENTION = Look("attention", "!", "#8a4600", "#f2b36b")
CHANGE = Look("change", "→", "#0b57d0", "#8ab8ff")
GOOD = Look("good", "✓", "#146c2e", "#7ddb95")
QUIET = Look("quiet", "·", "#5f6368", "#b3bac2")
LOOKS = (BAD, ATTENTION, CHANGE, GOOD, QUIET)

WORDS: dict[str, Look] = {
    **dict.fromkeys(("blocking", "error", "conflict", "failed", "wrong", "blocked"), BAD),
    **dict.fromkeys(("warning", "delete", "skipped", "stopped", "not sent", "not known", "unproven"), ATTENTION),
    **dict.fromkeys(("create", "update"), CHANGE),
    **dict.fromkeys(("ok", "applied", "passes", "reaches"), GOOD),
    **dict.fromkeys(("none", "note", "unchanged"), QUIET),
}
"""What the words of a verdict mean, in every table."""


def badge_style(look: Look) -> str:
    """Return the inline style of a badge."""
    return f"background:{look.fill};color:{WHITE};border-radius:3px;padding:0 6px;white-space:nowrap"


def badge(word: str) -> str:
    """Return a word of a verdict as a badge in HTML, with its sign; any other word as it is."""
    look = WORDS.get(word)
    return f'<span style="{badge_style(look)}">{look.sign} {escape(word)}</span>' if look else escape(word)
