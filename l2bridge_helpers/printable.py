"""Names from outside, made harmless for a terminal and a page."""

from __future__ import annotations


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with what cannot be seen (escape sequences, control and direction marks) written out.

    Args:
        text: may hold anything.
        keep: characters that stay although they cannot be seen, such as line breaks of our own.

    """
    if text.isprintable():  # a table of thousands of names is all such
        return text
    return "".join(letter if letter.isprintable() or letter in keep else ascii(letter)[1:-1] for letter in text)
